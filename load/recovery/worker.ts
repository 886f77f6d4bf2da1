/**
 * A worker as a process of its own, seen from outside: what it logs, what its page says, and how much CPU it has used. And what else keeps this machine busy.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { createInterface } from "node:readline"
import { hasEnded } from "../../src/cli/beside.ts"
import { mainFile, workerEnvironment } from "../../src/cli/demo/workers.ts"
import type { EmbeddedServer } from "../../src/nats/embedded.ts"
import { endsWithUs } from "../stage/ends-with-us.ts"

/** Seconds of CPU of a process so far. Linux counts them in hundredths. */
export const cpuSecondsOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")
  return (Number(fields?.[11]) + Number(fields?.[12])) / 100
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export interface SeenWorker {
  readonly pid: number
  /** How often a log line came about SKUs, whose journal is the long one. */
  readonly count: (line: string) => number
  /** Throws, with its last words, if it has ended by itself. */
  readonly checkRunning: () => void
  readonly kill: () => Promise<void>
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (hasEnded(child)) resolve()
    else child.once("exit", () => resolve())
  })

/** Starts a worker with the settings that it has by default; `heard` is told each of its lines. */
export const startWorker = (server: EmbeddedServer, partitions: number, name: string, heard: (line: string) => void): SeenWorker => {
  const env = workerEnvironment(name, server, partitions, { HOLDFAST_LOG: "pretty" })
  const child = spawn(process.execPath, [mainFile, "serve"], { env, stdio: ["ignore", "ignore", "pipe"] })
  const lines: Array<string> = []
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line)
    heard(line)
  })
  endsWithUs(child)
  return {
    pid: child.pid ?? 0,
    count: (line) => lines.filter((one) => one.includes(line) && one.includes(" kind=sku ")).length,
    checkRunning: () => {
      if (hasEnded(child)) throw new Error(`${name} ended by itself: ${lines.slice(-3).join(" | ")}`)
    },
    kill: async () => {
      child.kill("SIGKILL")
      await ended(child)
    },
  }
}

/** Keeps every core busy until it is told to stop, or this process is gone. */
export const startBusyLoops = (): { readonly cores: number; readonly stop: () => Promise<void> } => {
  const cores = availableParallelism()
  const loop = `for (;;) { const until = Date.now() + 100; while (Date.now() < until); if (process.ppid !== ${process.pid}) process.exit() }`
  const children = Array.from({ length: cores }, () => spawn(process.execPath, ["-e", loop], { stdio: "ignore" }))
  process.once("exit", () => {
    for (const child of children) child.kill("SIGKILL")
  })
  return {
    cores,
    stop: async () => {
      for (const child of children) child.kill("SIGKILL")
      await Promise.all(children.map(ended))
    },
  }
}
