/** The canary: its first reply contradicts its journal. If no checker finds this defect, the checkers find nothing. */
import type { SkuOutput } from "../../src/kinds/sku/types.ts"
import { bites } from "./marker.ts"
import type { Mutant } from "./mutant.ts"

/** The replies with one unit more than was decided, wherever units are named. */
const boasting = (output: SkuOutput): SkuOutput => {
  if (output._tag !== "SendReplies") return output
  const replies = output.replies.map((reply) => ({
    ...reply,
    decisions: reply.decisions.map((said) => (said.outcome === "accepted" && bites() ? { ...said, qty: (said.qty ?? 0) + 1 } : said)),
  }))
  return { ...output, replies }
}

export const canary: Mutant = {
  name: "canary",
  breaks: "says of every accepted command one unit more than was decided; fails in every seed",
  guarantee: "INV-3",
  expected: ["replies"],
  profile: "last-unit",
  families: ["jitter"],
  budget: 1,
  bent: (step) => (partition, input) => step(partition, input).map(boasting),
}
