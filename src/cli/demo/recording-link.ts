/**
 * A sender's link that writes down what passes over it: which commands were answered as stored, and every reply as it came.
 * It changes nothing of what passes, and stands below the client library, so that the library's own defects are seen too.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { ordersToken } from "../../client/client.ts"
import { SenderLink } from "../../ports/channel.ts"
import { decodeDoorAnswer } from "../../wire/answers.ts"
import type { HeardLine, HeardWriter } from "./heard.ts"

const text = new TextDecoder()

const lineOf = (line: HeardLine): string => JSON.stringify(line)

/** Writes down the commands of a body that was stored in a partition. */
const writeStored = (writer: HeardWriter, partition: number, body: Uint8Array): void => {
  const parsed: { readonly sku: string; readonly id: string } | ReadonlyArray<{ readonly sku: string; readonly id: string }> = JSON.parse(
    text.decode(body),
  )
  const commands = (Array.isArray(parsed) ? parsed : [parsed]).map(({ sku, id }) => ({ sku, id }))
  writer.write(partition, lineOf({ kind: "stored", commands }))
}

/** Answers to questions come the same way; they aren't about commands. */
const replyHead = /^\{"v":1,"partition":(\d+),"seq":\d+,"epoch":\d+,"decisions":\[/

/** The text of the reply goes into the line as it is: what is judged later is what came. */
const writeReply = (writer: HeardWriter, suffix: string, reply: string): boolean => {
  const partition = replyHead.exec(reply)?.[1]
  if (partition === undefined) return false
  // The client's suffixes: <instance>.o.<number> for orders, <instance>.<number> for SKUs.
  const isOfOrders = suffix.split(".").at(-2) === ordersToken
  const of = isOfOrders ? (`order-${Number(partition)}` as const) : Number(partition)
  writer.write(of, `{"kind":"${isOfOrders ? "orderReply" : "reply"}","suffix":${JSON.stringify(suffix)},"reply":${reply}}`)
  return true
}

/** The link in place, recorded. */
export const recordingLink = (writer: HeardWriter): Layer.Layer<SenderLink, never, SenderLink> =>
  Layer.effect(
    SenderLink,
    Effect.map(SenderLink, (link) => {
      /** Bodies of messages of which nothing was heard, by suffix. */
      const unheard = new Map<string, Uint8Array>()
      const record = (suffix: string, body: Uint8Array): void => {
        const said = text.decode(body)
        const sent = unheard.get(suffix)
        if (!writeReply(writer, suffix, said) && sent !== undefined) {
          const answer = decodeDoorAnswer(body)
          if (answer?.answer === "stored") writeStored(writer, answer.partition, sent)
        }
        unheard.delete(suffix)
      }
      return SenderLink.of({
        ...link,
        publish: (message) => {
          const isSent = link.publish(message)
          if (isSent) unheard.set(message.suffix, message.body)
          return isSent
        },
        replies: (prefix) =>
          Stream.tap(link.replies(prefix), (arrived) =>
            Effect.sync(() => {
              for (const heard of arrived) {
                if (heard._tag === "Said") record(`${prefix}.${heard.suffix}`, heard.body)
                else if (heard._tag === "NobodyTook") unheard.delete(`${prefix}.${heard.suffix}`)
              }
            }),
          ),
      })
    }),
  )
