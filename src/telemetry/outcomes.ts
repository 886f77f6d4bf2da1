/**
 * What became of commands by their type, and how orders ended: what a business asks first. Counted of confirmed records, once for each type and outcome in a record.
 */
import type { Kind } from "../domain/kinds.ts"
import type { CommandId } from "../domain/names.ts"
import { OrderEnding } from "../domain/order/order.ts"
import type { DecidedCommand, Entry, JournaledDecision, JournalRecord } from "../engine/records.ts"
import { answersTimedMax } from "../limits.ts"
import type { MetricsOf } from "./making.ts"

const Outcome = ["accepted", "refused", "repeated", "expired", "quarantined", "dropped"] as const
type Outcome = (typeof Outcome)[number]

/** Null: it is answered later, or was asked before its answer. */
const outcomeOf: Readonly<Record<JournaledDecision["_tag"], Outcome | null>> = {
  Accepted: "accepted",
  Refused: "refused",
  Repeated: "repeated",
  TooLate: "expired",
  Quarantined: "quarantined",
  Dropped: "dropped",
  Begun: null,
  Pending: null,
}

/** The type of what could not be read that far. */
const unread = "unread"

/** Counts commands by type and outcome, and orders by how they ended. `types`: all there are, each there from the start at 0. */
export const makeOutcomes = ({ counter }: MetricsOf, types: ReadonlyArray<string>) => {
  const commands = counter("commands")
  const orders = counter("ordersEnded")
  for (const type of [...types, unread]) for (const outcome of Outcome) commands.inc({ type, outcome }, 0)
  for (const ending of OrderEnding) orders.inc({ ending }, 0)
  /** Types of commands that began, for their answers name none. */
  const begun = new Map<string, string>()
  const nameOf = (sender: string, id: CommandId): string => `${sender} ${id}`

  const count = (found: Map<string, Array<number>>, type: string, outcome: Outcome): void => {
    let counts = found.get(type)
    if (counts === undefined) {
      counts = Outcome.map(() => 0)
      found.set(type, counts)
    }
    const at = Outcome.indexOf(outcome)
    counts[at] = (counts[at] ?? 0) + 1
  }

  const countDecided = (found: Map<string, Array<number>>, sender: string, { command, decision }: DecidedCommand): void => {
    const type = command?.type ?? unread
    const outcome = outcomeOf[decision._tag]
    if (outcome !== null) count(found, type, outcome)
    if (decision._tag !== "Begun" || command === null) return
    begun.set(nameOf(sender, command.id), type)
    if (begun.size <= answersTimedMax) return
    for (const oldest of begun.keys()) {
      begun.delete(oldest)
      return
    }
  }

  const countEntry = (found: Map<string, Array<number>>, entry: Entry): void => {
    if (entry._tag === "Message") for (const decided of entry.decided) countDecided(found, entry.sender, decided)
    else if (entry._tag === "Settled") countDecided(found, entry.sender, entry.decided)
    else if (entry._tag === "Answered") {
      const name = nameOf(entry.sender, entry.id)
      // Without a name it began before this process was asked.
      count(found, begun.get(name) ?? unread, entry.outcome.outcome)
      begun.delete(name)
    }
  }

  const countEnds = (events: ReadonlyArray<object>): void => {
    for (const event of events)
      if ("type" in event && event.type === "OrderEnded" && "ending" in event) orders.inc({ ending: String(event.ending) })
  }

  /** Orders end by a command, by time, or by what came back of a line. */
  const countOrderEnds = (entry: Entry): void => {
    if (entry._tag === "Expiry" || entry._tag === "Returned") countEnds(entry.events)
    if (entry._tag === "Message") for (const { decision } of entry.decided) if ("events" in decision) countEnds(decision.events)
  }

  return (kind: Kind, { entries }: JournalRecord): void => {
    const found = new Map<string, Array<number>>()
    for (const entry of entries) countEntry(found, entry)
    if (kind === "order") for (const entry of entries) countOrderEnds(entry)
    for (const [type, counts] of found) for (const [at, outcome] of Outcome.entries()) commands.inc({ type, outcome }, counts[at] ?? 0)
  }
}
