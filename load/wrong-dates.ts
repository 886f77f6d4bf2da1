/**
 * Two million commands dated wrong, from one sender, through the shipped engine: ten minutes ahead, 74 years ahead, in microseconds. None may cost memory or hold anything up, and a right
 * command after them is accepted.
 *
 * Prints the longest step in CPU time of this thread, what the heap grew by, and what became of the right command. Ends with 1 if any of them is not as promised.
 */
import { emptyPartition, makeStep } from "../src/kinds/sku/partition.ts"
import type { DecisionSaid, Input, Output, TakenMessage } from "../src/kinds/sku/types.ts"
import "effect/schema/SchemaJITCompiler/enable"
import type { CommandClass, SenderId, Sku } from "../src/domain/names.ts"
import { counted } from "../src/domain/telling.ts"
import { protocolRules } from "../src/engine/rules.ts"
import { engineCodec } from "../src/wire/codec.ts"
import { scriptOptions } from "./stage/options.ts"

const stepMsMax = 20
const startMs = 1_800_000_000_000
const minute = 60_000
const dates: ReadonlyArray<readonly [string, number]> = [
  ["ten minutes ahead", startMs + 10 * minute],
  ["74 years ahead", startMs + 74 * 365 * 24 * 60 * minute],
  ["in microseconds", startMs * 1_000],
]

const values = scriptOptions("Commands dated wrong, from one sender, through the shipped engine.", {
  commands: { fallback: "2000000", help: "how many", whole: 1 },
})
const commands = Number(values.commands)
const commandsPerMessage = 100

const step = makeStep({ codec: engineCodec, rules: protocolRules })
const partition = emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords: Number.MAX_SAFE_INTEGER })
let nowMs = startMs
let journalSeq = 0
let longestMs = 0
let lastSaid: DecisionSaid | undefined
const refused = new Map<string, number>()

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

const put = (input: Input): void => {
  const began = cpuMs()
  const outputs = step(partition, input)
  longestMs = Math.max(longestMs, cpuMs() - began)
  for (const output of outputs) answer(output)
}

const answer = (output: Output): void => {
  if (output._tag === "Append") put({ _tag: "AppendAcked", nowMs, messageId: output.messageId, seq: ++journalSeq, duplicate: false })
  else if (output._tag === "ReadClaimBasis")
    put({ _tag: "ClaimBasisRead", nowMs, ask: output.ask, basis: { endSeq: 0, incarnation: null, witness: null, halt: null } })
  else if (output._tag === "SendFeed") put({ _tag: "FeedSent", nowMs, group: output.group })
  else if (output._tag === "SayBusy") throw new Error(`busy: ${output.why}`)
  else if (output._tag === "Halted") throw new Error(output.halt.detail)
  else if (output._tag === "SendReplies") {
    for (const { decisions } of output.replies)
      for (const said of decisions) {
        lastSaid = said
        const what = said.outcome === "refused" ? said.reason : said.outcome
        refused.set(what, (refused.get(what) ?? 0) + 1)
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

const reserve = (id: string, issuedAtMs: number): string =>
  `{"v":1,"type":"Reserve","id":"${id}","sku":"A","issuedAtMs":${issuedAtMs},"reservation":"${id}","qty":1,"holdMs":60000}`

const hand = (...texts: ReadonlyArray<string>): void => {
  nowMs += 4
  put({ _tag: "CommandsHanded", nowMs, messages: texts.map((text) => message(text)) })
  put({ _tag: "Tick", nowMs, wallMs: nowMs })
}

const flood = (name: string, issuedAtMs: number): void => {
  for (let n = 0; n < commands / dates.length; n += 10 * commandsPerMessage)
    hand(
      ...Array.from({ length: 10 }, (_, m) => {
        const list = Array.from({ length: commandsPerMessage }, (_, i) =>
          reserve(`${name.slice(0, 2)}${n}-${m}-${i}`.replace(" ", "_"), issuedAtMs),
        )
        return `[${list.join(",")}]`
      }),
    )
}

const main = (): void => {
  put({ _tag: "SnapshotMissing", nowMs })
  put({ _tag: "BrokerTimeSeen", nowMs, brokerMs: nowMs })
  put({ _tag: "Claim", nowMs, owner: "load", incarnation: "load" })
  const policy =
    '{"version":1,"channels":[{"channel":"web","priority":0,"bufferQty":0,"bufferPercent":0,"floorQty":0,"fenceQty":0}],"safety":[],"sourcing":[]}'
  const stock = `{"v":1,"type":"ReceiveStock","id":"s","sku":"A","issuedAtMs":${startMs},"location":"DC1","qty":1000000000}`
  const plan = `{"v":1,"type":"SetPolicy","id":"p","sku":"A","issuedAtMs":${startMs},"policy":${policy}}`
  put({ _tag: "CommandsHanded", nowMs, messages: [message(stock, "dc", "stock"), message(plan, "plan", "policy")] })
  // The first are for the compilers.
  flood("warm", startMs + 10 * minute)
  longestMs = 0
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  for (const [name, issuedAtMs] of dates) flood(name, issuedAtMs)
  globalThis.gc?.()
  const grownMb = (process.memoryUsage().heapUsed - before) / 1e6
  hand(reserve("right", nowMs))
  const isRight = lastSaid?.id === "right" && lastSaid.outcome === "accepted"
  const counts = [...refused].map(([what, count]) => `${what} ${count}`).join(", ")
  console.log(`${counted(commands, "command")} dated wrong: ${counts}`)
  console.log(
    `longest step ${longestMs.toFixed(1)} ms of CPU, heap grown by ${grownMb.toFixed(1)} MB, then a right command: ${JSON.stringify(lastSaid)}`,
  )
  if (longestMs > stepMsMax || grownMb > 50 || !isRight) process.exitCode = 1
}

main()
