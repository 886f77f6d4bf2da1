/**
 * INV-2 and INV-7 as senders see them, oracles A2 and L1: every command that was sent has one answer in the end, and everybody who hears of
 * an id hears the same. Quarantined is no answer yet.
 */
import type { DecisionSaid } from "../../src/engine/records.ts"
import type { MakeChecker } from "./checker.ts"

/** An answer without what may differ between two sayings of it. */
const meaning = ({ repeated: _repeated, ...said }: DecisionSaid): string => JSON.stringify(said)

/** The same answer, cheaply where it is the very same object. */
const isSame = (a: DecisionSaid, b: DecisionSaid): boolean => a === b || meaning(a) === meaning(b)

export const oneAnswer: MakeChecker = ({ cluster, found, checked, excused }) => {
  const heard = new Map<string, DecisionSaid>()
  return {
    name: "one-answer",
    replyHeard: (sender, suffix, reply) => {
      if (cluster.lossy.has(reply.partition) || cluster.senders.get(sender)?.expected.has(suffix) === true) return
      for (const said of reply.decisions) {
        if (said.id === null || said.sku === null || said.outcome === "quarantined") continue
        // The same id with other content has an answer of its own, which nobody remembers.
        if (said.outcome === "refused" && (said.reason === "IdReused" || said.reason === "TooOld")) continue
        checked()
        const key = `${sender} ${said.sku} ${said.id}`
        const before = heard.get(key)
        if (before === undefined) heard.set(key, said)
        else if (!isSame(before, said)) {
          const detail = `${sender} heard of ${said.id} first ${meaning(before)}, then ${meaning(said)}`
          found({ class: "safety", signature: "two answers to one id", detail, partition: reply.partition, seq: reply.seq, sku: said.sku })
        }
      }
    },
    finish: ({ lossy }) => {
      for (const sender of cluster.senders.values())
        for (const { command, outcome, sendings } of sender.asked.values()) {
          checked()
          if (outcome !== null && outcome !== "quarantined") continue
          if (lossy.has(cluster.partitionOf(command.sku))) excused("unanswered in a halted partition")
          else {
            const detail = `${command.type} ${command.id} of ${sender.name} was sent ${sendings} times and ${outcome === null ? "never answered" : "never settled"}`
            found({ class: "liveness", signature: "no answer", detail, sku: command.sku, partition: cluster.partitionOf(command.sku) })
          }
        }
    },
  }
}
