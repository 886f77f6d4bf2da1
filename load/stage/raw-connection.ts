/**
 * A connection to NATS in the protocol's own words, for what no client library would send, and for as many messages a second as one process can write.
 *
 * Whoever uses it answers for what it writes: no subject is checked here. What is heard is told as places in a buffer, valid during the call alone.
 */
import { connect, type Socket } from "node:net"
import type { UserPassword } from "../../src/nats/config.ts"

export interface RawHearing {
  /** A message: where its subject and its body stand, and whether it is the server's word that nobody takes what was sent with this reply subject. */
  readonly message: (bytes: Buffer, subjectFrom: number, subjectTo: number, bodyFrom: number, bodyTo: number, noResponders: boolean) => void
  /** What the server refused: the text of an error. */
  readonly refused: (text: string) => void
}

const code = (letter: string): number => letter.charCodeAt(0)
const [space, lineEnd, zero, nine] = [code(" "), code("\n"), code("0"), code("9")]
const [letterM, letterH, letterP, letterI, minus] = [code("M"), code("H"), code("P"), code("I"), code("-")]
/** How a status stands in a header: `NATS/1.0 503`. */
const statusAt = "NATS/1.0 ".length
const statusFirst = code("5")

export class RawConnection {
  readonly #socket: Socket
  readonly #hearing: RawHearing
  #rest: Buffer = Buffer.alloc(0)
  #pongs: Array<() => void> = []
  /** Whether the server, or we, have closed it. */
  closed = false

  private constructor(socket: Socket, hearing: RawHearing) {
    this.#socket = socket
    this.#hearing = hearing
    socket.setNoDelay(true)
    socket.on("data", (chunk) => this.#hear(chunk))
    socket.on("error", () => undefined)
    socket.once("close", () => {
      this.closed = true
      for (const told of this.#pongs.splice(0)) told()
    })
  }

  /** Connects, and subscribes to where this sender is answered: to all of it, or to what lies under one token, so that its other connections' answers are not heard here too. */
  static async open(url: string, sender: string, login: UserPassword, hearing: RawHearing, inbox = ""): Promise<RawConnection> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port) })
    const connection = new RawConnection(socket, hearing)
    const options = {
      user: login.user,
      pass: login.password,
      headers: true,
      no_responders: true,
      verbose: false,
      pedantic: false,
      lang: "raw",
      version: "0",
    }
    connection.write(`CONNECT ${JSON.stringify(options)}\r\nSUB hf.reply.${sender}.${inbox === "" ? "" : `${inbox}.`}> 1\r\n`)
    await connection.flush()
    return connection
  }

  /** Bytes that the socket holds and the system has not taken. */
  get waiting(): number {
    return this.#socket.writableLength
  }

  write(bytes: string | Uint8Array): void {
    if (!this.closed) this.#socket.write(bytes)
  }

  /** Resolves when the server has read all that was written, or the connection is closed. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      if (this.closed) return resolve()
      this.#pongs.push(resolve)
      this.write("PING\r\n")
    })
  }

  close(): void {
    this.closed = true
    this.#socket.destroy()
  }

  #hear(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (at < bytes.length) {
      const end = bytes.indexOf(lineEnd, at)
      if (end < 0) break
      const first = bytes[at]
      const next = first === letterM || first === letterH ? this.#message(bytes, at, end) : this.#line(bytes, at, end)
      if (next < 0) break
      at = next
    }
    this.#rest = at === bytes.length ? Buffer.alloc(0) : bytes.subarray(at)
  }

  /** A line that no body follows; returns where the next begins. */
  #line(bytes: Buffer, at: number, end: number): number {
    const first = bytes[at]
    if (first === letterP && bytes[at + 1] === letterI) this.write("PONG\r\n")
    else if (first === letterP) this.#pongs.shift()?.()
    else if (first === minus) this.#hearing.refused(bytes.toString("utf8", at, end - 1))
    return end + 1
  }

  /** A message, if it is whole; returns where the next begins, or -1. */
  #message(bytes: Buffer, at: number, end: number): number {
    const [total, totalFrom] = numberBefore(bytes, end - 2)
    const bodyEnd = end + 1 + total
    if (bodyEnd + 2 > bytes.length) return -1
    const withHeader = bytes[at] === letterH
    const headed = withHeader ? numberBefore(bytes, totalFrom - 2)[0] : 0
    const subjectFrom = at + (withHeader ? "HMSG " : "MSG ").length
    const noResponders = headed > 0 && headed === total && bytes[end + 1 + statusAt] === statusFirst
    this.#hearing.message(bytes, subjectFrom, bytes.indexOf(space, subjectFrom), end + 1 + headed, bodyEnd, noResponders)
    return bodyEnd + 2
  }
}

/** The number whose last digit stands at `last`, and where its first one stands. */
const numberBefore = (bytes: Buffer, last: number): readonly [number, number] => {
  let value = 0
  let place = 1
  let at = last
  for (let digit = bytes[at] ?? 0; digit >= zero && digit <= nine; digit = bytes[--at] ?? 0) {
    value += (digit - zero) * place
    place *= 10
  }
  return [value, at + 1]
}

/** The bytes that publish a message with these headers, each on a line of its own. */
export const published = (subject: string, reply: string, headers: ReadonlyArray<readonly [string, string]>, body: Uint8Array): Buffer => {
  const answered = reply === "" ? "" : ` ${reply}`
  const head = headers.length === 0 ? "" : `NATS/1.0\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`
  const size = Buffer.byteLength(head)
  const verb = head === "" ? `PUB ${subject}${answered} ${body.length}` : `HPUB ${subject}${answered} ${size} ${size + body.length}`
  return Buffer.concat([Buffer.from(`${verb}\r\n${head}`), body, Buffer.from("\r\n")])
}

/** What was heard about a message. */
export const HeardKind = ["decision", "stored", "busy", "notStored", "noResponders", "other"] as const
export type HeardKind = (typeof HeardKind)[number]

const kindAt = '{"v":1,"answer":"'.length
const answerFirstAt = '{"v":1,"'.length
const kinds: Readonly<Record<string, HeardKind>> = { s: "stored", b: "busy", n: "notStored" }

/** Which kind of answer the bytes are, told by a letter or two: a decision begins with its partition. */
export const kindOf = (bytes: Buffer, bodyFrom: number, bodyTo: number, noResponders: boolean): HeardKind => {
  if (noResponders) return "noResponders"
  if (bodyTo - bodyFrom <= kindAt) return "other"
  if (bytes[bodyFrom + answerFirstAt] === letterPartition) return "decision"
  return kinds[String.fromCharCode(bytes[bodyFrom + kindAt] ?? 0)] ?? "other"
}
const letterPartition = code("p")
