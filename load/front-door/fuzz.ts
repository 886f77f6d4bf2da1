/**
 * Messages of chance from a channel's credential, through both doors: what a broken or hostile sender may write, and what became of each.
 *
 * From a seed: the same messages every time but for their times. What is silent is sent again, the same bytes, as the protocol says; no header but our own is used.
 */
import { type Prng, prngFromSeed } from "../../src/workload/prng.ts"
import { type HeardKind, kindOf, published, RawConnection } from "../stage/raw-connection.ts"
import { pause, type Stage } from "../stage/stage.ts"

export const fuzzMark = "fuzz-mark-c40a"

type Kind = (typeof kinds)[number]
const kinds = [
  "sound command",
  "sound fact",
  "array",
  "duplicate",
  "truncated",
  "nested",
  "odd bytes",
  "huge number",
  "wrong field",
  "wrong class",
  "wrong kind",
  "missing kind",
  "wildcard kind",
  "over-long body",
  "wildcard token",
  "dotted token",
  "empty token",
  "over-long token",
  "misspelt token",
  "question",
] as const

interface Message {
  readonly subject: string
  readonly body: Buffer
}

const skus = Array.from({ length: 16 }, (_, n) => `F${n}`)
export const fuzzSkus: ReadonlyArray<string> = skus

class Writer {
  readonly #chance: Prng
  readonly #earlier: Array<Message> = []
  #serial = 0

  constructor(seed: string) {
    this.#chance = prngFromSeed(seed)
  }

  next(): { readonly kind: Kind; readonly message: Message } {
    const chance = this.#chance
    const kind = chance.chance(1, 3) ? "sound command" : chance.pick(kinds)
    const message = this.#write(kind)
    if (this.#earlier.length < 1_000 && kind !== "over-long body") this.#earlier.push(message)
    return { kind, message }
  }

  #text(fact: boolean, sku: string): string {
    const chance = this.#chance
    const n = ++this.#serial
    const head = `"v":1,"id":"fuzz-${n}","sku":"${sku}","issuedAtMs":${Date.now()}`
    if (fact) return `{${head},"type":"RecordSale","mode":"taken","qty":${chance.between(1, 3)},"location":"DC1"}`
    const reservation = `"reservation":"fuzz-${chance.chance(1, 2) ? n : chance.between(1, n)}"`
    switch (chance.below(4)) {
      case 0:
        return `{${head},"type":"Confirm",${reservation}}`
      case 1:
        return `{${head},"type":"Release",${reservation},"reason":"cancelled"}`
      case 2:
        return `{${head},"type":"Extend",${reservation},"holdMs":60000}`
      default:
        return `{${head},"type":"Reserve",${reservation},"qty":${chance.between(1, 5)},"holdMs":60000}`
    }
  }

  #write(kind: Kind): Message {
    const chance = this.#chance
    const sku = chance.pick(skus)
    const sound = this.#text(chance.chance(1, 8), sku)
    const at = (token: string, body: string | Buffer): Message => ({ subject: `hf.cmd.web.sell.sku.${token}`, body: Buffer.from(body) })
    switch (kind) {
      case "sound command":
        return at(sku, this.#text(false, sku))
      case "sound fact":
        return at(sku, this.#text(true, sku))
      case "array":
        return at(sku, this.#array(sku))
      case "duplicate":
        return this.#earlier.length === 0 ? at(sku, sound) : chance.pick(this.#earlier)
      case "truncated":
        return at(sku, sound.slice(0, chance.below(sound.length)))
      case "nested":
        return at(sku, this.#nested(sound))
      case "odd bytes":
        return at(sku, this.#odd(sound))
      case "huge number":
        return at(
          sku,
          sound.replace(/:\d+(?=[,}])/g, (number) => (chance.chance(1, 2) ? `:${chance.pick(numbers)}` : number)),
        )
      case "wrong field":
        return at(sku, this.#wrong(sound))
      case "wrong class":
        return {
          subject: `hf.cmd.${chance.pick(["web.stock", "web.policy", "web.operator", "app.sell"])}.${chance.pick(["sku", "order"])}.${sku}`,
          body: Buffer.from(sound),
        }
      case "wrong kind":
      case "missing kind":
      case "wildcard kind":
        return { subject: `hf.cmd.web.sell.${this.#noKind(kind, sku)}`, body: Buffer.from(sound) }
      case "over-long body":
        return at(sku, `{"v":1,"pad":"${fuzzMark.padEnd(chance.between(65_537, 120_000), "x")}"}`)
      case "question":
        return this.#question(sku)
      default:
        return at(this.#token(kind, sku), sound)
    }
  }

  #array(sku: string): string {
    const chance = this.#chance
    const length = chance.pick([0, 1, 2, 5, 128, 129, 200])
    const other = chance.chance(1, 4)
    const mixed = chance.chance(1, 4)
    return `[${Array.from({ length }, () => this.#text(mixed && chance.chance(1, 2), other ? chance.pick(skus) : sku)).join(",")}]`
  }

  #nested(sound: string): string {
    const chance = this.#chance
    const depth = chance.between(2, 1_000)
    if (chance.chance(1, 2)) return `${"[".repeat(depth)}${sound}${"]".repeat(depth)}`
    return sound.replace(/\}$/, `,"${fuzzMark}":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`)
  }

  #odd(sound: string): Buffer {
    const chance = this.#chance
    const bytes = Buffer.from(sound)
    for (let times = chance.between(1, 20); times > 0; times--) bytes[chance.below(bytes.length)] = chance.below(256)
    return chance.chance(1, 3) ? Buffer.from(Array.from({ length: chance.below(400) }, () => chance.below(256))) : bytes
  }

  #wrong(sound: string): string {
    const chance = this.#chance
    switch (chance.below(6)) {
      case 0:
        return sound.replace('"v":1', '"v":2')
      case 1:
        return sound.replace(/\}$/, `,"${fuzzMark}":1}`)
      case 2:
        return sound.replace(/"id":"[^"]*"/, `"id":"${"x".repeat(chance.between(65, 300))}"`)
      case 3:
        return sound.replace('"sku":', '"sku":"F1","sku":')
      case 4:
        return sound.replace('"v":1', '"v":1,"__proto__":{"qty":1}')
      default:
        return sound.replace(/"type":"\w+"/, `"type":${chance.pick(['"ReceiveStock"', '"SetPolicy"', '"Nothing"', "null", "[]", "{}"])}`)
    }
  }

  /** What follows the class where no kind does that there is. */
  #noKind(kind: "wrong kind" | "missing kind" | "wildcard kind", sku: string): string {
    const chance = this.#chance
    switch (kind) {
      case "wrong kind":
        return `${chance.pick(["order", "SKU", "sku%", "%73ku", "skus", "toString", "0", sku, "x".repeat(chance.between(1, 400))])}.${sku}`
      case "missing kind":
        return chance.pick([sku, `.${sku}`, `..${sku}`, "sku", "sku.", ""])
      case "wildcard kind":
        return chance.pick(["*", ">", `*.${sku}`, `sku*.${sku}`, `*.*`, `>.${sku}`, `*.>`])
    }
  }

  #token(kind: Kind, sku: string): string {
    const chance = this.#chance
    switch (kind) {
      case "wildcard token":
        return chance.pick(["*", ">", `${sku}.>`, `${sku}.*`, `*.${sku}`, `>.${sku}`, `${sku}*`])
      case "dotted token":
        return Array.from({ length: chance.between(2, 12) }, () => sku).join(".")
      case "empty token":
        return chance.pick(["", `${sku}.`, `.${sku}`, `${sku}..${sku}`])
      case "over-long token":
        return sku.padEnd(chance.between(129, 900), "x")
      default:
        return chance.pick(["%46", "%zz", "%", `${sku}%`, "%c3%84", "Ä", `${sku}~`, `${sku}:1`, "%00", "%FF", `%25${sku}`])
    }
  }

  #question(sku: string): Message {
    const chance = this.#chance
    const path = chance.pick([
      "topology",
      "ats",
      `ats.${sku}`,
      `reservation.${sku}`,
      `stock.${sku}`,
      "quarantine.sku.0",
      "quarantine.order.0",
      "quarantine.*.0",
      "quarantine.x",
      "ats.*",
      ">",
      "nothing",
      "a.b.c",
    ])
    const body = chance.pick([
      "",
      "{}",
      "[",
      `{"v":1,"partition":${chance.pick(numbers)},"after":0}`,
      `{"v":1,"reservation":"fuzz-1"}`,
      fuzzMark,
    ])
    return { subject: `hf.get.web.${path}`, body: Buffer.from(body) }
  }
}

const numbers = ["0", "-1", "1.5", "1e3", "9007199254740993", "123456789012345678901234567890", "1e308", "-0", "00", "4294967296"]

/** A header with a name of our own on every third message. */
const headersOf = (n: number): ReadonlyArray<readonly [string, string]> => (n % 3 === 0 ? [["X-Fuzz", `${fuzzMark}-${n}`]] : [])

export interface Fuzzed {
  readonly messages: number
  /** By kind of message, how many ended how. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly unanswered: ReadonlyArray<string>
  /** Sent again for silence. */
  readonly sentAgain: number
  /** Facts and others that were stored, and of how many of them no decision was heard. */
  readonly stored: number
  readonly undecided: number
  readonly closedByServer: number
}

interface Open {
  readonly n: number
  readonly kind: Kind
  readonly message: Message
  readonly bytes: Buffer
  sentMs: number
  times: number
}

const windowMessages = 256
const silentMs = 2_000
const timesMax = 12
const decisionPatienceMs = 30_000

class Fuzzer {
  readonly #stage: Stage
  readonly #open = new Map<number, Open>()
  readonly #bySubject = new Map<string, Array<number>>()
  readonly #awaited = new Set<number>()
  readonly outcomes: Record<string, Record<string, number>> = {}
  readonly unanswered: Array<string> = []
  sentAgain = 0
  stored = 0
  closedByServer = 0
  #connection: RawConnection | undefined

  constructor(stage: Stage) {
    this.#stage = stage
  }

  get underWay(): number {
    return this.#open.size
  }

  get undecided(): number {
    return this.#awaited.size
  }

  async connect(): Promise<void> {
    if (this.#connection?.closed === true) this.closedByServer++
    if (this.#connection !== undefined && !this.#connection.closed) return
    const server = this.#stage.servers[this.closedByServer % this.#stage.servers.length]
    this.#connection = await RawConnection.open(server?.url ?? "", "web", this.#stage.loginOf("web"), {
      message: (bytes, from, to, bodyFrom, bodyTo, noResponders) =>
        this.#heard(bytes.toString("latin1", from, to), kindOf(bytes, bodyFrom, bodyTo, noResponders)),
      refused: (text) => this.#refused(text),
    })
  }

  send(n: number, kind: Kind, message: Message): void {
    const bytes = published(message.subject, `hf.reply.web.fuzz.${n}`, headersOf(n), message.body)
    const open: Open = { n, kind, message, bytes, sentMs: performance.now(), times: 1 }
    this.#open.set(n, open)
    const same = this.#bySubject.get(message.subject)
    if (same === undefined) this.#bySubject.set(message.subject, [n])
    else same.push(n)
    this.#connection?.write(bytes)
  }

  async flush(): Promise<void> {
    await this.#connection?.flush()
  }

  /** Sends again what was silent for long. */
  lookForSilence(): void {
    const sinceMs = performance.now() - silentMs
    for (const open of this.#open.values()) {
      if (open.sentMs > sinceMs) continue
      if (open.times >= timesMax) {
        this.unanswered.push(`${open.kind}: ${open.message.subject} ${open.message.body.toString("latin1").slice(0, 120)}`)
        this.#end(open, "nothing")
        continue
      }
      open.times++
      open.sentMs = performance.now()
      this.sentAgain++
      this.#connection?.write(open.bytes)
    }
  }

  #end(open: Open, how: string): void {
    this.#open.delete(open.n)
    const same = this.#bySubject.get(open.message.subject)
    if (same !== undefined) same.splice(same.indexOf(open.n), 1)
    if (same?.length === 0) this.#bySubject.delete(open.message.subject)
    const counts = this.outcomes[open.kind] ?? {}
    counts[how] = (counts[how] ?? 0) + 1
    this.outcomes[open.kind] = counts
  }

  #heard(subject: string, kind: HeardKind): void {
    const n = Number(subject.slice(subject.lastIndexOf(".") + 1))
    if (kind === "decision") this.#awaited.delete(n)
    const open = this.#open.get(n)
    if (open === undefined) return
    const isQuestion = open.kind === "question" || open.message.subject.startsWith("hf.get.")
    if (kind === "stored") {
      this.stored++
      this.#awaited.add(n)
    }
    this.#end(open, isQuestion && kind !== "noResponders" ? "answer" : kind)
  }

  #refused(text: string): void {
    const subject = /Publish to "([^"]*)"/.exec(text)?.[1]
    const n = subject === undefined ? undefined : this.#bySubject.get(subject)?.[0]
    const open = n === undefined ? undefined : this.#open.get(n)
    if (open !== undefined) this.#end(open, "permission")
  }

  close(): void {
    this.#connection?.close()
  }
}

export const fuzz = async (stage: Stage, messages: number, seed: string): Promise<Fuzzed> => {
  const writer = new Writer(seed)
  const fuzzer = new Fuzzer(stage)
  await fuzzer.connect()
  for (let n = 1; n <= messages; ) {
    for (; n <= messages && fuzzer.underWay < windowMessages; n++) {
      const { kind, message } = writer.next()
      fuzzer.send(n, kind, message)
    }
    await fuzzer.flush()
    await pause(2)
    fuzzer.lookForSilence()
    await fuzzer.connect()
  }
  while (fuzzer.underWay > 0) {
    await pause(20)
    fuzzer.lookForSilence()
    await fuzzer.connect()
  }
  const untilMs = performance.now() + decisionPatienceMs
  while (fuzzer.undecided > 0 && performance.now() < untilMs) await pause(50)
  fuzzer.close()
  const { outcomes, unanswered, sentAgain, stored, undecided, closedByServer } = fuzzer
  return { messages, outcomes, unanswered, sentAgain, stored, undecided, closedByServer }
}
