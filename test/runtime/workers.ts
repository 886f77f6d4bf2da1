/**
 * Workers over a memory broker, and what their tests say and wait for.
 */
import { Effect, Exit, Layer, Logger, Scope } from "effect"
import type { SenderId } from "../../src/domain/names.ts"
import type { SenderAccess } from "../../src/domain/roles.ts"
import type { AlarmKind, BatchStats, ReignEndReason, StepDownReason } from "../../src/engine/protocol.ts"
import { Meter, type WatchAlarmKind } from "../../src/ports/meter.ts"
import { Engine } from "../../src/runtime/engine.ts"
import { Owners } from "../../src/runtime/owners.ts"
import { Reigns } from "../../src/runtime/reigns.ts"
import { type PartitionName, startWorker, type Worker } from "../../src/runtime/worker.ts"
import type { MemoryBroker } from "./memory-broker.ts"

/** What a worker reported, as a test looks at it. */
export interface Reported {
  readonly batches: Array<BatchStats>
  readonly steppedDown: Array<{ readonly partition: number; readonly reason: StepDownReason }>
  readonly reignsEnded: Array<{ readonly partition: number; readonly reason: ReignEndReason }>
  readonly alarms: Array<AlarmKind | WatchAlarmKind>
  /** The messages of its log, without their fields. */
  readonly logged: Array<string>
  takeovers: number
}

export interface TestWorker extends Worker {
  readonly name: string
  readonly reported: Reported
  /** Drains and stops. */
  readonly stop: () => Promise<ReadonlyArray<PartitionName>>
  /** Stops without a word, as a killed process does. */
  readonly kill: () => Promise<void>
}

export const listeningMeter = (reported: Reported): Meter["Service"] =>
  Meter.of({
    batchConfirmed: (_partition, stats) => reported.batches.push(stats),
    appendUnknown: () => undefined,
    carried: () => undefined,
    returnsSaid: () => undefined,
    returnsHeard: () => undefined,
    repliesSent: () => undefined,
    feedSent: () => undefined,
    feedHandedOver: () => undefined,
    feedFailed: () => undefined,
    snapshotKnown: () => undefined,
    haltedHere: () => undefined,
    tookOver: () => {
      reported.takeovers++
    },
    steppedDown: (partition, reason) => reported.steppedDown.push({ partition, reason }),
    reignEnded: (partition, reason) => reported.reignsEnded.push({ partition, reason }),
    begin: () => undefined,
    unserved: () => undefined,
    alarm: (_partition, kind) => reported.alarms.push(kind),
    sampled: () => undefined,
    waiting: () => undefined,
    ingressBegins: () => undefined,
    ingressSampled: () => undefined,
    tracedGone: () => undefined,
    doorClosed: () => undefined,
  })

/** Who may ask in tests of the runtime. */
const testSenders: ReadonlyArray<SenderAccess> = [
  { sender: "web" as SenderId, roles: ["channel"] },
  { sender: "shop" as SenderId, roles: ["channel"] },
  { sender: "warehouse" as SenderId, roles: ["warehouse"] },
  { sender: "reader" as SenderId, roles: ["reader"] },
  { sender: "ops" as SenderId, roles: ["operator"] },
]

/** A worker whose lease no slow machine lets run out, unless a test wants it shorter. */
export const startTestWorker = async (
  broker: MemoryBroker,
  name: string,
  options: {
    readonly leaseTtlMs?: number
    readonly drainTimeoutMs?: number
    readonly engine?: Layer.Layer<Engine>
    readonly reigns?: Layer.Layer<Reigns>
    readonly reports?: (asked: Pick<Worker, "report" | "readiness">) => void
  } = {},
): Promise<TestWorker> => {
  const reported: Reported = { batches: [], steppedDown: [], reignsEnded: [], alarms: [], logged: [], takeovers: 0 }
  const scope = Scope.makeUnsafe()
  const layers = Layer.mergeAll(
    broker.layerFor(name),
    options.engine ?? Engine.layer,
    Layer.provideMerge(Owners.layer, Layer.merge(broker.door.deskLayer, options.reigns ?? Reigns.layer)),
    Layer.succeed(Meter, listeningMeter(reported)),
    Logger.layer([
      Logger.make<unknown, void>(({ message }) => reported.logged.push(String(Array.isArray(message) ? message[0] : message))),
    ]),
  )
  const context = await Effect.runPromise(Layer.buildWithScope(layers, scope))
  const started = startWorker(
    {
      worker: name,
      address: "",
      partitions: { sku: broker.partitions, order: 1 },
      senders: testSenders,
      leaseTtlMs: options.leaseTtlMs ?? 60_000,
      drainTimeoutMs: options.drainTimeoutMs ?? 60_000,
    },
    [context],
    options.reports,
  )
  const worker = await Effect.runPromise(started.pipe(Scope.provide(scope), Effect.provide(context)))
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  return {
    ...worker,
    name,
    reported,
    stop: async () => {
      const unfinished = await Effect.runPromise(worker.leave.pipe(Effect.provide(context)))
      await close()
      return unfinished
    },
    kill: async () => {
      // A dead worker's last words reach nobody.
      broker.cutOff(name)
      await close()
      broker.restore(name)
      broker.forget(name)
    },
  }
}

/** Returns once `condition` holds. The test's own time limit ends what never comes. */
export const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

let ids = 0
const head = (sku: string) => ({ v: 1, id: `c-${++ids}`, sku, issuedAtMs: Date.now() })

/** Commands as senders write them. */
export const command = {
  receive: (sku: string, qty: number) => ({ ...head(sku), type: "ReceiveStock", location: "main", qty, reference: "delivery-1" }),
  policy: (sku: string) => ({
    ...head(sku),
    type: "SetPolicy",
    policy: {
      version: 1,
      channels: [{ channel: "web", priority: 1, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }],
      safety: [],
      sourcing: [],
    },
  }),
  reserve: (sku: string, qty: number) => {
    const id = `r-${ids + 1}`
    return { ...head(sku), type: "Reserve", reservation: id, qty, holdMs: 600_000 }
  },
}

/** Lets the web shop sell `qty` units of the SKU. */
export const stockUp = (broker: MemoryBroker, sku: string, qty: number): void => {
  broker.publish("warehouse", "stock", sku, command.receive(sku, qty), null)
  broker.publish("planner", "policy", sku, command.policy(sku), null)
}
