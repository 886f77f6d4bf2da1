/**
 * Plays a conformance case on real servers, one or a cluster of three, and writes down what they answered in the lines of the model.
 *
 * All requests go to the stream's leader over one connection, so they arrive in the order in which they were sent.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { jetstreamManager } from "@nats-io/jetstream"
import type { NatsConnection } from "@nats-io/transport-node"
import type { Case, Publish, Step, StreamKind } from "../../../sim/conformance/case.ts"
import { infoLine, readLines, silenceLine } from "../../../sim/conformance/transcript.ts"
import type { EmbeddedServer } from "../../../src/nats/embedded.ts"
import { change, isNobody, look, probe, publish, read } from "./requests.ts"
import { answerMsMax, eventually, type Held, monitoredState, type Servers } from "./servers.ts"
import { anySubject, specNames, streamConfig } from "./stream-settings.ts"

const requestMsMax = 1_000
/** By how much the machine may lag behind a case in which time passes: less than the shortest time to live. */
const lagMsMax = 900
const playsMax = 10
const settleMs = 20

/** How many cases were played. */
let plays = 0

interface Waiting {
  readonly line: number
  readonly answer: Promise<string>
}

class Play {
  readonly lines: Array<string> = []
  readonly #servers: Servers
  readonly #case: Case
  readonly #number = ++plays
  #leader = 0
  /** The leader that was killed or stands still. */
  #lost: number | undefined
  #kind: StreamKind
  /** Servers that stand still. */
  #held: ReadonlyArray<EmbeddedServer> = []
  #waiting: Array<Waiting> = []
  #reads = 0
  #passedMs = 0
  #sinceMs = performance.now()

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
    await eventually("what a case before left behind to be gone", async () => {
      const manager = await jetstreamManager(await this.#servers.connection(0))
      for await (const name of manager.streams.names()) await manager.streams.delete(name)
      return true
    })
    for (const stream of this.#case.streams) {
      const name = this.#nameOf(stream.kind)
      await eventually(`the stream ${name}`, async () => {
        const manager = await jetstreamManager(await this.#servers.connection(0))
        return manager.streams.add(streamConfig(stream, this.#servers.replicas, name))
      })
    }
    await this.#untilHeard()
    this.#sinceMs = performance.now()
  }

  async clear(): Promise<void> {
    await this.#goOn()
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
        return this.#say(look(await this.#connection(), this.#name, { seq: step.seq }))
      case "last":
        return this.#say(look(await this.#connection(), this.#name, { last_by_subj: step.subject }))
      case "next":
        return this.#say(look(await this.#connection(), this.#name, { seq: step.seq, next_by_subj: step.filter }))
      case "read":
        return this.#read(step.from, step.filter)
      case "purge": {
        const what = { filter: step.filter, ...(step.before === undefined ? {} : { seq: step.before }) }
        return this.#say(change(await this.#connection(), "PURGE", this.#name, what))
      }
      case "delete":
        return this.#say(change(await this.#connection(), "MSG.DELETE", this.#name, { seq: step.seq }))
      case "info": {
        const { messages, first_seq, last_seq } = await this.#state()
        this.lines.push(infoLine(messages, first_seq, last_seq))
        return
      }
      case "use":
        this.#kind = step.kind
        return this.#untilHeard()
      default:
        return this.#happen(step)
    }
  }

  async #happen(step: Step): Promise<void> {
    switch (step.do) {
      case "hold":
        return this.#hold()
      case "release":
        await this.#goOn()
        return this.#answered()
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
        await change(await this.#connection(), "LEADER.STEPDOWN", this.#name, {})
        return this.#untilHeard()
      case "loseLeader":
        return this.#loseLeader()
      case "freezeLeader":
        return this.#freezeLeader()
      case "untilLeader":
        return this.#untilLeader()
      case "thawLeader":
        return this.#thawLeader()
      default:
        throw new Error(`no step ${step.do}`)
    }
  }

  #connection(): Promise<NatsConnection> {
    return this.#servers.connection(this.#leader)
  }

  async #say(line: Promise<string>): Promise<void> {
    this.lines.push(await line)
  }

  /** A leader that was just elected may leave the first question unanswered. */
  #state(): Promise<Held> {
    return eventually(`the state of ${this.#name}`, async () => {
      const manager = await jetstreamManager(await this.#connection(), { checkAPI: false, timeout: requestMsMax })
      return (await manager.streams.info(this.#name)).state
    })
  }

  /** A consumer may be given to any of the servers, also to one that has not applied yet what the leader has. */
  async #untilApplied(): Promise<void> {
    await eventually(`all servers to hold the same of ${this.#name}`, async () => {
      const { messages, first_seq, last_seq } = await this.#state()
      const states = await Promise.all(this.#servers.servers.map(({ monitorUrl }) => monitoredState(monitorUrl, this.#name)))
      const isSame = (state?: Held) => state?.messages === messages && state.first_seq === first_seq && state.last_seq === last_seq
      return states.every(isSame) ? true : undefined
    })
  }

  async #read(from: number | "latest", filter: string): Promise<void> {
    await this.#untilApplied()
    const messages = await eventually(`a consumer of ${this.#name}`, async () =>
      read(await this.#connection(), this.#name, `reader-${++this.#reads}`, from, filter),
    )
    this.lines.push(...readLines(messages))
  }

  /**
   * A server acknowledges a write a moment before it takes it off its list of those on their way, so a guarded write that follows at once may
   * still be refused for it. Whoever writes has to ask again, and so does this.
   */
  async #settled(connection: NatsConnection, message: Publish): Promise<string> {
    const deadline = performance.now() + answerMsMax
    for (;;) {
      const line = await publish(connection, message)
      if (!line.startsWith("400 10164 ") || performance.now() > deadline) return line
      await sleep(settleMs)
    }
  }

  async #send(messages: ReadonlyArray<Publish>): Promise<void> {
    const [first] = messages
    const connection = await this.#connection()
    if (this.#held.length === 0 && messages.length === 1 && first !== undefined) return this.#say(this.#settled(connection, first))
    for (const message of messages) {
      const answer = publish(connection, message)
      answer.catch(() => undefined)
      this.#waiting.push({ line: this.lines.push(silenceLine) - 1, answer })
    }
    if (this.#held.length === 0) await this.#answered()
    else if (this.#lost === undefined) await this.#seen(connection)
    // One that stands still says nothing by which it could be known that it has been sent something.
    else await sleep(settleMs)
  }

  /** Resolves when the leader has looked at all that it was sent. */
  async #seen(connection: NatsConnection): Promise<void> {
    await eventually(`${this.#name} to be heard`, async () => {
      await probe(connection, anySubject[this.#kind])
      return true
    })
  }

  async #answered(): Promise<void> {
    for (const { line, answer } of this.#waiting) this.lines[line] = await answer
    this.#waiting = []
  }

  async #stop(servers: ReadonlyArray<EmbeddedServer>): Promise<void> {
    this.#held = servers
    for (const server of servers) await server.kill("SIGSTOP")
  }

  async #goOn(): Promise<void> {
    for (const server of this.#held) await server.kill("SIGCONT")
    this.#held = []
  }

  async #hold(): Promise<void> {
    if (this.#servers.replicas === 1) return
    this.#leader = await this.#findLeader()
    await this.#stop(this.#servers.servers.filter((_, index) => index !== this.#leader))
  }

  async #until(lastSeq: number, count: number): Promise<void> {
    let lookedMs = performance.now()
    await eventually(`sequence ${lastSeq} and ${count} messages of ${this.#name}`, async () => {
      const { last_seq, messages } = await this.#state()
      if (last_seq >= lastSeq && messages <= count) return true
      // Until here it had not come: all this while the case waits. From here on it may have, and what the case does next may be late.
      this.#passedMs += performance.now() - lookedMs
      lookedMs = performance.now()
      return undefined
    })
  }

  /** The server that leads the stream, asked of any that answers. */
  #findLeader(): Promise<number> {
    return eventually(`a leader of ${this.#name}`, async () => {
      if (this.#servers.replicas === 1) return 0
      for (const [index] of this.#servers.servers.entries()) {
        if (index === this.#lost) continue
        const manager = await jetstreamManager(await this.#servers.connection(index), { checkAPI: false, timeout: requestMsMax })
        const { cluster } = await manager.streams.info(this.#name)
        const leader = Number(cluster?.leader?.slice("server-".length))
        if (!Number.isNaN(leader) && leader !== this.#lost) return leader
      }
      return undefined
    })
  }

  /** A server is said to lead a moment before it listens for what the stream takes. */
  async #untilHeard(): Promise<void> {
    this.#leader = await this.#findLeader()
    await this.#seen(await this.#connection())
  }

  async #loseLeader(): Promise<void> {
    const lost = this.#leader
    this.#lost = lost
    await this.#servers.server(lost).kill("SIGKILL")
    await this.#goOn()
    await this.#answered()
    await this.#servers.disconnect(lost)
    this.#leader = (lost + 1) % 3
    // Until it has noticed, a server passes requests on to the one that is gone.
    await eventually("nobody to answer", async () =>
      probe(await this.#connection(), anySubject[this.#kind]).then(
        () => undefined,
        (error: unknown) => isNobody(error) || undefined,
      ),
    )
  }

  async #freezeLeader(): Promise<void> {
    this.#leader = await this.#findLeader()
    await this.#connection()
    this.#lost = this.#leader
    await this.#stop([this.#servers.server(this.#leader)])
  }

  async #untilLeader(): Promise<void> {
    const lost = this.#lost
    if (lost === undefined) return
    await this.#untilHeard()
    if (this.#held.length > 0) return
    await this.#servers.server(lost).restart()
    await this.#servers.server(lost).ready()
    this.#lost = undefined
  }

  /** Whatever the former leader still answers is written down; what it has not answered when it holds what the others hold, it never will. */
  async #thawLeader(): Promise<void> {
    const former = this.#lost
    if (former === undefined) return
    await this.#goOn()
    this.#lost = undefined
    await this.#untilApplied()
    await this.#seen(await this.#servers.connection(former))
    await this.#servers.disconnect(former)
    await this.#answered()
  }
}

const ends = (message: Publish): boolean => message.ttlMs !== undefined

/** Whether it matters when a step is done: time passes in the case, or something in it ends by itself. */
const isTimed = ({ streams, steps }: Case): boolean =>
  streams.some(({ markerMs }) => markerMs !== undefined) ||
  steps.some((step) => step.do === "pass" || (step.do === "publish" && ends(step)) || (step.do === "send" && step.messages.some(ends)))

/** What the servers answer to a case's steps. Played again if the machine was so slow that another time had come than the case means. */
export const playOnServers = async (servers: Servers, played: Case): Promise<ReadonlyArray<string>> => {
  for (let attempt = 1; ; attempt++) {
    const play = new Play(servers, played)
    try {
      await play.prepare()
      for (const step of played.steps) await play.step(step)
    } catch (error) {
      await play.clear().catch(() => undefined)
      throw error
    }
    const { lagMs } = play
    await play.clear()
    if (!isTimed(played) || lagMs < lagMsMax || attempt === playsMax) return play.lines
  }
}
