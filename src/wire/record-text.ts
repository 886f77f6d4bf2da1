/**
 * The journal's records as text, version 3: what records.ts reads.
 *
 * A command stands in its record as its canonical text, verbatim: the hash its id is bound to can be taken again. What the messages of a batch mostly hold is written by hand, several times faster than JSON.stringify
 * would; a property test holds both to the same values.
 */
import type { Kind } from "../domain/kinds.ts"
import type { CommandClass, SenderId } from "../domain/names.ts"
import type { Cursor, DecidedCommand, Entry, JournaledDecision, MessageEntry, RecordEnvelope } from "../engine/records.ts"
import { payloadBytesMax } from "../limits.ts"
import { keyJson } from "./canonical.ts"
import { addRefusal } from "./events.ts"
import type { KindJson } from "./kind-json.ts"
import { sealOf } from "./sealed.ts"

/** An entry's JSON. `commandTexts` are the canonical texts of its commands, in order, where the caller has them. */
export const entryText = (kind: KindJson, entry: Entry, commandTexts?: ReadonlyArray<string | null>): string => {
  switch (entry._tag) {
    case "Message":
      return messageText(kind, entry, commandTexts)
    case "Stored":
      return `{"e":"stored","seq":${entry.seq},"ingress":"${entry.ingress}","serial":${entry.serial}${entry.missing === 0 ? "" : `,"missing":${entry.missing}`}}`
    case "Skipped":
      return JSON.stringify({ e: "skipped", seq: entry.seq, cause: entry.cause })
    case "Expiry":
      return `${kind.addEvents(`{"e":"expiry","${kind.keyName}":${keyJson(entry.key)},"ok":[`, entry.events)}}`
    case "Covered":
      return `${kind.addEvents(`{"e":"covered","${kind.keyName}":${keyJson(entry.key)},"ok":[`, entry.events)}}`
    case "Floor":
      return `{"e":"floor","from":"${entry.sender}","class":"${entry.class}","ms":${entry.floorMs}}`
    case "Settled":
      return `${addDecided(kind, `{"e":"settled","id":"${entry.quarantined}"${fromText(entry.sender, entry.class)}${replyText(entry.reply)},"d":`, entry.decided, commandTexts?.[0])}}`
    case "Reset": {
      const { from, cause, dropped } = entry
      const gone = dropped === null ? {} : { dropped: [dropped.firstSeq, dropped.lastSeq] }
      return JSON.stringify({ e: "reset", from: cursorJson(from), cause, ...gone })
    }
    case "Resumed": {
      const { by, reason, haltReason, lostAfterSeq } = entry
      return JSON.stringify({ e: "resumed", by, reason, halt: haltReason, ...(lostAfterSeq === null ? {} : { lost: lostAfterSeq }) })
    }
    case "Returned": {
      const { id, by, outcome, trace, key, events } = entry
      const traced = trace === undefined ? "" : `,"tp":"${trace}"`
      const said = `{"e":"returned","id":"${id}","by":["${by.kind}",${by.partition},${by.seq}],"said":${JSON.stringify(outcome)}${traced}`
      return `${kind.addEvents(`${said},"${kind.keyName}":${keyJson(key)},"ok":[`, events)}}`
    }
    case "Answered": {
      const { sender, class: commandClass, key, id, hash, issuedAtMs, replies, outcome } = entry
      const asked = `{"e":"answered"${fromText(sender, commandClass)},"${kind.keyName}":${keyJson(key)},"id":"${id}","hash":${hash}`
      return `${kind.addOutcome(`${asked},"ms":${issuedAtMs},"re":${JSON.stringify(replies)},"said":{`, outcome)}}}`
    }
  }
}

const cursorJson = ({ stream, seq, digest }: Cursor) => ({ stream, seq, digest })
// A suffix the engine let pass is made of subject tokens: nothing in it needs escaping.
const replyText = (reply: string | null): string => (reply === null ? "" : `,"re":"${reply}"`)
const fromText = (sender: SenderId, commandClass: CommandClass): string => `,"from":"${sender}","class":"${commandClass}"`

/** What the messages of a batch mostly share: who sent it, and when it was stored. Remembered from the last one. */
let shared = { sender: "" as SenderId, class: "sell" as CommandClass, brokerMs: -1, text: "" }
const sharedText = ({ sender, class: commandClass, brokerMs }: MessageEntry): string => {
  if (shared.sender !== sender || shared.class !== commandClass || shared.brokerMs !== brokerMs)
    shared = { sender, class: commandClass, brokerMs, text: `${fromText(sender, commandClass)},"ms":${brokerMs}` }
  return shared.text
}

const messageText = (kind: KindJson, entry: MessageEntry, commandTexts: ReadonlyArray<string | null> | undefined): string => {
  let text = entry.seq === null ? `{"e":"message"${sharedText(entry)}` : `{"e":"message","seq":${entry.seq}${sharedText(entry)}`
  if (entry.reply !== null) text = `${text},"re":"${entry.reply}"`
  if (entry.bulk) text = `${text},"bulk":1`
  if (entry.onBehalf !== undefined) text = `${text},"for":"${entry.onBehalf}"`
  if (entry.trace !== undefined) text = `${text},"tp":"${entry.trace}"`
  text += entry.array ? ',"list":1,"d":[' : ',"d":['
  for (let i = 0; i < entry.decided.length; i++) {
    const decided = entry.decided[i]
    if (decided !== undefined) text = addDecided(kind, i === 0 ? text : `${text},`, decided, commandTexts?.[i])
  }
  return `${text}]}`
}

const addDecided = (
  kind: KindJson,
  text: string,
  { command, named, decision }: DecidedCommand,
  known: string | null | undefined,
): string => {
  if (command !== null && named === null && decision._tag === "Accepted")
    return `${kind.addEvents(`${text}{"c":${known ?? kind.commandText(command)},"ok":[`, decision.events)}}`
  let grown = command === null ? `${text}{` : `${text}{"c":${known ?? kind.commandText(command)},`
  if (named !== null) grown = `${grown}"named":${namedText(kind, named)},`
  return `${addDecision(kind, grown, decision)}}`
}

const namedText = ({ keyName }: KindJson, { id, key }: NonNullable<DecidedCommand["named"]>): string =>
  JSON.stringify({ ...(id === null ? {} : { id }), ...(key === null ? {} : { [keyName]: key }) })

const addDecision = (kind: KindJson, text: string, decision: JournaledDecision): string => {
  switch (decision._tag) {
    case "Accepted":
      return kind.addEvents(`${text}"ok":[`, decision.events)
    case "Refused":
      return `${addRefusal(`${text}"no":{`, decision.refusal)}}`
    case "TooLate":
      return `${text}"late":1`
    case "Quarantined":
      return `${text}"held":${JSON.stringify({ id: decision.quarantined, cause: decision.cause })}`
    case "Repeated":
      return `${kind.addOutcome(`${text}"again":{`, decision.outcome)}}`
    case "Dropped":
      return `${text}"drop":${JSON.stringify(decision.reason)}`
    case "Begun":
      return kind.addEvents(`${text}"begun":[`, decision.events)
    case "Pending":
      return `${text}"pending":1`
  }
}

/** A record's bytes: its envelope around its entries' texts. */
export const recordBytes = (name: Kind, envelope: RecordEnvelope, entries: ReadonlyArray<string>): Uint8Array => {
  const head = JSON.stringify({
    v: envelope.version,
    ...(name === "sku" ? {} : { of: name }),
    kind: envelope.kind,
    partition: envelope.partition,
    incarnation: envelope.incarnation,
    owner: envelope.owner,
    epoch: envelope.epoch,
    cursor: cursorJson(envelope.cursor),
    atMs: envelope.atMs,
    prevSeq: envelope.prevSeq,
    prevHash: envelope.prevHash,
    publishedSeq: envelope.publishedSeq,
  })
  return bytesOf(`${head.slice(0, -1)},"entries":[`, entries)
}

/** Where records are put together: grown if one should ever be larger than the limit. */
let scratch = Buffer.alloc(payloadBytesMax)

/** Each entry is a rope of many small strings. Written one by one, they are copied once, straight to their place; joined first, three times. */
const bytesOf = (head: string, entries: ReadonlyArray<string>): Uint8Array => {
  let end = writeAt(head, 0)
  for (let i = 0; i < entries.length; i++) {
    if (i > 0) scratch[end++] = 0x2c
    end = writeAt(entries[i] ?? "", end)
  }
  end = writeAt("]", end)
  end = writeAt(sealOf(scratch, end), end)
  return new Uint8Array(scratch.subarray(0, end))
}

/** Writes at `start` and leaves room for one byte more. */
const writeAt = (text: string, start: number): number => {
  // UTF-8 takes at most three bytes for each UTF-16 unit.
  const needed = start + text.length * 3 + 1
  if (needed > scratch.length) scratch = Buffer.concat([scratch.subarray(0, start)], needed * 2)
  return start + scratch.write(text, start, "utf8")
}
