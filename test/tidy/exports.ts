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

/** How often a name stands in the file as an identifier. */
const occurrences = (source: Source, name: string): number => {
  let count = 0
  walk(source.program, (node: Node) => {
    if (node.type === "Identifier" && node.name === name) count += 1
  })
  return count
}

/** A type that other exports of its file are made of need not be imported by name: the compiler follows it. */
const isPartOfAnother = (source: Source, given: Export): boolean => {
  const declared = source.exports.filter((other) => other.name === given.name)
  return declared.some((other) => other.isType) && occurrences(source, given.name) > declared.length
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
