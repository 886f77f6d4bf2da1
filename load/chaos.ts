/**
 * `npm run chaos [-- SCENARIO...]`: what must survive, done to real processes on this machine, with a line for everything that happens. Ends with code 0 if
 * every scenario held, with 3 if one did not.
 *
 * `npm run chaos -- --minutes N`: faults of every family, drawn from the seed, while several channels send; then all judges. Ends with 0 if all promises were kept, with 3 if one was not, with 1 if it could not be
 * played, with 130 after Ctrl-C, when what there is is told as partial.
 */

import { counted } from "../src/domain/telling.ts"
import { appendTimeoutMs } from "../src/limits.ts"
import { withClusterRig } from "./chaos/cluster-rig.ts"
import { playDeadWorker } from "./chaos/dead-worker.ts"
import { playHandover } from "./chaos/handover.ts"
import { playLostJournal } from "./chaos/lost-journal.ts"
import { type Rig, type RigOptions, withRig } from "./chaos/rig.ts"
import { type Loss, playServerLoss } from "./chaos/server-loss.ts"
import { type Family, factsOf, familyNames } from "./chaos/timed/families.ts"
import { familyRows, promisesOf, timedText } from "./chaos/timed/report.ts"
import { playTimed, type TimedReport } from "./chaos/timed/run.ts"
import type { TrafficOptions } from "./chaos/traffic.ts"
import type { Say } from "./chaos/verdict.ts"
import { playWipedDisk } from "./chaos/wiped-disk.ts"
import { playZombie } from "./chaos/zombie.ts"
import { scriptOptions } from "./stage/options.ts"
import { say as sayBeside } from "./stage/show.ts"

interface Scenario {
  readonly title: string
  readonly play: (rig: Rig, traffic: TrafficOptions, say: Say) => Promise<ReadonlyArray<string>>
}

/** Milliseconds after which a client asks again: what a process held that ends or stands still is decided when it is sent again, and not before. */
const retryMs = 1_000
/** Away for a moment, for longer than a lease, and without an answer for longer than an append may take. */
const losses = (leaseTtlMs: number): ReadonlyArray<Loss> => [
  { signal: "SIGKILL", awayMs: 0 },
  { signal: "SIGKILL", awayMs: 0 },
  { signal: "SIGKILL", awayMs: 2 * leaseTtlMs },
  { signal: "SIGSTOP", awayMs: appendTimeoutMs + 2_000 },
]

const scenarios: Readonly<Record<string, Scenario>> = {
  zombie: {
    title: "a worker stopped for longer than its lease, and woken",
    play: async (rig, traffic, say) => {
      const { broken } = await playZombie(rig, traffic, Number(values["stop-ms"] || 2 * rig.options.leaseTtlMs), say)
      return broken
    },
  },
  "dead-worker": {
    title: "a worker killed",
    play: async (rig, traffic, say) => (await playDeadWorker(rig, traffic, say)).broken,
  },
  handover: {
    title: "a worker told to leave",
    play: async (rig, traffic, say) => (await playHandover(rig, traffic, say)).broken,
  },
  "server-loss": {
    title: "nats-server killed and started again, and stopped and woken",
    play: async (rig, traffic, say) => (await playServerLoss(rig, traffic, losses(rig.options.leaseTtlMs), say)).broken,
  },
  "lost-journal": {
    title: "journals emptied and mixed",
    play: async (rig, _, say) => (await playLostJournal(rig, say)).broken,
  },
}

const familyNeed = (family: Family): string => {
  const { need } = factsOf(family)
  return need === undefined ? "" : ` [takes ${need}]`
}

/** Plays on three servers of its own, which the others have no need of. */
const wipedDisk = "wiped-disk"

const names = [...Object.keys(scenarios), wipedDisk]
const about = `What must survive, done to real processes on this machine: scenarios by name, or, with --minutes, faults drawn from a seed while several channels send.

npm run chaos                                       all scenarios, one after another
npm run chaos -- --minutes 10 --seed 7 --servers 3  ten minutes of faults of every family, at most two at once
npm run chaos -- --minutes 3 --only latency,clock   of some

A timed run sends over the client library and over HTTP, through faulty TCP proxies (toxiproxy), undoes everything at the end, asks again whatever has no answer, and then audits the journals and all that was
heard, puts the history of each SKU to Porcupine, and holds the tables to the journals. Proxies and Porcupine are built once, with Go. Families:
${familyNames.map((family) => `  ${family.padEnd(17)} ${factsOf(family).title}${familyNeed(family)}`).join("\n")}
Not among them: the leader of the servers' own group told to step down (it takes a login of the system account), a disk that fails, and memory that runs out.`

/** What means nothing to a scenario: whoever gives it means a timed run. None has a fallback of its own, so that it can be seen whether it was given. */
const ofTimedRun = {
  servers: { fallback: "", help: "of a timed run: 1 or 3 (1)" },
  rate: { fallback: "", help: "of a timed run: commands a second, all channels together (1000)", whole: 1 },
  only: { fallback: "", help: "of a timed run: these families alone, separated by commas" },
  before: { fallback: "", help: "of a timed run: folder of another build of the same layout, for upgrade" },
} as const
const timedNames = Object.keys(ofTimedRun) as ReadonlyArray<keyof typeof ofTimedRun>

/** What means nothing to a timed run, likewise without a fallback of its own. */
const ofScenarios = {
  buyers: { fallback: "", help: "of scenarios: who buy at once (64)", whole: 1 },
  "stop-ms": { fallback: "", help: "of the scenario zombie: how long it is stopped; twice the lease unless given", whole: 1 },
  mib: {
    fallback: "",
    help: "of the scenario wiped-disk: MiB of facts that are undecided when the disk is lost; 1024 is the full size (64)",
    whole: 1,
  },
} as const
const scenarioNames = Object.keys(ofScenarios) as ReadonlyArray<keyof typeof ofScenarios>

const values = scriptOptions(
  about,
  {
    minutes: { fallback: "", help: "of a timed run; none: scenarios", whole: 1 },
    ...ofTimedRun,
    seed: { fallback: "1", help: "of the traffic and, in a timed run, of the faults", whole: 0 },
    ...ofScenarios,
    workers: { fallback: "2", help: "workers", whole: 1 },
    "lease-ms": { fallback: "3000", help: "a lease's time to live", whole: 1 },
  },
  {
    switches: { json: "of a timed run: print the result as JSON" },
    words: { metavar: "SCENARIO...", help: "which, otherwise all", known: names },
  },
)
const rigOptions: RigOptions = { partitions: 8, workers: Number(values.workers), leaseTtlMs: Number(values["lease-ms"]) }
const traffic = { seed: Number(values.seed), skus: 40, buyers: Number(values.buyers || 64) }

const playOnThree = (say: Say): Promise<ReadonlyArray<string>> =>
  withClusterRig({ servers: 3, partitions: 4, leaseTtlMs: rigOptions.leaseTtlMs }, async (rig) => {
    const report = await playWipedDisk(rig, Number(values.mib || 64) * 1_048_576, say)
    return report.broken
  })

/** Plays one and says whether it held. */
const play = async (name: string): Promise<boolean> => {
  const scenario = scenarios[name]
  if (scenario === undefined && name !== wipedDisk) {
    console.log(`There is no scenario ${name}; there are ${names.join(", ")}`)
    return false
  }
  const startedMs = performance.now()
  const say: Say = (line) => console.log(`  ${((performance.now() - startedMs) / 1_000).toFixed(1).padStart(5)} s  ${line}`)
  console.log(`${name}: ${scenario?.title ?? "a server of three loses its disk with facts undecided"}`)
  const playing = scenario === undefined ? playOnThree(say) : withRig(rigOptions, (rig) => scenario.play(rig, { ...traffic, retryMs }, say))
  const broken = await playing.catch((error: unknown) => [error instanceof Error ? error.message : String(error)])
  for (const one of broken) console.log(`  BROKEN: ${one}`)
  console.log(broken.length === 0 ? "  held: what must not happen did not" : `  DID NOT HOLD: ${counted(broken.length, "finding")}`)
  return broken.length === 0
}

const exit = { kept: 0, failed: 1, usage: 2, notKept: 3, interrupted: 130 } as const

const wrong = (what: string): never => {
  console.error(`${what}\nsee --help`)
  process.exit(exit.usage)
}

/** The first option of a timed run that was given. */
const timedAlone = (): string | undefined => timedNames.find((name) => values[name] !== "") ?? (values.json ? "json" : undefined)

const playScenarios = async (): Promise<number> => {
  const alone = timedAlone()
  if (alone !== undefined) return wrong(`--${alone} is of a timed run: add --minutes`)
  const held: Array<boolean> = []
  for (const name of values.words.length > 0 ? values.words : names) held.push(await play(name))
  const failed = held.filter((one) => !one).length
  console.log(
    failed === 0 ? `OK: ${counted(held.length, "scenario")} held` : `FAILED: ${failed} of ${counted(held.length, "scenario")} did not hold`,
  )
  return failed === 0 ? exit.kept : exit.notKept
}

const isFamily = (name: string): name is Family => (familyNames as ReadonlyArray<string>).includes(name)

const familiesNamed = (): ReadonlyArray<Family> =>
  values.only === ""
    ? []
    : values.only
        .split(",")
        .map((name) => (isFamily(name) ? name : wrong(`--only: there is no family ${name}: there are ${familyNames.join(", ")}`)))

/** Becomes true at the first Ctrl-C; the second ends this process, and the guardian all others. */
const cancelling = (): (() => boolean) => {
  let isCancelled = false
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (isCancelled) process.exit(exit.interrupted)
      isCancelled = true
      sayBeside("ending: faults are undone, and what there is is judged; once more ends it at once")
    })
  return () => isCancelled
}

const isBroken = (report: TimedReport): boolean => promisesOf(report).some(({ kept }) => !kept)

const playMinutes = async (): Promise<number> => {
  if (values.words.length > 0) return wrong("a timed run takes no scenarios: leave out --minutes, or the words")
  const alone = scenarioNames.find((name) => values[name] !== "")
  if (alone !== undefined) return wrong(`--${alone} is of scenarios: leave out --minutes, or --${alone}`)
  const servers =
    values.servers === "" || values.servers === "1" ? 1 : values.servers === "3" ? 3 : wrong(`--servers ${values.servers}: 1 or 3`)
  const options = {
    minutes: Number(values.minutes),
    seed: values.seed,
    servers,
    rate: Number(values.rate || 1_000),
    workers: Number(values.workers),
    leaseTtlMs: rigOptions.leaseTtlMs,
    only: familiesNamed(),
    before: values.before === "" ? null : values.before,
    say: sayBeside,
    isCancelled: cancelling(),
  } as const
  const report = await playTimed(options, isBroken)
  const promises = promisesOf(report)
  if (values.json) console.log(JSON.stringify({ ...report, families: familyRows(report), promises }))
  else {
    console.log(timedText(report))
    for (const { what, found, kept } of promises) console.log(`${kept ? "kept    " : "NOT KEPT"}  ${what}: ${found}`)
  }
  if (report.isPartial) return exit.interrupted
  return isBroken(report) ? exit.notKept : exit.kept
}

try {
  process.exitCode = values.minutes === "" ? await playScenarios() : await playMinutes()
} catch (error) {
  console.error(`could not be played: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = exit.failed
}
