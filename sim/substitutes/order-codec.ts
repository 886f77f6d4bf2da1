/**
 * The shipped codec of orders, with what it made of a record remembered for as long as these very bytes live: several workers and all checkers read the same ones. As with SKUs (shared-codec.ts), nobody changes what was decoded.
 */
import type { OrderKind } from "../../src/kinds/order/types.ts"
import { orderCodec, type WireCodec } from "../../src/wire/codec.ts"
import { readingBoth } from "../faults/releases.ts"

type Decoded = ReturnType<WireCodec<OrderKind>["decodeRecord"]>

const records = new WeakMap<Uint8Array, Decoded>()

/** What workers are given. Damaged copies are other bytes. */
export const sharedOrderCodec: WireCodec<OrderKind> = {
  ...orderCodec,
  decodeRecord: (bytes) => {
    const known = records.get(bytes)
    if (known !== undefined) return known
    const decoded = orderCodec.decodeRecord(bytes)
    records.set(bytes, decoded)
    return decoded
  },
}

/** What checkers read with: records of this release, and of the next one that a world may invent. */
export const checkingOrderCodec: WireCodec<OrderKind> = readingBoth(sharedOrderCodec)
