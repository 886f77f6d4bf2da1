/**
 * What an ingress costs beside decoding: the same messages through the whole of it, and through the decoder alone, in the same run.
 *
 * Prints ratios and the difference in microseconds a message; absolute numbers drift with the machine. Cases: many messages of one command in a turn, one message in each turn, arrays of
 * 128 commands, facts that are stored, and what is told to come back.
 */
import "effect/schema/SchemaJITCompiler/enable"
import type { SenderId } from "../src/domain/names.ts"
import { emptyIngress } from "../src/ingress/ingress.ts"
import type { DoorMessage, IngressInput, IngressOutput } from "../src/ingress/protocol.ts"
import { makeIngressStep } from "../src/ingress/step.ts"
import { decodeBody } from "../src/wire/body.ts"
import { isReplySuffix } from "../src/wire/subjects.ts"
import { encodeBatch } from "../src/wire/taken.ts"
import { scriptOptions } from "./stage/options.ts"

const step = makeIngressStep({ decodeBody, encodeBatch, textBytes: (text) => Buffer.byteLength(text), isReplySuffix })
const encoder = new TextEncoder()
const startMs = 1_800_000_000_000
const plenty = { commandsPerSecond: 1e12, bytesPerSecond: 1e15 }

const reserve = (i: number) =>
  `{"v":1,"type":"Reserve","id":"c-${i}","sku":"SKU-${i % 64}","issuedAtMs":${startMs},"reservation":"order-${i}-1","qty":1,"holdMs":600000}`
const receipt = (i: number) =>
  `{"v":1,"type":"ReceiveStock","id":"c-${i}","sku":"SKU-${i % 64}","issuedAtMs":${startMs},"location":"main","qty":1}`

const message = (sender: string, path: string, body: string, i: number): DoorMessage => ({
  sender: sender as SenderId,
  path,
  replySubject: `hf.reply.${sender}.Xb3kA91mQ.${i}`,
  replyHeader: "",
  traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  body: encoder.encode(body),
})

/** An ingress whose owners hear everything and whose stream stores everything, at once. */
const begin = (owned: boolean) => {
  const senders = Array.from({ length: 64 }, (_, i) => ({
    sender: `web${i}` as SenderId,
    classes: ["sell"] as const,
    bulk: false,
    ...plenty,
  }))
  const wms = { sender: "wms" as SenderId, classes: ["stock"] as const, bulk: false, ...plenty }
  const ingress = emptyIngress({ ingress: "bench", partitions: { sku: 4, order: 1 }, senders: [...senders, wms] })
  const put = (input: IngressInput): void => perform(step(ingress, input))
  const perform = (outputs: ReadonlyArray<IngressOutput>): void => {
    for (const output of outputs) {
      if (output._tag === "HandOver") put({ _tag: "FrameHeard", nowMs: 1, frame: output.frame })
      else if (output._tag === "Store")
        put({ _tag: "Stored", nowMs: 1, kind: "sku", partition: output.partition, serial: output.serial, seq: 1 })
    }
  }
  put({ _tag: "BrokerTimeSeen", nowMs: 1, brokerMs: startMs })
  for (let partition = 0; owned && partition < 4; partition++)
    put({ _tag: "OwnerSeen", nowMs: 1, kind: "sku", partition, epoch: 1, owner: "o" })
  return put
}

/** Seconds of this thread on a core, the best of several runs: what else runs on the machine is not counted. */
const secondsOf = (run: () => void): number => {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 9; i++) {
    const before = process.threadCpuUsage()
    run()
    const { user, system } = process.threadCpuUsage(before)
    best = Math.min(best, user + system)
  }
  return best / 1e6
}

const measure = (name: string, messages: ReadonlyArray<DoorMessage>, aTurn: number, owned = true): void => {
  const put = begin(owned)
  const turns: Array<ReadonlyArray<DoorMessage>> = []
  for (let i = 0; i < messages.length; i += aTurn) turns.push(messages.slice(i, i + aTurn))
  const decoding = secondsOf(() => {
    for (const { body } of messages) decodeBody(body)
  })
  const whole = secondsOf(() => {
    for (const turn of turns) put({ _tag: "Arrived", nowMs: 1, messages: turn, publishedAfterMs: 0 })
  })
  const beside = ((whole - decoding) / messages.length) * 1e6
  console.log(`${name.padEnd(34)} ${(whole / decoding).toFixed(2)} × decoding, ${beside.toFixed(2)} µs a message beside it`)
}

scriptOptions("What an ingress costs beside decoding.", {})
const singles = Array.from({ length: 100_000 }, (_, i) => message(`web${i % 64}`, `sell.sku.SKU-${i % 64}`, reserve(i), i))
const arrays = Array.from({ length: 1_000 }, (_, i) => {
  const body = Array.from({ length: 128 }, (_, j) => reserve(i * 8_192 + j * 64))
  return message(`web${i % 64}`, "sell.sku.SKU-0", `[${body.join(",")}]`, i)
})
const facts = Array.from({ length: 100_000 }, (_, i) => message("wms", `stock.sku.SKU-${i % 64}`, receipt(i), i))
measure("one command, 256 a turn", singles, 256)
measure("one command, one a turn", singles, 1)
measure("128 commands, 8 a turn", arrays, 8)
measure("facts, 256 a turn, encoded", facts, 256)
measure("one command, nobody owns it", singles, 256, false)
