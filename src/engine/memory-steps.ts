/**
 * Things by the step of time they belong to, oldest first: a heap of the steps that there are. Nothing is found by counting through steps that there aren't.
 */
import { assert } from "../assert.ts"

export interface StepHeap<T> {
  readonly byStep: Map<number, Array<T>>
  /** A binary heap: each step once, the oldest first. */
  readonly steps: Array<number>
  count: number
}

export const emptySteps = <T>(): StepHeap<T> => ({ byStep: new Map(), steps: [], count: 0 })

export const pushInto = <T>(heap: StepHeap<T>, item: T, step: number): void => {
  heap.count++
  const there = heap.byStep.get(step)
  if (there !== undefined) {
    there.push(item)
    return
  }
  heap.byStep.set(step, [item])
  const { steps } = heap
  let at = steps.length
  while (at > 0) {
    const parent = (at - 1) >> 1
    const above = steps[parent] as number
    if (above <= step) break
    steps[at] = above
    at = parent
  }
  steps[at] = step
}

/** The oldest step that has anything; infinite if there is none. */
export const oldestStepOf = <T>({ steps }: StepHeap<T>): number => steps[0] ?? Number.POSITIVE_INFINITY

/** Takes out one thing of the oldest step. */
export const popOldest = <T>(heap: StepHeap<T>): T => {
  const oldest = oldestStepOf(heap)
  const there = heap.byStep.get(oldest)
  const item = there?.pop()
  assert(there !== undefined && item !== undefined, "a step that is kept has something in it")
  heap.count--
  if (there.length === 0) {
    heap.byStep.delete(oldest)
    dropFirst(heap.steps)
  }
  return item
}

const dropFirst = (steps: Array<number>): void => {
  const last = steps.pop()
  if (last === undefined || steps.length === 0) return
  let at = 0
  for (;;) {
    const left = 2 * at + 1
    const right = left + 1
    const least = right < steps.length && (steps[right] as number) < (steps[left] as number) ? right : left
    if (least >= steps.length || (steps[least] as number) >= last) break
    steps[at] = steps[least] as number
    at = least
  }
  steps[at] = last
}
