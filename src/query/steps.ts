/**
 * The steps of a chain: what was asked, by whom, what came of it, and what that made of one channel's ATS. The last ones that fit are kept; those before them are counted, and asked for by a cursor.
 */
import type { EpochMs } from "../domain/names.ts"
import { pastStepsMax } from "../limits.ts"
import type { LinePlace, OrderPastLine, SkuPastLine } from "../wire/past-lines.ts"
import { QueryRefused } from "./refused.ts"

/** Which steps are told: `limit` of them, those before a place if one is named. */
export interface StepsAsked {
  readonly limit: number
  /** `<sequence>-<place>` of the first step of the answer before. */
  readonly before?: string | undefined
}

/** One line of the past as it is told. */
export interface Step {
  readonly partition: number
  /** The record. */
  readonly seq: number
  readonly place: number
  readonly atMs: EpochMs
  /** When its command was published, by the broker's clock. */
  readonly brokerMs: EpochMs | null
  readonly sender: string | null
  /** For whom one of our own actors asked. */
  readonly onBehalf: string | null
  readonly id: string | null
  readonly type: string
  readonly outcome: string
  /** Of a refusal: why, and how many units could have been had. */
  readonly reason: string | null
  readonly ats: { readonly before: number; readonly after: number } | null
  /** The same in a sentence. */
  readonly said: string
}

/** Steps, in their order. */
export interface StepsTold {
  readonly steps: ReadonlyArray<Step>
  /** Steps before these that are not told. */
  readonly earlier: number
  /** How to ask for them; null: there are none. */
  readonly before: string | null
}

const cursorPattern = /^([1-9][0-9]{0,15})-(0|[1-9][0-9]{0,8})$/

/** The place that a cursor names; undefined: it names none. */
const placeOf = (cursor: string): Pick<LinePlace, "seq" | "place"> | undefined => {
  const found = cursorPattern.exec(cursor)
  return found === null ? undefined : { seq: Number(found[1]), place: Number(found[2]) }
}

/** Why steps can't be asked for so; undefined: they can. */
export const wrongSteps = ({ limit, before }: StepsAsked): QueryRefused | undefined => {
  if (limit < 1 || limit > pastStepsMax) {
    const remedy = `ask for 1 to ${pastStepsMax}, and go on with --before`
    return new QueryRefused({ reason: "TooMany", detail: `${limit} steps are asked for`, remedy })
  }
  if (before === undefined || placeOf(before) !== undefined) return undefined
  const remedy = "give `before` as the last answer had it, such as 418-2"
  return new QueryRefused({ reason: "InvalidCursor", detail: `"${before}" names no place in a journal`, remedy })
}

/** Keeps the last steps. */
export class LastSteps {
  readonly #limit: number
  readonly #before: Pick<LinePlace, "seq" | "place"> | undefined
  /** Twice as many as are told, cut in halves: so that keeping one costs nothing on average. */
  #kept: Array<Step> = []
  #count = 0

  constructor({ limit, before }: StepsAsked) {
    this.#limit = limit
    this.#before = before === undefined ? undefined : placeOf(before)
  }

  /** Whether a line is before the place that was named: what is after it has been told. */
  takes({ seq, place }: LinePlace): boolean {
    const before = this.#before
    return before === undefined || seq < before.seq || (seq === before.seq && place < before.place)
  }

  add(step: Step): void {
    this.#kept.push(step)
    this.#count += 1
    if (this.#kept.length >= 2 * this.#limit) this.#kept = this.#kept.slice(-this.#limit)
  }

  told(): StepsTold {
    const steps = this.#kept.slice(-this.#limit)
    const [first] = steps
    const earlier = this.#count - steps.length
    return { steps, earlier, before: earlier === 0 || first === undefined ? null : `${first.seq}-${first.place}` }
  }
}

const outcomeOf: Readonly<Record<Extract<SkuPastLine, { readonly _tag: "Command" }>["decision"]["_tag"], string>> = {
  Accepted: "accepted",
  Refused: "refused",
  TooLate: "expired",
  Quarantined: "quarantined",
  Repeated: "repeated",
  Dropped: "dropped",
  Begun: "begun",
  Pending: "pending",
}

const kindOf = { Expiry: "expiry", Covered: "covered", Returned: "returned", Answered: "answered" } as const

/** The facts of a step, as its line has them. */
export const stepOf = (line: SkuPastLine | OrderPastLine, ats: Step["ats"], said: string): Step => {
  const { partition, seq, place, atMs } = line
  const where = { partition, seq, place, atMs }
  if (line._tag !== "Command") {
    const sender = line._tag === "Answered" ? line.sender : null
    const id = line._tag === "Answered" || line._tag === "Returned" ? line.id : null
    const outcome = line._tag === "Answered" || line._tag === "Returned" ? line.outcome.outcome : "happened"
    return { ...where, brokerMs: null, sender, onBehalf: null, id, type: kindOf[line._tag], outcome, reason: null, ats, said }
  }
  const { brokerMs, sender, onBehalf, id, command, decision } = line
  const reason = decision._tag === "Refused" ? decision.refusal.reason : null
  const type = command?.type ?? "unreadable"
  return { ...where, brokerMs, sender, onBehalf, id, type, outcome: outcomeOf[decision._tag], reason, ats, said }
}
