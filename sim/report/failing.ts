/**
 * Failing seeds, for the engineer who has to find the cause: the failures grouped by what they are, then seed by seed the words of the checker, the
 * command that replays it, the journal around the record in question and what happened to the commands of its SKU.
 */
import type { Failure, Lifeline, RecordLine, SeedResult, SuiteReport, Timeline } from "../result.ts"
import { lifelineChart } from "./lifelines.ts"
import { capped, html, type Markup, nothing, shortened } from "./markup.ts"
import { counted, duration, moment, plural } from "./numbers.ts"
import { andMore, folded, type Row, section, table, tag } from "./section.ts"
import { brokenWord } from "./verdict.ts"

const seedsMax = 20
const failuresMax = 5
const signaturesMax = 30
const recordsAround = 9
const lifelinesMax = 30
const detailCharsMax = 4_000
const rowsMax = 100

type Failing = SuiteReport["failures"][number]

const groupedBy = <A>(list: ReadonlyArray<A>, keyOf: (entry: A) => string): ReadonlyMap<string, ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const entry of list) {
    const key = keyOf(entry)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [entry])
    else group.push(entry)
  }
  return groups
}

/** A record's row, with what is odd about it beside the one before. */
const recordRow = (record: RecordLine, previous: RecordLine | undefined, inQuestion: boolean): Row => {
  const remarks = [
    inQuestion && "in question",
    previous !== undefined && record.seq !== previous.seq + 1 && "a gap",
    previous !== undefined && record.epoch < previous.epoch && "epoch falls",
    previous !== undefined && record.epoch > previous.epoch && "next epoch",
  ].filter((remark) => remark !== false)
  const cells = [
    counted(record.seq),
    moment(record.atMs),
    record.kind,
    record.owner,
    counted(record.epoch),
    counted(record.commands),
    counted(record.expiries),
    counted(record.bytes),
    remarks.join(", "),
  ]
  return inQuestion ? { cells, tone: "mark" } : { cells }
}

const recordColumns = [
  { title: "Seq", numeric: true },
  { title: "At", numeric: true },
  { title: "Kind" },
  { title: "Owner" },
  { title: "Epoch", numeric: true },
  { title: "Commands", numeric: true },
  { title: "Expiries", numeric: true },
  { title: "Bytes", numeric: true },
  { title: "Remark" },
]

/** The journal of the failure's partition around its sequence, or around its moment where it isn't about a record. */
const journalAround = (timeline: Timeline, failure: Failure): Markup => {
  const journal = timeline.records.filter(({ partition }) => partition === failure.partition).sort((a, b) => a.seq - b.seq)
  if (journal.length === 0) return nothing
  const found = journal.findIndex(({ seq, atMs }) => (failure.seq > 0 ? seq >= failure.seq : atMs >= failure.atMs))
  const middle = found < 0 ? journal.length - 1 : found
  const start = Math.max(0, middle - recordsAround)
  const rows = journal
    .slice(start, middle + recordsAround + 1)
    .map((record, index) => recordRow(record, journal[start + index - 1], failure.seq > 0 && record.seq === failure.seq))
  return table(`Journal of partition ${failure.partition} around the failure`, recordColumns, rows)
}

/** An id shorter than this stands in too many sentences by chance. */
const idCharsMin = 3

/**
 * Commands of the SKU that the failure names, then those whose lives were nearest to its moment: what was under way then. A command that was never
 * answered counts until the last that is known of it; otherwise every one ever lost would be under way for good.
 */
const lifelinesAround = (lines: ReadonlyArray<Lifeline>, sku: string, failure: Failure): ReadonlyArray<Lifeline> => {
  const words = new Set(failure.detail.split(/[^\w-]+/).filter((word) => word.length >= idCharsMin))
  const distance = ({ id, sentMs, storedMs, decidedMs, heardMs }: Lifeline): number => {
    const lastMs = heardMs ?? decidedMs ?? storedMs ?? sentMs
    return words.has(id) ? -1 : Math.max(0, sentMs - failure.atMs, failure.atMs - lastMs)
  }
  return lines
    .filter((line) => line.sku === sku)
    .map((line) => ({ line, far: distance(line) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, lifelinesMax)
    .map(({ line }) => line)
}

const facts = (pairs: ReadonlyArray<readonly [string, string | Markup]>): Markup =>
  html`<dl class="facts">${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`

const failureBody = (report: SuiteReport, failing: Failing, timeline: Timeline | null, id: string): Markup => {
  const { failure, replay } = failing
  const sku = failure.sku ?? timeline?.sku ?? ""
  const around = timeline === null ? [] : lifelinesAround(timeline.lifelines, sku, failure)
  return html`
<div class="failure">
<p>${tag("bad", failure.class)} <strong>${brokenWord(report, failure)}</strong></p>
<pre class="detail">${shortened(failure.detail, detailCharsMax)}</pre>
${facts([
  ["checker", failure.checker],
  ["signature", html`<code>${shortened(failure.signature, 400)}</code>`],
  ["at", moment(failure.atMs)],
  ["partition", counted(failure.partition)],
  ["record", failure.seq === 0 ? "–" : counted(failure.seq)],
  ["SKU", failure.sku ?? "–"],
])}
<p class="replay">Replay: <code>${replay}</code></p>
${timeline !== null && journalAround(timeline, failure)}
${lifelineChart(`${id}-lifelines`, `Commands of ${sku} around ${moment(failure.atMs)}`, around, failure.atMs)}
</div>`
}

const seedBody = (report: SuiteReport, seed: string, failures: ReadonlyArray<Failing>, index: number): Markup => {
  const timeline = report.shown.find((shown) => shown.seed === seed)?.timeline ?? null
  const { first, left } = capped(failures, failuresMax)
  const missing = timeline === null && html`<p class="more">Its journal and commands are not in this report: replay it to see them.</p>`
  return html`
<article aria-labelledby="failing-${index}"><h3 id="failing-${index}">Seed ${seed}</h3>
${first.map((failing, at) => failureBody(report, failing, timeline, `failing-${index}-${at}`))}${missing}${andMore(left)}
</article>`
}

const signatureTable = (failures: ReadonlyArray<Failing>): Markup => {
  const groups = [...groupedBy(failures, ({ failure }) => JSON.stringify([failure.class, failure.checker, failure.signature])).values()]
  const { first, left } = capped(
    groups.sort((a, b) => b.length - a.length),
    signaturesMax,
  )
  const rows = first.flatMap((group): ReadonlyArray<Row> => {
    const [one] = group
    if (one === undefined) return []
    const seeds = new Set(group.map(({ seed }) => seed)).size
    return [
      {
        cells: [
          shortened(one.failure.signature, 200),
          one.failure.class,
          one.failure.checker,
          counted(seeds),
          counted(group.length),
          one.seed,
        ],
      },
    ]
  })
  const columns = [
    { title: "Signature" },
    { title: "Class" },
    { title: "Checker" },
    { title: "Seeds", numeric: true },
    { title: "Failures", numeric: true },
    { title: "First seed" },
  ]
  return table("Failures by what they are", columns, rows, left)
}

/** Stalls and losses that have an excuse, so that nobody takes them for unseen; nothing if there were none. */
const excusedTable = (excused: SuiteReport["excused"]): Markup => {
  const { first, left } = capped(
    Object.entries(excused).filter(([, count]) => count > 0),
    rowsMax,
  )
  if (first.length === 0) return nothing
  return table(
    "Excused: their cause is known, and no failure of the program",
    [{ title: "Class" }, { title: "Times", numeric: true }],
    first.map(([name, count]) => ({ cells: [name, counted(count)] })),
    left,
  )
}

/** All failures of the suite, and what was excused. */
export const failuresSection = (report: SuiteReport): Markup => {
  const seeds = [...groupedBy(report.failures, ({ seed }) => seed)]
  const { first, left } = capped(seeds, seedsMax)
  const lead =
    seeds.length === 0
      ? "No seed failed."
      : `${plural(report.failures.length, "failure")} in ${plural(seeds.length, "seed")}. The same seed on the same commit fails in the same way, on every machine.`
  const body = html`${seeds.length > 0 && signatureTable(report.failures)}${first.map(([seed, failures], index) => seedBody(report, seed, failures, index))}${andMore(
    left,
  )}${excusedTable(report.excused)}`
  return section("failures", "Failing seeds", lead, body)
}

/** What a seed was: every option drawn, its totals, the beginning of its journals. */
export const seedFacts = (seed: SeedResult): Markup => {
  const options = Object.entries(seed.drawn).map(([name, value]) => [name, String(value)] as const)
  const { first, left } = capped(seed.timeline?.records ?? [], rowsMax)
  const records = table(
    `Journals of seed ${seed.seed}`,
    [{ title: "Partition", numeric: true }, ...recordColumns.slice(0, -1)],
    first.map((record) => ({ cells: [counted(record.partition), ...recordRow(record, undefined, false).cells.slice(0, -1)] })),
    left,
  )
  return html`${facts([
    ["profile", seed.profile],
    ["trace hash", html`<code>${seed.traceHash}</code>`],
    ["simulated", duration(seed.simulatedMs)],
    ["wall time", duration(seed.wallMs)],
    ["events", counted(seed.events)],
    ["commands", counted(seed.commands)],
    ["messages", counted(seed.messages)],
    ["records", counted(seed.records)],
    ["decisions", counted(seed.decisions)],
    ...(seed.mutant === null ? [] : [["mutant", seed.mutant] as const]),
    ["families", seed.families.join(", ")],
  ])}
${folded("Options drawn", facts(options))}
${folded("Totals", facts(Object.entries(seed.totals).map(([name, value]) => [name, counted(value)] as const)))}
${first.length > 0 && folded("Journals", records)}`
}
