/**
 * The shape of the sources: how long a function may be, how a file opens and is named, which words and casts may not stand.
 */
import { child, type Finding, finding, lineOf, type Node, type Source, type Tree, walk } from "./tree.ts"

/** Lines of a function, from its `=>` or `function` to its closing brace. */
const functionLinesMax = 70

/** Functions that may be longer, as `path name`. Only ever made shorter: what is not in it may not grow past the limit. */
const longFunctions: ReadonlySet<string> = new Set<string>([])

const functionKinds = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"])

const nameOf = (node: Node, parents: ReadonlyArray<Node>): string => {
  const holder = parents.at(-1)
  const name = child(node, "id")?.name ?? (holder && (child(holder, "id")?.name ?? child(holder, "key")?.name))
  return typeof name === "string" ? name : "a function"
}

const callsDescribe = (node: Node | undefined): boolean => node?.type === "CallExpression" && child(node, "callee")?.name === "describe"

/** Blocks of tests, and suites that many implementations are held to, hold the tests of a subject: they are as long as there are. */
const isTestBlock = (source: Source, node: Node, parents: ReadonlyArray<Node>): boolean => {
  if (!source.path.startsWith("test/")) return false
  let holdsBlock = callsDescribe(parents.at(-1))
  walk(node, (inner) => {
    holdsBlock ||= callsDescribe(inner)
  })
  return holdsBlock
}

const firstLine = (source: Source, node: Node): number => {
  const body = child(node, "body")
  if (node.type !== "ArrowFunctionExpression" || body === undefined) return lineOf(source.text, node.start)
  return lineOf(source.text, source.text.lastIndexOf("=>", body.start))
}

export const longFunctionFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  for (const source of tree.sources.values()) {
    walk(source.program, (node, parents) => {
      if (!functionKinds.has(node.type) || isTestBlock(source, node, parents)) return
      const lines = lineOf(source.text, node.end) - firstLine(source, node) + 1
      const name = nameOf(node, parents)
      if (lines > functionLinesMax && !longFunctions.has(`${source.path} ${name}`))
        found.push(finding(source, node.start, `${name} has ${lines} lines, ${functionLinesMax} is the limit`))
    })
  }
  return found
}

/** Source files that don't begin by saying what they decide. A test's own words say that. */
export const openingFindings = (tree: Tree): ReadonlyArray<Finding> =>
  [...tree.sources.values()]
    .filter((source) => !source.path.startsWith("test/") && !/^(#![^\n]*\n)?\/\*\*/.test(source.text))
    .map((source) => finding(source, 0, "does not open with a paragraph that says what it decides and where its border is"))

/** Names that say nothing of what is in a file. */
const emptyNames = new Set(["util", "utils", "helper", "helpers", "manager", "data"])

export const nameFindings = (tree: Tree): ReadonlyArray<Finding> =>
  [...tree.sources.keys()].flatMap((path) => {
    const words = path
      .replace(/([a-z])([A-Z])/g, "$1-$2")
      .toLowerCase()
      .split(/[/.-]/)
    return words.filter((word) => emptyNames.has(word)).map((word) => `${path}:1 is named ${word}: name it after what it holds`)
  })

/** Written apart, so that this file does not find itself. */
const unfinished = new RegExp(`\\b(TO${"DO"}|FIX${"ME"}|X${"XX"})\\b`)
const machinePath = new RegExp(`(^|[^\\w.$}])/(wo${"rk"}|tm${"p"}|ro${"ot"}|ho${"me"}|Us${"ers"}|farm)/\\w`)
const unrun = new RegExp(`\\b(it|test|describe)(\\.\\w+)*\\.(sk${"ip"}|on${"ly"}|to${"do"}|fa${"ils"}|skip${"If"}|run${"If"})\\b`)

/** Unfinished work, paths of one machine, and tests that don't run. */
export const wordFindings = (tree: Tree): ReadonlyArray<Finding> =>
  [...tree.texts].flatMap(([path, text]) => {
    if (path === "LICENSE" || path === "package-lock.json" || path.endsWith(".csv")) return []
    return text.split("\n").flatMap((line, index) => {
      const found: Array<Finding> = []
      if (unfinished.test(line)) found.push(`${path}:${index + 1} holds unfinished work: do it, or write it down where it is planned`)
      if (machinePath.test(line)) found.push(`${path}:${index + 1} holds a path of one machine`)
      if (path.startsWith("test/") && unrun.test(line)) found.push(`${path}:${index + 1} holds a test that does not run`)
      return found
    })
  })

const textsOf = (node: Node): ReadonlyArray<string> => {
  if (node.type === "Literal") return typeof node.value === "string" ? [node.value] : []
  if (node.type !== "TemplateLiteral" || !Array.isArray(node.quasis)) return []
  return node.quasis.map(({ value }) => String(value?.cooked ?? ""))
}

/** Fields that are named to people with their place in brackets: they are named with dots (`lines.0.qty`), by `fieldPath`. */
export const pathFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  for (const source of tree.sources.values()) {
    if (!source.path.startsWith("src/")) continue
    walk(source.program, (node) => {
      const texts = textsOf(node)
      const isTemplate = node.type === "TemplateLiteral"
      const isPath = texts.some(
        (text, at) => /^\w+\[\d+\](?!\w)/.test(text) || (isTemplate && at < texts.length - 1 && /[A-Za-z]\[$/.test(text)),
      )
      if (isPath) found.push(finding(source, node.start, "names a field by brackets: fieldPath spells it"))
    })
  }
  return found
}

const hasReason = (source: Source, offset: number): boolean => {
  const line = lineOf(source.text, offset)
  return source.comments.some((comment) => {
    const last = lineOf(source.text, comment.end)
    return last === line || last === line - 1
  })
}

/** Casts through `unknown`, which switch the type checker off, without a reason in a comment beside or above. */
export const castFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  for (const source of tree.sources.values()) {
    for (const comment of source.comments) {
      const words = source.text.slice(comment.start, comment.end)
      if (/^\/[/*]\s*@ts-(ignore|nocheck|expect-error)/.test(words))
        found.push(finding(source, comment.start, "switches the type checker off"))
    }
    walk(source.program, (node) => {
      const inner = node.type === "TSAsExpression" ? child(node, "expression") : undefined
      if (inner?.type !== "TSAsExpression" || child(inner, "typeAnnotation")?.type !== "TSUnknownKeyword") return
      if (!hasReason(source, node.start)) found.push(finding(source, node.start, "casts through unknown without a reason"))
    })
  }
  return found
}
