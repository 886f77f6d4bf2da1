/**
 * How many partitions a cluster has: said by one key among its marks, written before any journal is made, once, by compare-and-set. Whoever comes first decides; two that come
 * together agree; a cluster that somebody left half made is completed by the next. Only another number is refused.
 */
import { Schema } from "effect"
import { TopologyMismatch } from "../ports/errors.ts"
import type { Link } from "./connection.ts"
import { isConflict, isStreamMissing } from "./errors.ts"
import { putKey, readKey } from "./keys.ts"
import { commandsStream, engineAccount, journalPartition, journalStream, marksBucket, notedPartitions } from "./subjects.ts"

const clusterKey = "cluster"
const ClusterJson = Schema.fromJsonString(Schema.Struct({ partitions: Schema.Int }))
const decode = Schema.decodeSync(ClusterJson)

const mismatch = (expected: number, found: number, where: string): TopologyMismatch =>
  new TopologyMismatch({
    what: "number of partitions",
    expected: String(expected),
    found: `${found} (${where})`,
    remedy: `start with HOLDFAST_PARTITIONS=${found}, or use another cluster: the number is fixed at creation, because it decides which journal holds a SKU`,
  })

const ofKey = async (link: Link): Promise<number | null> => {
  const state = await readKey(link, marksBucket, clusterKey)
  return state === null || state.value === null ? null : decode(state.value).partitions
}

/** What the commands stream notes that the cluster was made with, or null. */
const ofCommands = async (link: Link): Promise<number | null> => {
  const info = await link.jsm.streams.info(commandsStream).catch((error: unknown) => {
    if (isStreamMissing(error)) return null
    throw error
  })
  return notedPartitions(info?.config.metadata) ?? null
}

/** Of a cluster without the key and without a commands stream: the number of its journals, if any of them was ever written to. Empty ones may be half of what somebody is making. */
const ofJournals = async (link: Link): Promise<number | null> => {
  let journals = 0
  for await (const name of link.jsm.streams.names()) journals = Math.max(journals, (journalPartition(name) ?? -1) + 1)
  for (let partition = 0; partition < journals; partition++) {
    const info = await link.jsm.streams.info(journalStream(partition)).catch(() => null)
    if (info !== null && info.state.last_seq > 0) return journals
  }
  return null
}

/** Journals beyond the number asked for, whatever they hold: nobody would read them. */
const journalsBeyond = async (link: Link, partitions: number): Promise<number | null> => {
  let beyond = 0
  for await (const name of link.jsm.streams.names()) beyond = Math.max(beyond, (journalPartition(name) ?? -1) + 1)
  return beyond > partitions ? beyond : null
}

/** Refuses another number than the cluster was made with; makes it this one if nobody made it yet. The bucket of marks has to be there. */
export const agreeOnPartitions = async (link: Link, partitions: number): Promise<void> => {
  const known = await ofKey(link)
  if (known !== null) {
    if (known !== partitions) throw mismatch(partitions, known, "said when the cluster was made")
    return
  }
  // A cluster of an earlier release, or one that is being made.
  const commands = await ofCommands(link)
  if (commands !== null && commands !== partitions) throw mismatch(partitions, commands, `as noted in the stream ${commandsStream}`)
  const journals = commands === null ? await ofJournals(link) : null
  if (journals !== null && journals !== partitions) throw mismatch(partitions, journals, `journals in account ${engineAccount}`)
  const beyond = await journalsBeyond(link, partitions)
  if (beyond !== null) throw mismatch(partitions, beyond, `journals in account ${engineAccount}`)
  try {
    await putKey(link, marksBucket, clusterKey, JSON.stringify({ partitions }), { revision: 0 })
  } catch (error) {
    // Somebody else said it first.
    if (!isConflict(error)) throw error
    const said = await ofKey(link)
    if (said !== null && said !== partitions) throw mismatch(partitions, said, "said when the cluster was made")
  }
}
