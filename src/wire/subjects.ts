/**
 * The subjects and headers of the protocol as pure functions: what docs/PROTOCOL.md says in words.
 *
 * A SKU stands in a subject as its canonical token (domain/names.ts). Nothing here checks permissions: the server does.
 */
import { CommandClass, isSender, type SenderId } from "../domain/names.ts"
import { replySuffixCharsMax, replySuffixTokensMax } from "../limits.ts"

/** The header in which a sender names the end of the subject it wants its answer on. */
export const replyHeader = "Hf-Reply"

/** Where a sender publishes commands. `token` is the SKU's canonical token. */
export const commandSubject = (sender: string, commandClass: CommandClass, token: string): string =>
  `hf.cmd.${sender}.${commandClass}.${token}`

/** What the commands stream makes of it. */
export const storedSubject = (partition: number, sender: string, commandClass: CommandClass, token: string): string =>
  `hf.p.${partition}.${sender}.${commandClass}.${token}`

/** What a stored subject says, or undefined if no sender's permissions could have produced it. The token is not looked at. */
export const parseStoredSubject = (
  subject: string,
): { readonly partition: number; readonly sender: SenderId; readonly class: CommandClass; readonly token: string } | undefined => {
  const [root, kind, partition, sender, commandClass, token, ...more] = subject.split(".")
  if (root !== "hf" || kind !== "p" || token === undefined || more.length > 0) return undefined
  if (partition === undefined || !/^(?:0|[1-9][0-9]{0,5})$/.test(partition)) return undefined
  if (sender === undefined || !isSender(sender) || !isCommandClass(commandClass)) return undefined
  return { partition: Number(partition), sender, class: commandClass, token }
}

const isCommandClass = (token: string | undefined): token is CommandClass => CommandClass.some((known) => known === token)

/** Where a sender hears its answers: under its own name, whatever it asked for. */
export const replySubject = (sender: string, suffix: string): string => `hf.reply.${sender}.${suffix}`

const suffixPattern = new RegExp(`^[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+){0,${replySuffixTokensMax - 1}}$`)
/** Whether `text` may end a reply subject: bounded, 1 to `replySuffixTokensMax` plain tokens. */
export const isReplySuffix = (text: string): boolean => text.length <= replySuffixCharsMax && suffixPattern.test(text)

/** Where a sender asks; `path` is one or more tokens: `stock.<token>`, `ats`, … */
export const questionSubject = (sender: string, path: string): string => `hf.get.${sender}.${path}`

/** Where a channel hears the ATS of a SKU, or of all with `>`. */
export const atsSubject = (channel: string, token: string): string => `hf.ats.${channel}.${token}`

/** How the feed's stream holds it; workers alone see this. */
export const feedSubject = (partition: number, channel: string, token: string): string => `hf.feed.${partition}.${channel}.${token}`
