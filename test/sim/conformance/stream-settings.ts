/** The streams of a conformance case as real servers are asked for them: with the very settings that a worker creates them with, or did in an earlier release. */
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from "@nats-io/jetstream"
import { nanos } from "@nats-io/transport-node"
import { type CaseStream, casePartitions, type StreamKind } from "../../../sim/conformance/case.ts"
import { bodyBytesMax } from "../../../src/limits.ts"
import { allStreams } from "../../../src/nats/streams.ts"
import { bucketStream, formerCommandsStream, formerCommandsTaken, formerCommandsTransform, keySubject } from "../../../src/nats/subjects.ts"
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
  formerCommands: formerCommandsStream,
  journal: journalStream("sku", 0),
  otherJournal: journalStream("sku", 1),
  keys: bucketStream(leasesBucket),
  snapshots: snapshotsStream("sku"),
}

/** A subject that the stream takes. */
export const anySubject: Readonly<Record<StreamKind, string>> = {
  commands: storedOf("sku", 0),
  formerCommands: "hf.cmd.probe.sell.PROBE",
  journal: journalSubject("sku", 0),
  otherJournal: journalSubject("sku", 1),
  keys: keySubject(leasesBucket, "probe"),
  snapshots: manifestSubject("sku", 0),
}

/** Room for the headers of a message of a sender: they were his own, and counted. */
const commandHeadersBytesMax = 8_192

/**
 * As workers of an earlier release created it. No worker creates it any more, and it lay in the senders' account, where its subjects were published by senders; here one login that
 * may do everything makes it and publishes there. What the server makes of a message does not depend on whose it is.
 */
const formerCommands: Partial<StreamConfig> = {
  subjects: [formerCommandsTaken],
  subject_transform: formerCommandsTransform(casePartitions),
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  max_age: 0,
  max_bytes: -1,
  max_msgs: -1,
  max_msg_size: bodyBytesMax + commandHeadersBytesMax,
  max_msgs_per_subject: -1,
  duplicate_window: nanos(100),
  allow_rollup_hdrs: false,
  allow_msg_ttl: false,
  allow_msg_schedules: false,
  allow_direct: false,
  no_ack: false,
  deny_purge: false,
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
    ...(stream.kind === "formerCommands" ? formerCommands : workersConfig(stream.kind, replicas)),
    num_replicas: replicas,
    name,
    ...(duplicateWindowMs === undefined ? {} : { duplicate_window: nanos(duplicateWindowMs) }),
    ...(messagesMax === undefined ? {} : { max_msgs: messagesMax }),
    ...(bytesMax === undefined ? {} : { max_bytes: bytesMax }),
    ...(messageBytesMax === undefined ? {} : { max_msg_size: messageBytesMax }),
    ...(markerMs === undefined ? {} : { subject_delete_marker_ttl: nanos(markerMs) }),
  }
}
