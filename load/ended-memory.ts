/**
 * One sender that reserves and releases at full rate on one SKU, through the shipped engine: every reservation ends, and has to be remembered so that nothing is done twice in its name.
 *
 * The broker's time goes on as if so many commands a second were decided. Prints, as it goes, what is remembered and the memory it takes, and at the end bytes for each ended reservation, how often
 * the sender was told to come back, and how late words on the first, a middle and the last reservation are answered. Ends with 1 if it was held off, or if one of them is answered wrongly.
 */
import { emptyPartition, makeStep } from "../src/kinds/sku/partition.ts"
import type { DecisionSaid, Input, Output, TakenMessage } from "../src/kinds/sku/types.ts"
import "effect/schema/SchemaJITCompiler/enable"
import type { CommandClass, SenderId, Sku } from "../src/domain/names.ts"
import { protocolRules } from "../src/engine/rules.ts"
import { engineCodec } from "../src/wire/codec.ts"
import { scriptOptions } from "./stage/options.ts"

const values = scriptOptions("One sender that reserves and releases at full rate on one SKU, through the shipped engine.", {
  commands: { fallback: "4000000", help: "how many are sent", whole: 1 },
  "per-second": { fallback: "30000", help: "commands in a second of the broker's time", whole: 1 },
  every: { fallback: "1000000", help: "commands between two lines", whole: 1 },
})
const commands = Number(values.commands)
const perSecond = Number(values["per-second"])
const every = Number(values.every)
const commandsPerMessage = 100
const messagesPerBatch = 8

const step = makeStep({ codec: engineCodec, rules: protocolRules })
const partition = emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords: Number.MAX_SAFE_INTEGER })
const beganMs = 1_800_000_000_000
let nowMs = beganMs
let journalSeq = 0
let busy = 0
let lastSaid: ReadonlyArray<DecisionSaid> = []
const outcomes = new Map<string, number>()

const put = (input: Input): void => {
  for (const output of step(partition, input)) answer(output)
}

const count = (said: DecisionSaid): void => {
  const what = said.outcome === "refused" ? said.reason : said.outcome
  outcomes.set(what, (outcomes.get(what) ?? 0) + 1)
}

const answer = (output: Output): void => {
  if (output._tag === "Append") put({ _tag: "AppendAcked", nowMs, messageId: output.messageId, seq: ++journalSeq, duplicate: false })
  else if (output._tag === "ReadClaimBasis")
    put({ _tag: "ClaimBasisRead", nowMs, ask: output.ask, basis: { endSeq: 0, incarnation: null, witness: null, halt: null } })
  else if (output._tag === "SendFeed") put({ _tag: "FeedSent", nowMs, group: output.group })
  else if (output._tag === "SayBusy") busy += output.messages.length
  else if (output._tag === "Halted") throw new Error(output.halt.detail)
  else if (output._tag === "SendReplies") {
    for (const { decisions } of output.replies) {
      lastSaid = decisions
      decisions.forEach(count)
    }
    put({ _tag: "RepliesSent", nowMs, seq: output.seq })
  }
}

const message = (text: string, sender = "web", commandClass: CommandClass = "sell"): TakenMessage => {
  const body = new TextEncoder().encode(text)
  return {
    sender: sender as SenderId,
    class: commandClass,
    bulk: false,
    key: "A" as Sku,
    reply: "r",
    publishedMs: nowMs,
    trace: null,
    bytes: body.length,
    body: engineCodec.decodeBody(body),
  }
}

const hand = (messages: ReadonlyArray<TakenMessage>): void => put({ _tag: "CommandsHanded", nowMs: nowMs, messages })

const pairs = (from: number): string => {
  const texts: Array<string> = []
  for (let n = from; n < from + commandsPerMessage / 2; n++) {
    const same = `"sku":"A","issuedAtMs":${nowMs},"reservation":"order-${n}"`
    texts.push(`{"v":1,"type":"Reserve","id":"c-${n}",${same},"qty":1,"holdMs":600000}`)
    texts.push(`{"v":1,"type":"Release","id":"x-${n}",${same},"reason":"abandoned"}`)
  }
  return `[${texts.join(",")}]`
}

const memoryBytes = (): number => {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const begin = (): void => {
  put({ _tag: "SnapshotMissing", nowMs })
  put({ _tag: "BrokerTimeSeen", nowMs, brokerMs: nowMs })
  put({ _tag: "Claim", nowMs, owner: "load", incarnation: "load" })
  const channel = '{"channel":"web","priority":0,"bufferQty":0,"bufferPercent":0,"floorQty":0,"fenceQty":0}'
  const policy = `{"version":1,"channels":[${channel}],"safety":[],"sourcing":[]}`
  const plan = `{"v":1,"type":"SetPolicy","id":"p","sku":"A","issuedAtMs":${nowMs},"policy":${policy}}`
  const stock = `{"v":1,"type":"ReceiveStock","id":"s","sku":"A","issuedAtMs":${nowMs},"location":"DC1","qty":1000000}`
  hand([message(stock, "dc", "stock"), message(plan, "plan", "policy")])
}

/** Whether a late word on a reservation that was released is told so, and its name is taken. */
const isRemembered = (n: number): boolean => {
  const issued = `"sku":"A","issuedAtMs":${nowMs},"reservation":"order-${n}"`
  const late = ["Confirm", "Release", "Extend"].map((type, i) => {
    const more = type === "Extend" ? `,"holdMs":1000` : type === "Release" ? `,"reason":"other"` : ""
    return `{"v":1,"type":"${type}","id":"late-${i}-${n}",${issued}${more}}`
  })
  hand([message(`[${[...late, `{"v":1,"type":"Reserve","id":"anew-${n}",${issued},"qty":1,"holdMs":1000}`].join(",")}]`)])
  const reasons = lastSaid.map((said) => (said.outcome === "refused" ? said.reason : said.outcome))
  return reasons.join() === "ReservationReleased,ReservationReleased,ReservationReleased,ReservationExists"
}

const main = (): void => {
  begin()
  const emptyBytes = memoryBytes()
  let sent = 0
  let seconds = 0
  while (sent < commands) {
    nowMs = beganMs + Math.ceil((sent * 1_000) / perSecond)
    put({ _tag: "BrokerTimeSeen", nowMs: nowMs, brokerMs: nowMs })
    const before = process.threadCpuUsage()
    hand(Array.from({ length: messagesPerBatch }, (_, m) => message(pairs((sent + m * commandsPerMessage) / 2))))
    const { user, system } = process.threadCpuUsage(before)
    seconds += (user + system) / 1e6
    sent += commandsPerMessage * messagesPerBatch
    if (sent % every === 0)
      console.log(
        `${sent} commands, ${busy} messages told to come back, ${Math.round(memoryBytes() / 1e6)} MB, ${Math.round(sent / seconds)} commands/s of CPU`,
      )
  }
  const bytes = memoryBytes() - emptyBytes
  console.log(
    `${commands} commands: ${[...outcomes].map(([what, many]) => `${what} ${many}`).join(", ")}; ${busy} messages told to come back`,
  )
  console.log(`${Math.round(bytes / 1e6)} MB, ${(bytes / (commands / 2)).toFixed(0)} bytes for each reservation with its two decisions`)
  const asked = [0, Math.floor(commands / 4), commands / 2 - 1]
  const right = asked.filter(isRemembered).length
  console.log(`${right} of ${asked.length} late words on ended reservations answered as they have to be`)
  if (busy > 0 || right < asked.length) process.exitCode = 1
}

main()
