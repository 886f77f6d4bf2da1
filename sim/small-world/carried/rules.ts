/**
 * The rules of carried commands that a small world can leave out, one at a time: what each of them is for. Production's are `carryRules`.
 */
import type { LineCommand } from "../../../src/domain/order/carried.ts"
import type { OrderId } from "../../../src/domain/order/names.ts"
import type { UnderWay } from "./actors.ts"

export interface CarryRules {
  /** What a carried command is called. */
  readonly idOf: (order: OrderId, event: number, place: number, command: LineCommand) => string
  /** Whether a decision that comes back under `id` is of this command. */
  readonly takesReturnOf: (underWay: UnderWay, id: string) => boolean
  /** Whether nothing is sent before the record that carries it is confirmed. */
  readonly sendsConfirmed: boolean
  /** Whether a decision comes back only once the SKU's record is confirmed. */
  readonly saysConfirmed: boolean
  /** Whether what is under way is asked for again. */
  readonly asksAgain: boolean
  /** Whether a SKU remembers what it decided. */
  readonly remembers: boolean
  /** Of what a SKU hears from where on something is under way: of confirmed records, of the record in flight too, or only how many records there are. */
  readonly floorOf: "confirmed" | "in flight" | "newest"
  /** Whether an order that won't be, or is no more, gives back what it has. */
  readonly givesBack: boolean
  /** Whether a SKU tells orders of what they did not ask for. */
  readonly tells: boolean
  /** Whether a SKU's hold outlives the order's by the grace. */
  readonly grace: boolean
}

export const carryRules: CarryRules = Object.freeze<CarryRules>({
  idOf: (order, event, place) => `${order}/${event}/${place}`,
  takesReturnOf: (underWay, id) => underWay.id === id,
  sendsConfirmed: true,
  saysConfirmed: true,
  asksAgain: true,
  remembers: true,
  floorOf: "confirmed",
  givesBack: true,
  tells: true,
  grace: true,
})
