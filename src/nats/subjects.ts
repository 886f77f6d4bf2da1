/**
 * What NATS alone has names for: accounts, how a bucket is laid out, and the stream of former releases. The names of all that is Holdfast's own are in wire/subjects.ts.
 *
 * Whatever comes from outside passes a check before it becomes part of a subject: a space or a wildcard in it would be read by the server
 * as protocol.
 */

/** The account that only workers and ingresses join. */
export const engineAccount = "HOLDFAST"
/** The account of all senders. Nothing is stored there. */
export const sendersAccount = "CHANNELS"

/** The stream of former releases, in the senders' account, in which senders stored their commands themselves. Drained at an upgrade, never created. */
export const formerCommandsStream = "HF_COMMANDS"

/** Buckets follow the naming of NATS's key-value stores, so that its tools can show them. */
export const bucketStream = (bucket: string): string => `KV_${bucket}`
export const keySubject = (bucket: string, key: string): string => `$KV.${bucket}.${key}`

/**
 * Whether a stream is one of a release whose names had no kind. Nothing of it is read here: a journal can't be given another name, so whoever finds one refuses the cluster.
 */
export const isUnkinded = (stream: string): boolean => /^HF_(?:STORED|SNAPSHOTS|JOURNAL_[0-9]+)$/.test(stream)

/** What {@link formerCommandsStream} took, and how it stored it: `partition(N,3)` is FNV-1a over the third wildcard, the SKU token. */
export const formerCommandsTaken = "hf.cmd.*.*.*"
export const formerCommandsTransform = (partitions: number): { readonly src: string; readonly dest: string } => ({
  src: formerCommandsTaken,
  dest: `hf.p.{{partition(${partitions},3)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}`,
})
/** The number of partitions such a transform was made for, or undefined if it isn't ours. */
export const formerPartitions = (dest: string): number | undefined => {
  const partitions = Number(/^hf\.p\.\{\{partition\(([1-9][0-9]{0,5}),3\)\}\}\./.exec(dest)?.[1])
  return Number.isNaN(partitions) || formerCommandsTransform(partitions).dest !== dest ? undefined : partitions
}
/** All that it takes once it is closed: what its end is found with. No sender may publish there. */
export const formerCommandsClosed = "hf.former.closed"
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
