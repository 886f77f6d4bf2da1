/**
 * What folding a journal takes of each kind of actor: its codec, its engine, and what of a state is compared.
 */
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { Partition } from "../engine/partition.ts"
import { protocolRules } from "../engine/rules.ts"
import type { Step } from "../engine/step.ts"
import * as orders from "../kinds/order/partition.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import * as skus from "../kinds/sku/partition.ts"
import type { SkuKind } from "../kinds/sku/types.ts"
import { engineCodec, orderCodec, type WireCodec } from "../wire/codec.ts"

/** A kind, as whoever folds its journals knows it. */
export interface FoldedKind<K extends KindTypes = KindTypes> {
  readonly codec: Pick<WireCodec<K>, "decodeRecord" | "sha256">
  /** A partition that knows nothing yet. */
  readonly empty: (partition: number, partitions: PartitionCounts) => Partition<K>
  readonly step: Step<K>
  readonly stateHash: (partition: Partition<K>) => string
}

/** No snapshot is ever due. */
const snapshotEveryRecords = Number.MAX_SAFE_INTEGER

const foldedSkus: FoldedKind<SkuKind> = {
  codec: engineCodec,
  empty: (partition, partitions) =>
    skus.emptyPartition({ partition, partitions: partitions.sku, partitionsOf: partitions, snapshotEveryRecords }),
  step: skus.makeStep({ codec: engineCodec, rules: protocolRules }),
  stateHash: (partition) => skus.stateHash(partition, engineCodec.sha256),
}
const foldedOrders: FoldedKind<OrderKind> = {
  codec: orderCodec,
  empty: (partition, partitions) =>
    orders.emptyPartition({ partition, partitions: partitions.order, partitionsOf: partitions, snapshotEveryRecords }),
  step: orders.makeStep({ codec: orderCodec, rules: protocolRules }),
  stateHash: (partition) => orders.stateHash(partition, orderCodec.sha256),
}

const folded: Readonly<Record<Kind, FoldedKind>> = {
  // What comes out of one kind's functions goes into the same kind's alone.
  sku: foldedSkus as unknown as FoldedKind,
  // As above.
  order: foldedOrders as unknown as FoldedKind,
}

/** A kind, by its word. */
export const foldedKindOf = (kind: Kind): FoldedKind => folded[kind]
