/**
 * INV-10: of what a sender chose, only its commands in canonical spelling, its checked reply suffix and its parsed trace get into a stream; and replies are published only under the sender's own name.
 */
import type { EngineCodec } from "../../src/engine/protocol.ts"
import { isReplySuffix } from "../../src/wire/subjects.ts"
import { encodeBatch } from "../../src/wire/taken.ts"
import { attemptName, attemptOf } from "./attempts.ts"
import { codecOfJournal } from "./both-journals.ts"
import type { MakeChecker } from "./checker.ts"

const subject = /^hf\.q\.(?:sku|order)\.[0-9]+$/
const trace = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** What is not of our writing in a message of the commands stream; undefined: nothing. */
const foreignIn = (
  { decodeBatch }: EngineCodec,
  message: { readonly subject: string; readonly headers: string; readonly body: Uint8Array },
): string | undefined => {
  if (!subject.test(message.subject)) return `its subject is ${message.subject}`
  if (message.headers !== "") return `it has headers: ${message.headers}`
  const decoded = decodeBatch(message.body)
  if (decoded._tag !== "Batch") return "it is none that an ingress writes"
  for (const { reply, trace: named, body } of decoded.batch.messages) {
    if (reply !== null && !isReplySuffix(reply)) return `it names the reply ${reply}`
    if (named !== null && !trace.test(named)) return `it names the trace ${named}`
    if (body._tag === "Undecodable" || body.commands.some(({ _tag }) => _tag === "Invalid")) return "it holds what is no command"
  }
  return Buffer.compare(encodeBatch(decoded.batch), message.body) === 0 ? undefined : "it is spelled otherwise than an ingress spells it"
}

export const noForeignBytes: MakeChecker = ({ cluster, found, checked }) => {
  const { server } = cluster
  const named = new Set<string>()
  server.listeners.push({
    recordStored: () => undefined,
    feedStored: () => undefined,
    haltChanged: () => undefined,
    commandStored: (id, message) => {
      checked()
      const what = foreignIn(codecOfJournal(cluster, id), message)
      if (what === undefined) return
      found({
        class: "safety",
        signature: "a sender's bytes in a stream",
        detail: `message ${message.seq} of the commands stream: ${what}`,
      })
    },
  })
  const say = (sender: string, suffix: string, what: string): void => {
    checked()
    if (named.has(attemptName(sender, suffix))) return
    const detail = `${what} went to hf.reply.${sender}.${suffix}, which ${sender} never named`
    found({ class: "safety", signature: "an answer that nobody asked for there", detail })
  }
  return {
    name: "no-foreign-bytes",
    published: (message) => named.add(attemptOf(message) ?? ""),
    doorSaid: (_by, sender, suffix, { answer }) => say(sender, suffix, answer),
    replySaid: (_slot, { sender, suffix }) => say(sender, suffix, "a decision"),
  }
}
