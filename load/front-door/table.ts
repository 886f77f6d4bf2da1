/**
 * Every subject a channel may think of, tried from its credential: as the subject of a message, and as the reply subject of a command, of a fact and of a question. For each, what was heard.
 *
 * Headers are names of our own and of nobody else. What the server does to names of its own is not tried here.
 */
import type { NatsConnection } from "@nats-io/transport-node"
import { type HeardKind, kindOf, published, RawConnection } from "../stage/raw-connection.ts"
import { pause, type Stage } from "../stage/stage.ts"
import { storedEnd } from "./streams.ts"

/** Stands in a header of everything that is tried, and in the bodies that are no commands. */
export const tableMark = "trial-mark-7b1f"
const headerName = "X-Trial"
const headers = (suffix: string): ReadonlyArray<readonly [string, string]> => [
  [headerName, tableMark],
  ["X-Origin", `${tableMark}-origin`],
  ["Hf-Reply", suffix],
]

export const subjectsTried: ReadonlyArray<string> = [
  "hf.cmd.web.sell.sku.A",
  "hf.cmd.web.sell.sku.*",
  "hf.cmd.web.sell.>",
  "hf.cmd.web.sell.sku.A.B",
  "hf.cmd.web.sell.sku.A.*",
  "hf.cmd.web.sell.sku.%41",
  "hf.cmd.web.sell",
  "hf.cmd.web.sell.A",
  "hf.cmd.web.sell.sku",
  "hf.cmd.web.sell.order.A",
  "hf.cmd.web.sell.*.A",
  "hf.cmd.web.sell.SKU.A",
  "hf.cmd.web.stock.sku.A",
  "hf.cmd.web.policy.sku.A",
  "hf.cmd.web.operator.sku.A",
  "hf.cmd.web.>",
  "hf.cmd.app.sell.sku.A",
  "hf.cmd.*.sell.sku.A",
  "hf.get.web.topology",
  "hf.get.web.ats.A",
  "hf.get.web.ats.*",
  "hf.get.web.stock.A",
  "hf.get.web.quarantine.sku.0",
  "hf.get.web.>",
  "hf.get.app.ats",
  "hf.reply.web.x",
  "hf.reply.web.*",
  "hf.reply.web.a.b.c.d",
  "hf.reply.app.x",
  "hf.reply.*.x",
  "hf.reply.>",
  "hf.ats.web.A",
  "hf.ats.app.A",
  "hf.q.sku.0",
  "hf.q.sku.*",
  "hf.hand.sku.0.x",
  "hf.owner.sku.0",
  "hf.journal.sku.0",
  "hf.feed.0.web.A",
  "hf.snap.sku.0.manifest",
  "hf.q.order.0",
  "hf.hand.order.0.x",
  "hf.journal.order.0",
  "hf.>",
  "$KV.HF_MARKS.sku.halt.0",
  "$KV.HF_LEASES.sku.0",
  "$JS.API.INFO",
  "$JS.API.STREAM.INFO.HF_STORED_SKU",
  "$JS.API.STREAM.NAMES",
  "$JS.ACK.HF_STORED_SKU.x",
  "$SYS.REQ.USER.INFO",
  "_INBOX.engine.x",
  "_INBOX.door.x",
  "trial",
  ">",
]

export interface Tried {
  readonly subject: string
  readonly as: "publish" | "reply of a command" | "reply of a fact" | "reply of a question"
  readonly heard: string
  /** Messages that the commands stream got meanwhile. All of its messages are looked at when the table is done. */
  readonly stored: number
}

export interface Table {
  readonly rows: ReadonlyArray<Tried>
  /** Messages with a mark that were heard by another sender, or seen anywhere in the engine's account. */
  readonly strayed: ReadonlyArray<string>
}

/** Milliseconds an answer is waited for once the server has read what was sent. */
const answerMs = 800
const storedMs = 250

/** A channel whose connection is opened again when the server closes it. */
class Trier {
  readonly #stage: Stage
  #connection: RawConnection | undefined
  #heard: Array<HeardKind> = []
  #body = ""
  #refused: Array<string> = []
  #serial = 0

  constructor(stage: Stage) {
    this.#stage = stage
  }

  async #open(): Promise<RawConnection> {
    if (this.#connection !== undefined && !this.#connection.closed) return this.#connection
    this.#connection = await RawConnection.open(this.#stage.servers[0]?.url ?? "", "web", this.#stage.loginOf("web"), {
      message: (bytes, _from, _to, bodyFrom, bodyTo, noResponders) => {
        const kind = kindOf(bytes, bodyFrom, bodyTo, noResponders)
        this.#heard.push(kind)
        if (kind !== "noResponders") this.#body = bytes.toString("utf8", bodyFrom, bodyTo)
      },
      refused: (text) => this.#refused.push(text),
    })
    return this.#connection
  }

  next(): number {
    return ++this.#serial
  }

  async try(subject: string, reply: string, suffix: string, body: string): Promise<string> {
    const connection = await this.#open()
    this.#heard = []
    this.#refused = []
    this.#body = ""
    connection.write(published(subject, reply, headers(suffix), Buffer.from(body)))
    await connection.flush()
    const untilMs = performance.now() + answerMs
    while (this.#heard.length === 0 && this.#refused.length === 0 && !connection.closed && performance.now() < untilMs) await pause(5)
    if (this.#refused.some((text) => /permissions violation/i.test(text))) return "refused by the server: permission"
    if (this.#refused.length > 0) return `refused by the server: ${this.#refused[0]?.slice("-ERR ".length)}`
    if (connection.closed) return "the server closed the connection"
    const [first] = this.#heard
    if (first === undefined) return nothing
    return first === "noResponders" ? "no responders" : wordsOf(first, this.#body)
  }

  /** Names a reply subject. Where nothing is heard, the same bytes are sent again with a right one: they are answered, for they were read. */
  async tryReply(to: string, reply: string, suffix: string, body: string): Promise<string> {
    const heard = await this.try(to, reply, suffix, body)
    if (heard !== nothing) return heard
    const again = await this.try(to, `hf.reply.web.${suffix}`, suffix, body)
    return again === nothing ? nothing : `nothing there; asked again where an answer may come: ${again}`
  }

  close(): void {
    this.#connection?.close()
  }
}

export const nothing = "nothing"

const wordsOf = (kind: HeardKind, body: string): string => {
  try {
    const said = JSON.parse(body) as { answer?: string; reason?: string; decisions?: ReadonlyArray<{ outcome: string }> }
    if (said.decisions !== undefined) return `decided: ${said.decisions[0]?.outcome}`
    return [said.answer, said.reason].filter((word) => word !== undefined).join(": ")
  } catch {
    return kind
  }
}

const reserve = (n: number): string =>
  `{"v":1,"type":"Reserve","id":"table-${n}","sku":"A","issuedAtMs":${Date.now()},"reservation":"table-${n}","qty":1,"holdMs":60000}`
const sale = (n: number): string =>
  `{"v":1,"type":"RecordSale","id":"table-${n}","sku":"A","issuedAtMs":${Date.now()},"mode":"taken","qty":1,"location":"DC1"}`

/** Listens where nothing that is tried may come: as another channel, and everywhere in the engine's account. */
const listenForStrays = async (engine: NatsConnection, stage: Stage, strayed: Array<string>): Promise<RawConnection> => {
  engine.subscribe(">", {
    callback: (error, message) => {
      if (error !== null) return
      const carried = message.headers?.keys().some((name) => name.startsWith("X-")) === true
      if (carried || Buffer.from(message.data).includes(tableMark)) strayed.push(`engine's account: ${message.subject}`)
    },
  })
  await engine.flush()
  return RawConnection.open(stage.servers.at(-1)?.url ?? "", "app", stage.loginOf("app"), {
    message: (bytes, from, to) => strayed.push(`heard by app: ${bytes.toString("utf8", from, to)}`),
    refused: () => undefined,
  })
}

export const tryTable = async (stage: Stage, engine: NatsConnection): Promise<Table> => {
  const strayed: Array<string> = []
  const listener = await listenForStrays(engine, stage, strayed)
  const trier = new Trier(stage)
  const rows: Array<Tried> = []
  let end = await storedEnd(engine)
  const row = async (subject: string, as: Tried["as"], attempt: () => Promise<string>, mayStore: boolean) => {
    const heard = await attempt()
    // What is on its way to the stream shall be counted here, not in the next row.
    if (mayStore) await pause(storedMs)
    const now = await storedEnd(engine)
    rows.push({ subject, as, heard, stored: now - end })
    end = now
  }
  for (const subject of subjectsTried) {
    const n = trier.next()
    const suffix = `table.${n}`
    const own = `hf.reply.web.${suffix}`
    const marked = `{"v":1,"type":"${tableMark}"}`
    const body = subject.startsWith("hf.cmd.") ? reserve(n) : marked
    await row(subject, "publish", () => trier.try(subject, own, suffix, body), false)
    if (subject.startsWith("hf.cmd.")) await row(subject, "publish", () => trier.try(subject, own, suffix, marked), false)
    const asReply = (to: string, text: string) => () => trier.tryReply(to, subject, suffix, text)
    await row(subject, "reply of a command", asReply("hf.cmd.web.sell.sku.A", reserve(trier.next())), false)
    await row(subject, "reply of a fact", asReply("hf.cmd.web.sell.sku.A", sale(trier.next())), true)
    await row(subject, "reply of a question", asReply("hf.get.web.topology", ""), false)
  }
  trier.close()
  listener.close()
  return { rows, strayed }
}
