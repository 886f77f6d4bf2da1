/**
 * Runs one seed: draws the options, plays the sale under faults, heals everything, waits for rest, judges.
 *
 * Two phases. Safety: anything may be down, nothing may be promised twice. Liveness: all faults end, and within a bound of virtual time every
 * command is answered and every partition served. The same seed gives the same trace, whatever machine runs it.
 */
import { createAudit } from "../src/audit/audit.ts"
import type { CommandClass, SenderId } from "../src/domain/names.ts"
import type { ProtocolRules } from "../src/engine/protocol.ts"
import { protocolRules } from "../src/engine/rules.ts"
import type { IngressStep } from "../src/ingress/step.ts"
import type { makeStep } from "../src/kinds/sku/partition.ts"
import type { SkuEngineCodec, SkuStep } from "../src/kinds/sku/types.ts"
import { statusOf } from "../src/kinds/sku/views.ts"
import { type FlashChannel, flashSale } from "../src/workload/flash-sale.ts"
import type { Traffic } from "../src/workload/flows.ts"
import { type Ending, isHaltedByLoss } from "./checkers/checker.ts"
import { Cluster, type OrderEngine } from "./cluster.ts"
import { watchDeaths } from "./deaths.ts"
import { watchDoors } from "./door-states.ts"
import type { FaultName } from "./faults/catalogue.ts"
import { Judge } from "./judge.ts"
import { boundsDrawn } from "./memory-drawn.ts"
import type { Addressed } from "./nodes/reigns.ts"
import type { Sender } from "./nodes/sender.ts"
import { watchOrders } from "./order-states.ts"
import { type Drawn, drawOptions, type ProfileName, profiles } from "./profiles.ts"
import type { SeedResult } from "./result.ts"
import { Sometimes } from "./sometimes.ts"
import { checkingOrderCodec, sharedOrderCodec } from "./substitutes/order-codec.ts"
import { checkingCodec, sharedCodec } from "./substitutes/shared-codec.ts"
import { busiestSku, TimelineRecorder } from "./timeline.ts"
import { Tracker } from "./tracker.ts"
import { Mischiefs } from "./workload/mischief.ts"
import { Operator } from "./workload/operator.ts"
import { OrderOperator } from "./workload/order-operator.ts"
import { OrderPlayer } from "./workload/order-player.ts"
import { comesBackMs, ordersOf, type PlannedOrder } from "./workload/orders.ts"
import { Player } from "./workload/player.ts"
import { withVariety } from "./workload/variety.ts"
import type { Kept } from "./world/chance.ts"
import { EventKind, worldStartMs } from "./world/world.ts"

/** Virtual milliseconds after healing within which everything has to come to rest, beside ten leases. */
const restWithinMs = 120_000
/** And after that, within which everything beside a halted partition has to be found at rest. */
const restBesideMs = 30_000
/** How often it is looked for, in virtual milliseconds. */
const lookEveryMs = 250

export interface RunOptions {
  readonly seed: string
  readonly profile: ProfileName
  /** A planted defect, by name: its rules, codec or step are given beside. */
  readonly mutant?: string
  readonly rules?: ProtocolRules
  readonly codec?: SkuEngineCodec
  readonly stepOf?: (worker: number, step: SkuStep) => SkuStep
  readonly engine?: typeof makeStep
  /** The same of orders. */
  readonly orderEngine?: OrderEngine
  readonly ingressStep?: IngressStep
  readonly addressed?: Addressed
  /** Which decisions may stand; "flows" names the flows played. Null: all. */
  readonly kept?: Kept
  readonly families?: ReadonlySet<FaultName>
  readonly drawn?: Partial<Drawn>
  /** Virtual milliseconds after which all is healed, before the sale is over: a failing seed is cut after its failure. */
  readonly untilMs?: number
  /** Other traffic than the sale the seed would invent. */
  readonly traffic?: PlayedTraffic
  /** Asks for a timeline that watches this SKU; null: the one that most is asked of. The trace is the same with it and without. */
  readonly timeline?: { readonly sku: string | null }
  /** Is shown the world when it has ended. */
  readonly inspect?: (cluster: Cluster, player: Player, orders: OrderPlayer) => void
  /** Milliseconds of this machine, for the ratio; the world itself never looks at it. */
  readonly wallNowMs: () => number
}

/** Traffic, and the names of all who sell in it. */
export interface PlayedTraffic extends Traffic {
  readonly channels: ReadonlyArray<{ readonly sender: string }>
}

/** Three channels ask first, so that three can want the last unit. */
const saleChannels: ReadonlyArray<FlashChannel> = [
  { sender: "web" as SenderId, kind: "web", weight: 42 },
  { sender: "app" as SenderId, kind: "web", weight: 20 },
  { sender: "marketplace" as SenderId, kind: "marketplace", weight: 18 },
  { sender: "pos" as SenderId, kind: "pos", weight: 12 },
  { sender: "wholesale" as SenderId, kind: "wholesale", weight: 8 },
]

/** The sale of a seed, and what makes it less polite. */
export const saleOf = (seed: string, drawn: Drawn): PlayedTraffic =>
  withVariety(politeSaleOf(seed, drawn), {
    seed,
    startMs: worldStartMs,
    windowMs: drawn.windowMs,
    channels: saleChannels.map(({ sender }) => sender),
    policies: drawn.policies,
    percent: drawn.variedPercent,
    planner: "planner" as SenderId,
    warehouse: "warehouse" as SenderId,
  })

const politeSaleOf = (seed: string, drawn: Drawn): PlayedTraffic =>
  flashSale({
    seed,
    skus: drawn.skus,
    orders: drawn.orders,
    startMs: worldStartMs,
    windowMs: drawn.windowMs,
    burstPercent: drawn.burstPercent,
    // A sale begins at midnight, not over an hour: most of it happens within a few seconds.
    burstMs: Math.max(1, Math.floor(drawn.windowMs / 40)),
    abandonedPercent: drawn.abandonedPercent,
    latePercent: drawn.latePercent,
    cancelledPercent: drawn.cancelledPercent,
    shortPickPercent: 8,
    beyondStockPercent: 6,
    rescannedPercent: 10,
    returnedPercent: 5,
    extendedPercent: 10,
    retryPercent: drawn.retryPercent,
    shortHoldMs: drawn.shortHoldMs,
    stockShare: { num: drawn.stockPercent, den: 100 },
    hotStockShare: { num: drawn.stockPercent, den: 200 },
    losses: drawn.losses,
    channels: saleChannels,
  })

/** Channels that place orders: those that ask before they sell. */
const placing = saleChannels.filter(({ kind }) => kind !== "pos").map(({ sender }) => sender)

/** The orders of several lines that a seed has beside its sale, over the same SKUs. */
const placedIn = (seed: string, drawn: Drawn, { setup }: PlayedTraffic): ReadonlyArray<PlannedOrder> =>
  ordersOf(seed, drawn, placing, [...new Set(setup.map(({ command }) => command.sku))])

/** In which classes each sender of traffic sends. */
const classesIn = ({ setup, flows }: Traffic): ReadonlyMap<string, ReadonlyArray<CommandClass>> => {
  const known = new Map<string, ReadonlyArray<CommandClass>>()
  for (const { actor, class: commandClass } of [...setup, ...flows.flatMap(({ sends }) => sends)])
    known.set(actor, [...new Set([...(known.get(actor) ?? []), commandClass])])
  return known
}

/** Partitions that are halted because their journals lost records: they never come to rest. */
const haltedIn = (cluster: Cluster): ReadonlySet<number> =>
  new Set([...cluster.lossy].filter((partition) => isHaltedByLoss(cluster, cluster.lossy, partition)))

/** Whether a sender waits for an answer from a partition that isn't halted. */
const waits = (cluster: Cluster, { asked, open }: Sender, halted: ReadonlySet<number>): boolean => {
  if (open === 0 || halted.size === 0) return open > 0
  for (const { command, outcome } of asked.values())
    if ((outcome === null || outcome === "quarantined") && !halted.has(cluster.partitionOf(command.sku))) return true
  return false
}

/** Whether everything that was asked of partitions that aren't halted is answered, read, said and heard. */
const isAtRest = (cluster: Cluster, halted: ReadonlySet<number>): boolean => {
  for (const sender of cluster.senders.values()) if (waits(cluster, sender, halted)) return false
  // A message for a halted partition waits in an ingress for two seconds at most, and is then answered with `busy`.
  if (!cluster.ingresses.every(({ isIdle }) => isIdle)) return false
  for (let partition = 0; partition < cluster.drawn.partitions; partition++) {
    if (halted.has(partition)) continue
    const owners = cluster.workers.flatMap(({ slots }) => slots.filter((slot) => slot.id === partition && slot.isServing))
    const state = owners[0]?.partition
    if (owners.length !== 1 || state == null || state.inFlight !== null || state.phase !== "serving") return false
    const { search, draining, handed, publishing } = state.reign
    if (search !== null || draining !== null || handed.commands > 0 || state.quarantine.size > 0) return false
    if (statusOf(state).cursorSeq < cluster.server.lastCommandSeq(partition)) return false
    // An owner that has heard no renewal yet doesn't know the time and ends no hold, so the world isn't at rest before it has.
    if (state.openHolds > 0 && state.brokerClock.present === null) return false
    const { replies, dirty, groups, republishAfterSeq } = publishing
    if (replies.size + dirty.size + groups.size > 0 || republishAfterSeq !== null) return false
  }
  if (!ordersRest(cluster, halted)) return false
  for (const value of cluster.server.feed()) {
    if (halted.has(cluster.partitionOf(value.sku))) continue
    const sender = cluster.senders.get(value.channel)
    const held = sender?.ats.get(value.sku)
    // The last value stored may be an older one that is still true; a receiver that had a newer one rejects it.
    if (sender !== undefined && (held === undefined || held.version < value.version || held.ats !== value.ats)) return false
  }
  return true
}

/** Whether everything that was asked about orders is answered, and nothing is on its way between orders and SKUs. */
const ordersRest = (cluster: Cluster, halted: ReadonlySet<number>): boolean => {
  if (!cluster.hasOrders) return true
  for (const { open } of cluster.orderSenders.values()) if (open > 0) return false
  for (let id = 0; id < cluster.server.journals.length; id++) {
    if (halted.has(id)) continue
    const owners = cluster.workers.flatMap(({ everySlot }) => everySlot.filter((slot) => slot.id === id && slot.isServing))
    const state = owners[0]?.partition
    if (owners.length !== 1 || state == null || state.inFlight !== null || state.phase !== "serving") return false
    const { draining, handed, publishing } = state.reign
    if (draining !== null || handed.commands > 0 || state.underWay.size + state.owed.size + state.quarantine.size > 0) return false
    if (state.cursor.seq < cluster.server.lastCommandSeq(id)) return false
    if (publishing.replies.size > 0 || publishing.republishAfterSeq !== null) return false
    if (state.openHolds > 0 && state.brokerClock.present === null) return false
  }
  return true
}

/** Milliseconds for which what was sent before healing may still be on its way, or be planned: in a long day a sender lags by hours, and some come back for an order when it is forgotten. */
const arrivingMs = ({ windowMs, orderHoldMs = 0 }: Drawn): number => (windowMs > 3_600_000 ? windowMs >> 1 : comesBackMs(orderHoldMs))

/** Looks every now and then whether the world is at rest. `isOver` of the world's run reads the answer. */
const watchForRest = (cluster: Cluster, isRest: () => boolean): { readonly isOver: () => boolean } => {
  let over = false
  const look = () => {
    if (isRest()) over = true
    else cluster.world.in(lookEveryMs, EventKind.fault, null, look)
  }
  cluster.world.in(lookEveryMs, EventKind.fault, null, look)
  return { isOver: () => over }
}

/** Lets a healed world come to rest. Whether it did, but for halted partitions. */
const comesToRest = (cluster: Cluster, player: Player, orders: OrderPlayer): boolean => {
  const { world, drawn } = cluster
  const boundMs = world.sinceStartMs + restWithinMs + drawn.leaseTtlMs * 10 + drawn.retryMs * 40 + arrivingMs(drawn)
  const nobody = new Set<number>()
  const all = watchForRest(cluster, () => player.openFlows === 0 && orders.open === 0 && isAtRest(cluster, nobody))
  if (world.run(boundMs, all.isOver)) return true
  // Flows that wait for a halted partition never end, so it can't be told when the other flows have ended. They got the whole bound.
  if (haltedIn(cluster).size === 0) return false
  const others = watchForRest(cluster, () => isAtRest(cluster, haltedIn(cluster)))
  return world.run(boundMs + restBesideMs, others.isOver)
}

/** Who lets things happen in a world. */
interface Players {
  readonly player: Player
  readonly orders: OrderPlayer
  readonly operators: ReadonlyArray<Operator | OrderOperator>
}

const play = (
  cluster: Cluster,
  { player, orders, operators }: Players,
  sale: PlayedTraffic,
  placed: ReadonlyArray<PlannedOrder>,
  untilMs: number,
): { readonly healedMs: number; readonly converged: boolean } => {
  cluster.start()
  new Mischiefs(cluster).start()
  player.start(sale.setup, sale.flows)
  orders.start(placed)
  cluster.world.run(untilMs, () => false)
  const healedMs = cluster.world.sinceStartMs
  cluster.poison.heal()
  cluster.undecidable.heal()
  cluster.faults.heal()
  for (const operator of operators) operator.heal()
  return { healedMs, converged: comesToRest(cluster, player, orders) }
}

/** What went wrong on the links, by family: drawn at every message, so counted and not listed one by one. */
const linkFaults = ({ chance }: Cluster): Record<string, number> => {
  const families: ReadonlyArray<FaultName> = ["lost-requests", "lost-answers", "duplicates", "spikes"]
  return Object.fromEntries(families.map((name) => [name, chance.family(name).decisions.length] as const).filter(([, count]) => count > 0))
}

/** The auditor of a world: it reads orders' journals too where there are any. */
const auditOf = (cluster: Cluster, drawn: Drawn): ReturnType<typeof createAudit> =>
  createAudit({
    codec: checkingCodec,
    partitionOf: (sku) => cluster.partitionOf(sku),
    quarantine: boundsDrawn(drawn),
    ...(cluster.hasOrders ? { orders: { codec: checkingOrderCodec, partitionOf: (book: string) => cluster.partitionOfBook(book) } } : {}),
  })

/** Runs a seed to its verdict. */
export const runSeed = (options: RunOptions): SeedResult => {
  const startedMs = options.wallNowMs()
  const { seed, profile, kept = null } = options
  const chosen = drawOptions(seed, profiles[profile])
  const drawn: Drawn = { ...chosen.drawn, ...options.drawn, ...(options.traffic === undefined ? {} : { orderPartitions: 0 }) }
  const families = options.families ?? chosen.families
  const sale: PlayedTraffic = options.traffic ?? saleOf(seed, drawn)
  const sometimes = new Sometimes()
  const tracker = new Tracker(sometimes)
  const senders = [...sale.channels.map(({ sender }) => sender as string), "warehouse", "planner", "ops"]
  const recorder = options.timeline === undefined ? null : new TimelineRecorder(options.timeline.sku ?? busiestSku(sale))
  const stepOf = recorder === null ? options.stepOf : recorder.watching(options.stepOf)
  const cluster = new Cluster({
    seed,
    drawn,
    families,
    kept,
    senders,
    ...(options.traffic === undefined ? {} : { classes: classesIn(options.traffic) }),
    rules: options.rules ?? protocolRules,
    codec: options.codec ?? sharedCodec,
    ...(options.engine === undefined ? {} : { engine: options.engine }),
    ...(stepOf === undefined ? {} : { stepOf }),
    ...(options.ingressStep === undefined ? {} : { ingressStep: options.ingressStep }),
    ...(options.addressed === undefined ? {} : { addressed: options.addressed }),
    orders: { codec: sharedOrderCodec, ...(options.orderEngine === undefined ? {} : { engine: options.orderEngine }) },
    faultListener: tracker,
  })
  tracker.watch(cluster)
  const judge = new Judge(cluster)
  cluster.audience.add(tracker)
  cluster.audience.add(watchDeaths(cluster, sometimes))
  cluster.audience.add(watchDoors(cluster, sometimes))
  cluster.audience.add(watchOrders(cluster, sometimes))
  recorder?.watch(cluster)
  const player = new Player({ cluster, planStartMs: worldStartMs, kept })
  const orders = new OrderPlayer(cluster, kept)
  const players = { player, orders, operators: [new Operator(cluster), new OrderOperator(cluster)] }
  const { healedMs, converged } = play(cluster, players, sale, placedIn(seed, drawn, sale), options.untilMs ?? drawn.windowMs)
  // A stream that lost its tail uses sequences again, so a sequence that is missing below the last one was purged.
  if (cluster.server.commands.count < cluster.server.commands.lastSeq) sometimes.hit("purged")
  const ending: Ending = { converged, lossy: cluster.lossy }
  const judged = judge.finish(ending, () => auditOf(cluster, drawn))
  options.inspect?.(cluster, player, orders)
  const faults = { ...cluster.faults.counts, ...linkFaults(cluster) }
  return {
    seed,
    profile,
    mutant: options.mutant ?? null,
    drawn: { ...drawn },
    families: [...families],
    traceHash: cluster.world.traceHash,
    simulatedMs: cluster.world.sinceStartMs,
    wallMs: options.wallNowMs() - startedMs,
    events: cluster.world.events,
    commands: player.commands + orders.commands,
    messages: [...cluster.senders.values(), ...cluster.orderSenders.values()].reduce((sum, { messages }) => sum + messages, 0),
    records: judged.records,
    decisions: player.commands + orders.commands + Object.values(cluster.chance.decisions()).reduce((sum, { length }) => sum + length, 0),
    faults,
    sometimes: sometimes.counts,
    checked: judged.checked,
    failures: judged.failures,
    excused: judged.excused,
    totals: judged.totals,
    timeline: recorder?.timeline(healedMs) ?? null,
  }
}
