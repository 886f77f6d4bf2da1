/**
 * CPU of processes and of all that they started, as Linux counts it: in ticks of ten milliseconds. Postgres works in a process for each connection, and Redis rewrites its file in another.
 */
import { readdirSync, readFileSync } from "node:fs"

const tickMs = 10

interface Counted {
  readonly parent: number
  readonly cpuMs: number
}

const counted = (pid: string): Counted | null => {
  try {
    // The name before it stands in parentheses and may hold any character.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return { parent: Number(fields[1]), cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs }
  } catch {
    return null
  }
}

/** Milliseconds of CPU of one process so far, all its threads; null where the system doesn't tell. */
export const processCpuMs = (pid: number): number | null => counted(String(pid))?.cpuMs ?? null

/** Milliseconds of CPU so far, of all of them and what they started; null where the system doesn't tell. */
export const treeCpuMs = (pids: ReadonlyArray<number>): number | null => {
  let names: ReadonlyArray<string>
  try {
    names = readdirSync("/proc").filter((name) => /^\d+$/.test(name))
  } catch {
    return null
  }
  const all = new Map<number, Counted>()
  for (const name of names) {
    const one = counted(name)
    if (one !== null) all.set(Number(name), one)
  }
  const isOurs = (pid: number, depth = 0): boolean =>
    pids.includes(pid) || (depth < names.length && pid > 1 && isOurs(all.get(pid)?.parent ?? 0, depth + 1))
  let cpuMs = 0
  for (const [pid, one] of all) if (isOurs(pid)) cpuMs += one.cpuMs
  return cpuMs
}
