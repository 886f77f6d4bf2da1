/**
 * Plays a conformance case on real servers, one or a cluster of three, and writes down what they answered in the lines of the model.
 *
 * Streams get the settings that a worker creates them with, except for what the case wants different. Requests are raw: no client library
 * judges an answer before it is written down. All go to the stream's leader over one connection, so they arrive in the order they were sent.
 */
import { createServer } from "node:net"
import { jetstream, jetstreamManager, type StreamConfig } from "@nats-io/jetstream"
import { connect, headers, type MsgHdrs, type NatsConnection, nanos } from "@nats-io/transport-node"
import { type Case, type CaseStream, casePartitions, type Publish, type Step, type StreamKind } from "../../../sim/conformance/case.ts"
import {
  answerLine,
  errorLine,
  headerLines,
  infoLine,
  messageLine,
  nobodyLine,
  readLines,
  silenceLine,
} from "../../../sim/conformance/transcript.ts"
import { type EmbeddedServer, startEmbedded } from "../../../src/nats/embedded.ts"
import { allStreams } from "../../../src/nats/streams.ts"
import {
  bucketStream,
  commandsStream,
  journalStream,
  journalSubject,
  keySubject,
  leasesBucket,
  manifestSubject,
  snapshotsStream,
} from "../../../src/nats/subjects.ts"

/** How long an answer may take before it counts as none. Nothing that is answered takes nearly as long. */
const answerMsMax = 15_000
const pollMs = 20
/** The same for a request that is refused at once, if there is anybody to refuse it. */
const probeMsMax = 3_000
/** By how much the machine may lag behind a case in which time passes. */
const lagMsMax = 900
const attempts = 5

const specNames: Readonly<Record<StreamKind, string>> = {
  commands: commandsStream,
  journal: journalStream(0),
  otherJournal: journalStream(1),
  keys: bucketStream(leasesBucket),
  snapshots: snapshotsStream,
}

/** A subject that the stream takes. */
const anySubject: Readonly<Record<StreamKind, string>> = {
  commands: "hf.cmd.web.sell.A",
  journal: journalSubject(0),
  otherJournal: journalSubject(1),
  keys: keySubject(leasesBucket, "probe"),
  snapshots: manifestSubject(0),
}

/** The settings that a worker creates this stream with, and what the case changes about them. */
const streamConfig = (stream: CaseStream, replicas: 1 | 3, name: string): Partial<StreamConfig> & { readonly name: string } => {
  const specName = specNames[stream.kind]
  const sizes = { commandsBytesMax: -1, commandsMessagesMax: -1 }
  const found = allStreams(casePartitions, replicas, sizes).find(({ config }) => config.name === specName)
  if (found === undefined) throw new Error(`a worker creates no stream ${specName}`)
  const { duplicateWindowMs, messagesMax, bytesMax, messageBytesMax, markerMs } = stream
  return {
    ...found.config,
    name,
    ...(duplicateWindowMs === undefined ? {} : { duplicate_window: nanos(duplicateWindowMs) }),
    ...(messagesMax === undefined ? {} : { max_msgs: messagesMax }),
    ...(bytesMax === undefined ? {} : { max_bytes: bytesMax }),
    ...(messageBytesMax === undefined ? {} : { max_msg_size: messageBytesMax }),
    ...(markerMs === undefined ? {} : { subject_delete_marker_ttl: nanos(markerMs) }),
  }
}

interface ApiAnswer {
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string }
  readonly seq?: number
  readonly duplicate?: boolean
  readonly message?: { readonly seq: number; readonly subject: string; readonly hdrs?: string; readonly data?: string }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const asHeaders = (lines: string): MsgHdrs | undefined => {
  if (lines === "") return undefined
  const found = headers()
  for (const line of lines.split("\n")) {
    const at = line.indexOf(": ")
    found.append(line.slice(0, at), line.slice(at + 2))
  }
  return found
}

const linesOf = (found: MsgHdrs | undefined): string => {
  const lines: Array<string> = []
  for (const [name, values] of found ?? []) for (const value of values) lines.push(`${name}: ${value}`)
  return lines.join("\n")
}

/** `NATS/1.0`, then a line each, then an empty one. */
const linesOfText = (text: string): string =>
  text
    .split("\r\n")
    .slice(1)
    .filter((line) => line !== "")
    .join("\n")

const causes = (error: unknown): ReadonlyArray<Error> => (error instanceof Error ? [error, ...causes(error.cause)] : [])
const isNobody = (error: unknown): boolean => causes(error).some(({ name }) => name.startsWith("NoResponders"))
/** No answer in time, or none ever: the connection went with its server. */
const isSilence = (error: unknown): boolean =>
  causes(error).some(
    ({ name, message }) => name === "TimeoutError" || name.startsWith("ClosedConnection") || message === "connection closed",
  )

/** One server, or three in a cluster. */
export class Servers {
  readonly servers: ReadonlyArray<EmbeddedServer>
  readonly #connections = new Map<number, NatsConnection>()

  constructor(servers: ReadonlyArray<EmbeddedServer>) {
    this.servers = servers
  }

  get replicas(): 1 | 3 {
    return this.servers.length === 3 ? 3 : 1
  }

  server(index: number): EmbeddedServer {
    const server = this.servers[index]
    if (server === undefined) throw new Error(`there is no server ${index}`)
    return server
  }

  /** Never one to another server: an answer that is lost with its server has to stay lost. */
  async connection(index: number): Promise<NatsConnection> {
    const present = this.#connections.get(index)
    if (present !== undefined && !present.isClosed()) return present
    const { url, credentials } = this.server(index)
    const { user, password } = credentials.engine
    const made = await connect({ servers: url, user, pass: password, reconnect: false })
    this.#connections.set(index, made)
    return made
  }

  async disconnect(index: number): Promise<void> {
    const present = this.#connections.get(index)
    this.#connections.delete(index)
    await present?.close().catch(() => undefined)
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((_, index) => this.disconnect(index)))
    await Promise.all(this.servers.map((server) => server.stop()))
  }
}

const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const listeners = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    listeners.map(
      (listener) =>
        new Promise<number>((resolve) => {
          listener.listen(0, "127.0.0.1", () => {
            const address = listener.address()
            resolve(address !== null && typeof address === "object" ? address.port : 0)
          })
        }),
    ),
  )
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))))
  return ports
}

export const startOne = async (): Promise<Servers> => new Servers([await startEmbedded({ senders: [] })])

export const startThree = async (): Promise<Servers> => {
  const ports = await freePorts(3)
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`)
  const started: Array<EmbeddedServer> = []
  for (const [i, port] of ports.entries()) {
    const first = started[0]
    const cluster = { serverName: `server-${i}`, port, routes }
    started.push(await startEmbedded({ senders: [], cluster, ...(first === undefined ? {} : { credentials: first.credentials }) }))
  }
  await Promise.all(started.map((server) => server.ready()))
  return new Servers(started)
}

interface Waiting {
  readonly line: number
  readonly answer: Promise<string>
}

interface Held {
  readonly messages: number
  readonly first_seq: number
  readonly last_seq: number
}

interface Monitored {
  readonly account_details?: ReadonlyArray<{ readonly stream_detail?: ReadonlyArray<{ readonly name: string; readonly state: Held }> }>
}

/** What one server itself holds of a stream, as its monitoring page says. */
const monitoredState = async (monitorUrl: string, stream: string): Promise<Held | undefined> => {
  const page = (await (await fetch(`${monitorUrl}/jsz?accounts=true&streams=true`)).json()) as Monitored
  const streams = page.account_details?.flatMap(({ stream_detail }) => stream_detail ?? []) ?? []
  return streams.find(({ name }) => name === stream)?.state
}

/** How many cases were played. */
let plays = 0

/** One play of one case. */
class Play {
  readonly lines: Array<string> = []
  readonly #servers: Servers
  readonly #case: Case
  #leader = 0
  /** The server that was killed. */
  #lost: number | undefined
  #kind: StreamKind
  #isHeld = false
  #waiting: Array<Waiting> = []
  #passedMs = 0
  readonly #sinceMs = performance.now()
  readonly #number = ++plays

  constructor(servers: Servers, played: Case) {
    this.#servers = servers
    this.#case = played
    this.#kind = played.streams[0].kind
  }

  /** A name of its own for every play: a server that is still removing a stream's files takes them for those of the next of its name. */
  #nameOf(kind: StreamKind): string {
    return `${specNames[kind]}_PLAY_${this.#number}`
  }

  get #name(): string {
    return this.#nameOf(this.#kind)
  }

  /** How far the machine is behind what the case's time says. */
  get lagMs(): number {
    return performance.now() - this.#sinceMs - this.#passedMs
  }

  async prepare(): Promise<void> {
    const manager = await jetstreamManager(await this.#servers.connection(0))
    for (const stream of this.#case.streams) {
      const made = await manager.streams.add(streamConfig(stream, this.#servers.replicas, this.#nameOf(stream.kind)))
      const leader = Number(made.cluster?.leader?.slice("server-".length) ?? 0)
      if (stream === this.#case.streams[0]) this.#leader = leader
    }
  }

  async clear(): Promise<void> {
    await this.#continueAll()
    const manager = await jetstreamManager(await this.#servers.connection(0))
    for (const { kind } of this.#case.streams) await manager.streams.delete(this.#nameOf(kind))
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case "publish":
        return this.#send([step])
      case "send":
        return this.#send(step.messages)
      case "at":
        return this.#look({ seq: step.seq })
      case "last":
        return this.#look({ last_by_subj: step.subject })
      case "next":
        return this.#look({ seq: step.seq, next_by_subj: step.filter })
      case "read":
        return this.#read(step.from, step.filter)
      case "purge":
        return this.#change("PURGE", "", { filter: step.filter, ...(step.before === undefined ? {} : { seq: step.before }) })
      case "delete":
        return this.#change("MSG.DELETE", "", { seq: step.seq })
      case "info": {
        const { messages, first_seq, last_seq } = await this.#state()
        this.lines.push(infoLine(messages, first_seq, last_seq))
        return
      }
      case "use":
        this.#kind = step.kind
        this.#leader = await this.#findLeader()
        return
      default:
        return this.#happen(step)
    }
  }

  async #happen(step: Step): Promise<void> {
    switch (step.do) {
      case "hold":
        return this.#hold()
      case "release":
        return this.#release()
      case "pass":
        this.#passedMs += step.ms
        // What a window or a time to live does shows only when the server's own clock has passed it.
        await sleep(step.ms)
        return
      case "until":
        return this.#until(step.lastSeq ?? 0, step.count ?? Number.POSITIVE_INFINITY)
      case "restart":
        await this.#servers.disconnect(0)
        await this.#servers.server(0).kill("SIGKILL")
        return this.#servers.server(0).restart()
      case "stepDown":
        return this.#stepDown()
      case "loseLeader":
        return this.#loseLeader()
      case "untilLeader":
        return this.#untilLeader()
      default:
        throw new Error(`no step ${step.do}`)
    }
  }

  async #api(what: string, more: string, body: unknown, timeout = answerMsMax): Promise<ApiAnswer> {
    const connection = await this.#servers.connection(this.#leader)
    const answer = await connection.request(`$JS.API.STREAM.${what}.${this.#name}${more}`, JSON.stringify(body), { timeout })
    return answer.json<ApiAnswer>()
  }

  async #state() {
    const manager = await jetstreamManager(await this.#servers.connection(this.#leader))
    return (await manager.streams.info(this.#name)).state
  }

  async #look(query: unknown): Promise<void> {
    const { error, message } = await this.#api("MSG.GET", "", query)
    if (error !== undefined) this.lines.push(errorLine({ code: error.code, errCode: error.err_code, description: error.description }))
    else if (message === undefined) throw new Error("neither a message nor an error")
    else {
      const text = (coded: string | undefined) => Buffer.from(coded ?? "", "base64").toString()
      this.lines.push(messageLine(message.seq, message.subject, linesOfText(text(message.hdrs)), text(message.data)))
    }
  }

  async #change(what: string, more: string, body: unknown): Promise<void> {
    const { error } = await this.#api(what, more, body)
    this.lines.push(error === undefined ? "done" : errorLine({ code: error.code, errCode: error.err_code, description: error.description }))
  }

  /** A consumer may be given to any of the servers, also to one that has not applied yet what the leader has. */
  async #untilApplied(): Promise<void> {
    const deadline = performance.now() + answerMsMax
    while (performance.now() < deadline) {
      const { messages, first_seq, last_seq } = await this.#state()
      const states = await Promise.all(this.#servers.servers.map(({ monitorUrl }) => monitoredState(monitorUrl, this.#name)))
      if (states.every((state) => state?.messages === messages && state.first_seq === first_seq && state.last_seq === last_seq)) return
      await sleep(pollMs)
    }
    throw new Error(`not all servers came to hold what the leader of ${this.#name} holds`)
  }

  async #read(from: number | "latest", filter: string): Promise<void> {
    await this.#untilApplied()
    const connection = await this.#servers.connection(this.#leader)
    const manager = await jetstreamManager(connection)
    const start =
      from === "latest"
        ? ({ deliver_policy: "last_per_subject" } as const)
        : ({ deliver_policy: "by_start_sequence", opt_start_seq: from } as const)
    const made = await manager.consumers.add(this.#name, {
      name: `reader-${this.lines.length}`,
      filter_subject: filter,
      ack_policy: "none",
      mem_storage: true,
      num_replicas: 1,
      ...start,
    })
    const messages: Array<string> = []
    if (made.num_pending > 0) {
      const consumer = await jetstream(connection).consumers.get(this.#name, made.name)
      for await (const message of await consumer.fetch({ max_messages: made.num_pending, expires: answerMsMax }))
        messages.push(messageLine(message.seq, message.subject, linesOf(message.headers), message.string()))
    }
    this.lines.push(...readLines(messages))
  }

  async #request(publish: Publish): Promise<string> {
    const lines = headerLines(publish)
    const connection = await this.#servers.connection(this.#leader)
    const found = asHeaders(lines)
    const options = { timeout: answerMsMax, ...(found === undefined ? {} : { headers: found }) }
    try {
      const { error, seq, duplicate } = (await connection.request(publish.subject, publish.body ?? "", options)).json<ApiAnswer>()
      if (error !== undefined) return errorLine({ code: error.code, errCode: error.err_code, description: error.description })
      return answerLine(seq ?? 0, duplicate === true)
    } catch (error) {
      if (isNobody(error)) return nobodyLine
      if (isSilence(error)) return silenceLine
      throw error
    }
  }

  /**
   * A server acknowledges a write a moment before it takes it off its list of those on their way, so a guarded write that follows at once may
   * still be refused for it. Whoever writes has to ask again, and so does this.
   */
  async #requestSettled(publish: Publish): Promise<string> {
    for (let i = 0; ; i++) {
      const line = await this.#request(publish)
      if (!line.startsWith("400 10164 ") || i === attempts) return line
      await sleep(pollMs)
    }
  }

  async #send(messages: ReadonlyArray<Publish>): Promise<void> {
    const [first] = messages
    if (!this.#isHeld && messages.length === 1 && first !== undefined) {
      this.lines.push(await this.#requestSettled(first))
      return
    }
    for (const message of messages) {
      const line = this.lines.push(silenceLine) - 1
      const answer = this.#request(message)
      answer.catch(() => undefined)
      this.#waiting.push({ line, answer })
    }
    if (this.#isHeld) await this.#refused()
    else await this.#answered()
  }

  /** Resolves when the leader has looked at all that was sent before: this is refused at once, and in order. */
  async #refused(): Promise<void> {
    const connection = await this.#servers.connection(this.#leader)
    const expected = headers()
    expected.set("Nats-Expected-Stream", "none")
    await connection.request(anySubject[this.#kind], "", { headers: expected, timeout: probeMsMax })
  }

  async #answered(): Promise<void> {
    for (const { line, answer } of this.#waiting) this.lines[line] = await answer
    this.#waiting = []
  }

  get #others(): ReadonlyArray<EmbeddedServer> {
    return this.#servers.servers.filter((_, index) => index !== this.#leader)
  }

  async #hold(): Promise<void> {
    if (this.#servers.replicas === 1) return
    for (const server of this.#others) await server.kill("SIGSTOP")
    this.#isHeld = true
  }

  async #continueAll(): Promise<void> {
    if (this.#isHeld) for (const server of this.#others) await server.kill("SIGCONT")
    this.#isHeld = false
  }

  async #release(): Promise<void> {
    await this.#continueAll()
    await this.#answered()
  }

  async #until(lastSeq: number, count: number): Promise<void> {
    const deadline = performance.now() + answerMsMax
    while (performance.now() < deadline) {
      const { last_seq, messages } = await this.#state()
      if (last_seq >= lastSeq && messages <= count) return
      await sleep(pollMs)
    }
    throw new Error(
      `${this.lines.join("; ")}; ${JSON.stringify(await this.#state())}: the stream did not come to sequence ${lastSeq} and ${count} messages`,
    )
  }

  /** The server that leads the stream, asked of any that answers. */
  async #findLeader(except?: number): Promise<number> {
    const deadline = performance.now() + 2 * answerMsMax
    while (performance.now() < deadline) {
      for (const [index] of this.#servers.servers.entries()) {
        if (index === except) continue
        const leader = await this.#servers
          .connection(index)
          .then((connection) => jetstreamManager(connection, { checkAPI: false, timeout: 500 }))
          .then((manager) => manager.streams.info(this.#name))
          .then(
            ({ cluster }) => (this.#servers.replicas === 1 ? 0 : Number(cluster?.leader?.slice("server-".length))),
            () => Number.NaN,
          )
        if (!Number.isNaN(leader) && leader !== except) return leader
      }
      await sleep(pollMs)
    }
    throw new Error(`${this.#name} has no leader`)
  }

  async #stepDown(): Promise<void> {
    const { error } = await this.#api("LEADER.STEPDOWN", "", {})
    if (error !== undefined) throw new Error(error.description)
    this.#leader = await this.#findLeader()
  }

  async #loseLeader(): Promise<void> {
    const lost = this.#leader
    await this.#servers.server(lost).kill("SIGKILL")
    await this.#continueAll()
    for (const { line, answer } of this.#waiting) this.lines[line] = await answer
    this.#waiting = []
    await this.#servers.disconnect(lost)
    this.#leader = (lost + 1) % 3
    this.#lost = lost
    // Until it has noticed, a server passes requests on to the one that is gone.
    while (
      await this.#refused().then(
        () => true,
        (error: unknown) => !isNobody(error),
      )
    )
      await sleep(pollMs)
  }

  async #untilLeader(): Promise<void> {
    const lost = this.#lost
    if (lost === undefined) return
    this.#leader = await this.#findLeader(lost)
    await this.#servers.server(lost).restart()
    await this.#servers.server(lost).ready()
  }
}

/** What the servers answer to a case's steps. Played again if the machine was so slow that another time had come than the case means. */
export const playOnServers = async (servers: Servers, played: Case): Promise<ReadonlyArray<string>> => {
  const isTimed = played.steps.some((step) => step.do === "pass")
  for (let attempt = 1; ; attempt++) {
    const play = new Play(servers, played)
    try {
      await play.prepare()
      for (const step of played.steps) await play.step(step)
    } catch (error) {
      await play.clear().catch(() => undefined)
      throw error
    }
    await play.clear()
    if (!isTimed || play.lagMs < lagMsMax || attempt === attempts) return play.lines
  }
}
