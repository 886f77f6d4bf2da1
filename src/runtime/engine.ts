/**
 * The engine of one kind as the runtime runs it: a service, so that a test or the simulator can run the very same shell around an engine with one
 * rule loosened.
 *
 * The runtime knows no kind's types: it hands a partition nothing but what it had from the same kind's codec, its ports or the partition itself. What it has to know of a kind beside is said here.
 */
import { Context, Layer } from "effect"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import type { Sku } from "../domain/names.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { Partition } from "../engine/partition.ts"
import { protocolRules } from "../engine/rules.ts"
import type { Step } from "../engine/step.ts"
import * as orders from "../kinds/order/partition.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import { emptyPartition, makeStep } from "../kinds/sku/partition.ts"
import type { SkuKind } from "../kinds/sku/types.ts"
import { shortSkus, shortUnits } from "../kinds/sku/views.ts"
import { snapshotEveryRecords } from "../limits.ts"
import { engineCodec, orderCodec, type WireCodec } from "../wire/codec.ts"

/** What the runtime has to know of a kind of actor. */
export interface ServedKind<K extends KindTypes = KindTypes> {
  /** The kind of the actors that it decides for. */
  readonly kind: Kind
  /** A partition that knows nothing yet. */
  readonly empty: (partition: number, partitions: PartitionCounts) => Partition<K>
  /** Changes the partition in place. A throw means that its state can't be trusted any more. */
  readonly step: Step<K>
  /** The bytes of what is handed to its partitions. */
  readonly codec: Pick<WireCodec<K>, "decodeFrame" | "decodeCarry" | "carriedMessage" | "commandText">
  /** Units sold without asking that are not there, of all its actors; null: actors of this kind have no units. */
  readonly shortQty: (partition: Partition<K>) => number | null
  /** Of which of its actors units are so, the most first. */
  readonly shortSkus: (partition: Partition<K>) => ReadonlyArray<{ readonly sku: Sku; readonly qty: number }>
}

/** The step function and the empty state of one kind that the runtime runs. */
export class Engine extends Context.Service<Engine, ServedKind>()("holdfast/runtime/Engine") {
  /** The engine of SKUs as it is shipped. */
  static readonly layer = Layer.sync(Engine, () => served(skuEngine))
}

/** A kind as the runtime knows it. */
export const served = <K extends KindTypes>(kind: ServedKind<K>): ServedKind =>
  // What comes out of one kind's functions goes into the same kind's alone. So the runtime may forget which kind it is, as the engine does.
  kind as unknown as ServedKind

/** SKUs as they are shipped. */
export const skuEngine: ServedKind<SkuKind> = {
  kind: "sku",
  empty: (partition, partitions) =>
    emptyPartition({ partition, partitions: partitions.sku, partitionsOf: partitions, snapshotEveryRecords }),
  step: makeStep({ codec: engineCodec, rules: protocolRules }),
  codec: engineCodec,
  shortQty: shortUnits,
  shortSkus,
}

/** Orders as they are shipped. */
const orderEngine: ServedKind<OrderKind> = {
  kind: "order",
  empty: (partition, partitions) =>
    orders.emptyPartition({ partition, partitions: partitions.order, partitionsOf: partitions, snapshotEveryRecords }),
  step: orders.makeStep({ codec: orderCodec, rules: protocolRules }),
  codec: orderCodec,
  shortQty: () => null,
  shortSkus: () => [],
}

/** All that a process serves. */
export const servedKinds: ReadonlyArray<ServedKind> = [served(skuEngine), served(orderEngine)]
