/**
 * Part of the checker `availability`: for no decision does a hold count whose time is up (INV-8).
 *
 * Proves that whenever a command about a SKU was decided, every hold of that SKU that was over by the record's time had been ended before: what it held was free
 * for whoever asked. Holds are kept by when they end, with what changed since left in: it is dropped when it comes up, or when there is more of it than of what is open.
 */

import type { EpochMs } from "../domain/names.ts"
import type { StockEvent } from "../domain/sku/events.ts"
import { claimKey, type SkuModel } from "./model.ts"

interface HoldEnd {
  readonly endMs: EpochMs
  readonly key: string
}

const siftUp = (heap: Array<HoldEnd>, from: number): void => {
  for (let place = from; place > 0; ) {
    const parent = (place - 1) >> 1
    const [one, above] = [heap[place] as HoldEnd, heap[parent] as HoldEnd]
    if (above.endMs <= one.endMs) return
    heap[place] = above
    heap[parent] = one
    place = parent
  }
}

const siftDown = (heap: Array<HoldEnd>): void => {
  for (let place = 0; ; ) {
    const left = 2 * place + 1
    if (left >= heap.length) return
    const isRight = left + 1 < heap.length && (heap[left + 1] as HoldEnd).endMs < (heap[left] as HoldEnd).endMs
    const child = isRight ? left + 1 : left
    const [one, below] = [heap[place] as HoldEnd, heap[child] as HoldEnd]
    if (one.endMs <= below.endMs) return
    heap[place] = below
    heap[child] = one
    place = child
  }
}

const dropFirst = (heap: Array<HoldEnd>): void => {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  heap[0] = last
  siftDown(heap)
}

/** Below this nothing is dropped before it comes up. */
const heapMin = 1_024

const isHeld = (model: SkuModel, { endMs, key }: HoldEnd): boolean => {
  const claim = model.claims.get(key)
  return claim !== undefined && !claim.confirmed && claim.expiresAtMs === endMs
}

/** Keeps what is held until then: sorted, which is a heap too. */
const dropChanged = (heap: Array<HoldEnd>, model: SkuModel): void => {
  const held = heap.filter((end) => isHeld(model, end)).sort((a, b) => a.endMs - b.endMs)
  heap.length = 0
  for (const end of held) heap.push(end)
}

/** Remembers when holds end, for the SKUs of one audit. */
export const createOverdue = () => {
  const ends = new WeakMap<SkuModel, Array<HoldEnd>>()
  return {
    /** A hold began, or ends later. */
    note: (model: SkuModel, event: StockEvent): void => {
      if (event.type !== "Reserved" && event.type !== "Extended") return
      const heap = ends.get(model) ?? []
      ends.set(model, heap)
      if (heap.length >= heapMin && heap.length > 2 * model.claims.size) dropChanged(heap, model)
      heap.push({ endMs: event.expiresAtMs, key: claimKey(event.channel, event.reservation) })
      siftUp(heap, heap.length - 1)
    },
    /** A hold of the SKU that was over at a time and is still there, in words, or null. */
    at: (model: SkuModel, atMs: EpochMs): string | null => {
      const heap = ends.get(model)
      for (let first = heap?.[0]; heap !== undefined && first !== undefined && first.endMs <= atMs; first = heap[0]) {
        if (isHeld(model, first)) return `${first.key} is held, and was over at ${first.endMs}`
        dropFirst(heap)
      }
      return null
    },
  }
}
