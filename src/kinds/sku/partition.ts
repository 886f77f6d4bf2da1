/**
 * A partition of SKUs: the engine given that kind. Everybody but the engine makes and steps partitions by way of this file.
 */
import type { Sku } from "../../domain/names.ts"
import * as engine from "../../engine/partition.ts"
import type { ProtocolRules } from "../../engine/protocol.ts"
import * as hash from "../../engine/state-hash.ts"
import * as step from "../../engine/step.ts"
import { skuKind } from "./kind.ts"
import type { SkuEngineCodec, SkuKind, SkuPartition, SkuStep } from "./types.ts"

/** A partition that knows nothing yet; see engine/partition.ts. */
export const emptyPartition = (options: Parameters<typeof engine.emptyPartition>[0]): SkuPartition =>
  engine.emptyPartition<SkuKind>(options)

/** The step function of partitions of SKUs; see engine/step.ts. */
export const makeStep = (given: { readonly codec: SkuEngineCodec; readonly rules: ProtocolRules }): SkuStep =>
  step.makeStep({ kind: skuKind, ...given })

type HashFunction = SkuEngineCodec["sha256"]

/** Hash of stock and remembered decisions: of one SKU, or of all the partition's. */
export const stateHash = (partition: SkuPartition, sha256: HashFunction, sku?: Sku): string =>
  hash.stateHash(partition, skuKind, sha256, sku)

/** Hash of everything the partition holds. */
export const partitionHash = (partition: SkuPartition, sha256: HashFunction): string => hash.partitionHash(partition, skuKind, sha256)
