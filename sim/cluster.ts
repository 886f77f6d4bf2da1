/**
 * One simulated cluster: server, workers, senders, faults and their audience, put together from the options of a seed. Nothing here moves;
 * sim/run.ts plays it.
 */
import { partitionOf } from "../src/domain/names.ts"
import type { EngineCodec, ProtocolRules } from "../src/engine/protocol.ts"
import { makeStep, type Step } from "../src/engine/step.ts"
import type { FaultName } from "./faults/catalogue.ts"
import { type FaultListener, Injector } from "./faults/injector.ts"
import { Poison } from "./faults/poison.ts"
import { nextRelease } from "./faults/releases.ts"
import { Audience } from "./nodes/observer.ts"
import { Sender } from "./nodes/sender.ts"
import { Worker } from "./nodes/worker.ts"
import { type Drawn, senderQuality, workerQuality } from "./profiles.ts"
import { Server } from "./substitutes/server.ts"
import { Chance, type Kept } from "./world/chance.ts"
import { Link } from "./world/link.ts"
import { World } from "./world/world.ts"

export interface ClusterOptions {
  readonly seed: string
  readonly drawn: Drawn
  readonly families: ReadonlySet<FaultName>
  readonly kept: Kept
  /** Who sends: every channel, the warehouse, the planner, the operator. */
  readonly senders: ReadonlyArray<string>
  readonly rules: ProtocolRules
  readonly codec: EngineCodec
  /** Another copy of the engine, with a planted defect: its steps get this world's codecs and rules. */
  readonly engine?: typeof makeStep
  /** Replaces the step of some workers: another release, or a planted defect. */
  readonly stepOf?: (worker: number, step: Step) => Step
  readonly faultListener: FaultListener
}

export class Cluster {
  readonly drawn: Drawn
  readonly world = new World()
  readonly chance: Chance
  readonly server: Server
  readonly audience = new Audience()
  readonly faults: Injector
  readonly workers: ReadonlyArray<Worker>
  readonly senders: ReadonlyMap<string, Sender>
  /** Partitions whose journal lost records. */
  readonly lossy = new Set<number>()
  readonly poison = new Poison()
  /** Workers, by index, that run the next release. */
  readonly upgraded = new Set<number>()

  constructor(options: ClusterOptions) {
    const { drawn, seed, families, kept, rules, codec, stepOf } = options
    this.drawn = drawn
    this.chance = new Chance(seed, families, kept)
    this.server = new Server(this.world, {
      partitions: drawn.partitions,
      replicas: drawn.replicas,
      duplicateWindowMs: drawn.duplicateWindowMs,
    })
    this.faults = new Injector(this.chance, drawn, options.faultListener)
    const { observer } = this.audience
    const { world, server } = this
    const senders = new Map<string, Sender>()
    for (const name of options.senders)
      senders.set(name, new Sender(name, this.#link(senderQuality(drawn)), { retryMs: drawn.retryMs }, { world, server, observer }))
    this.senders = senders
    const stepWith = options.engine ?? makeStep
    const step = stepWith({ codec: this.poison.codec(codec), rules })
    const nextStep = stepWith({ codec: this.poison.codec(nextRelease(codec)), rules })
    const stepOfRelease = (worker: number) => (this.upgraded.has(worker) ? nextStep : step)
    const surroundings = {
      world,
      server,
      observer,
      faults: this.faults,
      senders,
      stepOf: (worker: number) => stepOf?.(worker, stepOfRelease(worker)) ?? stepOfRelease(worker),
    }
    this.workers = Array.from(
      { length: drawn.workers },
      (_, index) => new Worker(index, this.#link(workerQuality(drawn)), drawn, surroundings),
    )
    server.listeners.push({
      recordStored: (partition, stored) => {
        observer.recordStored(partition, stored)
        for (const { slots } of this.workers) slots[partition]?.readings.planJournal()
      },
      commandStored: (partition) => {
        for (const { slots } of this.workers) slots[partition]?.readings.planCommands()
      },
      feedStored: (partition, value) => {
        senders.get(value.channel)?.feedStored(value)
        for (const { slots } of this.workers) slots[partition]?.feedStored(value)
      },
      haltChanged: (partition) => {
        const { halt } = server.marks(partition)
        for (const { slots } of this.workers) slots[partition]?.haltChanged(halt)
      },
    })
  }

  #link(quality: ConstructorParameters<typeof Link>[2]): Link {
    const family = (name: FaultName) => this.chance.family(name)
    const families = {
      jitter: family("jitter"),
      lostRequests: family("lost-requests"),
      lostAnswers: family("lost-answers"),
      duplicates: family("duplicates"),
      spikes: family("spikes"),
    }
    return new Link(this.world, families, quality)
  }

  /** Starts every worker and the faults. */
  start(): void {
    for (const worker of this.workers) worker.start()
    const { world, server, workers, senders, drawn, chance, upgraded } = this
    this.faults.start({ world, server, workers, senders, drawn, chance, upgraded })
  }

  partitionOf(sku: string): number {
    return partitionOf(sku, this.drawn.partitions)
  }
}
