/**
 * INV-19: each command about an order gets one answer, whoever asks and however often: all that hear of it hear the same, what is heard is what the journal says, a command that began is answered once, and once all is healed each
 * is answered.
 */
import { orderBook } from "../../src/domain/order/names.ts"
import type { Refusal } from "../../src/domain/refusals.ts"
import type { Reply } from "../../src/engine/records.ts"
import type { OrderHeardDecision, OrderKind } from "../../src/kinds/order/types.ts"
import type { Cluster } from "../cluster.ts"
import { decidedIn, ordersWritten, type Written } from "./both-journals.ts"
import type { Given, MakeChecker } from "./checker.ts"

type Entry = ReturnType<typeof ordersWritten>[number]["record"]["entries"][number]

/** An answer without what may differ between two sayings of it. */
const meaning = ({ repeated: _repeated, ...said }: OrderHeardDecision): string => JSON.stringify(said)

/** Refusals that say nothing of the command: nothing is remembered of these, or another content has the id. */
export const isAsideFor = ({ reason, field }: Pick<Refusal, "reason" | "field">): boolean =>
  reason === "TooOld" || reason === "IdReused" || reason === "WrongPartition" || field === "quarantine"

const isAside = (said: OrderHeardDecision): boolean => said.outcome === "quarantined" || (said.outcome === "refused" && isAsideFor(said))

/** How often each command was decided, and answered, by the journals; and who was answered in which record. */
const readAnswers = (cluster: Cluster, lossy: ReadonlySet<number>) => {
  const finals = new Map<string, Array<string>>()
  const begun = new Set<string>()
  const answeredIn = new Map<string, string>()
  const note = (name: string, where: string) => finals.set(name, [...(finals.get(name) ?? []), where])
  const noteEntry = ({ id, seq }: Written<unknown>, entry: Entry): void => {
    if (entry._tag === "Answered") {
      note(`${entry.sender} ${entry.key} ${entry.id}`, `answered in record ${seq}`)
      for (const suffix of entry.replies) answeredIn.set(`${id} ${seq} ${suffix}`, entry.outcome.outcome)
      return
    }
    if (entry._tag !== "Message" && entry._tag !== "Settled") return
    if (entry.reply !== null) answeredIn.set(`${id} ${seq} ${entry.reply}`, "decided")
    for (const { command, decision } of decidedIn(entry)) {
      if (command === null || !("order" in command)) continue
      const name = `${entry.sender} ${orderBook(command.channel, command.order)} ${command.id}`
      if (decision._tag === "Begun") begun.add(name)
      const isAnswer = decision._tag === "Accepted" || decision._tag === "TooLate" || decision._tag === "Dropped"
      if (isAnswer || (decision._tag === "Refused" && !isAsideFor(decision.refusal))) note(name, `${decision._tag} in record ${seq}`)
    }
  }
  for (const written of ordersWritten(cluster))
    if (!lossy.has(written.id)) for (const entry of written.record.entries) noteEntry(written, entry)
  return { finals, begun, answeredIn }
}

const judgeEnd = (
  { cluster, found, checked }: Given,
  heard: ReadonlyArray<Reply<OrderKind>>,
  lossy: ReadonlySet<number>,
  converged: boolean,
) => {
  const { finals, begun, answeredIn } = readAnswers(cluster, lossy)
  for (const [name, answers] of finals) {
    checked()
    if (answers.length > 1)
      found({ class: "safety", signature: "a command about an order was answered twice", detail: `${name}: ${answers.join(", then ")}` })
  }
  for (const { suffix, seq, partition } of heard) {
    const id = cluster.idOf({ kind: "order", partition })
    if (lossy.has(id)) continue
    checked()
    if (answeredIn.has(`${id} ${seq} ${suffix}`)) continue
    const detail = `${suffix} was answered as of record ${seq} of journal ${id}, which answers nobody of that name`
    found({ class: "safety", signature: "an answer that its record does not give", detail, partition: id, seq })
  }
  if (!converged || lossy.size > 0) return
  for (const name of begun) {
    checked()
    if (!finals.has(name)) found({ class: "liveness", signature: "a command that began was never answered", detail: name })
  }
  for (const sender of cluster.orderSenders.values())
    for (const { command, said, sendings } of sender.asked) {
      checked()
      if (said === null)
        found({
          class: "liveness",
          signature: "a command about an order is unanswered",
          detail: `${sender.name} asked ${command.id} ${sendings} times`,
        })
    }
}

export const orderAnswers: MakeChecker = (given) => {
  const { cluster, found, checked } = given
  const first = new Map<string, OrderHeardDecision>()
  const replies: Array<Reply<OrderKind>> = []
  cluster.orderAudience.add({
    replyHeard: (sender, suffix, reply) => {
      replies.push(reply)
      if (cluster.lossy.size > 0) return
      for (const said of reply.decisions) {
        if (said.id === null || isAside(said)) continue
        checked()
        const content = cluster.orderSenders.get(sender)?.contentOf(suffix) ?? ""
        const name = `${sender} ${content}`
        const before = first.get(name)
        if (before === undefined) first.set(name, said)
        else if (meaning(before) !== meaning(said)) {
          const detail = `${sender} heard of ${said.id} first ${meaning(before)}, then ${meaning(said)}`
          const partition = cluster.idOf({ kind: "order", partition: reply.partition })
          found({ class: "safety", signature: "two answers to one command about an order", detail, partition, seq: reply.seq })
        }
      }
    },
  })
  return {
    name: "order-answers",
    finish: ({ lossy, converged }) => {
      if (cluster.hasOrders) judgeEnd(given, replies, lossy, converged)
    },
  }
}
