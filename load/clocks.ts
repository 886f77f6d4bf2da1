/**
 * `npm run clocks`: a worker, and then an ingress, whose wall clock is wrong, by an hour and by nine seconds either way, on a real nats-server whose clock is this machine's.
 *
 * For each: whether facts are taken; whether a deadline is judged by the broker's time (commands lie before an owner that stands still, and before an ingress that does: what is past its deadline then is not taken, what is not is);
 * whether a hold ends at the time its holder was told, or within a second after; and whether a worker tells that its clock is wrong, and only then. An ingress tells nothing of its own: nothing that it says depends on it.
 * At the end the journals are audited. The processes are the shipped ones. Ends with code 1 if something is not so.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { SenderClient } from "../src/channel.ts"
import { sendersOf } from "../src/domain/sender-list.ts"
import { metricName } from "../src/telemetry/catalogue.ts"
import { type Lay, lieBefore } from "./clocks/lying.ts"
import { chosen, conclude, type Promised, say } from "./stage/show.ts"
import { pause, type Stage, type StageProcess, stockUp, sumOf, until, withStage } from "./stage/stage.ts"

const Whose = ["owner", "ingress"] as const
type Whose = (typeof Whose)[number]

const options = chosen("A worker, and an ingress, whose clock is wrong.", {
  at: { fallback: "owner,ingress", help: "whose, one after the other", names: Whose },
  seconds: { fallback: "-3600,3600,-9,9", help: "by how many seconds, one after the other; below 0: behind. At least 9" },
})

const whose = Whose.filter((one) => options.at.split(",").includes(one))
const offs = options.seconds.split(",").map((text) => {
  const seconds = Number(text)
  if (!(Number.isInteger(seconds) && Math.abs(seconds) >= 9)) throw new Error(`--seconds ${options.seconds}: whole numbers, of at least 9`)
  return seconds
})

const senders = sendersOf("web=channel,dock=warehouse,planner=merchandiser")
const skus = ["A", "B", "C", "D"]
const holdMs = 3_000
/** How late a hold may end. */
const lateMsMax = 1_000
/** How long it may take until a wrong clock is told: it has to stay wrong for three seconds. */
const alarmMsMax = 15_000
/** Pairs of a fact and a reservation that are sent before it is looked who took them. */
const pairs = 8
/**
 * Its reign outlasts that a process stands still here. And no longer: a renewal that is held up makes a right clock look wrong until the next, which comes after a third of this.
 */
const leaseTtlMs = 6_000

const preload = fileURLToPath(new URL("clocks/wrong-clock.ts", import.meta.url))
const wrongBy = (seconds: number) => ({ NODE_OPTIONS: `--import=${preload}`, WRONG_CLOCK_MS: String(seconds * 1_000) })

/** Starts a process whose clock is off by so many seconds, and makes sure that it is: a preload that did nothing would show nothing. */
const start = async (startProcess: Stage["startWorker"], name: string, seconds: number): Promise<StageProcess> => {
  const fromMs = Date.now()
  const started = await startProcess(name, seconds === 0 ? {} : wrongBy(seconds))
  const first = JSON.parse(readFileSync(started.log.file, "utf8").split("\n", 1)[0] ?? "") as { readonly time: string }
  const writtenMs = Date.parse(first.time) - seconds * 1_000
  if (writtenMs < fromMs || writtenMs > Date.now()) throw new Error(`the clock of ${name} isn't ${seconds} s off: see ${started.log.file}`)
  return started
}

interface Senders {
  readonly web: SenderClient
  readonly dock: SenderClient
}

/** Sends facts and reservations until the ingress has taken some of each, which goes to whichever process the server picks; returns what became of the facts. */
const sendFacts = async ({ web, dock }: Senders, ingress: StageProcess, round: string) => {
  let [sent, accepted] = [0, 0]
  const taken = async (sender: string) => sumOf(await ingress.page("/metrics"), metricName.ingressTaken, `sender="${sender}"`)
  await until("the ingress takes what is sent", async () => {
    for (let n = 0; n < pairs; n++) {
      const sku = skus[n % skus.length] ?? ""
      const { outcome } = await dock.receiveStock({ sku, location: "DC1", qty: 1 })
      await web.reserve({ sku, reservation: `${round}-${sent}`, qty: 1, holdMs: 60_000 })
      sent++
      if (outcome === "accepted") accepted++
    }
    // Its page is a look of a moment ago.
    await pause(1_000)
    return (await taken("dock")) > 0 && (await taken("web")) > 0
  })
  return { sent, accepted }
}

/** Milliseconds from the time its holder was told until a hold was seen to have ended, by this machine's clock, which is the broker's. */
const endedAfterTold = async ({ web }: Senders, round: string): Promise<number> => {
  const [sku, reservation] = ["A", `${round}-hold`]
  const held = await web.reserve({ sku, reservation, qty: 5, holdMs })
  if (held.outcome !== "accepted" || held.expiresAtMs === undefined) throw new Error(`a hold was ${held.outcome}`)
  const { expiresAtMs } = held
  let endedMs = 0
  await until("the hold ends", async () => {
    const answer = await web.reservation(sku, reservation)
    endedMs = Date.now()
    return answer.answer === "reservation" && answer.status === "expired"
  })
  return endedMs - expiresAtMs
}

const clockAlarms = async (worker: StageProcess): Promise<ReadonlyArray<string>> => {
  const page = await worker.page("/metrics")
  return ["ClockAhead", "ClockBehind"].filter((kind) => sumOf(page, metricName.alarms, `alarm="${kind}"`) > 0)
}

/** Plays with one clock off, over a new worker and a new ingress. */
const play = async (stage: Stage, open: Senders, of: Whose, seconds: number): Promise<ReadonlyArray<Promised>> => {
  const round = `${of}${seconds}`
  say(`the clock of the ${of} is off by ${seconds} s`)
  const worker = await start(stage.startWorker, `worker${seconds}-${of}`, of === "owner" ? seconds : 0)
  const ingress = await start(stage.startIngress, `ingress${seconds}-${of}`, of === "ingress" ? seconds : 0)
  const facts = await sendFacts(open, ingress, `${round}-fact`)
  const before = { owner: await lieBefore(stage, worker, skus, `${round}-o`), ingress: await lieBefore(stage, ingress, skus, `${round}-i`) }
  const endedMs = await endedAfterTold(open, round)
  const alarm = of === "ingress" ? "" : seconds > 0 ? "ClockAhead" : "ClockBehind"
  // One that is never told is found below.
  if (alarm !== "") await until("the clock is told", async () => (await clockAlarms(worker)).length > 0, alarmMsMax).catch(() => undefined)
  const alarms = await clockAlarms(worker)
  await Promise.all([worker.stop(), ingress.stop()])
  const said = `${of} ${seconds} s`
  const lay = (lying: Lay, told: string) => `${told} ${lying.count} that lay there`
  const { owner: ofOwner, ingress: ofIngress } = before
  return [
    { what: `${said}: facts taken`, found: `${facts.accepted} of ${facts.sent}`, kept: facts.accepted === facts.sent },
    {
      what: `${said}: past their deadline before an owner that stood still, expired and none accepted`,
      found: lay(ofOwner.late, `${ofOwner.late.expired} expired, ${ofOwner.late.passed} not taken, ${ofOwner.late.accepted} accepted, of`),
      kept: ofOwner.late.expired > 0 && ofOwner.late.accepted === 0,
    },
    {
      what: `${said}: past their deadline before an ingress that stood still, not taken`,
      found: lay(ofIngress.late, `${ofIngress.late.passed} not taken, ${ofIngress.late.accepted} accepted, of`),
      kept: ofIngress.late.passed > 0 && ofIngress.late.accepted === 0,
    },
    ...Whose.map((stood): Promised => {
      const { accepted, expired, passed, count } = before[stood].inTime
      return {
        what: `${said}: in time before an ${stood} that stood still, accepted`,
        found: `${accepted} accepted, ${expired + passed} not for their deadline, of ${count} that lay there`,
        kept: accepted > 0 && expired + passed === 0,
      }
    }),
    {
      what: `${said}: a hold of 3 s ended within a second after the time told`,
      found: `${endedMs} ms after it`,
      kept: endedMs >= 0 && endedMs <= lateMsMax,
    },
    { what: `${said}: alarms about the worker's clock`, found: alarms.join(" ") || "none", kept: alarms.join() === alarm },
  ]
}

const settings = { HOLDFAST_LEASE_TTL_MS: String(leaseTtlMs) }
const promises = await withStage({ servers: 1, workers: 1, partitions: 2, senders, settings }, async (stage, [first]) => {
  await stockUp(stage, skus, ["web"], { dock: "dock", planner: "planner" })
  await first?.stop()
  const [web, dock] = await Promise.all([stage.open("web"), stage.open("dock")])
  const found: Array<Promised> = []
  for (const of of whose) for (const seconds of offs) found.push(...(await play(stage, { web, dock }, of, seconds)))
  await Promise.all([web.close(), dock.close()])
  const { code } = await stage.holdfast("audit")
  return [...found, { what: "audit of the journals", found: `code ${code}`, kept: code === 0 }]
})

conclude(options.json, { promises }, "")
