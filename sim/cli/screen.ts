/**
 * Where words go: results to stdout, progress to stderr. On a terminal progress is one line drawn over and over; elsewhere it is a plain line every
 * few seconds. With JSON asked for, stdout carries that and nothing else.
 */
import type { WriteStream } from "node:tty"

const redrawEveryMs = 200
const plainEveryMs = 5_000

/** What of an output stream is used here. */
type Out = Pick<NodeJS.WriteStream, "write"> & Partial<Pick<WriteStream, "isTTY" | "columns">>

export class Screen {
  readonly #out: Out
  readonly #err: Out
  readonly #json: boolean
  #timer: NodeJS.Timeout | null = null
  #isDrawn = false

  constructor(out: Out, err: Out, json: boolean) {
    this.#out = out
    this.#err = err
    this.#json = json
  }

  /** A line of the results, or several. */
  say(text: string): void {
    this.#clear()
    const to = this.#json ? this.#err : this.#out
    to.write(`${text}\n`)
  }

  /** The JSON, to stdout. */
  json(value: unknown): void {
    this.#clear()
    this.#out.write(`${JSON.stringify(value)}\n`)
  }

  /** Shows `line` from now on, asked for anew each time, until `settle`. */
  watch(line: () => string): void {
    this.settle()
    const isTerminal = this.#err.isTTY === true
    const draw = () => {
      if (!isTerminal) return void this.#err.write(`${line()}\n`)
      const width = (this.#err.columns ?? 80) - 1
      this.#err.write(`\r\x1b[K${line().slice(0, width)}`)
      this.#isDrawn = true
    }
    this.#timer = setInterval(draw, isTerminal ? redrawEveryMs : plainEveryMs)
    if (isTerminal) draw()
  }

  /** Ends the progress. */
  settle(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#clear()
  }

  #clear(): void {
    if (this.#isDrawn) this.#err.write("\r\x1b[K")
    this.#isDrawn = false
  }
}
