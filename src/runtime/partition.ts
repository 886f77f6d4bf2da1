/**
 * One life of a partition on this worker: the loop that tells the engine what happened and has its outputs performed.
 *
 * It begins as a hot standby that knows nothing, may become the owner and a standby again and again, and ends for good when the engine steps down or halts: its
 * state is then thrown away with its scope. No decisions are taken here; what ends a life, and what follows it, is ownership's.
 */
import { Deferred, Effect, FiberSet, Random, type Scope } from "effect"
import type { PartitionCounts } from "../domain/kinds.ts"
import { brokerNow } from "../engine/broker-clock.ts"
import type { Partition } from "../engine/partition.ts"
import type { Output } from "../engine/protocol.ts"
import type { Cluster, Commands, Journals, Outbound, Snapshots } from "../ports/broker.ts"
import type { Desk } from "../ports/door.ts"
import type { Meter } from "../ports/meter.ts"
import { logLine } from "../telemetry/names.ts"
import { Engine } from "./engine.ts"
import { type Letter, type Mailbox, makeMailbox, type UntimedInput } from "./mailbox.ts"
import type { Owners } from "./owners.ts"
import { startPerforming } from "./performing.ts"
import type { Reigns } from "./reigns.ts"
import { makeSignal } from "./signal.ts"
import type { LifeEnd } from "./standing-outputs.ts"
import { type SteadyClock, steadyClock } from "./steady-clock.ts"

/** The services a partition's life needs. */
export type PartitionPorts = Commands | Cluster | Desk | Engine | Journals | Meter | Outbound | Owners | Reigns | Snapshots

/** A life of a partition, as whoever started it sees it. */
export interface RunningPartition {
  /** The engine's state, for its views only. */
  readonly state: Partition
  readonly tell: (told: UntimedInput) => void
  /** What time it is at the broker at least; null: not known yet. */
  readonly brokerNowMs: () => number | null
  /** Tries to become the owner. Only while this worker holds the lease, and not while an earlier claim stands. */
  readonly claim: Effect.Effect<void>
  /** Returns once the record at `seq` is confirmed: false if this life ended before that. What was seen of the state ahead of the journal may then be said. */
  readonly confirmed: (seq: number) => Effect.Effect<boolean>
  /** Returns once everything up to `seq` was read, or this life is over. */
  readonly followedTo: (seq: number) => Effect.Effect<void>
  /** Whether it was claimed and that claim stands: it may serve, or an append of it may be in flight. */
  readonly isClaimed: () => boolean
  /** How it ended. Dies with a defect of whoever performed an output. */
  readonly ended: Effect.Effect<LifeEnd>
}

const always = () => true

/** 128 random bits in hexadecimal. Unique, not secret. */
const randomId: Effect.Effect<string> = Effect.map(
  Effect.all([
    Random.nextIntBetween(0, 0xffff_ffff),
    Random.nextIntBetween(0, 0xffff_ffff),
    Random.nextIntBetween(0, 0xffff_ffff),
    Random.nextIntBetween(0, 0xffff_ffff),
  ]),
  (words) => words.map((word) => word.toString(16).padStart(8, "0")).join(""),
)

interface LoopGiven {
  readonly state: Partition
  readonly engine: Engine["Service"]
  readonly clock: SteadyClock
  readonly mailbox: Mailbox
  readonly perform: (output: Output) => void
  readonly isOver: () => boolean
  /** Whether the lease that this partition is owned under is over by now: asked before each letter, and true once only. */
  readonly leaseLapsed: () => boolean
}

/** Milliseconds after which a turn ends: timers, sockets and the other partitions are let through between two turns. */
const turnMs = 5

/** Tells the partition something, and has performed what it answers: whether it answered anything. */
const hear = (given: LoopGiven, told: UntimedInput): boolean => {
  const outputs = stepOrHalt(given, told)
  for (const output of outputs) given.perform(output)
  return outputs.length > 0
}

/**
 * Tells the partition what has arrived, however many commands, and has performed what it answers. Ends early with the first answer, and when it took
 * long: the next letter may keep this process busy for milliseconds, and neither what is to go out nor the renewal of a lease is to wait for that.
 */
const hearSome = (given: LoopGiven): void => {
  const endsMs = given.clock.nowMs() + turnMs
  given.mailbox.readSome((letter) => {
    // A process that stood still runs its timers before it reads its sockets, and so may decide before it learns that another worker took over. That append would be fenced and
    // cost the state, so the lease is looked at first.
    if (given.leaseLapsed()) hear(given, { _tag: "LeaseLost" })
    if (!letter.isWanted() || isTooLate(given, letter)) return false
    return hear(given, letter.told) || given.clock.nowMs() >= endsMs
  })
}

/** Whether the letter can be thrown away unread. A frame that was handed over is kept, because its ingress waits for an answer. */
const isTooLate = ({ isOver }: LoopGiven, { told }: Letter): boolean => isOver() && told._tag !== "CommandsHanded"

/** Answers the frames that are still unread when the engine has ended this life. A life that is interrupted before that answers nothing: some of the commands may be in the journal. */
const hearTheRest = (given: LoopGiven): void => {
  if (!given.isOver()) return
  given.mailbox.readSome((letter) => {
    if (letter.told._tag === "CommandsHanded") hear(given, letter.told)
    return false
  })
}

/**
 * Lets what was begun hand over to the broker what it has to, and lets that leave. Each yield is a turn of the event loop, its timers and sockets
 * included: Effect's scheduler runs what was yielded from setImmediate, not from microtasks.
 */
const untilGone = Effect.andThen(Effect.yieldNow, Effect.yieldNow)

/** Runs one turn after another for as long as the fiber lives, and signals the end of each. */
const hearForEver = (given: LoopGiven, heard: () => void): Effect.Effect<never> =>
  given.mailbox.arrived.pipe(
    Effect.andThen(
      Effect.sync(() => {
        hearSome(given)
        heard()
      }),
    ),
    Effect.andThen(untilGone),
    Effect.forever,
  )

/** If the engine throws, an invariant is broken and the state can't be trusted. The partition halts; nobody goes on with that state. */
const stepOrHalt = ({ engine, clock, state }: LoopGiven, told: UntimedInput): ReadonlyArray<Output> => {
  const nowMs = clock.nowMs()
  try {
    return engine.step(state, told._tag === "Tick" ? { ...told, nowMs, wallMs: clock.wallMs() } : { ...told, nowMs })
  } catch (thrown) {
    const detail = `${told._tag}: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`
    return [{ _tag: "Halted", halt: { reason: "InvariantBroken", detail, atMs: nowMs, resume: null } }]
  }
}

/** Starts a partition as a standby. It lives as long as the scope, and is only heard of while it does. `changed` is told when a claim or a reign ended; `hasLapsed`: whether the lease is over by this worker's clock. */
export const startPartition: (options: {
  readonly partition: number
  readonly partitions: PartitionCounts
  readonly changed: () => void
  readonly hasLapsed: () => boolean
}) => Effect.Effect<RunningPartition, never, PartitionPorts | Scope.Scope> = Effect.fnUntraced(function* (options) {
  const { partition, partitions, changed, hasLapsed } = options
  const engine = yield* Engine
  const clock = yield* steadyClock
  const state = engine.empty(partition, partitions)
  const [mailbox, heard] = [makeMailbox(), makeSignal()]
  let [isClosed, claimed, lapsed] = [false, false, false]
  const brokerNowMs = () => brokerNow(state.brokerClock, clock.nowMs())
  const ended = yield* Deferred.make<LifeEnd>()
  const fibers = yield* FiberSet.make<void, never>()
  const run = yield* FiberSet.runtime(fibers)()

  const tell = (told: UntimedInput) => mailbox.put({ told, isWanted: always })
  const performing = yield* startPerforming({
    partition,
    state,
    mailbox,
    brokerNowMs,
    run: (effect) => void run(effect),
    ended: (how) => void Deferred.doneUnsafe(ended, Effect.succeed(how)),
    claimEnded: () => {
      claimed = false
      changed()
    },
  })
  const given: LoopGiven = {
    state,
    engine,
    clock,
    mailbox,
    perform: performing.perform,
    isOver: () => Deferred.isDoneUnsafe(ended),
    leaseLapsed: () => {
      if (!claimed || lapsed || !hasLapsed()) return false
      lapsed = true
      run(Effect.logWarning(logLine.leaseLapsed, { partition }))
      return true
    },
  }
  run(hearForEver(given, heard.notify))
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      hearTheRest(given)
      isClosed = true
      heard.notify()
    }),
  )
  performing.loadSnapshot()

  const running: RunningPartition = {
    state,
    tell,
    brokerNowMs,
    claim: Effect.map(Effect.all([randomId, randomId]), ([owner, incarnation]) => {
      if (claimed) return
      claimed = true
      lapsed = false
      tell({ _tag: "Claim", owner, incarnation })
    }),
    confirmed: (seq) =>
      Effect.map(
        heard.until(() => isClosed || given.isOver() || state.confirmedSeq >= seq),
        () => !isClosed && !given.isOver(),
      ),
    followedTo: (seq) => heard.until(() => isClosed || given.isOver() || (state.phase !== "starting" && state.confirmedSeq >= seq)),
    isClaimed: () => claimed,
    ended: Effect.raceFirst(Deferred.await(ended), Effect.andThen(FiberSet.join(fibers), Effect.never)),
  }
  return running
})
