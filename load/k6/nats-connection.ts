/**
 * A sender's connection to NATS over the server's WebSocket listener, as far as commands need it: NATS's own protocol in text. Runs in k6, which has no client library for it.
 *
 * Protocol: INFO, CONNECT, PING and PONG, SUB, PUB with a reply subject, MSG and HMSG, -ERR, as nats.io documents the client protocol. A request that nobody hears is answered by HMSG with the status 503.
 */
import { setTimeout } from "k6/timers"
import { WebSocket } from "k6/websockets"

/** What came for a request: a body; null: nobody was there to hear it. */
export type Answer = string | null

interface Waiting {
  readonly resolve: (answer: Answer | undefined) => void
  /** Whether this body is the answer that is waited for. */
  readonly isFinal: (body: string) => boolean
}

/** k6 knows no TextDecoder. What the cluster says is ASCII but for SKUs, which are ASCII here. */
const textOf = (data: unknown): string => {
  if (typeof data === "string") return data
  const bytes = new Uint8Array(data as ArrayBuffer)
  let text = ""
  for (let from = 0; from < bytes.length; from += 8_192) text += String.fromCharCode(...bytes.subarray(from, from + 8_192))
  return text
}

export class NatsConnection {
  readonly #socket: WebSocket
  readonly #inbox: string
  readonly #waiting = new Map<string, Waiting>()
  #heard = ""
  #next = 0

  private constructor(socket: WebSocket, inbox: string) {
    this.#socket = socket
    this.#inbox = inbox
  }

  /** Connects as a sender. Rejects with what the server says if it lets it in not. */
  static open(
    url: string,
    login: { readonly user: string; readonly password: string },
    sender: string,
    name: string,
  ): Promise<NatsConnection> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url)
      socket.binaryType = "arraybuffer"
      const connection = new NatsConnection(socket, `hf.reply.${sender}.${name}`)
      const hello = {
        verbose: false,
        pedantic: false,
        user: login.user,
        pass: login.password,
        lang: "k6",
        version: "1",
        protocol: 1,
        headers: true,
        no_responders: true,
      }
      socket.addEventListener("message", (event) => {
        const text = textOf("data" in event ? event.data : "")
        if (text.startsWith("INFO ")) socket.send(`CONNECT ${JSON.stringify(hello)}\r\nSUB ${connection.#inbox}.* 1\r\nPING\r\n`)
        else if (text.startsWith("-ERR")) reject(new Error(text.trim()))
        if (text.includes("PONG\r\n")) resolve(connection)
        connection.#hear(text)
      })
      socket.addEventListener("error", (event) => reject(new Error("error" in event ? String(event.error) : "no connection")))
    })
  }

  /** Publishes, and resolves with the answer, null if nobody was there to hear it, undefined if none came in time. */
  request(subject: string, body: string, timeoutMs: number, isFinal: (body: string) => boolean): Promise<Answer | undefined> {
    const suffix = String(this.#next++)
    return new Promise((resolve) => {
      const done = (answer: Answer | undefined) => {
        if (this.#waiting.delete(suffix)) resolve(answer)
      }
      this.#waiting.set(suffix, { resolve: done, isFinal })
      setTimeout(() => done(undefined), timeoutMs)
      this.#socket.send(`PUB ${subject} ${this.#inbox}.${suffix} ${body.length}\r\n${body}\r\n`)
    })
  }

  close(): void {
    this.#socket.close()
  }

  #hear(text: string): void {
    this.#heard += text
    for (;;) {
      const end = this.#heard.indexOf("\r\n")
      if (end < 0) return
      const line = this.#heard.slice(0, end)
      const words = line.split(" ")
      if (words[0] !== "MSG" && words[0] !== "HMSG") {
        this.#heard = this.#heard.slice(end + 2)
        if (words[0] === "PING") this.#socket.send("PONG\r\n")
        continue
      }
      const size = Number(words.at(-1))
      if (this.#heard.length < end + 2 + size + 2) return
      const payload = this.#heard.slice(end + 2, end + 2 + size)
      this.#heard = this.#heard.slice(end + 2 + size + 2)
      const headSize = words[0] === "HMSG" ? Number(words.at(-2)) : 0
      this.#answered(words[1] ?? "", payload.slice(0, headSize), payload.slice(headSize))
    }
  }

  #answered(subject: string, head: string, body: string): void {
    const waiting = this.#waiting.get(subject.slice(subject.lastIndexOf(".") + 1))
    if (waiting === undefined) return
    if (head.startsWith("NATS/1.0 503")) waiting.resolve(null)
    else if (waiting.isFinal(body)) waiting.resolve(body)
  }
}
