/**
 * Exports of src that nobody has described: a declaration that other files use and that has no comment of its own right above it.
 *
 * The comment at the head of a file is about the file, so it doesn't count for what comes first in it. A type and a value of one name are one thing: one comment does for both.
 * A comment above several plain values, one a line, stands for all of them ("messages, and bytes of them"): a limit often has two units.
 */
import { child, type Finding, finding, type Node, type Source, type Tree } from "./tree.ts"

/** The names that a statement declares, if it exports them. */
const declaredBy = (statement: Node): ReadonlyArray<string> => {
  const declaration = statement.type === "ExportNamedDeclaration" ? child(statement, "declaration") : undefined
  if (declaration === undefined) return []
  const declarators = Array.isArray(declaration.declarations) ? declaration.declarations : [declaration]
  return declarators.flatMap(({ id }) => (typeof id?.name === "string" ? [id.name] : []))
}

/** Whether a comment that is no file's head ends right above the place. */
const isDescribed = (source: Source, offset: number): boolean =>
  source.comments.some(
    ({ start, end }) =>
      end <= offset && start > 0 && /^\s*$/.test(source.text.slice(end, offset)) && !/\n\s*\n/.test(source.text.slice(end, offset)),
  )

const statementsOf = ({ program }: Source): ReadonlyArray<Node> => (Array.isArray(program.body) ? program.body : [])

/** Whether a statement is a plain value on one line, directly below the statement before it. */
const goesOnFrom = (source: Source, before: Node | undefined, statement: Node): boolean => {
  if (before === undefined || source.text.slice(before.end, statement.start) !== "\n") return false
  if (source.text.slice(before.start, statement.end).split("\n").length > 2) return false
  return [before, statement].every((one) => {
    const declarators = child(one, "declaration")?.declarations
    const value = Array.isArray(declarators) ? declarators[0]?.init?.type : undefined
    return value !== undefined && !/Function/.test(value)
  })
}

const undescribedIn = (source: Source): ReadonlyArray<Finding> => {
  const described = new Set<string>()
  const places = new Map<string, number>()
  let before: Node | undefined
  let wasDescribed = false
  for (const statement of statementsOf(source)) {
    wasDescribed = isDescribed(source, statement.start) || (wasDescribed && goesOnFrom(source, before, statement))
    before = statement
    for (const name of declaredBy(statement)) {
      if (wasDescribed) described.add(name)
      if (!places.has(name)) places.set(name, statement.start)
    }
  }
  return [...places]
    .filter(([name]) => !described.has(name))
    .map(([name, offset]) => finding(source, offset, `exports ${name} without saying what it is`))
}

/** Every export of src that has no comment of its own. */
export const undescribedFindings = (tree: Tree): ReadonlyArray<Finding> =>
  [...tree.sources.values()].filter(({ path }) => path.startsWith("src/")).flatMap(undescribedIn)
