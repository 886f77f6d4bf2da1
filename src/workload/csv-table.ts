/**
 * Reads a CSV text into rows whose columns are known by name. Decides which line is the header, what it means, and which rows have the shape it promises;
 * what the values mean is for those who ask.
 *
 * A byte order mark, Excel's `sep=` line, any usual delimiter, lines of a report above the header, and quoted fields are taken as those who write them mean them. A file
 * that can't be read as a whole is one {@link FileFault}; a row that can't is a row with its fault. Every line of the text is in the count of {@link Lines}.
 */
import { assert } from "../assert.ts"
import { shown } from "../domain/telling.ts"
import { fileColumnsMax, headerLinesMax, orderFileRowsMax, quotedCharsMax, textCharsMax } from "../limits.ts"
import { type CsvRecord, CsvScanner, type IsWhole } from "./csv-records.ts"
import { type FileFault, fault } from "./file-fault.ts"

/** What a column is usually called; or, where the same name means other things elsewhere, that and what must stand beside it. */
export type Alias = string | { readonly name: string; readonly beside: string }

/** A column somebody wants. Names are compared without case, spaces and punctuation. */
export interface ColumnWish<Name extends string> {
  readonly name: Name
  /** What it is usually called, the likeliest first. */
  readonly aliases: ReadonlyArray<Alias>
  readonly required: boolean
  /** Whether every column of these names is taken, and not just the likeliest. */
  readonly many?: true
}

/** A row below the header; `row` counts from 1, empty lines left out. `text` is for reports: on one line, and shortened. */
export interface TableRow<Name extends string> {
  readonly row: number
  /** The line of the file it begins in, from 1. */
  readonly line: number
  readonly text: string
  /** As it stands in the file, to be compared with others. */
  readonly raw: string
  /** Whether it has the columns the header promises. If not, `fields` is empty. `open`: a quote opens a value that is needed, and nothing closes it. */
  readonly shape: "sound" | "blank" | "misshapen" | "open"
  /** Trimmed values of the columns found; "" where the row ends before a column that isn't required. */
  readonly fields: Readonly<Partial<Record<Name, string>>>
  /** As they stand in the file, those of `fields` that were trimmed. */
  readonly untrimmed: Readonly<Partial<Record<Name, string>>>
  /** Of columns of which many are taken: the values of all, in the order of the header. */
  readonly lists: Readonly<Partial<Record<Name, ReadonlyArray<string>>>>
}

/** Where the lines of the text went: `above`, `header`, `blank` and `ofRows` add up to `all`. */
export interface Lines {
  readonly all: number
  /** Before the header: a `sep=` line, the lines of a report. */
  readonly above: number
  readonly header: number
  readonly blank: number
  readonly ofRows: number
  /** Rows that have more than one line, and rows with a quote that is taken for a character because nothing closes it. */
  readonly rowsOverLines: number
  readonly rowsWithOpenQuote: number
}

/** The rows of a file, with its columns by name. */
export interface Table<Name extends string> {
  readonly _tag: "Table"
  readonly delimiter: string
  readonly rows: ReadonlyArray<TableRow<Name>>
  readonly header: ReadonlyArray<string>
  /** The header's own names of each column found: one, unless many are taken. */
  readonly columns: Readonly<Partial<Record<Name, ReadonlyArray<string>>>>
  readonly lines: Lines
}

/** A name without case, spaces and punctuation. */
export const bare = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")

const listedMax = 40
const listed = (names: ReadonlyArray<string>): string =>
  names
    .slice(0, listedMax)
    .map((name) => `"${shown(name)}"`)
    .join(", ") + (names.length > listedMax ? `, and ${names.length - listedMax} more` : "")

const nameOf = (alias: Alias): string => (typeof alias === "string" ? alias : alias.name)

/** The places of each bare name in a header. */
type Index = ReadonlyMap<string, ReadonlyArray<number>>

const indexOf = (header: ReadonlyArray<string>): Index => {
  const index = new Map<string, Array<number>>()
  for (const [place, name] of header.entries()) {
    const key = bare(name)
    const places = index.get(key)
    if (places === undefined) index.set(key, [place])
    else places.push(place)
  }
  return index
}

/** Places of a wished column: none, one, or where many are taken, all; or the names that all claim to be the one. */
const placesOfWish = (
  header: ReadonlyArray<string>,
  index: Index,
  wish: ColumnWish<string>,
  given: string | undefined,
): { readonly places: ReadonlyArray<number>; readonly claims: ReadonlyArray<string> } => {
  const exact = given === undefined ? -1 : header.indexOf(given)
  if (exact !== -1) return { places: [exact], claims: [] }
  const places: Array<number> = []
  for (const alias of given === undefined ? wish.aliases : [given]) {
    if (typeof alias !== "string" && !index.has(bare(alias.beside))) continue
    const found = index.get(bare(nameOf(alias))) ?? []
    if (wish.many === true) places.push(...found.filter((place) => !places.includes(place)))
    else if (found.length > 1) return { places: [], claims: found.map((place) => header[place] as string) }
    else if (found.length === 1) return { places: found, claims: [] }
  }
  return { places: places.sort((a, b) => a - b), claims: [] }
}

type NamedColumns<Name extends string> = Readonly<Partial<Record<Name, string>>>

const nothingNamed: NamedColumns<never> = {}

/** Each wished column's places in the header. */
const placesOf = <Name extends string>(
  header: ReadonlyArray<string>,
  wishes: ReadonlyArray<ColumnWish<Name>>,
  given: NamedColumns<Name>,
): ReadonlyMap<Name, ReadonlyArray<number>> | FileFault => {
  const all = new Map<Name, ReadonlyArray<number>>()
  const index = indexOf(header)
  for (const wish of wishes) {
    const asked = given[wish.name]
    const { places, claims } = placesOfWish(header, index, wish, asked)
    if (claims.length > 0) {
      const detail = `more than one column could be the ${wish.name}: ${listed(claims)}; rename one of them, or name the right one exactly`
      return fault("AmbiguousColumn", detail, wish.name)
    }
    if (places.length > 0) all.set(wish.name, places)
    else if (wish.required || asked !== undefined) {
      const looked = asked === undefined ? wish.aliases.map(nameOf) : [asked]
      const detail = `no column for the ${wish.name}: looked for ${listed(looked)}, but the file has ${listed(header)}`
      return fault("MissingColumn", detail, wish.name)
    }
  }
  return all
}

/** A header as it was found. */
interface Header {
  readonly delimiter: string
  readonly record: CsvRecord
  /** Where the rows begin, and the lines above the header that aren't blank. */
  readonly at: number
  readonly linesBefore: number
  readonly blankBefore: number
  readonly names: ReadonlyArray<string>
  /** How many of the wished columns are there, and how many of the required. */
  readonly found: number
  readonly required: number
}

const delimiters = [",", ";", "\t", "|"]

/** Excel's own first line. */
const sepLine = /^[^\S\r\n]*"?sep=([^\r\n])"?[,;\t| ]*(?=\r|\n|$)/i

const isHeaderWhole: IsWhole = (_, takenIn) => takenIn.length < headerLinesMax

/** The best header among the first lines, cut by one delimiter. */
const headerBy = <Name extends string>(
  text: string,
  delimiter: string,
  skipsFirst: boolean,
  wishes: ReadonlyArray<ColumnWish<Name>>,
  given: NamedColumns<Name>,
): Header | null => {
  const scanner = new CsvScanner(text, delimiter)
  let best: Header | null = null
  for (let i = 0; i < headerLinesMax; i++) {
    const record = scanner.next(isHeaderWhole)
    // A line as long as this is no header, and ruins none by what looking at it costs.
    if (record === null || record.raw.length > quotedCharsMax) break
    if (skipsFirst && i === 0) continue
    const names = record.cells.map((name) => name.replace(/\s+/g, " ").trim())
    const index = indexOf(names)
    const isThere = (wish: ColumnWish<Name>) => placesOfWish(names, index, wish, given[wish.name]).places.length > 0
    const found = wishes.filter(isThere).length
    const required = wishes.filter((wish) => wish.required && isThere(wish)).length
    const header = {
      delimiter,
      record,
      at: scanner.at,
      linesBefore: scanner.lines,
      blankBefore: scanner.blankLines,
      names,
      found,
      required,
    }
    if (best === null || header.required > best.required) best = header
    if (required === wishes.filter((wish) => wish.required).length) break
  }
  return best
}

const isBetter = (header: Header, than: Header): boolean => {
  if (header.required !== than.required) return header.required > than.required
  if (header.found !== than.found) return header.found > than.found
  return header.names.length > than.names.length
}

const headerOf = <Name extends string>(text: string, wishes: ReadonlyArray<ColumnWish<Name>>, given: NamedColumns<Name>): Header | null => {
  const sep = sepLine.exec(text)?.[1]
  let best: Header | null = null
  for (const delimiter of sep === undefined ? delimiters : [sep]) {
    const header = headerBy(text, delimiter, sep !== undefined, wishes, given)
    if (header !== null && (best === null || isBetter(header, best))) best = header
  }
  return best
}

/** Missing values at the end don't matter where nobody asks for them, empty ones too many never do; anything else may have shifted the values. */
const isSound = (values: ReadonlyArray<string>, columns: number, lastNeeded: number): boolean =>
  values.length > lastNeeded && values.slice(columns).every((value) => value.trim() === "")

/** What a value of a column that can't be free text looks like: tells a row that a stray quote would swallow from a line of a note. */
const rowLike = /^\s*[+-]?\d[\d.,:/T +-]*Z?\s*$/

interface Columns<Name extends string> {
  readonly places: ReadonlyMap<Name, ReadonlyArray<number>>
  readonly many: ReadonlySet<Name>
  readonly width: number
  readonly lastNeeded: number
  /** The columns without which a row says nothing. */
  readonly needed: ReadonlyArray<number>
  /** Columns whose values are numbers or dates: a line that has one there is a row. */
  readonly telling: ReadonlyArray<number>
}

const wholeRow =
  <Name extends string>({ width, lastNeeded, telling }: Columns<Name>): IsWhole =>
  (cells, takenIn) => {
    const sound = isSound(cells, width, lastNeeded)
    const isRow = (line: ReadonlyArray<string>) =>
      line.length === width && (!sound || telling.some((place) => rowLike.test(line[place] ?? "")))
    return !takenIn.some(isRow)
  }

const rowOf = <Name extends string>(record: CsvRecord, row: number, columns: Columns<Name>): TableRow<Name> => {
  const { places, many, width, lastNeeded } = columns
  const { cells, raw, line } = record
  const fields: Partial<Record<Name, string>> = {}
  const untrimmed: Partial<Record<Name, string>> = {}
  const base = { row, line, raw, text: shown(raw, textCharsMax), untrimmed }
  const lists: Partial<Record<Name, ReadonlyArray<string>>> = {}
  if (cells.every((value) => value.trim() === "")) return { ...base, shape: "blank", fields, lists }
  if (!isSound(cells, width, lastNeeded)) return { ...base, shape: "misshapen", fields, lists }
  const { openCell } = record
  if (openCell !== null && columns.needed.includes(openCell)) return { ...base, shape: "open", fields, lists }
  for (const [name, at] of places) {
    if (many.has(name)) lists[name] = at.map((place) => (cells[place] ?? "").trim())
    else {
      const value = cells[at[0] as number] ?? ""
      const trimmed = value.trim()
      fields[name] = trimmed
      if (trimmed !== value) untrimmed[name] = value
    }
  }
  return { ...base, shape: "sound", fields, lists }
}

const columnsOf = <Name extends string>(
  header: Header,
  wishes: ReadonlyArray<ColumnWish<Name>>,
  telling: ReadonlyArray<Name>,
  given: NamedColumns<Name>,
): Columns<Name> | FileFault => {
  const places = placesOf(header.names, wishes, given)
  if ("_tag" in places) return places
  const needed = wishes.flatMap((wish) => (wish.required ? (places.get(wish.name) ?? []) : []))
  return {
    places,
    many: new Set(wishes.flatMap((wish) => (wish.many === true ? [wish.name] : []))),
    width: header.names.length,
    lastNeeded: Math.max(0, ...needed),
    needed,
    telling: telling.flatMap((name) => places.get(name) ?? []),
  }
}

/**
 * The rows of `text` below the line that names the columns. `given` says by name which column of the file is which, and then must be right. `telling` are
 * the columns of numbers and dates, by which a row is known as one.
 */
export const readTable = <Name extends string>(
  text: string,
  wishes: ReadonlyArray<ColumnWish<Name>>,
  given: NamedColumns<Name> | undefined = undefined,
  telling: ReadonlyArray<Name> = [],
): Table<Name> | FileFault => {
  const plain = text.startsWith("\ufeff") ? text.slice(1) : text
  const named: NamedColumns<Name> = given ?? nothingNamed
  const header = headerOf(plain, wishes, named)
  if (header === null) return fault("Empty", "the file is empty: its first line must name the columns")
  if (header.names.length > fileColumnsMax)
    return fault("MissingColumn", `its header has more than ${fileColumnsMax} columns: it is no file of orders or stock`)
  const columns = columnsOf(header, wishes, telling, named)
  if ("_tag" in columns) return columns
  const scanner = new CsvScanner(plain, header.delimiter, header.at, header.linesBefore)
  const isWhole = wholeRow(columns)
  const rows: Array<TableRow<Name>> = []
  const sums = { ofRows: 0, rowsOverLines: 0, rowsWithOpenQuote: 0 }
  for (let record = scanner.next(isWhole); record !== null; record = scanner.next(isWhole)) {
    if (rows.length === orderFileRowsMax)
      return fault("TooManyRows", `it has more than ${orderFileRowsMax} rows, the most that are played: split it`)
    rows.push(rowOf(record, rows.length + 1, columns))
    sums.ofRows += record.lines
    if (record.lines > 1) sums.rowsOverLines += 1
    if (record.openCell !== null) sums.rowsWithOpenQuote += 1
  }
  const above = header.record.line - 1 - header.blankBefore
  const blank = header.blankBefore + scanner.blankLines
  const lines: Lines = { all: scanner.lines, above, header: header.record.lines, blank, ...sums }
  assert(lines.above + lines.header + lines.blank + lines.ofRows === lines.all, "every line of the file is in one part of the count")
  const found: Partial<Record<Name, ReadonlyArray<string>>> = {}
  for (const [name, places] of columns.places) found[name] = places.map((place) => header.names[place] as string)
  return { _tag: "Table", delimiter: header.delimiter, rows, header: header.names, columns: found, lines }
}
