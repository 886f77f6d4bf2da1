/**
 * What became of commands by their type, and how orders ended: what a business asks first. Counted of confirmed records, once for each type and outcome in a record.
 */
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

const eventsIn = (entry: Entry): ReadonlyArray<object> => {
  if (entry._tag === "Message") return entry.decided.flatMap(({ decision }) => ("events" in decision ? decision.events : []))
  return entry._tag === "Expiry" || entry._tag === "Returned" ? entry.events : []
}

/** Counts commands by type and outcome, and orders by how they ended. `types`: all there are, each there from the start at 0. */
export const makeOutcomes = ({ counter }: MetricsOf, types: ReadonlyArray<string>) => {
  const commands = counter("commands")
  const orders = counter("ordersEnded")
  for (const type of [...types, unread]) for (const outcome of Outcome) commands.inc({ type, outcome }, 0)
  for (const ending of OrderEnding) orders.inc({ ending }, 0)
  /** Types of commands that began, for their answers name none. */
  const begun = new Map<string, string>()
  const nameOf = (sender: string, id: CommandId): string => `${sender} ${id}`

  const countDecided = (sender: string, { command, decision }: DecidedCommand, found: Map<string, number>): void => {
    const type = command?.type ?? unread
    const outcome = outcomeOf[decision._tag]
    if (outcome !== null) found.set(`${type} ${outcome}`, (found.get(`${type} ${outcome}`) ?? 0) + 1)
    if (decision._tag !== "Begun" || command === null) return
    begun.set(nameOf(sender, command.id), type)
    if (begun.size <= answersTimedMax) return
    for (const oldest of begun.keys()) {
      begun.delete(oldest)
      return
    }
  }

  const countEntry = (entry: Entry, found: Map<string, number>): void => {
    if (entry._tag === "Message") for (const decided of entry.decided) countDecided(entry.sender, decided, found)
    if (entry._tag === "Settled") countDecided(entry.sender, entry.decided, found)
    if (entry._tag === "Answered") {
      const name = nameOf(entry.sender, entry.id)
      const type = begun.get(name)
      begun.delete(name)
      // It began before this process was asked.
      const key = `${type ?? unread} ${entry.outcome.outcome}`
      found.set(key, (found.get(key) ?? 0) + 1)
    }
    for (const event of eventsIn(entry))
      if ("type" in event && event.type === "OrderEnded" && "ending" in event) orders.inc({ ending: String(event.ending) })
  }

  return ({ entries }: JournalRecord): void => {
    const found = new Map<string, number>()
    for (const entry of entries) countEntry(entry, found)
    for (const [key, count] of found) {
      const [type = unread, outcome = ""] = key.split(" ")
      commands.inc({ type, outcome }, count)
    }
  }
}
