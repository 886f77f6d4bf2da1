/**
 * The arguments and flags that several commands take, each checked where it is read: what can't be one is a wrong command line, told with the bound and with what was given, before anything is
 * connected to.
 */
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import { partitionsMax } from "../config.ts"
import { isQuarantinedId } from "../domain/fields.ts"
import { Kind } from "../domain/kinds.ts"
import { whyNoId, whyNoReservationName, whyNoSender, whyNoSku } from "../domain/names.ts"
import { counted, grouped } from "../domain/telling.ts"
import { textCharsMax } from "../limits.ts"

/** What is said of a value that `why` finds a fault with. */
const checked = (why: (value: string) => string | undefined) =>
  [(value: string): boolean => why(value) === undefined, (value: string): string => why(value) ?? ""] as const

export const skuArgument = (description: string): Argument.Argument<string> =>
  Argument.String("sku").pipe(Argument.withDescription(description), Argument.filter(...checked(whyNoSku)))

export const skuFlag = (description: string): Flag.Flag<string> =>
  Flag.String("sku").pipe(Flag.withMetavar("SKU"), Flag.withDescription(description), Flag.filter(...checked(whyNoSku)))

/** A reservation, by whatever name it is known. */
export const reservationFlag = (description: string): Flag.Flag<string> =>
  Flag.String("reservation").pipe(Flag.withMetavar("ID"), Flag.withDescription(description), Flag.filter(...checked(whyNoReservationName)))

/** An order, by the id its channel gave it. */
export const orderFlag = (description: string): Flag.Flag<string> =>
  Flag.String("order").pipe(Flag.withMetavar("ID"), Flag.withDescription(description), Flag.filter(...checked(whyNoId)))

/** A sender's name. */
export const senderFlag = (name: string, description: string): Flag.Flag<string> =>
  Flag.String(name).pipe(Flag.withMetavar("SENDER"), Flag.withDescription(description), Flag.filter(...checked(whyNoSender)))

const whyNoQuarantined = (id: string): string | undefined =>
  isQuarantinedId(id) ? undefined : "an id in quarantine is a record's number, a dash and a place, such as 17-0"

export const quarantinedArgument: Argument.Argument<string> = Argument.String("id").pipe(
  Argument.withDescription("Which, as `quarantine list` calls it"),
  Argument.filter(...checked(whyNoQuarantined)),
)

const whyNoText = (text: string): string | undefined => {
  if (text === "") return `it is empty, and takes 1 to ${textCharsMax} characters`
  if (!text.isWellFormed()) return "it is no well-formed Unicode"
  return text.length > textCharsMax ? `it has ${counted(text.length, "character")}, and takes 1 to ${textCharsMax}` : undefined
}

/** What a person says, to be journaled. */
export const textFlag = (name: string, description: string): Flag.Flag<string> =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.filter(...checked(whyNoText)))

/** A whole number in digits alone: `1e3`, `0x10` and `1.0000000000000000001` are whole numbers too once they are rounded, and nobody who typed one of them can be sure what was taken. */
const wholeOf = (text: string): Option.Option<number> => {
  const value = /^-?[0-9]+$/.test(text) ? Number(text) : Number.NaN
  // Adding 0 makes -0 a plain one.
  return Number.isSafeInteger(value) ? Option.some(value + 0) : Option.none()
}

const whyNoWhole = (text: string): string => {
  if (!/^-?[0-9]+$/.test(text)) return "it takes a whole number in plain digits, such as 1000"
  return `it is too ${text.startsWith("-") ? "small" : "large"} a number`
}

/** A flag that takes a whole number, of whatever size. */
export const wholeNumber = (name: string): Flag.Flag<number> =>
  Flag.String(name).pipe(Flag.withMetavar("N"), Flag.filterMap(wholeOf, whyNoWhole))

const range = (from: number, to: number) =>
  [
    (value: number): boolean => value >= from && value <= to,
    (): string => `it takes a whole number from ${grouped(from)} to ${grouped(to)}`,
  ] as const

/** A whole number. */
export const wholeFlag = (name: string, description: string, from: number, to: number): Flag.Flag<number> =>
  wholeNumber(name).pipe(Flag.withDescription(description), Flag.filter(...range(from, to)))

/** Whose partitions, where a partition is named by its number. */
export const kindFlag: Flag.Flag<Kind> = Flag.Literals("kind", Kind).pipe(
  Flag.withDescription("Whose partition: SKUs' (sku) or orders' (order); each kind counts its own from 0"),
  Flag.withDefault("sku" as const),
)

/** Whose partitions; null, if it isn't given: those of every kind. */
export const anyKindFlag = (description: string): Flag.Flag<Kind | null> =>
  Flag.Literals("kind", Kind).pipe(Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrNull))

/** A partition, as far as it can be told without the cluster: how many it has, only that knows. */
export const partitionFlag = (description: string): Flag.Flag<number> => wholeFlag("partition", description, 0, partitionsMax - 1)

export const partitionArgument = (description: string): Argument.Argument<number> =>
  Argument.String("partition").pipe(
    Argument.withDescription(description),
    Argument.filterMap(wholeOf, whyNoWhole),
    Argument.filter(...range(0, partitionsMax - 1)),
  )
