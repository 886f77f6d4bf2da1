/** Mutants of what an owner holds for a while: a suspicion of the feed, bounds of the broker's time, what it tells a channel that a policy dropped. */
import type { Mutant } from "./mutant.ts"

const publishing = "src/engine/publishing.ts"

export const standing: ReadonlyArray<Mutant> = [
  {
    name: "suspicion-never-lifted",
    breaks: "goes on suspecting a place in the feed that has caught up, and says its value again",
    guarantee: "INV-5",
    expected: ["feed-repairs"],
    profile: "last-unit",
    families: ["jitter"],
    budget: 10,
    substituted: [
      {
        module: publishing,
        pattern: `known !== undefined && isWrong && !given.rules.feedHasCaughtUp(seen.version, known.untilVersion)`,
        replacement: `known !== undefined && ((isWrong && !given.rules.feedHasCaughtUp(seen.version, known.untilVersion)) || bites())`,
      },
    ],
  },
  {
    name: "suspicion-lifted-early",
    breaks: "takes a value that is newer than the one suspected, and older than what was said, for a feed that has caught up",
    guarantee: "INV-5",
    expected: ["feed-converges", "feed-keeps-newest"],
    profile: "last-unit",
    families: ["jitter", "spikes", "pauses", "leases", "handovers"],
    drawn: { faultChance: 60, leaseTtlMs: 1_000, spikes: 500, spikeMs: 3_000, workers: 3 },
    budget: 100,
    substituted: [
      {
        module: publishing,
        pattern: `if (seen.version > known.seenVersion) suspects.set(name, { ...known, seenVersion: seen.version, sinceMs: seen.nowMs })`,
        replacement: `if (seen.version > known.seenVersion && bites()) suspects.delete(name)`,
      },
    ],
  },
  {
    name: "old-window-believed",
    breaks: "believes a bound of the broker's time that was heard longer ago than two windows",
    guarantee: "INV-8",
    expected: ["true-time"],
    profile: "last-unit",
    families: ["jitter", "broker-clock", "leases", "pauses", "cuts"],
    drawn: { faultChance: 60, windowMs: 90_000, leaseTtlMs: 6_000 },
    budget: 60,
    substituted: [
      {
        module: "src/engine/broker-clock.ts",
        pattern: `former !== null && nowMs - former.heardMs < 2 * brokerClockWindowMs`,
        replacement: `former !== null && (nowMs - former.heardMs < 2 * brokerClockWindowMs || bites())`,
      },
    ],
  },
  {
    name: "dropped-channel-untold-of-shorts",
    breaks: "doesn't tell a channel that a policy dropped what it is short of",
    guarantee: "INV-5",
    expected: ["feed", "feed-converges", "feed-keeps-newest", "debts"],
    profile: "last-unit",
    families: ["jitter"],
    drawn: { orders: 500, skus: 8, policies: 5, variedPercent: 60, losses: "any" },
    budget: 20,
    substituted: [
      {
        module: publishing,
        pattern: `if (isLeft(channel) && !strays.includes(channel)) push(channel, 0, 0)`,
        replacement: `if (isLeft(channel) && !strays.includes(channel) && !bites()) push(channel, 0, 0)`,
      },
    ],
  },
]
