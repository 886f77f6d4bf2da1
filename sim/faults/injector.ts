/**
 * Injects faults: those that happen to what is under way (asked for by nodes at each occasion) and those that happen by themselves (looked
 * for every few hundred milliseconds). Each is drawn from its own family, so each can be left out without moving the others.
 */
import type { StoredRecord } from "../../src/engine/records.ts"
import { steadyClockFastPpmMax as fastPpmMax, leaderAloneMsMax, orderGraceMs } from "../../src/limits.ts"
import type { IngressFaults } from "../nodes/ingress.ts"
import type { OrderSender } from "../nodes/order-sender.ts"
import type { Sender } from "../nodes/sender.ts"
import type { Standalone } from "../nodes/standalone.ts"
import type { Worker, WorkerFaults } from "../nodes/worker.ts"
import type { Drawn } from "../profiles.ts"
import type { FaultInjected } from "../result.ts"
import type { Server } from "../substitutes/server.ts"
import { type Chance, type Details, type Family, type Key, keyOf } from "../world/chance.ts"
import { EventKind, type World } from "../world/world.ts"
import { type FaultName, faultFamilies } from "./catalogue.ts"
import { spoilSnapshot } from "./snapshots.ts"

/** Faults kept in detail for the report; all are counted. */
const detailsMax = 2_000

export interface Stage {
  readonly world: World
  readonly server: Server
  readonly workers: ReadonlyArray<Worker>
  /** Ingresses of their own. */
  readonly ingresses: ReadonlyArray<Standalone>
  readonly senders: ReadonlyMap<string, Sender>
  readonly orderSenders: ReadonlyMap<string, OrderSender>
  readonly drawn: Drawn
  readonly chance: Chance
  /** Workers that run the next release. */
  readonly upgraded: Set<number>
}

/** Families that put something else in the place of what a partition stored. */
export type Spoiled = Extract<FaultName, "lost-journal" | "corrupt-records" | "snapshots" | "trimmed-commands" | "lost-commands">

/** Milliseconds by which a wall clock is wrong. A life that begins with it has a steady clock that stays so. */
const wrongMs = [-3_600_000, -9_000, -1_500, -40, 0, 40, 1_500, 9_000, 3_600_000] as const

/** Told of what can't be seen from outside. */
export interface FaultListener {
  clockStepped(worker: Worker, byMs: number): void
  elected(stream: string): void
  paused(worker: Worker, ms: number): void
  cutOff(worker: Worker, ms: number): void
  journalShortened(partition: number, afterSeq: number, count: number): void
}

export class Injector implements WorkerFaults, IngressFaults {
  readonly counts: Record<string, number> = {}
  readonly details: Array<FaultInjected> = []
  readonly #spoiled = new Set<string>()
  #stage: Stage | null = null
  readonly #chance: Chance
  readonly #drawn: Drawn
  readonly #listener: FaultListener
  readonly #crashPoints: Family
  readonly #corrupt: Family
  readonly #late: Family
  readonly #stores: Family
  #isHealed = false

  constructor(chance: Chance, drawn: Drawn, listener: FaultListener) {
    this.#chance = chance
    this.#drawn = drawn
    this.#listener = listener
    this.#crashPoints = chance.family("crash-points")
    this.#corrupt = chance.family("corrupt-records")
    this.#late = chance.family("late-appends")
    this.#stores = chance.family("store-faults")
  }

  /** Begins to look for what happens by itself. */
  start(stage: Stage): void {
    this.#stage = stage
    const { server } = stage
    const elections = this.#chance.family("elections")
    server.survivesElection = (stream) => elections.below(2, this.#keyNow(`survival ${stream}`)) === 1
    const former = this.#chance.family("former-leaders")
    // Now and then a question takes another way, and meets the leader.
    server.formerLeaderAnswers = (asker, partition) => former.below(4, this.#keyNow(`${asker} ${partition}`)) > 0
    const leases = this.#chance.family("leases")
    server.givesLeaseTwice = (partition) =>
      leases.draw(1, 12, 1, this.#keyNow(`twice ${partition}`)) > 0 && this.note("leases", 0, "a lease was given to two")
    const commits = this.#chance.family("jitter")
    server.commitMs = (stream) => 1 + commits.below(this.#drawn.commitMsMax, this.#keyNow(`commit ${stream}`))
    this.#wrongClocks(stage)
    this.#miscount(stage)
    this.#lookOut(stage)
  }

  /** The key of what happens now and has no name of its own. */
  #keyNow(what: string): Key {
    return keyOf(what, this.#stage?.world.moment ?? 0)
  }

  /** Every worker begins with a clock of its own. */
  #wrongClocks({ workers, ingresses }: Stage): void {
    const family = this.#chance.family("clocks")
    const { isOn } = family
    for (const ingress of ingresses) {
      const clocks = family.details(keyOf("first", ingress.name))
      ingress.fastPpm = clocks.below(2 * fastPpmMax + 1) - (isOn ? fastPpmMax : 0)
      ingress.steadyAheadMs = isOn ? (wrongMs[clocks.below(wrongMs.length)] ?? 0) : 0
    }
    for (const worker of workers) {
      const clocks = family.details(keyOf("first", worker.name))
      worker.fastPpm = clocks.below(2 * fastPpmMax + 1) - (isOn ? fastPpmMax : 0)
      worker.setWall(isOn ? (wrongMs[clocks.below(wrongMs.length)] ?? 0) : 0)
      worker.steadyAheadMs = worker.wallAheadMs
    }
  }

  /** One ingress is set up with a partition less than there are. */
  #miscount({ ingresses, drawn }: Stage): void {
    const [ingress] = ingresses
    if (ingress === undefined || drawn.partitions < 2 || this.#chance.family("partition-counts").draw(1, 2) === 0) return
    ingress.ingress.partitions = drawn.partitions - 1
    this.note("partition-counts", 0, `${ingress.name} believes that there are ${drawn.partitions - 1} partitions`)
  }

  /** Ends all faults: every process lives, everything gets through, clocks are right. A process that stands still goes on at the time that was drawn for it. */
  heal(): void {
    const stage = this.#stage
    if (stage === null) return
    this.#isHealed = true
    this.#chance.quiet(["jitter"])
    stage.server.heal()
    stage.server.setClock(0)
    // A rolling upgrade that was begun is ended.
    const left = stage.upgraded.size === 0 ? [] : stage.workers.filter(({ index }) => !stage.upgraded.has(index))
    for (const worker of left) this.#upgrade(worker, stage)
    for (const worker of stage.workers) {
      worker.link.heal()
      worker.setWall(0)
      if (!worker.isUp) worker.start()
    }
    for (const ingress of stage.ingresses) {
      ingress.link.heal()
      const isWrong = ingress.ingress.partitions !== stage.drawn.partitions
      ingress.ingress.partitions = stage.drawn.partitions
      if (isWrong) ingress.stop()
      if (!ingress.isUp) ingress.start()
    }
    for (const { door } of this.#doors(stage)) door.heal()
    for (const sender of [...stage.senders.values(), ...stage.orderSenders.values()]) sender.link.heal()
  }

  #doors({ workers, ingresses }: Stage) {
    return [...workers.flatMap(({ ingress }) => (ingress === null ? [] : [ingress])), ...ingresses.map(({ ingress }) => ingress)]
  }

  /** Counts a fault, and keeps it for the report. */
  note(name: FaultName, ms: number, detail: string): true {
    this.counts[name] = (this.counts[name] ?? 0) + 1
    const atMs = this.#stage?.world.sinceStartMs ?? 0
    if (this.details.length < detailsMax) this.details.push({ family: name, atMs, toMs: atMs + ms, detail })
    return true
  }

  #spoil(name: Spoiled, partition: number, detail: string): void {
    this.#spoiled.add(`${name} ${partition}`)
    this.note(name, 0, detail)
  }

  /** Whether the family has struck the partition so far. */
  hasSpoiled(name: Spoiled, partition: number): boolean {
    return this.#spoiled.has(`${name} ${partition}`)
  }

  // At each occasion.

  crashes(worker: string, partition: number, what: string): boolean {
    if (!this.#crashPoints.isOn) return false
    const key = this.#keyNow(`${worker} ${partition} ${what}`)
    return (
      this.#crashPoints.draw(this.#drawn.crashPoints, 100_000, 1, key) > 0 && this.note("crash-points", 0, "a worker died at a step point")
    )
  }

  deadMs(worker: string): number {
    const key = this.#keyNow(worker)
    return 50 + this.#chance.family("crashes").below(4_000, key) + this.#crashPoints.below(2_000, key)
  }

  readRecords(worker: string, partition: number, records: Array<StoredRecord>): Array<StoredRecord> {
    if (records.length === 0) return records
    if (!this.#corrupt.isOn) return records
    const key = this.#keyNow(`${worker} ${partition}`)
    const how = this.#corrupt.draw(1, 400, 2, key)
    if (how === 0) return records
    const place = this.#corrupt.below(records.length, key)
    if (how === 2 && records.length === 1) return records
    const what = how === 1 ? "was read damaged" : "was missing from what was read"
    this.#spoil("corrupt-records", partition, `a record of partition ${partition} ${what}`)
    if (how === 2) return records.filter((_, at) => at !== place)
    return records.map((record, at) =>
      at === place ? { ...record, bytes: damaged(record.bytes, this.#corrupt.below(1 << 20, key)) } : record,
    )
  }

  appendLateMs(worker: string, partition: number): number {
    const lateMs = this.#late.draw(1, 150, 9_000, this.#keyNow(`${worker} ${partition}`))
    if (lateMs > 0) this.note("late-appends", lateMs, `an append took ${lateMs} ms on its way`)
    return lateMs
  }

  storing(ingress: string, partition: number): { readonly full: boolean; readonly lateMs: number } {
    const key = this.#keyNow(`${ingress} ${partition}`)
    const how = this.#stores.draw(1, 12, 2, key)
    if (how === 0) return { full: false, lateMs: 0 }
    const lateMs = how === 1 ? 0 : 1 + this.#stores.below(9_000, key)
    this.note("store-faults", lateMs, how === 1 ? "the commands stream was full for one message" : `a store took ${lateMs} ms on its way`)
    return { full: how === 1, lateMs }
  }

  // By themselves.

  #lookOut(stage: Stage): void {
    stage.world.in(this.#drawn.faultEveryMs, EventKind.fault, null, () => {
      if (this.#isHealed) return
      for (const { name } of faultFamilies) this.#perhaps(name, stage)
      this.#lookOut(stage)
    })
  }

  #perhaps(name: FaultName, stage: Stage): void {
    const happen = this.#scheduled[name]
    if (happen === undefined) return
    const family = this.#chance.family(name)
    // Looks come at fixed times.
    const key = keyOf("look", stage.world.sinceStartMs)
    if (family.draw(this.#drawn.faultChance, 1_000, 1, key) > 0) happen(stage, family.details(key))
  }

  readonly #scheduled: Partial<Record<FaultName, (stage: Stage, family: Details) => void>> = {
    crashes: ({ workers }, family) => {
      const worker = workers[family.below(workers.length)]
      if (worker?.isUp !== true) return
      this.note("crashes", 0, `${worker.name} died`)
      worker.crash("at rest")
    },
    pauses: ({ workers, drawn }, family) => this.#pause(workers, family, drawn.leaseTtlMs, drawn.leaseTtlMs * 4, "pauses"),
    stalls: ({ workers }, family) => this.#pause(workers, family, 20, 1_000, "stalls"),
    cuts: (stage, family) => this.#cut(stage, family),
    "channel-lag": (stage, family) => this.#lag(stage, family),
    handovers: ({ workers, drawn }, family) => {
      const worker = workers[family.below(workers.length)]
      if (worker?.isUp !== true || worker.isLeaving) return
      this.note("handovers", drawn.leaseTtlMs, `${worker.name} left`)
      worker.leave(drawn.leaseTtlMs)
    },
    releases: (stage, family) => {
      const worker = stage.workers[family.below(stage.workers.length)]
      if (worker === undefined || stage.upgraded.has(worker.index)) return
      this.note("releases", 0, `${worker.name} was replaced by one of the next release`)
      this.#upgrade(worker, stage)
    },
    elections: ({ server, workers }, family) => {
      const streams = [...server.journals, server.commands]
      const stream = streams[family.below(streams.length)] ?? server.commands
      const ms = 100 + family.below(family.below(4) === 0 ? 9_900 : 900)
      this.note("elections", ms, `${stream.config.name} had no leader for ${ms} ms`)
      this.#listener.elected(stream.config.name)
      server.elect(stream, ms)
      if (stream !== server.commands) return
      // Its servers lead that of orders too, often enough.
      if (family.below(2) === 0) server.elect(server.orderCommands, ms)
      breakReadings(workers)
    },
    "former-leaders": ({ server, workers }, family) => {
      const partition = family.below(server.journals.length)
      const electingMs = 100 + family.below(900)
      const ms = electingMs + family.below(leaderAloneMsMax - electingMs)
      const askers = workers.filter(() => family.below(3) > 0).map(({ name }) => name)
      if (!server.cutOffLeader(partition, electingMs, ms, new Set(askers))) return
      this.note("former-leaders", ms, `the leader of journal ${partition} was cut off, and answered ${askers.join(", ")} for ${ms} ms`)
      this.#listener.elected(`JOURNAL_${partition}`)
    },
    outages: ({ server, workers }, family) => {
      const ms = 100 + family.below(4_900)
      this.note("outages", ms, `the servers were away for ${ms} ms`)
      server.goDown(ms)
      breakReadings(workers)
      if (family.below(3) === 0) for (const journal of server.journals) journal.forgetIds()
    },
    "forgotten-ids": ({ server }, family) => {
      const journal = server.journals[family.below(server.journals.length)]
      journal?.forgetIds()
      this.note("forgotten-ids", 0, `${journal?.config.name} forgot its message ids`)
    },
    "lost-commands": ({ server, workers }, family) => {
      const most = 1 + family.below(20)
      const lost = server.loseCommands(most) + server.loseCommands(1 + family.below(Math.min(4, most)), "order")
      if (lost === 0) return
      breakReadings(workers)
      for (const partition of server.journals.keys()) this.#spoiled.add(`lost-commands ${partition}`)
      this.note("lost-commands", 0, `the commands stream lost its last ${lost} messages`)
    },
    "trimmed-commands": ({ server }, family) => {
      const lost = server.trimCommands(1 + family.below(20))
      for (const partition of lost)
        this.#spoil("trimmed-commands", partition, `the commands stream dropped what partition ${partition} had not decided`)
    },
    "lost-journal": ({ server }, family) => {
      const partition = family.below(server.journals.length)
      const lost = server.loseRecords(partition, 1 + family.below(6))
      if (lost === 0) return
      this.#spoil("lost-journal", partition, `the journal of partition ${partition} lost its last ${lost} records`)
      this.#listener.journalShortened(partition, server.endSeq(partition), lost)
    },
    "full-stream": ({ server }, family) => {
      const ms = 200 + family.below(5_000)
      server.fillCommands(ms)
      this.note("full-stream", ms, `the commands stream was full for ${ms} ms`)
    },
    "ingress-crashes": ({ ingresses, world }, family) => {
      const ingress = ingresses[family.below(Math.max(1, ingresses.length))]
      if (ingress?.isUp !== true) return
      const deadMs = 50 + family.below(4_000)
      const drains = family.below(2) === 0
      this.note("ingress-crashes", deadMs, `${ingress.name} ${drains ? "was replaced" : "died"}`)
      if (drains) return ingress.replace()
      ingress.stop()
      world.in(deadMs, EventKind.restart, null, () => {
        if (!ingress.isUp) ingress.start()
      })
    },
    "ingress-pauses": ({ ingresses, world }, family) => {
      const ingress = ingresses[family.below(Math.max(1, ingresses.length))]
      if (ingress?.isUp !== true) return
      const ms = 20 + family.below(family.below(2) === 0 ? 1_000 : 12_000)
      world.pause(ingress.host, ms)
      this.note("ingress-pauses", ms, `${ingress.name} stood still for ${ms} ms`)
    },
    "door-cuts": (stage, family) => {
      const doors = this.#doors(stage)
      const door = doors[family.below(Math.max(1, doors.length))]
      if (door === undefined) return
      const ms = 200 + family.below(8_000)
      door.cutDoor(ms, family.below(5))
      this.note("door-cuts", ms, `${door.name} was cut off from senders for ${ms} ms`)
    },
    leases: ({ server }, family) => {
      const partition = family.below(server.journals.length)
      if (server.leaseHolder(partition) === null) return
      server.dropLease(partition)
      this.note("leases", 0, `the lease of partition ${partition} was gone before its time`)
    },
    "unserved-orders": ({ server, drawn }, family) => {
      const partition = drawn.partitions + family.below(Math.max(1, drawn.orderPartitions ?? 0))
      if (server.journals[partition] === undefined) return
      const ms = orderGraceMs + family.below(8 * 60_000)
      server.withholdLease(partition, ms)
      this.note("unserved-orders", ms, `nobody got the lease of journal ${partition} for ${ms} ms`)
    },
    clocks: ({ workers }, family) => {
      const worker = workers[family.below(workers.length)]
      if (worker === undefined) return
      const aheadMs = wrongMs[family.below(wrongMs.length)] ?? 0
      const byMs = aheadMs - worker.wallAheadMs
      if (byMs === 0) return
      worker.setWall(aheadMs)
      this.note("clocks", 0, `the clock of ${worker.name} was set by ${byMs} ms`)
      this.#listener.clockStepped(worker, byMs)
    },
    "broker-clock": ({ server }, family) => {
      const aheadMs = (family.below(2) === 0 ? 1 : -1) * (1_000 + family.below(8_000))
      const byMs = aheadMs - server.aheadMs
      server.setClock(aheadMs)
      this.note("broker-clock", 0, `the servers' clock was set by ${byMs} ms`)
    },
    snapshots: ({ server }, family) => {
      const partition = family.below(server.journals.length)
      const what = spoilSnapshot(server, partition, family)
      if (what !== undefined) this.#spoil("snapshots", partition, `the snapshot of partition ${partition} ${what}`)
    },
  }

  #pause(workers: ReadonlyArray<Worker>, family: Details, least: number, more: number, name: "pauses" | "stalls"): void {
    const worker = workers[family.below(workers.length)]
    if (worker?.isUp !== true) return
    const ms = least + family.below(more)
    worker.pause(ms)
    this.note(name, ms, `${worker.name} stood still for ${ms} ms`)
    if (name === "pauses") this.#listener.paused(worker, ms)
  }

  #upgrade(worker: Worker, { upgraded }: Stage): void {
    upgraded.add(worker.index)
    worker.crash("an upgrade")
  }

  #cut({ world, workers, ingresses, senders, drawn }: Stage, family: Details): void {
    const links = [...workers, ...senders.values(), ...ingresses]
    const cut = links[family.below(links.length)]
    if (cut === undefined) return
    const untilMs = world.nowMs + 200 + family.below(drawn.leaseTtlMs * 4)
    const direction = family.below(3)
    if (direction !== 1) cut.link.cutThereUntilMs = untilMs
    if (direction !== 2) cut.link.cutBackUntilMs = untilMs
    const ms = untilMs - world.nowMs
    this.note("cuts", ms, `${cut.name} was cut off ${["both ways", "from answers", "from asking"][direction]} for ${ms} ms`)
    if ("wallAheadMs" in cut) this.#listener.cutOff(cut, ms)
  }

  #lag({ world, senders, drawn }: Stage, family: Details): void {
    const all = [...senders.values()]
    const sender = all[family.below(all.length)]
    if (sender === undefined) return
    sender.link.lagMs = 100 + family.below(Math.max(4_000, Math.min(drawn.windowMs >> 3, 6 * 3_600_000)))
    sender.link.lagUntilMs = world.nowMs + sender.link.lagMs * 2
    this.note("channel-lag", sender.link.lagMs * 2, `${sender.name} lagged by ${sender.link.lagMs} ms`)
  }
}

/** Consumers of the commands stream live with its leader. */
const breakReadings = (workers: ReadonlyArray<Worker>): void => {
  for (const { everySlot } of workers) for (const slot of everySlot) slot.readings.breakCommands()
}

const damaged = (bytes: Uint8Array, at: number): Uint8Array => {
  // Not sliced: of a Buffer that would be the same memory.
  const copy = new Uint8Array(bytes)
  const place = at % copy.length
  copy[place] = ((copy[place] ?? 0) ^ 0x15) & 0x7f
  return copy
}
