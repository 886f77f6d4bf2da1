/**
 * The simulated servers as the contract suites want a broker: effects run on the simulated processes, in virtual time.
 *
 * The suites speak in promises, so something has to move the world while they wait: as long as anything is asked of it, one event a turn of the
 * event loop. What a suite does between two turns (a promise that goes on, a stream it opens) is thereby ahead of every event still to come.
 */
import { Cause, Context, Effect, Exit, Queue, type Scope, Stream } from "effect"
import { Connection, weatherOf } from "../../../sim/shell/connection.ts"
import { workerPorts } from "../../../sim/shell/ports.ts"
import { Process, plainTurns } from "../../../sim/shell/process.ts"
import { type Published, Sender } from "../../../sim/shell/sender.ts"
import { Servers } from "../../../sim/shell/servers.ts"
import type { SaidCodec } from "../../../sim/shell/stream-ports.ts"
import { Chance } from "../../../sim/world/chance.ts"
import { World, worldStartMs } from "../../../sim/world/world.ts"
import type { CommandClass } from "../../../src/domain/names.ts"
import { type Heard, SenderLink } from "../../../src/ports/channel.ts"
import { BrokerUnavailable, NotPermitted } from "../../../src/ports/errors.ts"
import { storedOf } from "../../../src/wire/subjects.ts"
import type { BrokerUnderTest, WorkerPorts } from "../../contract/broker-under-test.ts"

/** JSON as it comes: what the bytes say is no matter of the broker's. */
const plainCodec: SaidCodec = {
  encodeReply: (reply) => new TextEncoder().encode(JSON.stringify(reply)),
  encodeAts: (value) => new TextEncoder().encode(JSON.stringify(value)),
  decodeAts: (body) => JSON.parse(new TextDecoder().decode(body)),
}

/** Virtual milliseconds that pass in a turn in which nothing is planned. */
const idleMs = 1

class Pump {
  readonly #world: World
  readonly #processes: ReadonlyArray<Process>
  #open = 0
  #isMoving = false

  constructor(world: World, processes: ReadonlyArray<Process>) {
    this.#world = world
    this.#processes = processes
  }

  run<A, E>(process: Process, effect: Effect.Effect<A, E>, context: Context.Context<never>): Promise<A> {
    this.#open++
    return new Promise<A>((resolve, reject) => {
      process.turn(() => {
        Effect.runForkWith(context)(effect).addObserver((exit) => {
          this.#open--
          if (Exit.isSuccess(exit)) resolve(exit.value)
          else reject(Cause.squash(exit.cause))
        })
      })
      this.#move()
    })
  }

  #move(): void {
    if (this.#isMoving || this.#open === 0) return
    this.#isMoving = true
    setImmediate(() => {
      this.#isMoving = false
      for (const process of this.#processes) process.turn(() => undefined)
      this.#world.run(this.#world.nowMs - worldStartMs + idleMs, () => true)
      this.#move()
    })
  }
}

const classesOf = (sender: string): ReadonlyArray<CommandClass> => (sender === "dock" ? ["stock"] : ["sell"])

const hear = <A>(listen: (offer: (value: A) => void) => () => void): Stream.Stream<ReadonlyArray<A>, never> =>
  Stream.callback<A>((queue) =>
    Effect.acquireRelease(
      Effect.sync(() => listen((value) => Queue.offerUnsafe(queue, value))),
      (forget) => Effect.sync(forget),
    ),
  ).pipe(Stream.chunks)

/** As the server acknowledges on the reply subject of a publish; unknown says nothing. */
const acknowledgement = (published: Published): object | undefined => {
  if (published._tag === "Stored") return { stream: "commands", seq: published.seq }
  return published._tag === "Busy" ? { error: { description: published.cause } } : undefined
}

/** A sender's connection as the port, with the server's permissions. */
const channelLink = (sender: Sender): SenderLink["Service"] => {
  const listeners = new Map<(heard: Heard) => void, string>()
  const tell = (suffix: string, body: Uint8Array) => {
    for (const [offer, prefix] of listeners) {
      if (suffix.startsWith(`${prefix}.`)) offer({ _tag: "Said", suffix: suffix.slice(prefix.length + 1), body })
    }
  }
  return SenderLink.of({
    sender: sender.name,
    publish: ({ class: commandClass, kind, token, body, suffix }) => {
      if (!classesOf(sender.name).includes(commandClass)) {
        for (const offer of listeners.keys())
          offer({ _tag: "NotPermitted", class: commandClass, kind, token, cause: "permissions violation" })
        return true
      }
      sender.publish(commandClass, token, body, suffix, (published) => {
        const said = acknowledgement(published)
        if (said !== undefined) tell(suffix, new TextEncoder().encode(JSON.stringify(said)))
      })
      return true
    },
    lost: Effect.never,
    replies: (prefix) =>
      hear<Heard>((offer) => {
        listeners.set(offer, prefix)
        const forget = sender.hearReplies(prefix, (suffix, body) => offer({ _tag: "Said", suffix, body }))
        return () => {
          listeners.delete(offer)
          forget()
        }
      }),
    ask: (path, body, replySuffix) => Effect.sync(() => sender.ask(path, body, replySuffix)),
    ats: () =>
      sender.name === "dock"
        ? Stream.fail(new NotPermitted({ operation: "hear ats", cause: "permissions violation" }))
        : hear((offer) => sender.hearAts((token, body) => offer({ token, body }))),
  })
}

const store = (servers: Servers, partition: number, body: Uint8Array) =>
  Effect.callback<{ readonly seq: number }, BrokerUnavailable>((resume) =>
    servers.commands.write({ subject: storedOf("sku", partition), body }, (said) =>
      resume(
        said._tag === "Stored"
          ? Effect.succeed({ seq: said.seq })
          : Effect.fail(new BrokerUnavailable({ operation: "store", cause: said.error.description })),
      ),
    ),
  )

/** Servers in a world in which nothing goes wrong. */
export const contractBroker = (partitions: number, replicas: 1 | 3): BrokerUnderTest => {
  const world = new World()
  const chance = new Chance(`contract of ${replicas}`, new Set(["way", "replication"]))
  const servers = new Servers(world, chance, { partitions, replicas })
  const weather = weatherOf(chance, 1)
  const processOf = (name: string) =>
    new Process({ world, chance, name, seed: "contract", crashOneIn: 1, onError: (text) => process.stderr.write(`${text}\n`) })
  const processes = ["one", "other", "web", "shop", "dock"].map(processOf)
  const pump = new Pump(world, processes)
  const contextOf = (turns: Process) => turns.begin(Context.empty())
  const worker = (turns: Process) => {
    const context = contextOf(turns)
    const connections = { engine: new Connection(world, turns, weather), worker: new Connection(world, turns, weather) }
    const ports = workerPorts(servers, connections, plainCodec)
    return <A, E>(effect: Effect.Effect<A, E, WorkerPorts | Scope.Scope>) =>
      pump.run(turns, Effect.scoped(effect).pipe(Effect.provide(ports)), context)
  }
  const sender = (turns: Process) => {
    const context = contextOf(turns)
    const link = channelLink(new Sender(turns.name, servers, new Connection(world, plainTurns(world), weather)))
    return <A, E>(effect: Effect.Effect<A, E, SenderLink | Scope.Scope>) =>
      pump.run(turns, Effect.scoped(effect).pipe(Effect.provideService(SenderLink, link)), context)
  }
  const [one, other, web, shop, dock] = processes as [Process, Process, Process, Process, Process]
  const senders = { web: sender(web), shop: sender(shop), dock: sender(dock) }
  return {
    partitions,
    asWorker: worker(one),
    asOtherWorker: worker(other),
    store: (partition, body) =>
      Effect.tryPromise({
        try: () => senders.web(store(servers, partition, body)),
        catch: (error) => new BrokerUnavailable({ operation: "store", cause: String(error) }),
      }),
    asSender: (name, effect) => senders[name](effect),
  }
}
