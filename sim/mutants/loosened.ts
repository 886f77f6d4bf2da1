/** Mutants that swap one rule of the protocol for a looser one: what each of these rules is for. */
import type { Mutant } from "./mutant.ts"

const lenientToken = (token: string): string | undefined => {
  try {
    return decodeURIComponent(token)
  } catch {
    return undefined
  }
}

export const loosened: ReadonlyArray<Mutant> = [
  {
    name: "id-without-owner",
    breaks: "two claimants append under one message id, and three servers acknowledge the second as a repeat of the first",
    guarantee: "INV-4",
    expected: ["acknowledged-appends", "chain", "epochs", "halts"],
    profile: "last-unit",
    families: ["jitter", "leases", "spikes"],
    drawn: {
      replicas: 3,
      duplicateWindowMs: 120_000,
      leaseTtlMs: 3_000,
      faultChance: 200,
      spikes: 1_000,
      spikeMs: 3_000,
      windowMs: 30_000,
      orders: 200,
    },
    budget: 40,
    loosened: { messageId: (_owner, epoch, expectedSeq) => `${epoch}.${expectedSeq}` },
  },
  {
    name: "id-without-sequence",
    breaks: "an owner appends all its records under one message id",
    guarantee: "INV-7",
    expected: ["one-answer", "convergence", "retry-storm"],
    profile: "last-unit",
    drawn: { duplicateWindowMs: 120_000 },
    budget: 5,
    loosened: { messageId: (owner, epoch) => `${owner}.${epoch}` },
  },
  {
    name: "mine-by-epoch",
    breaks: "takes a rival's record of the same epoch for its own",
    guarantee: "INV-4",
    expected: ["acknowledged-appends", "replies", "chain", "epochs"],
    profile: "last-unit",
    families: ["jitter", "leases", "spikes"],
    drawn: { leaseTtlMs: 3_000, faultChance: 200, spikes: 1_000, spikeMs: 3_000, windowMs: 30_000, orders: 200 },
    budget: 40,
    loosened: { isMine: (found, pending) => found.epoch === pending.epoch },
  },
  {
    name: "snapshot-before-its-end",
    breaks: "publishes a snapshot that holds a record whose append is not confirmed",
    guarantee: "INV-6",
    expected: ["halts", "state-is-fold"],
    profile: "last-unit",
    families: ["jitter", "crashes", "crash-points", "elections", "outages", "lost-requests"],
    drawn: { workers: 1, snapshotEveryRecords: 10, crashPoints: 150, faultChance: 60, loss: 500 },
    budget: 60,
    loosened: { mayPublishSnapshot: () => true },
  },
  {
    name: "refusal-forgotten",
    breaks: "decides a refused command anew when it is asked again",
    guarantee: "INV-2",
    expected: ["one-effect", "one-answer", "replies"],
    profile: "last-unit",
    drawn: { retryPercent: 20, cancelledPercent: 12 },
    budget: 20,
    loosened: { remembers: (outcome) => outcome !== "refused" },
  },
  {
    name: "feed-unrepaired",
    breaks: "leaves a zombie's older value standing in the feed",
    guarantee: "INV-5",
    expected: ["feed-keeps-newest", "feed-converges"],
    profile: "last-unit",
    families: ["jitter", "pauses", "spikes", "duplicates"],
    drawn: { faultChance: 60, leaseTtlMs: 1_000 },
    budget: 30,
    loosened: { feedNeedsRepair: () => false },
  },
  {
    name: "token-in-two-spellings",
    breaks: "takes a SKU spelled otherwise than canonically, which the server hashed to another partition",
    guarantee: "INV-4",
    expected: ["expected-refusals", "one-partition"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    drawn: { partitions: 3 },
    budget: 20,
    loosened: { skuOfToken: lenientToken },
  },
  {
    name: "replies-left-unsaid",
    breaks: "says nothing of what the owner before it journaled and did not say",
    guarantee: "INV-7",
    expected: ["replies-said"],
    profile: "last-unit",
    families: ["jitter", "crashes", "crash-points"],
    drawn: { crashPoints: 150, faultChance: 25 },
    budget: 20,
    loosened: { republishFrom: (_publishedSeq, claimSeq) => claimSeq + 1 },
  },
  {
    name: "own-clock",
    breaks: "takes its own clock for the time, however far it is ahead of the broker's",
    guarantee: "INV-8",
    expected: ["true-time"],
    profile: "last-unit",
    families: ["jitter", "clocks"],
    drawn: { faultChance: 60 },
    budget: 10,
    loosened: { recordTime: (previousMs, clockMs) => Math.max(previousMs, clockMs) },
  },
]
