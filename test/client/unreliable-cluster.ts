/**
 * A cluster as a sender meets it: messages arrive late, in any order, or not at all; they are taken, stored, sent back or fall on nobody; answers get lost. It keeps what it decided and in
 * which order, so that a test can hold what callers were told against it.
 */
import type { CommandSender, PublishMessage } from "../../src/client/command-sender.ts"
import type { HeardDecision } from "../../src/client/commands.ts"
import { isFact } from "../../src/domain/sku/commands.ts"
import type { DoorAnswer } from "../../src/wire/answers.ts"
import { decodeBody } from "../../src/wire/body.ts"

type Message = Parameters<PublishMessage>[0]
interface Told {
  readonly id: string
  readonly sku: string
}

/** What becomes of a message that is on its way. */
export type Fate = "taken" | "lost" | "busy" | "nobody" | "old" | "fault"

export class UnreliableCluster {
  readonly #onItsWay: Array<Message> = []
  readonly #answers: Array<(sender: CommandSender) => void> = []
  readonly #stored: Array<Message> = []
  /** Ids in the order in which they were decided first. */
  readonly decided: Array<string> = []
  readonly #known = new Set<string>()
  /** Ids whose form no door takes. */
  readonly faulty = new Set<string>()

  readonly publish: PublishMessage = (message) => {
    this.#onItsWay.push(message)
    return true
  }

  /** One of the messages on their way meets its fate. */
  meet(which: number, fate: Fate): void {
    const [message] = this.#onItsWay.splice(which % Math.max(1, this.#onItsWay.length), 1)
    if (message === undefined || fate === "lost") return
    const answer = (said: DoorAnswer) => this.#answers.push((sender) => sender.heardAnswer(message.suffix, said))
    if (fate === "nobody") this.#answers.push((sender) => sender.heardNobody(message.suffix))
    else if (fate === "busy") answer({ answer: "busy", retryAfterMs: 100, why: "queue" })
    else if (fate === "old") answer({ answer: "notStored", reason: "age" })
    else {
      const commands = commandsOf(message)
      const at = commands.findIndex(({ id }) => this.faulty.has(id))
      if (at >= 0) answer({ answer: "notStored", reason: "form", cause: "InvalidField", ...(fate === "fault" ? {} : { at }) })
      else if (commands.some((command) => command.isStored)) {
        this.#stored.push(message)
        answer({ answer: "stored", partition: 0, seq: 1 })
      } else this.#decide(message)
    }
  }

  /** The oldest of what is stored is decided. */
  decideStored(): boolean {
    const message = this.#stored.shift()
    if (message !== undefined) this.#decide(message)
    return message !== undefined
  }

  /** One of the answers on their way arrives, or is lost. */
  hear(sender: CommandSender, which: number, isLost: boolean): boolean {
    const [answer] = this.#answers.splice(which % Math.max(1, this.#answers.length), 1)
    if (!isLost) answer?.(sender)
    return answer !== undefined
  }

  get isIdle(): boolean {
    return this.#onItsWay.length + this.#answers.length + this.#stored.length === 0
  }

  #decide(message: Message): void {
    const commands = commandsOf(message)
    for (const { id } of commands) {
      if (!this.#known.has(id)) this.decided.push(id)
      this.#known.add(id)
    }
    const decisions = commands.map(({ id, sku }) => ({ id, sku, outcome: "accepted" }) as HeardDecision)
    this.#answers.push((sender) => sender.heardReply(message.suffix, decisions))
  }
}

/** As the door reads it. Throws for what no door takes: one partition apart, facts and commands together. */
const commandsOf = ({ body }: Message): ReadonlyArray<Told & { readonly isStored: boolean }> => {
  const decoded = decodeBody(new TextEncoder().encode(body))
  if (decoded._tag !== "Commands") throw new Error(`not a body: ${body}`)
  const commands = decoded.commands.map((one) => {
    if (one._tag !== "Command") throw new Error(`not a command: ${body}`)
    return { id: one.command.id as string, sku: one.command.sku as string, isStored: isFact(one.command) }
  })
  if (new Set(commands.map(({ isStored }) => isStored)).size !== 1) throw new Error(`facts and commands in one message: ${body}`)
  return commands
}
