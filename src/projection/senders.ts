/**
 * What a partition decided of each sender, counted from its journal alone.
 */
import type { Kind } from "../domain/kinds.ts"
import type { SenderRow } from "../ports/projection.ts"
import type { RecordStamp } from "./kinds.ts"
import type { LineGroup } from "./lines.ts"
import { jsonOf } from "./text.ts"

interface Counted {
  seq: number
  at: string
  accepted: number
  refused: number
  repeated: number
  quarantined: number
  expired: number
  readonly floors: Record<string, number>
}

/** The senders of one partition. */
export class SenderBook {
  readonly #kind: Kind
  readonly #partition: number
  readonly #counted = new Map<string, Counted>()
  readonly #changed = new Set<string>()

  constructor(kind: Kind, partition: number, rows: ReadonlyArray<SenderRow>) {
    this.#kind = kind
    this.#partition = partition
    for (const { sender, kind: _, partition: __, floors, ...counts } of rows)
      this.#counted.set(sender, { ...counts, floors: JSON.parse(floors) })
  }

  /** Counts a decision, or a floor that was raised. */
  note({ sender, decision, floor }: LineGroup, { seq, at }: RecordStamp): void {
    if (sender === null) return
    const counted = this.#of(sender)
    counted.seq = seq
    counted.at = at
    if (floor !== null) counted.floors[floor.class] = Math.max(floor.floorMs, counted.floors[floor.class] ?? 0)
    // What began or waits is answered, and so counted, by a line of its own.
    if (decision !== null && decision !== "begun" && decision !== "pending" && decision !== "dropped") counted[decision]++
    this.#changed.add(sender)
  }

  /** Rows of all that changed since this was asked last. */
  changed(): ReadonlyArray<SenderRow> {
    const rows = [...this.#changed].map((sender): SenderRow => {
      const { floors, ...counts } = this.#of(sender)
      return { kind: this.#kind, partition: this.#partition, sender, ...counts, floors: jsonOf(floors) }
    })
    this.#changed.clear()
    return rows
  }

  #of(sender: string): Counted {
    const known = this.#counted.get(sender)
    if (known !== undefined) return known
    const counted: Counted = { seq: 0, at: "", accepted: 0, refused: 0, repeated: 0, quarantined: 0, expired: 0, floors: {} }
    this.#counted.set(sender, counted)
    return counted
  }
}
