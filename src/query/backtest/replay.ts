/**
 * One SKU of a backtest: what happened, and beside it the same demand decided again under another policy by the domain's own decide.
 *
 * What a replay means where it parts from what happened is decided here, and told in docs/QUERIES.md: holds that were refused and are given now, holds that were given and are refused now with all that
 * hung on them, counts of a shelf that would have been another.
 */
import { unreachable } from "../../assert.ts"
import type { EpochMs, ReservationId, SenderId, Sku } from "../../domain/names.ts"
import { isBusinessAnswer } from "../../domain/refusals.ts"
import type { Command, StockCommand } from "../../domain/sku/commands.ts"
import type { StockEvent } from "../../domain/sku/events.ts"
import type { Policy } from "../../domain/sku/policy.ts"
import { isOpen, openQtyOf, type Reservation, reservationOf } from "../../domain/sku/stock.ts"
import { skuKind } from "../../kinds/sku/kind.ts"
import { coversPerRecordMax } from "../../limits.ts"
import type { SkuPastCommand, SkuPastLine } from "../../wire/past-lines.ts"
import { eventsOf } from "../fold.ts"
import { DueHolds } from "./holds.ts"
import { followsRecorded, isOtherPolicy, policyInstead, type TestedPolicy } from "./tested.ts"
import { unowedUnits, World } from "./world.ts"

/** What becomes of a hold that was refused and is given now: nobody knows whether it would have been paid. `sold`: it is, at once. `lapse`: it isn't, and ends with its time. */
export type Regained = "sold" | "lapse"

/** What of the recorded demand is not decided again. */
export interface LeftOut {
  /** Heard again what was decided before: no demand of its own. */
  repeated: number
  /** Its deadline had passed. */
  tooLate: number
  /** In quarantine and not settled, dropped, or refused for its form or for want of room. */
  undecided: number
  /** Policies that were set: the tried one stands in their place. */
  policies: number
  /** Facts that hung on a hold which the replay refused: they would not have happened. */
  unfounded: number
}

/** Nothing left out yet. */
export const noneLeftOut = (): LeftOut => ({ repeated: 0, tooLate: 0, undecided: 0, policies: 0, unfounded: 0 })

/** How a replay is made. */
export interface ReplayRules {
  readonly tested: TestedPolicy
  readonly regained: Regained
  readonly fromMs: EpochMs
  readonly toMs: EpochMs
}

const noEvents: ReadonlyArray<StockEvent> = []

/** A command's own channel: that of the order whose line it is. */
const channelOf = ({ sender, onBehalf }: SkuPastCommand): SenderId => onBehalf ?? sender

/** Whether the decision was one on stock: what else is a no said nothing about what there was. */
const wasDecided = ({ decision }: SkuPastCommand): boolean =>
  decision._tag === "Accepted" ||
  (decision._tag === "Refused" &&
    isBusinessAnswer(decision.refusal.reason) &&
    !(decision.refusal.reason === "LimitReached" && decision.refusal.field !== "openReservations"))

/** By how many units a count differed from what was believed then: it would have differed by as many from what would have been believed. */
const countedMore = (events: ReadonlyArray<StockEvent>): number => {
  let qty = 0
  for (const event of events) {
    if (event.type === "StockAdjusted") qty += event.qty
    if (event.type === "DiscrepancyFound" && event.kind === "NotOnHand") qty -= event.qty
  }
  return qty
}

const wasCovered = (events: ReadonlyArray<StockEvent>): boolean =>
  !events.some((event) => event.type === "DiscrepancyFound" && event.kind === "NotReserved")

/** A SKU in both worlds. */
export class SkuReplay {
  readonly sku: Sku
  readonly happened: World
  replayed: World | null = null
  readonly leftOut = noneLeftOut()
  /** Commands decided again. */
  decided = 0
  /** Whether the replay ever had another policy than the one that was in force. */
  hasOtherPolicy = false
  readonly #rules: ReplayRules
  readonly #holds = new DueHolds()
  /** Holds that the replay refused though they were given; what hangs on them is left out. */
  readonly #foregone = new Set<string>()

  constructor(sku: Sku, rules: ReplayRules) {
    this.sku = sku
    this.#rules = rules
    this.happened = World.empty(sku)
  }

  /** Takes the next line about the SKU. */
  take(line: SkuPastLine): void {
    const { atMs } = line
    const replayed = atMs >= this.#rules.fromMs ? this.#begun(atMs) : null
    this.happened.passTo(atMs)
    if (replayed !== null) this.#expire(replayed, atMs)
    const unowed = unowedUnits(this.happened.stock)
    if (replayed !== null && line._tag === "Command" && line.command !== null) this.#again(replayed, line, line.command)
    const events = eventsOf(line)
    this.happened.apply(events, atMs)
    if (line._tag === "Command" && line.command !== null && wasDecided(line)) {
      const refusal = line.decision._tag === "Refused" ? line.decision.refusal : null
      this.happened.demand(line.command, channelOf(line), events, refusal, unowed)
    }
  }

  /** The range is over. */
  end(): void {
    const { toMs } = this.#rules
    const replayed = this.#begun(toMs)
    this.#expire(replayed, toMs)
    this.happened.passTo(toMs)
    replayed.passTo(toMs)
  }

  /** The world of the replay, which begins as the other one is when the range does, or with the first that is told of the SKU. */
  #begun(atMs: EpochMs): World {
    if (this.replayed !== null) return this.replayed
    const fromMs = this.happened.isKnown ? this.#rules.fromMs : atMs
    const replayed = this.happened.fork()
    this.replayed = replayed
    for (const hold of replayed.holds()) this.#holds.add(hold)
    this.happened.count(fromMs)
    const { policy } = this.happened.stock
    this.#notePolicy(policy)
    const instead = policyInstead(this.#rules.tested, this.sku, policy)
    if (instead !== null) this.#setPolicy(replayed, instead, fromMs)
    replayed.count(fromMs)
    return replayed
  }

  #notePolicy(recorded: Policy | null): void {
    this.hasOtherPolicy ||= isOtherPolicy(this.#rules.tested, this.sku, recorded)
  }

  #setPolicy(replayed: World, instead: NonNullable<ReturnType<typeof policyInstead>>, atMs: EpochMs): void {
    const { version: _, ...policy } = instead
    const command: StockCommand = { type: "SetPolicy", id: "backtest" as never, sku: this.sku, issuedAtMs: atMs, policy }
    replayed.apply(this.#decide(replayed, command, "backtest" as SenderId, atMs, false).events, atMs)
  }

  #decide(world: World, command: StockCommand, sender: SenderId, atMs: EpochMs, isInternal: boolean) {
    const stock = world.isKnown ? world.stock : undefined
    const decision = skuKind.decide(stock, command, sender, atMs, world.endedOf, isInternal)
    return decision._tag === "Accepted"
      ? { events: decision.events, refusal: null }
      : { events: noEvents, refusal: decision._tag === "Refused" ? decision.refusal : null }
  }

  /** Ends the holds that are over by then, each at its own time. */
  #expire(replayed: World, toMs: EpochMs): void {
    for (let due = this.#holds.take(toMs); due !== undefined; due = this.#holds.take(toMs)) {
      const found = reservationOf(replayed.stock, due.channel, due.id)
      // Made lasting, ended, or extended meanwhile: then it is here a second time.
      if (found === undefined || found.status !== "held" || found.expiresAtMs !== due.expiresAtMs) continue
      replayed.passTo(due.expiresAtMs)
      this.#apply(replayed, skuKind.parts.expire(found, due.expiresAtMs), due.expiresAtMs)
    }
    replayed.passTo(toMs)
  }

  #apply(replayed: World, events: ReadonlyArray<StockEvent>, atMs: EpochMs): void {
    replayed.apply(events, atMs)
    for (const event of events)
      if (event.type === "Reserved" || event.type === "Extended")
        this.#holds.add({ channel: event.channel, id: event.reservation, expiresAtMs: event.expiresAtMs })
    while (skuKind.mayFollowUp(replayed.stock)) {
      const more = skuKind.followUps(replayed.stock, coversPerRecordMax)
      if (more.length === 0) return
      replayed.apply(more, atMs)
    }
  }

  /** Decides a recorded command again. */
  #again(replayed: World, line: SkuPastCommand, recorded: Command): void {
    if (!wasDecided(line)) return this.#leaveOut(line)
    const channel = channelOf(line)
    const command = this.#asReplayed(replayed, line, recorded, channel)
    if (command === null) return
    this.decided += 1
    const unowed = unowedUnits(replayed.stock)
    const { events, refusal } = this.#decide(replayed, command, channel, line.atMs, line.onBehalf !== null)
    this.#apply(replayed, events, line.atMs)
    replayed.demand(command, channel, events, refusal, unowed)
    if (command.type === "Reserve") this.#noteHold(replayed, line, command.reservation, channel, refusal !== null)
  }

  #leaveOut({ decision }: SkuPastCommand): void {
    if (decision._tag === "Repeated") this.leftOut.repeated += 1
    else if (decision._tag === "TooLate") this.leftOut.tooLate += 1
    else this.leftOut.undecided += 1
  }

  /** What a recorded command is in the replay; null: nothing. */
  #asReplayed(replayed: World, line: SkuPastCommand, command: Command, channel: SenderId): StockCommand | null {
    switch (command.type) {
      case "ReplayQuarantined":
      case "DropQuarantined":
        return null
      case "SetPolicy":
        return this.#policyInstead(line, command)
      case "Recount": {
        const qty = countedMore(eventsOf(line))
        const { id, sku, issuedAtMs, location } = command
        return qty === 0 ? null : { type: "AdjustStock", id, sku, issuedAtMs, location, qty, reason: "count" }
      }
      case "Fulfil":
        return this.#shipment(reservationOf(replayed.stock, command.channel, command.reservation), line, command)
      case "RecordSale":
        if (command.reservation === undefined || !this.#foregone.has(`${channel}/${command.reservation}`)) return command
        this.leftOut.unfounded += 1
        return null
      case "Release": {
        const open = reservationOf(replayed.stock, channel, command.reservation)
        if (open === undefined || command.qty === undefined || command.qty <= openQtyOf(open)) return command
        const { qty: _, ...all } = command
        return all
      }
      case "Reserve":
      case "Confirm":
      case "Extend":
      case "ReceiveStock":
      case "AdjustStock":
      case "MoveStatus":
      case "WriteOff":
        return command
      default:
        return unreachable(command)
    }
  }

  #policyInstead(line: SkuPastCommand, command: Extract<StockCommand, { readonly type: "SetPolicy" }>): StockCommand | null {
    const set = eventsOf(line).find((event) => event.type === "PolicySet")
    if (set === undefined) return null
    this.#notePolicy(set.policy)
    const { tested } = this.#rules
    if (!followsRecorded(tested, this.sku)) {
      this.leftOut.policies += 1
      return null
    }
    const { version: _, ...policy } = policyInstead(tested, this.sku, set.policy) ?? set.policy
    return { ...command, policy }
  }

  /** A shipment takes no more than the replay has open of what it covered, and leaves from where its units are. */
  #shipment(
    found: Reservation | undefined,
    line: SkuPastCommand,
    command: Extract<StockCommand, { readonly type: "Fulfil" }>,
  ): StockCommand | null {
    if (line.decision._tag !== "Accepted" || !wasCovered(line.decision.events)) return command
    const open = found !== undefined && isOpen(found) ? found : undefined
    if (open === undefined) {
      this.leftOut.unfounded += 1
      return null
    }
    const qty = command.qty === undefined ? undefined : Math.min(command.qty, openQtyOf(open))
    const lies = open.allocations.some(({ location }) => location === command.location)
    const location = lies ? command.location : (open.allocations[0]?.location ?? command.location)
    return qty === undefined ? { ...command, location } : { ...command, location, qty }
  }

  #noteHold(replayed: World, line: SkuPastCommand, reservation: ReservationId, channel: SenderId, isRefused: boolean): void {
    const wasGiven = line.decision._tag === "Accepted"
    const name = `${channel}/${reservation}`
    if (!isRefused) this.#foregone.delete(name)
    else if (wasGiven) this.#foregone.add(name)
    if (isRefused || wasGiven || this.#rules.regained === "lapse") return
    const confirm: StockCommand = { type: "Confirm", id: "backtest" as never, sku: this.sku, issuedAtMs: line.atMs, reservation }
    this.#apply(replayed, this.#decide(replayed, confirm, channel, line.atMs, true).events, line.atMs)
  }
}
