/**
 * The port `Senders` over the client: a client for each sender whose login is held, opened when it is first asked for, and closed when nobody has asked for a while.
 *
 * A sender's client is over a connection of its own, logged in as that sender. So nothing here can let one sender speak as another: what isn't its own, the server refuses.
 */
import { Context, Effect, Layer, RcMap } from "effect"
import type { Kind } from "../domain/kinds.ts"
import { skuToken } from "../domain/names.ts"
import type { Command } from "../domain/sku/commands.ts"
import { gatewayIdleMs } from "../limits.ts"
import type { SenderLink } from "../ports/channel.ts"
import { AnswerUnknown, type BrokerUnavailable, type NotPermitted } from "../ports/errors.ts"
import { type ActingSender, type Asking, type CommandHeard, type PageAsked, Senders } from "../ports/senders.ts"
import { type QuestionAnswer, quarantinePath, topologyPath } from "../wire/questions.ts"
import { Client } from "./client.ts"
import type { SendFailure } from "./errors.ts"
import type { OrderRequest } from "./orders.ts"
import type { QuestionFailure } from "./question-desk.ts"

/** The link of each sender whose login is held, by its name. */
export type SenderLinks = ReadonlyMap<string, Layer.Layer<SenderLink, NotPermitted | BrokerUnavailable>>

/** A client is closed only where nobody asks any more, so whoever hears of it was late: what became of the command is not known. */
const unknownIfClosed = (failure: SendFailure): QuestionFailure =>
  failure._tag === "ClientClosed" ? new AnswerUnknown({ cause: failure.cause }) : failure

const send =
  (client: Client["Service"]) =>
  (kind: Kind, command: object, asking: Asking): Effect.Effect<CommandHeard, QuestionFailure> => {
    // What a sender wrote is no command yet: the client reads it as the door would, and says what is wrong with it.
    const sent: Effect.Effect<CommandHeard, SendFailure> =
      kind === "sku" ? client.send(command as Command, asking) : client.sendOrder(command as OrderRequest, asking)
    return Effect.mapError(sent, unknownIfClosed)
  }

/** The answer, where it is one of these and about that. */
const answered =
  <Name extends QuestionAnswer["answer"]>(...names: ReadonlyArray<Name>) =>
  (isAbout: (answer: Extract<QuestionAnswer, { readonly answer: Name }>) => boolean) =>
  (answer: QuestionAnswer): Extract<QuestionAnswer, { readonly answer: Name }> | undefined => {
    if (!names.some((name) => name === answer.answer)) return undefined
    // Its name was just looked at.
    const named = answer as Extract<QuestionAnswer, { readonly answer: Name }>
    return isAbout(named) ? named : undefined
  }

const pageOf = ({ partition, after, limit }: PageAsked) => ({ v: 1, partition, after, limit })

const isComplete = (answers: ReadonlyArray<QuestionAnswer>): boolean => {
  const workers = answers.filter((answer) => answer.answer === "worker")
  const heard = new Set(workers.map(({ worker }) => worker))
  return workers.length > 0 && workers.every(({ members }) => members.every((member) => heard.has(member)))
}

const questionsOver = ({ desk }: Client["Service"]): Omit<ActingSender, "sender" | "send" | "lost" | "follow"> => ({
  partitions: (timeoutMs) =>
    desk.ask({ path: topologyPath, timeoutMs }, (answer) => (answer.answer === "topology" ? answer.partitions : undefined)),
  ats: (sku, timeoutMs) =>
    desk.ask(
      { path: `ats.${skuToken(sku)}`, timeoutMs },
      answered("ats")(() => true),
    ),
  atsPage: (page, timeoutMs) =>
    desk.ask(
      { path: "ats", body: pageOf(page), timeoutMs },
      answered("ats")(({ partition }) => partition === page.partition),
    ),
  stock: (sku, timeoutMs) =>
    desk.ask(
      { path: `stock.${skuToken(sku)}`, timeoutMs },
      answered("stock", "unknownSku")((answer) => answer.sku === sku),
    ),
  reservation: (sku, reservation, timeoutMs) =>
    desk.ask(
      { path: `reservation.${skuToken(sku)}`, body: { v: 1, reservation }, timeoutMs },
      answered("reservation", "unknownReservation")((answer) => answer.sku === sku && answer.reservation === reservation),
    ),
  order: (order, channel, timeoutMs) =>
    desk.ask(
      { path: `order.${skuToken(order)}`, timeoutMs, ...(channel === undefined ? {} : { body: { v: 1, channel } }) },
      answered("order", "unknownOrder")((answer) => answer.order === order && (channel === undefined || answer.channel === channel)),
    ),
  quarantine: (kind, page, timeoutMs) =>
    desk.ask(
      { path: quarantinePath(kind, page.partition), body: pageOf(page), timeoutMs },
      answered(kind === "sku" ? "quarantine" : "orderQuarantine")(({ partition }) => partition === page.partition),
    ),
  workers: (timeoutMs) =>
    Effect.map(desk.collect({ path: "workers", timeoutMs }, isComplete), (answers) => {
      // Whoever is asked again answers again.
      const byName = new Map(answers.filter((answer) => answer.answer === "worker").map((answer) => [answer.worker, answer]))
      return [...byName.values()].sort((a, b) => (a.worker < b.worker ? -1 : 1))
    }),
})

const actingOver = (client: Client["Service"]): ActingSender => ({
  sender: client.sender,
  send: send(client),
  lost: client.lost,
  ...questionsOver(client),
  follow: ({ onValue, onGap }, skus) => client.subscribeAts({ onValue, onGap, ...(skus === undefined ? {} : { skus }) }),
})

/** Closing waits until everything under way has an answer; `timeoutMs` bounds how long any caller waits. */
const actingLayer = (links: SenderLinks, timeoutMs: number) =>
  Effect.gen(function* () {
    const clients = yield* RcMap.make({
      idleTimeToLive: gatewayIdleMs,
      lookup: (sender: string) => {
        const link = links.get(sender)
        return link === undefined
          ? Effect.undefined
          : Layer.build(Client.layer({ timeoutMs }).pipe(Layer.provide(link))).pipe(
              Effect.map((built) => actingOver(Context.get(built, Client))),
            )
      },
    })
    return Senders.of({
      names: [...links.keys()],
      as: (sender) =>
        // What failed is not kept: whoever asks next tries anew.
        RcMap.get(clients, sender).pipe(Effect.tapError(() => RcMap.invalidate(clients, sender))),
    })
  })

/** The senders of these links. */
export const sendersLayer = (links: SenderLinks, timeoutMs: number): Layer.Layer<Senders> =>
  Layer.effect(Senders, actingLayer(links, timeoutMs))
