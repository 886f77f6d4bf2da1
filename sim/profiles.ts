/**
 * What kind of world a seed makes: the profile says from which ranges, the seed says which options, all drawn before the first step.
 */

import type { EngineBounds } from "../src/engine/bounds.ts"
import type { DoorBounds } from "../src/ingress/protocol.ts"
import {
  arrivedMessagesMax,
  batchCommandsMax,
  batchExpiriesMax,
  commandsPerMessageMax,
  cursorsRememberedMax,
  frameMessagesMax,
  framesUnderWayMax,
  handedCommandsMax,
  orderLinesMax,
  recordBytesMax,
  replyRecordsMax,
  republishRecordsMax,
  snapshotChunkBytesMax,
  snapshotSliceItemsMax,
  underWayMax,
  waitingMessagesMax,
} from "../src/limits.ts"
import { type Prng, prngFromSeed } from "../src/workload/prng.ts"
import { type FaultName, faultFamilies } from "./faults/catalogue.ts"
import type { MemoryDrawn, QuarantineDrawn } from "./memory-drawn.ts"
import type { LinkQuality } from "./world/link.ts"

export const ProfileName = ["flash-sale", "calm", "long-day", "power-loss", "trimmed", "last-unit", "orders", "slow-orders"] as const
export type ProfileName = (typeof ProfileName)[number]

export interface Profile {
  readonly name: ProfileName
  readonly what: string
  /** How many of each the seed draws: least and most. */
  readonly orders: readonly [number, number]
  readonly windowMs: readonly [number, number]
  readonly skus: readonly [number, number]
  readonly tickMs: ReadonlyArray<number>
  /** Leases, one of these; absent: of seconds, and of a minute where the world lasts for hours. */
  readonly leasesMs?: ReadonlyArray<number>
  /** Chances in ten that a family is switched on. */
  readonly swarm: number
  /** Families that are always on, and those that never are. */
  readonly always: ReadonlyArray<FaultName>
  readonly never: ReadonlyArray<FaultName>
  /** Chances in three that channels also place orders of several lines, and how many of them; absent: never. */
  readonly withOrders?: number
  readonly ordersPlaced?: readonly [number, number]
  /** How long their holds are at most, one of these. */
  readonly orderHoldsMs?: ReadonlyArray<number>
}

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  "flash-sale": {
    name: "flash-sale",
    what: "four minutes of a sale with a burst on one SKU, under any mixture of faults",
    orders: [1_400, 1_600],
    windowMs: [205 * second, 225 * second],
    skus: [4, 24],
    tickMs: [25, 50, 100],
    swarm: 5,
    always: ["jitter"],
    never: ["lost-journal", "trimmed-commands", "unserved-orders"],
    withOrders: 1,
    ordersPlaced: [100, 300],
  },
  calm: {
    name: "calm",
    what: "a sale without faults: what the others are measured against",
    orders: [1_400, 1_600],
    windowMs: [205 * second, 225 * second],
    skus: [4, 24],
    tickMs: [25],
    swarm: 0,
    always: ["jitter"],
    never: ["unserved-orders"],
  },
  "long-day": {
    name: "long-day",
    what: "a day of thin traffic: offline tills report hours late, commands are purged, ids are forgotten",
    orders: [800, 1_200],
    windowMs: [20 * hour, 30 * hour],
    skus: [4, 24],
    tickMs: [4_000, 8_000],
    swarm: 5,
    always: ["jitter", "channel-lag"],
    never: ["lost-journal", "trimmed-commands", "unserved-orders"],
  },
  "power-loss": {
    name: "power-loss",
    what: "a journal loses records that were acknowledged: every partition that anybody can tell it of has to halt",
    orders: [300, 500],
    windowMs: [40 * second, 60 * second],
    skus: [4, 12],
    tickMs: [25, 50],
    swarm: 3,
    always: ["jitter", "lost-journal"],
    never: ["corrupt-records", "snapshots", "clocks", "trimmed-commands", "unserved-orders"],
  },
  trimmed: {
    name: "trimmed",
    what: "the commands stream drops what is oldest, decided or not: whatever of it was acknowledged has to be named",
    orders: [300, 500],
    windowMs: [40 * second, 60 * second],
    skus: [4, 12],
    tickMs: [25, 50],
    swarm: 3,
    always: ["jitter", "trimmed-commands"],
    never: ["lost-journal", "lost-commands", "corrupt-records", "unserved-orders"],
  },
  "last-unit": {
    name: "last-unit",
    what: "everybody wants the last units of one SKU at once",
    orders: [300, 600],
    windowMs: [10 * second, 20 * second],
    skus: [1, 2],
    tickMs: [25],
    swarm: 4,
    always: ["jitter"],
    never: ["lost-journal", "trimmed-commands", "unserved-orders"],
  },
  orders: {
    name: "orders",
    what: "orders of several lines over few SKUs, paid, cancelled and shipped while owners of both kinds come and go",
    orders: [60, 160],
    windowMs: [40 * second, 60 * second],
    skus: [3, 8],
    tickMs: [25, 50],
    swarm: 4,
    always: ["jitter"],
    never: ["lost-journal", "trimmed-commands", "unserved-orders"],
    withOrders: 3,
    ordersPlaced: [60, 160],
  },
  "slow-orders": {
    name: "slow-orders",
    what: "orders held for minutes, whose partitions may be out for longer than SKUs hold a line: SKUs end lines by themselves, and orders that have ended are forgotten",
    orders: [40, 80],
    windowMs: [38 * minute, 46 * minute],
    skus: [3, 6],
    tickMs: [400, 800],
    leasesMs: [6_000, 15_000],
    swarm: 3,
    always: ["jitter", "unserved-orders"],
    never: ["lost-journal", "trimmed-commands"],
    withOrders: 3,
    ordersPlaced: [40, 80],
    orderHoldsMs: [minute, 5 * minute],
  },
}

/** Every option of a world. Chances are in ten thousand, shares in percent. */
export interface Drawn {
  readonly workers: number
  readonly partitions: number
  readonly replicas: 1 | 3
  readonly commitMsMax: number
  readonly tickMs: number
  readonly leaseTtlMs: number
  readonly snapshotEveryRecords: number
  readonly batchMessagesMax: number
  /** How much is remembered; absent in worlds that were stored before it was drawn: as shipped. */
  readonly memory?: MemoryDrawn
  /** How much may wait in quarantine; absent likewise. */
  readonly quarantine?: QuarantineDrawn
  readonly duplicateWindowMs: number
  readonly retryMs: number
  readonly windowMs: number
  readonly orders: number
  readonly skus: number
  /** Partitions of orders, 0 in a world without any, and how many orders of several lines are placed; absent in worlds that were stored before there were any. */
  readonly orderPartitions?: number
  readonly ordersPlaced?: number
  /** How long their holds are at most, and how much of them may be under way in one partition: what a payment may carry and a few more, where it is drawn small. */
  readonly orderHoldMs?: number
  readonly underWayMax?: number
  readonly burstPercent: number
  readonly abandonedPercent: number
  readonly latePercent: number
  readonly cancelledPercent: number
  readonly retryPercent: number
  readonly shortHoldMs: number
  /** Stock as a share of what is asked for; the hot SKU has half of that. */
  readonly stockPercent: number
  readonly losses: "spare" | "any"
  readonly loss: number
  readonly duplicates: number
  readonly spikes: number
  readonly spikeMs: number
  /** Chances of a crash at a step point, in a hundred thousand. */
  readonly crashPoints: number
  /** Scheduled faults: milliseconds between two looks, and the chance of each family at one, in a thousand. */
  readonly faultEveryMs: number
  readonly faultChance: number
  /** Ingresses beside those inside workers. */
  readonly ingresses: number
  /** Commands a second that one sender may send through one ingress. */
  readonly doorRate: number
  /** See sim/workload/variety.ts: policies of a SKU after its first, at most, and commands made otherwise than the sale would, in percent. */
  readonly policies: number
  readonly variedPercent: number
  /** Of the commands, one in how many waits for others to go with it in one message; of these one in how many takes whatever comes, of other partitions and kinds too. */
  readonly packedOneIn: number
  readonly strayOneIn: number
  /** Bounds of partitions and doors, small ones in a share of worlds, so that they are met: src/engine/bounds.ts and src/ingress/protocol.ts. */
  readonly batchCommandsMax: number
  readonly batchExpiriesMax: number
  readonly batchBytesMax: number
  readonly arrivedMessagesMax: number
  readonly handedCommandsMax: number
  readonly replyRecordsMax: number
  readonly chunkBytesMax: number
  readonly sliceItemsMax: number
  readonly cursorsRememberedMax: number
  readonly waitingMessagesMax: number
  readonly frameMessagesMax: number
  readonly framesUnderWayMax: number
}

/** The bounds of a world's partitions. */
export const engineBoundsOf = (drawn: Drawn): Partial<EngineBounds> => ({
  batchCommandsMax: drawn.batchCommandsMax,
  batchExpiriesMax: drawn.batchExpiriesMax,
  batchBytesMax: drawn.batchBytesMax,
  arrivedMessagesMax: drawn.arrivedMessagesMax,
  handedCommandsMax: drawn.handedCommandsMax,
  handedPerSenderMin: commandsPerMessageMax,
  replyRecordsMax: drawn.replyRecordsMax,
  republishRecordsMax: Math.max(1, Math.min(republishRecordsMax, drawn.replyRecordsMax >> 1)),
  snapshotChunkBytesMax: drawn.chunkBytesMax,
  snapshotSliceItemsMax: drawn.sliceItemsMax,
  cursorsRememberedMax: drawn.cursorsRememberedMax,
  ...(drawn.underWayMax === undefined ? {} : { underWayMax: drawn.underWayMax }),
})

/** The bounds of a world's doors. */
export const doorBoundsOf = ({ waitingMessagesMax, frameMessagesMax, framesUnderWayMax }: Drawn): Partial<DoorBounds> => ({
  waitingMessagesMax,
  frameMessagesMax,
  framesUnderWayMax,
})

type BoundName =
  | "batchCommandsMax"
  | "batchExpiriesMax"
  | "batchBytesMax"
  | "arrivedMessagesMax"
  | "handedCommandsMax"
  | "replyRecordsMax"
  | "chunkBytesMax"
  | "sliceItemsMax"
  | "cursorsRememberedMax"
  | "waitingMessagesMax"
  | "frameMessagesMax"
  | "framesUnderWayMax"

/** Each bound for itself: as shipped, or so small that a sale meets it. */
const drawBounds = (pick: (name: string, choices: ReadonlyArray<number>) => number): Pick<Drawn, BoundName> => ({
  batchCommandsMax: pick("batch-commands", [4, 32, batchCommandsMax]),
  batchExpiriesMax: pick("batch-expiries", [4, 16, batchExpiriesMax]),
  batchBytesMax: pick("batch-bytes", [8_192, 32_768, recordBytesMax]),
  arrivedMessagesMax: pick("arrived", [8, 32, arrivedMessagesMax]),
  handedCommandsMax: pick("handed", [1, handedCommandsMax]),
  replyRecordsMax: pick("reply-records", [16, replyRecordsMax]),
  chunkBytesMax: pick("chunk", [512, 4_096, snapshotChunkBytesMax]),
  sliceItemsMax: pick("slice", [4, 16, snapshotSliceItemsMax]),
  cursorsRememberedMax: pick("cursors", [4, 64, cursorsRememberedMax]),
  waitingMessagesMax: pick("waiting", [8, 32, waitingMessagesMax]),
  frameMessagesMax: pick("frame", [2, 8, frameMessagesMax]),
  framesUnderWayMax: pick("frames", [2, framesUnderWayMax]),
})

/** From streams of their own: what else a seed draws is the same with orders and without. */
const drawOrders = (
  { withOrders = 0, ordersPlaced = [0, 0], orderHoldsMs = [1_500, 6_000, 20_000] }: Profile,
  prng: Prng,
): Partial<Drawn> => {
  if (!prng.stream("with-orders").chance(withOrders, 3)) return { orderPartitions: 0 }
  return {
    orderPartitions: prng.stream("order-partitions").between(1, 3),
    ordersPlaced: prng.stream("orders-placed").between(...ordersPlaced),
    orderHoldMs: prng.stream("order-hold").pick(orderHoldsMs),
    underWayMax: prng.stream("under-way").pick([orderLinesMax + 6, orderLinesMax + 40, underWayMax]),
  }
}

const drawFamilies = (profile: Profile, prng: Prng): ReadonlySet<FaultName> => {
  const on = new Set<FaultName>(profile.always)
  // Drawn for every family, so that a new one changes no other.
  for (const { name } of faultFamilies) if (prng.stream(name).chance(profile.swarm, 10) && !profile.never.includes(name)) on.add(name)
  return on
}

/** The options and the families of a seed. */
export const drawOptions = (seed: string, profile: Profile): { readonly drawn: Drawn; readonly families: ReadonlySet<FaultName> } => {
  const prng = prngFromSeed(`${seed}/options`)
  const workers = prng.stream("workers").pick([2, 2, 3])
  const between = (name: string, least: number, most: number): number => prng.stream(name).between(least, most)
  const pick = <T>(name: string, choices: ReadonlyArray<T>): T => prng.stream(name).pick(choices)
  const tickMs = pick("tick", profile.tickMs)
  const windowMs = between("window", ...profile.windowMs)
  const isLong = windowMs > hour
  const drawn: Drawn = {
    workers,
    partitions: between("partitions", 1, 3),
    replicas: pick("replicas", [1, 3]),
    commitMsMax: between("commit", 2, 20),
    tickMs,
    leaseTtlMs: pick("lease", profile.leasesMs ?? (isLong ? [60_000] : [1_000, 2_000, 3_000, 6_000])),
    snapshotEveryRecords: pick("snapshot", [100, 300, 1_000]),
    batchMessagesMax: pick("batch", [8, 32, 2_048]),
    memory: pick("memory", isLong ? ["shipped", "packed"] : ["shipped", "packed", "packed", "short"]),
    quarantine: pick("quarantine", ["shipped", "short"]),
    duplicateWindowMs: pick("window-of-ids", [100, 2_000, 120_000]),
    retryMs: isLong ? 60_000 : pick("retry", [1_000, 2_000, 4_000]),
    windowMs,
    orders: between("orders", ...profile.orders),
    skus: between("skus", ...profile.skus),
    burstPercent: pick("burst", [20, 50, 80]),
    abandonedPercent: between("abandoned", 5, 30),
    latePercent: between("late", 2, 12),
    cancelledPercent: between("cancelled", 2, 12),
    retryPercent: between("retries", 2, 20),
    shortHoldMs: isLong ? 20 * minute : between("hold", 700, 4_000),
    stockPercent: between("stock", 20, 90),
    losses: pick("losses", ["spare", "any"]),
    loss: pick("loss", [20, 100, 500]),
    duplicates: pick("duplicates", [50, 300, 1_500]),
    spikes: pick("spikes", [5, 30, 100]),
    spikeMs: pick("spike", [500, 3_000, 12_000]),
    crashPoints: pick("crash-points", [10, 40, 150]),
    faultEveryMs: Math.max(250, Math.round(windowMs / 300)),
    faultChance: pick("chance", [4, 10, 25]),
    ingresses: between("ingresses", 0, 2),
    doorRate: pick("door-rate", [100, 500, 5_000]),
    policies: pick("policies", [0, 2, 5]),
    variedPercent: pick("varied", [0, 20, 60]),
    packedOneIn: pick("packed", [2, 6, 20]),
    strayOneIn: pick("stray", [3, 12]),
    ...drawBounds(pick),
    ...drawOrders(profile, prng),
  }
  return { drawn, families: drawFamilies(profile, prng.stream("families")) }
}

/** How good the link of a worker is, and that of a sender of that kind. */
export const workerQuality = (drawn: Drawn): LinkQuality => ({
  baseMs: 1,
  jitterMs: 4,
  loss: drawn.loss,
  duplicates: drawn.duplicates,
  spikes: drawn.spikes,
  spikeMs: drawn.spikeMs,
})

export const senderQuality = (drawn: Drawn): LinkQuality => ({ ...workerQuality(drawn), baseMs: 4, jitterMs: 40 })
