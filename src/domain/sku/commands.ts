/**
 * What a sender may ask of one SKU (commands) or tell about it (facts), as decoded values. Each is declared in its folder under commands/; here they are all of them.
 *
 * The sender is not among the fields: it is known from the permission-checked subject. A fact can't be refused for a business
 * reason: it already happened, and is applied as far as possible.
 */
import type { CommandValue } from "../define.ts"
import type { CommandClass } from "../names.ts"
import { skuKind } from "./index.ts"

type SkuCommandSpec = (typeof skuKind.commands)[number]
type SkuCommandOf<One> = One extends {
  readonly type: infer Type extends string
  readonly isFact: infer IsFact extends boolean
  readonly fields: infer Own extends SkuCommandSpec["fields"]
}
  ? CommandValue<typeof skuKind.head, Type, IsFact, Own>
  : never
type Sold = { readonly class: "sell" }
type FactSpec = { readonly isFact: true }
type Operated = { readonly class: "operator" }

/** What already happened. */
export type Fact = SkuCommandOf<Extract<SkuCommandSpec, FactSpec>>
/** What a channel asks for, and may be refused. */
export type SellCommand = SkuCommandOf<Exclude<Extract<SkuCommandSpec, Sold>, FactSpec>>
/** What an operator settles quarantine with. */
export type OperatorCommand = SkuCommandOf<Extract<SkuCommandSpec, Operated>>
/** What one SKU decides by itself; operator commands are the partition's. */
export type StockCommand = SkuCommandOf<Exclude<SkuCommandSpec, Operated>>
/** Every command about a SKU. */
export type Command = StockCommand | OperatorCommand
/** The names of all commands about a SKU. */
export type CommandType = SkuCommandSpec["type"]

/** A table by type, of what each type's spec says. */
export const ofEachType = <Value>(value: (spec: SkuCommandSpec) => Value): Readonly<Record<CommandType, Value>> =>
  Object.fromEntries(skuKind.commands.map((spec) => [spec.type, value(spec)])) as Record<CommandType, Value>

/** The class each type must be sent in. */
export const classOf: Readonly<Record<CommandType, CommandClass>> = ofEachType((spec) => spec.class)

const isFactType = ofEachType((spec) => spec.isFact)

/** Facts already happened: no deadline, no business refusal, a longer horizon. */
export const isFact = (command: Command): command is Fact => isFactType[command.type]

export type { AdjustStock } from "./commands/adjust-stock/command.ts"
export { AdjustReason } from "./commands/adjust-stock/events.ts"
export type { Confirm } from "./commands/confirm/command.ts"
export type { Extend } from "./commands/extend/command.ts"
export type { Fulfil } from "./commands/fulfil/command.ts"
export type { MoveStatus } from "./commands/move-status/command.ts"
export type { ReceiveStock } from "./commands/receive-stock/command.ts"
export type { RecordSale } from "./commands/record-sale/command.ts"
export type { Release } from "./commands/release/command.ts"
export { ReleaseReason } from "./commands/release/events.ts"
export type { Reserve } from "./commands/reserve/command.ts"
export type { SetPolicy } from "./commands/set-policy/command.ts"
export { StockStatus } from "./fields.ts"
