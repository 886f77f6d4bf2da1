/**
 * One timed run: traffic, the faults of a schedule one after another and at most two at once, everything undone at the end, all unknowns asked again until they are decided, and then three judges: the audit of
 * journals and of what was heard, Porcupine on the history of each SKU, and the tables against the journals.
 */
import { prngFromSeed } from "../../../src/workload/prng.ts"
import { httpDoor } from "../../play/door.ts"
import { pause, until } from "../../stage/stage.ts"
import { howItEnded } from "../../stage/watched.ts"
import { type ActOptions, acts } from "./acts.ts"
import { type Asker, httpAsker, natsAsker, within } from "./asking.ts"
import { atOnceMax, type Family, factsOf, familiesFor, type Lane, type Need, type PlannedFault, scheduleOf } from "./families.ts"
import { channelNames, type Field, gateSender, orderSender, withField } from "./field.ts"
import { askPorcupine, History, type PorcupineSaid } from "./history.ts"
import { type Askers, startTimedTraffic, type TimedTraffic } from "./traffic.ts"

export interface TimedOptions extends ActOptions {
  readonly minutes: number
  readonly seed: string
  readonly servers: 1 | 3
  /** Commands a second. */
  readonly rate: number
  readonly workers: number
  readonly leaseTtlMs: number
  /** Only these, where any are named. */
  readonly only: ReadonlyArray<Family>
  readonly say: (line: string) => void
  readonly isCancelled: () => boolean
}

/** A fault as it was done. */
export interface DoneFault {
  readonly family: Family
  readonly what: string
  /** From when it was done until it was undone. */
  readonly lastedMs: number
  /** From when it began to be undone until all that had been sent before was decided, and all was ready. Null: it never was. */
  readonly recoveredMs: number | null
}

export interface TimedReport {
  readonly seed: string
  readonly servers: 1 | 3
  readonly minutes: number
  readonly isPartial: boolean
  readonly commands: number
  readonly accepted: number
  readonly refused: number
  readonly orders: number
  readonly seconds: number
  readonly faults: ReadonlyArray<DoneFault>
  readonly notTried: ReadonlyArray<{ readonly family: Family; readonly lacks: Need }>
  /** Faults that could not be done or undone, and why. */
  readonly failed: ReadonlyArray<string>
  /** Processes that ended without being told to, and were started again. */
  readonly endedByThemselves: ReadonlyArray<string>
  /** Times that a command was asked again after something that was no decision. */
  readonly heardInstead: Readonly<Record<string, number>>
  readonly unresolved: ReadonlyArray<string>
  readonly contradictions: ReadonlyArray<string>
  readonly answersHeard: number
  readonly audit: {
    readonly oversoldQty: number
    readonly lost: number
    readonly contradicted: number
    readonly inQuarantine: number
    readonly unchecked: number
    readonly violations: ReadonlyArray<string>
  }
  readonly porcupine: PorcupineSaid
  readonly tables: { readonly code: number | null; readonly said: string } | null
}

const partitions = 8
const recoverPatienceMs = 120_000
const resolvePatienceMs = 240_000
const closePatienceMs = 20_000
const porcupineLimit = "60s"
const baseBytes = 640 * 1_048_576
const bytesAMinute = 128 * 1_048_576
const httpSockets = 256

const openAskers = async (field: Field): Promise<Askers> => {
  const nats = async (sender: string): Promise<Asker> => natsAsker(await field.open(sender))
  const { url, key } = field.parts.gate
  const till = httpAsker(gateSender, httpDoor({ url, key, patienceMs: 30_000, sockets: httpSockets }))
  const [channels, orders, dock, planner] = await Promise.all([
    Promise.all(channelNames.map(nats)),
    nats(orderSender),
    nats("dock"),
    nats("planner"),
  ])
  return { channels: [...channels, till], orders, dock, planner }
}

const allOf = ({ channels, orders, dock, planner }: Askers): ReadonlyArray<Asker> => [...channels, orders, dock, planner]

/** Whether everybody says to be ready: processes by their pages, servers by theirs. */
const isAllReady = async (field: Field): Promise<boolean> => {
  const ready = field.actors.filter(({ command }) => command !== "project").map(({ now }) => now.isReady())
  const healthy = field.servers.map(
    async ({ server }) => (await fetch(`${server.monitorUrl}/healthz`, { signal: AbortSignal.timeout(1_000) })).ok,
  )
  return Promise.all([...ready, ...healthy]).then(
    (all) => all.every((one) => one),
    () => false,
  )
}

/** Does what is planned. */
class Chaos {
  readonly done: Array<DoneFault> = []
  readonly failed: Array<string> = []
  readonly endedByThemselves: Array<string> = []
  readonly #field: Field
  readonly #traffic: TimedTraffic
  readonly #options: TimedOptions
  readonly #busy = new Set<Lane>()
  readonly #underWay = new Set<Promise<void>>()
  isOver = false

  constructor(field: Field, traffic: TimedTraffic, options: TimedOptions) {
    this.#field = field
    this.#traffic = traffic
    this.#options = options
  }

  async play(schedule: ReadonlyArray<PlannedFault>): Promise<void> {
    const startMs = performance.now()
    const { minutes, isCancelled } = this.#options
    const left = [...schedule]
    const isLate = () => performance.now() - startMs > minutes * 60_000
    const families = new Set(schedule.map(({ family }) => family))
    while (!isCancelled() && left.length > 0) {
      const tried = new Set(this.done.map(({ family }) => family))
      // Past its time the run goes on only for families that had no turn yet.
      if (isLate() && (tried.size === families.size || this.failed.length > families.size)) break
      const next = left.findIndex(({ family, atMs }) =>
        this.#mayBegin(family, performance.now() - startMs >= atMs, isLate() && tried.has(family)),
      )
      const [planned] = next < 0 ? [] : left.splice(next, 1)
      if (planned !== undefined) this.#begin(planned)
      else await pause(100)
    }
    await Promise.all(this.#underWay)
    while (!isCancelled() && !isLate()) await pause(100)
    this.isOver = true
  }

  #mayBegin(family: Family, isDue: boolean, isNeedless: boolean): boolean {
    return isDue && !isNeedless && this.#underWay.size < atOnceMax && !this.#busy.has(factsOf(family).lane)
  }

  #begin(planned: PlannedFault): void {
    const { lane } = factsOf(planned.family)
    this.#busy.add(lane)
    const doing = this.#do(planned)
      .catch((error: unknown) => {
        this.failed.push(`${planned.number} ${planned.family}: ${error instanceof Error ? error.message : String(error)}`)
        this.#options.say(`${planned.number} ${planned.family} FAILED: ${String(error)}`)
      })
      .finally(() => {
        this.#busy.delete(lane)
        this.#underWay.delete(doing)
      })
    this.#underWay.add(doing)
  }

  async #do({ number, family, lastsMs }: PlannedFault): Promise<void> {
    const { seed, say, isCancelled } = this.#options
    const { what, heal } = await acts[family](this.#field, prngFromSeed(seed).stream(`fault ${number}`), this.#options)
    const doneMs = performance.now()
    say(`${number} ${family}: ${what}, for ${(lastsMs / 1_000).toFixed(1)} s`)
    while (performance.now() - doneMs < lastsMs && !isCancelled()) await pause(50)
    const healMs = performance.now()
    await heal()
    const recoveredMs = await this.#recovered(healMs)
    this.done.push({ family, what, lastedMs: healMs - doneMs, recoveredMs })
    say(`${number} ${family} undone, ${recoveredMs === null ? "NOT RECOVERED" : `recovered after ${(recoveredMs / 1_000).toFixed(1)} s`}`)
  }

  async #recovered(healMs: number): Promise<number | null> {
    const isRecovered = async () => this.#traffic.book.oldestMs > healMs && (await isAllReady(this.#field))
    return until("all has recovered", isRecovered, recoverPatienceMs).then(
      () => performance.now() - healMs,
      () => null,
    )
  }

  /** Starts again what ended by itself, as a supervisor would. */
  async supervise(): Promise<void> {
    while (!this.isOver) {
      for (const actor of this.#field.actors) {
        if (actor.isAway || actor.now.isRunning()) continue
        this.endedByThemselves.push(actor.name)
        this.#options.say(`${howItEnded(actor.now)}\nit is started again`)
        await actor.start().catch((error: unknown) => this.failed.push(String(error)))
      }
      await pause(500)
    }
  }
}

const sayProgress = async (traffic: TimedTraffic, chaos: Chaos, say: TimedOptions["say"]): Promise<void> => {
  for (let before = 0; !chaos.isOver; ) {
    await pause(10_000)
    const { book } = traffic
    say(`${book.commands} commands decided (${Math.round((book.commands - before) / 10)} a second), ${book.underWay.size} under way`)
    before = book.commands
  }
}

const auditTables = async (field: Field): Promise<TimedReport["tables"]> => {
  if (field.parts.postgres === null) return null
  await field.actors.find(({ command }) => command === "project")?.stop()
  const caughtUp = await field.holdfast("project", "--once")
  const { code, out } = caughtUp.code === 0 ? await field.holdfast("audit", "--postgres") : caughtUp
  return { code, said: out.trim().split("\n").slice(-2).join(" ") }
}

const judged = async (field: Field): Promise<Pick<TimedReport, "answersHeard" | "audit">> => {
  const { report, answersHeard } = await field.judge()
  const { oversoldQty, lost, contradicted, inQuarantine } = report.totals
  const violations = report.violations
    .slice(0, 20)
    .map(({ checker, partition, seq, detail }) => `${checker}: partition ${partition}, record ${seq}: ${detail}`)
  return { answersHeard, audit: { oversoldQty, lost, contradicted, inQuarantine, unchecked: report.unchecked.replies, violations } }
}

const heardInstead = (askers: ReadonlyArray<Asker>): Readonly<Record<string, number>> => {
  const all = new Map<string, number>()
  for (const { heardInstead: counts } of askers) for (const [what, count] of counts) all.set(what, (all.get(what) ?? 0) + count)
  return Object.fromEntries([...all].toSorted(([, a], [, b]) => b - a))
}

/** What else was found is told all the same. */
const unasked = ({ operations, unknown }: History, error: unknown): PorcupineSaid => {
  return { skus: 0, operations, unknown, illegal: 0, undecided: 1, seconds: 0, named: [String(error)] }
}

const playOn = async (field: Field, options: TimedOptions, history: History): Promise<TimedReport> => {
  const { say, seed, minutes, rate, servers, isCancelled } = options
  const given = new Set<Need>()
  if (servers === 3) given.add("three servers")
  if (options.before !== null) given.add("another build")
  if (field.parts.postgres !== null) given.add("Postgres")
  const { done, notTried } = familiesFor(given)
  const schedule = scheduleOf(seed, minutes, options.only.length === 0 ? done : done.filter((family) => options.only.includes(family)))
  for (const { number, family, atMs, lastsMs } of schedule)
    say(`planned: ${number} ${family} at ${(atMs / 1_000).toFixed(0)} s, for ${(lastsMs / 1_000).toFixed(1)} s`)
  const askers = await openAskers(field)
  say("SKUs are put on sale")
  const traffic = await startTimedTraffic(askers, { seed, minutes, rate, history })
  const startMs = performance.now()
  const chaos = new Chaos(field, traffic, options)
  const beside = Promise.all([chaos.supervise(), sayProgress(traffic, chaos, say)])
  await chaos.play(schedule)
  const seconds = (performance.now() - startMs) / 1_000
  say("all faults are undone; what is not decided yet is asked again until it is")
  const unresolved = await traffic.stop(resolvePatienceMs)
  await beside
  history.close()
  await Promise.all(allOf(askers).map((asker) => within(asker.close(), closePatienceMs)))
  say("the tables are held to the journals")
  const tables = await auditTables(field)
  await Promise.all(field.actors.filter(({ isAway }) => !isAway).map((actor) => actor.stop()))
  say("the journals are audited, and the history goes to Porcupine")
  const { commands, accepted, refused, orders, contradictions } = traffic.book
  const { failed, endedByThemselves, done: faults } = chaos
  const isPartial = isCancelled()
  const run = {
    seed,
    servers,
    minutes,
    isPartial,
    commands,
    accepted,
    refused,
    orders,
    seconds,
    faults,
    notTried,
    failed,
    endedByThemselves,
  }
  const found = { heardInstead: heardInstead(allOf(askers)), unresolved, contradictions, ...(await judged(field)), tables }
  const porcupine = await askPorcupine(history.file, porcupineLimit).catch((error: unknown) => unasked(history, error))
  return { ...run, ...found, porcupine }
}

/** Plays a run to its end. Rejects if it can't be played. `keep`: whether its folder is kept, by what was found. */
export const playTimed = (options: TimedOptions, isWorthKeeping: (report: TimedReport) => boolean): Promise<TimedReport> => {
  const { servers, minutes, workers, leaseTtlMs } = options
  // The proxies take a whole number.
  const seed = prngFromSeed(options.seed)
    .stream("proxies")
    .below(2 ** 31)
  const fileStoreBytesMax = baseBytes + Math.ceil(minutes) * bytesAMinute
  return withField({ servers, seed, partitions, workers, leaseTtlMs, fileStoreBytesMax }, async (field) => {
    const report = await playOn(field, options, new History(field.parts.folder))
    return { result: report, keep: isWorthKeeping(report) }
  })
}
