/**
 * A sender that goes on through an upgrade: one plain message a command, understood by the build before and by this one, and what became of each.
 *
 * What was acknowledged as stored is not sent again: its decision has to come out of the journal by itself. What surely nobody took, or got no answer, is.
 */
import { headers, type Msg, type NatsConnection } from "@nats-io/transport-node"

/** Milliseconds before a command that nobody answered is sent again. */
const againMs = 400

interface Sent {
  readonly id: string
  readonly subject: string
  readonly text: string
  sentMs: number
  /** By whom: the stream that senders wrote to, or an ingress. */
  stored: "raw" | "ingress" | null
  isDecided: boolean
}

export interface SenderCounts {
  readonly sent: number
  readonly storedRaw: number
  readonly storedByIngress: number
  readonly decided: number
  readonly busy: number
}

/** What the two builds answer, as far as it matters here. */
interface Answer {
  readonly stream?: string
  readonly answer?: string
  readonly decisions?: ReadonlyArray<{ readonly id?: string }>
  readonly id?: string
  readonly partition?: number
}

export class UpgradeSender {
  readonly #connection: NatsConnection
  readonly #sender: string
  readonly #make: (n: number, id: string) => { readonly subject: string; readonly body: object }
  readonly #all = new Map<string, Sent>()
  #busy = 0
  #timers: Array<NodeJS.Timeout> = []

  constructor(
    connection: NatsConnection,
    sender: string,
    make: (n: number, id: string) => { readonly subject: string; readonly body: object },
  ) {
    this.#connection = connection
    this.#sender = sender
    this.#make = make
    connection.subscribe(`hf.reply.${sender}.u.>`, {
      callback: (error, message) => {
        if (error === null) this.#heard(message)
      },
    })
  }

  /** From now on so many new ones a second; what nobody took is sent again. */
  start(perSecond: number): void {
    this.stop()
    const everyMs = 20
    const send = setInterval(() => this.send(Math.round((perSecond * everyMs) / 1_000)), everyMs)
    this.#timers = [send, setInterval(() => this.#sendAgain(), againMs / 4)]
  }

  send(count: number): void {
    for (let i = 0; i < count; i++) this.#sendNew()
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
    return [...this.#all.values()].every(({ stored, isDecided }) => stored !== null || isDecided)
  }

  /** Ids of all that was acknowledged. */
  get acknowledged(): ReadonlyArray<string> {
    return [...this.#all.values()].filter(({ stored, isDecided }) => stored !== null || isDecided).map(({ id }) => id)
  }

  get counts(): SenderCounts {
    const all = [...this.#all.values()]
    return {
      sent: all.length,
      storedRaw: all.filter(({ stored }) => stored === "raw").length,
      storedByIngress: all.filter(({ stored }) => stored === "ingress").length,
      decided: all.filter(({ isDecided }) => isDecided).length,
      busy: this.#busy,
    }
  }

  #sendNew(): void {
    const n = this.#all.size
    const id = `${this.#sender}-${n}`
    const { subject, body } = this.#make(n, id)
    const sent: Sent = { id, subject, text: JSON.stringify(body), sentMs: 0, stored: null, isDecided: false }
    this.#all.set(id, sent)
    this.#publish(sent)
  }

  #publish(sent: Sent): void {
    sent.sentMs = performance.now()
    const suffix = `u.${sent.id}`
    const named = headers()
    // Where the build before answers; this one answers on the reply subject, as a stream acknowledges there.
    named.set("Hf-Reply", suffix)
    this.#connection.publish(sent.subject, sent.text, { headers: named, reply: `hf.reply.${this.#sender}.${suffix}` })
  }

  #sendAgain(): void {
    if (this.#connection.isClosed()) return
    const nowMs = performance.now()
    for (const sent of this.#all.values())
      if (sent.stored === null && !sent.isDecided && nowMs - sent.sentMs >= againMs) this.#publish(sent)
  }

  #heard(message: Msg): void {
    const sent = this.#all.get(message.subject.slice(`hf.reply.${this.#sender}.u.`.length))
    if (sent === undefined || message.data.length === 0) return
    const answer = JSON.parse(message.string()) as Answer
    if (answer.stream !== undefined) sent.stored ??= "raw"
    else if (answer.answer === "stored") sent.stored ??= "ingress"
    else if (answer.answer === "busy") this.#busy++
    else if (answer.partition !== undefined) sent.isDecided = true
  }
}
