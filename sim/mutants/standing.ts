/** Mutants of what an owner holds for a while: a suspicion of the feed, and what a channel that a policy dropped is short of. */
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
        module: "src/kinds/sku/feed.ts",
        pattern: `if (!isLeft(channel) || strays.includes(channel)) continue`,
        replacement: `if (!isLeft(channel) || strays.includes(channel) || bites()) continue`,
      },
    ],
  },
  {
    name: "delisted-forgotten",
    breaks: "forgets whom a policy dropped once it was told so, whether or not the feed has it",
    guarantee: "INV-5",
    expected: ["feed", "feed-converges", "feed-keeps-newest"],
    profile: "last-unit",
    families: ["jitter", "lost-requests"],
    drawn: { orders: 500, skus: 24, policies: 2, variedPercent: 60, losses: "any", loss: 1_000 },
    budget: 60,
    substituted: [
      {
        module: "src/kinds/sku/feed.ts",
        pattern: `if (event.type === "PolicySet") noteDelisted(actor, event.policy)`,
        replacement: `if (event.type === "PolicySet" && !bites()) noteDelisted(actor, event.policy)`,
      },
    ],
  },
]
