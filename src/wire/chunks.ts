/**
 * Chunks of a snapshot as they are read back: each field is looked at before the engine takes it for its own state.
 *
 * Written by hand, because there are millions of things in a large snapshot and loading is what they are for: a schema's decoder takes several times as long. It says no more and no less than the
 * schema that it is held to by a test, and each shape is tied to the engine's type. What is of a kind, its rows, is read by a file of that kind. Whether what is read
 * fits together is no matter here: the hash of the snapshot's end vouches for that.
 */
import { Schema } from "effect"
import { CommandClass } from "../domain/names.ts"
import { type LineTold, RefusalReason } from "../domain/refusals.ts"
import type { Chunk } from "../engine/chunks.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { RememberedRow } from "../engine/memory.ts"
import type { DecidedMeanwhile, QuarantinedCommand } from "../engine/partition.ts"
import { FloorClass, type RememberedDecision } from "../engine/records.ts"
import { commandVersion, type Versioned } from "./command-json.ts"
import { byTag, bytes, type Is, listOf, nullOr, object, oneOf, text, type UnionMember, type Unread, whole } from "./shapes.ts"

/** What of a kind stands in chunks. */
interface Rows<K extends KindTypes> {
  readonly actorRow: Is<K["actorRow"]>
  readonly partRow: Is<K["partRow"]>
  /** What is remembered of an accepted command. */
  readonly accepted: Is<UnionMember<RememberedDecision<K>, "outcome", "accepted">>
  /** Few commands wait in quarantine: they are read by the schema of records. */
  readonly command: Schema.Codec<Versioned<K["command"]>>
}

type OutcomeOf<Word extends RememberedDecision["outcome"]> = UnionMember<RememberedDecision, "outcome", Word>

const isLineTold = object<LineTold>({ sku: text, qty: whole }, { refundQty: whole, reason: oneOf(RefusalReason), ats: whole })

const otherOutcomes = {
  refused: object<OutcomeOf<"refused">>(
    { reason: oneOf(RefusalReason) },
    { field: text, ats: whole, policyVersion: whole, order: text, lines: listOf(isLineTold) },
  ),
  expired: object<OutcomeOf<"expired">>({}),
  quarantined: object<OutcomeOf<"quarantined">>({ quarantined: text }),
  dropped: object<OutcomeOf<"dropped">>({ reason: text }),
}

type ChunkOf<Kind extends Chunk["kind"]> = UnionMember<Chunk, "kind", Kind>
type ItemOf<Kind extends "underWay" | "owed" | "decisions"> = ChunkOf<Kind>["items"][number]

const floorClass = oneOf(FloorClass)

/** What there are millions of is read without a table: each field by its name. */
const decisionOf =
  (isOutcome: Is<RememberedDecision>): Is<RememberedRow> =>
  (value) => {
    if (typeof value !== "object" || value === null) return false
    const given: Unread<RememberedRow, "id" | "key" | "hash" | "outcome" | "step" | "class" | "seq" | "place"> = value
    return (
      typeof given.id === "string" &&
      typeof given.key === "string" &&
      Number.isSafeInteger(given.hash) &&
      isOutcome(given.outcome) &&
      Number.isSafeInteger(given.step) &&
      floorClass(given.class) &&
      Number.isSafeInteger(given.seq) &&
      Number.isSafeInteger(given.place)
    )
  }

const quarantinedOf = (isCommand: Is<QuarantinedCommand["command"]>, isOutcome: Is<RememberedDecision>) =>
  object<QuarantinedCommand>(
    {
      id: text,
      sender: text,
      class: oneOf(CommandClass),
      reply: nullOr(text),
      command: isCommand,
      cause: text,
      atMs: whole,
    },
    { onBehalf: text, decided: object<DecidedMeanwhile>({ hash: whole, outcome: isOutcome }) },
  )

/** What is under way stands in the words of the actor that carries it, and of the one it is for: nothing of that is looked at here. */
const plain: Is<object> = (value) => typeof value === "object" && value !== null

const isUnderWay = object<ItemOf<"underWay">>(
  {
    id: text,
    to: object<ItemOf<"underWay">["to"]>({ kind: text, partition: whole }),
    key: text,
    onBehalf: text,
    atMs: whole,
    command: plain,
    from: text,
    ref: plain,
    seq: whole,
  },
  { trace: text },
)

const isOwed = object<ItemOf<"owed">>({
  sender: text,
  class: oneOf(CommandClass),
  key: text,
  id: text,
  hash: whole,
  issuedAtMs: whole,
  seq: whole,
  replies: listOf(text),
})

type Meta = ChunkOf<"meta">

/** The chunk of a kind's partition that a value is; undefined if any of its fields isn't what the engine writes there. */
export const chunkReaderOf = <K extends KindTypes>(kind: Rows<K>): ((value: unknown) => Chunk<K> | undefined) => {
  // Whatever a kind's rows are, nothing else here depends on it: what follows is written for any, as the engine is.
  const { actorRow, partRow, accepted, command } = kind as unknown as Rows<KindTypes>
  const isSpelled = Schema.is(command)
  const isCommand: Is<KindTypes["command"]> = (value) =>
    typeof value === "object" && value !== null && isSpelled({ v: commandVersion, ...value })
  const isOutcome = byTag<RememberedDecision, "outcome">("outcome", { accepted, ...otherOutcomes })
  const isDecision = decisionOf(isOutcome)
  const isChunk = byTag<Chunk, "kind">("kind", {
    actors: object<ChunkOf<"actors">>({ seq: whole, items: listOf(actorRow) }),
    parts: object<ChunkOf<"parts">>({ seq: whole, items: listOf(partRow) }),
    decisions: object<ChunkOf<"decisions">>({
      seq: whole,
      items: listOf(object<ItemOf<"decisions">>({ sender: text, decision: isDecision })),
    }),
    ended: object<ChunkOf<"ended">>({
      seq: whole,
      of: listOf(object<ChunkOf<"ended">["of"][number]>({ channel: text, rows: whole })),
      bytes,
    }),
    packed: object<ChunkOf<"packed">>({ seq: whole, sender: text, class: floorClass, bytes }),
    underWay: object<ChunkOf<"underWay">>({ seq: whole, items: listOf(isUnderWay) }),
    owed: object<ChunkOf<"owed">>({ seq: whole, items: listOf(isOwed) }),
    meta: object<Meta>(
      {
        seq: whole,
        floors: listOf(object<Meta["floors"][number]>({ sender: text, class: floorClass, floorMs: whole })),
        quarantine: listOf(quarantinedOf(isCommand, isOutcome)),
      },
      { ingresses: listOf(object<NonNullable<Meta["ingresses"]>[number]>({ ingress: text, serial: whole })), droppedToSeq: whole },
    ),
  })
  return (value) => (isChunk(value) ? (value as Chunk<K>) : undefined)
}
