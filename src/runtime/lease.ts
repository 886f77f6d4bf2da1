/**
 * The lease of one partition: taken while this worker should own it, renewed, given back.
 *
 * The lease only says who should try. Losing it, keeping it too long or having it twice costs time, never a unit.
 */
import { Clock, Effect } from "effect"
import { Cluster } from "../ports/broker.ts"
import { logLine } from "../telemetry/names.ts"
import type { RunningPartition } from "./partition.ts"
import { type Lease, mayOwn, type Slot, type SlotOptions, shouldAcquire } from "./slot.ts"

/** Shares of the TTL: when it is renewed, and how often somebody else's is tried, or an unanswered renewal. */
const renewShare = 3
const retryShare = 10

const monotonicMs = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** Asks for the lease once. Not interruptible: if the server grants a lease and this worker doesn't note it, nobody gives it back. */
const tryToAcquire: (slot: Slot, options: SlotOptions) => Effect.Effect<void, never, Cluster> = Effect.fnUntraced(function* (
  slot,
  options,
) {
  const cluster = yield* Cluster
  const sinceMs = yield* monotonicMs
  yield* Effect.match(cluster.acquire(slot.partition, options.worker, options.leaseTtlMs), {
    onSuccess: ({ revision }) => {
      slot.lease = { revision, sinceMs }
    },
    onFailure: (error) => {
      slot.holder = error._tag === "Superseded" ? error.holder : undefined
    },
  })
}, Effect.uninterruptible)

/** Returns once the lease is ours. Doesn't try while this worker should not own the partition. */
const acquire: (slot: Slot, options: SlotOptions) => Effect.Effect<void, never, Cluster> = Effect.fnUntraced(function* (slot, options) {
  while (slot.lease === null) {
    yield* slot.signal.until(() => shouldAcquire(slot))
    yield* tryToAcquire(slot, options)
    if (slot.lease === null)
      yield* Effect.timeoutOption(
        slot.signal.until(() => slot.holder === null),
        options.leaseTtlMs / retryShare,
      )
  }
  slot.signal.notify()
  yield* Effect.logInfo(logLine.leaseTaken, { partition: slot.partition })
})

/** Renews once. Forgets the lease when another worker has it, or when its time to live may have passed. Not interruptible, as `tryToAcquire` isn't. */
const renew: (slot: Slot, lease: Lease, options: SlotOptions) => Effect.Effect<void, never, Cluster> = Effect.fnUntraced(function* (
  slot,
  lease,
  options,
) {
  const cluster = yield* Cluster
  const sinceMs = yield* monotonicMs
  const renewed = yield* Effect.match(cluster.renew(slot.partition, options.worker, lease.revision, options.leaseTtlMs), {
    onSuccess: ({ revision }): Lease => ({ revision, sinceMs }),
    onFailure: (error) => (error._tag === "Superseded" ? null : lease),
  })
  const isOver = renewed === lease && (yield* monotonicMs) - lease.sinceMs >= options.leaseTtlMs
  slot.lease = isOver ? null : renewed
}, Effect.uninterruptible)

/**
 * Whether the lease of a partition that was claimed is over, by this worker's clock: it was not renewed for its whole TTL, and another may hold it; or this worker has none any more, and the partition was
 * told so by a letter that others may lie before.
 */
export const hasLapsedOf = (slot: Slot, { leaseTtlMs }: SlotOptions, clock: Clock.Clock): (() => boolean) => {
  const nanosPerMs = 1_000_000n
  return () => slot.lease === null || Number(clock.monotonicTimeNanosUnsafe() / nanosPerMs) - slot.lease.sinceMs >= leaseTtlMs
}

/** Milliseconds until the lease has to be renewed: a third of its TTL after it was last, soon if that failed. */
const untilRenewal = (lease: Lease, nowMs: number, ttlMs: number): number =>
  Math.max(ttlMs / retryShare, ttlMs / renewShare - (nowMs - lease.sinceMs))

/**
 * Renews for as long as the lease is ours and the claim stands. Drains the partition as soon as this worker should not own it any more, and renews on until that is done: the
 * reign, or the claim, ends then, and the partition follows on.
 */
const hold: (slot: Slot, running: RunningPartition, options: SlotOptions) => Effect.Effect<void, never, Cluster> = Effect.fnUntraced(
  function* (slot, running, options) {
    let draining = false
    while (slot.lease !== null && running.isClaimed()) {
      const lease = slot.lease
      const waitMs = untilRenewal(lease, yield* monotonicMs, options.leaseTtlMs)
      yield* Effect.timeoutOption(
        slot.signal.until(() => !running.isClaimed() || (!draining && !mayOwn(slot))),
        waitMs,
      )
      if (!running.isClaimed()) return
      if (!draining && !mayOwn(slot)) {
        draining = true
        yield* Effect.logInfo(logLine.draining, { partition: slot.partition })
        running.tell({ _tag: "Drain" })
        continue
      }
      yield* renew(slot, lease, options)
    }
  },
)

/** The lease is gone. A reign or a claim ends by it, once its append is known to be stored or not, and the life goes on with all that it knows. */
const loseClaim: (slot: Slot, running: RunningPartition) => Effect.Effect<void> = Effect.fnUntraced(function* (slot, running) {
  if (!running.isClaimed()) return
  slot.signal.notify()
  yield* Effect.logWarning(logLine.leaseLost, { partition: slot.partition })
  running.tell({ _tag: "LeaseLost" })
  yield* slot.signal.until(() => !running.isClaimed())
})

/**
 * Takes the lease when this worker should own the partition, claims it, and renews the lease until the life ends, or the lease is lost or given up: then it tries again.
 */
export const keepLease = (slot: Slot, running: RunningPartition, options: SlotOptions): Effect.Effect<never, never, Cluster> =>
  acquire(slot, options).pipe(
    Effect.andThen(running.claim),
    Effect.andThen(hold(slot, running, options)),
    Effect.andThen(loseClaim(slot, running)),
    Effect.andThen(releaseLease(slot, options)),
    Effect.andThen(Effect.sync(slot.signal.notify)),
    Effect.forever,
  )

/** Gives the lease back, if it is ours. If the broker doesn't hear it, the lease ends by itself. */
export const releaseLease: (slot: Slot, options: SlotOptions) => Effect.Effect<void, never, Cluster> = Effect.fnUntraced(
  function* (slot, options) {
    const lease = slot.lease
    slot.lease = null
    if (lease === null) return
    const cluster = yield* Cluster
    yield* cluster.release(slot.partition, options.worker, lease.revision).pipe(
      Effect.timeoutOption(options.leaseTtlMs),
      Effect.catch((error) => Effect.logDebug("a lease was not released", { partition: slot.partition, cause: error.cause })),
    )
  },
)
