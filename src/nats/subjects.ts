/**
 * Every NATS subject, stream and bucket name of Holdfast, and what may be spliced into one.
 *
 * Whatever comes from outside (a sender's reply suffix, a snapshot's id) passes a check here before it becomes part of a subject:
 * a space or a wildcard in it would be read by the server as protocol.
 */

import type { CommandClass } from "../domain/names.ts"
import { replySuffixCharsMax, replySuffixTokensMax } from "../limits.ts"

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

/** The header in which a sender names the end of the subject it wants its answer on. */
export const replyHeader = "Hf-Reply"

export const commandSubject = (sender: string, commandClass: CommandClass, token: string): string =>
  `hf.cmd.${sender}.${commandClass}.${token}`
export const storedCommandsOf = (partition: number): string => `hf.p.${partition}.>`
export const journalSubject = (partition: number): string => `hf.journal.${partition}`
export const replySubject = (sender: string, suffix: string): string => `hf.reply.${sender}.${suffix}`
export const questionSubject = (sender: string, path: string): string => `hf.get.${sender}.${path}`
export const feedSubject = (partition: number, channel: string, token: string): string => `hf.feed.${partition}.${channel}.${token}`
export const feedOf = (partition: number): string => `hf.feed.${partition}.>`
export const atsSubject = (channel: string, tokens: string): string => `hf.ats.${channel}.${tokens}`
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

const suffixPattern = new RegExp(`^[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+){0,${replySuffixTokensMax - 1}}$`)
/** Whether `text` may end a reply subject: bounded, 1 to `replySuffixTokensMax` plain tokens. */
export const isReplySuffix = (text: string): boolean => text.length <= replySuffixCharsMax && suffixPattern.test(text)
