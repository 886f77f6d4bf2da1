/**
 * Nobody halts without a cause that was injected, and what was injected makes somebody halt: a damaged or shortened journal. A broken invariant is
 * never excused.
 */
import type { HaltReason } from "../../src/engine/protocol.ts"
import type { MakeChecker } from "./checker.ts"

const causes: Readonly<Record<HaltReason, ReadonlyArray<string>>> = {
  // A snapshot that names records beyond the journal's end is a witness like any other.
  JournalLostTail: ["lost-journal", "snapshots"],
  JournalEmpty: ["lost-journal"],
  ForeignJournal: ["lost-journal", "corrupt-records"],
  ChainBroken: ["lost-journal", "corrupt-records"],
  InvariantBroken: [],
}

export const halts: MakeChecker = ({ cluster, found, checked }) => ({
  name: "halts",
  halted: (slot, halt) => {
    checked()
    if (causes[halt.reason].some((family) => (cluster.faults.counts[family] ?? 0) > 0)) return
    const detail = `${slot.worker.name} halted: ${halt.reason}, ${halt.detail}`
    found({
      class: halt.reason === "InvariantBroken" ? "crash" : "safety",
      signature: `halted without a cause: ${halt.reason}`,
      detail,
      partition: slot.id,
    })
  },
})
