/**
 * What commands print: JSON for programs, aligned columns for people, always on standard output. Progress goes to standard error, and only to
 * people who watch.
 */

import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { shownLines } from "../domain/telling.ts"

export const jsonFlag = Flag.Boolean("json").pipe(Flag.withDescription("Print JSON, for programs"), Flag.withDefault(false))

// A reader that has gone (`| head`) is told by the write's own callback; without a listener the event would end the process with a stack.
process.stdout.on("error", () => undefined)

/** Writes and waits until it is taken, so that what is printed never piles up; what could rule a terminal is spelled out. Interrupts the command if nobody reads any more. */
export const print = (text: string): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    process.stdout.write(shownLines(text), (error) => resume(error == null ? Effect.void : Effect.interrupt))
  })

export const printLine = (text: string): Effect.Effect<void> => print(`${text}\n`)

export const printJson = (value: unknown): Effect.Effect<void> => printLine(JSON.stringify(value, null, 2))

/** Rows under headings, each column as wide as its widest cell; columns whose cells are all numbers are set to the right. */
export const table = (headings: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string | number>>): string => {
  const columns = headings.map((heading, index) => {
    const cells = rows.map((row) => row[index] ?? "")
    const width = Math.max(heading.length, ...cells.map((cell) => String(cell).length))
    return { width, isNumber: cells.length > 0 && cells.every((cell) => typeof cell === "number") }
  })
  const line = (cells: ReadonlyArray<string | number>) =>
    columns
      .map(({ width, isNumber }, index) =>
        isNumber ? String(cells[index] ?? "").padStart(width) : String(cells[index] ?? "").padEnd(width),
      )
      .join("  ")
      .trimEnd()
  return [line(headings), ...rows.map(line)].join("\n")
}

export const isoTime = (ms: number): string => new Date(ms).toISOString()

/** Shows how far it is, in one line that is written over, where a person watches. */
export const progress = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[0K${text}`)
  })
