/**
 * What grows in `npm run growth`, and how far: along each axis one thing, and all else stays as in the system that holds least.
 */

/** What a system holds. */
export interface Size {
  readonly skus: number
  /** Holds that are open. */
  readonly holds: number
  /** Decisions that are remembered: of units that were reserved and given back. */
  readonly decisions: number
  /** Commands in the journal whose decisions are remembered no longer. */
  readonly forgotten: number
  readonly partitions: number
}

export const Axis = ["skus", "holds", "decisions", "journal", "partitions"] as const
export type Axis = (typeof Axis)[number]

/** In one process without a broker, where one would only be slow; or a nats-server and two workers, where it is about them. */
export const Where = ["engine", "broker"] as const
export type Where = (typeof Where)[number]

interface AxisInfo {
  readonly title: string
  /** Points in one process, and over a broker: the first is the empty system. */
  readonly engine: ReadonlyArray<number>
  readonly broker: ReadonlyArray<number>
  readonly sizeOf: (value: number) => Size
}

/** SKUs where they aren't what grows: as many as a batch is about, and more. */
const usualSkus = 10_000
const usualPartitions = 8
const usual: Size = { skus: usualSkus, holds: 0, decisions: 0, forgotten: 0, partitions: usualPartitions }

export const axes: Readonly<Record<Axis, AxisInfo>> = {
  skus: {
    title: "SKUs, asked for one as often as another",
    engine: [1, 1_000, 10_000, 100_000, 1_000_000],
    broker: [1, 10_000, 1_000_000],
    sizeOf: (skus) => ({ ...usual, skus }),
  },
  holds: {
    title: "open holds",
    engine: [0, 10_000, 100_000, 1_000_000],
    broker: [0, 1_000_000],
    sizeOf: (holds) => ({ ...usual, holds }),
  },
  decisions: {
    title: "remembered decisions",
    engine: [0, 10_000, 100_000, 1_000_000],
    broker: [0, 1_000_000],
    sizeOf: (decisions) => ({ ...usual, decisions }),
  },
  journal: {
    title: "commands in the journal, their decisions forgotten",
    engine: [0, 10_000, 100_000, 1_000_000],
    broker: [0, 100_000, 1_000_000],
    sizeOf: (forgotten) => ({ ...usual, forgotten }),
  },
  partitions: {
    title: "partitions",
    engine: [],
    broker: [1, 4, 16, 64],
    sizeOf: (partitions) => ({ ...usual, partitions }),
  },
}

/** The points of an axis up to a size; the empty system is always one. */
export const pointsOf = (axis: Axis, where: Where, most: number): ReadonlyArray<number> =>
  axes[axis][where].filter((value, place) => place === 0 || value <= most)

/** Where an axis is measured at all. */
export const placesOf = (axis: Axis): ReadonlyArray<Where> => Where.filter((where) => axes[axis][where].length > 0)
