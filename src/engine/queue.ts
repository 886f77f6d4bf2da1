/**
 * A queue that costs nothing on average to take from: the front is cut off when half of it is spent. Plain data.
 */
import { assert } from "../assert.ts"

/** Things in the order in which they came. */
export interface Queue<T> {
  items: Array<T>
  /** Things at the front that were taken already. */
  from: number
}

/** A queue in which nothing waits. */
export const emptyQueue = <T>(): Queue<T> => ({ items: [], from: 0 })

/** What came first of all that wait, or undefined. */
export const frontOf = <T>({ items, from }: Queue<T>): T | undefined => items[from]

/** Takes the front off. */
export const takeFront = <T>(queue: Queue<T>): void => {
  assert(queue.from < queue.items.length, "INV-17 what is taken off a queue stands in it")
  queue.from++
  if (queue.from < 512 || queue.from * 2 < queue.items.length) return
  queue.items = queue.items.slice(queue.from)
  queue.from = 0
}
