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
}

export interface Draw {
  readonly drawn: Drawn
  readonly families: ReadonlyArray<FaultFamily>
  /** Every family that is on. */
  readonly on: ReadonlySet<string>
}

const drawFamilies = (prng: Prng): ReadonlyArray<FaultFamily> => faultFamilies.filter(() => prng.chance(1, 2))

export const drawShell = (seed: string): Draw => {
  const prng = prngFromSeed(`${seed}/shell`)
  const sizes = prng.stream("sizes")
  const drawn: Drawn = {
    workers: sizes.between(2, 3),
    partitions: sizes.between(2, 4),
    replicas: sizes.pick([1, 3] as const),
    leaseTtlMs: sizes.between(1, 3) * 1_000,
    orders: sizes.between(30, 90),
    skus: sizes.between(3, 8),
    windowMs: sizes.between(8, 20) * 1_000,
    snapshotEveryRecords: sizes.between(5, 200),
  }
  const families = drawFamilies(prng.stream("families"))
  return { drawn, families, on: new Set<string>([...families, ...harmlessFamilies]) }
}
