/**
 * What the journals of a world at rest have to say of carried commands and of owed answers, from their records alone.
 */
import { isInternal } from "../../src/domain/names.ts"
import type { KindTypes } from "../../src/engine/kind.ts"
import { outcomeOf } from "../../src/engine/outcomes.ts"
import type { DecidedCommand, Entry, JournalRecord } from "../../src/engine/records.ts"
import type { World } from "./carrier.ts"
import { books, shelves } from "./toys.ts"

// As the engine knows a kind: it hands each nothing but what it had from it.
const kindOf = (name: string) => (name === "book" ? books : shelves) as unknown as Parameters<typeof outcomeOf>[0]

const eventsOf = (entry: Entry): ReadonlyArray<{ readonly event: KindTypes["event"]; readonly internal: boolean }> => {
  const all = entry._tag === "Message" ? entry.decided : entry._tag === "Settled" ? [entry.decided] : []
  const internal = (entry._tag === "Message" || entry._tag === "Settled") && isInternal(entry.sender)
  const decided = all.flatMap(({ decision }) => (decision._tag === "Accepted" || decision._tag === "Begun" ? decision.events : []))
  const others = entry._tag === "Expiry" || entry._tag === "Returned" || entry._tag === "Covered" ? entry.events : []
  return [...decided.map((event) => ({ event, internal })), ...others.map((event) => ({ event, internal: false }))]
}

/** Ids of the commands that a record carries, in their places. */
const carriedIds = (kind: string, { owner, entries }: JournalRecord, seq: number): ReadonlyArray<string> => {
  const { carrying } = kindOf(kind)
  const carried = entries.flatMap(eventsOf).flatMap(({ event, internal }) => carrying?.carriedBy("" as never, event, internal) ?? [])
  return carried.map((_, place) => `${owner}/${seq}/${place}`)
}

const add = (to: Map<string, Array<string>>, id: string, what: string): void => {
  to.set(id, [...(to.get(id) ?? []), what])
}

const finalOf = (kind: string, { command, decision }: DecidedCommand): string | undefined => {
  if (command === null || decision._tag === "Quarantined") return undefined
  const outcome = outcomeOf(kindOf(kind), decision)
  return outcome === null ? undefined : JSON.stringify(outcome)
}

/** What is wrong with the journals of a world at rest; empty: nothing. */
export const wrongAtRest = (world: World): ReadonlyArray<string> => {
  const carried: Array<string> = []
  const decided = new Map<string, Array<string>>()
  const said = new Map<string, string>()
  const returned = new Map<string, Array<string>>()
  const begun = new Map<string, Array<string>>()
  const answered = new Map<string, Array<string>>()
  const forgotten: Array<string> = []
  const compared: Array<readonly [string, string]> = []
  for (const place of world.places) {
    for (const [i, record] of place.records().entries()) {
      carried.push(...carriedIds(place.kind, record, i + 1))
      for (const entry of record.entries) {
        const all = entry._tag === "Message" ? entry.decided : entry._tag === "Settled" ? [entry.decided] : []
        for (const one of all) {
          const outcome = finalOf(place.kind, one)
          const id = one.command?.id ?? ""
          if (one.decision._tag === "Begun") add(begun, id, "")
          if (outcome === undefined || !id.includes("/")) continue
          said.set(`${id} ${place.kind}.${place.partition}.${i + 1}`, outcome)
          if (one.decision._tag !== "Repeated" && !outcome.includes("TooOld")) add(decided, id, outcome)
        }
        if (entry._tag === "Answered") add(answered, entry.id, entry.outcome.outcome)
        if (entry._tag !== "Returned") continue
        if (entry.outcome.outcome === "refused" && entry.outcome.reason === "TooOld") forgotten.push(entry.id)
        add(returned, entry.id, JSON.stringify(entry.outcome))
        compared.push([`${entry.id} ${entry.by.kind}.${entry.by.partition}.${entry.by.seq}`, JSON.stringify(entry.outcome)])
      }
    }
  }
  const wrong = forgotten.map((id) => `${id} was forgotten before it came back`)
  const once = (what: string, found: ReadonlyMap<string, ReadonlyArray<string>>, id: string): void => {
    const count = found.get(id)?.length ?? 0
    if (count !== 1) wrong.push(`${id} was ${what} ${count} times`)
  }
  for (const id of carried) {
    once("decided", decided, id)
    once("returned", returned, id)
  }
  for (const id of returned.keys()) if (!carried.includes(id)) wrong.push(`${id} came back and was never carried`)
  for (const [where, outcome] of compared)
    if (said.get(where) !== outcome) wrong.push(`${where} came back as ${outcome}, and is ${said.get(where)}`)
  for (const id of begun.keys()) once("answered", answered, id)
  for (const [id, answers] of answered) {
    const told = new Set([...answers, ...world.outcomes(id)])
    if (told.size !== 1) wrong.push(`${id} was answered ${[...told].join(" and ")}`)
  }
  return wrong
}
