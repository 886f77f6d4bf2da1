/**
 * The first decision on each id, as checker `one-effect` remembers it: what was asked and what came of it, as digests, in rows that are forgotten with the floor they lie under.
 *
 * What was asked is equal, and what is said again is what was said first, where 128 bits agree. Which single field of a command differs is told by its line (digest.ts).
 */
import type { EpochMs } from "../domain/names.ts"
import type { KindCommand } from "../engine/kind.ts"
import type { FloorClass, RememberedDecision } from "../engine/records.ts"
import { createFieldDigests, type Digest, digestOf, type FieldsDigest, type Half, isSameDigest } from "./digest.ts"
import type { Floors } from "./floors.ts"
import { isNothing, outcomeBeside } from "./outcome.ts"
import { textOf } from "./plain.ts"
import { type Group, type PackedRowOf, Rows, setWhole, wholeAt, wholeBytes } from "./rows.ts"

/** First decisions of one sender's class in a partition. */
interface FirstGroup extends Group {
  readonly sender: string
  readonly floorClass: FloorClass
}

/** What is asked: a type, and the fields that count of it. */
export interface Content {
  readonly type: number
  readonly fields: FieldsDigest
}

/** A first decision, as it is remembered. */
export interface First {
  readonly seq: number
  readonly issuedAtMs: EpochMs
  readonly content: Content
  readonly outcome: Digest
}

/** Where each part lies in a row: the record, when it was issued, the content, the outcome. */
const issuedAt = wholeBytes
const typeAt = issuedAt + wholeBytes
const sumAt = typeAt + 1
const lineAt = sumAt + 16
const outcomeAt = lineAt + 8
const rowBytes = outcomeAt + 16

const setWords = (view: DataView, at: number, words: ReadonlyArray<number>): void => {
  for (let i = 0; i < words.length; i++) view.setInt32(at + 4 * i, words[i] as number)
}
const halfAt = (view: DataView, at: number): Half => [view.getInt32(at), view.getInt32(at + 4)]
const digestAt = (view: DataView, at: number): Digest => [...halfAt(view, at), ...halfAt(view, at + 8)]

const firstIn = ({ view, at }: PackedRowOf<FirstGroup>): First => ({
  seq: wholeAt(view, at),
  issuedAtMs: wholeAt(view, at + issuedAt),
  content: { type: view.getUint8(at + typeAt), fields: { sum: digestAt(view, at + sumAt), line: halfAt(view, at + lineAt) } },
  outcome: digestAt(view, at + outcomeAt),
})

const writeFirst = ({ view, at }: PackedRowOf<FirstGroup>, { seq, issuedAtMs, content, outcome }: First): void => {
  setWhole(view, at, seq)
  setWhole(view, at + issuedAt, issuedAtMs)
  view.setUint8(at + typeAt, content.type)
  setWords(view, at + sumAt, content.fields.sum)
  setWords(view, at + lineAt, content.fields.line)
  setWords(view, at + outcomeAt, outcome)
}

/** What finds a command, and what is each sending's own, is no content of it. */
const noContent: ReadonlyArray<string> = ["type", "id", "issuedAtMs", "deadlineMs"]

/** Contents and outcomes as digests, and what differs between two. */
const createJudgements = (keyField: string) => {
  const beside: ReadonlySet<string> = new Set([...noContent, keyField])
  const digests = createFieldDigests()
  const types = new Map<string, number>()
  const typeOf = (type: string): number => {
    const known = types.get(type) ?? types.size
    types.set(type, known)
    return known
  }
  const said = (outcome: RememberedDecision): Digest =>
    digests.fields(outcome, (name, value) => !outcomeBeside.has(name) && !isNothing(value)).sum
  return {
    said,
    content: (command: KindCommand): Content => ({
      type: typeOf(command.type),
      fields: digests.fields(command, (name) => !beside.has(name)),
    }),
    /** Of one quantity, as all that counts of a shipment. */
    shipped: (qty: number | undefined): Content => ({ type: typeOf("Fulfil"), fields: digests.fields({ qty }, () => true) }),
    /** `type`, the one field that differs, `id` where several do; null where the content is the same. */
    differing: (one: Content, other: Content): string | null => {
      if (one.type !== other.type) return "type"
      const field = digests.differing(one.fields, other.fields)
      return field === undefined ? null : (field ?? "id")
    },
    /** How an outcome is not the first one, in words, or null. */
    contradiction: (outcome: RememberedDecision, first: First): string | null =>
      isSameDigest(said(outcome), first.outcome) ? null : `${textOf(outcome)} is said, and that isn't what was journaled`,
  }
}

/** A first decision to be remembered. */
export interface Deciding {
  readonly partition: number
  readonly sender: string
  readonly floorClass: FloorClass
  readonly seq: number
  readonly issuedAtMs: EpochMs
  readonly content: Content
  readonly outcome: RememberedDecision
}

/** First decisions of which none was made yet, forgotten as `floors` rise. `keyField`: what finds an actor, and is no content of its commands. */
export const createFirsts = (floors: Floors, keyField: string) => {
  const rows = new Rows<FirstGroup>()
  const groups = new Map<string, FirstGroup>()
  const judgements = createJudgements(keyField)
  const groupOf = ({ partition, sender, floorClass }: Deciding): FirstGroup => {
    const name = `${partition} ${sender} ${floorClass}`
    let group = groups.get(name)
    if (group === undefined) {
      group = { sender, floorClass, bytes: rowBytes, segments: [] }
      groups.set(name, group)
    }
    return group
  }
  return {
    content: judgements.content,
    shipped: judgements.shipped,
    differing: judgements.differing,
    contradiction: judgements.contradiction,
    /** What is remembered under a name, at a journaled time of a partition. */
    recall: (partition: number, name: Digest, atMs: EpochMs): First | undefined => {
      for (const row of rows.find(name)) {
        const first = firstIn(row)
        if (first.issuedAtMs >= floors.at(partition, row.group.sender, row.group.floorClass, atMs)) return first
      }
      return undefined
    },
    remember: (name: Digest, deciding: Deciding, atMs: EpochMs): void => {
      const { partition, sender, floorClass, seq, issuedAtMs, content } = deciding
      const row = rows.add(groupOf(deciding), name, issuedAtMs, floors.at(partition, sender, floorClass, atMs))
      writeFirst(row, { seq, issuedAtMs, content, outcome: judgements.said(deciding.outcome) })
    },
    /** Whether anything is remembered under a text, forgotten by the floor or not. */
    isKnown: (text: string): boolean => rows.find(digestOf(text)).length > 0,
  }
}
/** The first decisions on all ids that are still remembered. */
export type Firsts = ReturnType<typeof createFirsts>
