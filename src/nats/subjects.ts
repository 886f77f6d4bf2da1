/**
 * What NATS alone has names for: accounts and how a bucket is laid out. The names of all that is Holdfast's own are in wire/subjects.ts.
 *
 * Whatever comes from outside passes a check before it becomes part of a subject: a space or a wildcard in it would be read by the server
 * as protocol.
 */

/** The account that only workers and ingresses join. */
export const engineAccount = "HOLDFAST"
/** The account of all senders. Nothing is stored there. */
export const sendersAccount = "CHANNELS"

/** Buckets follow the naming of NATS's key-value stores, so that its tools can show them. */
export const bucketStream = (bucket: string): string => `KV_${bucket}`
export const keySubject = (bucket: string, key: string): string => `$KV.${bucket}.${key}`

/**
 * Whether a stream is one of a release whose names had no kind. Nothing of it is read here: a journal can't be given another name, so whoever finds one refuses the cluster.
 */
export const isUnkinded = (stream: string): boolean => /^HF_(?:STORED|SNAPSHOTS|JOURNAL_[0-9]+)$/.test(stream)

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
