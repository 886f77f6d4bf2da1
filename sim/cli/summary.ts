/**
 * What a run is told as on a terminal: its header, its progress, its summary. Words only; the numbers are the suite's.
 */
import type { Suite, Sums } from "../fleet/suite.ts"
import { reachOf } from "../fleet/suite.ts"
import { counted, duration, plural } from "../report/numbers.ts"
import type { SuiteReport } from "../result.ts"

const sumOf = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

const perSecond = (count: number, ms: number): number => (ms > 0 ? Math.round((count * 1_000) / ms) : 0)

/** One line of progress: seeds, simulated time, speed, faults, rare states. */
export const progressLine = (suite: Suite, profile: string, of: number | null, elapsedMs: number): string => {
  const { sums } = suite
  const { reached, of: states } = suite.reached(profile)
  const ended = sums.seeds + sums.inconclusive
  return [
    `${of === null ? plural(ended, "seed") : `${counted(ended)}/${counted(of)} seeds`} in ${duration(Math.round(elapsedMs))}`,
    sums.failed > 0 ? `${counted(sums.failed)} FAILED` : "0 failed",
    ...(sums.inconclusive > 0 ? [`${counted(sums.inconclusive)} inconclusive`] : []),
    `${duration(sums.simulatedMs)} simulated`,
    `${counted(perSecond(sums.commands, sums.seedsCpuMs))} commands a CPU second`,
    `${plural(sumOf(suite.faults), "fault")}`,
    ...(states > 0 ? [`sometimes ${reached}/${states}`] : []),
  ].join(" | ")
}

/** Columns of equal width, the second aligned to the right. */
const columns = (rows: ReadonlyArray<readonly [name: string, value: string, more?: string]>): string => {
  const [nameWidth, valueWidth] = [Math.max(...rows.map(([name]) => name.length)), Math.max(...rows.map(([, value]) => value.length))]
  return rows.map(([name, value, more = ""]) => `  ${name.padEnd(nameWidth)}  ${value.padStart(valueWidth)}  ${more}`.trimEnd()).join("\n")
}

const counts = (title: string, of: Readonly<Record<string, number>>): ReadonlyArray<string> => {
  const rows = Object.entries(of).sort(([a, many], [b, most]) => most - many || (a < b ? -1 : 1))
  return rows.length === 0 ? [] : ["", `${title}:`, columns(rows.map(([name, count]) => [name, counted(count)] as const))]
}

const sometimesLines = (report: SuiteReport): ReadonlyArray<string> => {
  if (report.sometimes.length === 0) return []
  const { seeds, states } = reachOf(report.profile)
  const missed = report.sometimes.filter(({ count }) => count === 0)
  const rows = [...missed, ...report.sometimes.filter(({ count }) => count > 0)].map(({ name, count, firstSeed, what }) => {
    return count === 0 ? ([`! ${name}`, "NEVER", what] as const) : ([`  ${name}`, counted(count), `first by seed ${firstSeed}`] as const)
  })
  const title =
    states.length === 0
      ? "Rare states reached"
      : `Rare states: ${states.length - missed.length} of ${states.length} reached (all have to be, from ${counted(seeds)} seeds on)`
  return ["", `${title}:`, columns(rows)]
}

const failureLines = (report: SuiteReport): ReadonlyArray<string> =>
  report.failures.length === 0
    ? []
    : [
        "",
        `Failures${report.failures.length >= 200 ? " (the first 200)" : ""}:`,
        ...report.failures.flatMap(({ seed, failure, replay }) => [
          `  seed ${seed}: ${failure.class}, ${failure.checker}: ${failure.detail.split("\n").join("\n      ")}`,
          `      again: ${replay}`,
        ]),
      ]

const lostLines = (lost: Suite["lostSeeds"], replayOf: (seed: string) => string): ReadonlyArray<string> =>
  lost.length === 0
    ? []
    : [
        "",
        "Without a verdict, and not counted as passed:",
        ...lost.map(({ seed, cause }) => `  seed ${seed}: ${cause}; again: ${replayOf(seed)}`),
      ]

const speedRows = (sums: Sums, report: SuiteReport): ReadonlyArray<readonly [string, string, string?]> => {
  const { simulatedMs, seedsCpuMs, commands, messages, seeds, events } = sums
  return [
    ["simulated time", duration(simulatedMs)],
    [
      "wall time",
      duration(report.wallMs),
      `on ${plural(report.cores, "core")}, ${counted((seeds * 1_000) / Math.max(1, report.wallMs))} seeds/s`,
    ],
    [
      "commands a CPU second",
      counted(perSecond(commands, seedsCpuMs)),
      `with all checkers; ${plural(commands, "command")}, ${plural(messages, "message")}, ${plural(events, "event")}`,
    ],
    ["commands a simulated second", simulatedMs > 0 ? counted((commands * 1_000) / simulatedMs) : "–"],
    ["commands a seed", seeds > 0 ? counted(Math.round(commands / seeds)) : "–"],
  ]
}

/** What a suite came to. `sums`, `lost` hold what a report has no place for. */
export const summaryText = (report: SuiteReport, suite: Suite, replayOf: (seed: string) => string): string => {
  const guarantees = report.guarantees.map(({ number, title, checked, failures }) => {
    const verdict = failures > 0 ? `${counted(failures)} BROKEN` : checked === 0 ? "not checked" : "kept"
    return [`${number}. ${title}`, verdict, checked === 0 ? "" : `${plural(checked, "thing")} checked`] as const
  })
  const verdicts = [
    plural(report.seeds, "seed"),
    report.failed === 0 ? "0 failed" : `${counted(report.failed)} FAILED`,
    `${counted(report.inconclusive)} inconclusive`,
  ]
  return [
    `${report.interrupted ? "INTERRUPTED after " : ""}${verdicts.join(", ")}`,
    columns(speedRows(suite.sums, report)),
    ...counts("Faults injected, by family", report.faults),
    ...sometimesLines(report),
    ...counts("Things checked, by checker", report.checked),
    ...counts("Excused, because their cause excuses them", report.excused),
    "",
    "Guarantees:",
    columns(guarantees),
    ...failureLines(report),
    ...lostLines(suite.lostSeeds, replayOf),
  ].join("\n")
}
