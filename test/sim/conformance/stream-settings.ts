/** The streams of a conformance case as real servers are asked for them: with the very settings that a worker creates them with. */
import type { StreamConfig } from "@nats-io/jetstream"
import { nanos } from "@nats-io/transport-node"
import { type CaseStream, casePartitions, type StreamKind } from "../../../sim/conformance/case.ts"
import { allStreams } from "../../../src/nats/streams.ts"
import {
  bucketStream,
  commandsStream,
  journalStream,
  journalSubject,
  keySubject,
  leasesBucket,
  manifestSubject,
  snapshotsStream,
  storedOf,
} from "../../../src/nats/subjects.ts"

export const specNames: Readonly<Record<StreamKind, string>> = {
  commands: commandsStream,
  journal: journalStream(0),
  otherJournal: journalStream(1),
  keys: bucketStream(leasesBucket),
  snapshots: snapshotsStream,
}

/** A subject that the stream takes. */
export const anySubject: Readonly<Record<StreamKind, string>> = {
  commands: storedOf(0),
  journal: journalSubject(0),
  otherJournal: journalSubject(1),
  keys: keySubject(leasesBucket, "probe"),
  snapshots: manifestSubject(0),
}

/** The settings that a worker creates this stream with, and what the case changes about them. */
export const streamConfig = (stream: CaseStream, replicas: 1 | 3, name: string): Partial<StreamConfig> & { readonly name: string } => {
  const specName = specNames[stream.kind]
  const sizes = { commandsBytesMax: -1, commandsMessagesMax: -1 }
  const found = allStreams(casePartitions, replicas, sizes).find(({ config }) => config.name === specName)
  if (found === undefined) throw new Error(`a worker creates no stream ${specName}`)
  const { duplicateWindowMs, messagesMax, bytesMax, messageBytesMax, markerMs } = stream
  return {
    ...found.config,
    name,
    ...(duplicateWindowMs === undefined ? {} : { duplicate_window: nanos(duplicateWindowMs) }),
    ...(messagesMax === undefined ? {} : { max_msgs: messagesMax }),
    ...(bytesMax === undefined ? {} : { max_bytes: bytesMax }),
    ...(messageBytesMax === undefined ? {} : { max_msg_size: messageBytesMax }),
    ...(markerMs === undefined ? {} : { subject_delete_marker_ttl: nanos(markerMs) }),
  }
}
