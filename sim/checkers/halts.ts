/**
 * INV-4: a partition halts only for a cause that was injected into that very partition; a broken invariant is never excused. The other direction is checked elsewhere: by
 * `journal-loss` for a journal that lost records, by `state-is-fold` and `chain` for a damaged one.
 */
import type { HaltReason } from "../../src/engine/protocol.ts"
import type { Spoiled } from "../faults/injector.ts"
import type { MakeChecker } from "./checker.ts"

const causes: Readonly<Record<HaltReason, ReadonlyArray<Spoiled>>> = {
  // A snapshot that names records beyond the journal's end is a witness like any other.
  JournalLostTail: ["lost-journal", "snapshots"],
  JournalEmpty: ["lost-journal"],
  ForeignJournal: ["lost-journal", "corrupt-records"],
  ChainBroken: ["lost-journal", "corrupt-records"],
  InvariantBroken: [],
  // Nobody damages a witness here.
  WitnessDamaged: [],
  // Nothing is rebuilt here.
  RebuildUnfinished: [],
  JournalRebuilt: [],
  // A journal that lost records stands behind what was purged by then. Sequences of a lost tail that another partition used again, and purged, look dropped.
  CommandsTrimmed: ["trimmed-commands", "lost-journal", "lost-commands"],
}

export const halts: MakeChecker = ({ cluster, found, checked }) => ({
  name: "halts",
  halted: (slot, halt) => {
    checked()
    if (causes[halt.reason].some((family) => cluster.faults.hasSpoiled(family, slot.id))) return
    const detail = `${slot.worker.name} halted: ${halt.reason}, ${halt.detail}`
    found({
      class: halt.reason === "InvariantBroken" ? "crash" : "safety",
      signature: `halted without a cause: ${halt.reason}`,
      detail,
      partition: slot.id,
    })
  },
})
