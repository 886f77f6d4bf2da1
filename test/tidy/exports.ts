/**
 * Names that are given to others and taken by nobody. What nobody imports is private or dead.
 */
import { type Export, type Finding, finding, type Node, resolve, type Source, type Tree, walk } from "./tree.ts"

/** Files whose exports are for those outside the repository: what package.json exports, and the program itself. */
const publicEntries: ReadonlySet<string> = new Set(["src/channel.ts", "src/main.ts"])

/** Every name taken from each file, by whoever takes it. `*` where all of it is. */
const takenNames = (tree: Tree): ReadonlyMap<string, ReadonlySet<string>> => {
  const taken = new Map<string, Set<string>>()
  for (const source of tree.sources.values()) {
    for (const { from, name } of source.imports) {
      const target = resolve(source.path, from)
      if (target === undefined || target === source.path) continue
      const names = taken.get(target) ?? new Set()
      taken.set(target, names.add(name))
    }
  }
  return taken
}

/** How often a name stands in the file as an identifier, and how often of these as a type. */
const occurrences = (source: Source, name: string): { readonly all: number; readonly asType: number } => {
  let all = 0
  let asType = 0
  walk(source.program, (node: Node, parents) => {
    if (node.type !== "Identifier" || node.name !== name) return
    all += 1
    if (parents.at(-1)?.type === "TSTypeReference") asType += 1
  })
  return { all, asType }
}

/**
 * A type, or a class used as one (an error in a signature), that other exports of its file are made of need not be imported by name: the
 * compiler follows it, and errors are told apart by their tags.
 */
const isPartOfAnother = (source: Source, given: Export): boolean => {
  const declared = source.exports.filter((other) => other.name === given.name)
  const found = occurrences(source, given.name)
  return found.asType > 0 || (declared.some((other) => other.isType) && found.all > declared.length)
}

export const deadExportFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const taken = takenNames(tree)
  return [...tree.sources.values()].flatMap((source) => {
    if (!source.path.startsWith("src/") || publicEntries.has(source.path)) return []
    const names = taken.get(source.path) ?? new Set()
    return source.exports
      .filter((given) => !names.has(given.name) && !names.has("*") && (given.passedOn || !isPartOfAnother(source, given)))
      .map((given) => finding(source, given.offset, `exports ${given.name}, which nobody imports`))
  })
}
