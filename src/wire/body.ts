/**
 * A command message's body: its commands, or why there are none. Never throws, whatever the bytes are.
 *
 * One fault in a body that can be split spoils only its own command. What can't be split (too long, no JSON, an element that is no object,
 * a key twice) is one refusal for the whole message.
 */
import { type CommandId, isId, isSku, type Sku } from "../domain/names.ts"
import type { Refusal } from "../domain/refusals.ts"
import type { SkuDecodedBody, SkuDecodedCommand } from "../kinds/sku/types.ts"
import { bodyBytesMax, commandsPerMessageMax } from "../limits.ts"
import { commandText } from "./canonical.ts"
import { fieldName } from "./command-json.ts"
import { readCommandJson } from "./commands.ts"
import { parseStrictJson } from "./json.ts"
import { readCanonicalBody } from "./reader.ts"

const undecodable = (refusal: Refusal): SkuDecodedBody => ({ _tag: "Undecodable", refusal })

/** The commands of a body, in its order. */
export const decodeBody = (body: Uint8Array): SkuDecodedBody => {
  if (body.length > bodyBytesMax) return undecodable({ reason: "Malformed" })
  return readCanonicalBody(body) ?? decodeAnySpelling(body)
}

/** As {@link decodeBody}, the long way only. Apart so that a test can hold the fast reader against it. */
export const decodeAnySpelling = (body: Uint8Array): SkuDecodedBody => {
  const parsed = parseStrictJson(body)
  if (parsed._tag === "Refused") {
    return undecodable(parsed.key === undefined ? { reason: "Malformed" } : { reason: "Malformed", field: fieldName(parsed.key) })
  }
  const array = Array.isArray(parsed.value)
  const elements: ReadonlyArray<unknown> = Array.isArray(parsed.value) ? parsed.value : [parsed.value]
  const objects = elements.filter(
    (element): element is object => typeof element === "object" && element !== null && !Array.isArray(element),
  )
  if (objects.length !== elements.length) return undecodable({ reason: "Malformed" })
  if (objects.length === 0 || objects.length > commandsPerMessageMax) return undecodable({ reason: "TooManyCommands" })
  return { _tag: "Commands", array, commands: objects.map(decodeCommand) }
}

const decodeCommand = (json: object): SkuDecodedCommand => {
  const decoded = readCommandJson(json)
  if (!("type" in decoded)) return { _tag: "Invalid", ...decoded, id: idOf(json), key: skuOf(json) }
  return { _tag: "Command", command: decoded, text: commandText(decoded) }
}

// So that even a refused command can be told from its neighbours by whoever sent it.
const idOf = (json: object): CommandId | null => {
  const id: unknown = Reflect.get(json, "id")
  return typeof id === "string" && isId(id) ? (id as CommandId) : null
}
const skuOf = (json: object): Sku | null => {
  const sku: unknown = Reflect.get(json, "sku")
  return typeof sku === "string" && isSku(sku) ? sku : null
}
