/**
 * Every operation on a SKU as its sender saw it, written down for Porcupine, a line each; and Porcupine's word on them. What a line means stands in tools/porcupine.
 */
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { goProgram } from "../../../tools/go-program.ts"

export const HistoryOp = ["ReceiveStock", "Reserve", "Confirm", "Release"] as const
export type HistoryOp = (typeof HistoryOp)[number]

/** One command, from its first sending to its answer. Nanoseconds of one clock; `return` is null where no answer came. */
export interface HistoryLine {
  readonly sku: string
  readonly id: string
  readonly client: number
  readonly op: HistoryOp
  readonly reservation: string
  readonly qty: number
  readonly call: number
  readonly return: number | null
  readonly outcome: string
  readonly reason: string
  readonly ats: number | null
}

export const nowNs = (): number => Math.round(performance.now() * 1_000_000)

const bufferedCharsMax = 65_536

export class History {
  readonly file: string
  readonly #fd: number
  #buffered = ""
  operations = 0
  unknown = 0

  constructor(folder: string) {
    this.file = join(folder, "history.jsonl")
    this.#fd = openSync(this.file, "w")
  }

  write(line: HistoryLine): void {
    this.operations++
    if (line.return === null) this.unknown++
    this.#buffered += `${JSON.stringify(line)}\n`
    if (this.#buffered.length > bufferedCharsMax) this.#flush()
  }

  close(): void {
    this.#flush()
    closeSync(this.#fd)
  }

  #flush(): void {
    writeSync(this.#fd, this.#buffered)
    this.#buffered = ""
  }
}

const checker = fileURLToPath(new URL("../../../tools/porcupine", import.meta.url))

/** The program, built if it isn't there yet, or its sources are others. */
const porcupine = (): string => {
  const sources = readdirSync(checker).toSorted()
  const hash = createHash("sha256")
  for (const file of sources) hash.update(readFileSync(join(checker, file)))
  return goProgram({
    name: "porcupine-check",
    version: hash.digest("hex").slice(0, 12),
    module: checker,
    package: ".",
    takes: "some seconds, and what it downloads",
  })
}

/** What Porcupine found. */
export interface PorcupineSaid {
  readonly skus: number
  readonly operations: number
  readonly unknown: number
  readonly illegal: number
  readonly undecided: number
  readonly seconds: number
  /** SKUs that have no order, or none that was found in time. */
  readonly named: ReadonlyArray<string>
}

/** Puts a closed history to Porcupine. Rejects if it can't be run or read. */
export const askPorcupine = (file: string, limit: string): Promise<PorcupineSaid> =>
  new Promise((resolve, reject) => {
    execFile(porcupine(), ["-limit", limit, file], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const lines = stdout.trim().split("\n")
      try {
        const sum = JSON.parse(lines.pop() ?? "") as Omit<PorcupineSaid, "named">
        resolve({ ...sum, named: lines })
      } catch {
        reject(new Error(`Porcupine could not judge the history: ${stderr || (error?.message ?? stdout)}`))
      }
    })
  })
