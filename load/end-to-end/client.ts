/**
 * The client of the end-to-end bench, as a process: keeps so many commands on one SKU in flight, and counts decisions.
 *
 * Above all other imports, Schema's decoders are switched to compiled ones, as in any program that decodes many replies.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { type Msg, type NatsConnection, connect as natsConnect } from "@nats-io/transport-node"
import { connect, type SenderClient } from "../../src/channel.ts"
import { skuToken } from "../../src/domain/names.ts"
import { senderInbox } from "../../src/nats/config.ts"
import { decodeDoorAnswer } from "../../src/wire/answers.ts"
import { commandText } from "../../src/wire/canonical.ts"
import { decodeReply } from "../../src/wire/replies.ts"
import { commandSubject, replySubject } from "../../src/wire/subjects.ts"
import { Caller, hotSku } from "./hot-sku.ts"
import type { ClientSetup, FromClient, Mode, ToClient } from "./messages.ts"

const tell = (message: FromClient): void => void process.send?.(message)

let decided = 0
let notAccepted = 0
let running = false
let reservations = 0
/** Sent and not decided. */
let open = 0
let stopped: () => void = () => undefined

const newCaller = () => new Caller(() => ++reservations)

const settled = (accepted: boolean): void => {
  decided++
  open--
  if (!accepted) notAccepted++
  if (open === 0 && !running) stopped()
}

/** One caller, as a program that uses the client would be written. */
const call = async (channel: SenderClient, caller: Caller): Promise<void> => {
  while (running) {
    open++
    const decision = await channel.send(caller.command(Date.now()))
    settled(decision.outcome === "accepted")
  }
}

/** One reply in so many is read; of the others only the subject. The client is not what is measured here. */
const readEvery = 1_000
const accepted = (body: Uint8Array): boolean => decodeReply(body)?.decisions.every(({ outcome }) => outcome === "accepted") === true

/** Milliseconds before a command that surely nobody took is sent again. */
const againMs = 50

/** Whether a message says that nothing of the command was taken: `busy`, or the server's own word that nobody is there. */
const isNotTaken = (message: Msg): boolean =>
  message.data.length === 0 ? message.headers?.code === 503 : decodeDoorAnswer(message.data)?.answer === "busy"

/** A decision's first field is `partition`, an answer's is `answer`: told apart without reading either. */
const isAnswer = (body: Uint8Array): boolean => body.length === 0 || body[answerFirstAt] === answerFirst
const answerFirstAt = '{"v":1,"'.length
const answerFirst = "a".charCodeAt(0)

/** Callers whose commands travel alone, as requests; the reply's subject says whose it is. */
class SingleCallers {
  readonly #connection: NatsConnection
  readonly #subject: string
  readonly #prefix: string
  readonly #callers: ReadonlyArray<Caller>
  /** What each has under way. */
  readonly #texts: Array<string> = []

  constructor(connection: NatsConnection, { sender, inFlight }: ClientSetup) {
    this.#connection = connection
    this.#subject = commandSubject(sender, "sell", "sku", skuToken(hotSku))
    this.#callers = Array.from({ length: inFlight }, newCaller)
    this.#prefix = replySubject(sender, "single.")
    connection.subscribe(`${this.#prefix}*`, {
      callback: (error, message) => {
        if (error !== null) throw error
        this.#heard(Number(message.subject.slice(this.#prefix.length)), message)
      },
    })
  }

  start(): void {
    for (const index of this.#callers.keys()) this.#next(index)
  }

  #heard(index: number, message: Msg): void {
    if (isAnswer(message.data)) {
      if (!isNotTaken(message)) throw new Error(`a command was not taken: ${message.string()}`)
      setTimeout(() => this.#send(index), againMs)
      return
    }
    settled(decided % readEvery > 0 || accepted(message.data))
    if (running) this.#next(index)
  }

  #next(index: number): void {
    const caller = this.#callers[index]
    if (caller === undefined) return
    open++
    this.#texts[index] = commandText(caller.command(Date.now()))
    this.#send(index)
  }

  #send(index: number): void {
    this.#connection.publish(this.#subject, this.#texts[index] ?? "", { reply: `${this.#prefix}${index}` })
  }
}

interface Ready {
  readonly channel: SenderClient
  readonly callers: ReadonlyArray<Caller>
  readonly single: SingleCallers
}

const start = (mode: Mode, { channel, callers, single }: Ready): void => {
  running = true
  if (mode === "single") single.start()
  else for (const caller of callers) call(channel, caller).catch(fail)
}

const stop = (): Promise<void> =>
  new Promise((resolve) => {
    running = false
    stopped = resolve
    if (open === 0) resolve()
  })

const fail = (cause: unknown): void => {
  console.error(cause)
  process.exit(1)
}

const setUp = async (setup: ClientSetup): Promise<Ready> => {
  const { url, sender, login, inFlight } = setup
  const channel = await connect({ servers: [url], sender, login, inFlightMax: inFlight })
  const connection = await natsConnect({ servers: [url], user: login.user, pass: login.password, inboxPrefix: senderInbox(sender) })
  return { channel, callers: Array.from({ length: inFlight }, newCaller), single: new SingleCallers(connection, setup) }
}

const count = () => {
  const { user, system } = process.cpuUsage()
  return { decided, notAccepted, elapsedMs: performance.now(), cpuMs: (user + system) / 1_000 }
}

let ready: Ready | undefined
const hear = async (message: ToClient): Promise<FromClient> => {
  if (message._tag === "Count") return { _tag: "Counted", count: count() }
  if (message._tag === "Setup") ready = await setUp(message.setup)
  if (message._tag === "Start" && ready !== undefined) start(message.mode, ready)
  if (message._tag === "Stop") await stop()
  return { _tag: "Done" }
}

process.on("message", (message: ToClient) => void hear(message).then(tell, fail))
process.on("disconnect", () => process.exit(0))
