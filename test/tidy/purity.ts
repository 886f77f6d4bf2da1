/**
 * What the pure parts may not reach for. Domain, engine and ingress are functions of their inputs: the same inputs give the same bytes on every machine,
 * today and in a replay of last year. The other parts may hold promises, but take time and chance as data too. So does the runtime: it asks Effect's
 * Clock and Random, which the simulator replaces.
 */
import { child, type Finding, finding, type Node, type Source, type Tree, walk } from "./tree.ts"

/** Names of the surroundings: clocks, timers, chance, concurrency, the process, and what depends on the machine's language. */
const surroundings = new Set([
  "Date",
  "performance",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "queueMicrotask",
  "Promise",
  "crypto",
  "process",
  "globalThis",
  "console",
  "fetch",
  "Intl",
  "WeakRef",
  "FinalizationRegistry",
])
/** Methods whose result depends on the machine's language or on chance, whatever they are called on. */
const unsteadyMethods = new Set(["localeCompare", "toLocaleString", "toLocaleUpperCase", "toLocaleLowerCase", "random", "randomUUID"])

const pureParts = ["src/domain/", "src/engine/", "src/kinds/", "src/ingress/"]

const isPure = (path: string): boolean => pureParts.some((part) => path.startsWith(part))

/**
 * The adapters and what composes them: the only places that may ask the machine for the time or draw a number. Of the simulator, the fleet and the
 * command line, which measure wall time and end what takes too long, and nothing that a world is made of.
 */
const edge =
  /^(src\/(nats|client|telemetry|postgres|http|page|connectors|cli)\/|src\/(main|channel)\.ts$|sim\/(cli|fleet)\/|sim\/main\.ts$|test\/|load\/|tools\/|[^/]+$)/

/** Whether this identifier stands for a variable, not for a member or a key of that name. */
const isReference = (node: Node, parent: Node | undefined): boolean => {
  if (parent === undefined || parent.computed === true) return true
  if (parent.type === "MemberExpression") return parent.property !== node
  const named = ["Property", "PropertyDefinition", "MethodDefinition", "TSPropertySignature", "TSMethodSignature"]
  return !(named.includes(parent.type) && parent.key === node && parent.shorthand !== true)
}

const memberName = (node: Node): string | undefined => {
  const name = node.computed === true ? child(node, "property")?.value : child(node, "property")?.name
  return typeof name === "string" ? name : undefined
}

const judgePure = (source: Source, node: Node, parent: Node | undefined): Finding | undefined => {
  if (node.type === "Identifier" && typeof node.name === "string" && surroundings.has(node.name) && isReference(node, parent))
    return finding(source, node.start, `${node.name} is not for the pure core`)
  if (node.type === "MemberExpression" && unsteadyMethods.has(memberName(node) ?? ""))
    return finding(source, node.start, `${memberName(node)} is not for the pure core`)
  if (node.type === "AwaitExpression" || node.async === true) return finding(source, node.start, "the pure core is synchronous")
  return undefined
}

/** Clocks and timers that Effect's Clock does not move. */
const ownClocks = new Set(["performance", "setTimeout", "setInterval", "setImmediate"])

const judgeSeeded = (source: Source, node: Node, parent: Node | undefined): Finding | undefined => {
  const object = node.type === "MemberExpression" ? child(node, "object")?.name : undefined
  const member = node.type === "MemberExpression" ? memberName(node) : undefined
  if (object === "Date" && member === "now") return finding(source, node.start, "Date.now: time arrives as data here")
  if (object === "Math" && member === "random") return finding(source, node.start, "Math.random: chance arrives as data here")
  if (member === "randomUUID" || (node.type === "Identifier" && node.name === "randomUUID" && isReference(node, parent)))
    return finding(source, node.start, "randomUUID: ids arrive as data here")
  const isDate = (node.type === "NewExpression" || node.type === "CallExpression") && child(node, "callee")?.name === "Date"
  // `new Date(ms)` spells a time that is given; a call without `new` looks at the clock, whatever it is given.
  if (isDate && (node.type === "CallExpression" || (Array.isArray(node.arguments) && node.arguments.length === 0)))
    return finding(source, node.start, "Date: time arrives as data here")
  if (node.type === "Identifier" && typeof node.name === "string" && ownClocks.has(node.name) && isReference(node, parent))
    return finding(source, node.start, `${node.name}: time arrives as data here`)
  return undefined
}

/** Clocks, chance, timers, promises and the process where the results must depend on the inputs alone. */
export const purityFindings = (tree: Tree): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  for (const source of tree.sources.values()) {
    if (!isPure(source.path) && edge.test(source.path)) continue
    walk(source.program, (node, parents) => {
      const problem = isPure(source.path) ? judgePure(source, node, parents.at(-1)) : judgeSeeded(source, node, parents.at(-1))
      if (problem !== undefined) found.push(problem)
    })
  }
  return found
}
