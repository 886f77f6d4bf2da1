/**
 * What a shell-mode seed draws before its first step: sizes, times, which families of faults are on.
 */
import { type Prng, prngFromSeed } from "../../src/workload/prng.ts"

/** Families of faults, each on in about every other seed. */
export const faultFamilies = [
  "kill",
  "crashPoint",
  "freeze",
  "leave",
  "election",
  "outage",
  "clock",
  "lostRequests",
  "lostAnswers",
  "lateAnswers",
  "watcherLag",
  "lostTail",
] as const
export type FaultFamily = (typeof faultFamilies)[number]

/** Families that are chance, but no fault: how long a way takes, what of it survives a broken connection, how long three servers need, who runs first. */
const harmlessFamilies = ["way", "inFlight", "replication", "schedule"] as const

export interface Drawn {
  readonly workers: number
  readonly partitions: number
  readonly replicas: 1 | 3
  readonly leaseTtlMs: number
  readonly orders: number
  readonly skus: number
  /** Milliseconds in which the sale is played, and in which faults happen. */
  readonly windowMs: number
  readonly snapshotEveryRecords: number
  /** Whether faults happen from the first moment on, or only once stock and policies are in place. */
  readonly faultsFromStart: boolean
  /** Milliseconds between two times that a family of faults is asked, and one of how many such times something happens. */
  readonly faultEveryMs: number
  readonly faultOneIn: number
  /** One of how many messages is lost or late where that may happen, and after one of how many steps of a fiber its process dies. */
  readonly lostOneIn: number
  readonly crashOneIn: number
}

/** What may be given instead of drawn. */
interface Given {
  readonly families?: ReadonlySet<FaultFamily>
  readonly drawn?: Partial<Drawn>
}

/** Every family that is on, those that are no fault included. */
export const onOf = (families: ReadonlyArray<FaultFamily>): ReadonlySet<string> => new Set<string>([...families, ...harmlessFamilies])

const drawFamilies = (prng: Prng): ReadonlyArray<FaultFamily> => faultFamilies.filter(() => prng.chance(1, 2))

export const drawShell = (seed: string, given: Given = {}): { readonly drawn: Drawn; readonly families: ReadonlyArray<FaultFamily> } => {
  const prng = prngFromSeed(`${seed}/shell`)
  const sizes = prng.stream("sizes")
  // A few sales take long enough for what is old to be purged, and for long holds to expire.
  const windowMs = sizes.chance(1, 40) ? 12 * 60_000 : sizes.between(8, 20) * 1_000
  const drawn: Drawn = {
    workers: sizes.between(2, 3),
    partitions: sizes.between(2, 4),
    replicas: sizes.pick([1, 3] as const),
    leaseTtlMs: sizes.between(1, 3) * 1_000,
    orders: sizes.between(30, 90),
    skus: sizes.between(3, 8),
    windowMs,
    snapshotEveryRecords: sizes.between(5, 200),
    faultsFromStart: sizes.chance(1, 4),
    faultEveryMs: Math.max(500, Math.floor(windowMs / 40)),
    faultOneIn: sizes.between(3, 16),
    lostOneIn: sizes.between(12, 120),
    crashOneIn: sizes.pick([400, 2_000, 8_000] as const) * (windowMs > 60_000 ? 20 : 1),
  }
  const families = given.families === undefined ? drawFamilies(prng.stream("families")) : [...given.families]
  return { drawn: { ...drawn, ...given.drawn }, families }
}
