/**
 * The way of commands through the client: bounded in flight, in lanes, packed by turn, sent again until answered, matched with what is heard of them.
 *
 * Synchronous and callback-driven, so that a command costs no fiber and no effect; what publishes and who calls are outside.
 * Decides nothing about stock: a decision is what a reply says, and "busy" and "not stored" only what was surely never taken.
 */
import { unreachable } from "../assert.ts"
import type { CommandClass } from "../domain/names.ts"
import type { Command } from "../domain/sku/commands.ts"
import { commandsPerMessageMax } from "../limits.ts"
import { AnswerUnknown, NotPermitted } from "../ports/errors.ts"
import type { DoorAnswer } from "../wire/answers.ts"
import { contentHash, differingField } from "../wire/content.ts"
import { packMessages } from "./batching.ts"
import {
  type BusyCause,
  type CommandAnswer,
  commandKey,
  type HeardDecision,
  isFinal,
  type NotStoredAtDoor,
  type Sendable,
} from "./commands.ts"
import type { ClientEnvironment } from "./environment.ts"
import { ClientClosed, type SendFailure } from "./errors.ts"
import type { AnswerWaiter, Attempt, CommandInFlight } from "./in-flight.ts"
import { CommandLanes, waits } from "./lanes.ts"
import { againMs, type Pace, silenceMs, storedMs, sweepGapMs, untakenMs } from "./pace.ts"

export interface SenderLimits extends Pace {
  /** Commands sent and not decided. More calls wait inside the client, in order. */
  readonly inFlightMax: number
}

/** Publishes one message. False: there is no connection, so that it surely went to nobody. */
export type PublishMessage = (message: {
  readonly class: CommandClass
  readonly token: string
  readonly body: string
  readonly suffix: string
  readonly traceparent?: string
}) => boolean

interface UnsettledCommand<A> {
  readonly command: Sendable
  readonly waiter: AnswerWaiter<A>
  readonly giveUpAtMs: number
}

/** Commands whose final decision is still awaited after a provisional one. Beyond it the oldest are no longer told. */
const provisionalMax = 10_000

/** What a sender of commands has to know of the things that they are about: SKUs, or orders. */
export interface Spoken<A, S> {
  /** By what a decision finds its command; undefined where it doesn't say enough: then it is found by its place. */
  readonly keyOf: (said: S) => string | undefined
  /** Whether a decision names this very command. */
  readonly isOf: (said: S, command: Pick<Sendable, "id" | "about">) => boolean
  /** An answer to this command. */
  readonly answer: (command: Pick<Sendable, "id" | "about">, rest: object) => A
  /** What differs between two commands of one id, as their owner would say it; undefined: they ask for the same. */
  readonly differing: (one: string, other: string) => string | undefined
}

/** A decision as a reply says it, as far as it is looked at here. */
export interface HeardAnswer {
  readonly id: string | null
  readonly outcome: string
}

/** What differs between two commands about a SKU. */
const differingContent = (one: string, other: string): string | undefined => {
  const [a, b] = [one, other].map((text) => contentHash(JSON.parse(text) as Command))
  return a === undefined || b === undefined || a === b ? undefined : differingField(a, b)
}

/** Commands about SKUs. */
export const ofSkus: Spoken<CommandAnswer, HeardDecision> = {
  keyOf: ({ id, sku }) => (id === null || sku === null ? undefined : commandKey(id, sku)),
  isOf: (said, { id, about }) => said.id === id && said.sku === about,
  answer: ({ id, about: sku }, rest) => ({ id, sku, ...rest }) as CommandAnswer,
  differing: differingContent,
}

export class CommandSender<A extends { readonly outcome: string } = CommandAnswer, S extends HeardAnswer = HeardDecision> {
  readonly #environment: ClientEnvironment
  readonly #limits: SenderLimits
  readonly #publish: PublishMessage
  readonly #spoken: Spoken<A, S>
  readonly #inFlight = new Map<string, CommandInFlight<A>>()
  readonly #lanes = new CommandLanes<CommandInFlight<A>>()
  readonly #attempts = new Map<string, Attempt<A>>()
  readonly #provisional = new Map<string, ReadonlyArray<AnswerWaiter<A>>>()
  #waiting: Array<UnsettledCommand<A>> = []
  #waitingFrom = 0
  /** When the first caller of those that wait for room loses patience. */
  #waitingGiveUpAtMs = Number.POSITIVE_INFINITY
  #outbox: Array<CommandInFlight<A>> = []
  #flushing = false
  #nextMessage = 1
  #sweepAtMs = Number.POSITIVE_INFINITY
  #stopSweep: () => void = () => {}
  #closed = false
  /** Why no answer is heard, while the server refuses that. */
  #deaf: NotPermitted | null = null
  #whenIdle: Array<() => void> = []

  constructor(environment: ClientEnvironment, limits: SenderLimits, publish: PublishMessage, spoken: Spoken<A, S>) {
    this.#environment = environment
    this.#limits = limits
    this.#publish = publish
    this.#spoken = spoken
  }

  /** Commands without a decision, waiting ones included. */
  get undecided(): number {
    return this.#inFlight.size + this.#waiting.length - this.#waitingFrom
  }

  /** Sends `command` when there is room. `timeoutMs` is the caller's patience, from now. */
  submit(command: Sendable, timeoutMs: number, waiter: AnswerWaiter<A>): void {
    const giveUpAtMs = this.#environment.elapsedMs() + timeoutMs
    const same = this.#inFlight.get(command.key)
    if (this.#closed) waiter.failed(new ClientClosed({ cause: "the client was closed before this was sent; nothing was stored" }))
    else if (same !== undefined) this.#join(same, command, waiter)
    else if (this.#deaf !== null) waiter.failed(this.#deaf)
    else if (this.#inFlight.size < this.#limits.inFlightMax && this.#waitingFrom === this.#waiting.length) {
      this.#admit(command, waiter, giveUpAtMs)
    } else {
      this.#waiting.push({ command, waiter, giveUpAtMs })
      this.#waitingGiveUpAtMs = Math.min(this.#waitingGiveUpAtMs, giveUpAtMs)
      this.#sweepBy(giveUpAtMs)
    }
  }

  /** Takes the decisions of the reply to the message with this suffix. */
  heardReply(suffix: string, decisions: ReadonlyArray<S>): void {
    const attempt = this.#attempts.get(suffix)
    for (const [i, said] of decisions.entries()) {
      // Mostly each stands in its command's place, and nothing has to be looked up.
      const there = attempt?.commands[i]
      if (there !== undefined && !there.decided && this.#provisional.size === 0 && this.#spoken.isOf(said, there)) {
        // A decision that names its command is an answer as it stands.
        this.#settle(there, said as unknown as A)
        continue
      }
      const key = this.#spoken.keyOf(said)
      // A decision that names its command is an answer as it stands.
      if (key !== undefined) this.#namedDecision(attempt, key, said as unknown as A)
      else if (attempt !== undefined) this.#namelessDecision(attempt, decisions.length, i, said)
    }
    this.#admitWaiting()
  }

  /** Something came that can't be read. Its commands are asked about again, and whoever runs out of patience is told. */
  heardNonsense(suffix: string): void {
    for (const command of this.#attempts.get(suffix)?.commands ?? [])
      command.lastCause = "an answer came that can't be read: is this client older than the cluster?"
  }

  /** Takes what the door said of the message with this suffix. */
  heardAnswer(suffix: string, answer: DoorAnswer): void {
    const attempt = this.#attempts.get(suffix)
    if (attempt === undefined) return
    switch (answer.answer) {
      case "stored":
        this.#stored(attempt)
        break
      case "busy":
        this.#notTaken(attempt, answer.why, againMs(answer.retryAfterMs, this.#environment.chance()), answer.retryAfterMs)
        break
      case "notStored":
        this.#notStored(attempt, answer)
        break
      default:
        unreachable(answer)
    }
    this.#admitWaiting()
  }

  /** The server knows nobody who takes the message with this suffix. */
  heardNobody(suffix: string): void {
    const attempt = this.#attempts.get(suffix)
    if (attempt !== undefined) this.#untaken(attempt, "nobody")
    this.#admitWaiting()
  }

  /** The server dropped a message published there, for want of permission; the newest, where it can't be told which. Never on the way of what is permitted, so it may look at all. */
  heardNotPermitted(commandClass: CommandClass, token: string, cause: string): void {
    let newest: Attempt<A> | undefined
    for (const attempt of this.#attempts.values()) if (attempt.class === commandClass && attempt.token === token) newest = attempt
    if (newest !== undefined) this.#notPermitted(newest, `publish ${commandClass} commands`, cause)
    this.#admitWaiting()
  }

  /** The server refuses this sender its answers. What was not sent yet fails; what was may have been taken, and is asked again until its caller's patience ends: it may be heard again by then. */
  deaf(why: NotPermitted): void {
    this.#deaf = why
    const waiting = this.#waiting.splice(0).slice(this.#waitingFrom)
    this.#waitingFrom = 0
    for (const { waiter } of waiting) waiter.failed(why)
    for (const command of [...this.#inFlight.values()]) {
      command.lastCause = why.cause
      if (command.attempts.length === 0) this.#fail(command, why)
    }
  }

  /** Answers are heard, as far as the server is concerned. */
  hears(): void {
    this.#deaf = null
  }

  /** The caller no longer waits. What nobody waits for is not sent again; it may have been decided. */
  forgo(command: Sendable, waiter: AnswerWaiter<A>): void {
    const inFlight = this.#inFlight.get(command.key)
    const place = inFlight?.waiters.indexOf(waiter) ?? -1
    if (inFlight === undefined || place < 0)
      this.#waiting = this.#waiting.filter((one, index) => index < this.#waitingFrom || one.waiter !== waiter)
    else if (inFlight.waiters.splice(place, 1).length > 0 && inFlight.waiters.length === 0) this.#forget(inFlight)
    this.#admitWaiting()
  }

  /** Takes nothing new; calls back once nothing is undecided. Patience bounds that. */
  close(idle: () => void): void {
    this.#closed = true
    this.#whenIdle.push(idle)
    this.#checkIdle()
  }

  /** The same id asked twice at once: the same content shares the decision, other content gets the answer the owner would give. */
  #join(same: CommandInFlight<A>, command: Sendable, waiter: AnswerWaiter<A>): void {
    const field = same.text === command.text ? undefined : this.#spoken.differing(same.text, command.text)
    if (field === undefined) same.waiters.push(waiter)
    else waiter.decided(this.#spoken.answer(command, { outcome: "refused", reason: "IdReused", field }))
  }

  #admit(sendable: Sendable, waiter: AnswerWaiter<A>, giveUpAtMs: number): void {
    const command: CommandInFlight<A> = {
      key: sendable.key,
      id: sendable.id,
      about: sendable.about,
      issuedAtMs: sendable.issuedAtMs,
      reservation: sendable.reservation,
      class: sendable.class,
      token: sendable.token,
      text: sendable.text,
      bytes: sendable.bytes,
      isStored: sendable.isStored,
      packing: sendable.packing,
      lane: sendable.lane,
      waiters: [waiter],
      giveUpAtMs,
      retryAtMs: Number.POSITIVE_INFINITY,
      attempts: [],
      untaken: 0,
      notTaken: { why: "client", retryAfterMs: this.#limits.retryMs },
      stored: false,
      place: "held",
      before: null,
      after: null,
      isAlone: sendable.isAlone,
      ...(sendable.traceparent === undefined ? {} : { traceparent: sendable.traceparent }),
      alone: sendable.isAlone,
      placedIn: 0,
      lastCause: "no answer came",
      decided: false,
    }
    this.#inFlight.set(command.key, command)
    this.#lanes.enter(command)
    this.#sweepBy(giveUpAtMs)
    // Behind one that is about to be sent it may travel in the same message.
    if (!waits(command) || command.before?.place === "posted") this.#post(command)
  }

  /** Sends it at the end of the turn, and behind it what waits for it, as far as a message may hold it. */
  #post(command: CommandInFlight<A>): void {
    let next: CommandInFlight<A> | null = command
    for (let room = commandsPerMessageMax; next !== null && room > 0; room--) {
      if (next.place !== "posted") this.#outbox.push(next)
      next.place = "posted"
      next.retryAtMs = Number.POSITIVE_INFINITY
      next = next.after?.place === "held" ? next.after : null
    }
    if (this.#flushing) return
    this.#flushing = true
    this.#environment.atTurnsEnd(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    // What was answered or given up since it was posted isn't sent.
    const outbox = this.#outbox.filter((command) => !command.decided)
    this.#outbox = []
    const { messages, held } = packMessages(outbox, this.#nextMessage)
    for (const command of held) command.place = "held"
    this.#nextMessage += messages.length
    const unsent: Array<Attempt<A>> = []
    for (const { number, class: commandClass, token, body, commands } of messages) {
      const suffix = String(number)
      const attempt: Attempt<A> = { suffix, class: commandClass, token, commands, undecided: commands.length }
      this.#attempts.set(suffix, attempt)
      this.#sent(attempt)
      const traceparent = commands[0]?.traceparent
      const message = { class: commandClass, token, body, suffix, ...(traceparent === undefined ? {} : { traceparent }) }
      if (!this.#publish(message)) unsent.push(attempt)
    }
    for (const attempt of unsent) this.#untaken(attempt, "connection")
    if (unsent.length > 0) this.#admitWaiting()
  }

  /** Until something is heard it may have been taken; it is sent again when silence has lasted. Spread and grown per message: what travelled together goes again together. */
  #sent(attempt: Attempt<A>): void {
    let silences = 0
    for (const command of attempt.commands) silences = Math.max(silences, command.attempts.length)
    const nowMs = this.#environment.elapsedMs()
    const chance = this.#environment.chance()
    const retryAtMs = nowMs + silenceMs(this.#limits, silences, chance)
    for (const command of attempt.commands) {
      command.place = "sent"
      command.attempts.push(attempt)
      command.retryAtMs = command.stored ? nowMs + storedMs(this.#limits, command.attempts.length, chance) : retryAtMs
    }
    this.#sweepBy(retryAtMs)
  }

  #stored(attempt: Attempt<A>): void {
    const nowMs = this.#environment.elapsedMs()
    const chance = this.#environment.chance()
    for (const command of attempt.commands) {
      if (command.decided) continue
      command.stored = true
      command.lastCause = "it is stored, and no decision came"
      command.retryAtMs = nowMs + storedMs(this.#limits, command.attempts.length, chance)
      const { after } = command
      if (after !== null && after.place === "held" && !waits(after)) this.#post(after)
    }
  }

  /** Nobody took the message, or it came too old: it is sent again, later each time. */
  #untaken(attempt: Attempt<A>, why: BusyCause): void {
    let times = 0
    for (const command of attempt.commands) times = Math.max(times, command.untaken++)
    const delayMs = untakenMs(this.#limits, times, this.#environment.chance())
    this.#notTaken(attempt, why, delayMs, Math.ceil(delayMs))
  }

  /** Nothing of the message was taken: its commands go again after `delayMs`, as long as somebody waits for them. */
  #notTaken(attempt: Attempt<A>, why: BusyCause, delayMs: number, retryAfterMs: number): void {
    this.#dropAttempt(attempt)
    const atMs = this.#environment.elapsedMs() + delayMs
    for (const command of attempt.commands) {
      if (command.decided || command.stored) continue
      command.lastCause = causeOf[why]
      command.notTaken = { why, retryAfterMs }
      // An earlier sending may still be answered: then it isn't sent again before it would have been without this.
      if (command.attempts.length > 0) command.retryAtMs = Math.max(command.retryAtMs, atMs)
      else if (atMs >= command.giveUpAtMs) this.#busy(command)
      else if (command.place === "sent") command.retryAtMs = atMs
      this.#sweepBy(command.retryAtMs)
    }
  }

  /** Forgets a message that was surely not taken. */
  #dropAttempt(attempt: Attempt<A>): void {
    this.#attempts.delete(attempt.suffix)
    for (const command of attempt.commands) command.attempts = command.attempts.filter((one) => one !== attempt)
  }

  #notStored(attempt: Attempt<A>, answer: NotStoredAtDoor): void {
    switch (answer.reason) {
      case "age": {
        const named = answer.at === undefined ? undefined : attempt.commands[answer.at]
        // Its own deadline has passed: that is its answer, unless an earlier sending may still have been decided. Asked about again, it must not keep its neighbours out.
        if (named?.attempts.every((one) => one === attempt) === true) return this.#atFault(attempt, answer, named)
        if (named !== undefined) named.alone = true
        this.#untaken(attempt, "age")
        return
      }
      case "sender":
        this.#notPermitted(attempt, `send ${attempt.class} commands`, "the door does not take them from this sender")
        return
      case "partition":
      case "mixed":
        this.#atFault(attempt, answer, undefined)
        return
      case "form":
      case "size":
      case "token":
      case "class":
      case "kind":
        this.#atFault(attempt, answer, answer.at === undefined ? undefined : attempt.commands[answer.at])
        return
      default:
        unreachable(answer.reason)
    }
  }

  /**
   * Something about the message was wrong, and nothing of it was taken. Known which of its commands it was, the others go again without it; not known, each goes alone, and the answer
   * to each says it.
   */
  #atFault(attempt: Attempt<A>, answer: NotStoredAtDoor, named: CommandInFlight<A> | undefined): void {
    this.#dropAttempt(attempt)
    const guilty = attempt.commands.length === 1 ? attempt.commands[0] : named
    for (const command of attempt.commands) {
      if (command.decided || command.stored) continue
      if (command === guilty) this.#neverStored(command, answer)
      else {
        command.alone ||= guilty === undefined
        this.#post(command)
      }
    }
  }

  #neverStored(command: CommandInFlight<A>, answer: NotStoredAtDoor): void {
    const { reason, cause, field, detail, at } = answer
    command.retryAtMs = Number.POSITIVE_INFINITY
    command.lastCause = `the last sending was not stored, for its ${field ?? cause ?? reason}; an earlier one had no answer`
    // It is never sent again. But what may have been taken before, by another release that reads it otherwise, is not said to be free.
    if (command.attempts.length > 0) return
    const why = {
      ...(cause === undefined ? {} : { cause }),
      ...(field === undefined ? {} : { field }),
      ...(detail === undefined ? {} : { detail }),
      ...(at === undefined ? {} : { at }),
    }
    this.#settle(command, this.#spoken.answer(command, { outcome: "notStored", reason, ...why }))
  }

  #notPermitted(attempt: Attempt<A>, operation: string, cause: string): void {
    this.#dropAttempt(attempt)
    for (const command of attempt.commands) {
      if (command.decided || command.stored) continue
      command.lastCause = cause
      // An earlier sending may still be decided: then "not permitted" would not be true.
      if (command.attempts.length === 0) this.#fail(command, new NotPermitted({ operation, cause }))
    }
  }

  #busy(command: CommandInFlight<A>): void {
    this.#settle(command, this.#spoken.answer(command, { outcome: "busy", ...command.notTaken }))
  }

  #namedDecision(attempt: Attempt<A> | undefined, key: string, decision: A): void {
    const command = this.#inFlight.get(key)
    // Only what travelled in that message: an answer to an id that was given up and used anew is not the new one's.
    if (command !== undefined && attempt !== undefined && command.attempts.includes(attempt)) this.#settle(command, decision)
    if (!isFinal(decision)) return
    const waiters = this.#provisional.get(key)
    if (waiters === undefined) return
    this.#provisional.delete(key)
    for (const waiter of waiters) waiter.settled?.(decision)
  }

  /** A decision without id and SKU is about the body at that place, or about the whole message if it is the only one. */
  #namelessDecision(attempt: Attempt<A>, decisions: number, index: number, said: S): void {
    const whole = decisions === 1 && attempt.commands.length !== 1
    const meant = whole ? attempt.commands : attempt.commands.slice(index, index + 1)
    for (const command of meant) if (!command.decided) this.#settle(command, this.#spoken.answer(command, { ...said, id: command.id }))
  }

  #settle(command: CommandInFlight<A>, decision: A): void {
    this.#forget(command)
    if (!isFinal(decision)) this.#awaitFinal(command)
    for (const waiter of command.waiters) waiter.decided(decision)
  }

  #fail(command: CommandInFlight<A>, failure: SendFailure): void {
    this.#forget(command)
    for (const waiter of command.waiters) waiter.failed(failure)
  }

  #forget(command: CommandInFlight<A>): void {
    command.decided = true
    this.#inFlight.delete(command.key)
    for (const attempt of command.attempts) if (--attempt.undecided === 0) this.#attempts.delete(attempt.suffix)
    const { after } = command
    this.#lanes.leave(command)
    if (after !== null && after.place === "held" && !waits(after)) this.#post(after)
  }

  #awaitFinal(command: CommandInFlight<A>): void {
    const listening = command.waiters.filter((waiter) => waiter.settled !== null)
    if (listening.length === 0) return
    this.#provisional.set(command.key, listening)
    if (this.#provisional.size <= provisionalMax) return
    for (const oldest of this.#provisional.keys()) {
      this.#provisional.delete(oldest)
      break
    }
  }

  #admitWaiting(): void {
    while (this.#inFlight.size < this.#limits.inFlightMax) {
      const next = this.#waiting[this.#waitingFrom]
      if (next === undefined) break
      this.#waitingFrom++
      const { command, waiter, giveUpAtMs } = next
      const same = this.#inFlight.get(command.key)
      if (same === undefined) this.#admit(command, waiter, giveUpAtMs)
      else this.#join(same, command, waiter)
    }
    // The array is cut only when half of it is spent, so that taking from its front costs nothing on average.
    if (this.#waitingFrom > commandsPerMessageMax && this.#waitingFrom * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#waitingFrom)
      this.#waitingFrom = 0
    }
    this.#checkIdle()
  }

  #sweepBy(atMs: number): void {
    if (atMs >= this.#sweepAtMs) return
    this.#stopSweep()
    this.#sweepAtMs = atMs
    const delayMs = Math.max(sweepGapMs(this.#inFlight.size), Math.ceil(atMs - this.#environment.elapsedMs()))
    this.#stopSweep = this.#environment.after(delayMs, () => this.#sweep())
  }

  /** Looks at all that is in flight, which is bounded, as rarely as keeps that a small part of the time. */
  #sweep(): void {
    const nowMs = this.#environment.elapsedMs()
    this.#sweepAtMs = Number.POSITIVE_INFINITY
    let nextMs = Number.POSITIVE_INFINITY
    const impatient: Array<CommandInFlight<A>> = []
    for (const command of this.#inFlight.values()) {
      if (command.giveUpAtMs <= nowMs) impatient.push(command)
      else {
        if (command.retryAtMs <= nowMs) this.#post(command)
        nextMs = Math.min(nextMs, command.retryAtMs, command.giveUpAtMs)
      }
    }
    for (const command of impatient) this.#giveUp(command)
    if (this.#waitingGiveUpAtMs <= nowMs) this.#giveUpWaiting(nowMs)
    this.#admitWaiting()
    nextMs = Math.min(nextMs, this.#waitingGiveUpAtMs)
    if (this.undecided > 0 && nextMs < Number.POSITIVE_INFINITY) this.#sweepBy(nextMs)
  }

  #giveUp(command: CommandInFlight<A>): void {
    // No sending of it may have been taken.
    if (command.attempts.length === 0 && !command.stored) {
      this.#busy(command)
      return
    }
    const again = `asking again with id ${command.id}, issuedAtMs ${command.issuedAtMs}${namedReservation(command)} is safe`
    this.#fail(
      command,
      command.stored
        ? new AnswerUnknown({ cause: `${command.lastCause} yet; it will be decided, and ${again}`, stored: true })
        : new AnswerUnknown({ cause: `${command.lastCause}; it may have been decided: ${again}` }),
    )
  }

  /** These never left the client, so they surely were not taken. */
  #giveUpWaiting(nowMs: number): void {
    const waiting = this.#waiting.slice(this.#waitingFrom)
    this.#waiting = waiting.filter((one) => one.giveUpAtMs > nowMs)
    this.#waitingFrom = 0
    this.#waitingGiveUpAtMs = Number.POSITIVE_INFINITY
    for (const { giveUpAtMs } of this.#waiting) this.#waitingGiveUpAtMs = Math.min(this.#waitingGiveUpAtMs, giveUpAtMs)
    for (const { command, waiter, giveUpAtMs } of waiting) {
      if (giveUpAtMs > nowMs) continue
      waiter.decided(this.#spoken.answer(command, { outcome: "busy", why: "client", retryAfterMs: this.#limits.retryMs }))
    }
  }

  #checkIdle(): void {
    if (this.undecided > 0) return
    // No timer left behind: a program that has its answers may end.
    this.#stopSweep()
    this.#sweepAtMs = Number.POSITIVE_INFINITY
    const idle = this.#whenIdle
    this.#whenIdle = []
    for (const tell of idle) tell()
  }
}

/** What else has to be the same where it was asked for by a name that the caller may not have given. */
const namedReservation = ({ reservation }: Sendable): string => (reservation === undefined ? "" : `, reservation ${reservation}`)

/** What a caller reads of why nothing was taken, where patience ended with another sending unanswered. */
const causeOf: Readonly<Record<BusyCause, string>> = {
  queue: "the cluster holds as much of this sender as it may",
  owner: "nobody is known to serve its partition now",
  full: "no room is left to store it",
  ending: "the ingress was about to end",
  order: "another command of the same order was not answered yet",
  nobody: "the server knows nobody who takes it now",
  connection: "there was no connection",
  age: "it was too old when it came to the door",
  client: "it waited in the client",
}
