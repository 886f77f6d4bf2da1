/**
 * INV-17: a command that an event carries has one effect, whatever becomes of those who send and hear it.
 *
 * It leaves its owner only when the record that carries it is in the journal, as that very command. It is decided at most once, as what it is, and for whom it is; nothing is decided for an actor that did not carry it. What comes
 * back to its sender is what was decided, and is journaled once. Once all is healed, each was decided and came back.
 */
import { type EpochMs, isInternal } from "../../src/domain/names.ts"
import type { JournaledDecision, ReturnedOutcome } from "../../src/engine/records.ts"
import type { Cluster } from "../cluster.ts"
import { checkingOrderCodec } from "../substitutes/order-codec.ts"
import { checkingCodec } from "../substitutes/shared-codec.ts"
import { type Carried, carriedByOrders, carriedBySkus, ordersWritten, skusWritten } from "./both-journals.ts"
import type { Checker, Ending, Given } from "./checker.ts"
import { isSame } from "./same-state.ts"

/** A decision of a carried command, where it stands. */
interface Decided {
  readonly journal: number
  readonly seq: number
  readonly decision: JournaledDecision
  readonly command: { readonly id: string; readonly issuedAtMs: EpochMs }
  /** For whom, as the entry says it: one that an operator settled doesn't. */
  readonly onBehalf: string | null
}

/** What of a decision its sender hears: how it was decided, and how many units it moved. */
const wordOf = (decision: JournaledDecision): string =>
  decision._tag === "Refused" ? `refused ${decision.refusal.reason}` : decision._tag.toLowerCase()
const heardWord = (outcome: ReturnedOutcome): string => (outcome.outcome === "refused" ? `refused ${outcome.reason}` : outcome.outcome)

/** The units that a line's command moved, by its events; undefined where it moves none. */
const unitsOf = (decision: JournaledDecision): number | undefined => {
  if (decision._tag !== "Accepted") return undefined
  for (const event of decision.events) {
    const parts: unknown = event.type === "Reserved" || event.type === "Released" ? Reflect.get(event, "allocations") : undefined
    if (Array.isArray(parts)) return parts.reduce((sum: number, part: { readonly qty: number }) => sum + part.qty, 0)
  }
  return undefined
}

/** All that was carried, decided for actors of ours, and journaled as come back. */
const read = (cluster: Cluster) => {
  const carried = new Map<string, Carried>()
  const decided = new Map<string, Array<Decided>>()
  const returned = new Map<
    string,
    Array<{
      readonly journal: number
      readonly seq: number
      readonly by: number
      readonly bySeq: number
      readonly outcome: ReturnedOutcome
    }>
  >()
  const note = (journal: number, seq: number, entries: ReadonlyArray<EntryOf>): void => {
    for (const entry of entries) {
      if (entry._tag === "Returned") {
        const { id, by, outcome } = entry
        returned.set(id, [...(returned.get(id) ?? []), { journal, seq, by: cluster.idOf(by), bySeq: by.seq, outcome }])
      }
      if (entry._tag !== "Message" && entry._tag !== "Settled") continue
      if (!isInternal(entry.sender)) continue
      const onBehalf = entry._tag === "Message" ? (entry.onBehalf ?? "nobody") : null
      for (const { command, decision } of entry._tag === "Message" ? entry.decided : [entry.decided]) {
        if (command === null) continue
        decided.set(command.id, [...(decided.get(command.id) ?? []), { journal, seq, decision, command, onBehalf }])
      }
    }
  }
  for (const written of ordersWritten(cluster)) {
    for (const one of carriedByOrders(written)) carried.set(one.id, one)
    note(written.id, written.seq, written.record.entries)
  }
  for (const written of skusWritten(cluster)) {
    for (const one of carriedBySkus(written)) carried.set(one.id, one)
    note(written.id, written.seq, written.record.entries)
  }
  return { carried, decided, returned }
}

type Read = ReturnType<typeof read>
type EntryOf =
  | ReturnType<typeof ordersWritten>[number]["record"]["entries"][number]
  | ReturnType<typeof skusWritten>[number]["record"]["entries"][number]

/** Whether a decision is one: what is repeated is another's, what waits for a person none yet. */
const isDecision = ({ decision: { _tag } }: Decided): boolean =>
  _tag === "Accepted" || _tag === "Refused" || _tag === "Dropped" || _tag === "TooLate"

/** What a command is without id and time, as plain data. */
const contentOf = ({ id: _id, issuedAtMs: _issuedAtMs, ...content }: Decided["command"]): object => content

type Broken = (signature: string, detail: string, place: { readonly journal: number; readonly seq: number }) => void

/** Each decision is of a command that somebody carries, as what it is, and there is one of each. */
const judgeDecided = ({ carried, decided }: Read, broken: Broken): void => {
  for (const [id, all] of decided) {
    const one = carried.get(id)
    const [first] = all
    if (first === undefined) continue
    if (one === undefined) {
      broken("a command that nobody carried was decided", `${id} was decided in record ${first.seq} of journal ${first.journal}`, first)
      continue
    }
    const effects = all.filter(isDecision).filter(({ decision }) => wordOf(decision) !== "refused TooOld")
    const where = effects.map(({ journal, seq, decision }) => `${wordOf(decision)} in record ${seq} of journal ${journal}`)
    if (effects.length > 1) broken("a carried command was decided twice", `${id} was ${where.join(", then ")}`, first)
    for (const { command, onBehalf, journal, seq } of all) {
      const isFor = onBehalf === null || onBehalf === one.onBehalf
      if (isSame(contentOf(command), one.command) && isFor && command.issuedAtMs === one.atMs) continue
      const detail = `${id} carries ${JSON.stringify(one.command)} for ${one.onBehalf} at ${one.atMs}, and was decided as ${JSON.stringify(command)} for ${onBehalf}`
      broken("a carried command was decided as another", detail, { journal, seq })
    }
  }
}

/** What came back is a decision of what was carried, from where it stands, and came back once. */
const judgeReturned = ({ carried, decided, returned }: Read, broken: Broken): void => {
  for (const [id, [first, second]] of returned) {
    if (first === undefined) continue
    if (second !== undefined) broken("a decision came back twice", `${id} came back in records ${first.seq} and ${second.seq}`, first)
    if (!carried.has(id)) broken("a decision came back that nobody waits for", `${id} in record ${first.seq}`, first)
    const effect = decided.get(id)?.find(isDecision)
    const stands = decided.get(id)?.some(({ journal, seq }) => journal === first.by && seq === first.bySeq) === true
    if (!stands)
      broken(
        "what came back stands nowhere",
        `${id} came back as of record ${first.bySeq} of journal ${first.by}, which doesn't decide it`,
        first,
      )
    else if (effect !== undefined && !isHeardAs(effect.decision, first.outcome)) {
      const detail = `${id} was ${wordOf(effect.decision)} (${unitsOf(effect.decision) ?? "no"} units), and came back as ${JSON.stringify(first.outcome)}`
      broken("what came back is not what was decided", detail, first)
    }
  }
}

const judgeAll = ({ cluster, found, checked }: Given, { lossy, converged }: Ending): void => {
  // A journal that lost records may have lost either side.
  if (lossy.size > 0) return
  const all = read(cluster)
  const { carried, decided, returned } = all
  checked(decided.size + returned.size)
  const broken: Broken = (signature, detail, { journal, seq }) => found({ class: "safety", signature, detail, partition: journal, seq })
  judgeDecided(all, broken)
  judgeReturned(all, broken)
  if (!converged) return
  checked(carried.size)
  for (const [id, { journal, seq, command }] of carried) {
    if (returned.has(id)) continue
    const what = decided.get(id)?.some(isDecision) === true ? "was decided, and never came back" : "was never decided"
    const detail = `${id} (${String(command.type)}) ${what}`
    found({ class: "liveness", signature: `a carried command ${what}`, detail, partition: journal, seq })
  }
}

const isHeardAs = (decision: JournaledDecision, outcome: ReturnedOutcome): boolean => {
  if (heardWord(outcome) !== wordOf(decision)) return false
  const units = unitsOf(decision)
  return outcome.outcome !== "accepted" || units === undefined || outcome.qty === units
}

/** What a stored record carries, whichever kind's it is. */
const carriedAt = (cluster: Cluster, id: number, seq: number): ReadonlyArray<Carried> => {
  const stored = cluster.server.recordAt(id, seq)
  if (stored === null) return []
  if (id >= cluster.drawn.partitions) {
    const decoded = checkingOrderCodec.decodeRecord(stored.bytes)
    return decoded._tag === "Record" ? carriedByOrders({ id, partition: 0, seq, record: decoded.record }) : []
  }
  const decoded = checkingCodec.decodeRecord(stored.bytes)
  return decoded._tag === "Record" ? carriedBySkus({ id, partition: 0, seq, record: decoded.record }) : []
}

/** One checker over both kinds: those of either are told what leaves theirs. */
export const carriedOnce = (given: Given): Checker => {
  const { cluster, found, checked } = given
  const judgeSaid: NonNullable<Checker["carriedSaid"]> = (slot, { commands }) => {
    if (cluster.lossy.has(slot.id)) return
    for (const { id } of commands) {
      checked()
      const seq = Number(id.split("/")[1])
      if (carriedAt(cluster, slot.id, seq).some((carried) => carried.id === id)) continue
      const detail = `${slot.worker.name} sends ${id} while the journal ends at ${cluster.server.endSeq(slot.id)}, and no record there carries it`
      found({ class: "safety", signature: "a command left before its record", detail, partition: slot.id, seq })
    }
  }
  const judgeReturns: NonNullable<Checker["returnsSaid"]> = (slot, { returns }) => {
    if (cluster.lossy.has(slot.id)) return
    for (const { id, by } of returns) {
      checked()
      if (by.seq <= cluster.server.endSeq(slot.id)) continue
      const detail = `${slot.worker.name} tells what came of ${id} in record ${by.seq}, while its journal ends at ${cluster.server.endSeq(slot.id)}`
      found({ class: "safety", signature: "a decision went back before its record", detail, partition: slot.id, seq: by.seq })
    }
  }
  // Of a slot they look at its journal alone: whose actors it holds is nothing to them.
  cluster.orderAudience.add({
    carriedSaid: (slot, output) => judgeSaid(slot as never, output),
    returnsSaid: (slot, output) => judgeReturns(slot as never, output),
  })
  return {
    name: "carried-once",
    carriedSaid: judgeSaid,
    returnsSaid: judgeReturns,
    finish: (ending) => {
      if (cluster.hasOrders) judgeAll(given, ending)
    },
  }
}
