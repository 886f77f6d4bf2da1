/**
 * A message of the commands stream that holds one message of one sender, as an ingress stores it: for tests, benches and simulations that play a stream without an ingress.
 *
 * The body goes in byte for byte, also one that no ingress would take: what an owner makes of that is its own to say.
 */
import type { CommandClass, EpochMs, SenderId, Sku } from "../domain/names.ts"
import { storedOf } from "../wire/subjects.ts"
import { encodeBatch } from "../wire/taken.ts"

/** What an ingress says of a message that it stores. */
export interface SentAlone {
  readonly sender: SenderId
  readonly class: CommandClass
  /** Of the subject that it came on. */
  readonly key: Sku
  readonly reply: string | null
  readonly publishedMs: EpochMs
}

/** Instead of the body, which is put behind the first line as it is. */
const noBody = { _tag: "Undecodable", refusal: { reason: "Malformed" } } as const

/** What the one ingress stores as its message `serial`, 1 or more. It never says which of them were acknowledged, so none is missed. */
export const batchAlone = (serial: number, sent: SentAlone, body: Uint8Array): Uint8Array => {
  const messages = [{ ...sent, bulk: false, trace: null, bytes: body.length, body: noBody }]
  return Buffer.concat([encodeBatch({ ingress: "alone", serial, acknowledged: 0, messages }), body])
}

/** The same as it lies at `seq` of the stream, which it was stored at when it was published. */
export const storedAlone = (partition: number, seq: number, sent: SentAlone, body: Uint8Array) => ({
  seq,
  subject: storedOf("sku", partition),
  headers: "",
  body: batchAlone(seq, sent, body),
  brokerMs: sent.publishedMs,
})
