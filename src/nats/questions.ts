/** Questions of senders as the port `Questions`: one subscription each, so that one that asks too much can be given up alone. */
import type { Subscription } from "@nats-io/transport-node"
import { Effect, Layer } from "effect"
import type { SenderId } from "../domain/names.ts"
import { type AskedQuestion, type OpenQuestions, Questions } from "../ports/broker.ts"
import { questionSubject, replyHeader, replySubject } from "../wire/subjects.ts"
import type { Link } from "./connection.ts"
import { headerValue } from "./message.ts"

class Listening implements OpenQuestions {
  readonly #link: Link
  readonly #hear: (question: AskedQuestion) => void
  readonly #subscriptions = new Map<SenderId, Subscription>()

  constructor(link: Link, hear: (question: AskedQuestion) => void) {
    this.#link = link
    this.#hear = hear
  }

  open(sender: SenderId): void {
    if (this.#subscriptions.has(sender)) return
    const cut = questionSubject(sender, "").length
    const subscription = this.#link.nc.subscribe(questionSubject(sender, ">"), {
      callback: (error, message) => {
        // Given up already, or gone: what is still in the pipe costs no more than this.
        if (this.#subscriptions.get(sender) !== subscription) return
        if (error !== null) {
          this.#subscriptions.delete(sender)
          return
        }
        const { subject, reply, data: body } = message
        const named = headerValue(() => message.headers, replyHeader)
        this.#hear({ sender, path: subject.slice(cut), replySubject: reply ?? "", replyHeader: named, body })
      },
    })
    this.#subscriptions.set(sender, subscription)
  }

  close(sender: SenderId): void {
    const subscription = this.#subscriptions.get(sender)
    this.#subscriptions.delete(sender)
    subscription?.unsubscribe()
  }

  answer(sender: SenderId, suffix: string, body: Uint8Array): void {
    try {
      this.#link.nc.publish(replySubject(sender, suffix), body)
    } catch {
      // A publish that the connection can't take now is lost like any other answer to somebody who isn't there.
    }
  }

  end(): void {
    for (const sender of [...this.#subscriptions.keys()]) this.close(sender)
  }
}

/** `link` is a connection in the account of the senders. */
export const questionsLayer = (link: Link): Layer.Layer<Questions> =>
  Layer.succeed(Questions, {
    listen: (hear) =>
      Effect.acquireRelease(
        Effect.sync(() => new Listening(link, hear)),
        (listening) => Effect.sync(() => listening.end()),
      ),
  })
