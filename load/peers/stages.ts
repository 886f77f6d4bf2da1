/**
 * The stages that a decision of Holdfast goes through, and an echo of the floor: what each took of a core, how many decisions share what is sent, how long was waited where, and what of it holds a decision back. Pure.
 */
import { appendMedianMs } from "../end-to-end/worker-page.ts"
import { median } from "../stage/spread.ts"
import { type HeldBackBy, heldBackBy } from "./held-back.ts"
import type { Count } from "./messages.ts"

/** Who had how much of a core: shares of one, but the machine's, which is of all. */
export interface RowCores {
  /** Main threads. */
  readonly client: number
  readonly worker: number
  /** All its threads. */
  readonly server: number
  readonly machine: number
  /** Of all cores, what other programs than the arm and its client had. */
  readonly others: number
  /** Of a core, what had something to do and none to do it on: main threads. */
  readonly clientWaited: number
  readonly workerWaited: number
  readonly heldBackBy: HeldBackBy
}

/** One arm in one cell: medians of its rounds. */
export interface RowStages {
  /** Microseconds of CPU for each decision: main threads of client and worker, all threads of the server. Null where the system doesn't tell. */
  readonly micros: { readonly client: number; readonly worker: number; readonly server: number } | null
  readonly cores: RowCores | null
  /** Microseconds of CPU for each decision, of all threads of the worker. */
  readonly workerMicros: number
  readonly recordCommands: number
  readonly replyCommands: number
  readonly bytesPerCommand: number
  readonly appendMedianMs: number
  readonly appendMs: number
  /** Share of the time for which a partition had an append under way: the mean over those that are asked. */
  readonly appending: number
  /** Means: of a round trip, less an append. Ways between processes, waiting for its turn, being decided. */
  readonly restMs: number
  /** What the worker's own times of replies say of that: from the door's stamp to the reply, less an append. Null: it times none, or what it says can't be. */
  readonly mailboxMs: number | null
  readonly loopLagMs: number
  /** Share of the time for which the worker stood still to collect garbage. */
  readonly collecting: number
}

type Median<A> = (pick: (one: A) => number) => number
const medianOf =
  <A>(all: ReadonlyArray<A>): Median<A> =>
  (pick) =>
    median(all.map(pick))

interface Known extends Count {
  readonly work: NonNullable<Count["work"]>
}

interface KnownCores extends Known {
  readonly cores: NonNullable<Count["cores"]>
}

const hasWork = (count: Count): count is Known => count.work !== null && count.work.batches > 0
const hasCores = (count: Known): count is KnownCores => count.cores !== null && count.decided > 0 && count.cores.machineMs > 0

const microsOf = (of: Median<KnownCores>): NonNullable<RowStages["micros"]> => ({
  client: of(({ cores, decided }) => (cores.client.cpuMs * 1_000) / decided),
  worker: of(({ cores, decided }) => (cores.worker.cpuMs * 1_000) / decided),
  server: of(({ cores, decided }) => (cores.serverCpuMs * 1_000) / decided),
})

/** Least 0: clocks of processes and of cores tick apart. */
const othersOf = ({ cores, clientCpuMs, serverCpuMs }: KnownCores): number =>
  Math.max(0, (cores.machineBusyMs - clientCpuMs - (serverCpuMs ?? 0)) / cores.machineMs)

const appendingOf = ({ work, elapsedMs }: Known, partitions: number): number => work.appendMs / elapsedMs / partitions

const coresOf = (of: Median<KnownCores>, partitions: number): RowCores => {
  const shares = {
    client: of(({ cores }) => cores.client.cpuMs / cores.elapsedMs),
    worker: of(({ cores }) => cores.worker.cpuMs / cores.elapsedMs),
    server: of(({ cores }) => cores.serverCpuMs / cores.elapsedMs),
    machine: of(({ cores }) => cores.machineBusyMs / cores.machineMs),
  }
  const waits = {
    appending: of((count) => appendingOf(count, partitions)),
    appendMs: of(({ work }) => appendMedianMs(work)),
    roundTripMs: of(({ p50Ms }) => p50Ms),
  }
  return {
    ...shares,
    others: of(othersOf),
    clientWaited: of(({ cores }) => cores.client.waitedMs / cores.elapsedMs),
    workerWaited: of(({ cores }) => cores.worker.waitedMs / cores.elapsedMs),
    heldBackBy: heldBackBy({ ...shares, ...waits }),
  }
}

/** How a cell is asked: by so many at once, over so many partitions. */
export interface AskedHow {
  readonly inFlight: number
  readonly partitions: number
}

/** Everybody asks again as soon as an answer is heard, so the mean follows from how many there were. */
const roundTripMs = ({ elapsedMs, decided }: Count, { inFlight }: AskedHow): number => (inFlight * elapsedMs) / decided

const appendMs = ({ work }: Known): number => work.appendMs / work.batches

/** Door and owner each reckon the broker's time for themselves, on a busy machine some milliseconds apart. Where that makes a reply take longer than its caller waited, nothing is told. */
const mailboxMs = (counts: ReadonlyArray<Known>, asked: AskedHow): number | null => {
  const timed = counts.filter(({ work }) => work.timed > 0)
  if (timed.length === 0) return null
  const of = medianOf(timed)
  const replyMs = of(({ work }) => work.timedMs / work.timed)
  return replyMs > of((count) => roundTripMs(count, asked)) ? null : Math.max(0, replyMs - of(appendMs))
}

/** What these rounds come to; null: nothing was told of any. */
export const stagesOf = (counts: ReadonlyArray<Count>, asked: AskedHow): RowStages | null => {
  const known = counts.filter(hasWork)
  if (known.length === 0) return null
  const of = medianOf(known)
  const withCores = known.filter(hasCores)
  const ofCores = withCores.length === 0 ? null : medianOf(withCores)
  return {
    micros: ofCores === null ? null : microsOf(ofCores),
    cores: ofCores === null ? null : coresOf(ofCores, asked.partitions),
    workerMicros: of(({ work }) => (work.cpuMs * 1_000) / work.decided),
    recordCommands: of(({ work }) => work.decided / work.batches),
    replyCommands: of(({ work }) => work.decided / work.replies),
    bytesPerCommand: of(({ work }) => work.recordBytes / work.decided),
    appendMedianMs: of(({ work }) => appendMedianMs(work)),
    appendMs: of(appendMs),
    appending: of((count) => appendingOf(count, asked.partitions)),
    restMs: of((count) => roundTripMs(count, asked) - appendMs(count)),
    mailboxMs: mailboxMs(known, asked),
    loopLagMs: of(({ work }) => work.loopLagMs),
    collecting: of(({ work, elapsedMs }) => work.collectingMs / elapsedMs),
  }
}
