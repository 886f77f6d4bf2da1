/**
 * `holdfast topology`: who owns what, how far each partition is, what waits, and what the broker doesn't guarantee. Read from the broker itself, so it
 * answers without any worker.
 */

import * as Clock from "effect/Clock"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Kind, type PartitionCounts } from "../domain/kinds.ts"
import { counted } from "../domain/telling.ts"
import type { StoredRecord } from "../engine/records.ts"
import { engineLayer } from "../nats/layer.ts"
import { Archive, JournalRoom } from "../ports/archive.ts"
import { Cluster, Commands, Journals, type Member } from "../ports/broker.ts"
import { archiveBytesOf, archivedEnd } from "../retention/keep-journal.ts"
import { engineCodec, orderCodec } from "../wire/codec.ts"
import { commandsStream, journalStream } from "../wire/subjects.ts"
import { engineAccess } from "./access.ts"
import { archiveFlag, namedArchive, presentFolder } from "./archive-folder.ts"
import { describeFailure } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { isoTime, jsonFlag, printJson, printLine, table } from "./print.ts"

export interface PartitionRow {
  readonly kind: Kind
  readonly partition: number
  readonly journal: string
  /** Who holds the lease; null: nobody. */
  readonly owner: string | null
  readonly epoch: number
  /** The last record, and its journaled time; 0: none. */
  readonly endSeq: number
  readonly atMs: number
  /** The first record that the stream still holds, and its bytes there; what was before is archived. */
  readonly firstSeq: number
  readonly journalBytes: number
  /** Bytes that a day adds by what the stream holds and the journaled time it is about; null: it spans too little to tell. */
  readonly bytesPerDay: number | null
  /** What the archive that was named holds of it: its last record and bytes; null: none was named, or nothing is archived. */
  readonly archive: { readonly archivedSeq: number; readonly bytes: number } | null
  /** Messages stored and not decided, the commands in them (null: too many to look into, or they could not be read in time), and the age of the oldest. */
  readonly lagMessages: number
  readonly lagCommands: number | null
  readonly lagMs: number
  /** Why nobody may serve it, if so. */
  readonly halt: string | null
}

export interface TopologySeen {
  readonly partitions: ReadonlyArray<PartitionRow>
  readonly workers: ReadonlyArray<Member>
  /** The streams in which commands wait that are stored. */
  readonly commands: ReadonlyArray<string>
  readonly warnings: ReadonlyArray<string>
}

const dayMs = 24 * 3_600_000

/** Milliseconds that the broker gets to say what it holds. What it hasn't said by then is nobody's. */
const sayMs = 2_000

/** The holders of all leases that were ever taken. */
const holders = Effect.fnUntraced(function* (partitions: number) {
  const cluster = yield* Cluster
  const found = new Map<number, string | null>()
  yield* cluster.leases.pipe(
    Stream.runForEachWhile(({ partition, holder }) => Effect.sync(() => found.set(partition, holder).size < partitions)),
    Effect.timeoutOrElse({ duration: sayMs, orElse: () => Effect.void }),
  )
  return found
})

const codecs = { sku: engineCodec, order: orderCodec } as const

const recordIn = (kind: Kind, stored: StoredRecord | null) => {
  const decoded = stored === null ? null : codecs[kind].decodeRecord(stored.bytes)
  return decoded?._tag === "Record" ? decoded.record : null
}

const lastRecord = Effect.fnUntraced(function* (kind: Kind, partition: number) {
  const journals = yield* Journals
  const endSeq = yield* journals.endSeq(partition)
  const stored = endSeq === 0 ? null : yield* journals.at(partition, endSeq)
  return { endSeq, record: recordIn(kind, stored) }
})

/** Journaled time that growth can be told from, at least. */
const growthMsMin = 60_000

/** How much of the journal there is, and what a day adds to it. */
const roomOf = Effect.fnUntraced(function* (kind: Kind, partition: number, endAtMs: number) {
  const { firstSeq, bytes } = yield* (yield* JournalRoom).held(partition)
  const record = recordIn(kind, yield* (yield* Journals).at(partition, firstSeq))
  const archive = yield* Effect.serviceOption(Archive)
  const manifest =
    Option.isNone(archive) || record === null ? null : yield* archive.value.manifest({ partition, incarnation: record.incarnation })
  // Time begins with the first commands: the records before have none.
  const spanMs = record === null || record.atMs === 0 ? 0 : endAtMs - record.atMs
  return {
    firstSeq,
    journalBytes: bytes,
    bytesPerDay: spanMs < growthMsMin ? null : Math.round((bytes / spanMs) * dayMs),
    archive: manifest === null ? null : { archivedSeq: archivedEnd(manifest).seq, bytes: archiveBytesOf(manifest) },
  }
})

/** Stored messages that are looked into, to count the commands in them. */
const lookedIntoMax = 256

/** Commands in one stored message, of SKUs (those of orders are never stored): those of every sender's message that its ingress put into it. What can't be read is one, for it waits as such. */
export const commandsIn = (body: Uint8Array): number => {
  const decoded = engineCodec.decodeBatch(body)
  if (decoded._tag !== "Batch") return 1
  return decoded.batch.messages.reduce((sum, { body: of }) => sum + (of._tag === "Commands" ? of.commands.length : 1), 0)
}

/** The commands in so many stored messages behind a sequence; null: there are too many to look into, or they were not read in time. */
export const commandsWaiting = Effect.fnUntraced(function* (partition: number, afterSeq: number, messages: number) {
  if (messages === 0) return 0
  if (messages > lookedIntoMax) return null
  let [commands, seen] = [0, 0]
  const counted = (yield* Commands).read(partition, afterSeq + 1).pipe(
    Stream.runForEachWhile((arrived) =>
      Effect.sync(() => {
        for (const { body } of arrived.slice(0, messages - seen)) commands += commandsIn(body)
        seen += arrived.length
        return seen < messages
      }),
    ),
    Effect.as(true),
    Effect.timeoutOrElse({ duration: sayMs, orElse: () => Effect.succeed(false) }),
    Effect.catchTag("BrokerUnavailable", () => Effect.succeed(false)),
  )
  return (yield* counted) ? commands : null
})

const lookAt = Effect.fnUntraced(function* (kind: Kind, partition: number, owner: string | null) {
  const { endSeq, record } = yield* lastRecord(kind, partition)
  const waiting = yield* (yield* Commands).waiting(partition, record?.cursor.seq ?? 0)
  const { halt } = yield* (yield* Cluster).marks(partition)
  const nowMs = yield* Clock.currentTimeMillis
  const seen: PartitionRow = {
    kind,
    partition,
    journal: journalStream(kind, partition),
    owner,
    epoch: record?.epoch ?? 0,
    endSeq,
    atMs: record?.atMs ?? 0,
    ...(yield* roomOf(kind, partition, record?.atMs ?? 0)),
    lagMessages: waiting.count,
    lagCommands: yield* commandsWaiting(partition, record?.cursor.seq ?? 0, waiting.count),
    lagMs: waiting.oldestMs === null ? 0 : Math.max(0, nowMs - waiting.oldestMs),
    halt: halt === null ? null : `${halt.reason}: ${halt.detail}`,
  }
  return seen
})

/** The partitions of one kind, and who works for it. */
const lookAtKind = Effect.fnUntraced(function* (kind: Kind, partitions: number) {
  const cluster = yield* Cluster
  const members = yield* Stream.runHead(cluster.members).pipe(Effect.timeoutOption(sayMs))
  const owners = yield* holders(partitions)
  const seen = yield* Effect.forEach(
    Array.from({ length: partitions }, (_, partition) => partition),
    (partition) => lookAt(kind, partition, owners.get(partition) ?? null),
    { concurrency: 8 },
  )
  return { seen, workers: members._tag === "Some" && members.value._tag === "Some" ? members.value.value : [] }
})

const whatIsNotKept = Effect.fnUntraced(function* (counts: PartitionCounts, replicas: number) {
  return yield* (yield* Cluster).prepare({ partitions: counts, replicas }).pipe(
    Effect.map((prepared) => prepared.warnings),
    Effect.catchTag("TopologyMismatch", (mismatch) => Effect.succeed([describeFailure(mismatch)])),
  )
})

const look = Effect.fnUntraced(function* ({ nats, counts, replicas }: Effect.Success<typeof engineAccess>, archive: string | null) {
  const warnings = yield* whatIsNotKept(counts, replicas).pipe(Effect.provide(engineLayer(nats)))
  const found = yield* Effect.forEach(Kind, (kind) =>
    Effect.flatMap(namedArchive(archive, kind), (archived) =>
      lookAtKind(kind, counts[kind]).pipe(Effect.provide(Layer.merge(engineLayer({ ...nats, kind }), archived))),
    ),
  )
  // A worker works for every kind, and is a member of each.
  const workers = new Map(found.flatMap(({ workers: of }) => of).map((member) => [member.worker, member]))
  const topology: TopologySeen = {
    partitions: found.flatMap(({ seen }) => seen),
    workers: [...workers.values()],
    commands: Kind.map(commandsStream),
    warnings,
  }
  return topology
})

const roomText = ({ partitions }: TopologySeen): string => {
  const rows = partitions.map((one) => [
    one.kind,
    one.partition,
    one.endSeq === 0 ? "none" : `${one.firstSeq} to ${one.endSeq}`,
    one.journalBytes,
    one.bytesPerDay ?? "",
    one.archive?.archivedSeq ?? "",
    one.archive?.bytes ?? "",
  ])
  return table(["kind", "partition", "records held", "journal bytes", "bytes a day", "archived up to", "archive bytes"], rows)
}

/** What was seen, for people. */
export const topologyText = (seen: TopologySeen): string => {
  const { partitions, workers, commands, warnings } = seen
  const rows = partitions.map((one) => [
    one.kind,
    one.partition,
    one.owner ?? "nobody",
    one.epoch,
    one.endSeq,
    one.atMs === 0 ? "" : isoTime(one.atMs),
    one.lagCommands ?? "many",
    one.lagMessages,
    one.lagMs,
    one.journal,
    one.halt ?? "",
  ])
  return [
    `Commands are in ${commands.join(" and ")}; ${counted(workers.length, "worker")} ${workers.length === 1 ? "is" : "are"} alive`,
    ...workers.map(({ worker, address }) => `  ${worker}  ${address}`),
    "",
    table(
      ["kind", "partition", "owner", "epoch", "record", "at", "commands waiting", "in messages", "oldest ms", "journal", "halted"],
      rows,
    ),
    "",
    roomText(seen),
    "",
    ...(warnings.length === 0 ? ["The broker guarantees what it should."] : warnings.map((warning) => `NOT GUARANTEED: ${warning}`)),
  ].join("\n")
}

const description = `Show partitions with their owners, records and what waits to be decided, how much room their journals take and how fast they grow, the workers that are alive, and what the broker does not guarantee.

Needs a worker's access, as for \`serve\`; asks the broker itself, so it answers when no worker does.`

export const topologyCommand = Command.make(
  "topology",
  { archive: archiveFlag, json: jsonFlag },
  Effect.fn(function* ({ archive, json }) {
    // A folder that isn't there is said before a cluster is looked for.
    yield* presentFolder(archive, "--archive")
    const topology = yield* look(yield* engineAccess, archive)
    yield* json ? printJson(topology) : printLine(topologyText(topology))
  }),
).pipe(Command.withDescription(helpText(description)))
