/** The streams of a conformance case as real servers are asked for them: with the very settings that a worker creates them with. */
import type { StreamConfig } from "@nats-io/jetstream"
import { nanos } from "@nats-io/transport-node"
import { type CaseStream, casePartitions, type StreamKind } from "../../../sim/conformance/case.ts"
import { allStreams } from "../../../src/nats/streams.ts"
import { bucketStream, keySubject } from "../../../src/nats/subjects.ts"
import {
  commandsStream,
  journalStream,
  journalSubject,
  leasesBucket,
  manifestSubject,
  snapshotsStream,
  storedOf,
} from "../../../src/wire/subjects.ts"

export const specNames: Readonly<Record<StreamKind, string>> = {
  commands: commandsStream("sku"),
  journal: journalStream("sku", 0),
  otherJournal: journalStream("sku", 1),
  keys: bucketStream(leasesBucket),
  snapshots: snapshotsStream("sku"),
}

/** A subject that the stream takes. */
export const anySubject: Readonly<Record<StreamKind, string>> = {
  commands: storedOf("sku", 0),
  journal: journalSubject("sku", 0),
  otherJournal: journalSubject("sku", 1),
  keys: keySubject(leasesBucket, "probe"),
  snapshots: manifestSubject("sku", 0),
}

const workersConfig = (kind: StreamKind, replicas: 1 | 3): Partial<StreamConfig> => {
  const sizes = { commandsBytesMax: -1, commandsMessagesMax: -1 }
  const found = allStreams({ sku: casePartitions, order: 1 }, replicas, sizes).find(({ config }) => config.name === specNames[kind])
  if (found === undefined) throw new Error(`a worker creates no stream ${specNames[kind]}`)
  return found.config
}

/** The settings that this stream is created with, and what the case changes about them. */
export const streamConfig = (stream: CaseStream, replicas: 1 | 3, name: string): Partial<StreamConfig> & { readonly name: string } => {
  const { duplicateWindowMs, messagesMax, bytesMax, messageBytesMax, markerMs } = stream
  return {
    ...workersConfig(stream.kind, replicas),
    num_replicas: replicas,
    name,
    ...(duplicateWindowMs === undefined ? {} : { duplicate_window: nanos(duplicateWindowMs) }),
    ...(messagesMax === undefined ? {} : { max_msgs: messagesMax }),
    ...(bytesMax === undefined ? {} : { max_bytes: bytesMax }),
    ...(messageBytesMax === undefined ? {} : { max_msg_size: messageBytesMax }),
    ...(markerMs === undefined ? {} : { subject_delete_marker_ttl: nanos(markerMs) }),
  }
}
