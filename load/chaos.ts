/**
 * `npm run chaos [-- SCENARIO...]`: what must survive, done to real processes on this machine, with a line for everything that happens. Ends with code 0 if
 * every scenario held, with 3 if one did not.
 */

import { counted } from "../src/domain/telling.ts"
import { appendTimeoutMs } from "../src/limits.ts"
import { withClusterRig } from "./chaos/cluster-rig.ts"
import { playDeadWorker } from "./chaos/dead-worker.ts"
import { playHandover } from "./chaos/handover.ts"
import { playLostJournal } from "./chaos/lost-journal.ts"
import { type Rig, type RigOptions, withRig } from "./chaos/rig.ts"
import { type Loss, playServerLoss } from "./chaos/server-loss.ts"
import type { TrafficOptions } from "./chaos/traffic.ts"
import type { Say } from "./chaos/verdict.ts"
import { playWipedDisk } from "./chaos/wiped-disk.ts"
import { playZombie } from "./chaos/zombie.ts"
import { scriptOptions } from "./stage/options.ts"

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

/** Plays on three servers of its own, which the others have no need of. */
const wipedDisk = "wiped-disk"

const names = [...Object.keys(scenarios), wipedDisk]
const values = scriptOptions(
  "What must survive, done to real processes on this machine.",
  {
    seed: { fallback: "1", help: "of the traffic", whole: 0 },
    buyers: { fallback: "64", help: "who buy at once", whole: 1 },
    workers: { fallback: "2", help: "workers", whole: 1 },
    "lease-ms": { fallback: "3000", help: "a lease's time to live", whole: 1 },
    "stop-ms": { fallback: "", help: "how long the zombie is stopped; twice the lease unless given", whole: 1 },
    mib: { fallback: "64", help: "MiB of facts that are undecided when the disk is lost; 1024 is the full size", whole: 1 },
  },
  { words: { metavar: "SCENARIO...", help: "which, otherwise all", known: names } },
)
const rigOptions: RigOptions = { partitions: 8, workers: Number(values.workers), leaseTtlMs: Number(values["lease-ms"]) }
const traffic = { seed: Number(values.seed), skus: 40, buyers: Number(values.buyers) }

const playOnThree = (say: Say): Promise<ReadonlyArray<string>> =>
  withClusterRig({ servers: 3, partitions: 4, leaseTtlMs: rigOptions.leaseTtlMs }, async (rig) => {
    const report = await playWipedDisk(rig, Number(values.mib) * 1_048_576, say)
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

const held: Array<boolean> = []
for (const name of values.words.length > 0 ? values.words : names) held.push(await play(name))
const failed = held.filter((one) => !one).length
console.log(
  failed === 0 ? `OK: ${counted(held.length, "scenario")} held` : `FAILED: ${failed} of ${counted(held.length, "scenario")} did not hold`,
)
process.exitCode = failed === 0 ? 0 : 3
