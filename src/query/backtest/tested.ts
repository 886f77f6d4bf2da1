/**
 * The policy that a backtest tries in the place of those that were in force, from JSON:
 *
 * - a policy as SetPolicy takes it: that of every SKU;
 * - `{"policies": {"<SKU>": policy, ...}, "others": policy}`: each SKU's own, and that of those not named (absent: they keep theirs);
 * - `{"scale": {"bufferQty": 2, ...}}`: each policy that was in force, with these numbers multiplied, whenever it was set.
 */
import type { Sku } from "../../domain/names.ts"
import type { Policy, PolicyGiven } from "../../domain/sku/policy.ts"
import { backtestPoliciesMax } from "../../limits.ts"
import { readCommandJson } from "../../wire/commands.ts"
import { QueryRefused } from "../refused.ts"

const scaled = ["bufferQty", "bufferPercent", "floorQty", "fenceQty", "safety"] as const
type Scaled = (typeof scaled)[number]

/** What is tried. */
export type TestedPolicy =
  | { readonly _tag: "Given"; readonly of: ReadonlyMap<string, PolicyGiven>; readonly others: PolicyGiven | null }
  | { readonly _tag: "Scaled"; readonly by: Readonly<Partial<Record<Scaled, number>>> }

const invalid = (detail: string) =>
  new QueryRefused({
    reason: "InvalidPolicy",
    detail,
    remedy:
      'give a policy as SetPolicy takes it, {"policies": {"SKU": policy}, "others": policy}, or {"scale": {"bufferQty": 2}}; see docs/QUERIES.md',
  })

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A policy, read as its owner would read it. */
const policyOf = (json: unknown, where: string): PolicyGiven | QueryRefused => {
  const read = readCommandJson({ v: 1, type: "SetPolicy", id: "backtest", sku: "backtest", issuedAtMs: 1, policy: json })
  if ("type" in read) return read.type === "SetPolicy" ? read.policy : invalid(`${where} is no policy`)
  const { field, reason } = read.refusal
  return invalid(`${where} is no policy (${field === undefined ? reason : `at fault: ${field}`})`)
}

const numbersOf = (json: unknown): TestedPolicy | QueryRefused => {
  if (!isObject(json)) return invalid("scale is no object")
  const by: Partial<Record<Scaled, number>> = {}
  for (const [name, factor] of Object.entries(json)) {
    const known = scaled.find((one) => one === name)
    if (known === undefined) return invalid(`scale names "${name}", and takes ${scaled.join(", ")}`)
    if (typeof factor !== "number" || !(factor >= 0 && factor <= 1_000)) return invalid(`scale.${name} is no number from 0 to 1000`)
    by[known] = factor
  }
  return { _tag: "Scaled", by }
}

const eachOf = (json: Readonly<Record<string, unknown>>): TestedPolicy | QueryRefused => {
  const { policies, others, ...more } = json
  const [unknown] = Object.keys(more)
  if (unknown !== undefined) return invalid(`"${unknown}" stands beside policies`)
  if (!isObject(policies)) return invalid("policies is no object")
  const named = Object.entries(policies)
  if (named.length > backtestPoliciesMax) return invalid(`policies names ${named.length} SKUs, and takes ${backtestPoliciesMax}`)
  const of = new Map<string, PolicyGiven>()
  for (const [sku, given] of named) {
    const policy = policyOf(given, `policies["${sku}"]`)
    if (policy instanceof QueryRefused) return policy
    of.set(sku, policy)
  }
  if (others === undefined) return { _tag: "Given", of, others: null }
  const rest = policyOf(others, "others")
  return rest instanceof QueryRefused ? rest : { _tag: "Given", of, others: rest }
}

/** What a file says is to be tried. */
export const testedPolicy = (json: unknown): TestedPolicy | QueryRefused => {
  if (!isObject(json)) return invalid("it is no JSON object")
  if ("scale" in json) return Object.keys(json).length === 1 ? numbersOf(json.scale) : invalid("something stands beside scale")
  if ("policies" in json) return eachOf(json)
  const policy = policyOf(json, "it")
  return policy instanceof QueryRefused ? policy : { _tag: "Given", of: new Map(), others: policy }
}

const times = (qty: number, factor: number | undefined): number => (factor === undefined ? qty : Math.round(qty * factor))

/** A policy with its numbers multiplied. */
const scaledPolicy = ({ channels, safety, sourcing }: Policy, by: Readonly<Partial<Record<Scaled, number>>>): PolicyGiven => ({
  channels: channels.map((line) => ({
    ...line,
    bufferQty: times(line.bufferQty, by.bufferQty),
    bufferPercent: Math.min(100, times(line.bufferPercent, by.bufferPercent)),
    floorQty: times(line.floorQty, by.floorQty),
    fenceQty: times(line.fenceQty, by.fenceQty),
  })),
  safety: safety.map((line) => ({ ...line, qty: times(line.qty, by.safety) })),
  sourcing,
})

/** Whether policies that were set are replayed, in whatever form; if not, the one that is tried stands from first to last. */
export const followsRecorded = (tested: TestedPolicy, sku: Sku): boolean =>
  tested._tag === "Scaled" || (tested.others === null && !tested.of.has(sku))

/** The policy that a SKU has in the replay while `recorded` was in force. Null: none. */
export const policyInstead = (tested: TestedPolicy, sku: Sku, recorded: Policy | null): PolicyGiven | null => {
  if (tested._tag === "Scaled") return recorded === null ? null : scaledPolicy(recorded, tested.by)
  return tested.of.get(sku) ?? tested.others ?? recorded
}

/** A policy as text, in one spelling; its version is none of what it says. */
const spelled = (policy: PolicyGiven | null): string =>
  JSON.stringify(policy, (name, value: unknown) => {
    if (name === "version") return undefined
    return isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value
  })

/** Whether a SKU has another policy in the replay than the one that was in force: 2 times a buffer of 0 is none. */
export const isOtherPolicy = (tested: TestedPolicy, sku: Sku, recorded: Policy | null): boolean =>
  spelled(policyInstead(tested, sku, recorded)) !== spelled(recorded)
