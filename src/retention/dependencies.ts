/**
 * What records of one journal say of others: a decision that came back names the record that made it, and a carried command names the record that carries it. Pure.
 *
 * An archive that holds a record and not the record that it speaks of can't be served from: an order would believe that its units are held, and nobody would hold them. Journals are archived one after another, so
 * a round is over only when everything that was archived in it finds what it speaks of; and of an archive whose last round was cut short only so much may be used.
 */
import { assert } from "../assert.ts"
import type { Kind } from "../domain/kinds.ts"
import { isInternal, type SenderId } from "../domain/names.ts"
import type { Entry, JournalRecord } from "../engine/records.ts"

/** A record of a journal. */
export interface RecordPlace {
  readonly kind: Kind
  readonly partition: number
  readonly seq: number
}

const kinds: Readonly<Record<Kind, true>> = { sku: true, order: true }
const isKind = (word: string): word is Kind => Object.hasOwn(kinds, word)

const placeOf = (kind: string | undefined, partition: number, seq: number): ReadonlyArray<RecordPlace> =>
  kind !== undefined && isKind(kind) && Number.isSafeInteger(partition) && Number.isSafeInteger(seq) ? [{ kind, partition, seq }] : []

/** The record that carries a command to another actor: its sender is the partition, its id begins with owner and record. */
const carriedBy = (sender: SenderId, id: string): ReadonlyArray<RecordPlace> => {
  const [kind, partition] = sender.slice(1).split(".")
  return placeOf(kind, Number(partition), Number(id.split("/")[1]))
}

const ofEntry = (entry: Entry): ReadonlyArray<RecordPlace> => {
  if (entry._tag === "Returned") return placeOf(entry.by.kind, entry.by.partition, entry.by.seq)
  if (entry._tag !== "Message" || !isInternal(entry.sender)) return []
  return entry.decided.flatMap(({ command }) => (command === null ? [] : carriedBy(entry.sender, command.id)))
}

/** The records of other journals, or of its own, that a record speaks of. */
export const spokenOf = ({ entries }: Pick<JournalRecord, "entries">): ReadonlyArray<RecordPlace> => entries.flatMap(ofEntry)

type Name = `${Kind} ${number}`
const nameOf = ({ kind, partition }: Omit<RecordPlace, "seq">): Name => `${kind} ${partition}`

/** The first records of a journal that speak of ever later ones of another. */
type Steps = Array<{ readonly seq: number; readonly needs: number }>

/** What archived journals say of one another, as far as their records were shown. */
export class ArchivedTogether {
  readonly #ends = new Map<Name, RecordPlace>()
  readonly #steps = new Map<Name, Map<Name, Steps>>()
  readonly #named = new Map<Name, Omit<RecordPlace, "seq">>()

  /** How far a journal is archived, where none of its records is shown. */
  endsAt(place: RecordPlace): void {
    this.#named.set(nameOf(place), place)
    this.#ends.set(nameOf(place), place)
  }

  /** Takes a journal's next record. */
  take(place: RecordPlace, record: Pick<JournalRecord, "entries">): void {
    const name = nameOf(place)
    this.endsAt(place)
    for (const needed of spokenOf(record)) {
      const target = nameOf(needed)
      this.#named.set(target, needed)
      const ofJournal = this.#steps.get(name) ?? new Map<Name, Steps>()
      this.#steps.set(name, ofJournal)
      const steps = ofJournal.get(target) ?? []
      ofJournal.set(target, steps)
      if (needed.seq > (steps.at(-1)?.needs ?? 0)) steps.push({ seq: place.seq, needs: needed.seq })
    }
  }

  /** Records that something archived speaks of and that are not archived: the last of each journal. */
  missing(): ReadonlyArray<RecordPlace> {
    const needed = new Map<Name, number>()
    for (const ofJournal of this.#steps.values())
      for (const [target, steps] of ofJournal) needed.set(target, Math.max(needed.get(target) ?? 0, steps.at(-1)?.needs ?? 0))
    return [...needed].flatMap(([target, seq]) => {
      const of = this.#named.get(target)
      assert(of !== undefined, "what is spoken of has a name")
      return seq > (this.#ends.get(target)?.seq ?? 0) ? [{ kind: of.kind, partition: of.partition, seq }] : []
    })
  }

  /** The furthest records up to which each journal speaks of nothing that lies behind another's. */
  cut(): ReadonlyArray<RecordPlace> {
    const ends = new Map([...this.#ends].map(([name, { seq }]) => [name, seq]))
    for (let isLower = true; isLower; ) {
      isLower = false
      for (const [name, ofJournal] of this.#steps)
        for (const [target, steps] of ofJournal) {
          const beyond = steps.find(({ needs }) => needs > (ends.get(target) ?? 0))
          if (beyond === undefined || beyond.seq > (ends.get(name) ?? 0)) continue
          ends.set(name, beyond.seq - 1)
          isLower = true
        }
    }
    return [...this.#ends].map(([name, place]) => ({ ...place, seq: ends.get(name) ?? 0 }))
  }
}
