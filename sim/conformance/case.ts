/**
 * What a conformance case is made of: streams, steps, and nothing that runs. The same case is played on the model and on real servers, and
 * whoever plays it writes one line for each thing that it was told.
 */

/** Which of Holdfast's streams a case uses. On real servers it is created with the very settings that a worker creates it with. */
export type StreamKind = "commands" | "journal" | "otherJournal" | "keys" | "snapshots"

/** One of Holdfast's streams, and what this case wants different about it. */
export interface CaseStream {
  readonly kind: StreamKind
  readonly duplicateWindowMs?: number
  readonly messagesMax?: number
  readonly bytesMax?: number
  readonly messageBytesMax?: number
  readonly markerMs?: number
}

/** How many partitions the commands streams of every case have. */
export const casePartitions = 8

/** A message as its publisher sends it, and what he expects. */
export interface Publish {
  readonly subject: string
  readonly body?: string
  /** `name: value` lines. */
  readonly headers?: string
  readonly id?: string
  readonly lastSeq?: number
  readonly lastSubjectSeq?: number
  readonly lastSubjectFilter?: string
  readonly ttlMs?: number
}

export type PublishStep = { readonly do: "publish" } & Publish

export type Step =
  | PublishStep
  /** Several at once: nobody waits for an answer before the next is sent. */
  | { readonly do: "send"; readonly messages: ReadonlyArray<Publish> }
  /** From here on what three servers accept stays on its way: two of them stand still. One server doesn't know such a state. */
  | { readonly do: "hold" }
  /** All that was on its way arrives. */
  | { readonly do: "release" }
  | { readonly do: "pass"; readonly ms: number }
  /** Time passes until the stream has come to this. */
  | { readonly do: "until"; readonly lastSeq?: number; readonly count?: number }
  | { readonly do: "at"; readonly seq: number }
  | { readonly do: "last"; readonly subject: string }
  /** The first message from a sequence on whose subject the filter takes. */
  | { readonly do: "next"; readonly seq: number; readonly filter: string }
  /** All of a filter in order, from a sequence on, or only the newest of every subject. */
  | { readonly do: "read"; readonly from: number | "latest"; readonly filter: string }
  | { readonly do: "purge"; readonly filter: string; readonly before?: number }
  | { readonly do: "delete"; readonly seq: number }
  | { readonly do: "info" }
  /** One server is killed and started again. */
  | { readonly do: "restart" }
  /** Another of three becomes leader, with nothing on its way. */
  | { readonly do: "stepDown" }
  /** The leader of three is killed. Nobody answers until another was elected. Ends a hold. */
  | { readonly do: "loseLeader" }
  /** The leader of three stands still, and does not know that another is elected. It gets what is published until then. */
  | { readonly do: "freezeLeader" }
  | { readonly do: "untilLeader" }
  /** The leader that stood still goes on, and hears of the other. */
  | { readonly do: "thawLeader" }
  /** The steps from here on are about another stream of the case. */
  | { readonly do: "use"; readonly kind: StreamKind }

export interface Case {
  /** What the server does, as policy. */
  readonly name: string
  readonly streams: readonly [CaseStream, ...ReadonlyArray<CaseStream>]
  readonly steps: ReadonlyArray<Step>
  /** Whether one server and three answer differently. */
  readonly differs: boolean
  /** Only for so many servers; for both unless given. */
  readonly only?: 1 | 3
  /** Why more than one outcome is allowed, where the servers race: then what was on its way may be stored or not. */
  readonly races?: string
}
