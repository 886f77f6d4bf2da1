/**
 * Who had a core, as Linux counts it: the main thread of a process, a whole process, and all cores on which this process may run. For a share of a core, a moment is taken from a later one.
 */
import { readFileSync } from "node:fs"
import { processCpuMs } from "./process-cpu.ts"

/** The processes through which a decision goes, beside the client, which is this process. */
export interface Parts {
  /** Of Holdfast its worker, of the floor the process that echoes. */
  readonly worker: number
  readonly server: number
}

/** What a thread had and wanted. */
export interface ThreadTimes {
  readonly cpuMs: number
  /** For which it had something to do, and no core. */
  readonly waitedMs: number
}

/** Totals at a moment, or what lies between two. */
export interface CoreTimes {
  readonly elapsedMs: number
  /** Main threads: what else such a process does (collecting, compiling) is done by threads of its own. */
  readonly client: ThreadTimes
  readonly worker: ThreadTimes
  /** All threads of nats-server: which of them serves what can't be told from outside. */
  readonly serverCpuMs: number
  /** What all cores had to do, whoever gave it to them, and all that they could have done. */
  readonly machineBusyMs: number
  readonly machineMs: number
}

const nanosPerMs = 1e6
/** What Linux counts in. */
const tickMs = 10

/** The main thread of a process: nanoseconds on a core and waiting for one. */
const mainThread = (pid: number): ThreadTimes => {
  const [cpu = Number.NaN, waited = Number.NaN] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number)
  return { cpuMs: cpu / nanosPerMs, waitedMs: waited / nanosPerMs }
}

/** The numbers of a list as `0-3,8`. */
export const numbersOf = (list: string): ReadonlyArray<number> =>
  list.split(",").flatMap((part) => {
    const [from = Number.NaN, to = from] = part.split("-").map(Number)
    return Array.from({ length: to - from + 1 }, (_, n) => from + n)
  })

/** Of the page `/proc/stat`, these cores: those of a machine that is bound to some of them aren't ours. A core that waits for a disk is idle; one that the host took isn't. */
export const machineTimes = (page: string, cores: ReadonlyArray<number>): { readonly busyMs: number; readonly allMs: number } => {
  let [busyMs, allMs] = [0, 0]
  for (const [, core, counts = ""] of page.matchAll(/^cpu(\d+) (.+)$/gm)) {
    if (!cores.includes(Number(core))) continue
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in these already.
    const ticks = counts.split(" ").slice(0, 8).map(Number)
    const all = ticks.reduce((sum, count) => sum + count, 0)
    allMs += all * tickMs
    busyMs += (all - (ticks[3] ?? 0) - (ticks[4] ?? 0)) * tickMs
  }
  return { busyMs, allMs }
}

const ownCores = (): ReadonlyArray<number> =>
  numbersOf(/^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "")

/** Totals now; null where the system doesn't tell. */
export const coreTimes = ({ worker, server }: Parts): CoreTimes | null => {
  try {
    const { busyMs, allMs } = machineTimes(readFileSync("/proc/stat", "utf8"), ownCores())
    const serverCpuMs = processCpuMs(server)
    if (serverCpuMs === null) return null
    return {
      elapsedMs: performance.now(),
      client: mainThread(process.pid),
      worker: mainThread(worker),
      serverCpuMs,
      machineBusyMs: busyMs,
      machineMs: allMs,
    }
  } catch {
    return null
  }
}

const threadBetween = (before: ThreadTimes, after: ThreadTimes): ThreadTimes => ({
  cpuMs: after.cpuMs - before.cpuMs,
  waitedMs: after.waitedMs - before.waitedMs,
})

/** What lies between two moments. */
export const coresBetween = (before: CoreTimes, after: CoreTimes): CoreTimes => ({
  elapsedMs: after.elapsedMs - before.elapsedMs,
  client: threadBetween(before.client, after.client),
  worker: threadBetween(before.worker, after.worker),
  serverCpuMs: after.serverCpuMs - before.serverCpuMs,
  machineBusyMs: after.machineBusyMs - before.machineBusyMs,
  machineMs: after.machineMs - before.machineMs,
})
