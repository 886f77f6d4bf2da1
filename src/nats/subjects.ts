/**
 * The names of accounts, streams, buckets and of the subjects that only workers know. Those that senders know are the protocol's (wire/subjects.ts).
 *
 * Whatever comes from outside passes a check before it becomes part of a subject: a space or a wildcard in it would be read by the server
 * as protocol.
 */

/** The account that only workers join. */
export const engineAccount = "HOLDFAST"
/** The account of all senders; of ours it holds the commands stream and nothing else. */
export const channelsAccount = "CHANNELS"

export const commandsStream = "HF_COMMANDS"
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

export const storedCommandsOf = (partition: number): string => `hf.p.${partition}.>`
export const journalSubject = (partition: number): string => `hf.journal.${partition}`
export const feedOf = (partition: number): string => `hf.feed.${partition}.>`
export const manifestSubject = (partition: number): string => `hf.snap.${partition}.manifest`
export const chunkSubject = (partition: number, snapshot: string, index: number | "*"): string =>
  `hf.snap.${partition}.${snapshot}.${index}`

/** What the commands stream takes, and how it stores it: `partition(N,3)` is FNV-1a over the third wildcard, the SKU token. */
export const commandsTaken = "hf.cmd.*.*.*"
export const commandsTransform = (partitions: number): { readonly src: string; readonly dest: string } => ({
  src: commandsTaken,
  dest: `hf.p.{{partition(${partitions},3)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}`,
})
/** The number of partitions a transform was made for, or undefined if it isn't ours. */
export const partitionsOfTransform = (dest: string): number | undefined => {
  const partitions = Number(/^hf\.p\.\{\{partition\(([1-9][0-9]{0,5}),3\)\}\}\./.exec(dest)?.[1])
  return Number.isNaN(partitions) || commandsTransform(partitions).dest !== dest ? undefined : partitions
}

const tokenPattern = /^[A-Za-z0-9_=%-]{1,384}$/
/** Whether `text` is one subject token and nothing else. */
export const isToken = (text: string): boolean => tokenPattern.test(text)
