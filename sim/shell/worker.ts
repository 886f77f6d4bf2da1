/**
 * A worker of a shell-mode world: the shipped runtime in a process of its own, over connections of its own, that can be killed, frozen, told to leave,
 * and started again.
 */
import { Cause, Context, Effect, Exit, Layer, References, Scope } from "effect"
import type { SenderAccess } from "../../src/domain/roles.ts"
import type { Questions } from "../../src/ports/broker.ts"
import { Desk } from "../../src/ports/door.ts"
import { Meter } from "../../src/ports/meter.ts"
import { Engine } from "../../src/runtime/engine.ts"
import { Owners } from "../../src/runtime/owners.ts"
import type { PartitionPorts } from "../../src/runtime/partition.ts"
import { Reigns } from "../../src/runtime/reigns.ts"
import type { WorkerReport } from "../../src/runtime/report.ts"
import { startWorker, type Worker } from "../../src/runtime/worker.ts"
import { saidCodec } from "../../src/wire/said.ts"
import type { Chance } from "../world/chance.ts"
import { EventKind, type World } from "../world/world.ts"
import { Connection, type Weather } from "./connection.ts"
import { workerPorts } from "./ports.ts"
import { Process } from "./process.ts"
import type { Servers } from "./servers.ts"

/** Milliseconds a graceful leave may take. */
const drainTimeoutMs = 5_000

/** Milliseconds until a process that died by itself is started again, as an orchestrator would. */
const restartAfterMs = 900

/** No ingress stands before these servers: nobody hears an owner, and nobody hands anything over. */
const nobodysDesk = Desk.of({
  hand: () => Effect.succeed("unheard"),
  store: () => Effect.succeed({ _tag: "Unknown", cause: "nobody stores here" }),
  owners: () => Effect.void,
  announce: () => undefined,
  receive: () => Effect.void,
  say: () => undefined,
  hear: () => Effect.void,
  brokerMs: Effect.never,
})

export interface WorkerNodeOptions {
  readonly world: World
  readonly servers: Servers
  readonly chance: Chance
  readonly weather: Weather
  readonly name: string
  readonly seed: string
  /** Who may ask. */
  readonly senders: ReadonlyArray<SenderAccess>
  readonly leaseTtlMs: number
  /** See {@link Process}. */
  readonly crashOneIn: number
  readonly engine: Engine["Service"]
  /** Told what happens, by name: alarms, takeovers, step-downs. */
  readonly onEvent: (name: string) => void
  /** Told what must never happen. */
  readonly onError: (text: string) => void
}

export class WorkerNode {
  readonly name: string
  readonly process: Process
  readonly #options: WorkerNodeOptions
  #connections: { readonly engine: Connection; readonly worker: Connection }
  #worker: Worker | null = null
  #context: Context.Context<never> = Context.empty()
  #scope: Scope.Closeable | null = null
  #isLeaving = false

  constructor(options: WorkerNodeOptions) {
    this.name = options.name
    this.#options = options
    this.process = new Process(options)
    this.#connections = this.#connect()
  }

  get isLeaving(): boolean {
    return this.#isLeaving
  }

  /** What it says about itself; null while it is dead or starts. */
  report(): WorkerReport | null {
    return this.process.isAlive && this.#worker !== null ? this.#worker.report() : null
  }

  start(): void {
    if (this.process.isAlive) return
    const { world, servers, engine, name, senders, leaseTtlMs, onEvent } = this.#options
    this.#connections = this.#connect()
    this.#isLeaving = false
    this.process.wallErrorMs = 0
    this.process.onDeath = () => {
      onEvent("died in the middle of a turn")
      this.#cleanUp()
      world.in(restartAfterMs, EventKind.restart, null, () => this.start())
    }
    this.#context = this.process.begin(Context.empty())
    const ports = Layer.mergeAll(
      workerPorts(servers, this.#connections, saidCodec),
      Layer.succeed(Engine, engine),
      Layer.provideMerge(Owners.layer, Layer.merge(Layer.succeed(Desk, nobodysDesk), Reigns.layer)),
      Layer.succeed(Meter, this.#meter()),
    )
    const scope = Scope.makeUnsafe()
    this.#scope = scope
    const options = { worker: name, address: "", partitions: { sku: servers.partitions, order: 1 }, senders, leaseTtlMs, drainTimeoutMs }
    const started = Effect.flatMap(Effect.context<PartitionPorts | Questions>(), (context) => startWorker(options, [context]))
    this.#run(started.pipe(Scope.provide(scope), Effect.provide(ports)), (worker) => {
      this.#worker = worker
    })
  }

  /** Ends it at once: the connection is cut first, so nothing it might still say gets anywhere. */
  kill(): void {
    if (!this.process.isAlive) return
    this.process.die()
    this.#cleanUp()
  }

  /** Tells it to leave; once it has, it is gone. */
  leave(): void {
    const worker = this.#worker
    const scope = this.#scope
    if (worker === null || scope === null || this.#isLeaving || !this.process.isAlive) return
    this.#isLeaving = true
    this.process.in(0, EventKind.operator, () =>
      // Not logged: a drain that took too long is no defect here, because a frozen process or an election may have delayed it.
      this.#run(Effect.provideService(worker.leave, References.MinimumLogLevel, "None"), (unfinished) => {
        this.#options.onEvent(unfinished.length === 0 ? "left in time" : "left late")
        this.#run(Scope.close(scope, Exit.void), () => this.kill())
      }),
    )
  }

  /** Cuts one of its connections, or both. */
  cut(which: ReadonlyArray<"engine" | "worker">): void {
    for (const one of which) this.#connections[one].cut()
  }

  restore(): void {
    this.#connections.engine.restore()
    this.#connections.worker.restore()
  }

  /** Runs an effect in the process, beginning in the present turn or in one of its own. A defect is an error of the runtime's. */
  #run<A>(effect: Effect.Effect<A>, done: (value: A) => void): void {
    this.process.turn(() => {
      Effect.runForkWith(this.#context)(effect).addObserver((exit) => {
        if (Exit.isSuccess(exit)) done(exit.value)
        else this.#options.onError(`${this.name}: ${Cause.pretty(exit.cause)}`)
      })
    })
  }

  #connect() {
    const { world, weather } = this.#options
    return { engine: new Connection(world, this.process, weather), worker: new Connection(world, this.process, weather) }
  }

  #cleanUp(): void {
    this.#worker = null
    this.#scope = null
    this.#connections.engine.close()
    this.#connections.worker.close()
  }

  #meter(): Meter["Service"] {
    const { onEvent } = this.#options
    const ignored = () => undefined
    return Meter.of({
      batchConfirmed: ignored,
      appendUnknown: ignored,
      carried: ignored,
      returnsSaid: ignored,
      returnsHeard: ignored,
      repliesSent: ignored,
      feedSent: ignored,
      feedHandedOver: ignored,
      feedFailed: ignored,
      snapshotKnown: ignored,
      haltedHere: ignored,
      tookOver: () => onEvent("took over"),
      steppedDown: (_partition, reason) => onEvent(`stepped down: ${reason}`),
      reignEnded: (_partition, reason) => onEvent(`reign ended: ${reason}`),
      begin: ignored,
      alarm: (_partition, kind) => onEvent(`alarm: ${kind}`),
      unserved: ignored,
      sampled: ignored,
      waiting: ignored,
      ingressBegins: ignored,
      ingressSampled: ignored,
      tracedGone: ignored,
      doorClosed: ignored,
    })
  }
}
