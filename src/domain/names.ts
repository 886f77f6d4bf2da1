/**
 * The names that identify things, and the one canonical spelling each has.
 *
 * A SKU travels as a subject token; if two spellings of it were accepted, one SKU could hash to two partitions and so
 * have two writers. Therefore: one token for each SKU, and whatever isn't that token is refused.
 */
import { idCharsMax, senderCharsMax, skuBytesMax } from "../limits.ts"

declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** What is stocked: 1 to `skuBytesMax` bytes of UTF-8 without control characters. Case matters. */
export type Sku = Brand<string, "Sku">
/** What the actor of some of a channel's orders is named by; see order/names.ts. */
export type OrderBookKey = Brand<string, "OrderBookKey">
/** What an actor is named by, whatever its kind. Every kind's keys have the one canonical spelling of SKUs. */
export type ActorKey = Brand<string, "Sku" | "OrderBookKey">
/** Where it is stocked: same alphabet as ids. */
export type LocationId = Brand<string, "LocationId">
/** Who sends: a channel, a warehouse or an operator. Known from the credentials by way of the subject, never from a body. */
export type SenderId = Brand<string, "SenderId">
/** A sender's own id of a command; in scope of (sender, SKU). */
export type CommandId = Brand<string, "CommandId">
/** A channel's own id of a reservation; in scope of (channel, SKU). */
export type ReservationId = Brand<string, "ReservationId">
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number

/** What a credential may send. Each class is a subject token that the server's permissions name. */
export const CommandClass = ["sell", "stock", "policy", "operator"] as const
export type CommandClass = (typeof CommandClass)[number]

const idChars = `[A-Za-z0-9_.:-]{1,${idCharsMax}}`
const idPattern = new RegExp(`^${idChars}$`)
const reservationPattern = new RegExp(`^(?:@${idChars}|${idChars}(?:~${idChars}(?:~[1-9][0-9]{0,8})?)?)$`)
const senderPattern = new RegExp(`^[a-z0-9][a-z0-9_-]{0,${senderCharsMax - 1}}$`)

/** Whether `text` may be a command id, reservation id, location or reference. */
export const isId = (text: string): boolean => idPattern.test(text)

/**
 * Whether `text` may be the name a reservation is known by: the id its channel gave it, one made by {@link saleReservation}, or that of an order's line, which is the order's id behind an @. A command that
 * begins a reservation gives it an id; only commands that refer to one may use the other forms.
 */
export const isReservationName = (text: string): text is ReservationId => reservationPattern.test(text)

/**
 * The name of the reservation for a sale (`id`) that was put under an ended one (`named`). No id contains the character that joins them, so
 * no channel can have given that name before. `attempt` counts from 1; above it, the sale was decided again after its first one had ended.
 */
export const saleReservation = (named: ReservationId, id: CommandId, attempt: number): ReservationId =>
  (attempt === 1 ? `${named}~${id}` : `${named}~${id}~${attempt}`) as ReservationId

/** Whether `text` may name a sender. */
export const isSender = (text: string): text is SenderId => senderPattern.test(text)

/**
 * The name under which a partition's commands to other actors are decided: `@order.3`. It begins with a character that no sender's name may begin with, so no configuration, login or subject can name one.
 */
export const internalSender = (kind: string, partition: number): SenderId => `@${kind}.${partition}` as SenderId

const internalPattern = /^@([a-z]+)\.(\d{1,9})$/

/** The partition that is named so; undefined: it is none of ours. */
export const placeOfInternal = (sender: SenderId): { readonly kind: string; readonly partition: number } | undefined => {
  const [, kind, partition] = internalPattern.exec(sender) ?? []
  return kind === undefined ? undefined : { kind, partition: Number(partition) }
}

/** Whether a sender is a partition of ours, which carries commands of its actors. */
export const isInternal = (sender: SenderId): boolean => sender.startsWith("@")

/** Bytes of `text` in UTF-8, lone surrogates counted as the three bytes they would become. */
export const utf8Bytes = (text: string): number => {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4
      i++
    } else bytes += 3
  }
  return bytes
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for.
const forbiddenInSku = /[\u0000-\u001f\u007f-\u009f]/
const plainSku = /^[A-Za-z0-9_-]{1,128}$/

/** Whether `text` may be a SKU: not empty, bounded, well-formed Unicode, no control characters. */
export const isSku = (text: string): text is Sku =>
  plainSku.test(text) ||
  (text.length > 0 && text.length <= skuBytesMax && utf8Bytes(text) <= skuBytesMax && !forbiddenInSku.test(text) && text.isWellFormed())

const codePoint = (char: string): string => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`

/** Why `text` can't be a SKU, for people: the bound, and how far it is from it. Undefined: it can. */
export const whyNoSku = (text: string): string | undefined => {
  if (isSku(text)) return undefined
  if (text === "") return `it is empty, and a SKU has 1 to ${skuBytesMax} bytes of UTF-8`
  const control = forbiddenInSku.exec(text)
  if (control !== null) return `it holds the control character ${codePoint(control[0])} at its character ${control.index + 1}`
  return text.isWellFormed()
    ? `it has ${utf8Bytes(text)} bytes of UTF-8, and a SKU has 1 to ${skuBytesMax}`
    : "it is no well-formed Unicode"
}

/** The same for a command id, reservation id, location or reference. */
export const whyNoId = (text: string): string | undefined => {
  if (isId(text)) return undefined
  if (text === "") return `it is empty, and an id has 1 to ${idCharsMax} characters`
  const other = /[^A-Za-z0-9_.:-]/u.exec(text)
  if (other !== null)
    return `it holds ${codePoint(other[0])} at its character ${other.index + 1}, and an id has only A-Z, a-z, 0-9 and _ . : -`
  return `it has ${text.length} characters, and an id has 1 to ${idCharsMax}`
}

/** The same for the name that a reservation is known by. */
export const whyNoReservationName = (text: string): string | undefined =>
  isReservationName(text) ? undefined : `it is neither a channel's own name of a reservation, nor @ and an order's: ${whyNoId(text) ?? ""}`

/** The same for the name of a sender. */
export const whyNoSender = (text: string): string | undefined => {
  if (isSender(text)) return undefined
  if (text === "") return `it is empty, and a sender's name has 1 to ${senderCharsMax} characters`
  const other = /[^a-z0-9_-]/u.exec(text)
  if (other !== null)
    return `it holds ${codePoint(other[0])} at its character ${other.index + 1}, and a sender's name has only a-z, 0-9, _ and -`
  return text.length > senderCharsMax
    ? `it has ${text.length} characters, and a sender's name has 1 to ${senderCharsMax}`
    : "a sender's name begins with a letter or a digit"
}

/** The canonical subject token of a SKU: UTF-8, every byte outside `A-Za-z0-9_-` as `%` and two uppercase hex digits. */
export const skuToken = (sku: string): string =>
  plainSku.test(sku) ? sku : encodeURIComponent(sku).replace(/[.!~*'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** The SKU that `token` spells, or undefined if the token isn't the canonical spelling of any. */
export const skuFromToken = (token: string): Sku | undefined => {
  if (plainSku.test(token)) return token as Sku
  if (token.length > skuBytesMax * 3) return undefined
  let sku: string
  try {
    sku = decodeURIComponent(token)
  } catch {
    return undefined
  }
  return isSku(sku) && skuToken(sku) === token ? sku : undefined
}

/**
 * FNV-1a, 32 bits, over the token's bytes: the function the server's `partition(N, …)` computes.
 * The token is ASCII by construction, so its characters are its bytes.
 */
export const tokenHash = (token: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < token.length; i++) {
    hash ^= token.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  return hash >>> 0
}

/** The partition of a SKU among `partitions`, as the server computes it from the canonical token. */
export const partitionOf = (sku: string, partitions: number): number => tokenHash(skuToken(sku)) % partitions
