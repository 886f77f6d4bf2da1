/**
 * What the engine is told of commands on SKUs before and beside deciding them: classes, names under which they are remembered, bounds.
 */
import { assert } from "../../assert.ts"
import type { CommandId, SenderId } from "../../domain/names.ts"
import { type Command, type CommandType, classOf, isFact, ofEachType } from "../../domain/sku/commands.ts"
import { skuKind } from "../../domain/sku/index.ts"
import { channelPolicy } from "../../domain/sku/policy.ts"
import type { SkuStock } from "../../domain/sku/stock.ts"
import type { KindCommands, KindOperatorCommand } from "../../engine/kind.ts"
import { horizonMs } from "../../engine/memory.ts"
import type { FloorClass } from "../../engine/records.ts"
import { commandHorizonMs, factHorizonMs, saleQtyMax } from "../../limits.ts"
import type { SkuKind } from "./types.ts"

/** The class whose floor and horizon a command of each type falls under: its own, but that a fact of a channel is remembered as long as other facts. */
const floorClasses: Readonly<Record<CommandType, FloorClass>> = ofEachType((spec) =>
  spec.class === "sell" && spec.isFact ? "sale" : spec.class,
)

/** The class whose floor and horizon a command falls under. */
const floorClassOf = (command: Command): FloorClass => floorClasses[command.type]

for (const { type, isFact: isKindOfFact } of skuKind.commands)
  assert(
    horizonMs[floorClasses[type]] === (isKindOfFact ? factHorizonMs : commandHorizonMs),
    "facts are remembered for the horizon of facts",
  )

const operatorOf = (command: Command): KindOperatorCommand<SkuKind> | undefined => {
  if (command.type !== "ReplayQuarantined" && command.type !== "DropQuarantined") return undefined
  const { sku, quarantined } = command
  return { quarantined, isAbout: (waiting) => waiting.sku === sku, dropReason: command.type === "DropQuarantined" ? command.reason : null }
}

/**
 * Under what a shipment that has a reference is remembered beside its command's id: reservation, location and reference. No id has a slash in it. So it counts, is bounded,
 * swept and written into snapshots like any decision of its sender.
 */
const shipmentKeyOf = (command: Command): CommandId | undefined =>
  command.type === "Fulfil" && command.shipment !== undefined
    ? (`${command.channel}/${command.reservation}/${command.location}/${command.shipment}` as CommandId)
    : undefined

/** What of a shipment has to be the same for it to be the same: its quantity, all that was open if it says none. */
const shipmentHashOf = (command: Command): number => (command.type === "Fulfil" ? (command.qty ?? 0) : 0)

/** What is beyond the bounds of a channel's own word, or undefined. A sale of a SKU that isn't known would make it. */
const beyondBounds = (command: Command, sender: SenderId, bulk: boolean, stock: SkuStock | undefined): string | undefined => {
  if (command.type !== "RecordSale" || bulk) return undefined
  if (stock === undefined) return "a sale of a SKU that nobody has told anything about, without the role bulk"
  if (channelPolicy(stock.policy, sender) === undefined)
    return "a sale of a SKU whose policy doesn't name its sender, without the role bulk"
  return command.qty > saleQtyMax ? `a sale of more than ${saleQtyMax} units, without the role bulk` : undefined
}

/** What a command of a type may take of a record at its worst. Methods, for each takes its own command alone. */
interface Bounded {
  readonly bounds: { entryBytes(places: number, bodyBytes: number): number; placesMade(command: Command): number }
}
const bounded: Readonly<Record<CommandType, Bounded>> = skuKind.command

/** Bytes of its entry at the worst, given how many locations its SKU may have. */
const worstBytesOf = (command: Command, locations: number, bodyBytes: number): number =>
  bounded[command.type].bounds.entryBytes(locations, bodyBytes)

/** Locations that deciding the command may add to its SKU. */
const locationsMadeBy = (command: Command): number => bounded[command.type].bounds.placesMade(command)

/** Rank of senders whose SKU has no policy for them. */
const lastRank = 1_000_000

/** Channels are decided by the priority that the SKU's policy gives them. */
const rankOf = (stock: SkuStock | undefined, sender: SenderId): number => channelPolicy(stock?.policy ?? null, sender)?.priority ?? lastRank

export const skuCommands: KindCommands<SkuKind> = Object.freeze<KindCommands<SkuKind>>({
  keyOf: (command) => command.sku,
  classOf: (command) => classOf[command.type],
  isFact,
  hasFacts: true,
  floorClassOf,
  operatorOf,
  secondNameOf: shipmentKeyOf,
  secondHashOf: shipmentHashOf,
  secondField: "shipment",
  secondClass: "stock",
  beyondBounds,
  sizeOf: (stock) => stock?.locations.length ?? 0,
  growthOf: locationsMadeBy,
  worstBytesOf,
  rankOf,
})
