/**
 * The shell of an ingress: tells it what comes through the door, what owners say and what time it is, and has its outputs performed. No decisions are taken here.
 *
 * An ingress that throws has a defect, and its state can't be trusted any more. The shell throws that state away and starts an empty ingress; senders that wait for an answer retry.
 */
import { Cause, Clock, Deferred, Effect, FiberSet, Random, type Scope } from "effect"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import type { SenderAccess } from "../domain/roles.ts"
import { BusyWhy } from "../engine/words.ts"
import type { Ingress } from "../ingress/ingress.ts"
import { senderBounds } from "../ingress/sender-bounds.ts"
import { type IngressView, viewIngress } from "../ingress/view.ts"
import { ownerSilentMs } from "../limits.ts"
import { Desk, Door, type DoorHearing, type OpenDoor, type OwnerNews } from "../ports/door.ts"
import { type IngressSample, Meter } from "../ports/meter.ts"
import { logLine } from "../telemetry/names.ts"
import { IngressEngine } from "./ingress-engine.ts"
import { type IngressTold, makeIngressPerform } from "./ingress-outputs.ts"
import { Owners } from "./owners.ts"
import { untilDone } from "./patience.ts"
import { Reigns } from "./reigns.ts"
import { steadyClock } from "./steady-clock.ts"

/** What an ingress is told at its start. */
export interface IngressShellOptions {
  /** Unique among the processes of a cluster, and one subject token. */
  readonly name: string
  readonly partitions: PartitionCounts
  readonly senders: ReadonlyArray<SenderAccess>
  /** What one sender may send through this ingress. */
  readonly commandsPerSecond: number
  readonly bytesPerSecond: number
  /** Whether it reports partitions that nobody serves. It does so in a process of its own; in a worker's process, the worker knows more and reports them. */
  readonly tellsUnserved?: boolean
}

/** What an ingress says of itself. */
export interface IngressReport {
  readonly ingress: string
  /** Whether its doors are open: it knows the time at the broker, and isn't leaving. */
  readonly ready: boolean
  readonly state: "starting" | "open" | "leaving"
  readonly partitions: IngressView["partitions"]
  readonly closedDoors: ReadonlyArray<string>
}

/** An ingress that runs, as whoever started it sees it. */
export interface RunningIngress {
  readonly report: () => IngressReport
  /** Takes nothing more, and returns whether all that was under way was finished within so many milliseconds. */
  readonly drain: (timeoutMs: number) => Effect.Effect<boolean>
}

/** The services that an ingress needs. */
export type IngressPorts = Desk | Door | IngressEngine | Meter | Owners | Reigns

/** Milliseconds between two ticks: how late a second attempt, or the opening of a door, may be. */
const tickMs = 25
/** Milliseconds between two questions for the broker's time, and between two looks at what metrics show. */
const timeMs = 1_000
const sampleMs = 1_000
const restartAfterDefectMs = 2_000
/** Characters of the process's name in that of a life: with a random part it stays one token of 64. */
const nameCharsMax = 40
const nanosPerMs = 1_000_000

/** One life of it, as others see it. */
interface Life {
  readonly state: Ingress
  readonly nowMs: () => number
  readonly tell: (told: IngressTold) => void
  readonly drained: Effect.Effect<void>
}

/** Feeds inputs to the ingress one after another. An input that comes of performing an output waits until the present step is over. */
const makeTell = (hear: (told: IngressTold) => void, threw: (thrown: unknown) => void) => {
  const waiting: Array<IngressTold> = []
  let isHearing = false
  return (told: IngressTold): void => {
    waiting.push(told)
    if (isHearing) return
    isHearing = true
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) hear(next)
    } catch (thrown) {
      threw(thrown)
    }
    isHearing = false
  }
}

const randomPart = Effect.map(Random.nextIntBetween(0, 0xffff_ffff), (word) => word.toString(16).padStart(8, "0"))

const begin = Effect.fnUntraced(function* (options: IngressShellOptions) {
  const engine = yield* IngressEngine
  const [desk, reigns, meter, clock] = [yield* Desk, yield* Reigns, yield* Meter, yield* Clock.Clock]
  const steady = yield* steadyClock
  const ingress = `${options.name.slice(0, nameCharsMax)}-${yield* randomPart}`
  const state = engine.empty({ ingress, partitions: options.partitions, senders: senderBounds(options.senders, options) })
  const broken = yield* Deferred.make<never>()
  const drained = yield* Deferred.make<void>()
  const fibers = yield* FiberSet.make<void, never>()
  const run = yield* FiberSet.runtime(fibers)()
  const threw = (thrown: unknown) => Deferred.doneUnsafe(broken, Effect.die(thrown))

  let perform: ReturnType<typeof makeIngressPerform> | undefined
  const tell = makeTell((told) => {
    if (Deferred.isDoneUnsafe(broken)) return
    for (const output of engine.step(state, { ...told, nowMs: steady.nowMs() })) perform?.(output)
  }, threw)
  const hearing: DoorHearing = {
    arrived: (messages, publishedAfterMs) => {
      const ageMs = Number(clock.monotonicTimeNanosUnsafe()) / nanosPerMs - publishedAfterMs
      // One millisecond is added: both clocks are read in whole milliseconds, and a message may be taken for older than it is, never for younger.
      tell({ _tag: "Arrived", messages, publishedAfterMs: steady.nowMs() - Math.ceil(ageMs) - 1 })
    },
  }
  // A refused login is no outage that could pass by itself: the process ends and says so.
  const entered = (yield* Door).enter(hearing).pipe(Effect.catchTag("LoginRefused", (refused) => Effect.die(refused)))
  const door: OpenDoor = yield* untilDone("opening the door", entered)
  const shell = {
    door,
    desk,
    reigns,
    meter,
    nowMs: steady.nowMs,
    tell,
    run: (effect: Effect.Effect<void>) => void run(effect),
    drained: () => void Deferred.doneUnsafe(drained, Effect.void),
  }
  perform = makeIngressPerform(shell)
  const life: Life = { state, nowMs: steady.nowMs, tell, drained: Deferred.await(drained) }
  return { life, broken: Effect.raceFirst(Deferred.await(broken), Effect.andThen(FiberSet.join(fibers), Effect.never)) }
})

/** When an owner of each partition, by kind and number, was last heard, on the steady clock of a life. */
type OwnersHeard = Map<string, number>
const nameOf = (kind: Kind, partition: number): string => `${kind} ${partition}`

/** For how long no owner of a partition was heard; a short silence is none. */
const silenceOf =
  ({ nowMs }: Life, sinceMs: number, owners: OwnersHeard) =>
  (kind: Kind, partition: number): number => {
    const silentMs = nowMs() - (owners.get(nameOf(kind, partition)) ?? sinceMs)
    return silentMs > ownerSilentMs ? silentMs : 0
  }

/** Passes on to the ingress what owners announce (in this process and in others) and the broker's time. */
const attend = Effect.fnUntraced(function* ({ tell, nowMs }: Life, owners: OwnersHeard) {
  const [desk, known] = [yield* Desk, yield* Owners]
  const hear = ({ kind, partition, epoch, owner, full, factsFull }: OwnerNews): void => {
    if (owner !== null) owners.set(nameOf(kind, partition), nowMs())
    tell({ _tag: "OwnerSeen", kind, partition, epoch, owner })
    for (const { sender, forMs } of full) tell({ _tag: "SenderFull", of: "all", sender, forMs })
    for (const { sender, forMs } of factsFull) tell({ _tag: "SenderFull", of: "facts", sender, forMs })
  }
  const stop = known.listen(hear)
  yield* Effect.addFinalizer(() => Effect.sync(stop))
  const lookAtTime = Effect.match(desk.brokerMs, {
    onSuccess: (brokerMs) => tell({ _tag: "BrokerTimeSeen", brokerMs }),
    // Without an answer the ingress goes on with the time it knows; the broker is asked again in a second.
    onFailure: () => undefined,
  })
  yield* lookAtTime.pipe(Effect.andThen(Effect.sleep(timeMs)), Effect.forever, Effect.forkScoped)
  yield* Effect.sync(() => tell({ _tag: "Tick" })).pipe(Effect.andThen(Effect.sleep(tickMs)), Effect.forever, Effect.forkScoped)
})

/** `unservedMs` says for how long a partition wasn't served; null: whoever knows better tells it. */
const sampleOf = ({ state, nowMs }: Life, unservedMs: ((kind: Kind, partition: number) => number) | null): IngressSample => {
  const { partitions, senders, strangers, defects } = viewIngress(state, nowMs())
  return {
    ingress: state.ingress,
    partitions: partitions.map(({ kind, partition, selling, keeping, oldestMs }) => ({
      kind,
      partition,
      selling,
      keeping,
      oldestAgeMs: oldestMs,
      unservedMs: unservedMs === null ? null : unservedMs(kind, partition),
    })),
    senders,
    strangers,
    defects,
  }
}

const reportOf = ({ name }: IngressShellOptions, life: Life | null, isLeaving: boolean): IngressReport => {
  const view = life === null ? null : viewIngress(life.state, life.nowMs())
  const isOpen = life !== null && life.state.time.present !== null
  return {
    ingress: life?.state.ingress ?? name,
    ready: isOpen && !isLeaving,
    state: isLeaving ? "leaving" : isOpen ? "open" : "starting",
    partitions: view?.partitions ?? [],
    closedDoors: view?.senders.filter(({ open }) => !open).map(({ sender }) => sender) ?? [],
  }
}

/** Starts an ingress. It works until it is drained, or, without a word, until the scope closes. */
export const startIngress: (options: IngressShellOptions) => Effect.Effect<RunningIngress, never, IngressPorts | Scope.Scope> =
  Effect.fnUntraced(function* (options) {
    const meter = yield* Meter
    meter.ingressBegins(
      options.senders.map(({ sender }) => sender),
      BusyWhy,
    )
    let life: Life | null = null
    let isLeaving = false
    const live = Effect.gen(function* () {
      const { life: begun, broken } = yield* begin(options)
      life = begun
      const [owners, sinceMs]: [OwnersHeard, number] = [new Map(), begun.nowMs()]
      yield* attend(begun, owners)
      yield* Effect.logInfo(logLine.ingressOpen, { ingress: begun.state.ingress })
      if (isLeaving) begun.tell({ _tag: "Drain" })
      const unservedMs = options.tellsUnserved === true ? silenceOf(begun, sinceMs, owners) : null
      const sample = () => meter.ingressSampled(sampleOf(begun, unservedMs))
      const sampling = Effect.sync(sample).pipe(Effect.andThen(Effect.sleep(sampleMs)), Effect.forever)
      return yield* Effect.raceFirst(broken, sampling)
    }).pipe(Effect.scoped)
    const lives = Effect.exit(live).pipe(
      Effect.flatMap((exit) => {
        life = null
        return exit._tag === "Failure" && !Cause.hasInterruptsOnly(exit.cause)
          ? Effect.logError(logLine.ingressBroke, { ingress: options.name, cause: Cause.pretty(exit.cause) })
          : Effect.void
      }),
      Effect.andThen(Effect.sleep(restartAfterDefectMs)),
      Effect.forever,
    )
    yield* Effect.forkScoped(lives)
    const drain = (timeoutMs: number) =>
      Effect.suspend(() => {
        isLeaving = true
        const leaving = life
        if (leaving === null) return Effect.succeed(true)
        leaving.tell({ _tag: "Drain" })
        return Effect.map(Effect.timeoutOption(leaving.drained, timeoutMs), (done) => done._tag === "Some")
      })
    return { report: () => reportOf(options, life, isLeaving), drain }
  })
