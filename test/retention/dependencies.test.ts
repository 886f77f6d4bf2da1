/** What archived journals say of one another: what a round still has to archive, and how much of an archive that was cut short may be used. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { JournalRecord } from "../../src/engine/records.ts"
import { ArchivedTogether, type RecordPlace, spokenOf } from "../../src/retention/dependencies.ts"

type Entries = Pick<JournalRecord, "entries">
const back = (kind: "sku" | "order", partition: number, seq: number) => ({ _tag: "Returned", by: { kind, partition, seq } })
// Of a record only what is looked at.
const saying = (...entries: ReadonlyArray<object>): Entries => ({ entries }) as unknown as Entries
const carried = (sender: string, ...ids: ReadonlyArray<string>) => ({
  _tag: "Message",
  sender,
  decided: ids.map((id) => ({ command: { id } })),
})

describe("a record speaks of", () => {
  it("the record that decided what came back, and the one that carries what it decides", () => {
    expect(spokenOf(saying(back("sku", 3, 17), carried("@order.2", "owner/8/0", "owner/9/4")))).toEqual([
      { kind: "sku", partition: 3, seq: 17 },
      { kind: "order", partition: 2, seq: 8 },
      { kind: "order", partition: 2, seq: 9 },
    ])
  })
  it("nothing, where senders of no partition are decided, or a command can't be read", () => {
    expect(spokenOf(saying(carried("web", "owner/8/0"), { _tag: "Message", sender: "@order.2", decided: [{ command: null }] }))).toEqual([])
    expect(spokenOf(saying(carried("@order.2", "odd"), carried("@other.2", "owner/8/0")))).toEqual([])
  })
})

describe("journals that are archived one after another", () => {
  it("are one archive where each has what the others speak of; else it is told what is missing, and what may be used", () => {
    const together = new ArchivedTogether()
    together.take({ kind: "sku", partition: 0, seq: 5 }, saying())
    together.take({ kind: "order", partition: 0, seq: 7 }, saying(back("sku", 0, 5)))
    expect(together.missing()).toEqual([])
    together.take({ kind: "order", partition: 0, seq: 8 }, saying(back("sku", 0, 6)))
    together.take({ kind: "order", partition: 0, seq: 9 }, saying())
    expect(together.missing()).toEqual([{ kind: "sku", partition: 0, seq: 6 }])
    expect(together.cut()).toEqual([
      { kind: "sku", partition: 0, seq: 5 },
      { kind: "order", partition: 0, seq: 7 },
    ])
    together.take({ kind: "sku", partition: 0, seq: 6 }, saying())
    expect(together.missing()).toEqual([])
  })

  it("whose records speak of what was journaled before them: a cut leaves nothing that speaks of what lies behind it, and no more than that", () => {
    const kinds = ["sku", "order"] as const
    // A history: journals in some order, each record speaking of some that were there; and how far each is archived.
    const history = fc.array(fc.tuple(fc.nat(1), fc.nat(1), fc.array(fc.nat(), { maxLength: 2 })), { maxLength: 40 })
    fc.assert(
      fc.property(history, fc.array(fc.nat(12), { minLength: 4, maxLength: 4 }), (steps, archived) => {
        const all: Array<{ readonly place: RecordPlace; readonly of: ReadonlyArray<RecordPlace> }> = []
        for (const [kind, partition, speaksOf] of steps) {
          const seq = all.filter(({ place }) => place.kind === kinds[kind] && place.partition === partition).length + 1
          const of = all.length === 0 ? [] : speaksOf.map((at) => all[at % all.length]?.place as RecordPlace)
          all.push({ place: { kind: kinds[kind] ?? "sku", partition, seq }, of })
        }
        const endOf = ({ kind, partition }: RecordPlace) => archived[kinds.indexOf(kind) * 2 + partition] ?? 0
        const together = new ArchivedTogether()
        for (const { place, of } of all) {
          if (place.seq <= endOf(place)) together.take(place, saying(...of.map(({ kind, partition, seq }) => back(kind, partition, seq))))
        }
        const cut = new Map(together.cut().map(({ kind, partition, seq }) => [`${kind} ${partition}`, seq]))
        const isIn = ({ kind, partition, seq }: RecordPlace) => seq <= (cut.get(`${kind} ${partition}`) ?? 0)
        for (const { place, of } of all) if (isIn(place)) expect(of.every(isIn)).toBe(true)
        // As of the moment before the first record that isn't archived everything is in it.
        const firstMissing = all.findIndex(({ place }) => place.seq > endOf(place))
        for (const { place } of all.slice(0, firstMissing < 0 ? all.length : firstMissing)) expect(isIn(place)).toBe(true)
        if (firstMissing < 0) expect(together.missing()).toEqual([])
      }),
    )
  })
})
