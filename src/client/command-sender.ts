/**
 * The way of commands through the client: bounded in flight, packed by turn, sent again until answered, matched with their decisions.
 *
 * Synchronous and callback-driven, so that a command costs no fiber and no effect; what publishes and who calls are outside.
 * Decides nothing about stock: a decision is what a reply says, and "busy" only what was surely never stored.
 */
import type { CommandClass } from "../domain/names.ts"
import { commandsPerMessageMax } from "../limits.ts"
import { AnswerUnknown, type BrokerUnavailable, type Busy, type NotPermitted } from "../ports/errors.ts"
import { packMessages } from "./batching.ts"
import { commandKey, type Decision, isFinal, type SaidDecision, type Sendable } from "./commands.ts"
import type { ClientEnvironment } from "./environment.ts"
import { ClientClosed, type SendFailure } from "./errors.ts"
import type { Attempt, InFlight, Waiter } from "./in-flight.ts"

export interface SenderLimits {
  /** Commands sent and not decided. More calls wait inside the client, in order. */
  readonly inFlightMax: number
  /** Milliseconds without an answer after which a command is sent again; doubled each time. */
  readonly retryMs: number
  /** What the doubling stops at. */
  readonly retryMsMax: number
}

/** Publishes one message; calls `done` once, with null when it is stored. */
export type PublishMessage = (
  message: { readonly class: CommandClass; readonly token: string; readonly body: string; readonly suffix: string },
  done: (failure: Busy | NotPermitted | BrokerUnavailable | null) => void,
) => void

interface Waiting {
  readonly command: Sendable
  readonly waiter: Waiter
  readonly giveUpAtMs: number
}

/** Commands whose final decision is still awaited after a provisional one. Beyond it the oldest are no longer told. */
const provisionalMax = 10_000
/** Milliseconds between two looks at what is overdue, at least. */
const sweepMs = 5

export class CommandSender {
  readonly #environment: ClientEnvironment
  readonly #limits: SenderLimits
  readonly #publish: PublishMessage
  readonly #inFlight = new Map<string, InFlight>()
  readonly #attempts = new Map<string, Attempt>()
  readonly #provisional = new Map<string, ReadonlyArray<Waiter>>()
  #waiting: Array<Waiting> = []
  #waitingFrom = 0
  #outbox: Array<InFlight> = []
  #flushing = false
  #messages = 0
  #sweepAtMs = Number.POSITIVE_INFINITY
  #stopSweep: () => void = () => {}
  #closed = false
  #whenIdle: Array<() => void> = []

  constructor(environment: ClientEnvironment, limits: SenderLimits, publish: PublishMessage) {
    this.#environment = environment
    this.#limits = limits
    this.#publish = publish
  }

  /** Commands without a decision, waiting ones included. */
  get undecided(): number {
    return this.#inFlight.size + this.#waiting.length - this.#waitingFrom
  }

  /** Sends `command` when there is room. `timeoutMs` is the caller's patience, from now. */
  submit(command: Sendable, timeoutMs: number, waiter: Waiter): void {
    const giveUpAtMs = this.#environment.elapsedMs() + timeoutMs
    const same = this.#inFlight.get(command.key)
    if (this.#closed) waiter.failed(new ClientClosed({ cause: "the client was closed before this was sent; nothing was stored" }))
    else if (same !== undefined) this.#join(same, command, waiter)
    else if (this.#inFlight.size < this.#limits.inFlightMax && this.#waitingFrom === this.#waiting.length) {
      this.#admit(command, waiter, giveUpAtMs)
    } else {
      this.#waiting.push({ command, waiter, giveUpAtMs })
      this.#sweepBy(giveUpAtMs)
    }
  }

  /** Takes the decisions of the reply to the message with this suffix; undefined if it can't be read. */
  heardReply(suffix: string, decisions: ReadonlyArray<SaidDecision> | undefined): void {
    const attempt = this.#attempts.get(suffix)
    if (decisions === undefined) {
      // Its commands are asked about again, and whoever runs out of patience is told.
      for (const command of attempt?.commands ?? [])
        command.lastCause = "a reply came that can't be read: is this client older than the cluster?"
      return
    }
    for (const [i, said] of decisions.entries()) {
      if (said.id !== null && said.sku !== null) this.#namedDecision(attempt, commandKey(said.id, said.sku), said as Decision)
      else if (attempt !== undefined) this.#namelessDecision(attempt, decisions.length, i, said)
    }
    this.#admitWaiting()
  }

  /** The caller no longer waits. What nobody waits for is not sent again; it may have been decided. */
  forgo(command: Sendable, waiter: Waiter): void {
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
  #join(same: InFlight, command: Sendable, waiter: Waiter): void {
    if (same.text === command.text) same.waiters.push(waiter)
    else waiter.decided({ id: command.id, sku: command.sku, outcome: "refused", reason: "IdReused" } as Decision)
  }

  #admit(command: Sendable, waiter: Waiter, giveUpAtMs: number): void {
    const inFlight: InFlight = {
      key: command.key,
      id: command.id,
      sku: command.sku,
      issuedAtMs: command.issuedAtMs,
      partition: command.partition,
      class: command.class,
      token: command.token,
      text: command.text,
      bytes: command.bytes,
      waiters: [waiter],
      giveUpAtMs,
      retryAtMs: Number.POSITIVE_INFINITY,
      attempts: [],
      maybeStored: 0,
      lastCause: "no answer came",
      decided: false,
    }
    this.#inFlight.set(inFlight.key, inFlight)
    this.#sweepBy(giveUpAtMs)
    this.#post(inFlight)
  }

  #post(command: InFlight): void {
    this.#outbox.push(command)
    if (this.#flushing) return
    this.#flushing = true
    this.#environment.atTurnsEnd(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    // What was answered or given up since it was posted isn't sent.
    const outbox = this.#outbox.filter((command) => !command.decided)
    this.#outbox = []
    for (const packed of packMessages(outbox)) {
      const suffix = String(++this.#messages)
      const attempt: Attempt = { suffix, commands: packed.commands, undecided: packed.commands.length }
      this.#attempts.set(suffix, attempt)
      this.#scheduleRetry(attempt)
      this.#publish({ class: packed.class, token: packed.token, body: packed.body, suffix }, (failure) => this.#published(attempt, failure))
    }
  }

  #scheduleRetry(attempt: Attempt): void {
    const nowMs = this.#environment.elapsedMs()
    // Spread per message, not per command: what travelled together goes again together, and so stays few messages.
    const spread = 0.75 + this.#environment.chance() / 2
    let firstMs = Number.POSITIVE_INFINITY
    for (const command of attempt.commands) {
      const delayMs = Math.min(this.#limits.retryMs * 2 ** command.attempts.length, this.#limits.retryMsMax) * spread
      command.attempts.push(attempt)
      command.maybeStored++
      command.retryAtMs = nowMs + delayMs
      if (command.retryAtMs < firstMs) firstMs = command.retryAtMs
    }
    this.#sweepBy(firstMs)
  }

  #published(attempt: Attempt, failure: Busy | NotPermitted | BrokerUnavailable | null): void {
    if (failure === null) return
    const surelyNotStored = failure._tag !== "BrokerUnavailable"
    for (const command of attempt.commands) {
      if (command.decided) continue
      command.lastCause = failure.cause
      if (!surelyNotStored) continue
      command.maybeStored--
      // An earlier sending may still be stored and decided: then neither "busy" nor "not permitted" would be true.
      if (command.maybeStored > 0) continue
      if (failure._tag === "NotPermitted") this.#fail(command, failure)
      else this.#settle(command, { id: command.id, sku: command.sku, outcome: "busy" } as Decision)
    }
    this.#admitWaiting()
  }

  #namedDecision(attempt: Attempt | undefined, key: string, decision: Decision): void {
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
  #namelessDecision(attempt: Attempt, decisions: number, index: number, said: SaidDecision): void {
    const whole = decisions === 1 && attempt.commands.length !== 1
    const meant = whole ? attempt.commands : attempt.commands.slice(index, index + 1)
    for (const command of meant) if (!command.decided) this.#settle(command, { ...said, id: command.id, sku: command.sku } as Decision)
  }

  #settle(command: InFlight, decision: Decision): void {
    this.#forget(command)
    if (!isFinal(decision)) this.#awaitFinal(command)
    for (const waiter of command.waiters) waiter.decided(decision)
  }

  #fail(command: InFlight, failure: SendFailure): void {
    this.#forget(command)
    for (const waiter of command.waiters) waiter.failed(failure)
  }

  #forget(command: InFlight): void {
    command.decided = true
    this.#inFlight.delete(command.key)
    for (const attempt of command.attempts) if (--attempt.undecided === 0) this.#attempts.delete(attempt.suffix)
  }

  #awaitFinal(command: InFlight): void {
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
    const delayMs = Math.max(sweepMs, Math.ceil(atMs - this.#environment.elapsedMs()))
    this.#stopSweep = this.#environment.after(delayMs, () => this.#sweep())
  }

  #sweep(): void {
    const nowMs = this.#environment.elapsedMs()
    this.#sweepAtMs = Number.POSITIVE_INFINITY
    this.#giveUpBefore(nowMs)
    let nextMs = Number.POSITIVE_INFINITY
    for (const command of this.#inFlight.values()) {
      if (command.retryAtMs <= nowMs) {
        command.retryAtMs = Number.POSITIVE_INFINITY
        this.#post(command)
      }
      nextMs = Math.min(nextMs, command.retryAtMs, command.giveUpAtMs)
    }
    for (const { giveUpAtMs } of this.#waiting.slice(this.#waitingFrom)) nextMs = Math.min(nextMs, giveUpAtMs)
    if (nextMs < Number.POSITIVE_INFINITY) this.#sweepBy(nextMs)
  }

  #giveUpBefore(nowMs: number): void {
    for (const command of [...this.#inFlight.values()]) {
      if (command.giveUpAtMs > nowMs) continue
      const again = `asking again with id ${command.id} and issuedAtMs ${command.issuedAtMs} is safe`
      this.#fail(command, new AnswerUnknown({ cause: `${command.lastCause}; it may have been decided: ${again}` }))
    }
    const waiting = this.#waiting.slice(this.#waitingFrom)
    this.#waiting = waiting.filter((one) => one.giveUpAtMs > nowMs)
    this.#waitingFrom = 0
    // These never left the client, so they surely were not stored.
    for (const { command, waiter, giveUpAtMs } of waiting) {
      if (giveUpAtMs <= nowMs) waiter.decided({ id: command.id, sku: command.sku, outcome: "busy" } as Decision)
    }
    this.#admitWaiting()
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
