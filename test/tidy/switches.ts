/**
 * Switches end exhaustively: a member that a union gains is an error of the compiler at each of them, never something that a `default:` passes over.
 *
 * A rule of syntax, for the parser knows no types. A `default:` calls `unreachable`, whose argument has to be `never`, or hands the value on to a function of the same file whose own switch ends so. A switch
 * without one is the last statement of a function that says what it returns, and not that this may be nothing: falling out of it is then an error. What is no union stands in a table, with the reason.
 */
import { child, type Finding, finding, type Node, type Source, type Tree, walk } from "./tree.ts"

/** Switches over what others may make longer at any time, as `path function`. */
const openSets: ReadonlyMap<string, string> = new Map([
  ["src/telemetry/http.ts page", "a path anybody may ask for"],
  ["src/cli/exit-codes.ts describeFailure", "any error there is"],
  ["src/wire/questions.ts parseQuestion", "words of a sender's subject"],
])

const functionKinds = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"])

const nodesOf = (value: unknown): ReadonlyArray<Node> => (Array.isArray(value) ? (value as ReadonlyArray<Node>) : [])

/** The call that a branch consists of, if it is one: said, or returned. */
const callOf = (statements: ReadonlyArray<Node>): Node | undefined => {
  const [only, ...more] = statements
  if (only === undefined || more.length > 0) return undefined
  const inner =
    only.type === "ReturnStatement" ? child(only, "argument") : only.type === "ExpressionStatement" ? child(only, "expression") : undefined
  return inner?.type === "CallExpression" ? inner : undefined
}

const calleeName = (call: Node): string | undefined => {
  const callee = child(call, "callee")
  const name = callee?.type === "MemberExpression" ? child(callee, "property")?.name : callee?.name
  return typeof name === "string" ? name : undefined
}

const nameOf = (fn: Node, holder: Node | undefined): string => {
  const name = child(fn, "id")?.name ?? (holder && (child(holder, "id")?.name ?? child(holder, "key")?.name))
  return typeof name === "string" ? name : ""
}

/** The text of what a function says it returns; undefined if it doesn't. */
const returnText = (source: Source, fn: Node): string | undefined => {
  const annotation = child(fn, "returnType")
  return annotation === undefined ? undefined : source.text.slice(annotation.start, annotation.end)
}

/** Whether falling off the end of the function is a type error. */
const mustReturn = (source: Source, fn: Node): boolean => {
  const text = returnText(source, fn)
  return text !== undefined && !/\b(void|undefined|any|unknown)\b/.test(text)
}

const defaultOf = (node: Node): Node | undefined => nodesOf(node.cases).find((branch) => child(branch, "test") === undefined)

/** Whether nothing follows the switch in its function: a block's last statement, up to the function's own. */
const isLast = (node: Node, parents: ReadonlyArray<Node>, fn: Node): boolean => {
  const body = child(fn, "body")
  return parents.at(-1) === body && nodesOf(body?.body).at(-1) === node
}

interface Found {
  readonly node: Node
  readonly fn: Node
  readonly name: string
  readonly parents: ReadonlyArray<Node>
}

const switchesOf = (source: Source): ReadonlyArray<Found> => {
  const found: Array<Found> = []
  walk(source.program, (node, parents) => {
    if (node.type !== "SwitchStatement") return
    const at = parents.findLastIndex((parent) => functionKinds.has(parent.type))
    const fn = parents[at]
    if (fn !== undefined) found.push({ node, fn, parents, name: nameOf(fn, parents[at - 1]) })
  })
  return found
}

export const switchFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  for (const source of tree.sources.values()) {
    if (!/^(src|sim)\//.test(source.path)) continue
    const switches = switchesOf(source)
    const endsWell = (one: Found, seen: ReadonlySet<Found>): boolean => {
      const last = defaultOf(one.node)
      if (last === undefined) return mustReturn(source, one.fn) && isLast(one.node, one.parents, one.fn)
      const call = callOf(nodesOf(last.consequent))
      const callee = call === undefined ? undefined : calleeName(call)
      if (callee === "unreachable") return true
      const next = switches.filter((other) => other.name === callee && callee !== "" && !seen.has(other))
      return next.length > 0 && next.every((other) => endsWell(other, new Set([...seen, other])))
    }
    for (const one of switches)
      if (!openSets.has(`${source.path} ${one.name}`) && !endsWell(one, new Set([one])))
        findings.push(
          finding(
            source,
            one.node.start,
            `${one.name || "a function"}: a switch passes over what its union may gain: end it with unreachable()`,
          ),
        )
  }
  return findings
}
