/**
 * Counts what a reader of the sources sees: functions of the engine and their assertions, fields of a partition in each phase, exports that say what they are, names of types that are declared more than once.
 *
 * `npm run shape` prints it, `--json` as one object, `--root FOLDER` of another checkout. It judges nothing: what may not get worse is held by `npm run check`.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { undescribedFindings } from "../test/tidy/docstrings.ts"
import { ringFindings } from "../test/tidy/layers.ts"
import { child, type Node, type Source, type Tree, treeOf, walk } from "../test/tidy/tree.ts"

const functions = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"])
const assertions = new Set(["assert", "unreachable"])

/** The sources of a checkout's `src`. */
const treeAt = (root: string): Tree => {
  const files: Record<string, string> = {}
  for (const entry of readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }))
    if (entry.endsWith(".ts")) files[`src/${entry}`] = readFileSync(join(root, "src", entry), "utf8")
  return treeOf(files)
}

const sourcesIn = ({ sources }: Tree, folder: string): ReadonlyArray<Source> =>
  [...sources.values()].filter(({ path }) => path.startsWith(folder))

/** A function that has a name of its own at the top of its file. */
const isNamed = (node: Node, parents: ReadonlyArray<Node>): boolean =>
  functions.has(node.type) &&
  (node.type === "FunctionDeclaration" || (parents.at(-1)?.type === "VariableDeclarator" && parents.length <= 4))

const countIn = (sources: ReadonlyArray<Source>, isCounted: (node: Node, parents: ReadonlyArray<Node>) => boolean): number => {
  let count = 0
  for (const { program } of sources)
    walk(program, (node, parents) => {
      if (isCounted(node, parents)) count++
    })
  return count
}

const isAssertion = (node: Node): boolean => node.type === "CallExpression" && assertions.has(String(child(node, "callee")?.name))

/** Fields of an interface of the engine's partition; undefined if this checkout has none of that name. */
const fieldsOf = ({ sources }: Tree, name: string): number | undefined => {
  let fields: number | undefined
  const source = sources.get("src/engine/partition.ts")
  if (source === undefined) return undefined
  walk(source.program, (node) => {
    if (node.type !== "TSInterfaceDeclaration" || child(node, "id")?.name !== name) return
    const body = child(node, "body")?.body
    fields = Array.isArray(body) ? body.length : 0
  })
  return fields
}

const partitionInterfaces = ["Partition", "PartitionCommon", "Starting", "Following", "Claims", "Serves", "Over", "Claiming", "Reign"]

/** Names of types that are declared in more than one file. */
const declaredTwice = ({ sources }: Tree): ReadonlyArray<string> => {
  const files = new Map<string, Set<string>>()
  for (const { path, program } of sources.values())
    walk(program, (node, parents) => {
      const isType = node.type === "TSInterfaceDeclaration" || node.type === "TSTypeAliasDeclaration"
      const name = isType && parents.length <= 2 ? child(node, "id")?.name : undefined
      if (typeof name === "string") files.set(name, (files.get(name) ?? new Set()).add(path))
    })
  return [...files].filter(([, paths]) => paths.size > 1).map(([name]) => name)
}

const exportsIn = (sources: ReadonlyArray<Source>): number =>
  sources.reduce((sum, { exports }) => sum + new Set(exports.filter(({ passedOn }) => !passedOn).map(({ name }) => name)).size, 0)

/** What is counted of a checkout. */
const shapeOf = (root: string) => {
  const tree = treeAt(root)
  const engine = sourcesIn(tree, "src/engine/")
  const named = countIn(engine, isNamed)
  const asserted = countIn(engine, isAssertion)
  const exported = exportsIn([...tree.sources.values()])
  const fields = partitionInterfaces.flatMap((name) => {
    const count = fieldsOf(tree, name)
    return count === undefined ? [] : [[name, count] as const]
  })
  return {
    files: tree.sources.size,
    engine: { files: engine.length, functions: named, assertions: asserted, assertionsAFunction: Number((asserted / named).toFixed(2)) },
    partitionFields: Object.fromEntries(fields),
    typesDeclaredTwice: declaredTwice(tree).length,
    exports: exported,
    exportsWithoutWords: undescribedFindings(tree).length,
    importRings: ringFindings(tree).length,
  }
}

const main = (args: ReadonlyArray<string>): number => {
  const isJson = args.includes("--json")
  const at = args.indexOf("--root")
  const known = new Set(["--json", "--root", args[at + 1]])
  if (args.some((word) => !known.has(word)) || (at >= 0 && args[at + 1] === undefined)) {
    console.error("shape [--json] [--root FOLDER]: what a reader of the sources sees, in numbers")
    return 2
  }
  const shape = shapeOf(at < 0 ? "." : (args[at + 1] as string))
  if (isJson) console.log(JSON.stringify(shape))
  else
    for (const [what, value] of Object.entries(shape))
      console.log(`${what.padEnd(20)} ${typeof value === "object" ? JSON.stringify(value) : value}`)
  return 0
}

process.exitCode = main(process.argv.slice(2))
