/**
 * Which part of the source may import which: the table of docs/ARCHITECTURE.md as data, and the check of it. A name imported as a type costs
 * nothing at run time and carries no behaviour, so some borders are open to types only.
 */
import { type Finding, finding, type Import, resolve, type Source, type Tree } from "./tree.ts"

interface Layer {
  /** Parts whose names may be imported, behaviour included. */
  readonly uses: ReadonlyArray<string>
  /** Parts of which only types may be imported. */
  readonly typesOf: ReadonlyArray<string>
  /** Folders that are closed to it all the same. */
  readonly closed?: ReadonlyArray<string>
  /** Packages, by name or by the prefix before an asterisk. */
  readonly packages: ReadonlyArray<string>
}

/** What any part may import. */
const everywhere = ["assert", "limits"]
const effect = ["effect", "effect/*"]
/** What an adapter is given: the port it implements or uses, and the words and bytes of what goes through it. */
const adapter = { uses: ["ports", "wire", "domain", "config"], typesOf: ["engine", "kinds"] }
const composed = [
  "domain",
  "engine",
  "kinds",
  "ingress",
  "wire",
  "ports",
  "audit",
  "workload",
  "query",
  "runtime",
  "retention",
  "projection",
  "postgres",
  "restartable",
  "temporary-folder",
  "make-folder",
  "archive",
  "nats",
  "client",
  "http",
  "telemetry",
  "cli",
  "config",
  "channel",
]

/** Every part of `src`, and the simulator. A part is a folder of `src` or a file at its top. */
export const layers: Readonly<Record<string, Layer>> = {
  assert: { uses: [], typesOf: [], packages: [] },
  limits: { uses: [], typesOf: [], packages: [] },
  /** Both adapters that start a server of their own have it watched. */
  watchdog: { uses: [], typesOf: [], packages: ["node:child_process"] },
  restartable: { uses: [], typesOf: [], packages: [] },
  /** What such a server keeps for a time. */
  "temporary-folder": { uses: ["watchdog"], typesOf: [], packages: ["node:fs", "node:fs/promises", "node:os", "node:path"] },
  /** Where it lies, if somebody names that; and an archive. */
  "make-folder": { uses: [], typesOf: [], packages: ["node:fs/promises", "node:path"] },
  /** Where such a server may listen. */
  "free-ports": { uses: [], typesOf: [], packages: ["node:crypto", "node:fs", "node:net"] },
  config: { uses: ["domain"], typesOf: [], packages: [...effect, "node:os"] },
  // A command is declared once, as a Schema: its types, readers and documents follow from it. Of Effect nothing that runs.
  domain: { uses: [], typesOf: [], packages: ["effect/Schema"] },
  // What its actors are it is told by the kind that it is given: it knows names and refusals, and no kind's own domain.
  engine: { uses: ["domain"], typesOf: [], closed: ["src/domain/sku/"], packages: [] },
  /** One folder a kind: what the domain decides, put together for the engine. */
  kinds: { uses: ["domain", "engine"], typesOf: [], packages: [] },
  // The lists of names that the record types are made of stand beside those types: they are words, not behaviour.
  wire: {
    uses: ["domain", "config", "engine/records", "engine/words"],
    typesOf: ["engine", "kinds"],
    packages: [...effect, "node:buffer", "node:crypto", "node:zlib"],
  },
  // Pure as the engine: its codec is handed to it, so that of wire and engine it needs words and types.
  ingress: { uses: ["domain", "engine/words"], typesOf: ["engine", "kinds", "wire"], packages: [] },
  ports: { uses: ["domain", "wire", "config"], typesOf: ["engine", "kinds"], packages: effect },
  audit: { uses: ["wire"], typesOf: ["domain", "engine", "kinds"], packages: [] },
  /** Its importer reads the files that it is given by path. */
  workload: { uses: ["domain", "wire"], typesOf: [], packages: ["node:fs", "node:path"] },
  /** Questions about the past: the domain's own fold over what a port tells. */
  query: { uses: ["domain", "kinds", "wire", "ports"], typesOf: ["engine"], packages: effect },
  /** What is archived and purged is decided here, over the ports; the engine folds what has to be verified. */
  retention: { uses: ["engine", "kinds", "wire", "ports", "domain/names", "domain/order/names"], typesOf: ["domain"], packages: effect },
  /** What journals come to as rows, over the ports; the engine's own fold is what they are held to. */
  projection: { uses: ["engine", "kinds", "wire", "ports", "domain", "retention"], typesOf: [], packages: effect },
  postgres: {
    ...adapter,
    uses: [...adapter.uses, "watchdog", "restartable", "free-ports", "temporary-folder", "make-folder"],
    packages: [...effect, "postgres", "drizzle-orm", "drizzle-orm/*", "node:*"],
  },
  archive: { ...adapter, uses: [...adapter.uses, "make-folder"], packages: [...effect, "node:*"] },
  runtime: {
    // Which classes a role may send is a table, and which kinds there are is a list: words, as the names are.
    uses: ["engine", "kinds", "ingress", "wire", "ports", "config", "telemetry/names", "domain/roles", "domain/kinds"],
    typesOf: ["domain"],
    packages: [...effect, "node:*"],
  },
  nats: {
    ...adapter,
    uses: [...adapter.uses, "watchdog", "restartable", "free-ports", "temporary-folder", "make-folder"],
    packages: [...effect, "@nats-io/*", "node:*"],
  },
  client: { ...adapter, packages: [...effect, "node:*"] },
  /** The gateway: it speaks to the cluster through the port that the client implements. */
  http: {
    ...adapter,
    typesOf: [...adapter.typesOf, "query"],
    packages: [...effect, "@effect/platform-node", "@effect/platform-node/*", "node:*"],
  },
  telemetry: { ...adapter, packages: [...effect, "prom-client", "node:*"] },
  cli: { uses: composed, typesOf: [], packages: [...effect, "@effect/platform-node", "@effect/platform-node/*", "node:*"] },
  /** Runs in a browser, and is served file by file: it may need nothing that isn't served with it. */
  page: { uses: ["page"], typesOf: [], closed: ["src/assert.ts", "src/limits.ts"], packages: ["preact", "preact/hooks", "htm", "uplot"] },
  /** What the package exports: a client put together with its adapter. */
  channel: { uses: ["client", "nats", "ports", "domain", "wire", "config"], typesOf: ["engine", "kinds"], packages: effect },
  main: { uses: composed, typesOf: [], packages: [...effect, "@effect/platform-node", "@effect/platform-node/*", "node:*"] },
  sim: {
    uses: ["engine", "kinds", "ingress", "wire", "domain", "audit", "workload", "ports", "runtime", "sim"],
    typesOf: [],
    packages: [...effect, "node:*"],
  },
}

const partOf = (path: string): string | undefined => {
  const [top, second] = path.split("/")
  if (top === "sim") return "sim"
  return top === "src" ? second?.replace(/\.ts$/, "") : undefined
}

/** `telemetry/names` in a list opens that one file of the part. */
const opens = (list: ReadonlyArray<string>, target: string): boolean => {
  const part = partOf(target)
  return list.some((entry) => entry === part || `src/${entry}.ts` === target)
}

const allowsPackage = (layer: Layer, name: string): boolean =>
  layer.packages.some((entry) => (entry.endsWith("*") ? name.startsWith(entry.slice(0, -1)) : entry === name))

const judge = (source: Source, part: string, layer: Layer, taken: Import): Finding | undefined => {
  const target = resolve(source.path, taken.from)
  if (target === undefined)
    return allowsPackage(layer, taken.from) ? undefined : finding(source, taken.offset, `${part} may not import the package ${taken.from}`)
  const to = partOf(target)
  if (layer.closed?.some((folder) => target.startsWith(folder)) === true)
    return finding(source, taken.offset, `${part} may not import ${target} (${taken.name})`)
  if (to === undefined) return finding(source, taken.offset, `src may not import ${target}`)
  if (to === part || everywhere.includes(to) || opens(layer.uses, target)) return undefined
  if (opens(layer.typesOf, target))
    return taken.isType ? undefined : finding(source, taken.offset, `${part} may import only types of ${to}, not ${taken.name}`)
  return finding(source, taken.offset, `${part} may not import ${to} (${taken.name})`)
}

/** Imports that the table does not allow, and parts that are not in it. */
export const layerFindings = (tree: Tree): ReadonlyArray<Finding> =>
  [...tree.sources.values()].flatMap((source) => {
    const part = partOf(source.path)
    if (part === undefined) return []
    const layer = layers[part]
    if (layer === undefined) return [finding(source, 0, `${part} is not a part that the table of layers knows`)]
    return source.imports.flatMap((taken) => judge(source, part, layer, taken) ?? [])
  })

/** Files of `src` that need each other to be loaded first, each ring once. */
export const ringFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  const done = new Set<string>()
  const enter = (path: string, chain: ReadonlyArray<string>): void => {
    const at = chain.indexOf(path)
    if (at >= 0) found.push(`${path}:1 imports itself by way of ${[...chain.slice(at + 1), path].join(", ")}`)
    if (at >= 0 || done.has(path)) return
    const source = tree.sources.get(path)
    const targets = new Set(source?.imports.filter((taken) => !taken.isType).map((taken) => resolve(path, taken.from) ?? ""))
    for (const target of targets) if (tree.sources.has(target)) enter(target, [...chain, path])
    done.add(path)
  }
  for (const path of tree.sources.keys()) if (path.startsWith("src/")) enter(path, [])
  return found
}
