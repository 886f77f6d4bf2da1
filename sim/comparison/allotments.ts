/**
 * What one channel that doesn't ask holds of every SKU: blocks of units, each a confirmed reservation of its own, sold oldest first.
 *
 * Sells, tells, asks for more and gives back; how much is decided in allotment.ts, and whether it is granted, by the engine.
 */
import type { LocationId, ReservationId } from "../../src/domain/names.ts"
import { qtyMax } from "../../src/limits.ts"
import { plannedChangeQty } from "./allotment.ts"
import type { HoldfastDesk } from "./holdfast.ts"
import type { AllotmentPolicy, Demand, World } from "./strategy.ts"

const location = "main" as LocationId
/** A block is confirmed in the moment in which it is granted: its hold never ends by itself. */
const holdMs = 60_000

interface Block {
  readonly reservation: ReservationId
  leftQty: number
}

interface Held {
  readonly blocks: Array<Block>
  leftQty: number
  heardAtsQty: number
  returningQty: number
  /** An ask is on its way: no second one. */
  isAsking: boolean
  movedAtMs: number
}

export class Allotments {
  readonly #world: World
  readonly #desk: HoldfastDesk
  readonly #channel: number
  readonly #policy: AllotmentPolicy
  readonly #sharePercent: number
  readonly #held: ReadonlyArray<Held>
  /** Lines its buyers have wanted, and their units. */
  #seenLines = 0
  #seenQty = 0
  #made = 0
  #isClosed = false

  constructor(world: World, desk: HoldfastDesk, channel: number, policy: AllotmentPolicy) {
    this.#world = world
    this.#desk = desk
    this.#channel = channel
    this.#policy = policy
    const total = world.channels.reduce((sum, { weight }) => sum + weight, 0)
    this.#sharePercent = policy.sharePercent ?? Math.round(((world.channels[channel]?.weight ?? 0) * 100) / total)
    this.#held = world.skus.map(() => ({
      blocks: [],
      leftQty: 0,
      heardAtsQty: 0,
      returningQty: 0,
      isAsking: false,
      movedAtMs: 0,
    }))
    desk.listen(channel, (sku, ats) => {
      const held = this.#held[sku]
      if (held !== undefined) held.heardAtsQty = ats
    })
  }

  /** The first blocks are agreed on before the window, so that their lag is over when it begins. */
  open(): void {
    for (const [sku, held] of this.#held.entries()) {
      held.heardAtsQty = this.#world.stockQty[sku] ?? 0
      const qty = this.#changeQty(held)
      if (qty > 0) this.#grant(sku, Math.min(qty, qtyMax), 0)
    }
    this.#world.after(this.#policy.reviewMs - this.#world.nowMs(), () => this.#review())
  }

  demanded(demand: Demand): void {
    this.#seenLines += 1
    this.#seenQty += demand.qty
    const held = this.#held[demand.sku]
    if (held === undefined || held.leftQty < demand.qty) this.#world.refuse(demand)
    else this.#sell(demand, held)
    if (held !== undefined) this.#plan(demand.sku, held)
  }

  close(): void {
    this.#isClosed = true
  }

  get #lagMs(): number {
    return this.#world.channels[this.#channel]?.lagMs ?? 0
  }

  #sell(demand: Demand, held: Held): void {
    const { sku } = demand
    const sender = this.#desk.nameOf(this.#channel)
    this.#world.promise(demand)
    held.movedAtMs = this.#world.nowMs()
    for (const { reservation, qty } of this.#draw(sku, held, demand.qty)) {
      this.#world.setAside(this.#channel, sku, -qty)
      this.#world.after(
        this.#lagMs,
        () => void this.#desk.decide(sender, sku, { type: "RecordSale", mode: "taken", reservation, qty, location }),
      )
    }
  }

  /** Takes units off the oldest blocks. */
  #draw(sku: number, held: Held, qty: number): ReadonlyArray<{ readonly reservation: ReservationId; readonly qty: number }> {
    const parts: Array<{ readonly reservation: ReservationId; readonly qty: number }> = []
    let wantedQty = qty
    for (const block of held.blocks) {
      const part = Math.min(block.leftQty, wantedQty)
      if (part === 0) continue
      parts.push({ reservation: block.reservation, qty: part })
      block.leftQty -= part
      wantedQty -= part
    }
    while (held.blocks[0]?.leftQty === 0) held.blocks.shift()
    held.leftQty -= qty
    this.#world.list(this.#channel, sku, held.leftQty)
    return parts
  }

  #changeQty(held: Held): number {
    const idleForMs = this.#world.nowMs() - held.movedAtMs
    // Before its first buyer, nothing smaller than a unit is typical.
    const typicalQty = this.#seenLines === 0 ? 1 : this.#seenQty / this.#seenLines
    return plannedChangeQty({ ...held, idleForMs, typicalQty }, this.#sharePercent, this.#policy)
  }

  #review(): void {
    if (this.#isClosed) return
    for (const [sku, held] of this.#held.entries()) this.#plan(sku, held)
    this.#world.after(this.#policy.reviewMs, () => this.#review())
  }

  #plan(sku: number, held: Held): void {
    if (this.#isClosed || held.isAsking) return
    const qty = this.#changeQty(held)
    if (qty > 0) {
      held.isAsking = true
      this.#world.after(this.#lagMs, () => this.#grant(sku, Math.min(qty, qtyMax), this.#lagMs))
    } else if (qty < 0) this.#giveBack(sku, held, -qty)
  }

  /** The ask has arrived: reserves what there is of it. The answer is heard after its lag, and only then is anything sold of it. */
  #grant(sku: number, qty: number, answerLagMs: number): void {
    const reservation = `block.${++this.#made}` as ReservationId
    const sender = this.#desk.nameOf(this.#channel)
    const { said } = this.#desk.decide(sender, sku, { type: "Reserve", reservation, qty, holdMs, partial: true })
    const grantedQty = said.outcome === "accepted" ? (said.qty ?? 0) : 0
    if (grantedQty > 0) {
      this.#desk.decide(sender, sku, { type: "Confirm", reservation })
      this.#world.setAside(this.#channel, sku, grantedQty)
    }
    this.#world.after(answerLagMs, () => this.#hearGrant(sku, { reservation, leftQty: grantedQty }))
  }

  #hearGrant(sku: number, block: Block): void {
    const held = this.#held[sku]
    if (held === undefined) return
    held.isAsking = false
    if (block.leftQty === 0) return
    held.blocks.push(block)
    held.leftQty += block.leftQty
    held.movedAtMs = this.#world.nowMs()
    this.#world.list(this.#channel, sku, held.leftQty)
  }

  /** From now on it is not sold here; for others it is there once the engine has heard of it. */
  #giveBack(sku: number, held: Held, qty: number): void {
    const sender = this.#desk.nameOf(this.#channel)
    held.returningQty += qty
    for (const part of this.#draw(sku, held, qty)) {
      this.#world.after(this.#lagMs, () => {
        this.#desk.decide(sender, sku, { type: "Release", ...part, reason: "other" })
        this.#world.setAside(this.#channel, sku, -part.qty)
      })
    }
    this.#world.after(2 * this.#lagMs, () => {
      held.returningQty -= qty
    })
  }
}
