/**
 * What those who perform a partition's outputs are given: how to tell it what came of them, and where their fibers live.
 */
import type { Effect } from "effect"
import type { UntimedInput } from "./mailbox.ts"

/** What the performers of one partition share. */
export interface Shell {
  readonly partition: number
  /** Tells the partition. It hears it in one of the next turns, in order. */
  readonly tell: (told: UntimedInput) => void
  /** As `tell`, unless `isWanted` has become false by the time the partition would hear it. */
  readonly tellWhile: (isWanted: () => boolean, told: UntimedInput) => void
  /** Returns once the partition has heard everything it was told. */
  readonly heard: Effect.Effect<void>
  /** What time it is at the broker at least; null: not known yet. */
  readonly brokerNowMs: () => number | null
  /** The name of the reign, once it is one. */
  readonly owner: () => string
  /** Runs a fiber that ends with this life of the partition, or with a reign in it. It is begun at once, in this turn. */
  readonly run: (effect: Effect.Effect<void>) => void
}
