/**
 * A sender that goes on through an upgrade: one plain message a command, understood by both builds, and what became of each.
 *
 * What was acknowledged as stored is not sent again: its decision has to come out of the journal by itself. What surely nobody took, or got no answer, is.
 */
import { headers, type Msg, type NatsConnection } from "@nats-io/transport-node"

/** Milliseconds before a command that nobody answered is sent again. */
const againMs = 400
/** Milliseconds between two times at which it sends. */
const everyMs = 20

/** A command as it is published. */
export interface Published {
  readonly subject: string
  readonly body: object
}

interface Sent extends Published {
  readonly id: string
  readonly n: number
  sentMs: number
  isStored: boolean
  isDecided: boolean
}

export interface SenderCounts {
  readonly sent: number
  readonly stored: number
  readonly decided: number
  readonly accepted: number
  readonly busy: number
}

/** An answer, as far as it matters here. */
interface Answer {
  readonly answer?: string
  readonly decisions?: ReadonlyArray<{ readonly outcome?: string }>
}

export class UpgradeSender {
  readonly #connection: NatsConnection
  readonly #sender: string
  readonly #what: string
  readonly #make: (n: number, id: string) => Published
  readonly #all = new Map<string, Sent>()
  #accepted = 0
  #busy = 0
  #timers: Array<NodeJS.Timeout> = []
  /** Hears the number of each command that was accepted. */
  accepted: (n: number) => void = () => undefined

  /** `what`: one word of its own for each of a sender's, with which its ids begin. */
  constructor(connection: NatsConnection, sender: string, what: string, make: (n: number, id: string) => Published) {
    this.#connection = connection
    this.#sender = sender
    this.#what = what
    this.#make = make
    connection.subscribe(`hf.reply.${sender}.${what}.>`, {
      callback: (error, message) => {
        if (error === null) this.#heard(message)
      },
    })
  }

  /** From now on so many new ones a second; what nobody took is sent again. */
  start(perSecond: number): void {
    this.stop()
    let owed = 0
    const send = () => {
      owed += (perSecond * everyMs) / 1_000
      for (; owed >= 1; owed--) this.sendNew()
    }
    this.#timers = [setInterval(send, everyMs), setInterval(() => this.#sendAgain(), againMs / 4)]
  }

  sendNew(n = this.#all.size): void {
    const id = `${this.#what}-${n}`
    const sent: Sent = { ...this.#make(n, id), id, n, sentMs: 0, isStored: false, isDecided: false }
    this.#all.set(id, sent)
    this.#publish(sent)
  }

  /** Sends nothing new; what nobody took is still sent again until {@link isSettled}. */
  stopNew(): void {
    clearInterval(this.#timers[0])
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  /** Whether each command was acknowledged: as stored, or by its decision. */
  get isSettled(): boolean {
    return [...this.#all.values()].every(({ isStored, isDecided }) => isStored || isDecided)
  }

  /** Senders and ids of all that was acknowledged. */
  get acknowledged(): ReadonlyArray<string> {
    return [...this.#all.values()].filter(({ isStored, isDecided }) => isStored || isDecided).map(({ id }) => `${this.#sender} ${id}`)
  }

  get counts(): SenderCounts {
    const all = [...this.#all.values()]
    return {
      sent: all.length,
      stored: all.filter(({ isStored }) => isStored).length,
      decided: all.filter(({ isDecided }) => isDecided).length,
      accepted: this.#accepted,
      busy: this.#busy,
    }
  }

  #publish(sent: Sent): void {
    sent.sentMs = performance.now()
    const suffix = `${this.#what}.${sent.id}`
    const named = headers()
    named.set("Hf-Reply", suffix)
    this.#connection.publish(sent.subject, JSON.stringify(sent.body), { headers: named, reply: `hf.reply.${this.#sender}.${suffix}` })
  }

  #sendAgain(): void {
    if (this.#connection.isClosed()) return
    const nowMs = performance.now()
    for (const sent of this.#all.values()) if (!sent.isStored && !sent.isDecided && nowMs - sent.sentMs >= againMs) this.#publish(sent)
  }

  #heard(message: Msg): void {
    const sent = this.#all.get(message.subject.slice(`hf.reply.${this.#sender}.${this.#what}.`.length))
    if (sent === undefined || message.data.length === 0) return
    const answer = JSON.parse(message.string()) as Answer
    if (answer.answer === "stored") sent.isStored = true
    else if (answer.answer === "busy") this.#busy++
    else if (answer.decisions !== undefined && !sent.isDecided) {
      sent.isDecided = true
      if (answer.decisions[0]?.outcome !== "accepted") return
      this.#accepted++
      this.accepted(sent.n)
    }
  }
}
