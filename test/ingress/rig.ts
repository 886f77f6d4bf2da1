/** One ingress with the real codec, fed by hand: what it is told, and what it asks for since. */

import type { CommandClass, CommandId, LocationId, ReservationId, SenderId, Sku } from "../../src/domain/names.ts"
import { partitionOf, skuToken } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { emptyIngress, type IngressCodec, type IngressOptions } from "../../src/ingress/ingress.ts"
import type { DoorMessage, IngressInput, IngressOutput, SenderBounds } from "../../src/ingress/protocol.ts"
import { makeIngressStep } from "../../src/ingress/step.ts"
import { viewIngress } from "../../src/ingress/view.ts"
import type { DoorAnswer } from "../../src/wire/answers.ts"
import { decodeBody } from "../../src/wire/body.ts"
import { commandText } from "../../src/wire/canonical.ts"
import { isReplySuffix } from "../../src/wire/subjects.ts"
import { decodeBatch, encodeBatch } from "../../src/wire/taken.ts"

export const codec: IngressCodec = { decodeBody, encodeBatch, textBytes: (text) => Buffer.byteLength(text), isReplySuffix }

/** The broker's clock is so far ahead of the steady one. */
export const brokerAheadMs = 1_800_000_000_000

export type Tagged<Tag extends IngressOutput["_tag"]> = Extract<IngressOutput, { readonly _tag: Tag }>
type Told<Input = IngressInput> = Input extends IngressInput ? Omit<Input, "nowMs"> : never

export const bounds = (sender: string, classes: ReadonlyArray<CommandClass>, perSecond = 1_000): SenderBounds => ({
  sender: sender as SenderId,
  classes,
  bulk: false,
  commandsPerSecond: perSecond,
  bytesPerSecond: perSecond * 1_000,
})

export const senders: ReadonlyArray<SenderBounds> = [
  bounds("web", ["sell"]),
  bounds("pos", ["sell"]),
  bounds("wms", ["stock"]),
  bounds("ops", ["operator", "policy"]),
]

let ids = 0
export const reserve = (sku: string, more: object = {}): Command =>
  ({
    type: "Reserve",
    id: `c-${++ids}` as CommandId,
    sku: sku as Sku,
    issuedAtMs: 5,
    reservation: `r-${ids}` as ReservationId,
    qty: 1,
    holdMs: 60_000,
    ...more,
  }) as Command
export const receive = (sku: string): Command => ({
  type: "ReceiveStock",
  id: `c-${++ids}` as CommandId,
  sku: sku as Sku,
  issuedAtMs: 5,
  location: "main" as LocationId,
  qty: 1,
})
export const recordSale = (sku: string): Command => ({
  type: "RecordSale",
  id: `c-${++ids}` as CommandId,
  sku: sku as Sku,
  issuedAtMs: 5,
  mode: "taken",
  qty: 1,
  location: "main" as LocationId,
})

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const bodyOf = (commands: Command | ReadonlyArray<Command>): Uint8Array =>
  bytesOf(Array.isArray(commands) ? `[${commands.map(commandText).join(",")}]` : commandText(commands as Command))

let replies = 0
/** A message as it comes in, with a reply of its own. */
export const message = (sender: string, path: string, body: Uint8Array, more: Partial<DoorMessage> = {}): DoorMessage => ({
  sender: sender as SenderId,
  path,
  replySubject: `hf.reply.${sender}.r.${++replies}`,
  replyHeader: "",
  traceparent: "",
  body,
  ...more,
})
export const sell = (sender: string, sku: string, more: Partial<DoorMessage> = {}): DoorMessage =>
  message(sender, `sell.sku.${skuToken(sku)}`, bodyOf(reserve(sku)), more)
export const fact = (sku: string, more: Partial<DoorMessage> = {}): DoorMessage =>
  message("wms", `stock.sku.${skuToken(sku)}`, bodyOf(receive(sku)), more)

/** The `n`th SKU of a partition. */
export const skuIn = (partition: number, partitions: number, n = 0): string => {
  for (let i = 0, found = 0; ; i++) if (partitionOf(`S-${i}`, partitions) === partition && found++ === n) return `S-${i}`
}

export class Rig {
  readonly ingress
  readonly step
  nowMs = 1_000
  /** Everything it asked for, in order. */
  readonly outputs: Array<IngressOutput> = []

  constructor(options: Partial<IngressOptions> = {}, given: IngressCodec = codec) {
    this.ingress = emptyIngress({ ingress: "i-1", partitions: { sku: 4, order: 1 }, senders, ...options })
    this.step = makeIngressStep(given)
  }

  /** With broker time and an owner of each partition known. */
  static begun(options: Partial<IngressOptions> = {}, given: IngressCodec = codec): Rig {
    const rig = new Rig(options, given)
    rig.hearTime()
    for (const { partition } of rig.ingress.counters)
      rig.tell({ _tag: "OwnerSeen", kind: "sku", partition, epoch: 1, owner: `o-${partition}` })
    return rig
  }

  tell(input: Told): ReadonlyArray<IngressOutput> {
    const outputs = this.step(this.ingress, { ...input, nowMs: this.nowMs } as IngressInput)
    this.outputs.push(...outputs)
    return outputs
  }

  hearTime(): ReadonlyArray<IngressOutput> {
    return this.tell({ _tag: "BrokerTimeSeen", brokerMs: this.nowMs + brokerAheadMs })
  }

  /** Messages that are at most `ageMs` old arrive in one turn. */
  arrive(messages: ReadonlyArray<DoorMessage>, ageMs = 0): ReadonlyArray<IngressOutput> {
    return this.tell({ _tag: "Arrived", messages, publishedAfterMs: this.nowMs - ageMs })
  }

  /** Time goes by, with a tick at its end. */
  pass(ms: number): ReadonlyArray<IngressOutput> {
    this.nowMs += ms
    return this.tell({ _tag: "Tick" })
  }

  view() {
    return viewIngress(this.ingress, this.nowMs)
  }
}

export const ofTag = <Tag extends IngressOutput["_tag"]>(outputs: ReadonlyArray<IngressOutput>, tag: Tag): ReadonlyArray<Tagged<Tag>> =>
  outputs.filter((output): output is Tagged<Tag> => output._tag === tag)

export const answers = (outputs: ReadonlyArray<IngressOutput>): ReadonlyArray<DoorAnswer> =>
  ofTag(outputs, "Answer").map(({ answer }) => answer)

/** What a stored message holds. */
export const batchOf = ({ bytes }: Tagged<"Store">) => {
  const decoded = decodeBatch(bytes)
  if (decoded._tag !== "Batch") throw new Error(`no stored message: ${decoded._tag}`)
  return decoded.batch
}
