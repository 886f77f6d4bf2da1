/**
 * How many partitions a cluster has of each kind: said by one key among its marks, written before any journal is made, by compare-and-set. Whoever comes first decides; two that come
 * together agree; a cluster that somebody left half made is completed by the next. Only another number is refused, and a cluster of a release whose names had no kind.
 */
import { Kind, type PartitionCounts } from "../domain/kinds.ts"
import { TopologyMismatch } from "../ports/errors.ts"
import { decodePartitionCounts, encodePartitionCounts, notRead } from "../wire/marks.ts"
import { commandsStream, journalPartition, journalStream, marksBucket } from "../wire/subjects.ts"
import type { Link } from "./connection.ts"
import { isConflict, isStreamMissing } from "./errors.ts"
import { putKey, readKey } from "./keys.ts"
import { engineAccount, isUnkinded, notedPartitions } from "./subjects.ts"

const clusterKey = "cluster"
/** Times the key is read and tried to be written: each time somebody else wrote it, which they do once for a kind. */
const attemptsMax = 5

/** Where an operator says how many there are. */
const variableOf: Readonly<Record<Kind, string>> = { sku: "HOLDFAST_PARTITIONS", order: "HOLDFAST_ORDER_PARTITIONS" }

const mismatch = (kind: Kind, expected: number, found: number, where: string): TopologyMismatch =>
  new TopologyMismatch({
    what: `number of partitions of kind ${kind}`,
    expected: String(expected),
    found: `${found} (${where})`,
    remedy: `start with ${variableOf[kind]}=${found}, or use another cluster: the number is fixed at creation, because it decides which journal holds a ${kind}`,
  })

const earlier = (found: string): TopologyMismatch =>
  new TopologyMismatch({
    what: "release that made the cluster",
    expected: "one whose streams name the kind of what they are of",
    found,
    remedy:
      "use another cluster (with `holdfast serve` alone: another folder, or remove .cache/holdfast): a stream can't be renamed, and beside the old journals empty ones would know of no stock. Nothing was changed",
  })

/** Refuses a cluster of a release whose names had no kind, before anything is made beside it. */
export const refuseUnkinded = async (link: Link): Promise<void> => {
  for await (const name of link.jsm.streams.names()) if (isUnkinded(name)) throw earlier(`stream ${name} in account ${engineAccount}`)
}

/** What the key says, of kinds known here or not, and its revision. */
const readCounts = async (link: Link): Promise<{ readonly counts: Readonly<Record<string, number>>; readonly revision: number }> => {
  const state = await readKey(link, marksBucket, clusterKey)
  if (state === null || state.value === null) return { counts: {}, revision: state?.revision ?? 0 }
  const mark = decodePartitionCounts(state.value)
  if (mark._tag !== "Known") throw earlier(`${notRead("the key that says how many partitions there are", mark)}`)
  return { counts: mark.value, revision: state.revision }
}

/** What the kind's commands stream notes that the cluster was made with, or null. */
const ofCommands = async (link: Link, kind: Kind): Promise<number | null> => {
  const info = await link.jsm.streams.info(commandsStream(kind)).catch((error: unknown) => {
    if (isStreamMissing(error)) return null
    throw error
  })
  return notedPartitions(info?.config.metadata) ?? null
}

/** How many journals of the kind there are. */
const journalsOf = async (link: Link, kind: Kind): Promise<number> => {
  let journals = 0
  for await (const name of link.jsm.streams.names()) journals = Math.max(journals, (journalPartition(kind, name) ?? -1) + 1)
  return journals
}

/** Whether any of these journals was ever written to. Empty ones may be half of what somebody is making. */
const anyWritten = async (link: Link, kind: Kind, journals: number): Promise<boolean> => {
  for (let partition = 0; partition < journals; partition++) {
    const info = await link.jsm.streams.info(journalStream(kind, partition)).catch(() => null)
    if (info !== null && info.state.last_seq > 0) return true
  }
  return false
}

/** Refuses another number than streams speak for, where the key is silent: it was lost, or the cluster is being made. */
const refuseOther = async (link: Link, kind: Kind, asked: number): Promise<void> => {
  const noted = await ofCommands(link, kind)
  if (noted !== null && noted !== asked) throw mismatch(kind, asked, noted, `as noted in the stream ${commandsStream(kind)}`)
  const journals = await journalsOf(link, kind)
  // Those beyond the number asked for nobody would read, whatever they hold.
  if (journals > asked || (noted === null && journals < asked && (await anyWritten(link, kind, journals))))
    throw mismatch(kind, asked, journals, `journals in account ${engineAccount}`)
}

/** How many partitions the cluster was made with; null: nobody has said so yet. Creates nothing. */
export const knownPartitions = async (link: Link): Promise<PartitionCounts | null> => {
  const { counts } = await readCounts(link).catch((error: unknown) => {
    if (isStreamMissing(error)) return { counts: {} as Readonly<Record<string, number>> }
    throw error
  })
  const { sku, order } = counts
  return sku === undefined || order === undefined ? null : { sku, order }
}

/** Refuses other numbers than the cluster was made with; makes it these for kinds of which nobody made any yet. The bucket of marks has to be there. */
export const agreeOnPartitions = async (link: Link, asked: PartitionCounts): Promise<void> => {
  for (let attempts = 0; attempts < attemptsMax; attempts++) {
    const { counts, revision } = await readCounts(link)
    for (const kind of Kind) {
      const known = counts[kind]
      if (known !== undefined && known !== asked[kind]) throw mismatch(kind, asked[kind], known, "said when the cluster was made")
    }
    const missing = Kind.filter((kind) => counts[kind] === undefined)
    if (missing.length === 0) return
    for (const kind of missing) await refuseOther(link, kind, asked[kind])
    try {
      await putKey(link, marksBucket, clusterKey, encodePartitionCounts({ ...counts, ...asked }), { revision })
      return
    } catch (error) {
      // Somebody else said it first: what they said is looked at.
      if (!isConflict(error)) throw error
    }
  }
  throw new Error(`the key ${clusterKey} is being written by others`)
}
