/**
 * A partition of order books: the engine given that kind. Everybody but the engine makes and steps partitions of orders by way of this file.
 */
import type { OrderBookKey } from "../../domain/names.ts"
import * as engine from "../../engine/partition.ts"
import type { ProtocolRules } from "../../engine/protocol.ts"
import * as hash from "../../engine/state-hash.ts"
import * as step from "../../engine/step.ts"
import { orderKind } from "./kind.ts"
import type { OrderEngineCodec, OrderKind, OrderPartition, OrderStep } from "./types.ts"

/** A partition that knows nothing yet; see engine/partition.ts. */
export const emptyPartition = (options: Parameters<typeof engine.emptyPartition>[0]): OrderPartition =>
  engine.emptyPartition<OrderKind>(options)

/** The step function of partitions of orders; see engine/step.ts. */
export const makeStep = (given: { readonly codec: OrderEngineCodec; readonly rules: ProtocolRules }): OrderStep =>
  step.makeStep({ kind: orderKind, ...given })

type HashFunction = OrderEngineCodec["sha256"]

/** Hash of orders and remembered decisions: of one book, or of all the partition's. */
export const stateHash = (partition: OrderPartition, sha256: HashFunction, book?: OrderBookKey): string =>
  hash.stateHash(partition, orderKind, sha256, book)

/** Hash of everything the partition holds. */
export const partitionHash = (partition: OrderPartition, sha256: HashFunction): string => hash.partitionHash(partition, orderKind, sha256)
