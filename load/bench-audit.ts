/**
 * What an audit holds for each command: an invented journal of one sender at full rate, made by the shipped engine into a file, is put to the auditor record by record.
 *
 * Prints, as it goes, what the auditor's process holds on the heap and outside of it (typed arrays), by command, and how many commands it judges in a second of CPU. Ends with 1 if the audit found
 * anything, or if more than 100 bytes are held for a command of those whose reservations have ended. Open reservations are objects, and cost what they cost.
 */
import { temporaryFolder } from "../src/temporary-folder.ts"
import "effect/schema/SchemaJITCompiler/enable"
import { closeSync, openSync, readSync, writeSync } from "node:fs"
import { join } from "node:path"
import { setImmediate } from "node:timers/promises"
import { type Audit, createAudit } from "../src/audit/audit.ts"
import { engineCodec } from "../src/wire/codec.ts"
import { serveAlone } from "./stage/lone-engine.ts"
import { scriptOptions } from "./stage/options.ts"

const kinds = ["pairs", "facts", "open"] as const
const values = scriptOptions("What an audit holds for each command of an invented journal.", {
  commands: { fallback: "1000000", help: "how many the journal has", whole: 1 },
  kind: {
    fallback: "pairs",
    help: "pairs: reserved and released; facts: goods that came; open: reserved and confirmed, and never shipped",
  },
  "per-second": { fallback: "30000", help: "commands in a second of the broker's time", whole: 1 },
  every: { fallback: "250000", help: "commands between two lines", whole: 1 },
})
const commands = Number(values.commands)
const perSecond = Number(values["per-second"])
const every = Number(values.every)
const { kind } = values
if (!kinds.some((known) => known === kind)) {
  console.error(`--kind is one of ${kinds.join(", ")}`)
  process.exit(2)
}
const bytesMax = 100
const beganMs = 1_800_000_000_000
const perMessage = 100
const perBatch = 8 * perMessage

/** A record that lies in the file. */
interface Lying {
  readonly seq: number
  readonly messageId: string
  readonly at: number
  readonly bytes: number
}

const body = (from: number, nowMs: number): string => {
  const texts: Array<string> = []
  for (let n = from; n < from + perMessage; n += kind === "facts" ? 1 : 2) {
    const about = `"sku":"A","issuedAtMs":${nowMs}`
    const order = `${about},"reservation":"order-${n}"`
    if (kind === "facts") {
      texts.push(`{"v":1,"type":"ReceiveStock","id":"delivery-${n}",${about},"location":"DC1","qty":1,"reference":"slip-${n}"}`)
      continue
    }
    texts.push(`{"v":1,"type":"Reserve","id":"reserve-${n}",${order},"qty":1,"holdMs":600000}`)
    texts.push(
      kind === "pairs"
        ? `{"v":1,"type":"Release","id":"release-${n}",${order},"reason":"abandoned"}`
        : `{"v":1,"type":"Confirm","id":"confirm-${n}",${order}}`,
    )
  }
  return `[${texts.join(",")}]`
}

/** Has the engine write the journal. What it holds is gone when this returns. */
const written = (file: number): ReadonlyArray<Lying> => {
  const lying: Array<Lying> = []
  let at = 0
  const engine = serveAlone(beganMs, 2 * commands, {
    onRecord: ({ seq, messageId, bytes }) => {
      lying.push({ seq, messageId, at, bytes: bytes.length })
      at += writeSync(file, bytes)
    },
  })
  for (let sent = 0; sent < commands; sent += perBatch) {
    const nowMs = beganMs + Math.ceil((sent * 1_000) / perSecond)
    engine.nowMs = nowMs
    engine.put({ _tag: "BrokerTimeSeen", nowMs, brokerMs: nowMs })
    const bodies = Array.from({ length: 8 }, (_, m) => body(sent + m * perMessage, nowMs))
    if (kind === "facts") engine.hand(bodies, "dc", "stock")
    else engine.hand(bodies)
  }
  if (engine.busy > 0) throw new Error(`${engine.busy} messages were told to come back`)
  return lying
}

/** Buffers that nobody holds are given back a little after the heap was looked through. */
const held = async (): Promise<{ readonly heap: number; readonly outside: number }> => {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.()
    await setImmediate()
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return { heap: heapUsed, outside: arrayBuffers }
}

/** Puts all records to the auditor; returns the bytes that it holds for a command at the end. */
const audited = async (audit: Audit, file: number, lying: ReadonlyArray<Lying>): Promise<number> => {
  const before = await held()
  let seconds = 0
  let judged = 0
  let said = 0
  let perCommand = 0
  for (const { seq, messageId, at, bytes } of lying) {
    const record = new Uint8Array(bytes)
    readSync(file, record, 0, bytes, at)
    const began = process.cpuUsage()
    audit.record(0, { seq, messageId, bytes: record })
    const { user, system } = process.cpuUsage(began)
    seconds += (user + system) / 1e6
    // The first records are the reign's, the stock's and the policy's; each later one has a batch.
    judged = Math.max(0, seq - (lying.length - Math.ceil(commands / perBatch))) * perBatch
    if (judged < said + every && seq !== lying.at(-1)?.seq) continue
    said = judged
    const now = await held()
    const [heap, outside] = [(now.heap - before.heap) / judged, (now.outside - before.outside) / judged]
    perCommand = heap + outside
    console.log(
      `${judged} commands: ${heap.toFixed(1)} bytes on the heap and ${outside.toFixed(1)} outside for each, ${Math.round(judged / seconds)} commands/s of CPU`,
    )
  }
  return perCommand
}

const main = async (): Promise<void> => {
  const folder = temporaryFolder("holdfast-audit-")
  const file = openSync(join(folder.path, "journal"), "w+")
  try {
    const lying = written(file)
    const audit = createAudit({ codec: engineCodec })
    const perCommand = await audited(audit, file, lying)
    const report = audit.finish()
    console.log(
      `${report.totals.accepted} accepted of ${report.totals.commands} commands in ${report.totals.records} records, audit ${report.ok ? "clean" : "NOT CLEAN"}`,
    )
    for (const { checker, seq, detail } of report.violations.slice(0, 5)) console.log(`${checker}, record ${seq}: ${detail}`)
    if (!report.ok || (kind !== "open" && perCommand > bytesMax)) process.exitCode = 1
  } finally {
    closeSync(file)
    await folder.remove()
  }
}

await main()
