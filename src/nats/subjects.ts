/**
 * The names of accounts, streams, buckets and of the subjects that only workers know. Those that senders know are the protocol's (wire/subjects.ts).
 *
 * Whatever comes from outside passes a check before it becomes part of a subject: a space or a wildcard in it would be read by the server
 * as protocol.
 */

/** The account that only workers and ingresses join. */
export const engineAccount = "HOLDFAST"
/** The account of all senders. Nothing is stored there. */
export const channelsAccount = "CHANNELS"

/** What ingresses store: facts, policies and operators' commands. */
export const commandsStream = "HF_STORED"
/** The stream of former releases, in the senders' account, in which senders stored their commands themselves. Drained at an upgrade, never created. */
export const formerCommandsStream = "HF_COMMANDS"
export const feedStream = "HF_FEED"
export const snapshotsStream = "HF_SNAPSHOTS"
export const journalStream = (partition: number): string => `HF_JOURNAL_${partition}`
/** The partition of a journal's stream, or undefined if the name is none of a journal. */
export const journalPartition = (stream: string): number | undefined => {
  const found = /^HF_JOURNAL_(0|[1-9][0-9]{0,5})$/.exec(stream)
  return found === null ? undefined : Number(found[1])
}

/** Buckets follow the naming of NATS's key-value stores, so that its tools can show them. */
export const leasesBucket = "HF_LEASES"
export const membersBucket = "HF_MEMBERS"
export const marksBucket = "HF_MARKS"
export const bucketStream = (bucket: string): string => `KV_${bucket}`
export const keySubject = (bucket: string, key: string): string => `$KV.${bucket}.${key}`

/** Where an ingress stores what a partition has to decide. */
export const storedOf = (partition: number | "*"): string => `hf.q.${partition}`
/** Where an ingress hands messages to a reign. */
export const handedTo = (partition: number | "*", owner: string): string => `hf.hand.${partition}.${owner}`
/** Where an owner says what ingresses have to know of it. */
export const announcedBy = (partition: number | "*"): string => `hf.owner.${partition}`
export const journalSubject = (partition: number): string => `hf.journal.${partition}`
export const feedOf = (partition: number): string => `hf.feed.${partition}.>`
export const manifestSubject = (partition: number): string => `hf.snap.${partition}.manifest`
export const chunkSubject = (partition: number, snapshot: string, index: number | "*"): string =>
  `hf.snap.${partition}.${snapshot}.${index}`

/** What {@link formerCommandsStream} took, and how it stored it: `partition(N,3)` is FNV-1a over the third wildcard, the SKU token. */
const formerCommandsTaken = "hf.cmd.*.*.*"
export const formerCommandsTransform = (partitions: number): { readonly src: string; readonly dest: string } => ({
  src: formerCommandsTaken,
  dest: `hf.p.{{partition(${partitions},3)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}`,
})
/** The number of partitions such a transform was made for, or undefined if it isn't ours. */
export const formerPartitions = (dest: string): number | undefined => {
  const partitions = Number(/^hf\.p\.\{\{partition\(([1-9][0-9]{0,5}),3\)\}\}\./.exec(dest)?.[1])
  return Number.isNaN(partitions) || formerCommandsTransform(partitions).dest !== dest ? undefined : partitions
}
export const formerCommandsOf = (partition: number): string => `hf.p.${partition}.>`

/** Where the commands stream says how many partitions the cluster was made with. */
export const partitionsNote = "holdfast.partitions"
/** The number of partitions a stream's notes name, or undefined if they name none. */
export const notedPartitions = (notes: Readonly<Record<string, string>> | undefined): number | undefined => {
  const noted = notes?.[partitionsNote]
  return noted !== undefined && /^[1-9][0-9]{0,5}$/.test(noted) ? Number(noted) : undefined
}

const tokenPattern = /^[A-Za-z0-9_=%-]{1,384}$/
/** Whether `text` is one subject token and nothing else. */
export const isToken = (text: string): boolean => tokenPattern.test(text)
