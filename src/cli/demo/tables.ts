/**
 * The words and columns of what the demo prints: where it is while it plays, and the verdict. What is said of a file is the importer's.
 */
import { counted, grouped } from "../../domain/telling.ts"
import { countsText, type Row, table } from "../../workload/import-report.ts"
import type { Played } from "./player.ts"
import { countedFlows } from "./sale.ts"
import type { Verdict } from "./verdict.ts"
import type { Sight } from "./watch.ts"

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

// While it plays

/** What is shown while a sale is played. */
export interface Scene {
  readonly elapsedMs: number
  readonly flows: number
  readonly played: Played
  readonly perSecond: number
  readonly hotSku: string
  readonly hotAts: number | null
  readonly sight: Sight
  /** What happens now, if it isn't the sale itself. */
  readonly stage: string
}

const ownersText = (owners: Sight["owners"]): string => {
  const byOwner = new Map<string, Array<number>>()
  for (const [partition, owner] of owners.entries()) byOwner.set(owner ?? "nobody", [...(byOwner.get(owner ?? "nobody") ?? []), partition])
  return [...byOwner]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([owner, partitions]) => `${owner}: ${partitions.join(" ")}`)
    .join(", ")
}

/** One line of progress. */
export const sceneLine = (scene: Scene): string =>
  [
    `${seconds(scene.elapsedMs).padStart(7)}`,
    scene.stage,
    `${grouped(scene.played.flowsEnded)} of ${countedFlows(scene.flows)} through`,
    `${grouped(scene.perSecond)} commands/s`,
    `ATS of ${scene.hotSku} ${scene.hotAts ?? "?"}`,
    `lag ${grouped(scene.sight.lag)}`,
    ownersText(scene.sight.owners),
  ].join(" | ")

const barCells = 40

/** The same as a block of lines that is rewritten in place. */
export const sceneBlock = (scene: Scene): ReadonlyArray<string> => {
  const share = scene.flows === 0 ? 1 : scene.played.flowsEnded / scene.flows
  const filled = Math.round(share * barCells)
  return [
    `  ${"#".repeat(filled)}${".".repeat(barCells - filled)} ${Math.floor(share * 100)} %  ${scene.stage}`,
    ...table([
      ["time", seconds(scene.elapsedMs)],
      ["orders and facts through", scene.played.flowsEnded, `of ${grouped(scene.flows)}`],
      ["commands/s", scene.perSecond],
      [`ATS of ${scene.hotSku}`, scene.hotAts ?? "?"],
      ["partition lag", scene.sight.lag, "commands stored and not decided"],
      ["partition owners", "", ownersText(scene.sight.owners)],
    ]),
  ]
}

// Afterwards

const factRows = ({ facts }: Verdict): ReadonlyArray<Row> => [
  ...Object.entries(facts.discrepancyQtyBy).map(
    ([kind, qty]): Row => [`discrepancy ${kind}`, qty, "units of facts that did not fit what was believed"],
  ),
  ["shortages found", facts.shortagesFound, "times a fact left units owed that aren't there"],
  ["short at the end", facts.shortageQty, "units"],
]

/** The sum of all that was sent, and what was said beyond that. */
const commandRows = ({ commands }: Verdict): ReadonlyArray<string> => {
  const rare: ReadonlyArray<readonly [what: string, count: number]> = [
    ["too late", commands.tooLate],
    ["in quarantine", commands.quarantined],
    ["dropped", commands.dropped],
  ]
  const parts: ReadonlyArray<readonly [what: string, count: number]> = [
    ["accepted", commands.accepted],
    ["refused", commands.refused],
    ...rare.filter(([, count]) => count > 0),
    ["without an answer", commands.unanswered],
  ]
  return [
    `Commands: ${grouped(commands.sent)} sent = ${parts.map(([what, count]) => `${grouped(count)} ${what}`).join(" + ")}`,
    ...table([
      ["refused", commands.refused, countsText(commands.refusedBy)],
      ["heard again", commands.heardAgain, "answers to copies and retries: the same decision once more"],
      [
        "journaled",
        commands.journaled,
        `decisions, those of copies and retries and of what orders ask of SKUs included: ${grouped(commands.perSecond)} a second`,
      ],
      ["slowest answer", seconds(commands.slowestMs)],
    ]),
  ]
}

/** What came of orders of several lines. */
const orderRows = ({ orders }: Verdict): ReadonlyArray<string> => {
  if (orders === null) return []
  return [
    "Orders of several lines",
    ...table([
      ["placed", orders.placed, orders.planned === orders.placed ? "" : `of ${grouped(orders.planned)}`],
      ["held", orders.held, counted(orders.linesHeld, "line")],
      ["refused", orders.refused, counted(orders.linesRefused, "line")],
      ["without an answer", orders.unanswered],
      ["confirmed", orders.confirmed, "paid in time"],
      ["too late", orders.expired, "paid when the hold was over"],
      ["cancelled", orders.cancelled, "asked for and given back, orders or lines of them"],
      ["expired", orders.ended.ordersExpired, "by the journals, paid too late or never"],
      ["units kept at the end", orders.keptQty, "for orders that are not over"],
    ]),
  ]
}

/** Where each row of a file went that was played as orders; the counts add up to its rows. */
const orderFileRows = ({ orders, rows }: Verdict): ReadonlyArray<string> => {
  if (orders === null || rows === null) return []
  const parts: ReadonlyArray<Row> = [
    ["in orders held", orders.linesHeld],
    ["in orders refused", orders.linesRefused],
    ["in orders unanswered", orders.linesUnanswered],
    ["cancelled", orders.cancelled, "with a CancelOrder"],
    ["cancellation refused", orders.cancelRefused, "less was open by then"],
    ["cancellation not asked", orders.cancelUnasked, "its order came to nothing"],
    ["returned", rows.cancellationsWithoutSale, "cancellations of sales that are not in the file"],
    ["invoices too long", orders.tooLongRows, counted(orders.tooLongInvoices, "invoice")],
    ["added to others", rows.mergedDuplicates, "the same SKU again in one invoice"],
    ["equal to others", rows.equalRows, rows.dropsEqualRows ? "left out" : "added too"],
    ["not sold", rows.notSold.rows],
    ["no goods", rows.notGoods.rows],
    ["adjustments", rows.adjustments],
    ["unusable", rows.rejected.length],
  ]
  const sum = parts.reduce((total, [, count]) => total + Number(count), 0)
  return [
    "Rows of the file, by what came of their orders",
    ...table([...parts, ["together", sum, sum === rows.rows ? "all rows of the file" : `but the file has ${grouped(rows.rows)}`]]),
  ]
}

const killLine = ({ kill }: Verdict): ReadonlyArray<string> => {
  if (kill === null) return ["No worker was killed."]
  const taken = kill.takeoverMs === null ? "and was not wholly taken over" : `and had another owner after ${seconds(kill.takeoverMs)}`
  const partitions = kill.partitions.join(", ")
  return [
    `${kill.worker} was killed by SIGKILL after ${countedFlows(kill.afterFlows)}; its ${kill.partitions.length === 1 ? "partition" : "partitions"} ${partitions} waited ${taken}.`,
  ]
}

const tablesLine = ({ tables }: Verdict): ReadonlyArray<string> =>
  tables === null
    ? []
    : [
        `The tables in Postgres held all of it ${seconds(tables.caughtUpMs)} after the workers had left: ${grouped(tables.rows)} rows, ${tables.differences === 0 ? "equal to the fold of the journals" : `${counted(tables.differences, "difference")} to the fold of the journals`}.`,
      ]

const lastLine = ({ broken, tooSlow }: Verdict): string => {
  if (broken.length > 0) return `  BROKEN: ${broken.join("; ")}`
  return tooSlow === null
    ? "  Nothing was oversold, lost or contradicted."
    : `  Nothing was oversold, lost or contradicted. TOO SLOW: ${tooSlow}`
}

/** The verdict for people. */
export const verdictLines = (verdict: Verdict): ReadonlyArray<string> => {
  const { units, commands, audit } = verdict
  const otherViolations = Object.values(audit.violationsBy).reduce((sum, count) => sum + count, 0)
  return [
    "Units",
    ...table([
      ["received", units.receivedQty],
      ["adjusted", units.adjustedQty, "returns, counts and losses"],
      ["sold", units.soldQty, "they have left"],
      ["to be shipped", units.toShipQty, "paid for"],
      ["held", units.heldQty],
      ["released", units.releasedQty, "given up"],
      ["expired", units.expiredQty, "held and never paid"],
      ["refused", units.refusedQty, "asked for line by line, and not to be had"],
      ["on hand", units.onHandQty, "received + adjusted - sold"],
    ]),
    ...commandRows(verdict),
    ...orderRows(verdict),
    ...orderFileRows(verdict),
    ...killLine(verdict),
    ...(verdict.behindPace === null ? [] : [verdict.behindPace]),
    ...tablesLine(verdict),
    "From facts, which can't be refused",
    ...table(factRows(verdict)),
    `Verdict, from ${counted(audit.records, "record")} of ${counted(audit.partitions, "journal")} and ${counted(audit.answersHeard, "answer")} heard`,
    ...table([
      ["oversold", units.oversoldQty],
      ["lost", commands.lost],
      ["contradicted", commands.contradicted],
      ["unanswered", commands.unanswered],
      ["violations in all", otherViolations],
    ]),
    ...audit.violations
      .slice(0, 10)
      .map(({ checker, partition, seq, detail }) => `    ${checker}: partition ${partition}, record ${seq}: ${detail}`),
    lastLine(verdict),
  ]
}
