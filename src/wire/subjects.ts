/**
 * Every subject, and the name of every stream and key, that Holdfast has, as pure functions: the one place where they are spelled. Those that senders use are in docs/PROTOCOL.md and in the AsyncAPI document.
 *
 * Whatever belongs to the actors of one kind names that kind, before the partition or the actor's key (docs/adr/0018-kinds-in-subjects.md). A key stands in a subject as its canonical token
 * (domain/names.ts). Nothing here checks permissions: the server does. Nothing here checks a text either: whatever comes from outside is checked before it becomes part of a subject, because the server
 * would read a space or a wildcard in it as protocol.
 */
import type { Kind } from "../domain/kinds.ts"
import type { CommandClass } from "../domain/names.ts"
import { replySuffixCharsMax, replySuffixTokensMax } from "../limits.ts"

/** The header in which a sender names the end of the subject it wants its answer on. */
export const replyHeader = "Hf-Reply"

// What senders say and hear

/** What follows `hf.cmd.<sender>.` in the subject of a command. The class comes first: permissions end after it, so that what a sender may send holds for every kind. */
export const commandPath = (commandClass: CommandClass, kind: Kind, token: string): string => `${commandClass}.${kind}.${token}`

/** What every subject of a sender's commands begins with. */
export const commandsFrom = (sender: string): string => `hf.cmd.${sender}.`

/** Where a sender publishes commands. `token` is the canonical token of an actor's key: of a SKU. */
export const commandSubject = (sender: string, commandClass: CommandClass, kind: Kind, token: string): string =>
  `${commandsFrom(sender)}${commandPath(commandClass, kind, token)}`

/** Where a sender hears its answers: under its own name, whatever it asked for. */
export const replySubject = (sender: string, suffix: string): string => `hf.reply.${sender}.${suffix}`

const suffixPattern = new RegExp(`^[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+){0,${replySuffixTokensMax - 1}}$`)
/** Whether `text` may end a reply subject: bounded, 1 to `replySuffixTokensMax` plain tokens. */
export const isReplySuffix = (text: string): boolean => text.length <= replySuffixCharsMax && suffixPattern.test(text)

/**
 * The end of the subject that a sender's message is answered on, or null: none was named. Of a request it is the end of its reply subject, and only where that lies under the sender's
 * own name: the server checks reply subjects for nobody. Otherwise it is what the header says.
 */
export const replySuffixOf = (sender: string, replySubjectNamed: string, replyHeaderNamed: string): string | null => {
  const own = replySubject(sender, "")
  const suffix = replySubjectNamed.startsWith(own) ? replySubjectNamed.slice(own.length) : replyHeaderNamed
  return isReplySuffix(suffix) ? suffix : null
}

/** Where a sender asks; `path` is one or more tokens: `stock.<token>`, `ats`, … */
export const questionSubject = (sender: string, path: string): string => `hf.get.${sender}.${path}`

/** Where a channel hears the ATS of a SKU, or of all with `>`. Only SKUs have ATS: no kind is named. */
export const atsSubject = (channel: string, token: string): string => `hf.ats.${channel}.${token}`

// What workers and ingresses say among themselves, and what is stored

/** How the feed's stream holds it: by partition of the SKUs, for the owner that watches its own. Workers alone see this. */
export const feedSubject = (partition: number, channel: string, token: string): string => `hf.feed.${partition}.${channel}.${token}`
/** All that the feed's stream holds of a partition. */
export const feedOf = (partition: number): string => `hf.feed.${partition}.>`
/** What holds the latest value of each SKU for each channel. */
export const feedStream = "HF_FEED"

/** The token of a kind in the name of a stream. */
const streamToken = (kind: Kind): string => kind.toUpperCase()

/** What ingresses store for the actors of a kind: facts, policies and operators' commands. */
export const commandsStream = (kind: Kind): string => `HF_STORED_${streamToken(kind)}`
/** Where an ingress stores what a partition has to decide. */
export const storedOf = (kind: Kind, partition: number | "*"): string => `hf.q.${kind}.${partition}`
/** Where an ingress hands messages to a reign. */
export const handedTo = (kind: Kind | "*", partition: number | "*", owner: string): string => `hf.hand.${kind}.${partition}.${owner}`
/** Where owners of other partitions hand over what their actors carry to a reign's. */
export const carriedTo = (kind: string, partition: number | "*", owner: string): string => `hf.carry.${kind}.${partition}.${owner}`
/** Where a reign hears what came of the commands that its actors carried. */
export const saidBackTo = (kind: string, partition: number | "*", owner: string): string => `hf.back.${kind}.${partition}.${owner}`
/** Where an owner says what ingresses have to know of it. */
export const announcedBy = (kind: Kind | "*", partition: number | "*"): string => `hf.owner.${kind}.${partition}`

/** The stream of a partition's journal. */
export const journalStream = (kind: Kind, partition: number): string => `HF_JOURNAL_${streamToken(kind)}_${partition}`
/** The partition of a journal's stream, or undefined if the name is none of a journal of this kind. */
export const journalPartition = (kind: Kind, stream: string): number | undefined => {
  const start = `HF_JOURNAL_${streamToken(kind)}_`
  const number = stream.startsWith(start) ? stream.slice(start.length) : ""
  return /^(?:0|[1-9][0-9]{0,5})$/.test(number) ? Number(number) : undefined
}
/** What that stream takes. */
export const journalSubject = (kind: Kind, partition: number): string => `hf.journal.${kind}.${partition}`

/** What holds the snapshots of a kind's partitions. */
export const snapshotsStream = (kind: Kind): string => `HF_SNAPSHOTS_${streamToken(kind)}`
/** All that the stream of a kind's snapshots takes. */
export const snapshotSubjects = (kind: Kind): ReadonlyArray<string> => [`hf.snap.${kind}.*.*.*`, `hf.snap.${kind}.*.manifest`]
/** Where a partition's newest snapshot is named. */
export const manifestSubject = (kind: Kind, partition: number): string => `hf.snap.${kind}.${partition}.manifest`
/** Where a chunk of a snapshot lies. */
export const chunkSubject = (kind: Kind, partition: number, snapshot: string, index: number | "*"): string =>
  `hf.snap.${kind}.${partition}.${snapshot}.${index}`
/** The chunks of all of a partition's snapshots. */
export const chunksOf = (kind: Kind, partition: number): string => chunkSubject(kind, partition, "*", "*")
/** The snapshot and the place in it that a chunk's subject names; undefined if it is none of a chunk. */
export const chunkNamed = (subject: string): { readonly snapshot: string; readonly index: number } | undefined => {
  const [hf, snap, , , snapshot, index] = subject.split(".")
  return hf === "hf" && snap === "snap" && snapshot !== undefined && index !== undefined ? { snapshot, index: Number(index) } : undefined
}

// Keys. Buckets hold those of all kinds, each under its kind.

/** Who tries to own what. */
export const leasesBucket = "HF_LEASES"
/** What workers say of themselves. */
export const membersBucket = "HF_MEMBERS"
/** What stands outside journals: witnesses, halts, incarnations, counts. */
export const marksBucket = "HF_MARKS"

/** A key of one kind's actors: a worker's name among the members, a partition among the leases, or what a mark is of. `>` and `*` are for watching. */
export const keyOf = (kind: Kind, name: string): string => `${kind}.${name}`
/** What follows the kind in a key. */
export const nameInKey = (kind: Kind, key: string): string => key.slice(kind.length + 1)
