/**
 * What owners of partitions say to each other, version 1: frames of carried commands, and of what came of them (docs/adr/0017-commands-between-actors.md).
 *
 * Only workers of ours may publish them. Bytes are bounded before they are parsed, and what doesn't fit is no tolerance but unreadable. That is no decision: who asked asks again. A carried command is read by the kind
 * that is to decide it: one that this kind can't read spoils itself alone.
 *
 *   carry  {"v":1,"from":[kind,partition,owner],"settled":ms,"commands":[[id,key,on behalf of,ms,command,traceparent?],…]}   the command without id and time
 *   back   {"v":1,"returns":[[id,kind,partition,sequence,outcome],…]}
 */
import { Result, Schema } from "effect"
import { assert } from "../assert.ts"
import { CountField, SenderField } from "../domain/fields.ts"
import { internalSender } from "../domain/names.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { Carriage, CarriedReturn, DecodedCommand, TakenMessage } from "../engine/protocol.ts"
import type { CommandUnderWay } from "../engine/records.ts"
import { frameBytesMax, frameMessagesMax } from "../limits.ts"
import { commandVersion } from "./command-json.ts"
import { TraceField } from "./fields.ts"
import { ActorKeyField, CarriedIdField, KindWordField, OwnerField, PartitionField } from "./internal-fields.ts"
import { isNewer, parseJson } from "./json.ts"
import type { KindJson } from "./kind-json.ts"
import { ReturnedOutcomeJson } from "./returned.ts"

/** The version of both that this release writes, and the newest it reads. */
const carryVersion = 1

/** What has to be known of the kind that decides carried commands. */
export type CarriedReader<K extends KindTypes> = Pick<KindJson<K>, "commands" | "commandText" | "classOf">

/** What is sent of a command that is under way. The rest of it stays with who carries it. */
export type CarriedNow = Pick<CommandUnderWay, "id" | "key" | "onBehalf" | "atMs" | "command" | "trace">

const decodedOf = <K extends KindTypes>(reader: CarriedReader<K>, { id, key, atMs, command }: CarriedNow): DecodedCommand<K> => {
  const read = reader.commands.readCarried({ v: commandVersion, ...command, id, issuedAtMs: atMs })
  if (!("type" in read)) return { _tag: "Invalid", ...read, id, key }
  return { _tag: "Command", command: read, text: reader.commandText(read) }
}

/** A carried command as the partition that decides it takes it in: a message of its own. So it is handed over in memory, too, where both partitions have their owner in one process. */
export const carriedMessage = <K extends KindTypes>(
  reader: CarriedReader<K>,
  from: Carriage["from"],
  settledMs: number,
  carried: CarriedNow,
): TakenMessage<K> => {
  const decoded = decodedOf(reader, carried)
  const isRead = decoded._tag === "Command"
  return {
    sender: internalSender(from.kind, from.partition),
    class: isRead ? reader.classOf(decoded.command) : "sell",
    bulk: false,
    key: carried.key,
    reply: null,
    publishedMs: carried.atMs,
    trace: carried.trace ?? null,
    bytes: isRead ? Buffer.byteLength(decoded.text) : 0,
    body: { _tag: "Commands", array: false, commands: [decoded] },
    carriage: { from, onBehalf: carried.onBehalf, settledMs },
  }
}

/** Texts of a list's items in as many frames as they need, each within its bounds; an empty list needs none. */
const framed = (head: string, items: ReadonlyArray<string>): ReadonlyArray<Uint8Array> => {
  const tail = "]}"
  const frames: Array<Uint8Array> = []
  let texts: Array<string> = []
  let bytes = 0
  const close = (): void => {
    if (texts.length > 0) frames.push(Buffer.from(`${head}${texts.join(",")}${tail}`, "utf8"))
    texts = []
    bytes = Buffer.byteLength(head) + tail.length
  }
  close()
  for (const item of items) {
    const more = Buffer.byteLength(item) + 1
    if (texts.length === frameMessagesMax || (texts.length > 0 && bytes + more > frameBytesMax)) close()
    texts.push(item)
    bytes += more
    assert(bytes <= frameBytesMax, "whatever one actor says to another fits a frame")
  }
  close()
  return frames
}

/** The frames that carry commands to the reign that owns their partition. */
export const encodeCarry = (from: Carriage["from"], settledMs: number, commands: ReadonlyArray<CarriedNow>): ReadonlyArray<Uint8Array> =>
  framed(
    `{"v":${carryVersion},"from":${JSON.stringify([from.kind, from.partition, from.owner])},"settled":${settledMs},"commands":[`,
    commands.map(({ id, key, onBehalf, atMs, command, trace }) =>
      JSON.stringify(trace === undefined ? [id, key, onBehalf, atMs, command] : [id, key, onBehalf, atMs, command, trace]),
    ),
  )

/** The frames that say decisions to the reign that asked. */
export const encodeBack = (returns: ReadonlyArray<CarriedReturn>): ReadonlyArray<Uint8Array> =>
  framed(
    `{"v":${carryVersion},"returns":[`,
    returns.map(({ id, by, outcome }) => JSON.stringify([id, by.kind, by.partition, by.seq, outcome])),
  )

/** A command as an object with a type; whether it is one is for the kind to say that decides it. */
const CarriedCommandJson = Schema.Record(Schema.String, Schema.Unknown).pipe(
  Schema.refine((given): given is Record<string, unknown> & { readonly type: string } => typeof given.type === "string", {
    expected: "a command with its type",
  }),
)
const CarryJson = Schema.Struct({
  v: Schema.Literal(carryVersion),
  from: Schema.Tuple([KindWordField, PartitionField, OwnerField]),
  settled: CountField,
  commands: Schema.Array(
    Schema.Tuple([CarriedIdField, ActorKeyField, SenderField, CountField, CarriedCommandJson, Schema.optionalKey(TraceField)]),
  ),
})
const BackJson = Schema.Struct({
  v: Schema.Literal(carryVersion),
  returns: Schema.Array(Schema.Tuple([CarriedIdField, KindWordField, PartitionField, CountField, ReturnedOutcomeJson])),
})

/** A frame of a newer release, or none at all. `cause` is for people. */
export type NoFrame = { readonly _tag: "Newer"; readonly version: number } | { readonly _tag: "Unreadable"; readonly cause: string }

const unreadable = (cause: string): NoFrame => ({ _tag: "Unreadable", cause })

const frameDecoderOf = <S extends Schema.ConstraintDecoder<unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (bytes: Uint8Array): { readonly _tag: "Frame"; readonly frame: S["Type"] } | NoFrame => {
    if (bytes.length > frameBytesMax) return unreadable(`it has ${bytes.length} bytes, and a frame has ${frameBytesMax} at most`)
    const parsed = parseJson(bytes)
    if (parsed._tag === "Refused") return unreadable(parsed.cause)
    if (typeof parsed.value !== "object" || parsed.value === null) return unreadable("not an object")
    const version: unknown = Reflect.get(parsed.value, "v")
    if (isNewer(version, carryVersion)) return { _tag: "Newer", version }
    const decoded = decode(parsed.value)
    return Result.isFailure(decoded) ? unreadable("it has another form") : { _tag: "Frame", frame: decoded.success }
  }
}
const carryFrame = frameDecoderOf(CarryJson)
const backFrame = frameDecoderOf(BackJson)

/** The messages of a frame of carried commands, each of one command, or why there are none. */
export type DecodedCarry<K extends KindTypes> = { readonly _tag: "Carry"; readonly messages: ReadonlyArray<TakenMessage<K>> } | NoFrame

/** What a frame for a reign of that kind holds. */
export const decodeCarry = <K extends KindTypes>(reader: CarriedReader<K>, bytes: Uint8Array): DecodedCarry<K> => {
  const decoded = carryFrame(bytes)
  if (decoded._tag !== "Frame") return decoded
  const { from, settled, commands } = decoded.frame
  const [kind, partition, owner] = from
  const messages = commands.map(([id, key, onBehalf, atMs, command, trace]) => {
    const carried = trace === undefined ? { id, key, onBehalf, atMs, command } : { id, key, onBehalf, atMs, command, trace }
    return carriedMessage(reader, { kind, partition, owner }, settled, carried)
  })
  return { _tag: "Carry", messages }
}

/** The decisions that a frame says, or why there are none. */
export const decodeBack = (bytes: Uint8Array): { readonly _tag: "Back"; readonly returns: ReadonlyArray<CarriedReturn> } | NoFrame => {
  const decoded = backFrame(bytes)
  if (decoded._tag !== "Frame") return decoded
  const returns = decoded.frame.returns.map(([id, kind, partition, seq, outcome]) => ({ id, by: { kind, partition, seq }, outcome }))
  return { _tag: "Back", returns }
}
