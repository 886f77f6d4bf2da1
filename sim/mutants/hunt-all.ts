/** Hunts many mutants at once, a few worker threads sharing the list. */
import { Worker } from "node:worker_threads"
import type { Hunted } from "./hunt.ts"
import type { Order, Told } from "./hunter.ts"

export interface HuntAllOptions {
  readonly names: ReadonlyArray<string>
  readonly seedBase: string
  /** Worker threads. */
  readonly threads: number
  readonly onLine?: (hunted: Hunted) => void
}

/** A thread that hunts what is left, one after another; ends when nothing is. */
const huntOnThread = (left: Array<string>, seedBase: string, done: (hunted: Hunted) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const thread = new Worker(new URL("./hunter.ts", import.meta.url))
    const next = () => {
      const name = left.shift()
      if (name === undefined) {
        thread.terminate().then(() => resolve(), reject)
        return
      }
      const order: Order = { name, seedBase }
      thread.postMessage(order)
    }
    thread.on("error", reject)
    thread.on("message", (told: Told) => {
      if (told._tag === "Failed") {
        left.length = 0
        thread.terminate().then(() => reject(new Error(`${told.name}: ${told.cause}`)), reject)
        return
      }
      done(told.hunted)
      next()
    })
    next()
  })

/** Hunts them all. Lines come in the order of the names, whichever came first. Rejects if a mutant can't be planted. */
export const huntAll = async ({ names, seedBase, threads, onLine }: HuntAllOptions): Promise<ReadonlyArray<Hunted>> => {
  const hunted = new Map<string, Hunted>()
  const left = [...names]
  const done = (line: Hunted): void => {
    hunted.set(line.name, line)
    onLine?.(line)
  }
  await Promise.all(Array.from({ length: Math.min(threads, names.length) }, () => huntOnThread(left, seedBase, done)))
  return names.flatMap((name) => hunted.get(name) ?? [])
}
