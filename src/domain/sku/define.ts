/**
 * What every command and every event of a SKU has in common, and the functions that declare one of each. What a command is, is said in its own folder.
 */
import type * as Schema from "effect/Schema"
import { type CommandValue, commandDefiner, type EventValue } from "../define.ts"
import { CommandIdField, EpochMsField, SkuField } from "../fields.ts"
import type { LocationId } from "../names.ts"
import type { Decision } from "./decision.ts"
import type { EndedOf, Reservation, SkuStock } from "./stock.ts"

/** The fields every command of a SKU begins with. `issuedAtMs`: when the sender made it, by the sender's clock; bounds how long its id is remembered. */
export const head = { id: CommandIdField, sku: SkuField, issuedAtMs: EpochMsField }

/** What of a SKU each of its commands is given and decides. */
export interface SkuDeclaration {
  readonly head: typeof head
  /** Undefined for a SKU nobody has told anything about. */
  readonly state: SkuStock | undefined
  /** Reservations that ended and that the stock no longer holds. */
  readonly known: EndedOf
  readonly decision: Decision
}

/** A command that may be refused. */
export type SkuCommand<Type extends string, Own extends Schema.Struct.Fields> = CommandValue<typeof head, Type, false, Own>
/** A command that tells what already happened. */
export type SkuFact<Type extends string, Own extends Schema.Struct.Fields> = CommandValue<typeof head, Type, true, Own>

/** Declares a command of a SKU. */
export const defineCommand = commandDefiner<SkuDeclaration>()

/** Adds to the units that are owed and not there at a location; negative takes off. */
export type OwesMore = (location: LocationId, qty: number) => void

/** What is said of an event of a SKU. Exported because declarations of events are of this type. */
export interface SkuEventSpec<Type extends string, Own extends Schema.Struct.Fields> {
  readonly type: Type
  readonly fields: Own
  /** Applies it to locations, channel uses and policy; the table of reservations is neither read nor changed. */
  readonly toStock: ((stock: SkuStock, event: EventValue<Type, Own>) => void) | null
  /** Applies it to the table of reservations alone. Returns the one it touched. */
  readonly toReservation: ((stock: SkuStock, event: EventValue<Type, Own>) => Reservation) | null
  /**
   * Where a fact's event changes how many units are owed that aren't there: a unit owed more, or a sound unit less, adds one. Null: it moves no units, or no fact has it.
   */
  readonly owes: ((event: EventValue<Type, Own>, more: OwesMore) => void) | null
}

/** Declares an event of a SKU. */
export const defineEvent = <const Type extends string, const Own extends Schema.Struct.Fields>(
  spec: SkuEventSpec<Type, Own>,
): SkuEventSpec<Type, Own> => spec
