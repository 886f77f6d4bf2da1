/**
 * Who fills the commands stream: a sender of honest facts, many in a message, as fast as they are decided or as fast as they are stored; and one of garbage.
 */
import { partitionOf } from "../../src/domain/names.ts"
import { type HeardKind, kindOf, RawConnection } from "../stage/raw-connection.ts"
import { pause, type Stage } from "../stage/stage.ts"

const factsPerMessage = 64
const busyAgainMs = 50
/** Milliseconds after which a silent message is sent again, the same bytes. */
const silentMs = 5_000
const lookMs = 500

interface Open {
  readonly bytes: Buffer
  sentMs: number
  stored: boolean
}

export class FactSender {
  readonly #sender: string
  readonly #groups: ReadonlyArray<ReadonlyArray<string>>
  readonly #open = new Map<number, Open>()
  #connection: RawConnection | undefined
  #serial = 0
  #going = false
  /** Whether `stored` is enough to send the next. */
  #storingOnly = false
  readonly #timer: NodeJS.Timeout
  readonly counted = { decided: 0, busy: 0, stored: 0 }
  /** Since when nothing but `busy` for want of room was heard. */
  fullSinceMs: number | null = null
  /** When the first decision was heard since `forget`, and when the first message was stored after that. */
  storedSinceMs: number | null = null
  firstDecisionMs: number | null = null
  readonly #name = `facts${process.pid}-${Math.round(performance.now())}`

  private constructor(sender: string, skus: ReadonlyArray<string>, partitions: number) {
    this.#sender = sender
    this.#groups = Array.from({ length: partitions }, (_, partition) =>
      skus.filter((sku) => partitionOf(sku, partitions) === partition),
    ).filter((group) => group.length > 0)
    this.#timer = setInterval(() => this.#sendSilentAgain(), lookMs)
  }

  static async open(stage: Stage, sender: string, skus: ReadonlyArray<string>, partitions: number): Promise<FactSender> {
    const facts = new FactSender(sender, skus, partitions)
    facts.#connection = await RawConnection.open(stage.servers[0]?.url ?? "", sender, stage.loginOf(sender), {
      message: (bytes, from, to, bodyFrom, bodyTo, noResponders) =>
        facts.#heard(
          Number(bytes.toString("latin1", from + `hf.reply.${sender}.`.length, to)),
          kindOf(bytes, bodyFrom, bodyTo, noResponders),
          bytes.includes('"why":"full"', bodyFrom, "latin1") && bytes.indexOf('"why":"full"', bodyFrom, "latin1") < bodyTo,
        ),
      refused: (text) => {
        throw new Error(`the sender of facts was refused: ${text}`)
      },
    })
    return facts
  }

  /** So many messages in flight, each until it is decided. */
  keep(inFlight: number): void {
    this.#going = true
    for (let i = 0; i < inFlight; i++) this.#next()
  }

  /** So many messages in flight, each until it is stored. */
  keepStoring(inFlight: number): void {
    this.#storingOnly = true
    this.keep(inFlight)
  }

  forget(): void {
    this.storedSinceMs = null
    this.firstDecisionMs = null
  }

  async stop(): Promise<void> {
    this.#going = false
    while (this.#open.size > 0 && !this.#storingOnly) await pause(20)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#connection?.close()
  }

  #next(): void {
    if (!this.#going) return
    const n = ++this.#serial
    const group = this.#groups[n % this.#groups.length] ?? []
    const nowMs = Date.now()
    const facts = Array.from({ length: factsPerMessage }, (_, i) => {
      const sku = group[i % group.length]
      return `{"v":1,"type":"RecordSale","id":"${this.#name}-${n}-${i}","sku":"${sku}","issuedAtMs":${nowMs},"mode":"taken","qty":1,"location":"DC1"}`
    })
    const body = `[${facts.join(",")}]`
    const bytes = Buffer.from(
      `PUB hf.cmd.${this.#sender}.sell.sku.${group[0]} hf.reply.${this.#sender}.${n} ${Buffer.byteLength(body)}\r\n${body}\r\n`,
    )
    this.#open.set(n, { bytes, sentMs: performance.now(), stored: false })
    this.#connection?.write(bytes)
  }

  #again(n: number): void {
    const open = this.#open.get(n)
    if (open === undefined) return
    if (!this.#going) {
      this.#open.delete(n)
      return
    }
    open.sentMs = performance.now()
    this.#connection?.write(open.bytes)
  }

  #sendSilentAgain(): void {
    const sinceMs = performance.now() - silentMs
    for (const [n, { sentMs }] of this.#open) if (sentMs < sinceMs) this.#again(n)
  }

  #heard(n: number, kind: HeardKind, isFull: boolean): void {
    const open = this.#open.get(n)
    if (kind === "decision") {
      this.firstDecisionMs ??= performance.now()
      this.counted.decided += factsPerMessage
    }
    if (kind === "stored") {
      this.counted.stored++
      this.fullSinceMs = null
      // What was let in while nothing was decided found a last gap: that is not room again.
      if (this.firstDecisionMs !== null) this.storedSinceMs ??= performance.now()
    }
    if (open === undefined) return
    if (kind === "decision" || (kind === "stored" && this.#storingOnly)) {
      this.#open.delete(n)
      this.#next()
    } else if (kind === "busy" || kind === "noResponders") {
      this.counted.busy++
      if (isFull) this.fullSinceMs ??= performance.now()
      setTimeout(() => this.#again(n), busyAgainMs)
    }
  }
}

const everyMs = 10

/** What is no command, again and again, whatever is answered. */
export class Garbage {
  readonly #connection: RawConnection
  readonly #sender: string
  readonly #skus: ReadonlyArray<string>
  #timer: NodeJS.Timeout | undefined
  #serial = 0
  readonly heard: Record<HeardKind, number>

  private constructor(connection: RawConnection, sender: string, skus: ReadonlyArray<string>, heard: Record<HeardKind, number>) {
    this.#connection = connection
    this.#sender = sender
    this.#skus = skus
    this.heard = heard
  }

  static async open(stage: Stage, sender: string, skus: ReadonlyArray<string>): Promise<Garbage> {
    const heard: Record<HeardKind, number> = { decision: 0, stored: 0, busy: 0, notStored: 0, noResponders: 0, other: 0 }
    const connection = await RawConnection.open(stage.servers.at(-1)?.url ?? "", sender, stage.loginOf(sender), {
      message: (bytes, _from, _to, bodyFrom, bodyTo, noResponders) => {
        heard[kindOf(bytes, bodyFrom, bodyTo, noResponders)]++
      },
      refused: () => undefined,
    })
    return new Garbage(connection, sender, skus, heard)
  }

  start(perSecond: number): void {
    const each = Math.max(1, Math.round((perSecond * everyMs) / 1_000))
    this.#timer = setInterval(() => {
      for (let i = 0; i < each; i++) this.#connection.write(this.#message())
    }, everyMs)
  }

  #message(): string {
    const n = ++this.#serial
    const token = this.#skus[n % this.#skus.length]
    const bodies = ["", "{", `{"v":1,"type":"RecordSale","id":"g-${n}"}`, "[]".repeat(200), "null", `"${"x".repeat(1_000)}"`]
    const body = bodies[n % bodies.length] ?? ""
    const subject = n % 5 === 0 ? `hf.cmd.${this.#sender}.sell.sku.*` : `hf.cmd.${this.#sender}.sell.sku.${token}`
    return `PUB ${subject} hf.reply.${this.#sender}.g${n} ${body.length}\r\n${body}\r\n`
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#connection.close()
  }
}
