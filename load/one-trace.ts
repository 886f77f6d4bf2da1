/**
 * One trace through everything, with its latencies: an HTTP request with an order of three lines and a single reservation, over a real nats-server, a gateway, a worker and a projector as processes of their own, and a real Postgres.
 * A tiny OTLP receiver of this script's own takes what each of them tells; what is printed is the tree of it, from the request to the rows.
 *
 * It ends with code 0 if every part that is named is in the trace, below the part that it belongs to, and with 3 if one is missing.
 */
import { randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { partitionOf, type SenderId } from "../src/domain/names.ts"
import { sendersOf } from "../src/domain/sender-list.ts"
import { addKey, noKeys } from "../src/http/keys.ts"
import { startPostgres } from "../src/postgres/embedded.ts"
import { spanName } from "../src/telemetry/names.ts"
import { type HeardSpan, startReceiver } from "./stage/otlp-receiver.ts"
import { chosen, conclude, type Promised, say } from "./stage/show.ts"
import { type Stage, stockUp, until, withStage } from "./stage/stage.ts"

const options = chosen("One trace across HTTP, NATS, decisions, replies, feed and Postgres, with its latencies.", {
  patience: { fallback: "60", help: "seconds to wait for all of it", whole: 1 },
})
const missingCode = 3
const partitions = 2
const lines = ["TEA", "POT", "CUP"]
const single = "TRAY"
const order = "order-1"
const traceId = randomBytes(16).toString("hex")
const callerId = randomBytes(8).toString("hex")
const traceparent = `00-${traceId}-${callerId}-01`

/** A gateway with a key for the channel: where it listens, and the key. */
const startGateway = async (stage: Stage) => {
  const added = addKey(noKeys(), { sender: "web" as SenderId, scopes: ["sell"] }, "now")
  if (added === null) throw new Error("a sender may have a key")
  const [keysFile, loginsFile] = [join(stage.folder, "keys.json"), join(stage.folder, "logins.json")]
  await writeFile(keysFile, JSON.stringify(added.file), { mode: 0o600 })
  await writeFile(loginsFile, JSON.stringify({ web: stage.loginOf("web") }), { mode: 0o600 })
  const { log } = await stage.start("gateway", "gateway", {
    HOLDFAST_GATEWAY_PORT: "0",
    HOLDFAST_API_KEYS_FILE: keysFile,
    HOLDFAST_GATEWAY_LOGINS_FILE: loginsFile,
  })
  const url = log.said("the gateway listens", "url")
  if (url === null) throw new Error("a gateway that is ready has said where it listens")
  return { url, key: added.text }
}

/** Sends the order and the reservation in one request. Returns what each came to. */
const send = async ({ url, key }: Awaited<ReturnType<typeof startGateway>>): Promise<ReadonlyArray<string>> => {
  const commands = [
    { type: "PlaceOrder", id: "place-1", order, fill: "whole", holdMs: 60_000, lines: lines.map((sku) => ({ sku, qty: 1 })) },
    { type: "Reserve", id: "reserve-1", sku: single, reservation: "reservation-1", qty: 1, holdMs: 60_000 },
  ]
  const answer = await fetch(`${url}/v1/commands`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", traceparent },
    body: JSON.stringify(commands),
  })
  const { results = [] } = (await answer.json()) as { readonly results?: ReadonlyArray<{ readonly answer?: { readonly outcome: string } }> }
  return results.map((result) => result.answer?.outcome ?? JSON.stringify(result))
}

/** The spans of the trace, by what they say. */
class Heard {
  readonly spans: ReadonlyArray<HeardSpan>

  constructor(spans: ReadonlyArray<HeardSpan>) {
    this.spans = spans.filter((span) => span.traceId === traceId)
  }

  /** Those of a name, of which these attributes say that. */
  of(name: string, says: Readonly<Record<string, string>> = {}): ReadonlyArray<HeardSpan> {
    return this.spans.filter(
      (span) => span.name === name && Object.entries(says).every(([key, value]) => span.attributes[`holdfast.${key}`] === value),
    )
  }

  /** Those of a name, below one of these. */
  below(parents: ReadonlyArray<HeardSpan>, name: string): ReadonlyArray<HeardSpan> {
    return this.of(name).filter(({ parentId }) => parents.some(({ spanId }) => spanId === parentId))
  }
}

const requestName = "POST /v1/commands"

/** Every part that has to be there: its name, which spans it is, and how many there must be at least. */
const partsOf = (
  heard: Heard,
): ReadonlyArray<{ readonly what: string; readonly found: ReadonlyArray<HeardSpan>; readonly least: number }> => {
  const request = heard.of(requestName).filter(({ parentId }) => parentId === callerId)
  const begun = heard.below(request, spanName.decide).filter(({ attributes }) => attributes["holdfast.about"] === order)
  const reserved = heard.below(request, spanName.decide).filter(({ attributes }) => attributes["holdfast.about"] === single)
  const ofLines = heard.below(begun, spanName.decide)
  const returned = heard.below(begun, spanName.return)
  const records = [...begun, ...reserved, ...ofLines, ...returned]
  const linesOnce = lines.flatMap((sku) => ofLines.filter(({ attributes }) => attributes["holdfast.about"] === sku).slice(0, 1))
  const projected = records.filter((record) => heard.below([record], spanName.project).length > 0)
  return [
    { what: "HTTP: the request, below its caller's span", found: request, least: 1 },
    { what: "NATS: order and reservation at an ingress, below the request", found: heard.below(request, spanName.ingress), least: 2 },
    { what: "decision of the order, below the request", found: begun, least: 1 },
    { what: "decision of the reservation, below the request", found: reserved, least: 1 },
    { what: "decision of each line, below the order's", found: linesOnce, least: lines.length },
    { what: "append of each of these records", found: heard.below(records, spanName.append), least: records.length },
    { what: "what the lines came to, back at the order", found: returned, least: 1 },
    { what: "reply to the order", found: heard.below(begun, spanName.reply), least: 1 },
    { what: "reply to the reservation", found: heard.below(reserved, spanName.reply), least: 1 },
    { what: "feed of each SKU, below its decision", found: heard.below([...ofLines, ...reserved], spanName.feed), least: lines.length + 1 },
    { what: "projection: rows committed of each record", found: projected, least: Math.max(2 + lines.length + 1, records.length) },
  ]
}

const play = async (stage: Stage, postgresUrl: string, heardSpans: ReadonlyArray<HeardSpan>) => {
  await stockUp(stage, [...lines, single], ["web"], { dock: "dock", planner: "planner" })
  await stage.start("project", "projector", { HOLDFAST_POSTGRES_URL: postgresUrl })
  const gateway = await startGateway(stage)
  const outcomes = await send(gateway)
  say(`answered: ${outcomes.join(", ")}`)
  let heard = new Heard([])
  // Judged as it stands when it is whole: of a retry's record, part may be told later.
  const isWhole = () => {
    heard = new Heard(heardSpans)
    return partsOf(heard).every(({ found, least }) => found.length >= least)
  }
  await until("every part of the trace is told", isWhole, Number(options.patience) * 1_000).catch((error: unknown) => say(String(error)))
  return { heard, outcomes }
}

/** A span with its place in the tree, offsets from the request's beginning. */
interface Row {
  readonly name: string
  readonly service: string
  readonly depth: number
  readonly beginsMs: number
  readonly takesMs: number
  readonly says: string
}

/** What of its attributes tells a span from others. */
const told = ["kind", "partition", "record", "types", "about", "outcomes", "ingress", "channel", "returned"]
const saysOf = ({ attributes }: HeardSpan): string =>
  told
    .flatMap((name) => {
      const value = attributes[`holdfast.${name}`]
      return value === undefined ? [] : [`${name}=${value.includes(" ") ? JSON.stringify(value) : value}`]
    })
    .join(" ")

/** The tree, each span below its parent, in the order in which they begin. What has no parent here stands at the left. */
const rowsOf = ({ spans }: Heard): ReadonlyArray<Row> => {
  const zeroMs = Math.min(...spans.filter(({ name }) => name === requestName).map(({ fromMs }) => fromMs), Number.POSITIVE_INFINITY)
  const startMs = Number.isFinite(zeroMs) ? zeroMs : Math.min(...spans.map(({ fromMs }) => fromMs))
  const known = new Set(spans.map(({ spanId }) => spanId))
  const isRoot = ({ parentId }: HeardSpan): boolean => parentId === undefined || !known.has(parentId)
  const walk = (of: ReadonlyArray<HeardSpan>, depth: number): ReadonlyArray<Row> =>
    of
      .toSorted((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs)
      .flatMap((span) => [
        {
          name: span.name,
          service: span.service,
          depth,
          beginsMs: span.fromMs - startMs,
          takesMs: span.toMs - span.fromMs,
          says: saysOf(span),
        },
        ...walk(
          spans.filter(({ parentId }) => parentId === span.spanId),
          depth + 1,
        ),
      ])
  return walk(spans.filter(isRoot), 0)
}

const inMs = (ms: number): string => `${ms.toFixed(2)} ms`.padStart(11)

const treeOf = (rows: ReadonlyArray<Row>): string => {
  const names = rows.map(({ name, depth }) => `${"  ".repeat(depth)}${name}`)
  const width = Math.max(...names.map(({ length }) => length), 0)
  const head = `${"begins".padStart(11)} ${"takes".padStart(11)}  ${"span".padEnd(width)}  ${"told by".padEnd(18)}  says`
  const body = rows.map(
    ({ beginsMs, takesMs, service, says }, at) =>
      `${inMs(beginsMs)} ${inMs(takesMs)}  ${(names[at] ?? "").padEnd(width)}  ${service.padEnd(18)}  ${says}`,
  )
  return [`trace ${traceId}`, head, ...body].join("\n")
}

const run = async () => {
  const receiver = await startReceiver()
  const server = await startPostgres({ isFleeting: true })
  try {
    const senders = sendersOf("web=channel,dock=warehouse,planner=merchandiser")
    const settings = { HOLDFAST_OTLP_URL: receiver.url }
    say(`partitions of the lines: ${[...lines, single].map((sku) => `${sku} ${partitionOf(sku, partitions)}`).join(", ")}`)
    return await withStage({ servers: 1, workers: 1, partitions, senders, settings }, (stage) => play(stage, server.url, receiver.spans))
  } finally {
    await server.stop()
    receiver.stop()
  }
}

const { heard, outcomes } = await run()
const rows = rowsOf(heard)
const promises: ReadonlyArray<Promised> = [
  { what: "the order and the reservation were accepted", found: outcomes.join(", "), kept: outcomes.join() === "accepted,accepted" },
  ...partsOf(heard).map(({ what, found, least }) => ({ what, found: `${found.length} of ${least}`, kept: found.length >= least })),
]
conclude(options.json, { promises, ...(options.json ? { trace: traceId, spans: rows } : {}) }, treeOf(rows), missingCode)
