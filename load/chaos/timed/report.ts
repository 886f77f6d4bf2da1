/** What a timed run comes to, in words and as promises kept or not. Pure. */
import { table } from "../../../src/cli/print.ts"
import type { Promised } from "../../stage/show.ts"
import { type Family, factsOf, familyNames } from "./families.ts"
import type { TimedReport } from "./run.ts"

interface FamilyRow {
  readonly family: Family
  readonly times: number
  /** Null where one never recovered. */
  readonly longestRecoveryMs: number | null
}

/** Of each family that was done, how often, and the longest that it took until all was well again. */
export const familyRows = ({ faults }: Pick<TimedReport, "faults">): ReadonlyArray<FamilyRow> =>
  familyNames.flatMap((family) => {
    const done = faults.filter((fault) => fault.family === family)
    if (done.length === 0) return []
    const longestRecoveryMs = done.reduce<number | null>(
      (most, { recoveredMs }) => (most === null || recoveredMs === null ? null : Math.max(most, recoveredMs)),
      0,
    )
    return [{ family, times: done.length, longestRecoveryMs }]
  })

const none = (what: string, found: ReadonlyArray<string>): Promised => ({
  what,
  found: found.length === 0 ? "none" : `${found.length}: ${found.slice(0, 5).join("; ")}`,
  kept: found.length === 0,
})
const zero = (what: string, found: number): Promised => ({ what, found: String(found), kept: found === 0 })

/** What has to hold of every run, a partial one too. */
export const promisesOf = (report: TimedReport): ReadonlyArray<Promised> => {
  const { audit, porcupine, tables, faults } = report
  const { illegal, undecided, skus, operations, unknown, named } = porcupine
  return [
    zero("lost: stored, and never decided", audit.lost),
    zero("answers that the journal contradicts", audit.contradicted),
    zero("units oversold", audit.oversoldQty),
    zero("commands in quarantine", audit.inQuarantine),
    zero("answers that could not be checked", audit.unchecked),
    none("violations of the audit", audit.violations),
    none("repeats that heard another decision", report.contradictions),
    none("commands not decided at the end", report.unresolved),
    {
      what: "Porcupine agrees",
      found:
        `${skus} SKUs, ${operations} operations, ${unknown} never answered; ${illegal} SKUs without an order, ${undecided} not decided in time ${named.slice(0, 3).join(" ")}`.trim(),
      kept: illegal === 0 && undecided === 0 && operations > 0,
    },
    ...(tables === null
      ? []
      : [{ what: "tables are what the journals say", found: `code ${tables.code}: ${tables.said}`, kept: tables.code === 0 }]),
    none(
      "faults after which not all recovered",
      faults.filter(({ recoveredMs }) => recoveredMs === null).map(({ family, what }) => `${family} (${what})`),
    ),
    none("faults that could not be done or undone", report.failed),
    // An audit that looked at nothing finds nothing.
    { what: "answers heard and checked", found: String(report.answersHeard), kept: report.answersHeard > 0 },
  ]
}

const seconds = (ms: number | null): string => (ms === null ? "never" : `${(ms / 1_000).toFixed(1)} s`)

export const timedText = (report: TimedReport): string => {
  const { commands, accepted, refused, orders, heardInstead, notTried, endedByThemselves, isPartial } = report
  const rows = familyRows(report).map(({ family, times, longestRecoveryMs }) => [
    family,
    String(times),
    seconds(longestRecoveryMs),
    factsOf(family).title,
  ])
  const tried = new Set(report.faults.map(({ family }) => family))
  const missed = familyNames.filter((family) => !tried.has(family) && !notTried.some((one) => one.family === family))
  return [
    ...(isPartial ? ["PARTIAL: ended by a signal before it was done."] : []),
    `seed ${report.seed}, ${report.servers === 1 ? "one server" : "three servers"}, ${report.seconds.toFixed(0)} s: ${commands} commands decided (${Math.round(commands / report.seconds)} a second), ${accepted} accepted, ${refused} refused; ${orders} orders`,
    table(["family", "times", "longest recovery", "what is done"], rows),
    ...notTried.map(({ family, lacks }) => `not tried: ${family} (${factsOf(family).title}); it takes ${lacks}`),
    ...missed.map((family) => `not done in this run: ${family}`),
    ...(endedByThemselves.length === 0 ? [] : [`ended without being told to, and started again: ${endedByThemselves.join(", ")}`]),
    `heard instead of a decision, and asked again: ${
      Object.entries(heardInstead)
        .map(([what, count]) => `${what} ${count}`)
        .join(", ") || "nothing"
    }`,
  ].join("\n")
}
