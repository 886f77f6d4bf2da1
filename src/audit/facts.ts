/**
 * Which commands tell what already happened. Only they may leave units owed that aren't there, and no deadline counts for them.
 */
import type { CommandType } from "../domain/sku/commands.ts"

export const factTypes: ReadonlySet<CommandType> = new Set<CommandType>([
  "ReceiveStock",
  "AdjustStock",
  "MoveStatus",
  "Fulfil",
  "RecordSale",
])
