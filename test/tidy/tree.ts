/**
 * The repository as the tidy checks see it: every text file, and every TypeScript file parsed. A tree is made from the folder or, to prove that
 * a check finds what it is for, from a few lines of bad source.
 *
 * TypeScript 7 has no API to read sources with; the parser is the one that the test runner itself brings.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parseSync } from "rolldown/utils"

/** A node of the syntax tree: its kind, where it stands in the text, and whatever that kind has. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

/** A name that a file takes from another module. `*` is all of it. */
export interface Import {
  readonly from: string
  readonly name: string
  readonly isType: boolean
  readonly offset: number
}

/** A name that a file gives to others. */
export interface Export {
  readonly name: string
  readonly isType: boolean
  /** Given on from another module, not declared here. */
  readonly passedOn: boolean
  readonly offset: number
}

export interface Comment {
  readonly start: number
  readonly end: number
}

export interface Source {
  readonly path: string
  readonly text: string
  readonly program: Node
  readonly comments: ReadonlyArray<Comment>
  readonly imports: ReadonlyArray<Import>
  readonly exports: ReadonlyArray<Export>
}

export interface Tree {
  /** Every text file by its path from the top, slashes forward. */
  readonly texts: ReadonlyMap<string, string>
  readonly sources: ReadonlyMap<string, Source>
}

/** Something a check objects to, as `path:line what`. */
export type Finding = string

export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length

export const finding = (source: Source, offset: number, what: string): Finding => `${source.path}:${lineOf(source.text, offset)} ${what}`

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"

/** Calls `visit` for every node below `node` and for itself, parents first, with the chain of its parents (nearest last). */
export const walk = (node: Node, visit: (node: Node, parents: ReadonlyArray<Node>) => void, parents: ReadonlyArray<Node> = []): void => {
  visit(node, parents)
  const below = [...parents, node]
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit, below)
  }
}

/** The node's field as a node, or undefined. */
export const child = (node: Node, field: string): Node | undefined => {
  const value = node[field]
  return isNode(value) ? value : undefined
}

type Parsed = ReturnType<typeof parseSync>

/** Programs that run a script which is named on their command line: what that imports is its own file's to say. */
const runsWhatItIsTold: ReadonlySet<string> = new Set(["load/k6/stand-in/run.ts"])

const importsOf = (path: string, parsed: Parsed, program: Node): ReadonlyArray<Import> => {
  const found: Array<Import> = []
  for (const statement of parsed.module.staticImports) {
    const from = statement.moduleRequest.value
    if (statement.entries.length === 0) found.push({ from, name: "", isType: false, offset: statement.start })
    for (const entry of statement.entries) {
      const name = entry.importName.kind === "Default" ? "default" : (entry.importName.name ?? "*")
      found.push({ from, name, isType: entry.isType, offset: entry.localName.start })
    }
  }
  for (const statement of parsed.module.staticExports) {
    for (const entry of statement.entries) {
      if (entry.moduleRequest === null) continue
      found.push({ from: entry.moduleRequest.value, name: entry.importName.name ?? "*", isType: entry.isType, offset: entry.start })
    }
  }
  walk(program, (node) => {
    if (node.type !== "ImportExpression" && node.type !== "TSImportType") return
    const literal = child(node, "source") ?? child(node, "argument")
    const from = literal?.value
    if (typeof from !== "string" && runsWhatItIsTold.has(path)) return
    if (typeof from !== "string") throw new Error(`${path}: an import whose module is not written out can't be checked`)
    found.push({ from, name: "*", isType: node.type === "TSImportType", offset: node.start })
  })
  return found
}

/** Types that a module of JavaScript takes, as its comments say it. */
const typesOf = (text: string, comments: ReadonlyArray<Comment>): ReadonlyArray<Import> =>
  comments.flatMap(({ start, end }) =>
    [...text.slice(start, end).matchAll(/@import \{([^}]+)\} from "([^"]+)"/g)].flatMap(([, names = "", from = ""]) =>
      names.split(",").map((name) => ({ from, name: name.trim(), isType: true, offset: start })),
    ),
  )

const exportsOf = (parsed: Parsed): ReadonlyArray<Export> =>
  parsed.module.staticExports.flatMap((statement) =>
    statement.entries.map((entry) => ({
      name: entry.exportName.kind === "Default" ? "default" : (entry.exportName.name ?? "*"),
      isType: entry.isType,
      passedOn: entry.moduleRequest !== null,
      offset: entry.start,
    })),
  )

const parse = (path: string, text: string): Source => {
  const parsed = parseSync(path, text)
  const problem = parsed.errors[0]
  if (problem !== undefined) throw new Error(`${path}: ${problem.message}`)
  const program: unknown = parsed.program
  if (!isNode(program)) throw new Error(`${path}: the parser gave no program`)
  const { comments } = parsed
  const imports = [...importsOf(path, parsed, program), ...(path.endsWith(".js") ? typesOf(text, comments) : [])]
  return { path, text, program, comments, imports, exports: exportsOf(parsed) }
}

/** Whether a file is one of ours to be parsed. The page's modules are served as they stand: they are JavaScript, with their types in comments. */
const isSource = (path: string): boolean => path.endsWith(".ts") || (path.startsWith("src/page/") && path.endsWith(".js"))

/** A tree of these files. */
export const treeOf = (files: Readonly<Record<string, string>>): Tree => {
  const texts = new Map(Object.entries(files))
  const sources = new Map([...texts].filter(([path]) => isSource(path)).map(([path, text]) => [path, parse(path, text)]))
  return { texts, sources }
}

/** What belongs to the machine or is brought by a package manager, and is not the project's text. */
const foreign = new Set(["node_modules", ".git", ".cache", ".vitest", "coverage", "dist"])
const textual = /\.(ts|mjs|js|json|md|ya?ml|csv|go|mod|conf|sh|txt|html)$|(^|\/)(\.ci\/run|\.gitignore|LICENSE)$/

/** The tree of this repository. */
export const repository = (): Tree => {
  const files: Record<string, string> = {}
  const enter = (folder: string): void => {
    for (const entry of readdirSync(folder === "" ? "." : folder, { withFileTypes: true })) {
      if (foreign.has(entry.name)) continue
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) enter(path)
      else if (entry.isFile() && textual.test(path)) files[path] = readFileSync(join(path), "utf8")
    }
  }
  enter("")
  return treeOf(files)
}

/** The file a relative import means, from the path of the file that says it; undefined for a package. */
export const resolve = (path: string, from: string): string | undefined => {
  if (!from.startsWith(".")) return undefined
  const parts = path.split("/").slice(0, -1)
  for (const part of from.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== ".") parts.push(part)
  }
  return parts.join("/")
}
