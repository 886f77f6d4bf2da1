/**
 * Reads a CSV text into rows whose columns are known by name. Decides what a header means and which rows have the shape the header promises;
 * what the values mean is for those who ask.
 *
 * A byte order mark, any line end, quoted delimiters and quotes inside a plain field are taken as spreadsheets mean them. A file that can't be read as a
 * whole is one {@link FileFault}; a row that can't is a row with its fault.
 */
import { CsvError, parse } from "csv-parse/sync"
import { textCharsMax } from "../limits.ts"

/** Why a file can't be used at all. */
export const FileFaultReason = [
  "Empty",
  "UnclosedQuote",
  "MissingColumn",
  "AmbiguousColumn",
  "UnknownDateFormat",
  "DateFormatNeeded",
] as const
export type FileFaultReason = (typeof FileFaultReason)[number]

/** An operating error: `detail` is a sentence for people that names the remedy. */
export interface FileFault {
  readonly _tag: "FileFault"
  readonly reason: FileFaultReason
  readonly detail: string
}

/** A column somebody wants. Names are compared without case, spaces and punctuation. */
export interface ColumnWish<Name extends string> {
  readonly name: Name
  /** What it is usually called, the likeliest first. */
  readonly aliases: ReadonlyArray<string>
  readonly required: boolean
}

/** A row below the header; `row` counts from 1, empty lines left out. `text` is for reports, and shortened. */
export interface TableRow<Name extends string> {
  readonly row: number
  readonly text: string
  /** Whether it has the columns the header promises. If not, `fields` is empty. */
  readonly shape: "sound" | "blank" | "misshapen"
  /** Trimmed values of the columns found; "" where the row ends before a column that isn't required. */
  readonly fields: Readonly<Partial<Record<Name, string>>>
}

export interface Table<Name extends string> {
  readonly _tag: "Table"
  readonly rows: ReadonlyArray<TableRow<Name>>
  /** The header's own name of each column found. */
  readonly columns: Readonly<Partial<Record<Name, string>>>
}

const fault = (reason: FileFaultReason, detail: string): FileFault => ({ _tag: "FileFault", reason, detail })

const bare = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")
const listed = (names: ReadonlyArray<string>): string => names.map((name) => `"${name}"`).join(", ")

/** The delimiter that cuts the header into most columns, quoted text left aside. A comma if none does. */
const delimiterOf = (text: string): string => {
  const header = (/^[^\r\n]*/.exec(text)?.[0] ?? "").replace(/"[^"]*"/g, "")
  let best = ","
  for (const delimiter of [",", ";", "\t", "|"]) if (header.split(delimiter).length > header.split(best).length) best = delimiter
  return best
}

/** Place of a wished column in the header, -1 if there is none, or the names that all claim to be it. */
const placeOf = (header: ReadonlyArray<string>, wish: ColumnWish<string>, given: string | undefined): number | ReadonlyArray<string> => {
  const exact = given === undefined ? -1 : header.indexOf(given)
  if (exact !== -1) return exact
  for (const alias of given === undefined ? wish.aliases : [given]) {
    const places = header.flatMap((name, place) => (bare(name) === bare(alias) ? [place] : []))
    if (places.length > 1) return places.map((place) => header[place] as string)
    if (places.length === 1) return places[0] as number
  }
  return -1
}

/** Each wished column's place in the header. */
const placesOf = <Name extends string>(
  header: ReadonlyArray<string>,
  wishes: ReadonlyArray<ColumnWish<Name>>,
  given: Readonly<Partial<Record<Name, string>>> | undefined,
): ReadonlyMap<Name, number> | FileFault => {
  const places = new Map<Name, number>()
  for (const wish of wishes) {
    const asked = given?.[wish.name]
    const place = placeOf(header, wish, asked)
    if (typeof place !== "number") {
      return fault(
        "AmbiguousColumn",
        `more than one column could be the ${wish.name}: ${listed(place)}; rename one of them, or name the right one exactly`,
      )
    }
    if (place !== -1) places.set(wish.name, place)
    else if (wish.required || asked !== undefined) {
      const looked = asked === undefined ? wish.aliases : [asked]
      return fault("MissingColumn", `no column for the ${wish.name}: looked for ${listed(looked)}, but the file has ${listed(header)}`)
    }
  }
  return places
}

/** Missing values at the end don't matter where nobody asks for them, empty ones too many never do; anything else may have shifted the values. */
const isSound = (values: ReadonlyArray<string>, columns: number, lastNeeded: number): boolean =>
  values.length > lastNeeded && values.slice(columns).every((value) => value === "")

/** The rows of `text`, whose first line names the columns. `given` says by name which column of the file is which, and then must be right. */
export const readTable = <Name extends string>(
  text: string,
  wishes: ReadonlyArray<ColumnWish<Name>>,
  given?: Readonly<Partial<Record<Name, string>>>,
): Table<Name> | FileFault => {
  const plain = text.startsWith("\ufeff") ? text.slice(1) : text
  const delimiter = delimiterOf(plain.trimStart())
  let records: Array<Array<string>>
  try {
    records = parse(plain, {
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    return fault("UnclosedQuote", `${error.message}; the rows after it can't be told apart`)
  }
  const header = records[0]?.map((name) => name.trim())
  if (header === undefined) return fault("Empty", "the file is empty: its first line must name the columns")
  const places = placesOf(header, wishes, given)
  if ("_tag" in places) return places
  const lastNeeded = Math.max(...wishes.flatMap((wish) => (wish.required ? [places.get(wish.name) ?? 0] : [])))
  const columns: Partial<Record<Name, string>> = {}
  for (const [name, place] of places) columns[name] = header[place] as string
  const rows = records.slice(1).map((record, i): TableRow<Name> => {
    const values = record.map((value) => value.trim())
    const whole = record.join(delimiter)
    const row = { row: i + 1, text: whole.length > textCharsMax ? `${whole.slice(0, textCharsMax)}…` : whole }
    const fields: Partial<Record<Name, string>> = {}
    if (values.every((value) => value === "")) return { ...row, shape: "blank", fields }
    if (!isSound(values, header.length, lastNeeded)) return { ...row, shape: "misshapen", fields }
    for (const [name, place] of places) fields[name] = values[place] ?? ""
    return { ...row, shape: "sound", fields }
  })
  return { _tag: "Table", rows, columns }
}

const wholeNumber = /^([+-]?\d{1,15})(?:\.0+)?$/

/** A whole number as files write it (`6`, `-6`, `6.0`), or undefined. */
export const wholeOf = (text: string): number | undefined => {
  const match = wholeNumber.exec(text)
  // Adding 0 makes of -0 what everybody means by it.
  return match === null ? undefined : Number(match[1]) + 0
}
