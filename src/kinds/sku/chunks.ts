/**
 * How SKUs and their reservations stand in a snapshot.
 */
import { addReservation } from "../../domain/sku/stock.ts"
import type { KindChunks } from "../../engine/kind.ts"
import { sharedPolicy } from "./policies.ts"
import type { SkuActor, SkuKind, SkuRow } from "./types.ts"

const actorRowOf = ({ state: stock, version, strays }: SkuActor): SkuRow => ({
  sku: stock.sku,
  version,
  policy: stock.policy,
  locations: stock.locations,
  uses: stock.uses,
  shorts: stock.shorts,
  ...(strays === null ? {} : { strays }),
})

const loadActor = (actor: SkuActor, row: SkuRow, shared: Map<string, object>): void => {
  const { state: stock } = actor
  actor.version = row.version
  stock.policy = row.policy === null ? null : sharedPolicy(shared, row.policy)
  stock.locations = row.locations
  stock.uses = row.uses === null ? null : [...row.uses]
  stock.shorts = row.shorts
  actor.strays = row.strays ?? null
}

/** Bytes of a reservation on one or two locations: one on many is rare. */
const reservationBytes = 384

export const skuChunks: KindChunks<SkuKind> = Object.freeze<KindChunks<SkuKind>>({
  actorRowOf,
  actorKeyOf: ({ sku }) => sku,
  loadActor,
  partRowOf: (sku, reservation) => ({ sku, reservation }),
  partKeyOf: ({ sku }) => sku,
  partBytesOf: () => reservationBytes,
  partIn: ({ reservation }) => reservation,
  addPart: addReservation,
})
