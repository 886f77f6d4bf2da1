/**
 * Somebody who sends commands and hears answers: a channel, the warehouse, the planner. Plays flows of the workload, each step after the answer
 * to the one before, and asks again with the same id and the same bytes until it is answered.
 *
 * It sends each attempt through the door as a request of its own. Its retries are the only store of a selling command. An answer short of a decision says when to retry; silence says nothing.
 */
import { unreachable } from "../../src/assert.ts"
import { partitionOf, type SenderId, skuToken } from "../../src/domain/names.ts"
import { type Command, isFact } from "../../src/domain/sku/commands.ts"
import type { AtsValue, SkuHeardDecision, SkuReply } from "../../src/kinds/sku/types.ts"
import type { DoorAnswer } from "../../src/wire/answers.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { commandPath, replySubject } from "../../src/wire/subjects.ts"
import type { PlannedSend } from "../../src/workload/flows.ts"
import type { MemoryDrawn } from "../memory-drawn.ts"
import type { ChannelsAccount, Published } from "../substitutes/channels.ts"
import type { Server } from "../substitutes/server.ts"
import { type Family, type Key, keyOf } from "../world/chance.ts"
import type { Host } from "../world/heap.ts"
import type { Link } from "../world/link.ts"
import { EventKind, type World } from "../world/world.ts"
import type { Observer } from "./observer.ts"

/** A command on its way to an answer. */
export interface Asked {
  readonly send: PlannedSend
  readonly command: Command
  readonly sender: string
  readonly sentMs: number
  sendings: number
  /** The last sending that was acknowledged as stored, or null. */
  acknowledgedMs: number | null
  heardMs: number | null
  outcome: SkuHeardDecision["outcome"] | null
  /** It was refused as too old: nothing is remembered of it, and its id is free. */
  tooOld: boolean
  seq: number | null
  partition: number | null
}

/** When a command is sent again, if nothing is heard. */
interface Retry {
  waitMs: number
  /** Raised by each new plan: the former ones are off. */
  plan: number
  /** Times it was turned away. */
  turnedAway: number
}

/** Commands that wait a moment for others to go with them in one message. */
interface Pack {
  readonly send: PlannedSend
  readonly askeds: Array<Asked>
}

const encoder = new TextEncoder()
const scope = (sku: string, id: string): string => `${sku} ${id}`
/** Milliseconds for which a sender that packs waits for another command. */
const packingMs = 20
/** Milliseconds until it asks again where nobody took its message, and where it was too old or went to somebody who is set up wrong. */
const nobodyMs = 300
const refusedMs = 200

/** What some attempts name as their trace; a malformed one must not get past the door. */
const traces: ReadonlyArray<string> = ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 'none","x":"', "00-0"]

/**
 * Milliseconds within which some ask again as if they asked now, and one in how many does: whoever keeps only the id has no other time to give. Not where so little is remembered that what waits in
 * a slow world's queues outlives it: the first time is what bounds an id.
 */
const redatedMs = 20_000
const redatedOneIn = 4

export interface SenderOptions {
  /** Milliseconds without an answer after which it asks again; doubles up to sixteenfold. */
  readonly retryMs: number
  readonly partitions: number
  /** One command in so many waits for others to go with it, and one of these in so many for whatever comes. */
  readonly packedOneIn: number
  readonly strayOneIn: number
  /** How much owners remember; absent: as shipped. */
  readonly memory?: MemoryDrawn
}

interface Surroundings {
  readonly world: World
  readonly server: Server
  readonly observer: Observer
  readonly channels: ChannelsAccount
  /** Which commands are packed, and how each attempt names its reply. */
  readonly habits: Family
}

/** Whether a command was refused because as many wait in quarantine as may. */
export const isForWantOfRoom = (said: SkuHeardDecision): boolean =>
  said.outcome === "refused" && said.reason === "LimitReached" && said.field === "quarantine"

export class Sender {
  readonly name: string
  readonly link: Link
  readonly host: Host
  readonly #world: World
  readonly #server: Server
  readonly #observer: Observer
  readonly #channels: ChannelsAccount
  readonly #habits: Family
  readonly #options: SenderOptions
  /** Everything it ever asked, by SKU and id. */
  readonly asked = new Map<string, Asked>()
  /** What messages that must be refused have to be refused for, by the suffix of their reply. */
  readonly expected = new Map<string, ReadonlyArray<string>>()
  readonly #answered = new Map<string, (said: SkuHeardDecision) => void>()
  readonly #retries = new Map<Asked, Retry>()
  /** What each attempt is to chance, by its suffix. */
  readonly #keys = new Map<string, Key>()
  /** What each attempt asked, by its suffix, until it is answered for good. */
  readonly #attempts = new Map<string, ReadonlyArray<Asked>>()
  readonly #packs = new Map<string, Pack>()
  readonly #versions = new Map<string, number>()
  /** What it believes of each SKU it sells: the feed as it accepted it. */
  readonly ats = new Map<string, AtsValue>()
  #feedMs = 0
  #suffixes = 0
  open = 0
  messages = 0

  constructor(name: string, link: Link, options: SenderOptions, { world, server, observer, channels, habits }: Surroundings) {
    this.name = name
    this.link = link
    this.#options = options
    this.#world = world
    this.#server = server
    this.#observer = observer
    this.#channels = channels
    this.#habits = habits
    this.host = world.host()
  }

  /** Sends a command until it is answered for good, then says so. */
  send(send: PlannedSend, command: Command, answered: (said: SkuHeardDecision) => void): void {
    const key = scope(command.sku, command.id)
    const asked: Asked = {
      send,
      command,
      sender: this.name,
      sentMs: this.#world.nowMs,
      sendings: 0,
      acknowledgedMs: null,
      heardMs: null,
      outcome: null,
      tooOld: false,
      seq: null,
      partition: null,
    }
    this.asked.set(key, asked)
    this.#answered.set(key, answered)
    this.open++
    this.#retries.set(asked, { waitMs: this.#options.retryMs, plan: 0, turnedAway: 0 })
    if (!this.#isPacked(asked)) this.#publish([asked])
    for (let copy = 1; copy < send.copies; copy++)
      this.#world.in(send.together ? 0 : this.link.delayMs(keyOf(key, "copy")) * 3 * copy, EventKind.send, this.host, () =>
        this.#publish([asked]),
      )
    this.#askAgain(asked, this.#options.retryMs)
  }

  /** Sends bytes once that must be refused for one of these reasons, or that name a reply subject which nobody may be answered on. */
  sendRaw(what: Key, subject: string, body: Uint8Array, reasons: ReadonlyArray<string>, forgedReply?: string): void {
    this.messages++
    const suffix = this.#newSuffix(what)
    if (forgedReply === undefined) this.expected.set(suffix, reasons)
    const message = this.#message(what, subject.split(".").slice(3).join("."), suffix, body)
    this.#enter(forgedReply === undefined ? message : { ...message, replySubject: forgedReply, replyHeader: "" })
  }

  #newSuffix(what: Key): string {
    const suffix = `${this.name}.${++this.#suffixes}`
    this.#keys.set(suffix, what)
    return suffix
  }

  /** What an attempt is to chance; undefined: none of this sender's. */
  keyOf(suffix: string): Key | undefined {
    return this.#keys.get(suffix)
  }

  /** The same, whatever the suffix. */
  #keyOf(suffix: string): Key {
    return this.#keys.get(suffix) ?? keyOf(this.name)
  }

  /** Lets it happen at the server, unless it is lost on the way. */
  #arrive(what: Key, happen: () => void): void {
    const thereMs = this.link.there(what)
    if (thereMs >= 0) this.#world.in(thereMs, EventKind.server, null, happen)
  }

  /** Publishes commands once, as one message; now and then a nervous sender does so twice. */
  #publish(askeds: ReadonlyArray<Asked>): void {
    const [first] = askeds
    if (first === undefined) return
    for (const asked of askeds) asked.sendings++
    const texts = askeds.map((asked) => this.#textOf(asked))
    const body = encoder.encode(askeds.length === 1 ? texts[0] : `[${texts.join(",")}]`)
    const token = skuToken(first.command.sku)
    const what = keyOf(first.command.sku, first.command.id)
    const request = () => this.#request(what, askeds, commandPath(first.send.class, "sku", token), body)
    request()
    const againMs = this.link.again(what)
    if (againMs >= 0) this.#world.in(againMs, EventKind.send, this.host, request)
  }

  /** Its text; asked again, now and then with another time. */
  #textOf({ command, sendings }: Asked): string {
    const isRedated =
      sendings > 1 &&
      this.#options.memory !== "short" &&
      this.#world.nowMs - command.issuedAtMs < redatedMs &&
      this.#habits.below(redatedOneIn, keyOf(command.sku, command.id)) === 0
    return engineCodec.commandText(isRedated ? { ...command, issuedAtMs: this.#world.nowMs } : command)
  }

  // Through the door.

  /** A request: most name their reply by its subject, some by the header. */
  #message(what: Key, path: string, suffix: string, body: Uint8Array): Published {
    const habit = keyOf("message", what)
    const isNamedByHeader = this.#habits.below(4, habit) === 0
    return {
      sender: this.name as SenderId,
      path,
      replySubject: isNamedByHeader ? "" : replySubject(this.name, suffix),
      replyHeader: isNamedByHeader ? suffix : "",
      traceparent: traces[this.#habits.below(12, habit)] ?? "",
      body,
      key: what,
    }
  }

  #request(what: Key, askeds: ReadonlyArray<Asked>, path: string, body: Uint8Array): void {
    this.messages++
    const suffix = this.#newSuffix(what)
    this.#attempts.set(suffix, askeds)
    this.#enter(this.#message(what, path, suffix, body), () => {
      const backMs = this.link.back(what)
      if (backMs >= 0) this.#world.in(backMs, EventKind.answer, this.host, () => this.#comeBack(askeds, nobodyMs))
    })
  }

  #enter(message: Published, nobodyIsThere: () => void = () => undefined): void {
    this.#observer.published(message)
    this.#arrive(message.key, () => {
      if (this.#server.isDown) return
      const entered = this.#channels.publish(message)
      this.#observer.entered(message, entered)
      if (entered === undefined) nobodyIsThere()
    })
  }

  /**
   * Whether a command goes with others, a little later: with its sender's next of the same kind and partition. Some pack whatever comes next in the same class: of another partition, facts beside what
   * may be refused. That must be turned away whole at the door.
   */
  #isPacked(asked: Asked): boolean {
    const { command, send } = asked
    const { partitions, packedOneIn, strayOneIn } = this.#options
    const sound = `${send.class} ${isFact(command)} ${partitionOf(command.sku, partitions)}`
    const stray = `${send.class} whatever`
    const pack = this.#packs.get(stray) ?? this.#packs.get(sound)
    if (pack !== undefined) {
      pack.askeds.push(asked)
      return true
    }
    const habit = keyOf("pack", command.sku, command.id)
    if (this.#habits.below(packedOneIn, habit) > 0) return false
    const key = this.#habits.below(strayOneIn, habit) === 0 ? stray : sound
    const begun: Pack = { send, askeds: [asked] }
    this.#packs.set(key, begun)
    this.#world.in(packingMs, EventKind.send, this.host, () => {
      this.#packs.delete(key)
      this.#publish(begun.askeds)
    })
    return true
  }

  /** An answer short of a decision reaches the server and goes on to whom it names. */
  answerArrives(suffix: string, answer: DoorAnswer): void {
    const backMs = this.link.back(this.#keyOf(suffix))
    if (backMs >= 0) this.#world.in(backMs, EventKind.answer, this.host, () => this.#hearDoor(suffix, answer))
  }

  #hearDoor(suffix: string, answer: DoorAnswer): void {
    this.#observer.doorHeard(this.name, suffix, answer)
    const askeds = this.#attempts.get(suffix) ?? []
    switch (answer.answer) {
      case "stored":
        for (const asked of askeds) asked.acknowledgedMs = this.#world.nowMs
        // The command will be decided; it is sent again only because its answer, or the stream, may be lost.
        for (const asked of askeds) this.#askAgain(asked, this.#options.retryMs * 4)
        return
      case "busy":
        return this.#comeBack(askeds, answer.retryAfterMs + this.#habits.below(100, keyOf("busy", this.#keyOf(suffix))))
      case "notStored":
        return this.#comeBack(askeds, refusedMs)
      default:
        return unreachable(answer)
    }
  }

  /** Nothing of it was taken: it comes back when it was told to, later the more often it was turned away. */
  #comeBack(askeds: ReadonlyArray<Asked>, afterMs: number): void {
    for (const asked of askeds) {
      const retry = this.#retries.get(asked)
      if (retry === undefined) continue
      this.#askAgain(asked, afterMs * 2 ** Math.min(4, retry.turnedAway >> 1))
      retry.turnedAway++
    }
  }

  /** Plans to ask again; an earlier plan is off. */
  #askAgain(asked: Asked, afterMs: number): void {
    const retry = this.#retries.get(asked)
    if (retry === undefined) return
    const plan = ++retry.plan
    this.#world.in(afterMs, EventKind.timeout, this.host, () => {
      if (retry.plan !== plan || (asked.outcome !== null && asked.outcome !== "quarantined")) return
      this.#publish([asked])
      retry.waitMs = Math.min(retry.waitMs * 2, this.#options.retryMs * 16)
      this.#askAgain(asked, retry.waitMs)
    })
  }

  /** A reply reaches the server and goes on to whom it names: it may be lost, come late, or twice. */
  replyArrives(reply: SkuReply): void {
    const key = this.#keyOf(reply.suffix)
    const backMs = this.link.back(key)
    if (backMs >= 0) this.#world.in(backMs, EventKind.answer, this.host, () => this.#hear(reply))
    const againMs = this.link.again(key)
    if (againMs >= 0) this.#world.in(Math.max(backMs, 0) + againMs, EventKind.answer, this.host, () => this.#hear(reply))
  }

  #hear(reply: SkuReply): void {
    this.#observer.replyHeard(this.name, reply.suffix, reply)
    this.#attempts.delete(reply.suffix)
    // An answer to a message that was sent to be refused is no answer to the command whose id it borrowed.
    if (this.expected.has(reply.suffix)) return
    for (const said of reply.decisions) {
      if (said.id === null || said.sku === null) continue
      // The ingress that passed it on is configured wrongly: nothing was decided, and another ingress may be right.
      if (said.outcome === "refused" && said.reason === "WrongPartition") continue
      // Nothing is remembered of it: there may be room for it later.
      if (isForWantOfRoom(said)) continue
      const key = scope(said.sku, said.id)
      const asked = this.asked.get(key)
      if (asked === undefined || (asked.outcome !== null && asked.outcome !== "quarantined")) continue
      asked.outcome = said.outcome
      asked.tooOld = said.outcome === "refused" && said.reason === "TooOld"
      asked.heardMs = this.#world.nowMs
      asked.seq = reply.seq
      asked.partition = reply.partition
      if (said.outcome === "quarantined") continue
      this.open--
      this.#retries.delete(asked)
      const answered = this.#answered.get(key)
      this.#answered.delete(key)
      answered?.(said)
    }
  }

  /** The feed stored a value of this channel: it comes in the order of the stream, later if the channel lags, now and then twice. */
  feedStored(value: AtsValue): void {
    const key = this.link.keyNow(value.sku)
    const atMs = Math.max(this.#feedMs, this.#world.nowMs + this.link.delayMs(key), this.link.cutBackUntilMs)
    this.#feedMs = atMs
    this.#world.in(atMs - this.#world.nowMs, EventKind.watch, this.host, () => this.#accept(value))
    const againMs = this.link.again(key)
    if (againMs >= 0) this.#world.in(atMs - this.#world.nowMs + againMs, EventKind.watch, this.host, () => this.#accept(value))
  }

  #accept(value: AtsValue): void {
    const stale = value.version <= (this.#versions.get(value.sku) ?? 0)
    this.#observer.feedAccepted(this.name, value, stale)
    if (stale) return
    this.#versions.set(value.sku, value.version)
    this.ats.set(value.sku, value)
  }
}
