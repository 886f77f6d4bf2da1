/** Calls the simulator's command line as a process of its own, in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { textOf } from "../../processes.ts"

const main = resolve(import.meta.dirname, "../../../sim/main.ts")

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Call {
  readonly child: ChildProcess
  /** Resolves once this much was said on stderr. */
  readonly said: (pattern: RegExp) => Promise<void>
  readonly ended: Promise<Ended>
}

/** Starts it in the folder. */
export const start = (folder: string, args: ReadonlyArray<string>): Call => {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] })
  const waiting: Array<{ readonly pattern: RegExp; readonly resolve: () => void; readonly reject: (why: Error) => void }> = []
  const look = () => {
    for (const one of waiting) if (one.pattern.test(err())) one.resolve()
  }
  const out = textOf(child.stdout)
  const err = textOf(child.stderr, look)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code) => {
      for (const one of waiting) one.reject(new Error(`it ended with ${code} before it said ${one.pattern}:\n${err()}`))
      resolve({ code, out: out(), err: err() })
    })
  })
  const said = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ pattern, resolve, reject })
      look()
    })
  return { child, said, ended }
}

/** Gives `use` a folder that is gone afterwards. */
export const inFolder = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-sim-"))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Calls it in a folder that is gone afterwards. */
export const call = (...args: ReadonlyArray<string>): Promise<Ended> => inFolder((folder) => start(folder, args).ended)
