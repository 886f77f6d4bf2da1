/** What happens when a SKU tells of a line: the order's picture follows. */
import type { Sku } from "../../../names.ts"
import type { LineFact } from "./command.ts"

/** `qty` units of a line ended without the order's doing. */
export interface LineNoted {
  readonly type: "LineNoted"
  readonly sku: Sku
  readonly fact: LineFact
  readonly qty: number
}
