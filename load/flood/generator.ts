/**
 * A process that makes traffic: as many commands or questions a second as it is told, over many connections, or so many in flight. It retries nothing and counts what it hears.
 */
import { skuToken } from "../../src/domain/names.ts"
import { type HeardKind, kindOf, RawConnection } from "../stage/raw-connection.ts"
import type { FromGenerator, GeneratorConnection, ToGenerator } from "./messages.ts"

/** Milliseconds between two bursts, and bytes that a socket may hold: what is not taken at once is not piled up here. */
const everyMs = 5
const waitingBytesMax = 1_048_576
/** Messages that one write holds at most. */
const writeMessagesMax = 256
/** Milliseconds before a message that surely nobody took is sent again, of those that are kept in flight. */
const againMs = 20
/** Milliseconds after which a silent one of them is given up and replaced. */
const silentMs = 5_000
const lookMs = 1_000

const heard: Record<HeardKind, number> = { decision: 0, stored: 0, busy: 0, notStored: 0, noResponders: 0, other: 0 }
let sent = 0
let refused = 0
let serial = 0

interface Outlet {
  readonly connection: RawConnection
  readonly sender: string
  /** Its own place among the answers of its sender. */
  readonly inbox: string
  /** Sent and not answered, while so many are kept in flight: by suffix, when it was sent. */
  readonly open: Map<number, number>
  /** To be sent at the end of this turn, of those that are kept in flight. */
  due: number
}

let name = ""
let tokens: ReadonlyArray<{ readonly sku: string; readonly token: string }> = []
let outlets: Array<Outlet> = []
let keeping = false
let timer: NodeJS.Timeout | undefined

const command = ({ sender, inbox }: Outlet): string => {
  const n = ++serial
  const { sku, token } = tokens[n % tokens.length] ?? { sku: "", token: "" }
  const body = `{"v":1,"type":"Reserve","id":"${name}-${n}","sku":"${sku}","issuedAtMs":${Date.now()},"reservation":"${name}-${n}","qty":1,"holdMs":600000}`
  return `PUB hf.cmd.${sender}.sell.sku.${token} hf.reply.${sender}.${inbox}.${n} ${body.length}\r\n${body}\r\n`
}

const question = ({ sender, inbox }: Outlet): string => `PUB hf.get.${sender}.topology hf.reply.${sender}.${inbox}.${++serial} 0\r\n\r\n`

const send = (outlet: Outlet, messages: number, make: (outlet: Outlet) => string): void => {
  for (let left = messages; left > 0 && outlet.connection.waiting < waitingBytesMax; left -= writeMessagesMax) {
    const count = Math.min(left, writeMessagesMax)
    let text = ""
    for (let i = 0; i < count; i++) text += make(outlet)
    outlet.connection.write(Buffer.from(text, "latin1"))
    sent += count
  }
}

const sendKept = (outlet: Outlet): void => {
  if (!keeping) return
  // Those of one turn leave in one write.
  if (outlet.due++ > 0) return
  setImmediate(() => {
    const first = serial + 1
    send(outlet, outlet.due, command)
    outlet.due = 0
    for (let n = first; n <= serial; n++) outlet.open.set(n, performance.now())
  })
}

const open = async ({ url, sender, login }: GeneratorConnection, place: number): Promise<Outlet> => {
  const inbox = `${name}${place}`
  const connection = await RawConnection.open(
    url,
    sender,
    login,
    {
      refused: () => {
        refused++
      },
      message: (bytes, subjectFrom, subjectTo, bodyFrom, bodyTo, noResponders) => {
        const kind = kindOf(bytes, bodyFrom, bodyTo, noResponders)
        heard[kind]++
        if (!keeping) return
        const suffix = Number(bytes.toString("latin1", subjectFrom + prefixLength, subjectTo))
        if (!outlet.open.delete(suffix)) return
        if (kind === "decision") sendKept(outlet)
        else setTimeout(() => sendKept(outlet), againMs)
      },
    },
    inbox,
  )
  const prefixLength = `hf.reply.${sender}.${inbox}.`.length
  const outlet: Outlet = { connection, sender, inbox, open: new Map(), due: 0 }
  return outlet
}

const stop = (): void => {
  keeping = false
  clearInterval(timer)
  for (const outlet of outlets) outlet.open.clear()
}

const keep = (inFlight: number): void => {
  keeping = true
  for (let i = 0; i < inFlight; i++) {
    const outlet = outlets[i % outlets.length]
    if (outlet !== undefined) sendKept(outlet)
  }
  timer = setInterval(() => {
    const sinceMs = performance.now() - silentMs
    for (const outlet of outlets)
      for (const [suffix, atMs] of outlet.open) {
        if (atMs > sinceMs) break
        outlet.open.delete(suffix)
        sendKept(outlet)
      }
  }, lookMs)
}

const flood = (perSecond: number, make: (outlet: Outlet) => string): void => {
  const startedMs = performance.now()
  let due = 0
  timer = setInterval(() => {
    const upTo = (perSecond * (performance.now() - startedMs)) / 1_000
    // What could not be sent in time is not made up for: the rate is a rate, not a debt.
    const each = Math.floor(Math.min(upTo - due, perSecond / 10) / outlets.length)
    if (each < 1) return
    due = Math.max(due + each * outlets.length, upTo - perSecond / 10)
    for (const outlet of outlets) send(outlet, each, make)
  }, everyMs)
}

const count = () => {
  const { user, system } = process.cpuUsage()
  return { sent, heard: { ...heard }, refused, elapsedMs: performance.now(), cpuMs: (user + system) / 1_000 }
}

const hear = async (message: ToGenerator): Promise<FromGenerator> => {
  switch (message._tag) {
    case "Setup":
      name = message.name
      tokens = message.skus.map((sku) => ({ sku, token: skuToken(sku) }))
      outlets = await Promise.all(message.connections.map(open))
      return { _tag: "Done" }
    case "Keep":
      keep(message.inFlight)
      return { _tag: "Done" }
    case "Flood":
      flood(message.perSecond, message.what === "commands" ? command : question)
      return { _tag: "Done" }
    case "Count":
      return { _tag: "Counted", count: count() }
    case "Stop":
      stop()
      return { _tag: "Done" }
  }
}

const fail = (cause: unknown): void => {
  console.error(cause)
  process.exit(1)
}

process.on("message", (message: ToGenerator) => void hear(message).then((answer) => process.send?.(answer), fail))
process.on("disconnect", () => process.exit(0))
