/**
 * Checker `carried` (INV-17): what one actor sends another is decided there once, and that very decision comes back.
 *
 * Proves that each command which the event of an actor carries was decided at its receiver at most once, as it was carried, for the channel it was carried for and in the name of the partition that carries it;
 * that what is journaled as its decision is what the receiver's journal says in the record that is named, once, and only of what was under way; and that nobody decided a command in the name of a
 * partition of ours which no event there carried.
 *
 * Two journals are read at different moments. What a record says of one that lies behind the end of what was read of the other is not judged, and what is carried and has not come back is under way: neither is
 * a finding. What is judged on both sides is kept as a digest, what is not as a whole; an audit that reads the receivers' journals first keeps the more.
 */
import type { Refusal } from "../domain/refusals.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { JournaledDecision } from "../engine/records.ts"
import { digestOf } from "./digest.ts"
import type { Findings, Where } from "./findings.ts"
import type { Judged } from "./judged.ts"
import { isNothing } from "./outcome.ts"
import { textOf } from "./plain.ts"
import { type Group, Rows } from "./rows.ts"

/** The word for a kind of actor. */
export type KindName = "sku" | "order"

/** A partition of a kind, and a record of its journal. */
export interface Place {
  readonly kind: KindName
  readonly partition: number
  readonly seq: number
}

/** A command as an event carries it. */
export interface CarriedSeen {
  readonly id: string
  readonly from: Place
  readonly to: KindName
  /** Channel, order and SKU: which line of which order it is about. */
  readonly line: string
  readonly onBehalf: string
  /** As its receiver has to decide it, the id included. */
  readonly command: object
  /** What the actor that carries it finds it by. */
  readonly order: string
  readonly sku: string
  readonly type: string
  /** The how-manieth event of the order carries it; 0 where it is no order's. */
  readonly n: number
}

/** What its receiver journaled about it. */
interface DecidedSeen {
  readonly at: Place
  readonly sender: string
  /** Null: its record does not say. */
  readonly onBehalf: string | null
  readonly command: string
  readonly line: string
  readonly outcome: string
  /** It was decided now: neither repeated nor refused without being looked at. */
  readonly isAnew: boolean
}

interface ReturnedSeen {
  readonly at: Place
  readonly by: Place
  readonly outcome: string
}

/** All that is known of one id. */
interface Known {
  carried: CarriedSeen | null
  returned: ReturnedSeen | null
  readonly decided: Array<DecidedSeen>
}

/** How a partition decided a command that another sent it. */
interface DecidedSaid<K extends KindTypes> {
  readonly command: K["command"]
  readonly line: string
  readonly decision: JournaledDecision<K>
  readonly meaningOf: Judged<K>["meaningOf"]
}

/** One text for outcomes that say the same. */
const outcomeText = (outcome: object): string =>
  textOf(Object.fromEntries(Object.entries(outcome).filter(([, value]) => !isNothing(value))))

const whereOf = ({ kind, partition, seq }: Place): Where => ({ ...(kind === "order" ? { kind } : {}), partition, seq })

/** The partition that a name of ours speaks for; null: it is no such name. */
const partitionNamed = (sender: string): Omit<Place, "seq"> | null => {
  const found = /^@(sku|order)\.(0|[1-9][0-9]*)$/.exec(sender)
  return found === null ? null : { kind: found[1] === "order" ? "order" : "sku", partition: Number(found[2]) }
}

/** The sequence of the record that an id says it stands in: `<owner>/<sequence>/<place>`. 0: it says none. */
const seqNamed = (id: string): number => Number(/^[^/]+\/([1-9][0-9]*)\/[0-9]+$/.exec(id)?.[1] ?? 0)

/** Lines of which something is not known on both sides yet: what two journals say of them may differ. And how much is under way. */
export interface CarriedEnd {
  readonly unsettled: ReadonlySet<string>
  readonly underWay: number
}

/** How a command was decided otherwise than it was carried, in words, or null. */
const wrongCommand = (carried: CarriedSeen, decided: DecidedSeen): string | null => {
  const { from } = carried
  if (decided.sender !== `@${from.kind}.${from.partition}`) return `is decided in the name of ${decided.sender}`
  if (decided.at.kind !== carried.to) return `is decided by a partition of another kind, ${decided.at.kind}`
  if (decided.onBehalf !== null && decided.onBehalf !== carried.onBehalf)
    return `is decided for ${decided.onBehalf}, and was carried for ${carried.onBehalf}`
  return decided.command === textOf(carried.command)
    ? null
    : `is decided as ${decided.command}, and was carried as ${textOf(carried.command)}`
}

/** A refusal that says nothing of the command: it is forgotten, or there was no room for it. */
const isNoDecision = ({ reason, field }: Refusal): boolean =>
  reason === "TooOld" || (reason === "LimitReached" && (field === "quarantine" || field === "senders"))

const isAt = (place: Place, other: Place): boolean =>
  place.kind === other.kind && place.partition === other.partition && place.seq === other.seq

/** What is wrong with a decision that came back, as far as the receiver's journal says; undefined: it does not say anything yet. */
const wrongReturn = ({ decided }: Known, { by, outcome }: ReturnedSeen): string | null | undefined => {
  const there = decided.filter(({ at }) => isAt(at, by))
  if (there.length === 0) return undefined
  if (there.some((one) => one.outcome === outcome)) return null
  return `came back as ${outcome}, and record ${by.seq} of ${by.kind} partition ${by.partition} says ${there.map((one) => one.outcome).join(" and ")}`
}

/** A checker `carried` that reports to `findings`. */
export class Carried {
  readonly #findings: Findings
  readonly #endSeq: (kind: KindName, partition: number) => number
  readonly #known = new Map<string, Known>()
  /** Ids that both sides have said all of: digests. */
  readonly #settled = new Rows<Group>()
  readonly #settledGroup: Group = { bytes: 0, segments: [] }

  /** `endSeq`: the last record that was read of a partition. */
  constructor(findings: Findings, endSeq: (kind: KindName, partition: number) => number) {
    this.#findings = findings
    this.#endSeq = endSeq
  }

  /** An event carries a command. */
  carries(carried: CarriedSeen): void {
    this.#findings.checked("carried")
    const one = this.#knownOf(carried.id)
    if (one.carried !== null || this.#isSettled(carried.id))
      this.#findings.violated("carried", whereOf(carried.from), `${carried.id} is carried twice`)
    one.carried = carried
    for (const decided of one.decided) this.#judgePair(carried.id, one, decided)
  }

  /** A partition decided a command that another sent it, under the id `id`. */
  decided<K extends KindTypes>(at: Place, id: string, sender: string, onBehalf: string | null, said: DecidedSaid<K>): void {
    const { decision } = said
    // Nobody knows it by these: what is quarantined or begun has no decision yet.
    if (decision._tag === "Quarantined" || decision._tag === "Begun" || decision._tag === "Pending") return
    const isAnew = decision._tag !== "Repeated" && !(decision._tag === "Refused" && isNoDecision(decision.refusal))
    if (this.#isSettled(id)) {
      if (isAnew) this.#findings.violated("carried", whereOf(at), `${id} is decided again, after its decision had come back`)
      return
    }
    const one = this.#knownOf(id)
    if (isAnew && one.decided.some((before) => before.isAnew)) this.#findings.violated("carried", whereOf(at), `${id} is decided twice`)
    const decided = {
      at,
      sender,
      onBehalf,
      command: textOf(said.command),
      line: said.line,
      outcome: outcomeText(said.meaningOf(decision)),
      isAnew,
    }
    one.decided.push(decided)
    this.#judgePair(id, one, decided)
    this.#judgeReturn(id, one)
    this.#close(id, one)
  }

  /** A decision came back to who carried the command. Returns what was carried, null if it was not under way. */
  returned(at: Place, id: string, by: Place, outcome: object): CarriedSeen | null {
    this.#findings.checked("carried")
    const one = this.#known.get(id)
    if (one === undefined || one.carried === null || one.returned !== null) {
      const why = one?.returned == null && !this.#isSettled(id) ? "was not carried" : "has come back already"
      this.#findings.violated("carried", whereOf(at), `the decision of ${id} comes back, and it ${why}`)
      return null
    }
    if (one.carried.from.kind !== at.kind || one.carried.from.partition !== at.partition)
      this.#findings.violated("carried", whereOf(at), `${id} comes back to another partition than the one that carries it`)
    one.returned = { at, by, outcome: outcomeText(outcome) }
    this.#judgeReturn(id, one)
    const { carried } = one
    this.#close(id, one)
    return carried
  }

  /** The lines of which something is not known on both sides. `atRest`: nothing may be under way any more. */
  finish(atRest: boolean): CarriedEnd {
    const unsettled = new Set<string>()
    let underWay = 0
    for (const [id, { carried, returned, decided }] of this.#known) {
      if (carried !== null) unsettled.add(carried.line)
      for (const { line } of decided) unsettled.add(line)
      const [first] = decided
      if (carried !== null && returned === null) {
        underWay += 1
        if (atRest) this.#findings.violated("carried", whereOf(carried.from), `${id} is under way, and nothing is asked any more`)
      }
      if (returned !== null && !this.#isBehind(returned.by))
        this.#findings.violated(
          "carried",
          whereOf(returned.at),
          `${id} came back from record ${returned.by.seq} of ${returned.by.kind} partition ${returned.by.partition}, which does not decide it`,
        )
      if (carried !== null || first === undefined) continue
      const named = partitionNamed(first.sender)
      if (named === null || !this.#isBehind({ ...named, seq: seqNamed(id) }))
        this.#findings.violated("carried", whereOf(first.at), `${id} of ${first.sender} is decided, and no event carries it`)
    }
    return { unsettled, underWay }
  }

  #isSettled(id: string): boolean {
    return this.#settled.find(digestOf(id)).length > 0
  }

  #knownOf(id: string): Known {
    let one = this.#known.get(id)
    if (one === undefined) {
      one = { carried: null, returned: null, decided: [] }
      this.#known.set(id, one)
    }
    return one
  }

  #isBehind({ kind, partition, seq }: Place): boolean {
    return seq > this.#endSeq(kind, partition)
  }

  /** Lets an id go that both sides have said all of. */
  #close(id: string, one: Known): void {
    if (one.carried === null || one.returned === null || wrongReturn(one, one.returned) === undefined) return
    this.#settled.add(this.#settledGroup, digestOf(id), 0, 0)
    this.#known.delete(id)
  }

  #judgePair(id: string, one: Known, decided: DecidedSeen): void {
    if (one.carried === null) return
    this.#findings.checked("carried")
    const wrong = wrongCommand(one.carried, decided)
    if (wrong !== null) this.#findings.violated("carried", whereOf(decided.at), `${id} ${wrong}`)
  }

  #judgeReturn(id: string, one: Known): void {
    if (one.returned === null) return
    const wrong = wrongReturn(one, one.returned)
    if (wrong != null) this.#findings.violated("carried", whereOf(one.returned.at), `${id} ${wrong}`)
  }
}
