/**
 * A command message's body: its commands, or why there are none. Never throws, whatever the bytes are.
 *
 * One fault in a body that can be split spoils only its own command. What can't be split (too long, no JSON, an element that is no object,
 * a key twice) is one refusal for the whole message.
 */
import { type CommandId, isId, isSku, type Sku } from "../domain/names.ts"
import type { Refusal } from "../domain/refusals.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { DecodedBody, DecodedCommand } from "../engine/protocol.ts"
import type { SkuDecodedBody, SkuKind } from "../kinds/sku/types.ts"
import { bodyBytesMax, commandsPerMessageMax } from "../limits.ts"
import { commandText } from "./canonical.ts"
import { fieldName, type NoCommand } from "./command-json.ts"
import { readCommandJson } from "./commands.ts"
import { parseStrictJson } from "./json.ts"
import { readCanonicalBody } from "./reader.ts"

/** What has to be known of the kind whose commands are in a body. */
export interface BodyReader<K extends KindTypes> {
  /** Commands that one body may hold. */
  readonly commandsMax: number
  readonly read: (json: object) => K["command"] | NoCommand
  readonly commandText: (command: K["command"]) => string
  /** The actor that a JSON object names, which may spell no command: so that even a refused one can be told from its neighbours. */
  readonly keyIn: (json: object) => K["key"] | null
}

const undecodable = (refusal: Refusal) => ({ _tag: "Undecodable", refusal }) as const

/** The commands of a body in any spelling, in its order. */
export const decodeBodyBy = <K extends KindTypes>(reader: BodyReader<K>, body: Uint8Array): DecodedBody<K> => {
  if (body.length > bodyBytesMax) return undecodable({ reason: "Malformed" })
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
  if (objects.length === 0 || objects.length > reader.commandsMax) return undecodable({ reason: "TooManyCommands" })
  return { _tag: "Commands", array, commands: objects.map((json) => decodeCommand(reader, json)) }
}

const decodeCommand = <K extends KindTypes>(reader: BodyReader<K>, json: object): DecodedCommand<K> => {
  const decoded = reader.read(json)
  if (!("type" in decoded)) return { _tag: "Invalid", ...decoded, id: idOf(json), key: reader.keyIn(json) }
  return { _tag: "Command", command: decoded, text: reader.commandText(decoded) }
}

const idOf = (json: object): CommandId | null => {
  const id: unknown = Reflect.get(json, "id")
  return typeof id === "string" && isId(id) ? (id as CommandId) : null
}

const skuOf = (json: object): Sku | null => {
  const sku: unknown = Reflect.get(json, "sku")
  return typeof sku === "string" && isSku(sku) ? sku : null
}

const ofSkus: BodyReader<SkuKind> = { commandsMax: commandsPerMessageMax, read: readCommandJson, commandText, keyIn: skuOf }

/** The commands of a body about SKUs, in its order. */
export const decodeBody = (body: Uint8Array): SkuDecodedBody => readCanonicalBody(body) ?? decodeAnySpelling(body)

/** As {@link decodeBody}, the long way only. Apart so that a test can hold the fast reader against it. */
export const decodeAnySpelling = (body: Uint8Array): SkuDecodedBody => decodeBodyBy(ofSkus, body)
