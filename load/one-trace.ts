/**
 * One trace of a real server and a real worker, across NATS, decision, reply and feed, with its latencies: a channel reserves a unit with a `traceparent` in its message's header, hears the reply and the feed, and a tiny
 * OTLP receiver of this script's own takes what the worker tells of it. The record that the journal keeps is read for the trace, too: a projection goes on from there.
 */
import { randomBytes } from "node:crypto"
import { createServer } from "node:http"
import { jetstreamManager } from "@nats-io/jetstream"
import { headers, type NatsConnection, connect as natsConnect } from "@nats-io/transport-node"
import type { Sku } from "../src/domain/names.ts"
import { sendersOf } from "../src/domain/sender-list.ts"
import { senderInbox } from "../src/nats/config.ts"
import { journalStream } from "../src/wire/subjects.ts"
import { chosen, conclude, type Promised, say } from "./stage/show.ts"
import { type Stage, stockUp, until, withStage } from "./stage/stage.ts"

const options = chosen("One trace across NATS, decision, reply and feed, with its latencies.", {})

interface SpanTold {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: Readonly<Record<string, unknown>> }>
}

/** Takes spans as a collector does. */
const startReceiver = async () => {
  const spans: Array<SpanTold> = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk) => {
      body += String(chunk)
    })
    request.on("end", () => {
      const told = JSON.parse(body) as {
        readonly resourceSpans: ReadonlyArray<{ readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<SpanTold> }> }>
      }
      for (const { scopeSpans } of told.resourceSpans) for (const one of scopeSpans) spans.push(...one.spans)
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the receiver has no address")
  return { spans, url: `http://127.0.0.1:${address.port}`, stop: () => server.close() }
}

const sku = "TRACED" as Sku
const traceId = randomBytes(16).toString("hex")
const rootId = randomBytes(8).toString("hex")
const traceparent = `00-${traceId}-${rootId}-01`
const nowMs = (): number => performance.timeOrigin + performance.now()

const openChannel = (stage: Stage): Promise<NatsConnection> => {
  const { user, password } = stage.loginOf("web")
  return natsConnect({ servers: stage.servers.map(({ url }) => url), user, pass: password, inboxPrefix: senderInbox("web") })
}

/** The `traceparent` of the newest record of the journal that has one. */
const traceInJournal = async (stage: Stage): Promise<string> => {
  const nc = await stage.engine()
  const jsm = await jetstreamManager(nc, { checkAPI: false })
  const name = journalStream("sku", 0)
  const { state } = await jsm.streams.info(name)
  let found = ""
  for (let seq = state.last_seq; seq >= state.first_seq && found === ""; seq--)
    found = /"tp":"([^"]+)"/.exec(new TextDecoder().decode((await jsm.streams.getMessage(name, { seq }))?.data))?.[1] ?? ""
  await nc.close()
  return found
}

interface Line {
  readonly name: string
  readonly fromMs: number
  readonly toMs: number
  readonly depth: number
  readonly detail: string
}

const millis = (nanos: string): number => Number(BigInt(nanos) / 1_000n) / 1_000

const linesOf = (spans: ReadonlyArray<SpanTold>, own: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  const depthOf = ({ parentSpanId }: SpanTold): number => {
    const parent = spans.find(({ spanId }) => spanId === parentSpanId)
    return parent === undefined ? 1 : depthOf(parent) + 1
  }
  const told = spans.map((span): Line => {
    const attributes = span.attributes.map(({ key, value }) => `${key.replace("holdfast.", "")}=${String(Object.values(value)[0])}`)
    const detail = attributes.filter((text) => /^(partition|record|outcomes|channel|ats)=/.test(text)).join(" ")
    return { name: span.name, fromMs: millis(span.startTimeUnixNano), toMs: millis(span.endTimeUnixNano), depth: depthOf(span), detail }
  })
  return [...own, ...told].sort((a, b) => a.fromMs - b.fromMs || a.depth - b.depth)
}

const play = async (stage: Stage, receiver: Awaited<ReturnType<typeof startReceiver>>) => {
  await stockUp(stage, [sku], ["web"], { dock: "dock", planner: "planner" })
  const nc = await openChannel(stage)
  let feedMs = Number.NaN
  let isAsked = false
  nc.subscribe("hf.ats.web.>", {
    callback: (error) => {
      if (error === null && isAsked && Number.isNaN(feedMs)) feedMs = nowMs()
    },
  })
  await nc.flush()
  const head = headers()
  head.set("traceparent", traceparent)
  const body = JSON.stringify({
    v: 1,
    type: "Reserve",
    id: "traced-1",
    sku,
    issuedAtMs: Math.round(nowMs()),
    reservation: "traced-1",
    qty: 1,
    holdMs: 60_000,
  })
  isAsked = true
  const fromMs = nowMs()
  const answer = await nc.request(`hf.cmd.web.sell.sku.${sku}`, body, { timeout: 20_000, headers: head })
  const replyMs = nowMs()
  const { decisions = [] } = answer.json<{ readonly decisions?: ReadonlyArray<{ readonly outcome: string }> }>()
  const outcome = decisions[0]?.outcome ?? answer.string()
  say(`answered: ${outcome}`)
  await until("the feed is heard", () => !Number.isNaN(feedMs))
  const ofTrace = () => receiver.spans.filter((span) => span.traceId === traceId)
  await until("the worker has told its spans", () => new Set(ofTrace().map(({ name }) => name)).size === 4)
  const spans = ofTrace()
  const journaled = await traceInJournal(stage)
  await nc.close()
  const own: ReadonlyArray<Line> = [
    { name: "reserve (the channel)", fromMs, toMs: replyMs, depth: 0, detail: outcome },
    { name: "feed heard (the channel)", fromMs, toMs: feedMs, depth: 0, detail: "" },
  ]
  return { lines: linesOf(spans, own), outcome, journaled, spans }
}

const receiver = await startReceiver()
const senders = sendersOf("web=channel,dock=warehouse,planner=merchandiser")
const settings = { HOLDFAST_OTLP_URL: receiver.url }
const { lines, outcome, journaled, spans } = await withStage({ servers: 1, workers: 1, partitions: 1, senders, settings }, (stage) =>
  play(stage, receiver),
)
receiver.stop()

const startMs = Math.min(...lines.map(({ fromMs }) => fromMs))
const table = lines.map(({ name, fromMs, toMs, depth, detail }) => {
  const [at, took] = [fromMs - startMs, toMs - fromMs].map((ms) => `${ms.toFixed(2)} ms`.padStart(11))
  return `${at} ${took}  ${"  ".repeat(depth)}${name}  ${detail}`
})
const decide = spans.find(({ name }) => name === "holdfast.decide")
const promises: ReadonlyArray<Promised> = [
  { what: "the command was accepted", found: outcome, kept: outcome === "accepted" },
  { what: "the decision is a child of the sender's span", found: decide?.parentSpanId ?? "none", kept: decide?.parentSpanId === rootId },
  {
    what: "append, reply and feed are its children",
    found: spans
      .map(({ name }) => name)
      .sort()
      .join(", "),
    kept: spans.every(({ name, parentSpanId }) => name === "holdfast.decide" || parentSpanId === decide?.spanId),
  },
  { what: "the record keeps the traceparent", found: journaled, kept: journaled === traceparent },
]
conclude(options.json, { promises }, [`trace ${traceId}`, `${"begins".padStart(11)} ${"takes".padStart(11)}`, ...table].join("\n"))
