/**
 * Cuts a text into records and cells. Decides what a line is, and whether a quote opens a field or is a character of it; what the cells mean is for others.
 *
 * A line ends with CRLF, LF or CR, whatever quotes say. A record is one line, or, where a quoted field goes on over line ends, several: then it says how many, so that the
 * lines of all records, and the blank ones, are the lines of the text. No line end is ever swallowed by a quote that was none: a field goes on over a line end only
 * where its closing quote comes, and the caller finds the record whole and no row of its own among the lines it would take in. Otherwise the quotes of that line are characters. In a text cut by
 * tabs no field goes on over a line end. Why this is no library's: ADR 16. Work and memory are linear in the text.
 */
import { fileColumnsMax, quotedCharsMax } from "../limits.ts"

/** One record. */
export interface CsvRecord {
  readonly cells: ReadonlyArray<string>
  /** As it stands in the text, without its line end. */
  readonly raw: string
  /** The number of its first line, from 1, and how many lines it has. */
  readonly line: number
  readonly lines: number
  /** The cell whose opening quote is taken for a character, because nothing closes it as a field's; null: there is none. */
  readonly openCell: number | null
}

/** Judges a record that goes on over line ends: its cells, and those of each line that it would take in, read as a record of its own. */
export type IsWhole = (cells: ReadonlyArray<string>, takenIn: ReadonlyArray<ReadonlyArray<string>>) => boolean

const quote = 0x22
const space = 0x20
const lf = 0x0a
const cr = 0x0d

/** What may be spent on quotes that go on over lines, in readings of the whole text. Only a text made to be slow needs more. */
const readingsMax = 4

interface Cells {
  readonly cells: ReadonlyArray<string>
  /** The cell whose quote is not closed, and where that quote stands. */
  readonly open: { readonly cell: number; readonly at: number } | null
}

const skipSpaces = (text: string, from: number, to: number): number => {
  let at = from
  while (at < to && text.charCodeAt(at) === space) at += 1
  return at
}

/** Where the field that opens at `from` closes: a single quote before a delimiter or an end of line. -1: not before `to`. */
const closingQuote = (text: string, from: number, to: number, delimiter: number): number => {
  for (let at = from + 1; at < to; at++) {
    if (text.charCodeAt(at) !== quote) continue
    if (at + 1 < to && text.charCodeAt(at + 1) === quote) {
      at += 1
      continue
    }
    const next = skipSpaces(text, at + 1, to)
    const code = next < to ? text.charCodeAt(next) : delimiter
    if (code === delimiter || code === lf || code === cr) return at
  }
  return -1
}

const cellEnd = (text: string, from: number, to: number, delimiter: number): number => {
  let at = from
  while (at < to && text.charCodeAt(at) !== delimiter) at += 1
  return at
}

/** Cells in which a quote is a character, but for those that are quoted as a whole where `unquotes` says so. */
const plainCells = (text: string, from: number, to: number, delimiter: number, unquotes: boolean): ReadonlyArray<string> => {
  const cells: Array<string> = []
  for (let at = from; cells.length <= fileColumnsMax; ) {
    const end = cellEnd(text, at, to, delimiter)
    const cell = text.slice(at, end)
    const isQuoted = unquotes && /^ *"(?:[^"]|"")*" *$/.test(cell)
    cells.push(isQuoted ? cell.trim().slice(1, -1).replaceAll('""', '"') : cell)
    if (end >= to) break
    at = end + 1
  }
  return cells
}

/** Cells with quoted ones among them. */
const quotedCells = (text: string, from: number, to: number, delimiter: number): Cells => {
  const cells: Array<string> = []
  for (let at = from; cells.length <= fileColumnsMax; ) {
    const first = skipSpaces(text, at, to)
    let end: number
    if (first < to && text.charCodeAt(first) === quote) {
      const close = closingQuote(text, first, to, delimiter)
      if (close === -1) return { cells, open: { cell: cells.length, at: first } }
      cells.push(text.slice(first + 1, close).replaceAll('""', '"'))
      end = skipSpaces(text, close + 1, to)
    } else {
      end = cellEnd(text, at, to, delimiter)
      cells.push(text.slice(at, end))
    }
    if (end >= to) break
    at = end + 1
  }
  return { cells, open: null }
}

/** Reads the records of a text one after another. */
export class CsvScanner {
  /** Lines read so far, and those of them that are empty. */
  lines = 0
  blankLines = 0
  readonly #text: string
  readonly #delimiter: number
  #at: number
  #spent = 0
  /** The next line feed and carriage return, so that looking for the one is not looking through the text for the other again and again. */
  #nextLf = -1
  #nextCr = -1

  constructor(text: string, delimiter: string, from = 0, linesBefore = 0) {
    this.#text = text
    this.#delimiter = delimiter.charCodeAt(0)
    this.#at = from
    this.lines = linesBefore
  }

  /** Where in the text the next line begins. */
  get at(): number {
    return this.#at
  }

  /** The next record that isn't an empty line; null at the end. */
  next(isWhole: IsWhole): CsvRecord | null {
    while (this.#at < this.#text.length) {
      const from = this.#at
      const to = this.#lineEnd(from)
      if (to > from) return this.#record(from, to, isWhole)
      this.#pass(to, 1)
      this.blankLines += 1
    }
    return null
  }

  #record(from: number, to: number, isWhole: IsWhole): CsvRecord {
    const text = this.#text
    const line = this.lines + 1
    const isTabbed = this.#delimiter === 0x09
    const found: Cells = isTabbed
      ? { cells: plainCells(text, from, to, this.#delimiter, true), open: null }
      : quotedCells(text, from, to, this.#delimiter)
    if (found.open === null) {
      this.#pass(to, 1)
      return { cells: found.cells, raw: text.slice(from, to), line, lines: 1, openCell: null }
    }
    const long = this.#overLines(from, to, found.open.at, isWhole)
    if (long !== null) {
      this.#pass(long.to, long.lines)
      return { cells: long.cells, raw: text.slice(from, long.to), line, lines: long.lines, openCell: null }
    }
    this.#pass(to, 1)
    const cells = plainCells(text, from, to, this.#delimiter, true)
    return { cells, raw: text.slice(from, to), line, lines: 1, openCell: Math.min(found.open.cell, cells.length - 1) }
  }

  /** The record from `from` on, taken over line ends, or null where that doesn't make a whole one. */
  #overLines(from: number, firstEnd: number, openAt: number, isWhole: IsWhole) {
    const text = this.#text
    let open: number | null = openAt
    let to = firstEnd
    let cells: ReadonlyArray<string> = []
    while (open !== null) {
      if (this.#spent > readingsMax * text.length + quotedCharsMax) return null
      const far: number = Math.min(text.length, open + quotedCharsMax)
      const close = closingQuote(text, open, far, this.#delimiter)
      this.#spent += (close === -1 ? far : close) - open
      if (close === -1) return null
      // Not by #lineEnd: what it remembers is ahead of whoever would go back.
      to = close
      while (to < text.length && text.charCodeAt(to) !== lf && text.charCodeAt(to) !== cr) to += 1
      this.#spent += 2 * (to - from)
      const found = quotedCells(text, from, to, this.#delimiter)
      cells = found.cells
      open = found.open === null ? null : found.open.at
    }
    const takenIn = text
      .slice(firstEnd, to)
      .split(/\r\n|\n|\r/)
      .slice(1)
      .map((line) => plainCells(line, 0, line.length, this.#delimiter, true))
    return isWhole(cells, takenIn) ? { cells, to, lines: takenIn.length + 1 } : null
  }

  #lineEnd(from: number): number {
    const text = this.#text
    if (this.#nextLf < from) this.#nextLf = indexOrEnd(text, "\n", from)
    if (this.#nextCr < from) this.#nextCr = indexOrEnd(text, "\r", from)
    return Math.min(this.#nextLf, this.#nextCr)
  }

  /** Goes on after the line that ends at `to`. */
  #pass(to: number, lines: number): void {
    const text = this.#text
    const isPair = text.charCodeAt(to) === cr && text.charCodeAt(to + 1) === lf
    this.#at = Math.min(text.length, to + (isPair ? 2 : 1))
    this.lines += lines
  }
}

const indexOrEnd = (text: string, char: string, from: number): number => {
  const at = text.indexOf(char, from)
  return at === -1 ? text.length : at
}
