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
import type { Link } from "./connection.ts"
import { headerText } from "./message.ts"
import { commandsStream, partitionsOfTransform } from "./subjects.ts"

/** Questions that wait to be taken. Beyond it they are dropped: whoever hears no answer asks again. */
const waitingMax = 4_096

export const topologyPath = "topology"

const answerTopology = async (link: Link, sender: string, suffix: string): Promise<void> => {
  const { config } = await link.lookups.streams.info(commandsStream)
  const partitions = partitionsOfTransform(config.subject_transform?.dest ?? "")
  if (partitions !== undefined) link.nc.publish(replySubject(sender, suffix), encodeAnswer({ answer: "topology", partitions }))
}

const questionOf = (link: Link, sender: string, path: ReadonlyArray<string>, suffix: string | null, body: Uint8Array): Question => ({
  sender,
  path,
  body,
  answer: (answer) =>
    // A publish that the connection can't take now is lost like any other answer to somebody who isn't there.
    Effect.ignore(Effect.try(() => (suffix === null ? undefined : link.nc.publish(replySubject(sender, suffix), answer)))),
})

const receive = (link: Link, message: Msg, queue: Queue.Enqueue<Question, BrokerUnavailable | Cause.Done>): void => {
  const [, , sender, ...path] = message.subject.split(".")
  if (sender === undefined || path.length === 0) return
  const { replySuffix } = headerText(() => message.headers)
  if (path.length === 1 && path[0] === topologyPath) {
    if (replySuffix !== null) answerTopology(link, sender, replySuffix).catch(() => undefined)
    return
  }
  Queue.offerUnsafe(queue, questionOf(link, sender, path, replySuffix, message.data))
}

/** `link` is a connection in the account of the senders. */
export const questionsLayer = (link: Link): Layer.Layer<Questions> =>
  Layer.succeed(Questions, {
    listen: Stream.callback<Question, BrokerUnavailable>(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() =>
            link.nc.subscribe("hf.get.>", {
              callback: (error, message) => {
                if (error === null) receive(link, message, queue)
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
