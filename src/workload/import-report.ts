/**
 * The words in which a reading of order and stock files is told, before anything plays: what of them was used, guessed and ignored, what became of every row, and the first rows of each
 * kind that can't be used.
 */
import { counted, grouped, shown, shownName } from "../domain/telling.ts"
import { remedyOfRows } from "./import-options.ts"
import type { OrderSource } from "./importer.ts"
import type { FileReading } from "./order-lines.ts"
import { accountedRows, columnOfReason, type OrderPlan, type OrderReport, reasonsOf } from "./orders.ts"

/** A row of a table: its value is put to the right. */
export type Row = readonly [what: string, value: number | string, note?: string]

/** Columns: what, the value to the right, a note. */
export const table = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const cells = rows.map(([what, value, note = ""]) => [what, typeof value === "number" ? grouped(value) : value, note] as const)
  const whatWidth = Math.max(...cells.map(([what]) => what.length))
  const valueWidth = Math.max(...cells.map(([, value]) => value.length))
  return cells.map(([what, value, note]) => `  ${what.padEnd(whatWidth)}  ${value.padStart(valueWidth)}  ${note}`.trimEnd())
}

/** Words with how often they stand, the most frequent first. */
const wordsMax = 12
/** Counts by name, the greatest first, as a list for a sentence. */
export const countsText = (counts: Readonly<Record<string, number>>): string => {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a)
  const more = sorted.length > wordsMax ? `, and ${sorted.length - wordsMax} more` : ""
  return sorted
    .slice(0, wordsMax)
    .map(([name, count]) => `${name} ${grouped(count)}`)
    .join(", ")
    .concat(more)
}

const delimiterNames: Readonly<Record<string, string>> = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars" }

const encodingTexts = {
  mark: "by its mark",
  option: "as asked for",
  form: "",
  guess: "guessed: its bytes are no UTF-8; --encoding says otherwise",
} as const

const linesText = ({ lines }: FileReading, rows: number): string => {
  const parts = [counted(lines.all, "line"), `${grouped(lines.header)} of them the header`]
  if (lines.above > 0) parts.push(`${grouped(lines.above)} above it, ignored`)
  if (lines.blank > 0) parts.push(`${grouped(lines.blank)} empty`)
  parts.push(
    lines.rowsOverLines > 0
      ? `${counted(rows, "row")} in ${counted(lines.ofRows, "line")}: ${grouped(lines.rowsOverLines)} ${lines.rowsOverLines === 1 ? "goes" : "go"} on over line ends within quotes`
      : counted(rows, "row"),
  )
  if (lines.rowsWithOpenQuote > 0) parts.push(`${grouped(lines.rowsWithOpenQuote)} with a quote that nothing closes, taken for a character`)
  return parts.join(", ")
}

const named = (names: ReadonlyArray<string>): string => names.map((name) => `"${shown(name)}"`).join(", ")

const readingLines = (
  title: string,
  text: OrderSource["orders"]["text"],
  rows: number,
  reading: FileReading,
  unasked: string,
): ReadonlyArray<string> => {
  const how = [text.encoding.toUpperCase(), encodingTexts[text.by]].filter((word) => word !== "").join(", ")
  const used = Object.entries(reading.columns).map(([name, columns]) => `${name} ${named(columns)}`)
  const lines = [
    title,
    `  read      ${how}; cut by ${delimiterNames[reading.delimiter] ?? `"${shown(reading.delimiter)}"`}; ${linesText(reading, rows)}`,
    `  used      ${used.join(", ")}${unasked}`,
  ]
  if (reading.shape !== null) lines.push(`  guessed   its columns are those of ${reading.shape}`)
  for (const guess of reading.guesses) lines.push(`  guessed   ${guess}`)
  const { rows: trimmed, first } = reading.trimmedSkus
  if (trimmed > 0)
    lines.push(
      `  guessed   white space around a SKU is no part of it: taken off in ${counted(trimmed, "row")}, such as ${shownName(first)}`,
    )
  if (reading.unusedStates.length > 0) lines.push(`  ignored   ${named(reading.unusedStates)}: they may tell of states, and are not used`)
  if (reading.unused.length > 0) lines.push(`  ignored   ${named(reading.unused)}`)
  return lines
}

const quotedWords = (counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(counts).map(([word, rows]) => [`"${word}"`, rows]))

const statusLines = ({ statuses, notSold, unclearCancelled, dropsEqualRows, equalRows }: OrderReport): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const of = (meaning: string) =>
    Object.fromEntries(statuses.filter((one) => one.meaning === meaning).map(({ status, rows }) => [`"${status}"`, rows]))
  const unknown = of("unknown")
  const partly = of("partly")
  const sold = of("sold")
  if (Object.keys(sold).length > 0) lines.push(`  status    taken as sold: ${countsText(sold)}`)
  if (notSold.rows > 0) lines.push(`  status    not sold: ${countsText(notSold.by)}`)
  if (Object.keys(partly).length > 0)
    lines.push(`  guessed   sold as a whole, as the file doesn't say how much of it was: ${countsText(partly)}`)
  if (Object.keys(unknown).length > 0)
    lines.push(`  unknown   status, taken as sold (--not-sold WORD,... says otherwise): ${countsText(unknown)}`)
  if (Object.keys(unclearCancelled).length > 0)
    lines.push(`  unknown   no date of a cancellation, taken as sold: ${countsText(quotedWords(unclearCancelled))}`)
  if (equalRows > 0 && !dropsEqualRows)
    lines.push(
      `  guessed   ${counted(equalRows, "row")} equal to one before ${equalRows === 1 ? "is" : "are"} sold too (--drop-equal-rows leaves them out)`,
    )
  return lines
}

interface Unusable {
  readonly reason: string
  readonly line: number
  readonly value: string
  readonly text: string
}

const remedyText = (reason: string): string => {
  const remedy = remedyOfRows(columnOfReason[reason])
  return remedy === "" ? "" : ` (${remedy})`
}

/** The first rows of each kind that can't be used. */
const unusableLines = (rejected: ReadonlyArray<Unusable>): ReadonlyArray<string> =>
  reasonsOf(rejected).flatMap(({ reason, rows, firsts }) => [
    `    ${reason} ${grouped(rows)}${remedyText(reason)}`,
    ...firsts.map(({ line, value, text }) => `      line ${line}: ${value === "" ? "" : `${value}: `}${shown(text)}`),
  ])

const reasonsText = (rejected: ReadonlyArray<{ readonly reason: string }>): string =>
  countsText(Object.fromEntries(reasonsOf(rejected).map(({ reason, rows }) => [reason, rows])))

/** What became of the rows of an order file; the counts add up to its rows. */
const rowLines = (report: OrderReport, totals: OrderPlan["totals"]): ReadonlyArray<string> => {
  const parts = accountedRows(report)
  const { released, returned } = report.cancellations
  const cancelled =
    totals.cancelledQty > 0 ? `, ${grouped(totals.cancelledQty)} more ${totals.cancelledQty === 1 ? "was" : "were"} cancelled` : ""
  return [
    "Rows of the file",
    ...table([
      ["sales", report.sales, `${counted(totals.demandQty, "unit")}${cancelled}`],
      ["cancelled, released", released, "before they were shipped"],
      ["cancelled, returned", returned, `${grouped(report.cancellationsWithoutSale)} of them of sales that are not in the file`],
      ["added to others", report.mergedDuplicates, "the same SKU again in one invoice"],
      ["equal to others", report.equalRows, report.dropsEqualRows ? "in every column; left out" : "in every column; added too"],
      [
        "not sold",
        report.notSold.rows,
        `${counted(report.notSold.qty, "unit")}${report.notSold.rows > 0 ? `: ${countsText(report.notSold.by)}` : ""}`,
      ],
      ["no goods", report.notGoods.rows, countsText(report.notGoods.byCode)],
      ["adjustments", report.adjustments, "below zero without a cancellation"],
      ["unusable", report.rejected.length, reasonsText(report.rejected)],
      ["together", parts, parts === report.rows ? "all rows of the file" : `but the file has ${grouped(report.rows)}`],
    ]),
    ...unusableLines(report.rejected),
  ]
}

const alikeMax = 5

const noteLines = (report: OrderReport): ReadonlyArray<string> => {
  const alike = report.lookAlikes.slice(0, alikeMax).map((group) => group.map(shownName).join(" / "))
  if (report.lookAlikes.length > alikeMax) alike.push(`and ${report.lookAlikes.length - alikeMax} more`)
  return [
    "Of these",
    ...table([
      ["without a customer", report.blankCustomers, "played all the same"],
      ["SKUs without stock", report.skusWithoutStock, "sold in the file, nothing to sell here"],
      ["SKUs that look alike", report.lookAlikes.length, alike.join(", ")],
    ]),
  ]
}

const stockLines = ({ stockFile }: OrderReport): ReadonlyArray<string> => {
  if (stockFile === null) return []
  const qty = stockFile.levels.reduce((sum, level) => sum + level.qty, 0)
  const parts = stockFile.levels.length + stockFile.mergedRows + stockFile.notStockedRows + stockFile.rejected.length
  return [
    "Rows of the stock file",
    ...table([
      [
        "levels",
        stockFile.levels.length,
        `${counted(qty, "unit")} of ${counted(new Set(stockFile.levels.map(({ sku }) => sku)).size, "SKU")}`,
      ],
      ["added to others", stockFile.mergedRows, "the same SKU and location again"],
      ["not stocked there", stockFile.notStockedRows],
      ["unusable", stockFile.rejected.length, reasonsText(stockFile.rejected)],
      ["together", parts, parts === stockFile.rows ? "all rows of the file" : `but the file has ${grouped(stockFile.rows)}`],
    ]),
    ...unusableLines(stockFile.rejected),
    ...stockFile.places.slice(0, placesMax).map(({ name, location }) => `    place "${name}" is the location ${location}`),
    ...(stockFile.places.length > placesMax ? [`    and ${counted(stockFile.places.length - placesMax, "more place")}`] : []),
  ]
}

const placesMax = 20

/** Everything there is to say of the files, before they are played. */
export const importLines = (source: OrderSource, { report, totals }: OrderPlan): ReadonlyArray<string> => {
  const { orders, stock, asked } = source
  const unit = asked.options.unitRows === true ? "; each row is one unit" : ""
  const of = report.stockFile
  return [
    ...readingLines(`Orders: ${shown(orders.path)}`, orders.text, report.rows, report.reading, unit),
    ...statusLines(report),
    ...(stock === null || of === null ? [] : readingLines(`Stock: ${shown(stock.path)}`, stock.text, of.rows, of.reading, "")),
    ...rowLines(report, totals),
    ...stockLines(report),
    ...noteLines(report),
  ]
}
