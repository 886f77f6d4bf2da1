/**
 * What a small world is made of: what is sent, what may go wrong and how often, and one state of the whole of it.
 *
 * Shapes and their names only: what may happen in a state is in moves.ts, what has to hold in properties.ts.
 */
import type { CommandClass } from "../../src/domain/names.ts"
import type { CommandMessage, SnapshotManifest } from "../../src/engine/protocol.ts"
import type { SkuOutput } from "../../src/kinds/sku/types.ts"
import { type Doors, doorsKey } from "./doors.ts"
import type { Journal } from "./journals.ts"
import type { Mind } from "./minds.ts"

/** A command that may be sent once; its sender may retry it, byte for byte. */
export interface Template {
  readonly name: string
  readonly sender: string
  readonly class: CommandClass
  readonly command: Readonly<Record<string, unknown>>
  /** Sent only after the template of this name was. */
  readonly after?: string
  /** Whether the sender may send it again. */
  readonly retried?: boolean
  /** Instead, and where there are no doors: an ingress stores the same bytes again, for it doesn't know what became of them. */
  readonly storedAgain?: boolean
}

/** How often each thing may happen in one history. They make the world finite. */
export interface Bounds {
  /** Times a worker is told to claim, beyond the claims that the world begins with. */
  readonly claims: number
  readonly crashes: number
  /** Times an append's answer is given up, whatever became of the append. */
  readonly timeouts: number
  readonly retries: number
  readonly leaseLosses: number
  /** Times the commands stream loses its newest messages, one or several. */
  readonly tailLosses: number
  /** Times an ingress dies; its waiting for a frame or a store is given up, or the answer lost; the stream is full for one message. */
  readonly doorCrashes: number
  readonly silences: number
  readonly storeFaults: number
}

/** Nothing of it: what a history begins with, and what a world allows that names no more. */
export const none: Bounds = Object.freeze({
  claims: 0,
  crashes: 0,
  timeouts: 0,
  retries: 0,
  leaseLosses: 0,
  tailLosses: 0,
  doorCrashes: 0,
  silences: 0,
  storeFaults: 0,
})

/** Which of the worker's errands take time, during which anything else may happen. What is not named is done at once. */
export interface Slow {
  readonly replies: boolean
  readonly feed: boolean
  readonly marks: boolean
  /** Whether a worker may hear several things before it looks at the clock again; otherwise it looks after each. */
  readonly ticks: boolean
}

/** One configuration to explore. */
export interface SmallWorld {
  readonly name: string
  /** What it is for, for people. */
  readonly about: string
  /** What the journal's server looks at first: one replica compares the expected sequence, three know a message id before that. */
  readonly looksFirstAt: "sequence" | "id"
  /** Decided before the exploration begins, with worker a serving; null to begin with an empty journal. */
  readonly setup: ReadonlyArray<Template> | null
  readonly templates: ReadonlyArray<Template>
  /** Milliseconds after the beginning that the clock may be moved on to, one after the other. */
  readonly clocksMs: ReadonlyArray<number>
  readonly bounds: Bounds
  readonly slow: Slow
  /** What a claimant reads first. */
  readonly readsFirst: "marks" | "end"
  /**
   * What a reading does whose stream lost its tail: breaks, of which its worker hears, as real readings do; or goes on where it was, with what now has those
   * sequences, and nobody is told.
   */
  readonly afterTailLoss: "breaks" | "reads on"
  /** Records between two snapshots; none are written unless a world says so. */
  readonly snapshotEveryRecords: number
  /** Whether commands come through two ingresses, or lie in the stream by themselves, each alone in a message. */
  readonly entry: "stored" | "doors"
  /** States after which the exploration gives up, and says so. */
  readonly statesMax: number
}

/** An append as it was handed over. */
export interface HandedOver {
  readonly id: number
  readonly expectedSeq: number
  readonly messageId: string
  readonly bytes: Uint8Array
  readonly hash: string
}

/** An append whose answer its worker waits for. */
export interface Call {
  readonly append: HandedOver
  /** The answer on its way back; null while the append has not reached the journal. */
  readonly answer: { readonly _tag: "Acked"; readonly seq: number; readonly duplicate: boolean } | { readonly _tag: "Refused" } | null
}

/** What a claimant is told from outside the journal. */
export interface Marks {
  readonly incarnation: string | null
  readonly witness: { readonly seq: number; readonly hash: string } | null
  readonly key: string
}

/** A mark that is to be written: an incarnation, or a witness over the one that its writer knows of. */
export type Marking = Extract<SkuOutput, { readonly _tag: "StoreIncarnation" | "StoreWitness" }>

/** What the feed holds for a channel: the last value stored, whoever sent it. */
export interface FeedValue {
  readonly channel: string
  readonly sku: string
  readonly ats: number
  readonly version: number
}

/** Chunks stored so far, and the snapshot that was published last. */
export interface Shelf {
  readonly chunks: ReadonlyArray<{ readonly snapshot: string; readonly hash: string; readonly bytes: Uint8Array }>
  readonly manifest: SnapshotManifest | null
  readonly key: string
}

/** Something a worker asked for and has not heard of yet. */
export type Want = { readonly id: number } & (
  | { readonly _tag: "ClaimBasis"; readonly ask: number; readonly sinceSeq: number; readonly marks: Marks }
  | { readonly _tag: "Records"; readonly fromSeq: number; readonly toSeq: number }
  | { readonly _tag: "JournalEnd"; readonly seq: number; readonly sinceSeq: number }
  /** `before`: the stream as it was when it lost its tail since the question; the answer may be from then. */
  | { readonly _tag: "CommandAt"; readonly seq: number; readonly before: Stream | null }
  | { readonly _tag: "Republish"; readonly fromSeq: number; readonly toSeq: number }
  | { readonly _tag: "Replies"; readonly seq: number; readonly answers: number }
  | { readonly _tag: "Feed"; readonly group: number; readonly values: Extract<SkuOutput, { readonly _tag: "SendFeed" }>["values"] }
  | { readonly _tag: "Mark"; readonly marking: Marking; readonly text: string }
)

/** One worker, and what is under way for it. */
export interface WorkerState {
  readonly mind: Mind
  /** Next record it will hear of by following; 0 if it doesn't follow. */
  readonly followSeq: number
  /** Next command it will hear of; 0 if it reads none. */
  readonly readSeq: number
  /** Whether its reading broke, of which it has not heard. */
  readonly broken: boolean
  readonly wants: ReadonlyArray<Want>
  readonly calls: ReadonlyArray<Call>
}

/** The commands stream, as a tree like the journals: equal streams are one object. */
export interface Stream {
  readonly id: number
  readonly messages: ReadonlyArray<CommandMessage>
  /** The stream before its newest message; null for the empty one. */
  readonly parent: Stream | null
  /** Which template each message is of. */
  readonly templates: ReadonlyArray<number>
  readonly children: Map<string, Stream>
}

export type Used = { readonly [K in keyof Bounds]: number }

/** One state of the world. */
export interface State {
  readonly journal: Journal
  readonly stream: Stream
  readonly marks: Marks
  /** By channel, in a fixed order. Kept only where a world's feed takes time. */
  readonly feed: ReadonlyArray<FeedValue>
  readonly shelf: Shelf
  /** Messages sent so far, those included that the stream has lost. Each has a number of its own. */
  readonly sends: number
  /** A bit for each number of a message whose reply was heard. */
  readonly answered: number
  readonly clockMs: number
  readonly used: Used
  readonly workers: readonly [WorkerState, WorkerState]
  /** Appends on their way whose worker no longer waits for them: they may be stored any time, or never. */
  readonly loose: ReadonlyArray<HandedOver>
  /** Null in worlds without ingresses, and before they are there. */
  readonly doors: Doors | null
}

const workerKey = ({ mind, followSeq, readSeq, broken, wants, calls }: WorkerState): string => {
  let text = `${mind.id},${followSeq},${readSeq}${broken ? "!" : ""}`
  for (const { id } of wants) text += `,${id}`
  for (const { append, answer } of calls)
    text +=
      answer === null ? `;${append.id}` : answer._tag === "Refused" ? `;${append.id}r` : `;${append.id}a${answer.seq}${answer.duplicate}`
  return text
}

/**
 * The name of a state: equal exactly for states in which the same can happen. Which worker is called a and which b is left out: they differ in nothing
 * but what happened to them, owners being numbered by claim.
 */
export const stateKey = ({ journal, stream, marks, feed, shelf, sends, answered, clockMs, used, workers, loose, doors }: State): string => {
  const a = workerKey(workers[0])
  const b = workerKey(workers[1])
  const counts = `${used.claims},${used.crashes},${used.timeouts},${used.retries},${used.leaseLosses},${used.tailLosses},${used.doorCrashes},${used.silences},${used.storeFaults}`
  const said = feed.map(({ channel, ats, version }) => `${channel}${ats}@${version}`).join(",")
  const around = `${journal.id},${stream.id},${marks.key},${said},${shelf.key},${sends},${answered},${clockMs},${counts}`
  return `${around}|${a < b ? a : b}|${a < b ? b : a}|${loose.map(({ id }) => id).join(",")}|${doors === null ? "" : doorsKey(doors)}`
}
