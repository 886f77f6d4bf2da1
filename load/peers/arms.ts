/**
 * The arms of `npm run bench`: what stands behind each, what a yes of it survives, and what it leaves out that Holdfast does. Kept beside each other, for whoever reads only the speeds compares unlike things.
 */
import type { StartPeer } from "./peer.ts"

/** What has to happen before an answer that was heard is lost. */
export interface Survives {
  readonly processKill: string
  readonly powerLoss: string
}

export interface ArmInfo {
  /** What it is, in a few words. */
  readonly title: string
  readonly survives: Survives
  /** What Holdfast does for each yes, and this doesn't. */
  readonly leavesOut: string
  /** The arm of Holdfast that promises as much when the power fails. */
  readonly beside: "holdfast" | "holdfast-fsync"
  readonly load: () => Promise<StartPeer>
}

const everything = "nothing"
const mostThings = "expiry, refusals remembered by id, feed, journal to audit, several channels and locations"

const postgres = (way: "for-update" | "one-statement" | "unit-rows", title: string, leavesOut: string): ArmInfo => ({
  title,
  survives: { processKill: "yes", powerLoss: "yes: synchronous_commit" },
  leavesOut,
  beside: "holdfast-fsync",
  load: async () => (await import("./postgres.ts")).startPostgresPeer(way),
})

const redis = (appendfsync: "everysec" | "always", powerLoss: string): ArmInfo => ({
  title: `Redis: a Lua script for each, AOF ${appendfsync}`,
  survives: { processKill: "yes", powerLoss },
  leavesOut: mostThings,
  beside: appendfsync === "always" ? "holdfast-fsync" : "holdfast",
  load: async () => (await import("./redis.ts")).startRedisPeer(appendfsync),
})

export const arms = {
  holdfast: {
    title: "Holdfast, nats-server with its default fsync interval",
    survives: { processKill: "yes, worker's and server's", powerLoss: "up to two minutes are lost" },
    leavesOut: everything,
    beside: "holdfast",
    load: async () => (await import("./holdfast.ts")).startHoldfastPeer(false),
  },
  "holdfast-fsync": {
    title: "Holdfast, nats-server with sync_interval: always",
    survives: { processKill: "yes, worker's and server's", powerLoss: "yes" },
    leavesOut: everything,
    beside: "holdfast-fsync",
    load: async () => (await import("./holdfast.ts")).startHoldfastPeer(true),
  },
  floor: {
    title: "the floor: as many bytes through the same streams, undecided",
    survives: { processKill: "nothing is decided", powerLoss: "nothing is decided" },
    leavesOut: "deciding",
    beside: "holdfast",
    load: async () => (await import("./floor.ts")).startFloorPeer(false),
  },
  "floor-fsync": {
    title: "the floor with sync_interval: always",
    survives: { processKill: "nothing is decided", powerLoss: "nothing is decided" },
    leavesOut: "deciding",
    beside: "holdfast-fsync",
    load: async () => (await import("./floor.ts")).startFloorPeer(true),
  },
  "postgres-for-update": postgres("for-update", "Postgres: SELECT … FOR UPDATE, decided by the program, in one transaction", mostThings),
  "postgres-one-statement": postgres("one-statement", "Postgres: UPDATE … WHERE available >= n, batched", mostThings),
  "postgres-unit-rows": postgres(
    "unit-rows",
    "Postgres: a row for each unit, FOR UPDATE SKIP LOCKED, batched",
    `${mostThings}; stock that is received costs a row a unit; a unit that another transaction looks at is passed over`,
  ),
  "redis-everysec": redis("everysec", "a second or two are lost"),
  "redis-always": redis("always", "yes"),
  tigerbeetle: {
    title: "TigerBeetle, one replica: a pending transfer for each, with a timeout",
    survives: { processKill: "yes", powerLoss: "yes" },
    leavesOut: "refusals remembered by id, feed, several channels and locations (expiry, ids and history it has)",
    beside: "holdfast-fsync",
    load: async () => (await import("./tigerbeetle.ts")).startTigerBeetlePeer,
  },
} satisfies Readonly<Record<string, ArmInfo>>

export type ArmName = keyof typeof arms
export const armNames = Object.keys(arms) as ReadonlyArray<ArmName>
/** Seen as one type. */
export const armInfo = (name: ArmName): ArmInfo => arms[name]
