/**
 * INV-2 and INV-7, as senders see them: every command that was sent has one answer in the end, and everybody who hears of
 * an id hears the same. Quarantined is no answer yet.
 */
import type { SkuHeardDecision } from "../../src/kinds/sku/types.ts"
import { isForWantOfRoom } from "../nodes/sender.ts"
import { isHaltedByLoss, type MakeChecker } from "./checker.ts"
import { isSame } from "./same-state.ts"

/** An answer without what may differ between two sayings of it. */
const meaning = ({ repeated: _repeated, ...said }: SkuHeardDecision): string => JSON.stringify(said)

/** The same answer, whether or not it is said to be repeated. */
const isSameAnswer = (a: SkuHeardDecision, b: SkuHeardDecision): boolean => {
  if (a === b) return true
  const fields = Object.keys(a).filter((field) => field !== "repeated")
  if (fields.length !== Object.keys(b).filter((field) => field !== "repeated").length) return false
  return fields.every((field) => isSame(Reflect.get(a, field), Reflect.get(b, field)))
}

/** What a sender heard of one of its commands. Ids are nearly always unique, so a list has one entry, seldom two. */
interface Heard {
  readonly sender: string
  readonly said: SkuHeardDecision
}

export const oneAnswer: MakeChecker = ({ cluster, found, checked, excused }) => {
  const heard = new Map<string, Array<Heard>>()
  return {
    name: "one-answer",
    replyHeard: (sender, suffix, reply) => {
      if (cluster.lossy.has(reply.partition) || cluster.senders.get(sender)?.expected.has(suffix) === true) return
      for (const said of reply.decisions) {
        if (said.id === null || said.sku === null || said.outcome === "quarantined") continue
        // Nothing below the floor is remembered, and a retry is refused for that. That an id was reused nobody may hear here: other content is sent
        // by mischief alone, whose answers are expected.
        if (said.outcome === "refused" && said.reason === "TooOld") continue
        // The ingress that passed it on is configured wrongly: nothing was decided, and nothing is remembered.
        if (said.outcome === "refused" && said.reason === "WrongPartition") continue
        // Nor of what found no room in quarantine.
        if (isForWantOfRoom(said)) continue
        checked()
        const ofId = heard.get(said.id)
        const before = ofId?.find((known) => known.sender === sender && known.said.sku === said.sku)?.said
        if (ofId === undefined) heard.set(said.id, [{ sender, said }])
        else if (before === undefined) ofId.push({ sender, said })
        else if (!isSameAnswer(before, said)) {
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
          if (isHaltedByLoss(cluster, lossy, cluster.partitionOf(command.sku))) excused("unanswered in a halted partition")
          else {
            const detail = `${command.type} ${command.id} of ${sender.name} was sent ${sendings} times and ${outcome === null ? "never answered" : "never settled"}`
            found({ class: "liveness", signature: "no answer", detail, sku: command.sku, partition: cluster.partitionOf(command.sku) })
          }
        }
    },
  }
}
