/**
 * Messages that an ingress took, as bytes, version 1: a frame that is handed to an owner, and a stored message of the commands stream.
 *
 * Both are one line of JSON, a line end, and the canonical bodies of the messages one after another, verbatim: the hash an id is bound to can be taken again, and nobody spells a
 * command twice. Written by ingresses alone and read by owners alone, so what doesn't fit is no tolerance but unreadable. A line: `{"v":1, "ingress"?, "serial"?, "acknowledged"?, "messages":[…]}`,
 * each message `[sender, class, SKU token, reply suffix or null, published at, traceparent or null, bytes of its body, 1 if its sender has the role bulk, else 0]`.
 */
import { Result, Schema } from "effect"
import { CountField } from "../domain/fields.ts"
import { isSender, type SenderId, skuFromToken, skuToken } from "../domain/names.ts"
import { isTraceparent } from "../domain/traces.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { DecodedBatch, DecodedBody, StoredBatch, TakenMessage } from "../engine/protocol.ts"
import type { SkuKind } from "../kinds/sku/types.ts"
import { ClassField } from "./fields.ts"
import { isNewer, parseJson } from "./json.ts"
import type { KindJson } from "./kind-json.ts"
import { skuJson } from "./sku-json.ts"
import { isReplySuffix } from "./subjects.ts"

/** The version of frames and stored messages that this release writes, and the newest it reads. */
const takenVersion = 1

/** The canonical text of a message's body, as it travels from here on. */
export const bodyText = (body: DecodedBody): string => {
  if (body._tag === "Undecodable") return ""
  const texts = body.commands.map((decoded) => (decoded._tag === "Command" ? decoded.text : ""))
  return body.array ? `[${texts.join(",")}]` : (texts[0] ?? "")
}

const lineOf = ({ sender, class: commandClass, bulk, key, reply, publishedMs, trace, bytes }: TakenMessage): string => {
  const suffix = reply === null ? "null" : `"${reply}"`
  return `["${sender}","${commandClass}","${skuToken(key)}",${suffix},${publishedMs},${trace === null ? "null" : `"${trace}"`},${bytes},${bulk ? 1 : 0}]`
}

const encode = (head: string, messages: ReadonlyArray<TakenMessage>): Uint8Array => {
  let text = `${head}"messages":[`
  for (let i = 0; i < messages.length; i++) text += `${i === 0 ? "" : ","}${lineOf(messages[i] as TakenMessage)}`
  text += "]}\n"
  for (const { body } of messages) text += bodyText(body)
  return Buffer.from(text, "utf8")
}

/** A frame: messages for one reign. */
export const encodeFrame = (messages: ReadonlyArray<TakenMessage>): Uint8Array => encode(`{"v":${takenVersion},`, messages)

/** A stored message. The ingress's name is one subject token. */
export const encodeBatch = ({ ingress, serial, acknowledged, messages }: StoredBatch): Uint8Array =>
  encode(`{"v":${takenVersion},"ingress":"${ingress}","serial":${serial},"acknowledged":${acknowledged},`, messages)

const MessageJson = Schema.Tuple([
  Schema.String,
  ClassField,
  Schema.String,
  Schema.NullOr(Schema.String),
  CountField,
  Schema.NullOr(Schema.String),
  CountField,
  Schema.Literals([0, 1]),
])
const HeadJson = Schema.Struct({
  v: Schema.Literal(takenVersion),
  ingress: Schema.optionalKey(Schema.String),
  serial: Schema.optionalKey(CountField),
  acknowledged: Schema.optionalKey(CountField),
  messages: Schema.Array(MessageJson),
})
const decodeHead = Schema.decodeUnknownResult(HeadJson)

interface Head<K extends KindTypes> {
  readonly ingress: string
  readonly serial: number
  readonly acknowledged: number
  readonly messages: ReadonlyArray<TakenMessage<K>>
}

type NotTaken = { readonly _tag: "Newer"; readonly version: number } | { readonly _tag: "Unreadable"; readonly cause: string }

/** What has to be known of the kind whose messages they are. */
type TakenReader<K extends KindTypes> = Pick<KindJson<K>, "isKey" | "decodeBody">

const unreadable = (cause: string): NotTaken => ({ _tag: "Unreadable", cause })

const lineEnd = 0x0a

const decode = <K extends KindTypes>(
  kind: TakenReader<K>,
  bytes: Uint8Array,
): { readonly _tag: "Whole"; readonly head: Head<K> } | NotTaken => {
  const end = bytes.indexOf(lineEnd)
  if (end < 0) return unreadable("it has no first line")
  const parsed = parseJson(bytes.subarray(0, end))
  if (parsed._tag === "Refused" || typeof parsed.value !== "object" || parsed.value === null)
    return unreadable("its first line is no JSON object")
  const version: unknown = Reflect.get(parsed.value, "v")
  if (isNewer(version, takenVersion)) return { _tag: "Newer", version }
  const head = decodeHead(parsed.value)
  if (Result.isFailure(head)) return unreadable("its first line has another form")
  const messages: Array<TakenMessage<K>> = []
  let from = end + 1
  for (const line of head.success.messages) {
    const message = messageOf(kind, line, bytes.subarray(from, from + line[6]))
    if (message === undefined) return unreadable("a message in it has another form")
    messages.push(message)
    from += line[6]
  }
  if (from !== bytes.length) return unreadable(`it has ${bytes.length} bytes, its messages ${from}`)
  const { ingress, serial, acknowledged } = head.success
  return { _tag: "Whole", head: { ingress: ingress ?? "", serial: serial ?? 0, acknowledged: acknowledged ?? 0, messages } }
}

const messageOf = <K extends KindTypes>(
  kind: TakenReader<K>,
  line: typeof MessageJson.Type,
  bytes: Uint8Array,
): TakenMessage<K> | undefined => {
  const [sender, commandClass, token, reply, publishedMs, trace, , bulk] = line
  const key = skuFromToken(token)
  if (!isSender(sender) || key === undefined || !kind.isKey(key) || (reply !== null && !isReplySuffix(reply))) return undefined
  return {
    sender: sender as SenderId,
    class: commandClass,
    bulk: bulk === 1,
    key,
    reply,
    publishedMs,
    // It goes into a record as it stands here. One of another form is left out: no decision may wait for a trace.
    trace: trace !== null && isTraceparent(trace) ? trace : null,
    bytes: bytes.length,
    body: kind.decodeBody(bytes),
  }
}

/** The messages of a frame, or why there are none. */
export type DecodedFrame<K extends KindTypes> = { readonly _tag: "Frame"; readonly messages: ReadonlyArray<TakenMessage<K>> } | NotTaken

/** What a frame for a reign of that kind holds. */
export const decodeFrameOf = <K extends KindTypes>(kind: TakenReader<K>, bytes: Uint8Array): DecodedFrame<K> => {
  const decoded = decode(kind, bytes)
  return decoded._tag === "Whole" ? { _tag: "Frame", messages: decoded.head.messages } : decoded
}

/** What a stored message for a partition of that kind holds. */
export const decodeBatchOf = <K extends KindTypes>(kind: TakenReader<K>, bytes: Uint8Array): DecodedBatch<K> => {
  const decoded = decode(kind, bytes)
  if (decoded._tag !== "Whole") return decoded
  const { ingress, serial, acknowledged, messages } = decoded.head
  if (ingress === "" || serial < 1 || acknowledged >= serial) return { _tag: "Unreadable", cause: "it doesn't say which ingress stored it" }
  return { _tag: "Batch", batch: { ingress, serial, acknowledged, messages } }
}

/** The same for reigns and partitions of SKUs. */
export const decodeFrame = (bytes: Uint8Array): DecodedFrame<SkuKind> => decodeFrameOf(skuJson, bytes)
/** What an ingress stored for a partition of SKUs. */
export const decodeBatch = (bytes: Uint8Array): DecodedBatch<SkuKind> => decodeBatchOf(skuJson, bytes)
