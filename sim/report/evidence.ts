/**
 * The tables of evidence: what was guaranteed and judged, which planted defects were seen, which rare states were reached, what came of other parts. What proves less than
 * it should stands out: a guarantee that nobody checked, a defect that survived, a state that was never reached.
 */
import type { MutantLine, SuiteReport } from "../result.ts"
import { capped, html, type Markup, nothing } from "./markup.ts"
import { counted, plural } from "./numbers.ts"
import { type Row, section, table, tag } from "./section.ts"

const rowsMax = 200

const guaranteeRow = (line: SuiteReport["guarantees"][number]): Row => {
  const state = line.failures > 0 ? tag("bad", "broken") : line.checked === 0 ? tag("warn", "not checked") : tag("good", "kept")
  const tone = line.failures > 0 ? "bad" : line.checked === 0 ? "warn" : undefined
  const cells = [counted(line.number), line.title, state, counted(line.checked), counted(line.failures), line.checkers.join(", ")]
  return tone === undefined ? { cells } : { cells, tone }
}

export const guaranteesSection = ({ guarantees, checked }: SuiteReport): Markup => {
  const { first, left } = capped(
    Object.entries(checked).sort(([, a], [, b]) => b - a),
    rowsMax,
  )
  const lines = table(
    "Guarantees, and what judged them",
    [
      { title: "No.", numeric: true },
      { title: "Guarantee" },
      { title: "Verdict" },
      { title: "Things checked", numeric: true },
      { title: "Failures", numeric: true },
      { title: "Checkers" },
    ],
    guarantees.map(guaranteeRow),
  )
  const checkers = table(
    "Things each checker looked at",
    [{ title: "Checker" }, { title: "Things checked", numeric: true }],
    first.map(([checker, count]) => ({ cells: [checker, counted(count)], ...(count === 0 ? { tone: "warn" as const } : {}) })),
    left,
  )
  const body = html`${guarantees.length > 0 ? lines : html`<p>No guarantee was judged.</p>`}${first.length > 0 && html`<details><summary>By checker</summary>${checkers}</details>`}`
  return section(
    "guarantees",
    "What is guaranteed, and who judged it",
    "Each guarantee was judged by checkers that share no code with what they judge.",
    body,
  )
}

const mutantVerdict = (line: MutantLine): Markup => {
  if (line.seedsToKill === null) return tag("bad", "survived")
  const expected = line.killedBy !== null && line.expected.includes(line.killedBy)
  return expected ? tag("good", "killed") : tag("warn", "killed by another")
}

const mutantRow = (line: MutantLine): Row => {
  const survived = line.seedsToKill === null
  const reason = line.marker === 0 ? "never ran: the workload is too tame" : "ran, and no checker saw it"
  const cells = [
    line.name,
    line.breaks,
    mutantVerdict(line),
    survived ? `over ${counted(line.budget)}` : counted(line.seedsToKill ?? 0),
    survived ? reason : (line.killedBy ?? ""),
    line.expected.join(", "),
    counted(line.marker),
    line.seed ?? "",
  ]
  return survived ? { cells, tone: "bad" } : { cells }
}

/** Planted defects, survivors first; nothing if none was planted. */
export const mutantsSection = ({ mutants }: SuiteReport): Markup => {
  if (mutants.length === 0) return nothing
  const survived = mutants.filter(({ seedsToKill }) => seedsToKill === null)
  const { first, left } = capped([...survived, ...mutants.filter(({ seedsToKill }) => seedsToKill !== null)], rowsMax)
  const lines = table(
    "Planted defects",
    [
      { title: "Defect" },
      { title: "What it breaks" },
      { title: "Verdict" },
      { title: "Seeds to kill", numeric: true },
      { title: "Seen by" },
      { title: "Expected checkers" },
      { title: "Times the bad line ran", numeric: true },
      { title: "Seed" },
    ],
    first.map(mutantRow),
    left,
  )
  const lead = `A proof has to be able to fail. ${plural(mutants.length, "defect")} ${mutants.length === 1 ? "was" : "were"} planted on purpose, one at a time: ${counted(
    mutants.length - survived.length,
  )} of ${counted(mutants.length)} were seen${survived.length > 0 ? `, ${counted(survived.length)} survived` : ""}.`
  return section("mutants", "Planted defects", lead, lines)
}

const partTags = { kept: tag("good", "kept"), incomplete: tag("warn", "not the whole proof"), broken: tag("bad", "broken") } as const
const partTones = { kept: {}, incomplete: { tone: "warn" }, broken: { tone: "bad" } } as const

/** What was asked for beside the seeds; nothing if nothing was. */
export const partsSection = ({ parts }: SuiteReport): Markup =>
  parts.length === 0
    ? nothing
    : section(
        "parts",
        "Beside the seeds",
        "Each has a verdict of its own, whatever the seeds came to.",
        table(
          "What the other parts of the run came to",
          [{ title: "Part" }, { title: "Verdict" }, { title: "What came of it" }],
          parts.map(({ part, verdict, sentence }) => ({ cells: [part, partTags[verdict], sentence], ...partTones[verdict] })),
        ),
      )

/** Rare states, those never reached first; nothing if there is no catalogue, or no seed that could have reached one. */
export const sometimesSection = ({ sometimes, seeds }: SuiteReport): Markup => {
  if (sometimes.length === 0 || seeds === 0) return nothing
  const missed = sometimes.filter(({ count }) => count === 0)
  const { first, left } = capped([...missed, ...sometimes.filter(({ count }) => count > 0)], rowsMax)
  const lines = table(
    "Rare states",
    [{ title: "State" }, { title: "What it is" }, { title: "Reached", numeric: true }, { title: "First seed" }],
    first.map(({ name, what, count, firstSeed }) => ({
      cells: [name, what, count === 0 ? tag("bad", "never reached") : counted(count), firstSeed ?? ""],
      ...(count === 0 ? { tone: "bad" as const } : {}),
    })),
    left,
  )
  const lead = `Trouble that never meets the code proves nothing. These states have to be reached over the suite: ${counted(
    sometimes.length - missed.length,
  )} of ${counted(sometimes.length)} were.`
  return section("sometimes", "Rare states reached", lead, lines)
}
