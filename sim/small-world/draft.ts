/**
 * A state in the making: what one move changes, performed output by output as whoever runs a partition would, and what was noticed on the way.
 *
 * The state it began from stays as it was. What takes time becomes a want or a call; everything else is done at once. What leaves the engine is judged here at that moment: every
 * decision that a reply names must be journaled by then.
 */
import { unreachable } from "../../src/assert.ts"
import type { SkuInput, SkuOutput, SkuReply } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { type DoorMinds, sayOfAttempt } from "./doors.ts"
import type { Journal, Journals } from "./journals.ts"
import { answerText, freeQty } from "./ledger.ts"
import type { Minds } from "./minds.ts"
import type { HandedOver, Marking, Marks, Shelf, SmallWorld, State, Stream, Want, WorkerState } from "./small-world.ts"

/** When every small world begins. */
export const startMs = 1_800_000_000_000

type WithoutTime<T> = T extends unknown ? Omit<T, "nowMs" | "wallMs"> : never
export type Told = WithoutTime<SkuInput>
type WantBody = WithoutTimeAndId<Want>
type WithoutTimeAndId<T> = T extends unknown ? Omit<T, "id"> : never
type Of<Tag extends SkuOutput["_tag"]> = Extract<SkuOutput, { readonly _tag: Tag }>

type Shelving = Of<"StoreChunk" | "PublishSnapshot" | "DiscardSnapshot">
type Saying = Of<"SendReplies" | "SendFeed" | "SayBusy" | "StoreWitness" | "StoreIncarnation">
/** What asks something of the journal or of the commands stream, and what nobody here hears. */
type Question = Of<
  | "ReadClaimBasis"
  | "ReadRecords"
  | "ReadJournalEnd"
  | "ReadForRepublish"
  | "ReadCommandAt"
  | "PauseReading"
  | "ResumeReading"
  | "PurgeCommands"
  | "ReadRecalled"
  | "Throttle"
  | "ClearHalt"
  | "BatchConfirmed"
  | "Alarm"
>

/** What all states of one exploration share: everything there is one of for equal contents. */
export interface Ground {
  readonly world: SmallWorld
  readonly minds: Minds
  readonly journals: Journals
  readonly wants: Map<string, Want>
  readonly appends: Map<string, HandedOver>
  readonly doorMinds: DoorMinds
  readonly emptyStream: Stream
  streams: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export interface Draft extends Omit<Mutable<State>, "used" | "workers" | "loose"> {
  readonly used: Mutable<State["used"]>
  readonly workers: [Mutable<WorkerState>, Mutable<WorkerState>]
  loose: ReadonlyArray<HandedOver>
  /** What the move broke, and the rare things that happened in it. */
  readonly wrong: Array<string>
  readonly reached: Array<string>
}

/** `answer`: it is under way and happens by itself. `late`: it may never happen. `chance`: somebody outside decides it, as often as the bounds allow. */
type MoveKind = "answer" | "late" | "chance"

/** Hears of every move: what it is called, and what becomes of the state. */
export type OnMove = (kind: MoveKind, name: string, draft: Draft) => void

export const bothWorkers = [0, 1] as const

export const draftOf = (state: State): Draft => ({
  ...state,
  used: { ...state.used },
  workers: [{ ...state.workers[0] }, { ...state.workers[1] }],
  wrong: [],
  reached: [],
})

export const stateOf = ({ wrong: _wrong, reached: _reached, ...state }: Draft): State => state

const internWant = (ground: Ground, key: string, make: () => WantBody): Want => {
  const seen = ground.wants.get(key)
  if (seen !== undefined) return seen
  const want: Want = { ...make(), id: ground.wants.size + 1 }
  ground.wants.set(key, want)
  return want
}

/** Keeps wants in the order of their ids: which was asked first makes no difference, for any may be answered first. */
const ask = (ground: Ground, worker: Mutable<WorkerState>, key: string, make: () => WantBody): void => {
  worker.wants = [...worker.wants, internWant(ground, key, make)].sort((a, b) => a.id - b.id)
}

/** Asks what the commands stream holds; `before` as in {@link Want}. */
export const askCommandAt = (ground: Ground, worker: Mutable<WorkerState>, seq: number, before: Stream | null): void =>
  ask(ground, worker, `CommandAt ${seq} ${before?.id ?? "-"}`, () => ({ _tag: "CommandAt", seq, before }))

const internAppend = (ground: Ground, { expectedSeq, messageId, bytes }: Of<"Append">): HandedOver => {
  const hash = engineCodec.sha256(bytes)
  const key = `${messageId} ${hash}`
  const seen = ground.appends.get(key)
  if (seen !== undefined) return seen
  const append: HandedOver = { id: ground.appends.size + 1, expectedSeq, messageId, bytes, hash }
  ground.appends.set(key, append)
  return append
}

export const marksWith = (before: Marks, change: Partial<Marks>): Marks => {
  const incarnation = change.incarnation ?? before.incarnation
  const witness = change.witness ?? before.witness
  return { incarnation, witness, key: `${incarnation ?? "-"}/${witness === null ? "-" : `${witness.seq}${witness.hash.slice(0, 8)}`}` }
}

/** A reply must be the journaled decision of the record it names, by the time it leaves. */
const judgeReplies = (draft: Draft, { seq, replies }: Of<"SendReplies">): void => {
  const journal: Journal | undefined = draft.journal.line[seq - 1]
  for (const { sender, suffix, decisions } of replies) {
    const said = decisions.map((decision) => answerText(decision)).join(", ")
    const journaled = journal?.answers.get(`${sender}.${suffix}`)?.join(", ")
    if (journaled !== said)
      draft.wrong.push(`heard means journaled: ${sender} hears "${said}" of record ${seq}, which says "${journaled ?? "nothing"}"`)
    if (decisions.some(({ repeated }) => repeated === true)) draft.reached.push("a duplicate answered as repeated")
  }
}

const judgeFeed = (draft: Draft, { values }: Of<"SendFeed">): void => {
  for (const { channel, ats, version } of values) {
    const ledger = draft.journal.line[version - 1]?.ledger
    const free = ledger === undefined ? undefined : ledger.channels.includes(channel) ? Math.max(0, freeQty(ledger)) : 0
    if (free !== ats)
      draft.wrong.push(`heard means journaled: ${channel} is offered ${ats} as of record ${version}, where ${free} are free`)
  }
}

/** A bit for each message that a list of replies answers. Suffixes end with the message's number. */
const answersIn = (replies: ReadonlyArray<SkuReply>): number => {
  let bits = 0
  for (const { suffix } of replies) bits |= 1 << (Number(suffix.slice(2)) - 1)
  return bits
}

const textOf = (witness: Marks["witness"]): string => (witness === null ? "-" : `${witness.seq} ${witness.hash}`)

/** A mark is written: an incarnation over whatever stands, a witness only over the one its writer knows of. */
export const storeMark = (ground: Ground, draft: Draft, w: 0 | 1, marking: Marking): void => {
  if (marking._tag === "StoreIncarnation") {
    draft.marks = marksWith(draft.marks, { incarnation: marking.incarnation })
    return
  }
  const { witness, over } = marking
  const before = draft.marks.witness
  if (textOf(before) === textOf(over) && witness.seq > (before?.seq ?? 0)) draft.marks = marksWith(draft.marks, { witness })
  else draft.reached.push("a witness that stands against another")
  const stands = draft.marks.witness
  hear(ground, draft, w, `WitnessStored ${textOf(stands)}`, () => ({ _tag: "WitnessStored", stands }))
}

const mark = (ground: Ground, draft: Draft, w: 0 | 1, marking: Marking, text: string): void => {
  if (!ground.world.slow.marks) storeMark(ground, draft, w, marking)
  else ask(ground, draft.workers[w], `Mark ${text}`, () => ({ _tag: "Mark", marking, text }))
}

/** The shelf with these chunks and this snapshot. */
const shelfOf = (chunks: Shelf["chunks"], manifest: Shelf["manifest"]): Shelf => {
  const key = `${chunks.map(({ snapshot, hash }) => `${snapshot}${hash.slice(0, 8)}`).join(",")}/${manifest?.id ?? "-"}${manifest?.endHash.slice(0, 8) ?? ""}`
  return { chunks, manifest, key }
}

export const emptyShelf: Shelf = shelfOf([], null)

/** Snapshots are put on the shelf at once: what takes time is the walk over the state, slice by slice. */
const performSnapshot = (ground: Ground, draft: Draft, w: 0 | 1, output: Shelving): void => {
  const { chunks, manifest } = draft.shelf
  switch (output._tag) {
    case "StoreChunk": {
      const { snapshot, index, bytes } = output
      draft.shelf = shelfOf([...chunks, { snapshot, hash: engineCodec.sha256(bytes), bytes }], manifest)
      hear(ground, draft, w, `ChunkStored ${snapshot} ${index}`, () => ({ _tag: "ChunkStored", snapshot, index }))
      return
    }
    case "PublishSnapshot": {
      const { id, endSeq, endHash } = output.manifest
      draft.reached.push("a snapshot published")
      if (draft.journal.line[endSeq - 1]?.hash !== endHash)
        draft.wrong.push(`a snapshot holds what is confirmed: ${id} ends with a record ${endSeq} that is not in the journal`)
      const own = chunks.filter(({ snapshot }) => snapshot === id)
      draft.shelf = shelfOf(own, output.manifest)
      return
    }
    case "DiscardSnapshot":
      draft.reached.push("a snapshot discarded")
      draft.shelf = shelfOf(
        chunks.filter(({ snapshot }) => snapshot !== output.id),
        manifest?.id === output.id ? null : manifest,
      )
      return
    default:
      return unreachable(output)
  }
}

/** Nothing is under way any more. What was handed over may still be stored. */
const giveUp = (ground: Ground, draft: Draft, w: 0 | 1): void => {
  const worker = draft.workers[w]
  const onTheirWay = worker.calls.filter(({ answer }) => answer === null).map(({ append }) => append)
  worker.calls = []
  worker.wants = []
  worker.followSeq = 0
  worker.readSeq = 0
  worker.broken = false
  letLoose(ground, draft, onTheirWay)
}

/** A life that has just begun. */
export const beginLife = (ground: Ground, draft: Draft, w: 0 | 1): void => {
  const worker = draft.workers[w]
  giveUp(ground, draft, w)
  worker.mind = ground.minds.newborn
  const { manifest, chunks, key } = draft.shelf
  if (manifest === null) {
    hear(ground, draft, w, "SnapshotMissing", () => ({ _tag: "SnapshotMissing" }))
    return
  }
  const own = chunks.filter(({ snapshot }) => snapshot === manifest.id).map(({ bytes }) => bytes)
  draft.reached.push("a life begun from a snapshot")
  hear(ground, draft, w, `SnapshotRead ${key}`, () => ({ _tag: "SnapshotRead", manifest, chunks: own }))
}

/**
 * Appends nobody waits for any more. One that the journal has passed is refused whenever it arrives, and nobody hears of it: it is let go of. Journals
 * only grow here, and a message id that is known stays known.
 */
export const letLoose = (_ground: Ground, draft: Draft, appends: ReadonlyArray<HandedOver>): void => {
  const alive = [...draft.loose, ...appends].filter(({ expectedSeq }) => expectedSeq >= draft.journal.endSeq)
  draft.loose = alive.sort((a, b) => a.id - b.id)
}

/** The parts of an output that ask something of the journal or of the commands stream. */
const performQuestion = (ground: Ground, draft: Draft, worker: Mutable<WorkerState>, output: Question): void => {
  const sinceSeq = draft.journal.endSeq
  switch (output._tag) {
    case "ReadClaimBasis": {
      const { marks } = draft
      ask(ground, worker, `ClaimBasis ${output.ask} ${sinceSeq} ${marks.key}`, () => ({
        _tag: "ClaimBasis",
        ask: output.ask,
        sinceSeq,
        marks,
      }))
      return
    }
    case "ReadRecords": {
      const { fromSeq, toSeq } = output
      // A reading to the end takes the place of an earlier one.
      worker.wants = worker.wants.filter(({ _tag }) => _tag !== "Records")
      ask(ground, worker, `Records ${fromSeq} ${toSeq}`, () => ({ _tag: "Records", fromSeq, toSeq }))
      return
    }
    case "ReadJournalEnd":
      ask(ground, worker, `JournalEnd ${output.seq} ${sinceSeq}`, () => ({ _tag: "JournalEnd", seq: output.seq, sinceSeq }))
      return
    case "ReadForRepublish": {
      const { fromSeq, toSeq } = output
      ask(ground, worker, `Republish ${fromSeq} ${toSeq}`, () => ({ _tag: "Republish", fromSeq, toSeq }))
      return
    }
    case "ReadCommandAt":
      askCommandAt(ground, worker, output.seq, null)
      return
    // Streams here neither purge nor pause, nothing is packed, and nobody listens to the rest.
    case "PauseReading":
    case "ResumeReading":
    case "PurgeCommands":
    case "ReadRecalled":
    case "Throttle":
    case "ClearHalt":
    case "BatchConfirmed":
    case "Alarm":
      return
    default:
      return unreachable(output)
  }
}

/** The parts of an output that say something to others. */
const performSaying = (ground: Ground, draft: Draft, w: 0 | 1, output: Question | Saying): void => {
  const worker = draft.workers[w]
  switch (output._tag) {
    case "SendReplies": {
      judgeReplies(draft, output)
      const { seq } = output
      const answers = answersIn(output.replies)
      if (ground.world.slow.replies) ask(ground, worker, `Replies ${seq} ${answers}`, () => ({ _tag: "Replies", seq, answers }))
      else {
        draft.answered |= answers
        hear(ground, draft, w, `RepliesSent ${seq}`, () => ({ _tag: "RepliesSent", seq }))
      }
      return
    }
    case "SendFeed": {
      judgeFeed(draft, output)
      const { group, values } = output
      const key = `Feed ${group} ${values.map(({ channel, ats, version }) => `${channel}${ats}@${version}`).join(",")}`
      if (ground.world.slow.feed) ask(ground, worker, key, () => ({ _tag: "Feed", group, values }))
      else hear(ground, draft, w, `FeedSent ${group}`, () => ({ _tag: "FeedSent", group }))
      return
    }
    case "SayBusy":
      for (const { reply } of output.messages) sayOfAttempt(draft, reply, "busy")
      return
    case "StoreWitness":
      mark(ground, draft, w, output, `witness ${textOf(output.witness)} over ${textOf(output.over)}`)
      return
    case "StoreIncarnation":
      mark(ground, draft, w, output, `incarnation ${output.incarnation}`)
      return
    default:
      return performQuestion(ground, draft, worker, output)
  }
}

const perform = (ground: Ground, draft: Draft, w: 0 | 1, output: SkuOutput): void => {
  const worker = draft.workers[w]
  switch (output._tag) {
    case "Append":
      worker.calls = [...worker.calls, { append: internAppend(ground, output), answer: null }]
      return
    case "FollowJournal":
      // Both: the partition begins to hear anew.
      worker.followSeq = output.fromSeq
      worker.wants = worker.wants.filter(({ _tag }) => _tag !== "Records")
      return
    case "StopFollowing":
      worker.followSeq = 0
      worker.wants = worker.wants.filter(({ _tag }) => _tag !== "Records")
      return
    case "ReadCommands":
      worker.readSeq = output.fromSeq
      worker.broken = false
      return
    case "Serving":
      if (draft.workers[1 - w]?.mind.partition.phase === "serving") draft.reached.push("two workers believe they serve")
      return
    case "WatchFeed":
      for (const { channel, sku, version, ats } of draft.feed)
        hear(ground, draft, w, `FeedSeen ${channel} ${version} ${ats}`, () => ({
          _tag: "FeedSeen",
          channel,
          key: sku,
          version,
          shown: ats,
        }))
      return
    case "SteppedDown":
      draft.reached.push(`stepped down: ${output.reason}`)
      // A life that is over does and hears nothing, just like one that has begun and heard nothing yet, so both are one state.
      beginLife(ground, draft, w)
      return
    case "Halted":
      draft.wrong.push(`no halt without a cause, ${output.halt.reason}: ${output.halt.detail}`)
      return
    case "ContinueSoon":
      hear(ground, draft, w, "Continue", () => ({ _tag: "Continue" }))
      return
    case "ClaimEnded":
      draft.reached.push(`a claim ended: ${output.reason}`)
      return
    case "ReignEnded":
      draft.reached.push(`a reign ended: ${output.reason}`)
      giveUp(ground, draft, w)
      return
    // No small world of one kind has anything to carry.
    case "SendCarried":
    case "SendReturns":
      return
    case "StoreChunk":
    case "PublishSnapshot":
    case "DiscardSnapshot":
      performSnapshot(ground, draft, w, output)
      return
    default:
      return performSaying(ground, draft, w, output)
  }
}

/** The lease was got, and that is heard of at once: what time it is at the broker is known before anything is claimed. */
export const hearClaim = (ground: Ground, draft: Draft, w: 0 | 1, owner: string, incarnation: string): void => {
  const brokerMs = startMs + draft.clockMs
  hear(ground, draft, w, "BrokerTimeSeen", () => ({ _tag: "BrokerTimeSeen", brokerMs }))
  hear(ground, draft, w, `Claim ${owner}`, () => ({ _tag: "Claim", owner, incarnation }))
}

/** Tells a worker something, and has performed what it answers. `key` names what is told. */
export const hear = (ground: Ground, draft: Draft, w: 0 | 1, key: string, told: () => Told): void => {
  const worker = draft.workers[w]
  const nowMs = startMs + draft.clockMs
  const { mind, outputs } = ground.minds.step(
    worker.mind,
    `${draft.clockMs} ${key}`,
    () => ({ ...told(), nowMs, wallMs: nowMs }) as SkuInput,
  )
  worker.mind = mind
  for (const output of outputs) perform(ground, draft, w, output)
  if (!ground.world.slow.ticks && key !== "Tick") hear(ground, draft, w, "Tick", () => ({ _tag: "Tick" }))
}
