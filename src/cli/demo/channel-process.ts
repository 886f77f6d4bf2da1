/**
 * A channel, a warehouse or a planner of the demo as a process of its own: connects with its own credentials, sends what it is told over
 * its pipe through the client library, and tells what was answered. It ends when its parent does.
 *
 * Before all other imports, Schema's decoders are switched to compiled ones.
 */
import { unreachable } from "../../assert.ts"
import type { AtsValue } from "../../kinds/sku/types.ts"
import "effect/schema/SchemaJITCompiler/enable"

import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Client } from "../../client/client.ts"
import type { CommandAnswer } from "../../client/commands.ts"
import type { OrderAnswer } from "../../client/orders.ts"
import { partitionOf } from "../../domain/names.ts"
import { senderLinkLayer } from "../../nats/channel-link.ts"
import { SenderLink } from "../../ports/channel.ts"
import { describeFailure } from "../exit-codes.ts"
import { HeardWriter } from "./heard.ts"
import type { FromSender, HeardAnswer, SenderSetup, SendOrder, ToSender } from "./messages.ts"
import { recordingLink } from "./recording-link.ts"

/** Milliseconds for one answer, worker deaths included. */
const patienceMs = 60_000
/** Workers may still be starting. */
const connectTimeoutMs = 60_000
/** Processes of one channel: copies that are sent together go through as many clients, because one client would send them once. */
const clientsCount = 3
/** Milliseconds of silence after which nothing more is expected to be said, and how long it is waited for. */
const silenceMs = 300
const silencePatienceMs = 5_000
/** What a channel asks last, of nobody: that the server has it is all that it wants to know. */
const lastQuestion = "last"

const tell = (message: FromSender): void => void process.send?.(message, () => undefined)

/** Answers and the ATS of one turn of the event loop, told together. */
class Teller {
  #answers: Array<HeardAnswer> = []
  #ats: number | null = null
  #scheduled = false

  answer(answer: HeardAnswer): void {
    this.#answers.push(answer)
    this.#schedule()
  }

  ats(ats: number): void {
    this.#ats = ats
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (this.#answers.length > 0) tell({ _tag: "Answers", answers: this.#answers })
      if (this.#ats !== null) tell({ _tag: "Ats", ats: this.#ats })
      this.#answers = []
      this.#ats = null
    })
  }
}

const orderAnswerOf = (number: number, answer: OrderAnswer, tookMs: number): HeardAnswer => {
  switch (answer.outcome) {
    case "accepted":
    case "expired":
    case "quarantined":
    case "dropped":
      return { number, outcome: answer.outcome, tookMs }
    case "refused":
      return { number, outcome: "refused", reason: answer.reason, tookMs }
    case "notStored":
      return { number, outcome: "refused", reason: `notStored: ${answer.field ?? answer.cause ?? answer.reason}`, tookMs }
    case "busy":
      return { number, outcome: "unknown", reason: `busy: ${answer.why}`, tookMs }
    default:
      return unreachable(answer)
  }
}

const answerOf = (number: number, decision: CommandAnswer, tookMs: number): HeardAnswer => {
  switch (decision.outcome) {
    case "accepted": {
      const { allocations, qty } = decision
      const moved = { ...(allocations === undefined ? {} : { allocations }), ...(qty === undefined ? {} : { qty }) }
      return { number, outcome: "accepted", ...moved, tookMs }
    }
    case "refused":
      return { number, outcome: "refused", reason: decision.reason, tookMs }
    case "notStored":
      return { number, outcome: "refused", reason: `notStored: ${decision.field ?? decision.cause ?? decision.reason}`, tookMs }
    case "busy":
      return { number, outcome: "unknown", reason: `busy: ${decision.why}`, tookMs }
    case "expired":
    case "quarantined":
    case "dropped":
      return { number, outcome: decision.outcome, tookMs }
    default:
      return unreachable(decision)
  }
}

type Sending = Client["Service"]

/** Sends one copy until it is answered. */
const sendCopy = (client: Sending, { number, command }: SendOrder, done: (answer: HeardAnswer) => void): void => {
  const startedMs = performance.now()
  const tookMs = () => Math.round(performance.now() - startedMs)
  const failed = (failure: { readonly cause: string }) => done({ number, outcome: "unknown", reason: failure.cause, tookMs: tookMs() })
  if ("order" in command) client.submitOrder(command, (answer) => done(orderAnswerOf(number, answer, tookMs())), failed)
  else client.submit(command, (decision) => done(answerOf(number, decision, tookMs())), failed)
}

/** Sends all copies, at once or one after another, and tells once: what was answered first, or that one got no answer. */
const play = (clients: ReadonlyArray<Sending>, order: SendOrder, teller: Teller): void => {
  const answers: Array<HeardAnswer> = []
  const send = (copy: number): void => {
    const client = clients[copy % clients.length]
    if (client !== undefined) sendCopy(client, order, heard)
  }
  const heard = (answer: HeardAnswer): void => {
    answers.push(answer)
    if (answers.length < order.copies) {
      if (!order.together) send(answers.length)
      return
    }
    const told = answers.find(({ outcome }) => outcome === "unknown") ?? answers[0]
    if (told !== undefined) teller.answer(told)
  }
  const first = order.together ? order.copies : 1
  for (let copy = 0; copy < first; copy++) send(copy)
}

/** Waits until nothing was heard for a moment. */
const untilSilent = (heardAtMs: () => number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const startedMs = performance.now()
    while (performance.now() - heardAtMs() < silenceMs && performance.now() - startedMs < silencePatienceMs) yield* Effect.sleep(50)
  })

/** What the parent says after the setup. */
interface Parent {
  orders: (orders: ReadonlyArray<SendOrder>) => void
  finish: () => void
}

const work = Effect.fnUntraced(function* (setup: SenderSetup, parent: Parent) {
  const writer = new HeardWriter(setup.heardFolder, setup.sender)
  const { sender, login, url } = setup
  const link = recordingLink(writer).pipe(Layer.provide(senderLinkLayer({ sender, login, servers: [url], connectTimeoutMs })))
  const teller = new Teller()
  let heardAtMs = performance.now()
  yield* Effect.gen(function* () {
    const clients: Array<Sending> = []
    const shared = yield* Layer.build(link)
    for (let place = 0; place < clientsCount; place++) {
      const built = yield* Layer.build(Layer.fresh(Client.layer({ timeoutMs: patienceMs }))).pipe(Effect.provide(shared))
      clients.push(yield* Effect.provide(Client, built))
    }
    const [first] = clients
    const partitions = first === undefined ? 1 : yield* first.partitions
    const accept = ({ channel, sku, ats, version }: AtsValue) => {
      heardAtMs = performance.now()
      writer.write(partitionOf(sku, partitions), JSON.stringify({ kind: "ats", value: { channel, sku, ats, version } }))
      if (sku === setup.watchSku) teller.ats(ats)
    }
    if (setup.feed && first !== undefined) yield* first.subscribeAts({ onValue: accept })
    parent.orders = (orders) => {
      for (const order of orders) play(clients, order, teller)
    }
    tell({ _tag: "Ready" })
    yield* Effect.callback<void>((resume) => {
      parent.finish = () => resume(Effect.void)
    })
    // All that was said before is on its way here, and here when the answer to this is.
    yield* Effect.ignore(
      Effect.provide(
        SenderLink.use((link) => link.ask(lastQuestion, new Uint8Array(), lastQuestion)),
        shared,
      ),
    )
    heardAtMs = performance.now()
    yield* untilSilent(() => heardAtMs)
  }).pipe(Effect.scoped)
  writer.close()
})

const parent: Parent = { orders: () => undefined, finish: () => undefined }

const start = (setup: SenderSetup): void => {
  const running = Effect.runFork(work(setup, parent))
  Effect.runFork(
    Effect.map(Fiber.await(running), (exit) => {
      if (exit._tag === "Success") tell({ _tag: "Finished" })
      else {
        process.stderr.write(`${Cause.pretty(exit.cause)}\n`)
        tell({ _tag: "Failed", cause: describeFailure(Cause.squash(exit.cause)) })
      }
    }),
  )
}

process.on("message", (message: ToSender) => {
  if (message._tag === "Setup") start(message)
  if (message._tag === "Send") parent.orders(message.orders)
  if (message._tag === "Finish") parent.finish()
})
process.on("disconnect", () => process.exit(1))
