/**
 * The text of a usual command without the long way: what a channel that sells sends most (Reserve, Confirm, Release, Extend), with plain names.
 *
 * A caller without types may give anything. Each field is looked at as its Schema would, so that no name is written that holds a quote, "undefined" for one that is missing, or 2 for "2". Whatever isn't usual
 * goes the long way, and hears what is wrong with it; a property test holds the two to the same.
 */
import { isId } from "../domain/names.ts"
import { type Command, type Extend, type Release, ReleaseReason, type Reserve } from "../domain/sku/commands.ts"
import { allocationsMax, deadlineMsMax, holdMsMax, qtyMax, skuBytesMax } from "../limits.ts"
import { commandText } from "../wire/canonical.ts"

/** A SKU of printable ASCII, each character a byte, of which none is escaped. */
const asciiSku = new RegExp(`^[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]{1,${skuBytesMax}}$`)

const isName = (value: unknown): boolean => typeof value === "string" && isId(value)
const isSkuName = (value: unknown): boolean => typeof value === "string" && asciiSku.test(value)
const isWhole = (value: unknown, most: number): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most
const isWholeOrAbsent = (value: unknown, most: number): boolean => value === undefined || isWhole(value, most)

const isListOfNames = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length >= 1 &&
  value.length <= allocationsMax &&
  // Spread, so that a hole counts as what it is read as: `every` passes over it.
  [...(value as ReadonlyArray<unknown>)].every(isName) &&
  (value.length === 1 || new Set(value).size === value.length)

const isReserve = ({ qty, holdMs, locations, partial }: Reserve): boolean =>
  isWhole(qty, qtyMax) &&
  isWhole(holdMs, holdMsMax) &&
  (locations === undefined || isListOfNames(locations)) &&
  (partial === undefined || partial === true)

const isExtend = ({ holdMs }: Extend): boolean => isWhole(holdMs, holdMsMax)

const isRelease = ({ qty, reason }: Release): boolean => isWholeOrAbsent(qty, qtyMax) && ReleaseReason.includes(reason)

interface Usual {
  /** What a command of the type may say. */
  readonly fields: ReadonlySet<string>
  /** Whether what only its type says is right. */
  readonly isRight: (command: Command) => boolean
}

const common = ["type", "id", "sku", "issuedAtMs", "deadlineMs", "reservation"] as const
const usualTypes: ReadonlyMap<string, Usual> = new Map([
  [
    "Reserve",
    { fields: new Set([...common, "qty", "holdMs", "locations", "partial"]), isRight: (one) => one.type === "Reserve" && isReserve(one) },
  ],
  ["Confirm", { fields: new Set(common), isRight: (one) => one.type === "Confirm" }],
  ["Release", { fields: new Set([...common, "qty", "reason"]), isRight: (one) => one.type === "Release" && isRelease(one) }],
  ["Extend", { fields: new Set([...common, "holdMs"]), isRight: (one) => one.type === "Extend" && isExtend(one) }],
] satisfies ReadonlyArray<readonly [string, Usual]>)

const saysNothingElse = (command: Command, fields: ReadonlySet<string>): boolean => {
  for (const name in command) if (!fields.has(name) && Reflect.get(command, name) !== undefined) return false
  return true
}

/** The canonical text of a usual command, all of it ASCII; undefined: it isn't usual, or it is wrong. */
export const usualText = (command: Command): string | undefined => {
  const usual = usualTypes.get(command.type)
  if (usual === undefined || !isName(command.id) || !isSkuName(command.sku)) return undefined
  if (!isWhole(command.issuedAtMs, Number.MAX_SAFE_INTEGER) || !isWholeOrAbsent(command.deadlineMs, deadlineMsMax)) return undefined
  if (!("reservation" in command) || !isName(command.reservation) || !usual.isRight(command)) return undefined
  return saysNothingElse(command, usual.fields) ? commandText(command) : undefined
}
