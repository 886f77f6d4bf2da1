/**
 * What a SKU's own JSON is, put together for the parts of wire that are the same for every kind.
 */
import { classOf } from "../domain/sku/commands.ts"
import type { SkuKind } from "../kinds/sku/types.ts"
import { commandText } from "./canonical.ts"
import type { CarriedReader } from "./carry.ts"
import { skuCommands } from "./commands.ts"

/** Reads what orders carry to SKUs. */
export const skuCarried: CarriedReader<SkuKind> = {
  readCarried: skuCommands.readCarried,
  commandText,
  classOf: ({ type }) => classOf[type],
}
