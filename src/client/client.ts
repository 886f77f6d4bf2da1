/**
 * The client as Effect programs use it, over a sender's link: commands in, decisions out, questions, the ATS feed.
 *
 * Opening it begins to hear replies; closing its scope waits until everything under way has an answer or its caller's patience ends.
 */

import { Context, Deferred, Effect, Layer, Schedule, type Scope, Stream } from "effect"
import { unreachable } from "../assert.ts"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import { type SenderId, skuToken } from "../domain/names.ts"
import type { Command, CommandType } from "../domain/sku/commands.ts"
import type { OrderHeardDecision } from "../kinds/order/types.ts"
import { type Heard, SenderLink } from "../ports/channel.ts"
import { AnswerUnknown, BrokerUnavailable, NotPermitted } from "../ports/errors.ts"
import { decodeDoorAnswer } from "../wire/answers.ts"
import { decodeOrderReply } from "../wire/order-replies.ts"
import { type QuestionAnswer, quarantinePath, topologyPath } from "../wire/questions.ts"
import { decodeReply } from "../wire/replies.ts"
import { type AtsOptions, type AtsSubscription, subscribeAts } from "./ats-subscription.ts"
import { CommandSender, type HeardAnswer, ofSkus, type PublishMessage } from "./command-sender.ts"
import { type CommandAnswer, type CommandInput, commandKey, completeCommand, fieldsOf, type Sendable, sendable } from "./commands.ts"
import { type ClientEnvironment, processEnvironment } from "./environment.ts"
import type { SendFailure } from "./errors.ts"
import {
  channelName,
  checkAtsOptions,
  checkName,
  clientNumbers,
  nameFault,
  orderName,
  reservationName,
  sendOptions,
  skuName,
} from "./given.ts"
import type { AnswerWaiter } from "./in-flight.ts"
import { checkCallback, checkMs, shown, traceGiven } from "./options.ts"
import {
  completeOrder,
  type OrderAnswer,
  type OrderCommandType,
  type OrderInput,
  type OrderRequest,
  ofOrders,
  orderSendable,
} from "./orders.ts"
import { QuestionDesk, type QuestionFailure, questionToken } from "./question-desk.ts"

/** A number that can't be one of these (0, NaN, below 0, more than a timer holds) is a RangeError of whoever gives it. */
export interface ClientOptions {
  /** Milliseconds a caller waits for a decision or an answer, from the call. Default: 30,000. */
  readonly timeoutMs?: number
  /**
   * Milliseconds without an answer after which a command is sent again; doubled each time, spread by a quarter. Default: 1,000. What surely nobody took is sent again
   * sooner: after the time that was told, or after 50 ms, doubled up to this.
   */
  readonly retryMs?: number
  /** Milliseconds at which the doubling stops, and after which is asked again what became of what is stored. Default: 10,000. */
  readonly retryMsMax?: number
  /** Commands sent and not decided; calls beyond it wait. Default: 4,096. */
  readonly inFlightMax?: number
  /** Told the final decision on a command that was answered `quarantined` before. Must not throw. */
  readonly onSettled?: (decision: CommandAnswer) => void
  /** For tests: clocks, timers, ids and chance. */
  readonly environment?: ClientEnvironment
}

export interface SendOptions<Answer = CommandAnswer> {
  /** Instead of the client's. */
  readonly timeoutMs?: number
  /** Instead of the client's, which hears of SKUs alone. */
  readonly onSettled?: (decision: Answer) => void
  /**
   * A W3C `traceparent`: the trace that the command belongs to, and the span in it that the command's are children of. Told with each of its sendings, and kept in the journal. What is none (malformed, an id of zeros, version `ff`) is
   * passed over, so that a header may be handed on as it came; what is no text is a TypeError. A command shares a message only with commands of the same `traceparent`: one for many commands costs nothing, one for each a message each.
   */
  readonly traceparent?: string | null | undefined
}

export type StockAnswer = Extract<QuestionAnswer, { readonly answer: "stock" | "unknownSku" }>
export type ReservationAnswer = Extract<QuestionAnswer, { readonly answer: "reservation" | "unknownReservation" }>
export type OrderStanding = Extract<QuestionAnswer, { readonly answer: "order" | "unknownOrder" }>
export type WorkerAnswer = Extract<QuestionAnswer, { readonly answer: "worker" }>
export type QuarantineAnswer = Extract<QuestionAnswer, { readonly answer: "quarantine" }>
/** What lies in quarantine of a partition of orders. */
export type OrderQuarantineAnswer = Extract<QuestionAnswer, { readonly answer: "orderQuarantine" }>

/** What the workers that answered say about themselves, and the number of partitions that they share. */
export interface Topology {
  readonly partitions: number
  readonly workers: ReadonlyArray<WorkerAnswer>
}

export class Client extends Context.Service<
  Client,
  {
    readonly sender: string
    /** How many partitions the cluster has, once a worker has said so. Nothing that is sent waits for it. */
    readonly partitions: Effect.Effect<number, QuestionFailure>
    /** The same of each kind. */
    readonly partitionsOf: Effect.Effect<PartitionCounts, QuestionFailure>
    /** Fills in what is left out. Store the result before sending where it must survive this process. */
    readonly command: <Type extends CommandType>(type: Type, input: CommandInput<Type>) => Command
    /** Without an effect for each command: calls exactly one of both back, once. They must not throw. */
    readonly submit: (
      command: Command,
      decided: (decision: CommandAnswer) => void,
      failed: (failure: SendFailure) => void,
      options?: SendOptions,
    ) => void
    readonly send: (command: Command, options?: SendOptions) => Effect.Effect<CommandAnswer, SendFailure>
    /** The same three for commands about orders of this channel. */
    readonly orderCommand: <Type extends OrderCommandType>(type: Type, input: OrderInput<Type>) => OrderRequest<Type>
    readonly submitOrder: (
      command: OrderRequest,
      decided: (answer: OrderAnswer) => void,
      failed: (failure: SendFailure) => void,
      options?: SendOptions<OrderAnswer>,
    ) => void
    readonly sendOrder: (command: OrderRequest, options?: SendOptions<OrderAnswer>) => Effect.Effect<OrderAnswer, SendFailure>
    /** Stock of a SKU by location and the ATS of every channel, as of a journaled record. For senders with one of the roles warehouse, merchandiser, operator, reader. */
    readonly stock: (sku: string) => Effect.Effect<StockAnswer, QuestionFailure>
    /** What became of a reservation of this channel, as of a journaled record: whether it is held or confirmed and for how many units, or how and when it ended. */
    readonly reservation: (sku: string, reservation: string) => Effect.Effect<ReservationAnswer, QuestionFailure>
    /** An order as it stands, as of a journaled record: its phase, and what became of each line. Of this channel unless another is named, which takes the role operator. */
    readonly order: (order: string, channel?: string) => Effect.Effect<OrderStanding, QuestionFailure>
    /** Who is at work on what. Waits for all workers that the others know of. For senders with the role operator or reader. */
    readonly topology: Effect.Effect<Topology, QuestionFailure>
    /** One page of what a partition has in quarantine, oldest first; `next` of a page is `after` of the next. */
    readonly quarantine: (partition: number, after: number) => Effect.Effect<QuarantineAnswer, QuestionFailure>
    /** The same of a partition of orders. */
    readonly orderQuarantine: (partition: number, after: number) => Effect.Effect<OrderQuarantineAnswer, QuestionFailure>
    /** Ends once the connection is known to be lost: at once where it is. Everything under way goes on when it is back. */
    readonly lost: Effect.Effect<void>
    readonly subscribeAts: (options: AtsOptions) => Effect.Effect<AtsSubscription, never, Scope.Scope>
    /** Questions and their answers as the wire has them, for whoever passes them on. */
    readonly desk: Pick<QuestionDesk, "ask" | "collect">
  }
>()("holdfast/client/Client") {
  static readonly layer = (options: ClientOptions): Layer.Layer<Client, never, SenderLink> => Layer.effect(Client, makeClient(options))
}

/** Milliseconds for workers that are known and don't answer: they may be dead and not yet missed. */
const collectMs = 2_000
/** Milliseconds before lost replies are listened to again. What was said meanwhile is asked for again by the retries. */
const relistenMs = 250

const utf8 = new TextEncoder()

/** Publishes messages about one kind of thing. `prefix`: what their answers are told by from those of the other. */
const publishOver =
  (link: SenderLink["Service"], kind: Kind, prefix: string): PublishMessage =>
  ({ class: commandClass, token, body, suffix, traceparent }) =>
    link.publish({
      class: commandClass,
      kind,
      token,
      body: utf8.encode(body),
      suffix: `${prefix}.${suffix}`,
      ...(traceparent === undefined ? {} : { traceparent }),
    })

/** Tells the answers to commands about orders from those to commands about SKUs, which count from 1. */
export const ordersToken = "o"

/** Who sends commands of each kind. */
interface Senders {
  readonly sku: CommandSender
  readonly order: CommandSender<OrderAnswer, OrderHeardDecision>
}

/** How a door's answer begins, as this release writes it: `{"v":1,"a…`. Only so that a decision, which is what mostly comes, is not looked at twice. */
const answerFirstAt = '{"v":1,"'.length
const answerFirst = "a".charCodeAt(0)

/** What was said about a message: decisions, or what became of it before or instead of them. */
const hearSaid = <A extends { readonly outcome: string }, S extends HeardAnswer>(
  sender: CommandSender<A, S>,
  decode: (body: Uint8Array) => { readonly decisions: ReadonlyArray<S> } | undefined,
  suffix: string,
  body: Uint8Array,
): void => {
  const answer = body[answerFirstAt] === answerFirst ? decodeDoorAnswer(body) : undefined
  const decisions = answer === undefined ? decode(body)?.decisions : undefined
  const found = answer ?? (decisions === undefined ? decodeDoorAnswer(body) : undefined)
  if (decisions !== undefined) sender.heardReply(suffix, decisions)
  else if (found !== undefined) sender.heardAnswer(suffix, found)
  else sender.heardNonsense(suffix)
}

/** What follows a word in a suffix; undefined: it begins with another. */
const behind = (word: string, suffix: string): string | undefined =>
  suffix.startsWith(`${word}.`) ? suffix.slice(word.length + 1) : undefined

const hear = (heard: Heard, { sku, order }: Senders, desk: QuestionDesk): void => {
  switch (heard._tag) {
    case "Said": {
      const question = behind(questionToken, heard.suffix)
      const ofOrder = behind(ordersToken, heard.suffix)
      if (question !== undefined) desk.heard(question, heard.body)
      else if (ofOrder !== undefined) hearSaid(order, decodeOrderReply, ofOrder, heard.body)
      else hearSaid(sku, decodeReply, heard.suffix, heard.body)
      return
    }
    case "NobodyTook": {
      const ofOrder = behind(ordersToken, heard.suffix)
      if (ofOrder === undefined) sku.heardNobody(heard.suffix)
      else order.heardNobody(ofOrder)
      return
    }
    case "NotPermitted": {
      const { class: commandClass, kind, token, cause } = heard
      if (kind === "order") order.heardNotPermitted(commandClass, token, cause)
      else sku.heardNotPermitted(commandClass, token, cause)
      return
    }
    case "Listening":
      sku.hears()
      order.hears()
      desk.hears()
      return
    default:
      unreachable(heard)
  }
}

/** What to do where the server no longer lets a sender hear its answers. */
const deafAdvice =
  "its login has lost that permission; have whoever runs the server give it back. Until then nothing new is sent; this client listens again by itself"

const hearReplies = (link: SenderLink["Service"], instance: string, senders: Senders, desk: QuestionDesk) =>
  link.replies(instance).pipe(
    Stream.runForEach((arrived) =>
      Effect.sync(() => {
        for (const heard of arrived) hear(heard, senders, desk)
      }),
    ),
    Effect.andThen(Effect.fail(new BrokerUnavailable({ operation: "hear replies", cause: "the subscription ended" }))),
    Effect.tapErrorTag("NotPermitted", ({ cause }) =>
      Effect.sync(() => {
        const deaf = new NotPermitted({ operation: `hear answers as ${link.sender}`, cause: `${cause}: ${deafAdvice}` })
        senders.sku.deaf(deaf)
        senders.order.deaf(deaf)
        desk.deaf(deaf)
      }),
    ),
    Effect.retry(Schedule.spaced(relistenMs)),
  )

/** Ids given by the caller whose first `issuedAtMs` the client keeps. */
const firstTimesMax = 65_536

/** The time that an id was first used at, where the caller gives none: it bounds how long the id is remembered, so asking again must not move it. */
const withFirstTime = <Input extends { readonly id?: string; readonly issuedAtMs?: number }>(
  firstIssued: Map<string, number>,
  given: Input,
  about: "sku" | "order",
  environment: ClientEnvironment,
): Input => {
  const input = fieldsOf(given) as Input
  const named: unknown = Reflect.get(input, about)
  // What is no id is told by whoever checks it: nothing is kept under it.
  if (typeof input.id !== "string" || typeof named !== "string") return input
  const key = `${about} ${commandKey(input.id, named)}`
  const issuedAtMs = input.issuedAtMs === undefined ? (firstIssued.get(key) ?? environment.wallMs()) : input.issuedAtMs
  // What is no time is told by whoever checks it: nothing is kept of it.
  if (typeof issuedAtMs !== "number") return input
  if (!firstIssued.has(key)) {
    firstIssued.set(key, issuedAtMs)
    for (const oldest of firstIssued.keys()) {
      if (firstIssued.size <= firstTimesMax) break
      firstIssued.delete(oldest)
    }
  }
  return { ...input, issuedAtMs }
}

/** What sends commands of one kind for callers, each with the patience and the callback of its own or of the client. */
const sendingOver = <C, A extends { readonly outcome: string }, S extends HeardAnswer>(
  sender: CommandSender<A, S>,
  sendableOf: (command: C) => Sendable | A,
  environment: ClientEnvironment,
  timeoutMs: number,
  onSettled: ((decision: A) => void) | undefined,
) => {
  const settledOf = (own: SendOptions<A>): AnswerWaiter<A>["settled"] => {
    const settled = own.onSettled === undefined ? onSettled : own.onSettled
    checkCallback("onSettled", settled)
    return settled === undefined ? null : surfacing(environment, settled)
  }
  /** Returns how to stop waiting, or undefined if it was answered at once. */
  const submit = (command: C, waiter: AnswerWaiter<A>, own: SendOptions<A>): (() => void) | undefined => {
    checkMs("timeoutMs", own.timeoutMs)
    const traceparent = traceGiven(own.traceparent)
    const ready = sendableOf(command)
    if ("outcome" in ready) {
      waiter.decided(ready)
      return undefined
    }
    const sent = traceparent === undefined ? ready : { ...ready, traceparent }
    sender.submit(sent, own.timeoutMs ?? timeoutMs, waiter)
    return () => sender.forgo(sent, waiter)
  }
  return {
    submit: (command: C, decided: AnswerWaiter<A>["decided"], failed: AnswerWaiter<A>["failed"], given?: SendOptions<A>): void => {
      const own = sendOptions(given)
      submit(command, { decided, failed, settled: settledOf(own) }, own)
    },
    send: (command: C, given?: SendOptions<A>) =>
      Effect.callback<A, SendFailure>((resume) => {
        const own = sendOptions(given)
        const decided = (decision: A) => resume(Effect.succeed(decision))
        const failed = (failure: SendFailure) => resume(Effect.fail(failure))
        const stop = submit(command, { decided, failed, settled: settledOf(own) }, own)
        return stop === undefined ? undefined : Effect.sync(stop)
      }),
  }
}

/** Commands about SKUs and about orders. */
const commands = (
  senders: Senders,
  channel: SenderId,
  partitions: Partitions,
  environment: ClientEnvironment,
  options: ClientOptions,
  timeoutMs: number,
) => {
  const firstIssued = new Map<string, number>()
  const skus = sendingOver(
    senders.sku,
    (command: Command) => sendable(command, partitions.known),
    environment,
    timeoutMs,
    options.onSettled,
  )
  const orders = sendingOver(senders.order, (command: OrderRequest) => orderSendable(command, channel), environment, timeoutMs, undefined)
  return {
    command: <Type extends CommandType>(type: Type, input: CommandInput<Type>) =>
      completeCommand(type, withFirstTime(firstIssued, input, "sku", environment), environment),
    ...skus,
    orderCommand: <Type extends OrderCommandType>(type: Type, input: OrderInput<Type>) =>
      completeOrder(type, withFirstTime(firstIssued, input, "order", environment), environment),
    submitOrder: orders.submit,
    sendOrder: orders.send,
  }
}

/** What a caller's callback throws is thrown where the process sees it, not into the fiber that hears for everybody. */
const surfacing =
  <A>(environment: ClientEnvironment, callback: (value: A) => void): ((value: A) => void) =>
  (value) => {
    try {
      callback(value)
    } catch (error) {
      environment.atTurnsEnd(() => {
        throw error
      })
    }
  }

const isComplete = (answers: ReadonlyArray<QuestionAnswer>): boolean => {
  const workers = workersOf(answers)
  const heard = new Set(workers.map(({ worker }) => worker))
  return workers.length > 0 && workers.every(({ members }) => members.every((member) => heard.has(member)))
}

/** One answer of each worker: whoever is asked again answers again. */
const workersOf = (answers: ReadonlyArray<QuestionAnswer>): ReadonlyArray<WorkerAnswer> => {
  const byName = new Map<string, WorkerAnswer>()
  for (const answer of answers) if (answer.answer === "worker") byName.set(answer.worker, answer)
  return [...byName.values()].sort((a, b) => (a.worker < b.worker ? -1 : 1))
}

/** How many partitions there are, as far as it is known. */
interface Partitions {
  known: number | undefined
  readonly learned: Deferred.Deferred<PartitionCounts, QuestionFailure>
}

/** Asks until a worker answers: only then can commands of several SKUs share a message. */
const learnPartitions = (desk: QuestionDesk, partitions: Partitions): Effect.Effect<void> =>
  desk
    .ask({ path: topologyPath, timeoutMs: Number.POSITIVE_INFINITY }, (answer) =>
      answer.answer === "topology" ? answer.partitions : undefined,
    )
    .pipe(
      Effect.tap(({ sku }) =>
        Effect.sync(() => {
          partitions.known = sku
        }),
      ),
      Effect.exit,
      Effect.flatMap((exit) => Deferred.done(partitions.learned, exit)),
      Effect.asVoid,
    )

/** Asks for one page of what a partition of a kind has in quarantine. */
const askPage = <A extends { readonly partition: number }>(
  desk: QuestionDesk,
  timeoutMs: number,
  kind: Kind,
  partition: number,
  after: number,
  pageOf: (answer: QuestionAnswer) => A | undefined,
): Effect.Effect<A, QuestionFailure> => {
  for (const [name, given] of Object.entries({ partition, after }))
    if (!(Number.isSafeInteger(given) && given >= 0))
      return Effect.die(new RangeError(`${name} is ${shown(given)}: it must be a whole number from 0 on`))
  return desk.ask({ path: quarantinePath(kind, partition), body: { v: 1, after }, timeoutMs }, (answer) => {
    const page = pageOf(answer)
    return page?.partition === partition ? page : undefined
  })
}

/** Asks, unless the question can't be one: that is a mistake of the program, and asking it again changes nothing. */
const unlessWrong = <A>(
  faults: ReadonlyArray<RangeError | undefined>,
  ask: () => Effect.Effect<A, QuestionFailure>,
): Effect.Effect<A, QuestionFailure> => {
  const fault = faults.find((one) => one !== undefined)
  return fault === undefined ? ask() : Effect.die(fault)
}

const questions = (desk: QuestionDesk, counted: Effect.Effect<number, QuestionFailure>, timeoutMs: number) => ({
  partitions: counted,
  stock: (sku: string): Effect.Effect<StockAnswer, QuestionFailure> =>
    unlessWrong([nameFault("sku", sku, skuName)], () =>
      desk.ask({ path: `stock.${skuToken(sku)}`, timeoutMs }, (answer) =>
        (answer.answer === "stock" || answer.answer === "unknownSku") && answer.sku === sku ? answer : undefined,
      ),
    ),
  reservation: (sku: string, reservation: string): Effect.Effect<ReservationAnswer, QuestionFailure> =>
    unlessWrong([nameFault("sku", sku, skuName), nameFault("reservation", reservation, reservationName)], () =>
      desk.ask({ path: `reservation.${skuToken(sku)}`, body: { v: 1, reservation }, timeoutMs }, (answer) =>
        (answer.answer === "reservation" || answer.answer === "unknownReservation") &&
        answer.sku === sku &&
        answer.reservation === reservation
          ? answer
          : undefined,
      ),
    ),
  order: (order: string, channel?: string): Effect.Effect<OrderStanding, QuestionFailure> =>
    unlessWrong(
      [nameFault("order", order, orderName), channel === undefined ? undefined : nameFault("channel", channel, channelName)],
      () =>
        desk.ask(
          { path: `order.${skuToken(order)}`, timeoutMs, ...(channel === undefined ? {} : { body: { v: 1, channel } }) },
          (answer) =>
            (answer.answer === "order" || answer.answer === "unknownOrder") &&
            answer.order === order &&
            (channel === undefined || answer.channel === channel)
              ? answer
              : undefined,
        ),
    ),
  topology: Effect.zipWith(
    counted,
    desk.collect({ path: "workers", timeoutMs: Math.min(timeoutMs, collectMs) }, isComplete),
    (partitions, answers) => ({ partitions, workers: workersOf(answers) }),
  ),
  quarantine: (partition: number, after: number): Effect.Effect<QuarantineAnswer, QuestionFailure> =>
    askPage(desk, timeoutMs, "sku", partition, after, (answer) => (answer.answer === "quarantine" ? answer : undefined)),
  orderQuarantine: (partition: number, after: number): Effect.Effect<OrderQuarantineAnswer, QuestionFailure> =>
    askPage(desk, timeoutMs, "order", partition, after, (answer) => (answer.answer === "orderQuarantine" ? answer : undefined)),
})

/** Opens a client over the link in place. Closing the scope is a clean close. */
const makeClient = (options: ClientOptions): Effect.Effect<Client["Service"], never, SenderLink | Scope.Scope> =>
  Effect.gen(function* () {
    const link = yield* SenderLink
    const { timeoutMs, ...limits } = clientNumbers(options)
    const environment = options.environment ?? processEnvironment
    const instance = environment.randomId()
    const channel = link.sender as SenderId
    const senders: Senders = {
      sku: new CommandSender(environment, limits, publishOver(link, "sku", instance), ofSkus),
      order: new CommandSender(environment, limits, publishOver(link, "order", `${instance}.${ordersToken}`), ofOrders(channel)),
    }
    const desk = new QuestionDesk(link, instance)
    const partitions: Partitions = { known: undefined, learned: yield* Deferred.make<PartitionCounts, QuestionFailure>() }
    yield* Effect.forkScoped(hearReplies(link, instance, senders, desk), { startImmediately: true })
    yield* Effect.forkScoped(learnPartitions(desk, partitions), { startImmediately: true })
    const partitionsOf = Deferred.await(partitions.learned).pipe(
      Effect.timeoutOrElse({
        duration: timeoutMs,
        orElse: () => Effect.fail(new AnswerUnknown({ cause: `no worker said within ${timeoutMs} ms how many partitions there are` })),
      }),
    )
    const counted = Effect.map(partitionsOf, ({ sku }) => sku)
    // Runs before replies stop being heard: whatever is under way is answered first.
    for (const sender of [senders.sku, senders.order])
      yield* Effect.addFinalizer(() => Effect.callback<void>((resume) => sender.close(() => resume(Effect.void))))
    return Client.of({
      sender: link.sender,
      ...commands(senders, channel, partitions, environment, options, timeoutMs),
      ...questions(desk, counted, timeoutMs),
      partitionsOf,
      desk,
      lost: link.lost,
      subscribeAts: (options) => {
        checkAtsOptions(options)
        const subscription = subscribeAts(
          { link, desk, partitions: counted, timeoutMs },
          { ...options, onValue: surfacing(environment, options.onValue) },
        )
        return Effect.map(subscription, ({ current, ...others }) => ({
          ...others,
          current: (sku) => {
            checkName("sku", sku, skuName)
            return current(sku)
          },
        }))
      },
    })
  })
