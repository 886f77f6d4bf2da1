/**
 * The engine as the runtime runs it: a service, so that a test or the simulator can run the very same shell around an engine with one
 * rule loosened.
 */
import { Context, Layer } from "effect"
import type { Kind } from "../domain/kinds.ts"
import { protocolRules } from "../engine/rules.ts"
import { emptyPartition, makeStep } from "../kinds/sku/partition.ts"
import type { SkuInput, SkuOutput, SkuPartition } from "../kinds/sku/types.ts"
import { snapshotEveryRecords } from "../limits.ts"
import { engineCodec } from "../wire/codec.ts"

/** The step function and the empty state that the runtime runs. */
export class Engine extends Context.Service<
  Engine,
  {
    /** The kind of the actors that it decides for. */
    readonly kind: Kind
    /** A partition that knows nothing yet. */
    readonly empty: (partition: number, partitions: number) => SkuPartition
    /** Changes the partition in place. A throw means that its state can't be trusted any more. */
    readonly step: (partition: SkuPartition, input: SkuInput) => ReadonlyArray<SkuOutput>
  }
>()("holdfast/runtime/Engine") {
  static readonly layer = Layer.sync(Engine, () => ({
    kind: "sku",
    empty: (partition, partitions) => emptyPartition({ partition, partitions, snapshotEveryRecords }),
    step: makeStep({ codec: engineCodec, rules: protocolRules }),
  }))
}
