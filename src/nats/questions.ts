/**
 * Questions of senders as the port `Questions`. What the cluster looks like (`hf.get.<sender>.topology`) is answered here, because a sender
 * has to know the number of partitions before it can ask anything of one.
 */
import type { Msg } from "@nats-io/transport-node"
import { Cause, Effect, Layer, Queue, Stream } from "effect"
import { type Question, Questions } from "../ports/broker.ts"
import { BrokerUnavailable } from "../ports/errors.ts"
import { encodeAnswer } from "../wire/questions.ts"
import { replySubject } from "../wire/subjects.ts"
import type { Link, Links } from "./connection.ts"
import { headerText } from "./message.ts"
import { commandsStream, notedPartitions } from "./subjects.ts"

/** Questions that wait to be taken. Beyond it they are dropped: whoever hears no answer asks again. */
const waitingMax = 4_096

export const topologyPath = "topology"

const answerTopology = async (links: Links, sender: string, suffix: string): Promise<void> => {
  const { config } = await links.engine.lookups.streams.info(commandsStream)
  const partitions = notedPartitions(config.metadata)
  if (partitions !== undefined) links.door.nc.publish(replySubject(sender, suffix), encodeAnswer({ answer: "topology", partitions }))
}

const questionOf = (link: Link, sender: string, path: ReadonlyArray<string>, suffix: string | null, body: Uint8Array): Question => ({
  sender,
  path,
  body,
  answer: (answer) =>
    // A publish that the connection can't take now is lost like any other answer to somebody who isn't there.
    Effect.ignore(Effect.try(() => (suffix === null ? undefined : link.nc.publish(replySubject(sender, suffix), answer)))),
})

const receive = (links: Links, message: Msg, queue: Queue.Enqueue<Question, BrokerUnavailable | Cause.Done>): void => {
  const [, , sender, ...path] = message.subject.split(".")
  if (sender === undefined || path.length === 0) return
  const { replySuffix } = headerText(() => message.headers)
  if (path.length === 1 && path[0] === topologyPath) {
    if (replySuffix !== null) answerTopology(links, sender, replySuffix).catch(() => undefined)
    return
  }
  Queue.offerUnsafe(queue, questionOf(links.door, sender, path, replySuffix, message.data))
}

export const questionsLayer = (links: Links): Layer.Layer<Questions> =>
  Layer.succeed(Questions, {
    listen: Stream.callback<Question, BrokerUnavailable>(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() =>
            links.door.nc.subscribe("hf.get.>", {
              callback: (error, message) => {
                if (error === null) receive(links, message, queue)
                else
                  Queue.failCauseUnsafe(
                    queue,
                    Cause.fail(new BrokerUnavailable({ operation: "listen for questions", cause: error.message })),
                  )
              },
            }),
          ),
          (subscription) => Effect.sync(() => subscription.unsubscribe()),
        ),
      { bufferSize: waitingMax, strategy: "dropping" },
    ),
  })
