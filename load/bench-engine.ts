/**
 * How fast one core decides: bytes of command messages in, bytes of a journal record out, against bare JSON.parse + JSON.stringify of the same bytes in the same run.
 *
 * Prints ratios; absolute numbers drift with the machine. Cases: one SKU, 10,000 SKUs, one SKU with 1,000,000 open holds; and bytes of memory per SKU at 1,000,000 SKUs.
 */
import { emptyPartition, makeStep } from "../src/kinds/sku/partition.ts"
import type { SkuInput, SkuOutput, SkuPartition } from "../src/kinds/sku/types.ts"
import "effect/schema/SchemaJITCompiler/enable"
import type { CommandClass, SenderId, Sku } from "../src/domain/names.ts"
import { protocolRules } from "../src/engine/rules.ts"
import { engineCodec } from "../src/wire/codec.ts"
import { scriptOptions } from "./stage/options.ts"

const startMs = 1_800_000_000_000
const step = makeStep({ codec: engineCodec, rules: protocolRules })
const encoder = new TextEncoder()

/** A message as it is handed over, and its body as it was sent. */
interface Sent {
  readonly sender: SenderId
  readonly class: CommandClass
  readonly key: Sku
  readonly reply: string
  readonly publishedMs: number
  readonly body: Uint8Array
}

/** One partition with a broker that says yes to everything, at once. */
class Bench {
  readonly partition: SkuPartition = emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords: Number.MAX_SAFE_INTEGER })
  nowMs = startMs
  seq = 0
  journalSeq = 0
  recordBytes = 0
  /** Seconds from bytes to record bytes, and from there to replies and feed. */
  decideSeconds = 0
  saySeconds = 0

  constructor() {
    this.perform(this.put({ _tag: "SnapshotMissing", nowMs: this.nowMs }))
    this.perform(this.put({ _tag: "BrokerTimeSeen", nowMs: this.nowMs, brokerMs: this.nowMs }))
    this.perform(this.put({ _tag: "Claim", nowMs: this.nowMs, owner: "bench", incarnation: "bench" }))
  }

  put(input: SkuInput): ReadonlyArray<SkuOutput> {
    return step(this.partition, input)
  }

  /** Answers every output until none is left. */
  perform(outputs: ReadonlyArray<SkuOutput>): void {
    const { nowMs } = this
    for (const output of outputs) {
      if (output._tag === "Append") {
        this.recordBytes += output.bytes.length
        this.perform(this.put({ _tag: "AppendAcked", nowMs, messageId: output.messageId, seq: ++this.journalSeq, duplicate: false }))
      } else if (output._tag === "ReadClaimBasis")
        this.perform(
          this.put({ _tag: "ClaimBasisRead", nowMs, ask: output.ask, basis: { endSeq: 0, incarnation: null, witness: null, halt: null } }),
        )
      else if (output._tag === "SendReplies") this.put({ _tag: "RepliesSent", nowMs, seq: output.seq })
      else if (output._tag === "SendFeed") this.put({ _tag: "FeedSent", nowMs, group: output.group })
      else if (output._tag === "Halted") throw new Error(output.halt.detail)
    }
  }

  message(sender: string, commandClass: CommandClass, sku: string, body: Uint8Array): Sent {
    return { sender: sender as SenderId, class: commandClass, key: sku as Sku, reply: `c.${++this.seq}`, publishedMs: this.nowMs, body }
  }

  /** A batch a few milliseconds after the one before: time goes on, and not all holds end in one instant. */
  run(sent: ReadonlyArray<Sent>): void {
    this.nowMs += batchMs
    const began = cpuSeconds()
    const messages = sent.map((one) => ({
      ...one,
      bulk: false,
      trace: null,
      bytes: one.body.length,
      body: engineCodec.decodeBody(one.body),
    }))
    const outputs = this.put({ _tag: "CommandsHanded", nowMs: this.nowMs, messages })
    const decided = cpuSeconds()
    this.perform(outputs)
    this.decideSeconds += decided - began
    this.saySeconds += cpuSeconds() - decided
  }
}

const reserveBody = (sku: string, n: number): Uint8Array =>
  encoder.encode(
    `{"v":1,"type":"Reserve","id":"c-${n.toString(36).padStart(8, "0")}","sku":"${sku}","issuedAtMs":${startMs},"reservation":"r-${n.toString(36).padStart(8, "0")}","qty":1,"holdMs":600000}`,
  )

const confirmBody = (sku: string, n: number): Uint8Array =>
  encoder.encode(
    `{"v":1,"type":"Confirm","id":"k-${n.toString(36).padStart(8, "0")}","sku":"${sku}","issuedAtMs":${startMs},"reservation":"r-${n.toString(36).padStart(8, "0")}"}`,
  )

const policyBody = (sku: string): Uint8Array =>
  encoder.encode(
    `{"v":1,"type":"SetPolicy","id":"p","sku":"${sku}","issuedAtMs":${startMs},"policy":{"version":1,"channels":[{"channel":"web","priority":0,"bufferQty":0,"bufferPercent":0,"floorQty":0,"fenceQty":0},{"channel":"pos","priority":1,"bufferQty":2,"bufferPercent":5,"floorQty":1,"fenceQty":10}],"safety":[{"location":"DC1","qty":1}],"sourcing":["DC1"]}}`,
  )

const receiveBody = (sku: string, qty: number): Uint8Array =>
  encoder.encode(`{"v":1,"type":"ReceiveStock","id":"s","sku":"${sku}","issuedAtMs":${startMs},"location":"DC1","qty":${qty}}`)

const batchMessages = 512
const batchMs = 4

const stockUp = (bench: Bench, skus: ReadonlyArray<string>, qty: number): void => {
  for (let i = 0; i < skus.length; i += batchMessages) {
    const part = skus.slice(i, i + batchMessages)
    bench.run(part.map((sku) => bench.message("dc", "stock", sku, receiveBody(sku, qty))))
    bench.run(part.map((sku) => bench.message("boss", "policy", sku, policyBody(sku))))
  }
}

interface Case {
  readonly name: string
  readonly skus: number
  readonly openHolds: number
}

/** Commands of a case in batches: two thirds reserves and a third confirms of some of them. */
const traffic = (
  from: number,
  commands: number,
  skus: ReadonlyArray<string>,
): Array<{ readonly sku: string; readonly body: Uint8Array }> => {
  const made: Array<{ sku: string; body: Uint8Array }> = []
  for (let n = from; made.length < commands; n++) {
    const sku = skus[(n * 7_919) % skus.length] as string
    made.push({ sku, body: reserveBody(sku, n) })
    if (n % 2 === 1) made.push({ sku, body: confirmBody(sku, n) })
  }
  return made
}

/** This thread's CPU time: what the neighbours on the machine do doesn't count. */
const cpuSeconds = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1e6
}

/** Seconds of CPU for parsing and stringifying the same bytes, from bytes to bytes. */
const floorSeconds = (bodies: ReadonlyArray<{ readonly body: Uint8Array }>): number => {
  const decoder = new TextDecoder()
  const began = cpuSeconds()
  let bytes = 0
  for (let i = 0; i < bodies.length; i += batchMessages) {
    const texts: Array<string> = []
    for (const { body } of bodies.slice(i, i + batchMessages)) texts.push(JSON.stringify(JSON.parse(decoder.decode(body))))
    bytes += encoder.encode(texts.join(",")).length
  }
  if (bytes === 0) throw new Error("nothing was measured")
  return cpuSeconds() - began
}

/** Seconds for deciding the same bytes up to the record, and for saying what was decided. */
const oursSeconds = (bench: Bench, commands: ReadonlyArray<{ readonly sku: string; readonly body: Uint8Array }>) => {
  const messages = commands.map(({ sku, body }) => bench.message("web", "sell", sku, body))
  bench.decideSeconds = 0
  bench.saySeconds = 0
  for (let i = 0; i < messages.length; i += batchMessages) bench.run(messages.slice(i, i + batchMessages))
  return { decide: bench.decideSeconds, say: bench.saySeconds }
}

const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number

const runCase = (one: Case, rounds: number, commandsPerRound: number) => {
  const bench = new Bench()
  const skus = Array.from({ length: one.skus }, (_, i) => `SKU-${i.toString(36).padStart(6, "0")}`)
  stockUp(bench, skus, 100_000_000)
  let n = 0
  for (; n < one.openHolds; n += batchMessages) {
    const part = Array.from({ length: batchMessages }, (_, i) => reserveBody(skus[0] as string, 1_000_000_000 + n + i))
    bench.run(part.map((body) => bench.message("web", "sell", skus[0] as string, body)))
  }
  const rates: Array<number> = []
  const ratios: Array<number> = []
  const wholes: Array<number> = []
  for (let round = 0; round < rounds + 2; round++) {
    const commands = traffic(round * commandsPerRound, commandsPerRound, skus)
    const floor = floorSeconds(commands)
    const { decide, say } = oursSeconds(bench, commands)
    if (round < 2) continue
    rates.push(commands.length / decide)
    ratios.push(floor / decide)
    wholes.push(floor / (decide + say))
  }
  const ratio = median(ratios)
  return {
    name: one.name,
    perSecond: Math.round(median(rates)),
    ratio,
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    wholeRatio: median(wholes),
  }
}

const cases: ReadonlyArray<Case> = [
  { name: "1 SKU", skus: 1, openHolds: 0 },
  { name: "10,000 SKUs", skus: 10_000, openHolds: 0 },
  { name: "1 SKU, 1,000,000 open holds", skus: 1, openHolds: 1_000_000 },
]

const memoryPerSku = (skus: number): number => {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const bench = new Bench()
  const names = Array.from({ length: skus }, (_, i) => `SKU-${i.toString(36).padStart(6, "0")}`)
  stockUp(bench, names, 100)
  names.length = 0
  globalThis.gc?.()
  const bytes = (process.memoryUsage().heapUsed - before) / skus
  if (bench.partition.actorList.length !== skus) throw new Error("not every SKU was stocked")
  return bytes
}

const main = (): void => {
  const values = scriptOptions(
    "How fast one core decides, against bare JSON.parse and JSON.stringify of the same bytes.",
    {
      rounds: { fallback: "7", help: "rounds of each case", whole: 1 },
      commands: { fallback: "49152", help: "commands in a round", whole: 1 },
      skus: { fallback: "1000000", help: "SKUs whose memory is measured; 0: none", whole: 0 },
      only: { fallback: "", help: "only cases whose name contains this" },
    },
    { switches: { json: "print one line of JSON, and no table" } },
  )
  const results = cases
    .filter(({ name }) => values.only === "" || name.includes(values.only))
    .map((one) => {
      const result = runCase(one, Number(values.rounds), Number(values.commands))
      if (!values.json)
        console.log(
          `${result.name.padEnd(30)} ${String(result.perSecond).padStart(8)} commands/s   ${result.ratio.toFixed(2)} of JSON.parse + JSON.stringify (${result.ratioMin.toFixed(2)} to ${result.ratioMax.toFixed(2)}); with replies and feed ${result.wholeRatio.toFixed(2)}`,
        )
      return result
    })
  const first = results[0]
  if (!values.json && first !== undefined)
    for (const result of results.slice(1))
      console.log(`${result.name.padEnd(30)} ${(result.ratio / first.ratio).toFixed(2)} of the first case`)
  const skus = Number(values.skus)
  const bytes = skus > 0 ? Math.round(memoryPerSku(skus)) : null
  if (values.json) console.log(JSON.stringify({ results, bytesPerSku: bytes }))
  else if (bytes !== null) console.log(`memory: ${bytes} bytes per SKU at ${skus} SKUs, one location, two channels, no open reservation`)
}

main()
