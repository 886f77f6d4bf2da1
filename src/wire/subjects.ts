/**
 * The subjects and the header of what is said between senders and workers, as pure functions: what docs/PROTOCOL.md and the AsyncAPI document say.
 *
 * What workers keep among themselves is the broker's side's. A SKU stands in a subject as its canonical token (domain/names.ts). Nothing here checks permissions: the server does.
 */
import type { CommandClass } from "../domain/names.ts"
import { replySuffixCharsMax, replySuffixTokensMax } from "../limits.ts"

/** The header in which a sender names the end of the subject it wants its answer on. */
export const replyHeader = "Hf-Reply"

/** Where a sender publishes commands. `token` is the SKU's canonical token. */
export const commandSubject = (sender: string, commandClass: CommandClass, token: string): string =>
  `hf.cmd.${sender}.${commandClass}.${token}`

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

/** Where a channel hears the ATS of a SKU, or of all with `>`. */
export const atsSubject = (channel: string, token: string): string => `hf.ats.${channel}.${token}`

/** How the feed's stream holds it: by partition, for the owner that watches its own. Workers alone see this. */
export const feedSubject = (partition: number, channel: string, token: string): string => `hf.feed.${partition}.${channel}.${token}`
