/**
 * One point of a series without a broker, in a process of its own: what a filled system costs beside an empty one, by turns; what it holds; and what its recovery takes. Told as one message to whoever started it.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { PerformanceObserver } from "node:perf_hooks"
import type { StoredRecord } from "../../src/engine/records.ts"
import { cpuSeconds, load, replay, writeSnapshot } from "../recovery/replaying.ts"
import { median, type Spread, spreadOf } from "../stage/spread.ts"
import type { Size } from "./axes.ts"
import { EngineSystem } from "./engine-system.ts"

export interface EngineAsk {
  readonly size: Size
  /** What it is compared with. */
  readonly empty: Size
  readonly rounds: number
}

/** What one point comes to. Seconds are CPU of one thread. */
export interface EnginePoint {
  /** Commands a second, of those of the empty system. */
  readonly rate: Spread
  readonly microsPerCommand: number
  readonly heapBytes: number
  /** The longest single step of an owner that serves, and of one that recovers or writes a snapshot. */
  readonly longestStepMs: number
  readonly longestRecoveryStepMs: number
  /** The longest that all stood still for the collector, by the clock. */
  readonly longestCollectionMs: number
  readonly records: number
  readonly journalBytes: number
  readonly replaySeconds: number
  /** Of merely parsing the same bytes. */
  readonly parseSeconds: number
  readonly loadSeconds: number
}

const batchesPerRound = 4

const heldBytes = (): number => {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const mustBeAccepted = ({ outcomes }: EngineSystem): void => {
  const others = [...outcomes].filter(([outcome]) => outcome !== "accepted")
  if (others.length > 0) throw new Error(`not all was accepted: ${JSON.stringify(others)}`)
}

/** The longest collection from now on until it is asked for. */
const watchCollections = () => {
  let longestMs = 0
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestMs = Math.max(longestMs, duration)
  })
  observer.observe({ entryTypes: ["gc"] })
  return async () => {
    // Entries are told in a later turn.
    await new Promise((resolve) => setTimeout(resolve, 20))
    observer.disconnect()
    return longestMs
  }
}

const measureBeside = (grown: EngineSystem, empty: EngineSystem, rounds: number) => {
  const ratios: Array<number> = []
  const micros: Array<number> = []
  let longestStepMs = 0
  // The first is for the compilers.
  for (let round = -1; round < rounds; round++) {
    const [beside, ours] = [empty.measure(batchesPerRound), grown.measure(batchesPerRound)]
    if (round < 0) continue
    ratios.push(beside.micros / ours.micros)
    micros.push(ours.micros)
    longestStepMs = Math.max(longestStepMs, ours.longestMs)
  }
  return { rate: spreadOf(ratios), microsPerCommand: median(micros), longestStepMs }
}

const parseSecondsOf = (records: ReadonlyArray<StoredRecord>): number => {
  const decoder = new TextDecoder()
  const began = cpuSeconds()
  for (const { bytes } of records) if (JSON.parse(decoder.decode(bytes)) === null) throw new Error("a record is null")
  return cpuSeconds() - began
}

const recover = (records: ReadonlyArray<StoredRecord>) => {
  const replayed = replay(records)
  const written = writeSnapshot(replayed.partition)
  const loaded = load(written.manifest, written.chunks)
  return {
    records: records.length,
    journalBytes: records.reduce((sum, { bytes }) => sum + bytes.length, 0),
    replaySeconds: replayed.meter.seconds,
    parseSeconds: parseSecondsOf(records),
    loadSeconds: loaded.meter.seconds,
    longestRecoveryStepMs: Math.max(replayed.meter.longestMs, written.meter.longestMs, loaded.meter.longestMs),
  }
}

const measurePoint = async ({ size, empty, rounds }: EngineAsk): Promise<EnginePoint> => {
  const small = new EngineSystem(empty, () => undefined)
  const before = heldBytes()
  const records: Array<StoredRecord> = []
  let isFilling = true
  const grown = new EngineSystem(size, (record) => {
    if (isFilling) records.push(record)
  })
  isFilling = false
  const heapBytes = heldBytes() - before - records.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const collections = watchCollections()
  const beside = measureBeside(grown, small, rounds)
  const longestCollectionMs = await collections()
  mustBeAccepted(grown)
  return { ...beside, heapBytes, longestCollectionMs, ...recover(records) }
}

process.on("message", (ask: EngineAsk) => {
  measurePoint(ask).then(
    (point) => process.send?.(point, () => process.disconnect()),
    (cause: unknown) => {
      console.error(cause)
      process.exit(1)
    },
  )
})
process.on("disconnect", () => process.exit())
