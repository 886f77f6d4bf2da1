/**
 * Which checkers judge which guarantee: those of src/audit over the journals, those of sim/checkers with the world's own truth. A checker that
 * stands for several guarantees is named at the one it says most about.
 */
import type { GuaranteeLine } from "./result.ts"

interface Guarantee {
  /** Its number in docs/INVARIANTS.md, without the letters. Those that no checker is named at stand there alone. */
  readonly number: number
  readonly title: string
  readonly checkers: ReadonlyArray<string>
}

const guarantees: ReadonlyArray<Guarantee> = [
  { number: 1, title: "No oversell", checkers: ["conservation", "availability", "effects", "debts"] },
  {
    number: 2,
    title: "One effect per command id, and one answer to it",
    checkers: ["one-effect", "one-answer", "expected-refusals", "fresh-is-taken"],
  },
  { number: 3, title: "Heard means journaled", checkers: ["heard-means-journaled", "replies"] },
  {
    number: 4,
    title: "One writer",
    checkers: [
      "chain",
      "epochs",
      "time",
      "true-time",
      "order-journals",
      "one-partition",
      "acknowledged-appends",
      "real-time-order",
      "journal-loss",
      "halts",
    ],
  },
  { number: 5, title: "The feed converges", checkers: ["feed", "feed-converges", "feed-keeps-newest", "feed-repairs"] },
  { number: 6, title: "State is the fold of the journal", checkers: ["state-is-fold", "orders-are-fold"] },
  {
    number: 7,
    title: "Every command gets one answer, and work goes on once faults have ended",
    checkers: [
      "completeness",
      "cursor",
      "messages-decided",
      "replies-said",
      "quarantine",
      "order-quarantine",
      "convergence",
      "orders-rest",
      "retry-storm",
      "rest",
    ],
  },
  { number: 8, title: "A reservation ends once", checkers: ["reservations", "expiries", "clock-alarms"] },
  {
    number: 10,
    title: "The door tells the truth",
    checkers: ["busy-is-true", "facts-held-off", "answered-once", "stored-is-decided", "door-age", "no-foreign-bytes", "array-order"],
  },
  { number: 17, title: "A carried command has one effect", checkers: ["carried-once", "carried"] },
  { number: 18, title: "No unit is held for nobody", checkers: ["order-lines", "lines", "orders"] },
  { number: 19, title: "An order is answered once", checkers: ["order-answers", "answers"] },
  { number: 20, title: "An order ends once: paid, or expired", checkers: ["payment-or-expiry"] },
]

/** The table of guarantees: what their checkers looked at, and what they found. */
export const guaranteeLines = (
  checked: Readonly<Record<string, number>>,
  failures: Readonly<Record<string, number>>,
): ReadonlyArray<GuaranteeLine> => {
  const sum = (of: Readonly<Record<string, number>>, names: ReadonlyArray<string>) =>
    names.reduce((total, name) => total + (of[name] ?? 0), 0)
  return guarantees.map(({ number, title, checkers }) => ({
    number,
    title,
    checkers,
    checked: sum(checked, checkers),
    failures: sum(failures, checkers),
  }))
}
