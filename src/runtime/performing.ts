/**
 * The performers of a partition's outputs, replaced by new ones at the end of each reign.
 *
 * A late answer to a question of an ended reign would look like an answer to the next reign's question. So at the end of a reign all performers are closed, with everything under
 * way, and new ones begin with nothing under way.
 */
import { Effect, Exit, type Fiber, FiberSet, Scope } from "effect"
import type { Partition } from "../engine/partition.ts"
import type { Output } from "../engine/protocol.ts"
import type { Mailbox } from "./mailbox.ts"
import type { PartitionPorts } from "./partition.ts"
import { makePerformer, type Performer } from "./perform.ts"
import type { Shell } from "./shell.ts"
import type { StandingListener } from "./standing-outputs.ts"

/** The performers of one partition: those of the present reign, and how the next one's are begun. */
export interface Performing {
  readonly perform: (output: Output) => void
  /** Loads the newest snapshot: what a partition's life begins with. */
  readonly loadSnapshot: () => void
}

/** What it is given of the life it is part of. */
interface PerformingGiven extends Pick<StandingListener, "ended" | "claimEnded"> {
  readonly partition: number
  readonly state: Partition
  readonly mailbox: Mailbox
  readonly brokerNowMs: Shell["brokerNowMs"]
  /** Runs a fiber that ends with the life; a defect of it ends the life. */
  readonly run: (effect: Effect.Effect<void>) => void
}

interface Performed {
  readonly performer: Performer
  /** Ends what is under way. Whatever it still tells is not heard. */
  readonly stop: () => void
}

/** Fibers are forked from the life's own runtime: a fiber begun between two turns would otherwise get a scheduler of its own. */
type Fork = (effect: Effect.Effect<void>) => Fiber.Fiber<void>

const begin = Effect.fnUntraced(function* (
  { partition, state, mailbox, brokerNowMs, run }: PerformingGiven,
  whoHears: StandingListener,
  fork: Fork,
) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const fibers = yield* Scope.provide(FiberSet.make<void, never>(), scope)
  run(FiberSet.join(fibers))
  let isOver = false
  const shell: Shell = {
    partition,
    // A frame that was handed over is kept across reigns: its ingress waits for an answer.
    tell: (told) => mailbox.put({ told, isWanted: () => !isOver || told._tag === "CommandsHanded" }),
    tellWhile: (isWanted, told) => mailbox.put({ told, isWanted: () => !isOver && isWanted() }),
    heard: mailbox.emptied,
    brokerNowMs,
    owner: () => state.owner,
    run: (effect) => {
      FiberSet.addUnsafe(fibers, fork(effect))
    },
  }
  const performer = yield* Scope.provide(makePerformer(shell, state.underWay, whoHears), scope)
  const performed: Performed = {
    performer,
    stop: () => {
      isOver = true
      run(Scope.close(scope, Exit.void))
    },
  }
  return performed
})

/** Performs until the scope closes, and begins anew with each reign that ends. */
export const startPerforming = Effect.fnUntraced(function* (given: PerformingGiven) {
  const context = yield* Effect.context<PartitionPorts | Scope.Scope>()
  const fork = Effect.runForkWith(context)
  const runSync = Effect.runSyncWith(context)
  const whoHears: StandingListener = {
    ended: given.ended,
    claimEnded: given.claimEnded,
    reignEnded: () => {
      present.stop()
      present = runSync(begin(given, whoHears, fork))
      given.claimEnded()
    },
  }
  let present = yield* begin(given, whoHears, fork)
  const performing: Performing = {
    perform: (output) => present.performer.perform(output),
    loadSnapshot: () => present.performer.loadSnapshot(),
  }
  return performing
})
