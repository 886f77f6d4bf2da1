/**
 * One simulated cluster: server, workers, senders, faults and their audience, put together from the options of a seed. Nothing here moves;
 * sim/run.ts plays it.
 */
import { type CommandClass, partitionOf, type SenderId } from "../src/domain/names.ts"
import type { ActorKind } from "../src/engine/kind.ts"
import type { ProtocolRules } from "../src/engine/protocol.ts"
import { makeStep as makeEngineStep } from "../src/engine/step.ts"
import type { SenderBounds } from "../src/ingress/protocol.ts"
import { type IngressStep, makeIngressStep } from "../src/ingress/step.ts"
import { orderKind } from "../src/kinds/order/kind.ts"
import type { OrderKind } from "../src/kinds/order/types.ts"
import { makeStep } from "../src/kinds/sku/partition.ts"
import type { AtsValue, SkuEngineCodec, SkuStep } from "../src/kinds/sku/types.ts"
import { engineCodec, type WireCodec } from "../src/wire/codec.ts"
import { decodeFrame } from "../src/wire/taken.ts"
import type { FaultName } from "./faults/catalogue.ts"
import { type FaultListener, Injector } from "./faults/injector.ts"
import { Poison } from "./faults/poison.ts"
import { nextRelease } from "./faults/releases.ts"
import { Undecidable } from "./faults/undecidable.ts"
import { Carrier } from "./nodes/carrier.ts"
import { type Hearer, type Home, Ingress, type IngressSurroundings, ingressCodec } from "./nodes/ingress.ts"
import { Audience } from "./nodes/observer.ts"
import { OrderSender } from "./nodes/order-sender.ts"
import { type Addressed, Reigns } from "./nodes/reigns.ts"
import { Sender } from "./nodes/sender.ts"
import type { FeedSeen, SlotKind } from "./nodes/slot.ts"
import { Standalone } from "./nodes/standalone.ts"
import { Worker } from "./nodes/worker.ts"
import { type Drawn, doorBoundsOf, engineBoundsOf, senderQuality, workerQuality } from "./profiles.ts"
import { ChannelsAccount } from "./substitutes/channels.ts"
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
  /** In which classes somebody sends, where the traffic has others than the sale's. */
  readonly classes?: ReadonlyMap<string, ReadonlyArray<CommandClass>>
  readonly rules: ProtocolRules
  readonly codec: SkuEngineCodec
  /** Another copy of the engine, with a planted defect: its steps get this world's codecs and rules. */
  readonly engine?: typeof makeStep
  /** Replaces the step of some workers: another release, or a planted defect. */
  readonly stepOf?: (worker: number, step: SkuStep) => SkuStep
  /** Replaces the step of every ingress, and how frames are addressed: a planted defect. */
  readonly ingressStep?: IngressStep
  readonly addressed?: Addressed
  /** What orders are decided by, where the world has any. */
  readonly orders: OrdersGiven
  readonly faultListener: FaultListener
}

/** What orders are decided by: their kind, and the engine that is given it. */
export interface OrderEngine {
  readonly kind: ActorKind<OrderKind>
  readonly makeStep: typeof makeEngineStep
}
const shippedOrders: OrderEngine = { kind: orderKind, makeStep: makeEngineStep }

/** What a world with orders is given beside. */
export interface OrdersGiven {
  readonly codec: WireCodec<OrderKind>
  /** Another copy of both, with a planted defect. */
  readonly engine?: OrderEngine
}

export class Cluster {
  readonly drawn: Drawn
  readonly world = new World()
  readonly chance: Chance
  readonly server: Server
  readonly audience = new Audience()
  /** Of what happens in partitions of orders. */
  readonly orderAudience = new Audience<OrderKind>()
  readonly faults: Injector
  readonly workers: ReadonlyArray<Worker>
  /** Ingresses of their own; every worker has one beside. */
  readonly standalones: ReadonlyArray<Standalone>
  readonly senders: ReadonlyMap<string, Sender>
  /** Channels as they place orders; none in a world without. */
  readonly orderSenders: ReadonlyMap<string, OrderSender>
  /** Partitions whose journal lost records. */
  readonly lossy = new Set<number>()
  readonly poison = new Poison()
  /** Commands about orders that can't be decided. */
  readonly undecidable: Undecidable
  /** Workers, by index, that run the next release. */
  readonly upgraded = new Set<number>()

  constructor(options: ClusterOptions) {
    const { drawn, seed, families, kept, rules, codec, stepOf } = options
    this.drawn = drawn
    this.chance = new Chance(seed, families, kept)
    this.server = new Server(this.world, drawn)
    this.faults = new Injector(this.chance, drawn, options.faultListener)
    this.undecidable = new Undecidable(this.chance.family("undecidable-orders"), this.world, this.faults)
    const { observer } = this.audience
    const { world, server } = this
    const jitter = this.chance.family("jitter")
    const channels = new ChannelsAccount(world, () => server.nowMs, jitter)
    const around = { world, server, observer, channels, habits: jitter }
    const senders = new Map(options.senders.map((name) => [name, new Sender(name, this.#link(name, senderQuality(drawn)), drawn, around)]))
    this.senders = senders
    const reigns = new Reigns(world, server, options.addressed ?? "to a reign")
    const stepWith = options.engine ?? makeStep
    const step = this.poison.around(stepWith({ codec: this.poison.codec(codec), rules }))
    const nextStep = this.poison.around(stepWith({ codec: this.poison.codec(nextRelease(codec)), rules }))
    const carrier = this.hasOrders
      ? new Carrier({
          world,
          reigns,
          idOf: (to) => this.idOf(to),
          codecOf: (kind) => (kind === "order" ? options.orders.codec : engineCodec),
        })
      : null
    const stepOfRelease = (worker: number) => (this.upgraded.has(worker) ? nextStep : step)
    const surroundings = {
      world,
      server,
      observer,
      faults: this.faults,
      skusOf: (worker: number) => this.#skus(stepOf?.(worker, stepOfRelease(worker)) ?? stepOfRelease(worker)),
      ordersOf: this.hasOrders ? (worker: number) => this.#orders(options.orders, worker, rules) : null,
      carrier,
      reigns,
    }
    const ofWorker = { ...drawn, bounds: engineBoundsOf(drawn) }
    this.workers = Array.from(
      { length: drawn.workers },
      (_, index) => new Worker(index, this.#link(`w${index}`, workerQuality(drawn)), ofWorker, surroundings),
    )
    this.standalones = this.#openDoors(channels, {
      world,
      server,
      observer,
      reigns,
      hearerOf: (sender, suffix) => this.#hearerOf(sender, suffix),
      faults: this.faults,
      step: options.ingressStep ?? makeIngressStep(ingressCodec),
      bounds: options.senders.map((name) => boundsOf(name, classes[name] ?? options.classes?.get(name) ?? ["sell"], drawn.doorRate)),
      doorBounds: doorBoundsOf(drawn),
      partitions: drawn.partitions,
      orderPartitions: drawn.orderPartitions ?? 0,
      clockEveryMs: Math.max(1_000, drawn.tickMs),
    })
    reigns.ingresses = this.ingresses
    if (carrier !== null) reigns.carrying = this.workers
    this.orderSenders = this.hasOrders ? this.#openOrders(options, channels) : new Map()
    this.#passOn()
  }

  get hasOrders(): boolean {
    return (this.drawn.orderPartitions ?? 0) > 0
  }

  /** How many partitions there are of those that SKUs send commands to. */
  get skusSendTo(): Readonly<Record<string, number>> {
    return this.hasOrders ? { order: this.drawn.orderPartitions ?? 0 } : {}
  }

  /** The number of a partition's journal among all of the world: those of orders behind those of SKUs. */
  idOf({ kind, partition }: { readonly kind: string; readonly partition: number }): number {
    return kind === "order" ? this.drawn.partitions + partition : partition
  }

  /** Channels that place orders: over connections of their own. */
  #openOrders({ senders: names }: ClusterOptions, channels: ChannelsAccount): ReadonlyMap<string, OrderSender> {
    const { world, server, drawn } = this
    const doorObserver = this.audience.observer
    const { observer } = this.orderAudience
    const { orderPartitions = 0, retryMs } = drawn
    const around = { world, server, doorObserver, observer, channels, partitions: orderPartitions, retryMs }
    const open = (name: string) => new OrderSender(name as SenderId, this.#link(`orders ${name}`, senderQuality(drawn)), around)
    return new Map(names.map((name) => [name, open(name)]))
  }

  /** Who hears what goes to a reply subject of a sender: it names what it asks of orders apart. */
  #hearerOf(sender: string, suffix: string): Hearer | undefined {
    return (suffix.startsWith(`${sender}.o`) ? this.orderSenders : this.senders).get(sender)
  }

  /** What a worker is told of orders. */
  #orders({ codec: present, engine = shippedOrders }: OrdersGiven, worker: number, rules: ProtocolRules): SlotKind<OrderKind> {
    const codec = this.upgraded.has(worker) ? nextRelease(present) : present
    const step = engine.makeStep({ kind: this.undecidable.in(engine.kind), codec, rules })
    const { partitions, orderPartitions = 0 } = this.drawn
    return {
      kind: "order",
      partitions: orderPartitions,
      partitionsOf: { sku: partitions },
      observer: this.orderAudience.observer,
      step,
      handed: (message) => message,
      framed: (bytes) => {
        const frame = codec.decodeFrame(bytes)
        return frame._tag === "Frame" ? frame.messages : null
      },
      replyArrives: (reply) => this.orderSenders.get(reply.sender)?.replyArrives(reply),
      keyOf: (sender, suffix) => this.#hearerOf(sender, suffix)?.keyOf(suffix),
      answerArrives: (sender, suffix, answer) => this.#hearerOf(sender, suffix)?.answerArrives(suffix, answer),
      storeFeed: () => undefined,
      feedSince: () => [],
    }
  }

  /** What a worker is told of SKUs, if it steps them so. */
  #skus(step: SkuStep): SlotKind {
    const { server, senders, drawn } = this
    return {
      kind: "sku",
      partitions: drawn.partitions,
      partitionsOf: this.skusSendTo,
      observer: this.audience.observer,
      step,
      handed: this.poison.handed,
      framed: (bytes) => {
        const frame = decodeFrame(bytes)
        return frame._tag === "Frame" ? frame.messages : null
      },
      replyArrives: (reply) => senders.get(reply.sender)?.replyArrives(reply),
      keyOf: (sender, suffix) => senders.get(sender)?.keyOf(suffix),
      answerArrives: (sender, suffix, answer) => senders.get(sender)?.answerArrives(suffix, answer),
      storeFeed: (partition, value) => server.storeFeed(partition, value),
      feedSince: (partition, sinceMs) => server.feedSince(partition, sinceMs).map(seenOf),
    }
  }

  /** What the server stores is told to those who follow it. */
  #passOn(): void {
    const { server, senders } = this
    const { observer } = this.audience
    server.listeners.push({
      recordStored: (partition, stored) => {
        if (partition < this.drawn.partitions) observer.recordStored(partition, stored)
        else this.orderAudience.observer.recordStored(partition, stored)
        for (const { everySlot } of this.workers) everySlot[partition]?.readings.planJournal()
      },
      commandStored: (id) => {
        for (const { everySlot } of this.workers) everySlot[id]?.readings.planCommands()
      },
      feedStored: (partition, value) => {
        senders.get(value.channel)?.feedStored(value)
        for (const { slots } of this.workers) slots[partition]?.feedStored(seenOf(value))
      },
      haltChanged: (partition) => {
        const { halt } = server.marks(partition)
        for (const { everySlot } of this.workers) everySlot[partition]?.haltChanged(halt)
      },
    })
  }

  /** An ingress in every worker, and those that stand alone. */
  #openDoors(channels: ChannelsAccount, around: Omit<IngressSurroundings, "channels">): ReadonlyArray<Standalone> {
    const { drawn, world } = this
    const ingressIn = (home: Home) => new Ingress(home, this.#link(`door ${home.name}`, workerQuality(drawn)), { ...around, channels })
    for (const worker of this.workers) worker.ingress = ingressIn(worker)
    return Array.from(
      { length: drawn.ingresses },
      (_, index) => new Standalone(`i${index}`, this.#link(`i${index}`, workerQuality(drawn)), world, ingressIn),
    )
  }

  /** Every ingress there is, in workers and alone. */
  get ingresses(): ReadonlyArray<Ingress> {
    const inside = this.workers.flatMap(({ ingress }) => (ingress === null ? [] : [ingress]))
    return [...inside, ...this.standalones.map(({ ingress }) => ingress)]
  }

  #link(name: string, quality: ConstructorParameters<typeof Link>[3]): Link {
    const family = (name: FaultName) => this.chance.family(name)
    const families = {
      jitter: family("jitter"),
      lostRequests: family("lost-requests"),
      lostAnswers: family("lost-answers"),
      duplicates: family("duplicates"),
      spikes: family("spikes"),
    }
    return new Link(name, this.world, families, quality)
  }

  /** Starts every worker and the faults. */
  start(): void {
    const { world, server, workers, standalones: ingresses, senders, orderSenders, drawn, chance, upgraded } = this
    for (const worker of workers) worker.start()
    this.faults.start({ world, server, workers, ingresses, senders, orderSenders, drawn, chance, upgraded })
    for (const ingress of ingresses) ingress.start()
  }

  partitionOfBook(book: string): number {
    return partitionOf(book, this.drawn.orderPartitions ?? 1)
  }

  partitionOf(sku: string): number {
    return partitionOf(sku, this.drawn.partitions)
  }
}

const seenOf = ({ channel, sku, version, ats }: AtsValue): FeedSeen => ({ channel, key: sku, version, shown: ats })

/** What the sale's senders may send, by name: everybody else is a channel, or sends what its traffic has it send. */
const classes: Readonly<Record<string, ReadonlyArray<CommandClass>>> = {
  warehouse: ["stock"],
  planner: ["policy"],
  ops: ["operator", "policy"],
}

const boundsOf = (name: string, mayUse: ReadonlyArray<CommandClass>, commandsPerSecond: number): SenderBounds => ({
  sender: name as SenderId,
  classes: mayUse,
  bulk: false,
  commandsPerSecond,
  bytesPerSecond: commandsPerSecond * 1_024,
})
