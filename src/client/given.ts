/**
 * What a program gives the client, looked at before anything is done with it: options by their names, and the names that a question or a feed is about. A program without types may give anything. What is
 * wrong is named with the argument, with what was given and with what is allowed.
 */
import { fieldPath } from "../domain/field-path.ts"
import { whyNoId, whyNoReservationName, whyNoSender, whyNoSku } from "../domain/names.ts"
import { shownName } from "../domain/telling.ts"
import { idCharsMax, senderCharsMax, skuBytesMax } from "../limits.ts"
import type { AtsOptions } from "./ats-subscription.ts"
import type { ClientOptions, SendOptions } from "./client.ts"
import { type ClientEnvironment, processEnvironment } from "./environment.ts"
import { checkCallback, checkOptions, isRecord, type Numbers, namesOf, numbersOf, shown } from "./options.ts"

/** What a client may be told, by name. */
export const clientOptionNames = namesOf<ClientOptions>({
  timeoutMs: true,
  retryMs: true,
  retryMsMax: true,
  inFlightMax: true,
  onSettled: true,
  environment: true,
})

const checkEnvironment = (environment: unknown): void => {
  if (environment === undefined) return
  const parts = Object.keys(processEnvironment) as ReadonlyArray<keyof ClientEnvironment>
  if (!isRecord(environment)) throw new TypeError(`environment is ${shown(environment)}: it must be { ${parts.join(", ")} }`)
  for (const part of parts) {
    const given = environment[part]
    if (typeof given !== "function") throw new TypeError(`environment.${part} is ${shown(given)}: it must be a function`)
  }
}

/** What a client was told, and the defaults of the rest. Throws a TypeError or a RangeError that names the option which can't be one. */
export const clientNumbers = (options: ClientOptions): Numbers => {
  checkOptions("the options of a client", options, clientOptionNames)
  checkCallback("onSettled", options.onSettled)
  checkEnvironment(options.environment)
  return numbersOf(options)
}

const sendOptionNames = namesOf<SendOptions>({ timeoutMs: true, onSettled: true, traceparent: true })
const noOptions = {}

/** The options of one command; none were given: none. */
export const sendOptions = <Answer>(options: SendOptions<Answer> | undefined): SendOptions<Answer> => {
  if (options === undefined) return noOptions
  checkOptions("the options of a command", options, sendOptionNames)
  return options
}

/** What a name must be: why a text is none, and in words. */
interface NameRule {
  readonly why: (text: string) => string | undefined
  readonly allowed: string
}

const id = `1 to ${idCharsMax} of A-Z, a-z, 0-9 and _ . : -`

/** A SKU. */
export const skuName: NameRule = { why: whyNoSku, allowed: `text of 1 to ${skuBytesMax} bytes of UTF-8` }
/** A reservation, by whatever name it is known. */
export const reservationName: NameRule = { why: whyNoReservationName, allowed: `text, such as the id it was reserved under: ${id}` }
/** An order, by the id its channel gave it. */
export const orderName: NameRule = { why: whyNoId, allowed: `text: ${id}` }
/** A channel, by its name as a sender. */
export const channelName: NameRule = { why: whyNoSender, allowed: `text: 1 to ${senderCharsMax} of a-z, 0-9, _ and -` }

/** A RangeError that names the argument, what was given and what is allowed; undefined: it can be such a name. */
export const nameFault = (argument: string, given: unknown, { why, allowed }: NameRule): RangeError | undefined => {
  if (typeof given !== "string") return new RangeError(`${argument} is ${shown(given)}: it must be ${allowed}`)
  const fault = why(given)
  return fault === undefined ? undefined : new RangeError(`${argument} is ${shownName(given)}: ${fault}`)
}

/** Throws it. */
export const checkName = (argument: string, given: unknown, rule: NameRule): void => {
  const fault = nameFault(argument, given, rule)
  if (fault !== undefined) throw fault
}

const atsOptionNames = namesOf<AtsOptions>({ onValue: true, onGap: true, skus: true, current: true })

/** Throws what a mistake of the program is, naming the option: a callback that is none, or a SKU that can't be one. */
export const checkAtsOptions = (options: AtsOptions): void => {
  checkOptions("the options to follow ATS with", options, atsOptionNames)
  const { onValue, onGap, skus, current } = options
  if (typeof onValue !== "function") throw new TypeError(`onValue is ${shown(onValue)}: it must be a function`)
  checkCallback("onGap", onGap)
  if (current !== undefined && typeof current !== "boolean") throw new TypeError(`current is ${shown(current)}: it must be true or false`)
  if (skus !== undefined && !Array.isArray(skus)) throw new TypeError(`skus is ${shown(skus)}: it must be a list of SKUs`)
  for (const [at, sku] of (skus ?? []).entries()) checkName(fieldPath("skus", at), sku, skuName)
}
