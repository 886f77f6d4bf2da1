/**
 * Creates what is missing of the cluster's streams and checks what is there, before anything is read or appended.
 *
 * Nothing that exists is ever changed here: a setting that differs was set by somebody, and the partition count decides which journal holds a SKU.
 */
import { JetStreamApiError, type JetStreamManager, type StreamInfo } from "@nats-io/jetstream"
import { payloadBytesMax } from "../limits.ts"
import { TopologyMismatch } from "../ports/errors.ts"
import type { Link } from "./connection.ts"
import { describe, isNameInUse, isStreamMissing } from "./errors.ts"
import { guaranteesMissing } from "./guarantees.ts"
import { allStreams, firstDifference, type StreamSizes, type StreamSpec } from "./streams.ts"
import { commandsStream, engineAccount, journalPartition, notedPartitions } from "./subjects.ts"

export interface TopologyOptions {
  readonly partitions: number
  readonly replicas: number
  readonly sizes: StreamSizes
  readonly monitorUrls: ReadonlyArray<string>
}

/** Streams created or checked at once. */
const concurrency = 8
/** The server's numbers for: more replicas than servers. */
const replicasImpossible = new Set([10_005, 10_074])

const infoOrNull = (jsm: JetStreamManager, stream: string): Promise<StreamInfo | null> =>
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

const partitionsMismatch = (expected: number, found: number, where: string): TopologyMismatch =>
  new TopologyMismatch({
    what: "number of partitions",
    expected: String(expected),
    found: `${found} (${where})`,
    remedy: `start with HOLDFAST_PARTITIONS=${found}, or use another cluster: the number is fixed at creation, because it decides which journal holds a SKU`,
  })

/** Refuses another partition count than the one the commands stream and the journals were made for. */
const requirePartitions = async (link: Link, partitions: number): Promise<void> => {
  const commands = await infoOrNull(link.jsm, commandsStream)
  const made = notedPartitions(commands?.config.metadata)
  if (made !== undefined && made !== partitions) throw partitionsMismatch(partitions, made, `as noted in the stream ${commandsStream}`)
  let journals = 0
  for await (const name of link.jsm.streams.names()) {
    const partition = journalPartition(name)
    if (partition !== undefined) journals = Math.max(journals, partition + 1)
  }
  if (journals > partitions || (commands === null && journals > 0 && journals !== partitions))
    throw partitionsMismatch(partitions, journals, `journals in account ${engineAccount}`)
}

const create = async (jsm: JetStreamManager, spec: StreamSpec): Promise<StreamInfo> => {
  try {
    return await jsm.streams.add({ ...spec.config })
  } catch (error) {
    // Another worker made it between our look and our attempt, not quite like ours: it is checked like any other.
    if (isNameInUse(error)) return jsm.streams.info(spec.config.name)
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
  const found = (await infoOrNull(jsm, name)) ?? (await create(jsm, spec))
  const difference = firstDifference(spec, found.config)
  if (difference === undefined) return found
  throw new TopologyMismatch({
    what: `${difference.setting} of stream ${name} in account ${engineAccount}`,
    expected: difference.expected,
    found: difference.found,
    remedy: `set it back (nats stream edit ${name}); if that is not possible, or the stream isn't Holdfast's, use another cluster`,
  })
}

/** Resolves to what the servers do not guarantee, in words. Rejects with TopologyMismatch, or with the client's error if the server doesn't answer. */
export const prepareTopology = async (link: Link, options: TopologyOptions): Promise<ReadonlyArray<string>> => {
  await requireJetStream(link)
  requirePayload(link)
  await requirePartitions(link, options.partitions)
  const specs = allStreams(options.partitions, options.replicas, options.sizes)
  const infos: Array<StreamInfo> = []
  for (let i = 0; i < specs.length; i += concurrency)
    infos.push(...(await Promise.all(specs.slice(i, i + concurrency).map((spec) => createOrCheck(link, spec)))))
  const info = link.nc.info
  return guaranteesMissing(infos, options.monitorUrls, { name: info?.server_name ?? "?", version: info?.version ?? "?" })
}
