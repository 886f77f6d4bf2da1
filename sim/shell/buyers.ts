/**
 * Plays a flash sale in a shell-mode world: what each sender has to say, when, and again under the same id until it is answered.
 *
 * A command of a flow is sent only after the one before was accepted. Everything heard, and everything the broker said it stored, is kept for the audit.
 */

import type { Acknowledged } from "../../src/audit/completeness.ts"
import type { HeardValue } from "../../src/audit/feed.ts"
import type { HeardReply } from "../../src/audit/replies.ts"
import { type SenderId, skuToken } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { commandJsonOf } from "../../src/wire/commands.ts"
import { decodeAts } from "../../src/wire/feed.ts"
import { decodeAnswer } from "../../src/wire/questions.ts"
import { decodeReply } from "../../src/wire/replies.ts"
import { type FlowStep, issuedAt, type PlannedSend, type Traffic, timeline } from "../../src/workload/flows.ts"
import { EventKind, type World } from "../world/world.ts"
import type { Turns } from "./process.ts"
import type { Sender } from "./sender.ts"

/** Milliseconds without an answer before a command is sent again. */
const retryMs = 1_200
/** Milliseconds between two copies of a command that are not sent together. */
const copyGapMs = 60

/** Milliseconds between two questions for the whole feed. */
const askEveryMs = 900

const encoder = new TextEncoder()
const repliesPrefix = "c"
const answersPrefix = "q"

/** What one channel or warehouse said and heard. */
export interface Told {
  readonly replies: Array<HeardReply>
  readonly feed: Array<HeardValue>
  readonly acknowledged: Array<Acknowledged>
  commands: number
  messages: number
}

interface Asked {
  readonly send: PlannedSend
  readonly command: Command
  readonly body: Uint8Array
  readonly suffix: string
  readonly answered: (accepted: boolean) => void
}

/** One sender: its commands on their way, and the newest values of its feed. */
export class Correspondent {
  readonly told: Told = { replies: [], feed: [], acknowledged: [], commands: 0, messages: 0 }
  readonly #world: World
  readonly #turns: Turns
  readonly #sender: Sender
  readonly #open = new Map<string, Asked>()
  readonly #versions = new Map<string, number>()
  #numbers = 0
  #partitionsToHear = new Set<number>()
  #askedBefore = 0

  constructor(world: World, turns: Turns, sender: Sender) {
    this.#world = world
    this.#turns = turns
    this.#sender = sender
    sender.hearReplies(repliesPrefix, (suffix, body) => this.#hearReply(suffix, body))
    sender.hearReplies(answersPrefix, (suffix, body) => this.#hearAnswer(suffix, body))
    sender.hearAts((_token, body) => {
      const value = decodeAts(body)
      if (value !== undefined) this.#accept(value)
    })
  }

  /** Commands that have no answer yet, for people. */
  get unanswered(): ReadonlyArray<string> {
    return [...this.#open.values()].map(({ command }) => `${this.#sender.name} ${command.id} of ${command.sku}`)
  }

  /** Whether the current values of all partitions were heard since they were asked for. */
  get isCurrent(): boolean {
    return this.#partitionsToHear.size === 0
  }

  /** Sends the command until it is answered. */
  command(send: PlannedSend, answered: (accepted: boolean) => void): void {
    const suffix = `${repliesPrefix}.${++this.#numbers}`
    const command = issuedAt(send.command, this.#world.nowMs)
    const asked = { send, command, body: encoder.encode(JSON.stringify(commandJsonOf(command))), suffix, answered }
    this.#open.set(suffix, asked)
    this.told.commands++
    for (let copy = 1; copy < send.copies; copy++) {
      this.#turns.in(send.together ? 0 : copy * copyGapMs, EventKind.send, () => this.#publish(asked))
    }
    this.#sendUntilAnswered(asked)
  }

  /** Asks every worker for its feed, now and every while: what is answered was journaled, whoever answers. */
  askForEver(): void {
    this.#sender.ask("ats", new Uint8Array(), `${answersPrefix}.${++this.#numbers}`)
    this.#turns.in(askEveryMs, EventKind.send, () => this.askForEver())
  }

  /** From now on, waits until each partition answered about its feed as it is now. */
  waitForCurrent(partitions: number): void {
    this.#partitionsToHear = new Set(Array.from({ length: partitions }, (_, partition) => partition))
    this.#askedBefore = this.#numbers
  }

  #sendUntilAnswered(asked: Asked): void {
    if (!this.#open.has(asked.suffix)) return
    this.#publish(asked)
    this.#turns.in(retryMs, EventKind.send, () => this.#sendUntilAnswered(asked))
  }

  #publish({ send, command, body, suffix }: Asked): void {
    this.told.messages++
    this.#sender.publish(send.class, skuToken(command.sku), body, suffix, (published) => {
      if (published._tag === "Stored") this.told.acknowledged.push({ sender: this.#sender.name, sku: command.sku, id: command.id })
    })
  }

  #hearReply(suffix: string, body: Uint8Array): void {
    const reply = decodeReply(body)
    if (reply === undefined) return
    const full = `${repliesPrefix}.${suffix}`
    this.told.replies.push({ sender: this.#sender.name, suffix: full, ...reply })
    const asked = this.#open.get(full)
    if (asked === undefined) return
    this.#open.delete(full)
    asked.answered(reply.decisions[0]?.outcome === "accepted")
  }

  #hearAnswer(suffix: string, body: Uint8Array): void {
    const answer = decodeAnswer(body)
    if (answer?.answer !== "ats") return
    for (const value of answer.values) this.#accept(value)
    if (answer.next === null && Number(suffix) > this.#askedBefore) this.#partitionsToHear.delete(answer.partition)
  }

  /** A receiver of the feed accepts only rising versions. */
  #accept({ channel, sku, ats, version, shortQty = 0 }: HeardValue): void {
    if (version <= (this.#versions.get(sku) ?? 0)) return
    this.#versions.set(sku, version)
    this.told.feed.push({ channel, sku, ats, version, shortQty })
  }
}

interface PlayedFlow {
  /** The step that comes next may be sent: nothing before it is unanswered. */
  isFree: boolean
  hasEnded: boolean
  readonly waiting: Array<FlowStep>
  stepsLeft: number
}

/** Plays traffic: the setup first, then every step at its time, or when the one before it is answered. */
export class Play {
  readonly #world: World
  readonly #traffic: Traffic
  readonly #correspondents: ReadonlyMap<SenderId, Correspondent>
  readonly #flows: ReadonlyArray<PlayedFlow>
  #setupLeft: number
  #flowsLeft: number

  constructor(world: World, traffic: Traffic, correspondents: ReadonlyMap<SenderId, Correspondent>) {
    this.#world = world
    this.#traffic = traffic
    this.#correspondents = correspondents
    this.#setupLeft = traffic.setup.length
    this.#flowsLeft = traffic.flows.length
    this.#flows = traffic.flows.map(({ sends }) => ({ isFree: true, hasEnded: false, waiting: [], stepsLeft: sends.length }))
    for (const send of traffic.setup) {
      this.#say(send, () => {
        if (--this.#setupLeft === 0) this.#begin()
      })
    }
  }

  /** Whether stock and policies are in place, and the orders have begun. */
  get isSetUp(): boolean {
    return this.#setupLeft === 0
  }

  /** Whether every flow came to its end. */
  get isDone(): boolean {
    return this.#setupLeft === 0 && this.#flowsLeft === 0
  }

  #begin(): void {
    const steps = timeline(this.#traffic.flows)
    const firstMs = steps[0]?.atMs ?? 0
    for (const step of steps) this.#world.in(step.atMs - firstMs, EventKind.send, null, () => this.#due(step))
  }

  #say(send: PlannedSend, answered: (accepted: boolean) => void): void {
    const correspondent = this.#correspondents.get(send.actor)
    if (correspondent !== undefined) correspondent.command(send, answered)
  }

  #due(step: FlowStep): void {
    const flow = this.#flows[step.flow]
    if (flow === undefined || flow.hasEnded) return
    if (!flow.isFree) {
      flow.waiting.push(step)
      return
    }
    flow.isFree = false
    this.#say(step, (accepted) => {
      flow.isFree = true
      flow.stepsLeft--
      if (!accepted || flow.stepsLeft === 0) this.#end(flow)
      const next = flow.waiting.shift()
      if (next !== undefined) this.#due(next)
    })
  }

  #end(flow: PlayedFlow): void {
    if (flow.hasEnded) return
    flow.hasEnded = true
    this.#flowsLeft--
  }
}
