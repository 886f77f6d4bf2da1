/**
 * Makes sound journals of one SKU from a list of numbers: a shop so small that its every decision is plainly right.
 *
 * Two locations, no fences or buffers, one command a record. A choice that isn't possible at the moment lets a second pass instead.
 */

import type { LocationId, SenderId } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import type { SkuJournaledDecision } from "../../src/kinds/sku/types.ts"
import {
  accepted,
  at,
  back,
  command,
  confirmed,
  depot,
  expired,
  extended,
  fulfilled,
  hall,
  type Journal,
  journal,
  policy,
  received,
  refused,
  released,
  repeated,
  reserved,
  shop,
  sku,
  startMs,
  till,
  web,
} from "./journal-builder.ts"

const holdMs = 5_000

interface Open {
  readonly channel: SenderId
  readonly name: string
  confirmed: boolean
  expiresAtMs: number
  readonly parts: ReadonlyArray<ReturnType<typeof at>>
}

/** The shop while its history is being made. */
class Shop {
  readonly written: Journal = journal()
  readonly onHand = new Map<LocationId, number>([
    [shop, 0],
    [hall, 0],
  ])
  open: Array<Open> = []
  afterMs = 0
  made = 0
  reigns = 1
  lastReserve: { readonly channel: SenderId; readonly command: Command; readonly open: Open } | null = null

  constructor() {
    this.decide(back, command("SetPolicy", "policy", { policy: policy(1) }), accepted({ type: "PolicySet", policy: policy(1) }))
  }

  decide(sender: SenderId, one: Command, decision: SkuJournaledDecision): void {
    this.written.batch(this.afterMs, { sender, decided: [[one, decision]] })
  }

  name(): string {
    this.made += 1
    return `n${this.made}`
  }

  free(location: LocationId): number {
    const owed = this.open.flatMap(({ parts }) => parts).filter((part) => part.location === location)
    return (this.onHand.get(location) ?? 0) - owed.reduce((sum, part) => sum + part.qty, 0)
  }

  /** Time passes, and with it holds. */
  pass(ms: number): void {
    this.afterMs += ms
    const due = this.open.filter((one) => !one.confirmed && one.expiresAtMs <= startMs + this.afterMs)
    if (due.length === 0) return
    this.written.batch(this.afterMs, { _tag: "Expiry", key: sku, events: due.map((one) => expired(one.channel, one.name, ...one.parts)) })
    this.open = this.open.filter((one) => !due.includes(one))
  }

  receive(qty: number, location: LocationId): void {
    this.onHand.set(location, (this.onHand.get(location) ?? 0) + qty)
    this.decide(depot, command("ReceiveStock", this.name(), { location, qty }), accepted(received(location, qty)))
  }

  reserve(qty: number, channel: SenderId): void {
    const name = this.name()
    const asked = command("Reserve", name, { reservation: name, qty, holdMs })
    const inShop = Math.min(qty, this.free(shop))
    const inHall = Math.min(qty - inShop, this.free(hall))
    if (inShop + inHall < qty) return this.decide(channel, asked, refused("InsufficientStock", { ats: inShop + inHall }))
    const parts = [at(shop, inShop), at(hall, inHall)].filter((part) => part.qty > 0)
    const open: Open = { channel, name, confirmed: false, expiresAtMs: startMs + this.afterMs + holdMs, parts }
    this.open.push(open)
    this.lastReserve = { channel, command: asked, open }
    this.decide(channel, asked, accepted(reserved(channel, name, open.expiresAtMs, ...parts)))
  }

  again(): void {
    if (this.lastReserve === null) return
    const { channel, command: asked, open } = this.lastReserve
    const qty = open.parts.reduce((sum, part) => sum + part.qty, 0)
    const expiresAtMs = open.expiresAtMs
    this.decide(channel, asked, repeated({ outcome: "accepted", qty, allocations: [...open.parts], expiresAtMs }))
  }

  confirm(one: Open): void {
    if (one.confirmed) return
    this.open[this.open.indexOf(one)] = { ...one, confirmed: true }
    this.decide(one.channel, command("Confirm", this.name(), { reservation: one.name }), accepted(confirmed(one.channel, one.name)))
  }

  extend(one: Open): void {
    if (one.confirmed) return
    const expiresAtMs = startMs + this.afterMs + holdMs
    this.open[this.open.indexOf(one)] = { ...one, expiresAtMs }
    const asked = command("Extend", this.name(), { reservation: one.name, holdMs })
    this.decide(one.channel, asked, accepted(extended(one.channel, one.name, expiresAtMs)))
  }

  release(one: Open): void {
    this.open = this.open.filter((other) => other !== one)
    const asked = command("Release", this.name(), { reservation: one.name, reason: "cancelled" })
    this.decide(one.channel, asked, accepted(released(one.channel, one.name, ...one.parts)))
  }

  /** Ships what it has at its first location. */
  fulfil(one: Open): void {
    const [part, ...parts] = one.parts
    if (part === undefined) return
    const { channel, name } = one
    this.open = this.open.flatMap((other) => (other !== one ? [other] : parts.length > 0 ? [{ ...one, parts }] : []))
    this.onHand.set(part.location, (this.onHand.get(part.location) ?? 0) - part.qty)
    const asked = command("Fulfil", this.name(), { channel, reservation: name, location: part.location, qty: part.qty })
    this.decide(depot, asked, accepted(fulfilled(channel, name, part.location, part.qty)))
  }

  sell(qty: number, location: LocationId): void {
    if (this.free(location) < qty) return
    this.onHand.set(location, (this.onHand.get(location) ?? 0) - qty)
    const asked = command("RecordSale", this.name(), { mode: "taken", qty, location })
    this.decide(till, asked, accepted({ type: "SaleTaken", channel: till, taken: [at(location, qty)] }))
  }

  takeOver(): void {
    this.reigns += 1
    this.written.claim(`owner-${this.reigns}`)
  }
}

const act = (made: Shop, choice: number): void => {
  const location = choice % 2 === 0 ? shop : hall
  const qty = 1 + (choice % 5)
  const one = made.open[choice % Math.max(1, made.open.length)]
  switch (Math.floor(choice / 16) % 10) {
    case 0:
      return made.receive(qty, location)
    case 1:
    case 2:
      return made.reserve(qty, choice % 3 === 0 ? till : web)
    case 3:
      return one && made.confirm(one)
    case 4:
      return one && made.release(one)
    case 5:
      return one && made.extend(one)
    case 6:
      return one && made.fulfil(one)
    case 7:
      return made.sell(qty, location)
    case 8:
      return made.again()
    default:
      return made.takeOver()
  }
}

/** The history that these numbers choose. */
export const historyOf = (choices: ReadonlyArray<number>): Journal => {
  const made = new Shop()
  made.receive(5, shop)
  made.receive(4, hall)
  for (const choice of choices) {
    made.pass(choice % 1_500)
    act(made, choice)
  }
  return made.written
}
