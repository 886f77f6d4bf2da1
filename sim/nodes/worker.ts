/**
 * A worker process: its clock, its connection, its slots, and the leases it asks for. It can crash between any two things it does, stop and go
 * on, and believe a lease that is no longer its own.
 */

import type { EngineBounds } from "../../src/engine/bounds.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import type { OrderKind } from "../../src/kinds/order/types.ts"
import type { Remembering } from "../memory-drawn.ts"
import type { Server } from "../substitutes/server.ts"
import { askOver } from "../world/asking.ts"
import type { Host } from "../world/heap.ts"
import type { Ask, Link } from "../world/link.ts"
import { EventKind, type World } from "../world/world.ts"
import { type Carrier, Desk } from "./carrier.ts"
import type { Home, Ingress } from "./ingress.ts"
import type { Observer } from "./observer.ts"
import type { Reigns } from "./reigns.ts"
import { type AnySlot, Slot, type SlotKind } from "./slot.ts"

export interface WorkerOptions extends Remembering {
  readonly workers: number
  readonly tickMs: number
  readonly leaseTtlMs: number
  readonly snapshotEveryRecords: number
  readonly batchMessagesMax: number
  readonly bounds: Partial<EngineBounds>
}

/** What can go wrong inside or right beside a worker; asked for at each occasion. */
export interface WorkerFaults {
  /** Whether the worker dies here, before `what` of a partition. */
  crashes(worker: string, partition: number, what: string): boolean
  /** Milliseconds for which it then stays dead. */
  deadMs(worker: string): number
  /** Records as they are read: now and then damaged, or one of them missing. */
  readRecords(worker: string, partition: number, records: Array<StoredRecord>): Array<StoredRecord>
  /** Milliseconds an append lingers on the way, beyond the usual. */
  appendLateMs(worker: string, partition: number): number
}

export interface Surroundings {
  readonly world: World
  readonly server: Server
  readonly observer: Observer
  readonly faults: WorkerFaults
  /** What a worker is told of SKUs. */
  readonly skusOf: (worker: number) => SlotKind
  /** And of orders; null: a world without any. */
  readonly ordersOf: ((worker: number) => SlotKind<OrderKind>) | null
  /** What brings commands from actors of one kind to those of another; null: nothing does. */
  readonly carrier: Carrier | null
  readonly reigns: Reigns
}

export class Worker implements Home {
  readonly name: string
  readonly index: number
  readonly host: Host
  readonly link: Link
  readonly options: WorkerOptions
  readonly world: World
  readonly server: Server
  readonly observer: Observer
  readonly faults: WorkerFaults
  readonly reigns: Reigns
  /** The one inside it, if the world has any. */
  ingress: Ingress | null = null
  /** Its partitions of SKUs, those of orders, and all it has, by the number of their journal. */
  slots: ReadonlyArray<Slot> = []
  orderSlots: ReadonlyArray<Slot<OrderKind>> = []
  everySlot: ReadonlyArray<AnySlot> = []
  readonly carrier: Carrier | null
  readonly desk = new Desk()
  /** Its steady clock: by what it is wrong in this life, and how many millionth parts it runs fast. */
  steadyAheadMs = 0
  fastPpm = 0
  /** Its wall clock against the true time, and since when it is so. */
  wallAheadMs = 0
  wallSinceMs = 0
  isUp = false
  /** Leaves: drains what it owns and asks for nothing. */
  isLeaving = false
  readonly #skusOf: Surroundings["skusOf"]
  readonly #ordersOf: Surroundings["ordersOf"]
  #upSinceMs = 0

  constructor(index: number, link: Link, options: WorkerOptions, surroundings: Surroundings) {
    this.name = `w${index}`
    this.index = index
    this.link = link
    this.options = options
    this.world = surroundings.world
    this.server = surroundings.server
    this.observer = surroundings.observer
    this.faults = surroundings.faults
    this.reigns = surroundings.reigns
    this.#skusOf = surroundings.skusOf
    this.#ordersOf = surroundings.ordersOf
    this.carrier = surroundings.carrier
    this.host = this.world.host()
  }

  /** The steady clock. */
  get clockMs(): number {
    return this.clockAt(this.world.nowMs)
  }

  clockAt(trueMs: number): number {
    return trueMs + this.steadyAheadMs + Math.floor(((trueMs - this.#upSinceMs) * this.fastPpm) / 1_000_000)
  }

  /** Sets its wall clock. */
  setWall(aheadMs: number): void {
    this.wallAheadMs = aheadMs
    this.wallSinceMs = this.world.nowMs
  }

  get wallMs(): number {
    return this.world.nowMs + this.wallAheadMs
  }

  get isCutOff(): boolean {
    const { nowMs } = this.world
    return nowMs < this.link.cutThereUntilMs || nowMs < this.link.cutBackUntilMs || this.server.isDown
  }

  get isPaused(): boolean {
    return this.host.pausedUntilMs > this.world.nowMs
  }

  start(): void {
    this.isUp = true
    this.isLeaving = false
    this.#upSinceMs = this.world.nowMs
    // The wall clock as it is now is what the steady one begins with.
    this.steadyAheadMs = this.wallAheadMs
    const skus = this.#skusOf(this.index)
    this.slots = Array.from({ length: skus.partitions }, (_, partition) => new Slot(this, skus, partition, partition))
    const orders = this.#ordersOf?.(this.index)
    const orderPartitions = orders === undefined ? [] : Array.from({ length: orders.partitions }, (_, partition) => partition)
    this.orderSlots =
      orders === undefined ? [] : orderPartitions.map((partition) => new Slot(this, orders, skus.partitions + partition, partition))
    this.everySlot = [...this.slots, ...this.orderSlots]
    for (const slot of this.everySlot) {
      slot.halt = this.server.marks(slot.id).halt
      if (!slot.isHalted) slot.begin()
      this.#lookAfterLease(slot)
    }
    this.ingress?.start()
    this.#tick()
  }

  /** Dies: nothing of it is left, and nothing that was planned happens. */
  crash(at: string): void {
    if (!this.isUp) return
    this.observer.crashed(
      this.name,
      at,
      this.everySlot.some((slot) => slot.isServing),
    )
    this.host.life++
    this.host.pausedUntilMs = 0
    this.isUp = false
    this.ingress?.end()
    for (const slot of this.everySlot) slot.forget()
    this.slots = []
    this.orderSlots = []
    this.everySlot = []
    this.desk.forget()
    this.world.in(this.faults.deadMs(this.name), EventKind.restart, null, () => {
      if (!this.isUp) this.start()
    })
  }

  /** Whether it dies now, before `what`. */
  mayCrash(what: string, slot: AnySlot): boolean {
    if (!this.faults.crashes(this.name, slot.id, what)) return false
    this.crash(`${slot.isServing ? "serving" : (slot.partition?.phase ?? "idle")}, before ${what}`)
    return true
  }

  pause(ms: number): void {
    this.world.pause(this.host, ms)
  }

  ask<T>(ask: Ask<T>): void {
    askOver(this, ask)
  }

  #tick(): void {
    this.world.in(this.options.tickMs, EventKind.tick, this.host, () => {
      const { host } = this
      const { life } = host
      for (const slot of this.everySlot) {
        const phase = slot.partition?.phase
        if (phase === "serving" || phase === "claiming") slot.tick()
        if (host.life !== life) return
      }
      this.#tick()
    })
  }

  /** Whether this worker should rather try for the partition than the others. */
  #prefers(slot: AnySlot): boolean {
    return slot.id % this.options.workers === this.index
  }

  #lookAfterLease(slot: AnySlot): void {
    const { leaseTtlMs } = this.options
    const jitterMs = this.link.delayMs(this.link.keyNow(`lease ${slot.id}`))
    const waitMs = slot.lease !== null ? leaseTtlMs / 3 : this.#prefers(slot) ? leaseTtlMs / 5 : leaseTtlMs / 2
    this.world.in(Math.ceil(waitMs) + jitterMs, EventKind.lease, this.host, () => {
      this.#lookAfterLease(slot)
      if (slot.isAsking) return
      if (slot.lease !== null) this.#renew(slot)
      else if (
        !this.isLeaving &&
        !slot.isHalted &&
        !slot.isUnreadable &&
        slot.mayTry &&
        (this.#prefers(slot) || this.world.nowMs > this.#upSinceMs + leaseTtlMs)
      )
        this.#acquire(slot)
    })
  }

  #acquire(slot: AnySlot): void {
    const { leaseTtlMs } = this.options
    const sinceMs = this.world.nowMs
    slot.isAsking = true
    this.ask<{ readonly came: ReturnType<Server["acquire"]>; readonly brokerMs: number }>({
      what: `acquire ${slot.id}`,
      timeoutMs: leaseTtlMs / 3,
      serve: (answer) =>
        answer(this.server.isDown ? null : { came: this.server.acquire(slot.id, this.name, leaseTtlMs), brokerMs: this.server.nowMs }),
      answered: ({ came, brokerMs }) => {
        slot.isAsking = false
        if (!("revision" in came)) return
        slot.lease = { revision: came.revision, sinceMs }
        slot.hearTime(brokerMs)
        if (slot.partition?.phase === "following") slot.claim()
        else this.releaseLease(slot)
      },
      unanswered: () => {
        slot.isAsking = false
      },
    })
  }

  #renew(slot: AnySlot): void {
    const { leaseTtlMs } = this.options
    const { lease } = slot
    if (lease === null) return
    const sinceMs = this.world.nowMs
    slot.isAsking = true
    const lost = () => {
      slot.lease = null
      slot.put({ _tag: "LeaseLost", nowMs: this.clockMs })
    }
    this.ask<{ readonly came: ReturnType<Server["renew"]>; readonly brokerMs: number }>({
      what: `renew ${slot.id}`,
      timeoutMs: leaseTtlMs / 3,
      serve: (answer) =>
        answer(
          this.server.isDown
            ? null
            : { came: this.server.renew(slot.id, this.name, lease.revision, leaseTtlMs), brokerMs: this.server.nowMs },
        ),
      answered: ({ came, brokerMs }) => {
        slot.isAsking = false
        if (slot.lease !== lease) return
        if (!("revision" in came)) return lost()
        slot.lease = { revision: came.revision, sinceMs }
        slot.hearTime(brokerMs)
      },
      unanswered: () => {
        slot.isAsking = false
        if (slot.lease === lease && this.world.nowMs - lease.sinceMs >= leaseTtlMs) lost()
      },
    })
  }

  releaseLease(slot: AnySlot): void {
    if (slot.lease === null) return
    slot.lease = null
    this.ask<true>({
      what: `release ${slot.id}`,
      timeoutMs: this.options.leaseTtlMs,
      serve: (answer) => {
        if (!this.server.isDown) this.server.release(slot.id, this.name)
        answer(true)
      },
      answered: () => undefined,
      unanswered: () => undefined,
    })
  }

  /**
   * Leaves as a worker does that is told to: finishes, gives its leases back, and asks for none for so long. Its process lives on and follows the
   * journals; one that really goes and comes back is a crash at rest.
   */
  leave(awayMs: number): void {
    if (!this.isUp || this.isLeaving) return
    this.isLeaving = true
    for (const slot of this.everySlot) if (slot.lease !== null) slot.put({ _tag: "Drain", nowMs: this.clockMs })
    this.world.in(awayMs, EventKind.restart, this.host, () => {
      this.isLeaving = false
    })
  }
}
