/**
 * How much of its time this machine had to spare while a sale was played: what tells commands that a slow machine left without an answer from commands that Holdfast did.
 */
import { cpus } from "node:os"

/** What the machine's processors have counted so far, in milliseconds of all of them together. */
export interface ProcessorTimes {
  readonly allMs: number
  readonly idleMs: number
}

/** The part of the processors' time below which the machine had none to spare, in percent. */
export const idlePercentMin = 10

/** The processors of this machine, as they are counted now. */
export const processorTimes = (): ProcessorTimes => {
  let [allMs, idleMs] = [0, 0]
  for (const { times } of cpus()) {
    allMs += times.user + times.nice + times.sys + times.irq + times.idle
    idleMs += times.idle
  }
  return { allMs, idleMs }
}

/** The part of the time in between that was idle, in whole percent. Where nothing was counted, all of it: then nobody can say that the machine was slow. */
export const idlePercentBetween = (before: ProcessorTimes, after: ProcessorTimes): number => {
  const allMs = after.allMs - before.allMs
  return allMs > 0 ? Math.round((100 * (after.idleMs - before.idleMs)) / allMs) : 100
}
