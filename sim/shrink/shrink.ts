/**
 * Makes a failing seed small: cuts its tail, drops families of faults, then leaves out commands and faults one by one, as long as the same checker
 * still finds the same thing.
 *
 * What it decides is only what to leave out: every try is an ordinary run of the seed. Choices are drawn under keys (world/chance.ts), so what is left
 * stays what it was.
 */
import {
  arrivedMessagesMax,
  batchCommandsMax,
  batchExpiriesMax,
  cursorsRememberedMax,
  frameMessagesMax,
  framesUnderWayMax,
  handedCommandsMax,
  recordBytesMax,
  replyRecordsMax,
  snapshotChunkBytesMax,
  snapshotSliceItemsMax,
  waitingMessagesMax,
} from "../../src/limits.ts"
import type { FaultName } from "../faults/catalogue.ts"
import { type Drawn, drawOptions, profiles } from "../profiles.ts"
import type { Failure, SeedResult } from "../result.ts"
import { type RunOptions, runSeed } from "../run.ts"

/** What of a seed is played. */
export interface Shrunk {
  readonly seed: string
  readonly profile: RunOptions["profile"]
  /** Virtual milliseconds after which all is healed. */
  readonly untilMs: number
  readonly families: ReadonlyArray<FaultName>
  /** What is set otherwise than the seed draws it. */
  readonly drawn: Partial<Drawn>
  /** Numbers of the choices that may stand, by the name of their list; a list that is not named stands whole. */
  readonly kept: Readonly<Record<string, ReadonlyArray<number>>>
  /** The failure that stays. */
  readonly checker: string
  readonly signature: string
}

export interface ShrinkReport {
  readonly shrunk: Shrunk
  /** The run of what is left. */
  readonly result: SeedResult
  /** Commands sent and faults injected, of the whole seed and of what is left; and the runs that it took. */
  readonly decisionsBefore: number
  readonly decisionsAfter: number
  readonly runs: number
}

export interface ShrinkOptions {
  /** How the seed is run: with the planted defect, if it has one. */
  readonly run: RunOptions
  /** The failure to keep; the first one unless given. */
  readonly failure?: Pick<Failure, "checker" | "signature">
  /** Runs it may take. */
  readonly runsMax: number
  /** Told after every run. */
  readonly onRun?: (runs: number, decisions: number) => void
}

interface Run {
  readonly result: SeedResult
  readonly decisions: Readonly<Record<string, ReadonlyArray<number>>>
  readonly found: Failure
}

/** Runs what is left of a seed. */
export const runShrunk = (base: RunOptions, shrunk: Shrunk): SeedResult => runSeed(optionsOf(base, shrunk))

const optionsOf = (base: RunOptions, shrunk: Shrunk): RunOptions => ({
  ...base,
  seed: shrunk.seed,
  profile: shrunk.profile,
  untilMs: shrunk.untilMs,
  families: new Set(shrunk.families),
  drawn: shrunk.drawn,
  kept: shrunk.kept,
})

class Shrinking {
  readonly #options: ShrinkOptions
  readonly #target: Pick<Failure, "checker" | "signature">
  runs = 0
  best: Shrunk
  run: Run

  constructor(options: ShrinkOptions, whole: Shrunk) {
    this.#options = options
    this.#target = { checker: whole.checker, signature: whole.signature }
    this.best = whole
    const first = this.#try(whole)
    if (first === undefined) throw new Error(`seed ${whole.seed} does not fail by ${whole.checker}: there is nothing to shrink`)
    this.run = first
  }

  get isOver(): boolean {
    return this.runs >= this.#options.runsMax
  }

  #try(shrunk: Shrunk): Run | undefined {
    this.runs++
    let decisions: Run["decisions"] = {}
    const result = runSeed({
      ...optionsOf(this.#options.run, shrunk),
      inspect: (cluster, player, orders) => {
        decisions = { ...cluster.chance.decisions(), flows: player.played, setup: player.setUp, orders: orders.played }
      },
    })
    const found = result.failures.find(({ checker, signature }) => checker === this.#target.checker && signature === this.#target.signature)
    return found === undefined ? undefined : { result, decisions, found }
  }

  /** Takes a smaller candidate if it fails alike, and no run is over the number allowed. Says whether it was taken. */
  take(candidate: Shrunk): boolean {
    if (this.isOver) return false
    const run = this.#try(candidate)
    this.#options.onRun?.(this.runs, this.run.result.decisions)
    if (run === undefined) return false
    this.best = candidate
    this.run = run
    return true
  }

  /** Names what happened of one list, and leaves the others as they are. */
  nameOnly(list: string): void {
    this.best = { ...this.best, kept: { ...this.best.kept, [list]: this.run.decisions[list] ?? [] } }
  }

  /** Only what happened can be left out: names it. */
  name(): void {
    this.best = { ...this.best, kept: this.run.decisions }
  }
}

const without = (shrunk: Shrunk, name: FaultName): Shrunk => ({ ...shrunk, families: shrunk.families.filter((family) => family !== name) })

/** Leaves out ever smaller parts of one list, each size once through: delta debugging, by complements. */
const leaveOut = (shrinking: Shrinking, list: string): void => {
  for (let size = (shrinking.best.kept[list] ?? []).length; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    // From the end: what comes after the failure has no part in it, and what comes before is cheaper to keep.
    for (let to = (shrinking.best.kept[list] ?? []).length; to > 0 && !shrinking.isOver; to -= size) {
      const numbers = shrinking.best.kept[list] ?? []
      const left = [...numbers.slice(0, Math.max(0, to - size)), ...numbers.slice(to)]
      if (left.length < numbers.length) shrinking.take({ ...shrinking.best, kept: { ...shrinking.best.kept, [list]: left } })
    }
  }
}

const simpler: ReadonlyArray<Partial<Drawn>> = [
  { replicas: 1 },
  { workers: 2 },
  { partitions: 1 },
  { loss: 0, duplicates: 0, spikes: 0 },
  { snapshotEveryRecords: 1_000_000 },
  { batchMessagesMax: 2_048 },
  { memory: "shipped" },
  { memory: "packed" },
  { orderPartitions: 0 },
  { ingresses: 0 },
  { variedPercent: 0, policies: 0 },
  { policies: 0 },
  { packedOneIn: 1_000_000 },
  {
    batchCommandsMax,
    batchExpiriesMax,
    batchBytesMax: recordBytesMax,
    arrivedMessagesMax,
    handedCommandsMax,
    replyRecordsMax,
    chunkBytesMax: snapshotChunkBytesMax,
    sliceItemsMax: snapshotSliceItemsMax,
    cursorsRememberedMax,
  },
  { waitingMessagesMax, frameMessagesMax, framesUnderWayMax },
]

/** Chances that are halved as long as the failure stays: a rarer fault is one of those that were there before. */
const chances = ["faultChance", "spikes", "loss", "duplicates", "crashPoints"] as const

/** Fewer faults of every kind, all at once and before any is numbered. */
const rarer = (shrinking: Shrinking): void => {
  for (const name of chances)
    for (;;) {
      const now = shrinking.run.result.drawn[name]
      if (typeof now !== "number" || now < 1) break
      if (!shrinking.take({ ...shrinking.best, drawn: { ...shrinking.best.drawn, [name]: now >> 1 } })) break
    }
}

/** Fewer flows while faults are drawn freely: those that befall what is left stay, for each is drawn under its own key. */
const freely = (shrinking: Shrinking): void => {
  for (const list of ["flows", "setup", "orders"]) {
    shrinking.nameOnly(list)
    leaveOut(shrinking, list)
    cutTail(shrinking)
  }
}

/** Cuts what comes after the failure. */
const cutTail = (shrinking: Shrinking): void => {
  const failedMs = shrinking.run.found.atMs
  for (const untilMs of [failedMs + 1, failedMs + 2_000, failedMs + 10_000])
    if (untilMs < shrinking.best.untilMs && shrinking.take({ ...shrinking.best, untilMs })) return
}

/** Another, smaller world that fails alike: fewer faults, workers, partitions, SKUs, orders. Before anything is numbered. */
const coarse = (shrinking: Shrinking, wholeOrders: number): void => {
  cutTail(shrinking)
  if (!shrinking.take({ ...shrinking.best, families: [] }))
    for (const name of [...shrinking.best.families])
      if (shrinking.best.families.includes(name)) shrinking.take(without(shrinking.best, name))
  const take = (drawn: Partial<Drawn>) => shrinking.take({ ...shrinking.best, drawn: { ...shrinking.best.drawn, ...drawn } })
  for (const drawn of simpler) take(drawn)
  for (const skus of [1, 2]) if (take({ skus })) break
  for (const stockPercent of [1, 4, 10]) if (take({ stockPercent })) break
  for (let orders = wholeOrders >> 1; orders >= 4; orders >>= 1) if (!take({ orders })) break
  cutTail(shrinking)
  rarer(shrinking)
  freely(shrinking)
  rarer(shrinking)
}

const passes = (shrinking: Shrinking): void => {
  cutTail(shrinking)
  shrinking.name()
  leaveOut(shrinking, "setup")
  leaveOut(shrinking, "flows")
  leaveOut(shrinking, "orders")
  shrinking.name()
  for (const list of Object.keys(shrinking.best.kept)) if (list !== "flows") leaveOut(shrinking, list)
}

/** Shrinks a failing seed. Throws if it is green, or doesn't fail as it is said to. */
export const shrink = (options: ShrinkOptions): ShrinkReport => {
  const { run } = options
  const whole = runSeed(run)
  const target = options.failure ?? whole.failures[0]
  if (target === undefined) throw new Error(`seed ${run.seed} of profile ${run.profile} is green: there is nothing to shrink`)
  const chosen = drawOptions(run.seed, profiles[run.profile])
  const drawn: Drawn = { ...chosen.drawn, ...run.drawn }
  const shrinking = new Shrinking(options, {
    seed: run.seed,
    profile: run.profile,
    untilMs: run.untilMs ?? drawn.windowMs,
    families: [...(run.families ?? chosen.families)],
    drawn: run.drawn ?? {},
    kept: run.kept ?? {},
    checker: target.checker,
    signature: target.signature,
  })
  coarse(shrinking, drawn.orders)
  let before = Number.POSITIVE_INFINITY
  while (shrinking.run.result.decisions < before && !shrinking.isOver) {
    before = shrinking.run.result.decisions
    passes(shrinking)
  }
  const { best: shrunk, runs } = shrinking
  const { result } = shrinking.run
  return { shrunk, result, decisionsBefore: whole.decisions, decisionsAfter: result.decisions, runs }
}
