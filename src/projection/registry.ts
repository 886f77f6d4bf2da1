/**
 * The kinds, as their journals are projected.
 */
import type { Kind } from "../domain/kinds.ts"
import type { ProjectedKind } from "./kinds.ts"
import { projectedOrders } from "./order-rows.ts"
import { projectedSkus } from "./sku-rows.ts"

const projected: Readonly<Record<Kind, ProjectedKind>> = {
  // What comes out of one kind's functions goes into the same kind's alone.
  sku: projectedSkus as unknown as ProjectedKind,
  // As above.
  order: projectedOrders as unknown as ProjectedKind,
}

/** A kind, by its word. */
export const projectedKindOf = (kind: Kind): ProjectedKind => projected[kind]
