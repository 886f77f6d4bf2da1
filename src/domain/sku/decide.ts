/**
 * Decides one command on one SKU: its stock and the command in, events or a refusal out. Never changes the stock.
 *
 * How each is decided is said in its folder; where a fact leaves units owed that aren't there is found for all of them alike. Whether the id was seen before, whether the deadline has passed and what
 * sender may send what class is settled before, by the engine; that the fields are in their ranges, and that no list of a policy names
 * anything twice, by the decoder.
 */
import type { EpochMs, SenderId } from "../names.ts"
import { isFact, type StockCommand } from "./commands.ts"
import type { Decision } from "./decision.ts"
import { skuKind } from "./index.ts"
import type { Expired } from "./shared-events.ts"
import { withShortages } from "./shortage.ts"
import { type EndedOf, noneEnded, type Reservation, type SkuStock } from "./stock.ts"

/** How a command of some type is decided. A method, for each takes its own command alone. */
interface Decides {
  decide(stock: SkuStock | undefined, command: StockCommand, sender: SenderId, nowMs: EpochMs, endedOf: EndedOf): Decision
}
const deciding: Readonly<Record<StockCommand["type"], Decides>> = skuKind.command

/**
 * What `command` by `sender` does at `nowMs`. `stock` is undefined for a SKU nobody has told anything about: policies and facts are accepted
 * there all the same. `endedOf` knows of reservations that ended and that the stock no longer holds. Throws only if the command isn't what the decoder lets through.
 */
export const decide = (
  stock: SkuStock | undefined,
  command: StockCommand,
  sender: SenderId,
  nowMs: EpochMs,
  endedOf: EndedOf = noneEnded,
): Decision => {
  const decision = deciding[command.type].decide(stock, command, sender, nowMs, endedOf)
  if (decision._tag === "Refused" || !isFact(command)) return decision
  const events = withShortages(stock, decision.events)
  return events === decision.events ? decision : { _tag: "Accepted", events }
}

/** The end of a hold whose time is up. The caller has made sure that it is one. */
export const expire = (reservation: Reservation): Expired => ({
  type: "Expired",
  channel: reservation.channel,
  reservation: reservation.id,
  allocations: reservation.allocations,
})
