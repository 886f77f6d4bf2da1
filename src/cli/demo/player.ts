/**
 * Decides what of the traffic may be sent now: in the order of its timeline, a command of a flow only after the one before was accepted,
 * never more than a bound on its way, and in real time if the traffic is to be played at its own pace.
 *
 * Pure: it is told the time and the answers. Who sends, and over what, is decided outside.
 */
import { assert } from "../../assert.ts"
import type { EpochMs } from "../../domain/names.ts"
import type { Fulfil } from "../../domain/sku/commands.ts"
import type { Allocation, Allocations } from "../../domain/sku/events.ts"
import type { AnyPlayed, Flow, FlowStep, PlannedSend, Traffic } from "../../workload/flows.ts"
import { issuedAt, shipmentsOf, timeline } from "../../workload/flows.ts"
import type { OrderTally } from "../../workload/whole-orders.ts"
import type { HeardAnswer, SendOrder } from "./messages.ts"

/** An order for the process of `actor`. */
export interface HandedOrder {
  readonly actor: string
  readonly order: SendOrder
}

export interface PlayPace {
  /** Commands on their way at once, at most. Those that wait for the answer before theirs count, and an order as many times as it has lines. */
  readonly inFlight: number
  /** Play at the traffic's own pace; otherwise as fast as answers come. */
  readonly realTime: boolean
}

interface PlayingFlow {
  readonly flow: Flow<AnyPlayed>
  /** Index of the send that is next to be sent. */
  next: number
  /** Sends handed out and not yet answered. */
  unanswered: number
  /** Steps whose turn has come, while the one before them has no answer. */
  readonly waiting: Array<FlowStep<AnyPlayed>>
  /** By reservation: what it has open, by what was heard. */
  readonly open: Map<string, Allocations>
  ended: boolean
}

/** A command that was refused, as its sender sent it. */
export interface Refusal {
  readonly actor: string
  readonly command: Extract<AnyPlayed, { readonly type: "Reserve" | "PlaceOrder" }>
}

/** What the play has come to so far. */
export interface Played {
  flowsEnded: number
  /** Commands that were sent, each once, however often it was sent again. */
  commands: number
  answered: number
  /** Of these, by what was answered first. */
  readonly outcomes: Record<HeardAnswer["outcome"], number>
  readonly refusedBy: Record<string, number>
  /** The first order that was refused; where none was, the first reservation of more than was there. */
  refusal: Refusal | null
  /** Commands without an answer in time. */
  unknown: number
  /** Units asked for that weren't to be had. */
  refusedQty: number
  readonly unknownCauses: Set<string>
  slowestMs: number
  /** `Reserve accepted`, `Reserve InsufficientStock`, ...: commands by type and answer. */
  readonly answers: Map<string, number>
}

/** What a reservation has left after its last `qty` units were released: what was sourced first is kept. */
const withoutLast = (open: Allocations, qty: number): Allocations => {
  const kept: Array<Allocation> = []
  let leftQty = open.reduce((sum, part) => sum + part.qty, 0) - qty
  for (const part of open) {
    const take = Math.min(part.qty, Math.max(0, leftQty))
    if (take > 0) kept.push({ ...part, qty: take })
    leftQty -= take
  }
  return kept
}

/** How many decisions a command asks for. */
const weightOf = (command: AnyPlayed): number => (command.type === "PlaceOrder" ? command.lines.length : 1)

const reservationOf = (command: AnyPlayed): string | undefined => ("reservation" in command ? command.reservation : undefined)

export class Player {
  readonly played: Played = {
    flowsEnded: 0,
    commands: 0,
    answered: 0,
    outcomes: { accepted: 0, refused: 0, expired: 0, quarantined: 0, dropped: 0, unknown: 0 },
    refusedBy: {},
    refusal: null,
    unknown: 0,
    refusedQty: 0,
    unknownCauses: new Set(),
    slowestMs: 0,
    answers: new Map(),
  }
  /** Flows in all, the setup left out. */
  readonly flows: number
  readonly #pace: PlayPace
  readonly #playing: Array<PlayingFlow>
  readonly #steps: ReadonlyArray<FlowStep<AnyPlayed>>
  readonly #setup: ReadonlyArray<PlannedSend<AnyPlayed>>
  #setupFrom = 0
  #setupUnanswered = 0
  #cursor = 0
  #waitingSteps = 0
  #onTheirWay = 0
  #startedMs: EpochMs | null = null
  readonly #pending = new Map<number, { readonly step: FlowStep<AnyPlayed> | null; readonly command: AnyPlayed }>()
  #numbers = 0
  #ready: Array<HandedOrder> = []

  readonly #tally: OrderTally | null

  constructor(traffic: Traffic<AnyPlayed>, pace: PlayPace, tally: OrderTally | null = null) {
    this.#pace = pace
    this.#tally = tally
    this.#setup = traffic.setup
    this.#steps = timeline(traffic.flows)
    this.flows = traffic.flows.length
    this.#playing = traffic.flows.map((flow) => ({ flow, next: 0, unanswered: 0, waiting: [], open: new Map(), ended: false }))
  }

  /** Whether every flow has ended, and every command has its answer. */
  get done(): boolean {
    return this.isSetUp && this.played.flowsEnded === this.flows && this.#onTheirWay === 0
  }

  /** Whether stock and policies are in place, and the orders have begun. */
  get isSetUp(): boolean {
    return this.#setupFrom === this.#setup.length && this.#setupUnanswered === 0
  }

  /** What may be sent now, in order. Each is handed out once. */
  take(nowMs: EpochMs): ReadonlyArray<HandedOrder> {
    if (!this.isSetUp) this.#takeSetup(nowMs)
    else this.#takeSteps(nowMs)
    const taken = this.#ready
    this.#ready = []
    return taken
  }

  /** Milliseconds until something may be due by the clock alone; null if only an answer can bring it. */
  dueInMs(nowMs: EpochMs): number | null {
    const step = this.#steps[this.#cursor]
    if (!this.isSetUp || step === undefined || !this.#hasRoom()) return null
    return this.#startedMs === null ? 0 : Math.max(0, this.#dueMs(step, this.#startedMs) - nowMs)
  }

  /** Takes the answer to a command handed out. Throws if the setup is not accepted: then nothing that follows means anything. */
  answered(answer: HeardAnswer, nowMs: EpochMs): void {
    const pending = this.#pending.get(answer.number)
    assert(pending !== undefined, "an answer belongs to a command that was handed out")
    this.#pending.delete(answer.number)
    this.#onTheirWay -= weightOf(pending.command)
    this.#count(pending.command, answer)
    if (pending.step !== null && answer.outcome === "refused") this.#noteRefusal(pending.step.actor, pending.command, answer.reason)
    if (pending.step !== null) {
      this.#flowAnswered(pending.step, pending.command, answer, nowMs)
      return
    }
    this.#setupUnanswered -= 1
    assert(answer.outcome === "accepted", `stock and policies are accepted before the orders (${answer.reason ?? answer.outcome})`)
  }

  #hasRoom(): boolean {
    return this.#onTheirWay + this.#waitingSteps < this.#pace.inFlight
  }

  #dueMs(step: FlowStep<AnyPlayed>, startedMs: EpochMs): EpochMs {
    return this.#pace.realTime ? startedMs + step.atMs - (this.#steps[0]?.atMs ?? 0) : startedMs
  }

  #takeSetup(nowMs: EpochMs): void {
    for (; this.#setupFrom < this.#setup.length && this.#hasRoom(); this.#setupFrom++) {
      const send = this.#setup[this.#setupFrom]
      if (send === undefined) continue
      this.#setupUnanswered += 1
      this.#hand(send, null, send.command, nowMs)
    }
  }

  #takeSteps(nowMs: EpochMs): void {
    this.#startedMs ??= nowMs
    for (; this.#hasRoom(); this.#cursor++) {
      const step = this.#steps[this.#cursor]
      if (step === undefined || this.#dueMs(step, this.#startedMs) > nowMs) return
      const playing = this.#playing[step.flow]
      if (playing === undefined || playing.ended) continue
      if (playing.unanswered > 0 || playing.next < step.index) {
        playing.waiting.push(step)
        this.#waitingSteps += 1
      } else this.#begin(playing, step, nowMs)
    }
  }

  /** Hands out the commands of a step: one, or a shipment for each location that has units of the reservation. */
  #begin(playing: PlayingFlow, step: FlowStep<AnyPlayed>, nowMs: EpochMs): void {
    const commands = step.command.type === "Fulfil" ? this.#shipments(playing, step.command) : [step.command]
    playing.next = step.index + 1
    playing.unanswered = commands.length
    for (const command of commands) this.#hand(step, step, command, nowMs)
    if (commands.length === 0) this.#stepDone(playing, nowMs)
  }

  #shipments(playing: PlayingFlow, planned: Fulfil): ReadonlyArray<Fulfil> {
    const open = playing.open.get(planned.reservation)
    return open === undefined ? [planned] : shipmentsOf(planned, open)
  }

  #hand(send: PlannedSend<AnyPlayed>, step: FlowStep<AnyPlayed> | null, command: AnyPlayed, nowMs: EpochMs): void {
    const number = ++this.#numbers
    const made = issuedAt(command, nowMs)
    this.#pending.set(number, { step, command: made })
    this.#onTheirWay += weightOf(command)
    this.played.commands += 1
    this.#ready.push({ actor: send.actor, order: { number, command: made, copies: send.copies, together: send.together } })
  }

  #count(command: AnyPlayed, answer: HeardAnswer): void {
    const { played } = this
    played.answered += 1
    played.slowestMs = Math.max(played.slowestMs, answer.tookMs)
    played.outcomes[answer.outcome] += 1
    if (answer.outcome === "refused") {
      const reason = answer.reason ?? "without a reason"
      played.refusedBy[reason] = (played.refusedBy[reason] ?? 0) + 1
    }
    const said = `${command.type} ${answer.outcome === "refused" ? answer.reason : answer.outcome}`
    played.answers.set(said, (played.answers.get(said) ?? 0) + 1)
    this.#tally?.answered(command, answer.outcome, answer.reason)
    if (command.type === "Reserve" && answer.reason === "InsufficientStock") played.refusedQty += command.qty
    if (answer.outcome !== "unknown") return
    played.unknown += 1
    if (played.unknownCauses.size < 10) played.unknownCauses.add(answer.reason ?? "no answer")
  }

  #noteRefusal(actor: string, command: AnyPlayed, reason: string | undefined): void {
    const { refusal } = this.played
    const isFirst = command.type === "PlaceOrder" ? refusal?.command.type !== "PlaceOrder" : refusal === null
    if (!isFirst) return
    if (command.type === "PlaceOrder" || (command.type === "Reserve" && reason === "InsufficientStock"))
      this.played.refusal = { actor, command }
  }

  #flowAnswered(step: FlowStep<AnyPlayed>, command: AnyPlayed, answer: HeardAnswer, nowMs: EpochMs): void {
    const playing = this.#playing[step.flow]
    assert(playing !== undefined, "a step belongs to a flow")
    playing.unanswered -= 1
    if (answer.outcome !== "accepted") this.#end(playing)
    else this.#remember(playing, command, answer)
    if (playing.unanswered === 0) this.#stepDone(playing, nowMs)
  }

  #remember(playing: PlayingFlow, command: AnyPlayed, answer: HeardAnswer): void {
    const reservation = reservationOf(command)
    if (reservation === undefined) return
    if (command.type === "Release") {
      const open = playing.open.get(reservation) ?? []
      playing.open.set(reservation, command.qty === undefined ? [] : withoutLast(open, command.qty))
    } else if (answer.allocations !== undefined) playing.open.set(reservation, answer.allocations)
  }

  #stepDone(playing: PlayingFlow, nowMs: EpochMs): void {
    if (playing.ended) return
    if (playing.next === playing.flow.sends.length) {
      this.#end(playing)
      return
    }
    const step = playing.waiting.shift()
    if (step === undefined) return
    this.#waitingSteps -= 1
    this.#begin(playing, step, nowMs)
  }

  #end(playing: PlayingFlow): void {
    if (playing.ended) return
    playing.ended = true
    this.#waitingSteps -= playing.waiting.length
    playing.waiting.length = 0
    this.played.flowsEnded += 1
  }
}
