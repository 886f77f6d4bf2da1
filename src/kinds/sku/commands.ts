/**
 * What the engine is told of commands on SKUs before and beside deciding them: classes, names under which they are remembered, bounds.
 */
import { unreachable } from "../../assert.ts"
import type { CommandId, SenderId } from "../../domain/names.ts"
import { type Command, classOf, isFact } from "../../domain/sku/commands.ts"
import { channelPolicy } from "../../domain/sku/policy.ts"
import type { SkuStock } from "../../domain/sku/stock.ts"
import type { KindCommands, OperatorCommand } from "../../engine/kind.ts"
import type { FloorClass } from "../../engine/records.ts"
import { allocationsMax, bodyBytesMax, entryOverheadBytesMax, idCharsMax, saleQtyMax } from "../../limits.ts"
import type { SkuKind } from "./types.ts"

/** The class whose floor and horizon a command falls under: sales that happened fall under a longer one than what is asked for in their class. */
const floorClassOf = (command: Command): FloorClass => {
  const commandClass = classOf[command.type]
  return commandClass === "sell" && isFact(command) ? "sale" : commandClass
}

const operatorOf = (command: Command): OperatorCommand | undefined => {
  if (command.type === "ReplayQuarantined") return { quarantined: command.quarantined, dropReason: null }
  return command.type === "DropQuarantined" ? { quarantined: command.quarantined, dropReason: command.reason } : undefined
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

/** Bytes of one allocation in an event: its location's id, a quantity, and the names of both. */
const allocationBytes = idCharsMax + 40
/** Bytes of a shortage found at one location. */
const shortageBytes = idCharsMax + 64
/** Bytes of an entry and of a decision without allocations, numbers spelled out longer than in the body included. */
const plainEntryBytes = 512

/** Bytes of its entry at the worst, given how many locations its SKU may have. */
const worstBytesOf = (command: Command, locations: number, bodyBytes: number): number => {
  switch (command.type) {
    case "SetPolicy":
      return bodyBytes + plainEntryBytes
    // A hold may be confirmed where its locations lack units, and says so.
    case "Confirm":
      return plainEntryBytes + Math.min(allocationsMax, locations) * shortageBytes
    case "Extend":
    case "ReceiveStock":
    case "AdjustStock":
    case "MoveStatus":
      return plainEntryBytes
    case "ReplayQuarantined":
    case "DropQuarantined":
      return 2 * bodyBytesMax + entryOverheadBytesMax
    case "Reserve":
    case "Release":
    case "Fulfil":
    case "RecordSale": {
      const parts = Math.min(allocationsMax, locations)
      const shortages = isFact(command) ? (parts + 1) * shortageBytes : 0
      return 2 * plainEntryBytes + parts * allocationBytes + shortages
    }
    default:
      return unreachable(command)
  }
}

/** Locations that deciding the command may add to its SKU. */
const locationsMadeBy = (command: Command): number => {
  switch (command.type) {
    case "SetPolicy":
      return command.policy.safety.length
    case "ReceiveStock":
    case "AdjustStock":
    case "MoveStatus":
    case "Fulfil":
    case "RecordSale":
      return 1
    case "Reserve":
    case "Confirm":
    case "Release":
    case "Extend":
    case "ReplayQuarantined":
    case "DropQuarantined":
      return 0
    default:
      return unreachable(command)
  }
}

/** Rank of senders whose SKU has no policy for them. */
const lastRank = 1_000_000

/** Channels are decided by the priority that the SKU's policy gives them. */
const rankOf = (stock: SkuStock | undefined, sender: SenderId): number => channelPolicy(stock?.policy ?? null, sender)?.priority ?? lastRank

export const skuCommands: KindCommands<SkuKind> = Object.freeze<KindCommands<SkuKind>>({
  keyOf: (command) => command.sku,
  classOf: (command) => classOf[command.type],
  isFact,
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
