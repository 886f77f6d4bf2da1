/**
 * Creates what is missing of the cluster's streams and checks what is there, before anything is read or appended.
 *
 * Nothing that exists is ever changed here: a setting that differs was set by somebody, and the partition count decides which journal holds a SKU.
 */
import { JetStreamApiError, type JetStreamManager, type StreamInfo } from "@nats-io/jetstream"
import { assert } from "../assert.ts"
import type { PartitionCounts } from "../domain/kinds.ts"
import { payloadBytesMax } from "../limits.ts"
import { TopologyMismatch } from "../ports/errors.ts"
import { marksBucket } from "../wire/subjects.ts"
import type { Link } from "./connection.ts"
import { describe, isNameInUse, isNoRoom, isStreamMissing } from "./errors.ts"
import { guaranteesMissing, type StreamLooks } from "./guarantees.ts"
import { agreeOnPartitions, refuseUnkinded } from "./partition-count.ts"
import { allStreams, firstDifference, type StreamSizes, type StreamSpec } from "./streams.ts"
import { bucketStream, engineAccount } from "./subjects.ts"

export interface TopologyOptions {
  readonly partitions: PartitionCounts
  readonly replicas: number
  readonly sizes: StreamSizes
  readonly monitorUrls: ReadonlyArray<string>
  /** Whether what the servers don't guarantee is refused before anything is created. */
  readonly strict: boolean
  /** The number of the first message in a stream that is made now; 1 unless said. */
  readonly firstSeq?: (stream: string) => number
}

/** Streams created or checked at once. */
const concurrency = 8
/** The server's numbers for: more replicas than servers. */
const replicasImpossible = new Set([10_005, 10_074])

/** What a stream is; null: there is none of that name. */
export const streamInfoOrNull = (jsm: JetStreamManager, stream: string): Promise<StreamInfo | null> =>
  jsm.streams.info(stream).catch((error: unknown) => {
    if (isStreamMissing(error)) return null
    throw error
  })

const requireJetStream = async (link: Link): Promise<void> => {
  try {
    await link.jsm.getAccountInfo()
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "JetStreamNotEnabled") throw error
    throw new TopologyMismatch({
      what: `JetStream in account ${engineAccount}`,
      expected: "enabled",
      found: "disabled, or this account's user may not use it",
      remedy: `start nats-server with a jetstream block and "jetstream: enabled" in account ${engineAccount}, as in deploy/nats`,
    })
  }
}

const requirePayload = (link: Link): void => {
  const found = link.nc.info?.max_payload ?? 0
  if (found >= payloadBytesMax) return
  throw new TopologyMismatch({
    what: "max_payload of the server",
    expected: `at least ${payloadBytesMax} bytes`,
    found: `${found} bytes`,
    remedy: "remove max_payload from the server's configuration (1 MiB is its default): a journal record must fit one message",
  })
}

const create = async (jsm: JetStreamManager, spec: StreamSpec): Promise<StreamInfo> => {
  try {
    return await jsm.streams.add({ ...spec.config })
  } catch (error) {
    // Another worker made it between our look and our attempt, not quite like ours: it is checked like any other.
    if (isNameInUse(error)) return jsm.streams.info(spec.config.name)
    if (isNoRoom(error))
      throw new TopologyMismatch({
        what: `room for stream ${spec.config.name}`,
        expected: "what the account and the servers may still store",
        found: describe(error),
        remedy: "raise the account's limits or the servers' max_file_store, or make room on their disks",
      })
    if (!(error instanceof JetStreamApiError) || !replicasImpossible.has(error.code)) throw error
    throw new TopologyMismatch({
      what: `replicas of ${spec.config.name}`,
      expected: String(spec.config.num_replicas),
      found: describe(error),
      remedy: "run as many servers as replicas in one cluster, or set HOLDFAST_REPLICAS lower",
    })
  }
}

const createOrCheck = async ({ jsm }: Link, spec: StreamSpec): Promise<StreamInfo> => {
  const { name } = spec.config
  const found = (await streamInfoOrNull(jsm, name)) ?? (await create(jsm, spec))
  const difference = firstDifference(spec, found.config)
  if (difference === undefined) return found
  throw new TopologyMismatch({
    what: `${difference.setting} of stream ${name} in account ${engineAccount}`,
    expected: difference.expected,
    found: difference.found,
    remedy: `set it back (nats stream edit ${name}); if that is not possible, or the stream isn't Holdfast's, use another cluster`,
  })
}

/** What the servers don't guarantee of these streams, in words. */
const missingOf = (link: Link, infos: ReadonlyArray<StreamLooks>, options: TopologyOptions) => {
  const info = link.nc.info
  return guaranteesMissing(infos, options.monitorUrls, { name: info?.server_name ?? "?", version: info?.version ?? "?" })
}

/** Of a cluster that isn't made yet: refused before anything is, so that nothing has to be taken back. */
const requireGuarantees = async (link: Link, marks: StreamSpec, options: TopologyOptions): Promise<void> => {
  if ((await streamInfoOrNull(link.jsm, marks.config.name)) !== null) return
  const { name, num_replicas: replicas } = marks.config
  const missing = await missingOf(link, [{ config: { name, ...(replicas === undefined ? {} : { num_replicas: replicas }) } }], options)
  if (missing.length === 0) return
  throw new TopologyMismatch({
    what: "durability",
    expected: "strict: that nothing acknowledged can be lost",
    found: missing.join("; "),
    remedy: "mend that, or set HOLDFAST_DURABILITY=warn; nothing was created",
  })
}

/** Makes or checks the bucket of marks alone, and says in it how many partitions there are. */
export const prepareMarks = async (link: Link, options: TopologyOptions): Promise<void> => {
  await requireJetStream(link)
  requirePayload(link)
  await refuseUnkinded(link)
  const marks = allStreams(options.partitions, options.replicas, options.sizes).find(
    ({ config }) => config.name === bucketStream(marksBucket),
  )
  assert(marks !== undefined, "the marks have a stream")
  if (options.strict) await requireGuarantees(link, marks, options)
  await createOrCheck(link, marks)
  await agreeOnPartitions(link, options.partitions)
}

/** The streams, each with the number of the first message that it is made with. */
const specsOf = ({ partitions, replicas, sizes, firstSeq = () => 1 }: TopologyOptions): ReadonlyArray<StreamSpec> =>
  allStreams(partitions, replicas, sizes).map((spec) => {
    const first = firstSeq(spec.config.name)
    return first > 1 ? { config: { ...spec.config, first_seq: first } } : spec
  })

/** Resolves to what the servers do not guarantee, in words. Rejects with TopologyMismatch, or with the client's error if the server doesn't answer. */
export const prepareTopology = async (link: Link, options: TopologyOptions): Promise<ReadonlyArray<string>> => {
  // First the marks: they say how many partitions there are, before there is a journal of any.
  await prepareMarks(link, options)
  const specs = specsOf(options)
  const infos: Array<StreamInfo> = []
  for (let i = 0; i < specs.length; i += concurrency)
    infos.push(...(await Promise.all(specs.slice(i, i + concurrency).map((spec) => createOrCheck(link, spec)))))
  return missingOf(link, infos, options)
}
