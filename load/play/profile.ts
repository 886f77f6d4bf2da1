/**
 * A profile of load as data: how many shoppers come when, what they want, what is there, and what the system has to keep to. Pure; the files lie in load/profiles.
 *
 * The arrivals are an open model: shoppers come when the profile says so, however slowly the ones before are served.
 */
import { Schema } from "effect"

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
const Whole = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Stage = Schema.Struct({
  /** Milliseconds. */
  forMs: Whole(1, 86_400_000),
  /** Shoppers a second at its end; it rises or falls to that evenly from the end of the stage before, and from 0 in the first. */
  toPerSecond: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 })),
})

/** What a profile says. */
export const Profile = Schema.Struct({
  summary: Schema.String,
  stages: Schema.NonEmptyArray(Stage),
  skus: Schema.Struct({
    count: Whole(1, 1_000_000),
    /** What sells how often: `zipf`, the second half as often as the first; or all alike. */
    popularity: Schema.Literals(["zipf", "uniform"]),
    unitsEach: Whole(0, 1_000_000_000),
  }),
  /** More units of every SKU, so many milliseconds after the start. */
  restocks: Schema.Array(Schema.Struct({ atMs: Whole(0, 86_400_000), unitsEach: Whole(1, 1_000_000_000) })),
  shopper: Schema.Struct({
    /** Of all shoppers: who places an order of several lines. The others reserve one SKU. */
    orderShare: Share,
    orderLines: Whole(2, 1_000),
    /** Of those who got it: who pays, who gives it back. The rest lets it expire. */
    confirmShare: Share,
    releaseShare: Share,
    /** Milliseconds between getting it and paying, on average. */
    thinkMs: Whole(0, 3_600_000),
    holdMs: Whole(1_000, 86_400_000),
    /** Milliseconds between paying and leaving the warehouse, on average; absent: nothing leaves, and all that is paid stays open. */
    shipMs: Schema.optionalKey(Whole(0, 3_600_000)),
    /** Who asks once more under the same id, whatever the answer was. */
    askAgainShare: Share,
  }),
  thresholds: Schema.Struct({
    /** Milliseconds from when a shopper came to the answer, for 99 of 100. */
    acceptedP99Ms: Whole(1, 3_600_000),
    refusedP99Ms: Whole(1, 3_600_000),
    /** Of all commands. */
    busyShare: Share,
    errorShare: Share,
    undecidedShare: Share,
    /** For a profile that lasts: what the workers may grow by while the same goes on. */
    steady: Schema.optionalKey(
      Schema.Struct({
        /** Of the run: when memories of recent decisions are full, and before it ends. */
        fromShare: Share,
        toShare: Share,
        /** Of what is in use on the heap. */
        heapGrowthAnHour: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1_000 })),
        /** What is remembered of a decision lies outside the heap, for as long as its id is remembered. */
        residentBytesADecision: Whole(0, 1_000_000),
        journalBytesADecision: Whole(0, 1_000_000),
        moreHandles: Whole(0, 1_000_000),
      }),
    ),
  }),
})
export interface Profile extends Schema.Schema.Type<typeof Profile> {}
