/**
 * How long after its decision a hot SKU's ATS is heard on the feed, and whether a healthy worker says that it repaired anything: one SKU is reserved so many times a second on real
 * servers and a real worker, one unit each, so that the n-th decision is told by the first value of the feed that is n below the beginning.
 *
 * Both ends are measured where they are heard, in this process: from the answer of a decision to the value that tells it. So it counts what the feed adds to the answer.
 */
import { connect as natsConnect } from "@nats-io/transport-node"
import { sendersOf } from "../src/domain/sender-list.ts"
import { feedHeardMsMax } from "../src/limits.ts"
import { senderInbox } from "../src/nats/config.ts"
import { metricName } from "../src/telemetry/catalogue.ts"
import { chosen, conclude, say, serversChosen } from "./stage/show.ts"
import { pause, quantile, type Stage, type StageProcess, stockUp, sumOf, until, withStage } from "./stage/stage.ts"

const options = chosen("How late a hot SKU's feed is heard.", {
  servers: { fallback: "1", help: "servers", names: ["1", "3"] },
  "per-second": { fallback: "170", help: "reservations of the one SKU a second", whole: 1 },
  seconds: { fallback: "10", help: "for how long", whole: 1 },
})

const sku = "HOT"
const stock = 1_000_000_000

interface Lag {
  readonly servers: number
  readonly decisions: number
  readonly heard: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly worstMs: number
  readonly repaired: number
}

/** Hears the feed of the SKU as the channel does. */
const listen = async (stage: Stage, hear: (ats: number) => void) => {
  const { user, password } = stage.loginOf("web")
  const nc = await natsConnect({ servers: stage.servers.map(({ url }) => url), user, pass: password, inboxPrefix: senderInbox("web") })
  nc.subscribe("hf.ats.web.>", {
    callback: (error, message) => {
      if (error === null) hear((message.json() as { readonly ats: number }).ats)
    },
  })
  await nc.flush()
  return nc
}

const play = async (stage: Stage, [worker]: ReadonlyArray<StageProcess>): Promise<Lag> => {
  const answeredMs: Array<number> = []
  const heardMs: Array<number> = []
  let values = 0
  const listening = await listen(stage, (ats) => {
    // Before the goods came.
    if (ats < stock / 2) return
    values++
    const nowMs = performance.now()
    while (heardMs.length < stock - ats) heardMs.push(nowMs)
  })
  await stockUp(stage, [sku], ["web"], { dock: "dock", planner: "planner" })
  const channel = await stage.open("web")
  const everyMs = 1_000 / Number(options["per-second"])
  const count = Math.floor((Number(options.seconds) * 1_000) / everyMs)
  const startedMs = performance.now()
  values = 0
  for (let n = 0; n < count; n++) {
    const early = startedMs + n * everyMs - performance.now()
    if (early > 1) await pause(early)
    channel.reserve({ sku, reservation: `r-${n}`, qty: 1, holdMs: 600_000 }).then(
      ({ outcome }) => {
        if (outcome === "accepted") answeredMs.push(performance.now())
      },
      () => undefined,
    )
  }
  await until("every decision is told by the feed", () => answeredMs.length === count && heardMs.length >= count)
  const repaired = sumOf((await worker?.page("/metrics")) ?? "", metricName.alarms, 'alarm="FeedRepaired"')
  await Promise.all([channel.close(), listening.close()])
  const lags = Float64Array.from(answeredMs, (ms, n) => Math.max(0, (heardMs[n] ?? Number.NaN) - ms)).sort()
  const [medianMs, p99Ms, worstMs] = [quantile(lags, 0.5), quantile(lags, 0.99), quantile(lags, 1)]
  return { servers: stage.servers.length, decisions: count, heard: values, medianMs, p99Ms, worstMs, repaired }
}

const rounded = (ms: number): string => `${ms.toFixed(1)} ms`

const lags: Array<Lag> = []
for (const servers of serversChosen(options.servers)) {
  say(`${servers} server${servers === 1 ? "" : "s"}, ${options["per-second"]} reservations of one SKU a second for ${options.seconds} s`)
  const senders = sendersOf("web=channel,dock=warehouse,planner=merchandiser")
  lags.push(await withStage({ servers, workers: 1, partitions: 1, syncAlways: servers === 3, senders }, play))
}

conclude(
  options.json,
  {
    promises: lags.flatMap(({ servers, worstMs, repaired }) => [
      {
        what: `heard within ${feedHeardMsMax} ms of the answer, ${servers} servers`,
        found: `worst ${rounded(worstMs)}`,
        kept: worstMs <= feedHeardMsMax,
      },
      { what: `a healthy worker repairs nothing, ${servers} servers`, found: `FeedRepaired ${repaired} times`, kept: repaired === 0 },
    ]),
  },
  lags
    .map(
      ({ servers, decisions, heard, medianMs, p99Ms, worstMs }) =>
        `${servers} servers: ${decisions} decisions, ${heard} values heard; from answer to value: median ${rounded(medianMs)}, p99 ${rounded(p99Ms)}, worst ${rounded(worstMs)}`,
    )
    .join("\n"),
)
