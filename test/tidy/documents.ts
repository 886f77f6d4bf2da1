/**
 * What the documents say about the repository and can be held against it: ids of invariants, scripts, paths and links, versions.
 */
import { type Finding, resolve, type Tree } from "./tree.ts"

const invariantsPath = "docs/INVARIANTS.md"
const id = /\bINV-\d+(?:\.\d+)?\b/g

const linesWith = (text: string, pattern: RegExp): ReadonlyArray<{ readonly line: number; readonly match: string }> =>
  text.split("\n").flatMap((line, index) => [...line.matchAll(pattern)].map((found) => ({ line: index + 1, match: found[1] ?? found[0] })))

/** The ids that the first column of the table in docs/INVARIANTS.md defines. */
const definedIds = (tree: Tree): ReadonlySet<string> =>
  new Set(linesWith(tree.texts.get(invariantsPath) ?? "", /^\|\s*(INV-\d+(?:\.\d+)?)\s*\|/g).map(({ match }) => match))

/** Ids that are used and not defined, defined twice, or defined and named by no source and no test. */
export const invariantFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const defined = definedIds(tree)
  const found: Array<Finding> = []
  const used = new Set<string>()
  for (const [path, text] of tree.texts) {
    if (path === invariantsPath || path.startsWith("test/tidy/")) continue
    for (const { line, match } of linesWith(text, id)) {
      if (path.endsWith(".ts")) used.add(match)
      if (!defined.has(match)) found.push(`${path}:${line} names ${match}, which ${invariantsPath} does not define`)
    }
  }
  for (const name of defined) if (!used.has(name)) found.push(`${invariantsPath}:1 defines ${name}, which no source and no test names`)
  return found
}

const hazardsPath = "docs/HAZARDS.md"
const hazardTests = ["test/engine/hazards.test.ts", "test/engine/carried-hazards.test.ts"]
/** A file that tries what the engine alone can't answer for. */
const triedElsewhere = /`(?:test|sim)\/[\w./-]+`/

/** Rows of docs/HAZARDS.md that no test of the engine is numbered after and that name no other place; tests numbered after no row. */
export const hazardFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const text = tree.texts.get(hazardsPath) ?? ""
  const rows = new Set(linesWith(text, /^\| (\d+) \|/g).map(({ match }) => match))
  const tests = hazardTests.flatMap((path) =>
    linesWith(tree.texts.get(path) ?? "", /\bit(?:\.each\(\[.*\]\))?\("(\d+): /g).map((found) => ({ path, ...found })),
  )
  const tried = new Set(tests.map(({ match }) => match))
  const elsewhere = (number: string) => text.split("\n").some((line) => line.startsWith(`| ${number} |`) && triedElsewhere.test(line))
  return [
    ...[...rows]
      .filter((row) => !tried.has(row) && !elsewhere(row))
      .map((row) => `${hazardsPath}:1 has hazard ${row}, which nothing tries`),
    ...tests
      .filter(({ match }) => !rows.has(match))
      .map(({ path, line, match }) => `${path}:${line} tries hazard ${match}, which ${hazardsPath} does not have`),
  ]
}

const documentsOf = (tree: Tree): ReadonlyArray<readonly [string, string]> => [...tree.texts].filter(([path]) => path.endsWith(".md"))

interface Manifest {
  readonly version: string
  readonly scripts: Readonly<Record<string, string>>
}

const manifestOf = (tree: Tree): Manifest => JSON.parse(tree.texts.get("package.json") ?? "{}")

/** Scripts that a document tells the reader to run and that package.json does not have. */
export const scriptFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const { scripts } = manifestOf(tree)
  return documentsOf(tree).flatMap(([path, text]) =>
    [...linesWith(text, /\bnpm run ([a-z0-9:_-]+)/g), ...linesWith(text, /\bnpm (start|test)\b/g)]
      .filter(({ match }) => scripts[match] === undefined)
      .map(({ line, match }) => `${path}:${line} tells to run ${match}, which package.json does not have`),
  )
}

const pathInText = /`((?:src|sim|load|test|docs|tools|deploy|\.ci)\/[\w./-]*\w)`/g
const link = /\]\((?!https?:)([^)\s]+)\)/g

const exists = (tree: Tree, path: string): boolean =>
  tree.texts.has(path) || [...tree.texts.keys()].some((file) => file.startsWith(`${path}/`))

/** The names under which the headings of a document can be linked to. */
const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(
    linesWith(text, /^#+ (.+)$/g).map(({ match }) =>
      match
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  )

const leads = (tree: Tree, path: string, target: string): boolean => {
  const [file = "", anchor] = target.split("#")
  const at = file === "" ? path : (resolve(path, `./${file}`) ?? "")
  return exists(tree, at) && (anchor === undefined || anchorsOf(tree.texts.get(at) ?? "").has(anchor))
}

/** Paths and links of documents that lead nowhere. */
export const pathFindings = (tree: Tree): ReadonlyArray<Finding> =>
  documentsOf(tree).flatMap(([path, text]) => {
    const named = linesWith(text, pathInText).filter(({ match }) => !exists(tree, match))
    const linked = linesWith(text, link).filter(({ match }) => !leads(tree, path, match))
    return [...named, ...linked].map(({ line, match }) => `${path}:${line} names ${match}, which is not there`)
  })

/** Rows of a table that end with a file and names in it: with a colon between in the glossary, in two columns in the table of questions. */
const pointer = /^\|.*\| `((?:src|sim)\/[\w./-]+\.ts)`(?::| \|) (.+) \|$/

/** Names that the glossary, or the table of questions in docs/ARCHITECTURE.md, says stand in a file, and that don't. */
export const pointerFindings = (tree: Tree): ReadonlyArray<Finding> =>
  ["docs/GLOSSARY.md", "docs/ARCHITECTURE.md"].flatMap((path) =>
    (tree.texts.get(path) ?? "").split("\n").flatMap((row, index) => {
      const [, file = "", rest = ""] = pointer.exec(row) ?? []
      const names = [...rest.matchAll(/`(\w+)`/g)].map((found) => found[1] ?? "")
      return names
        .filter((name) => !new RegExp(`\\b${name}\\b`).test(tree.texts.get(file) ?? ""))
        .map((name) => `${path}:${index + 1} says that ${name} stands in ${file}`)
    }),
  )

/** Files of the engine that the table in docs/ARCHITECTURE.md leaves out, or has twice. */
export const engineFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const document = tree.texts.get("docs/ARCHITECTURE.md") ?? ""
  const [, part = ""] = document.split("| about | files of `src/engine` |")
  const [table = ""] = part.split("\n\n")
  const named = [...table.matchAll(/`([\w-]+\.ts)`/g)].map(([, name]) => name ?? "")
  const files = [...tree.texts.keys()].flatMap((path) => /^src\/engine\/([\w-]+\.ts)$/.exec(path)?.[1] ?? [])
  return [
    ...files.filter((file) => !named.includes(file)).map((file) => `docs/ARCHITECTURE.md doesn't say what src/engine/${file} is about`),
    ...named
      .filter((name, at) => !files.includes(name) || named.indexOf(name) !== at)
      .map((name) => `docs/ARCHITECTURE.md has ${name} once too often`),
  ]
}

const changeSections = new Set(["Safety", "Features", "Internals"])

/** A changelog without the version of package.json, or with a section that it does not have. */
export const changelogFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const text = tree.texts.get("CHANGELOG.md") ?? ""
  const { version } = manifestOf(tree)
  const newest = text.match(/^## (\S+?),? /m)?.[1]
  const odd = linesWith(text, /^### (.+)$/g).filter(({ match }) => !changeSections.has(match))
  return [
    ...(newest === version ? [] : [`CHANGELOG.md:1 is about ${newest ?? "nothing"}, package.json about ${version}`]),
    ...odd.map(({ line, match }) => `CHANGELOG.md:${line} has a section ${match}: ${[...changeSections].join(", ")} are the sections`),
  ]
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly resolved?: string; readonly link?: boolean }>>
}

/** Versions that are not exact, and a lock file that names the registry of one machine. */
export const dependencyFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const manifest: Readonly<Record<string, Readonly<Record<string, string>> | undefined>> = JSON.parse(
    tree.texts.get("package.json") ?? "{}",
  )
  const lock: Lock = JSON.parse(tree.texts.get("package-lock.json") ?? `{"packages":{}}`)
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
  const inexact = wanted.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
  const differing = wanted.filter(([name, version]) => lock.packages[`node_modules/${name}`]?.version !== version)
  const hosts = Object.entries(lock.packages).filter(
    ([, { resolved }]) => resolved !== undefined && !resolved.startsWith("https://registry.npmjs.org/"),
  )
  return [
    ...inexact.map(([name, version]) => `package.json:1 asks for ${name} ${version}: versions are exact`),
    ...differing.map(([name, version]) => `package-lock.json:1 does not hold ${name} ${version}`),
    ...hosts.map(([name]) => `package-lock.json:1 takes ${name} from another place than the public registry`),
  ]
}

const operationsPath = "docs/OPERATIONS.md"

interface Explained {
  readonly source: string
  /** Others that declare names of the same table. */
  readonly others?: ReadonlyArray<string>
  /** The part of the source that declares the names; all of it unless said. */
  readonly within?: RegExp
  readonly declared: RegExp
  readonly inTable: RegExp
}

/** Names that the source declares and docs/OPERATIONS.md explains in a table: both must have the same. */
const explained: ReadonlyArray<Explained> = [
  { source: "src/config.ts", declared: /"(HOLDFAST_[A-Z_]+)"/g, inTable: /^\| `(HOLDFAST_[A-Z_]+)` \|/g },
  {
    source: "src/engine/protocol.ts",
    others: ["src/ports/meter.ts", "src/runtime/outage.ts"],
    within: /export const (?:HaltReason|AlarmKind|WatchAlarmKind|OutageReason) = \[[^\]]*\]/g,
    declared: /"(\w+)"/g,
    inTable: /^\| `([A-Z][a-z]\w+)` \|/g,
  },
]

/** Settings, halts and alarms that exist and are not explained to operators, or are explained and do not exist. */
export const operationsFindings = (tree: Tree): ReadonlyArray<Finding> =>
  explained.flatMap(({ source, others = [], within, declared, inTable }) => {
    const text = [source, ...others].map((path) => tree.texts.get(path) ?? "").join("\n")
    const part = within === undefined ? text : (text.match(within) ?? []).join("\n")
    const there = new Set(linesWith(part, declared).map(({ match }) => match))
    const told = new Set(linesWith(tree.texts.get(operationsPath) ?? "", inTable).map(({ match }) => match))
    return [
      ...[...there].filter((name) => !told.has(name)).map((name) => `${operationsPath}:1 does not explain ${name} of ${source}`),
      ...[...told].filter((name) => !there.has(name)).map((name) => `${operationsPath}:1 explains ${name}, which ${source} does not have`),
    ]
  })
