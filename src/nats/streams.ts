/**
 * The streams Holdfast lives on: how each is created, and which of its settings safety relies on.
 *
 * A setting that is listed as relied on is compared at every start; one that differs is refused, because it was changed by somebody who may have
 * had a reason. Descriptions are theirs to change, and the size of the commands stream.
 */
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from "@nats-io/jetstream"
import { nanos } from "@nats-io/transport-node"
import { Kind, type PartitionCounts } from "../domain/kinds.ts"
import { storedMessageBytesMax } from "../limits.ts"
import {
  commandsStream,
  feedStream,
  journalPartition,
  journalStream,
  journalSubject,
  leasesBucket,
  marksBucket,
  membersBucket,
  snapshotSubjects,
  snapshotsStream,
  storedOf,
} from "../wire/subjects.ts"
import { bucketStream, keySubject, partitionsNote } from "./subjects.ts"

export interface StreamSpec {
  readonly config: Partial<StreamConfig> & { readonly name: string }
}

export interface StreamSizes {
  /** Bytes of what is stored and undecided, and of what was decided lately: when full, senders of facts hear `busy`. */
  readonly commandsBytesMax: number
  /** Messages of the same; -1: no such limit. */
  readonly commandsMessagesMax: number
}

/** The server's minimum. Ours is not used: an ingress numbers what it stores itself. */
const duplicateWindowMs = 100
/** How long the marker of an expired or deleted key is kept, for whoever was away when it expired. */
const keyMarkerMs = 3_600_000

/** What none of our streams may do: lose messages by age, by their publisher's headers, by being acknowledged before they are stored, or serve reads from a follower. */
const never = {
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  max_age: 0,
  allow_rollup_hdrs: false,
  allow_msg_ttl: false,
  allow_msg_schedules: false,
  allow_direct: false,
  no_ack: false,
  deny_purge: false,
} as const satisfies Partial<StreamConfig>

const commands = (kind: Kind, partitions: number, sizes: StreamSizes): StreamSpec => ({
  config: {
    ...never,
    name: commandsStream(kind),
    description: `Holdfast: facts, policies and operators' commands for actors of kind ${kind}, stored by ingresses, by partition`,
    subjects: [storedOf(kind, "*")],
    metadata: { [partitionsNote]: String(partitions) },
    discard: DiscardPolicy.New,
    max_bytes: sizes.commandsBytesMax,
    max_msgs: sizes.commandsMessagesMax,
    max_msg_size: storedMessageBytesMax,
    max_msgs_per_subject: -1,
    duplicate_window: nanos(duplicateWindowMs),
  },
})

const journal = (kind: Kind, partition: number): StreamSpec => ({
  config: {
    ...never,
    name: journalStream(kind, partition),
    description: `Holdfast: the journal of partition ${partition} of kind ${kind}`,
    subjects: [journalSubject(kind, partition)],
    discard: DiscardPolicy.New,
    deny_delete: true,
    // What is archived may be purged, by the archivist's login alone (config.ts): no worker's may, and a stream that refuses every purge never allows one again.
    deny_purge: false,
    max_msgs: -1,
    max_bytes: -1,
    max_msgs_per_subject: -1,
  },
})

const snapshots = (kind: Kind): StreamSpec => ({
  config: {
    ...never,
    name: snapshotsStream(kind),
    description: `Holdfast: snapshots of kind ${kind}, in chunks, and the manifest of each partition's latest`,
    subjects: [...snapshotSubjects(kind)],
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
  },
})

const feed: StreamSpec = {
  config: {
    ...never,
    name: feedStream,
    description: "Holdfast: ATS, the last value of each channel and SKU; said to channels as it is stored",
    subjects: ["hf.feed.*.*.*"],
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    republish: { src: "hf.feed.*.*.*", dest: "hf.ats.{{wildcard(2)}}.{{wildcard(3)}}" },
  },
}

/** Keys as NATS's key-value stores keep them, but read through the leader only. */
const bucket = (name: string, what: string): StreamSpec => ({
  config: {
    ...never,
    name: bucketStream(name),
    description: `Holdfast: ${what}`,
    subjects: [keySubject(name, ">")],
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    allow_rollup_hdrs: true,
    allow_msg_ttl: true,
    subject_delete_marker_ttl: nanos(keyMarkerMs),
    deny_delete: true,
  },
})

/** The streams of one kind with so many partitions. */
const streamsOf = (kind: Kind, partitions: number, sizes: StreamSizes): ReadonlyArray<StreamSpec> => [
  commands(kind, partitions, sizes),
  ...Array.from({ length: partitions }, (_, partition) => journal(kind, partition)),
  snapshots(kind),
]

/** The streams that are of no kind in particular. */
const shared: ReadonlyArray<StreamSpec> = [
  feed,
  bucket(leasesBucket, "which worker should own a partition"),
  bucket(membersBucket, "which workers are alive"),
  bucket(marksBucket, "incarnation, witness and halt of each partition"),
]

/** All streams that the workers of one kind live on. */
export const streamsFor = (kind: Kind, partitions: number, sizes: StreamSizes): ReadonlyArray<StreamSpec> => [
  ...streamsOf(kind, partitions, sizes),
  ...shared,
]

/** All streams of a cluster with so many partitions. */
export const allStreams = (partitions: PartitionCounts, replicas: number, sizes: StreamSizes): ReadonlyArray<StreamSpec> =>
  [...Kind.flatMap((kind) => streamsOf(kind, partitions[kind], sizes)), ...shared].map(({ config }) => ({
    config: { ...config, num_replicas: replicas },
  }))

/** Settings whose difference is refused. What the specification leaves out must be unset. */
const reliedOn = [
  "subjects",
  "retention",
  "storage",
  "max_age",
  "discard",
  "discard_new_per_subject",
  "max_msgs_per_subject",
  "allow_rollup_hdrs",
  "allow_msg_ttl",
  "allow_msg_schedules",
  "allow_direct",
  "no_ack",
  "deny_delete",
  "deny_purge",
  "sealed",
  "persist_mode",
  "republish",
  "mirror",
  "sources",
  "subject_transform",
] as const satisfies ReadonlyArray<keyof StreamConfig>

/** Equal text for what means the same: the server leaves out what is unset, or answers with its zero. */
const canonical = (value: unknown): string => {
  if (value === undefined || value === null || value === false || value === 0 || value === "" || value === "default") return "unset"
  if (Array.isArray(value) || typeof value !== "object") return JSON.stringify(value)
  return JSON.stringify(
    Object.entries(value)
      .filter(([, field]) => canonical(field) !== "unset")
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** A journal that an earlier release made refuses every purge, for good. It is as safe; what is archived of it stays where it is. */
const isStricterJournal = (stream: string, setting: (typeof reliedOn)[number], found: unknown): boolean =>
  setting === "deny_purge" && found === true && Kind.some((kind) => journalPartition(kind, stream) !== undefined)

export interface Difference {
  readonly setting: string
  readonly expected: string
  readonly found: string
}

const isCommands = (stream: string): boolean => Kind.some((kind) => stream === commandsStream(kind))

/**
 * A limit that none of our streams may have but that of commands, whose senders hear `busy`: a full journal or bucket refuses what nobody can do without (on three servers also what would replace a value), and a full feed
 * silently forgets what channels may sell.
 */
const limitOf = (found: Partial<StreamConfig>): Difference | undefined => {
  for (const setting of ["max_bytes", "max_msgs"] as const) {
    const limit = found[setting] ?? -1
    if (limit > 0) return { setting, expected: "no limit", found: String(limit) }
  }
  return undefined
}

/** The first setting relied on in which a stream differs from how it has to be. */
export const firstDifference = (spec: StreamSpec, found: Partial<StreamConfig>): Difference | undefined => {
  for (const setting of reliedOn) {
    const expected = canonical(spec.config[setting])
    const actual = canonical(found[setting])
    if (isStricterJournal(spec.config.name, setting, found[setting])) continue
    if (expected !== actual) return { setting, expected, found: actual }
  }
  if (!isCommands(spec.config.name)) return limitOf(found)
  const windowMs = (found.duplicate_window ?? 0) / 1_000_000
  return windowMs > duplicateWindowMs
    ? { setting: "duplicate_window", expected: `${duplicateWindowMs} ms`, found: `${windowMs} ms` }
    : undefined
}
