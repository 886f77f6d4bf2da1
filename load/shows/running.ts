/** Runs one script of package.json as npm would, in a folder for temporary files of its own, with all that it says in a log there. Decides nothing but when it has had enough time. */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const rootFolder = fileURLToPath(new URL("../../", import.meta.url))

/** How it ended: with code 0; with another, or by a signal of somebody else's; when it had run for longer than it may; because this is being ended. */
export type Ending = "ok" | "BROKEN" | "TOO LONG" | "stopped"

export interface Ended {
  readonly ending: Ending
  readonly code: number | null
  readonly seconds: number
  /** Where what it said is kept; null: it went well, and nothing is. */
  readonly log: string | null
}

export interface Run {
  readonly name: string
  readonly args: (folder: string) => ReadonlyArray<string>
  /** For its log and its temporary files. */
  readonly folder: string
  readonly patienceMs: number
  /** Aborted: it is to end now. */
  readonly stop: AbortSignal
}

/** How long a script may take to end what it has started. */
const endingMs = 45_000

const scripts = (
  JSON.parse(readFileSync(join(rootFolder, "package.json"), "utf8")) as { readonly scripts: Readonly<Record<string, string>> }
).scripts

/** The words of a script that come after `node`. */
const wordsOf = (name: string): ReadonlyArray<string> => {
  const [program, ...words] = scripts[name]?.split(" ") ?? []
  if (program !== "node") throw new Error(`package.json has no script ${name} that node runs`)
  return words
}

const start = ({ name, args, folder }: Run, log: string): ChildProcess => {
  const temporary = join(folder, "tmp")
  mkdirSync(temporary, { recursive: true })
  const logged = openSync(log, "w")
  try {
    return spawn(process.execPath, [...wordsOf(name), ...args(temporary)], {
      cwd: rootFolder,
      env: { ...process.env, TMPDIR: temporary, NO_COLOR: "1" },
      stdio: ["ignore", logged, logged],
    })
  } finally {
    closeSync(logged)
  }
}

/** Runs it to its end. Its folder is removed if that was good, and kept if not. */
export const run = async (what: Run): Promise<Ended> => {
  const { folder, patienceMs, stop } = what
  const log = join(folder, "log")
  const startedMs = performance.now()
  const child = start(what, log)
  let isTooLong = false
  let killTimer: NodeJS.Timeout | undefined
  const end = (): void => {
    child.kill("SIGTERM")
    // What it has started is ended with it, however it ends.
    killTimer ??= setTimeout(() => child.kill("SIGKILL"), endingMs)
  }
  const patience = setTimeout(() => {
    isTooLong = true
    end()
  }, patienceMs)
  stop.addEventListener("abort", end)
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve))
  stop.removeEventListener("abort", end)
  clearTimeout(patience)
  clearTimeout(killTimer)
  const ending = stop.aborted ? "stopped" : isTooLong ? "TOO LONG" : code === 0 ? "ok" : "BROKEN"
  const isWorthKeeping = ending === "BROKEN" || ending === "TOO LONG"
  if (!isWorthKeeping) rmSync(folder, { recursive: true, force: true })
  return { ending, code, seconds: Math.round((performance.now() - startedMs) / 1_000), log: isWorthKeeping ? log : null }
}
