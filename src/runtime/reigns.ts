/**
 * The reigns of this very process, and what they say of themselves, for the ingress of the same process: what is handed over here needs no way through the broker.
 *
 * Plain calls over plain state. Whoever listens is told at once, in the turn in which it happened.
 */

import { Context, Layer } from "effect"
import type { TakenMessage } from "../kinds/sku/types.ts"
import type { OwnerNews } from "../ports/door.ts"

/** A partition that is served in this process. */
export interface LocalReign {
  readonly partition: number
  readonly epoch: number
  /** The name of the reign. */
  readonly owner: string
  /** Hands messages over. It hears them in one of the next turns, if it still reigns. */
  readonly hand: (messages: ReadonlyArray<TakenMessage>) => void
}

/** The reigns of this process, for its own ingress. */
export class Reigns extends Context.Service<
  Reigns,
  {
    readonly begin: (reign: LocalReign) => void
    readonly end: (reign: LocalReign) => void
    readonly of: (partition: number) => LocalReign | undefined
    /** Says to whoever listens here what a reign says to all ingresses. */
    readonly say: (news: OwnerNews) => void
    /** Tells that every reign of this process that there is, and what they say from now on. Returns how to stop that. */
    readonly listen: (tell: (news: OwnerNews) => void) => () => void
  }
>()("holdfast/runtime/Reigns") {
  static readonly layer = Layer.sync(Reigns, () => {
    const reigns = new Map<number, LocalReign>()
    const listeners = new Set<(news: OwnerNews) => void>()
    const say = (news: OwnerNews): void => {
      for (const listener of listeners) listener(news)
    }
    const newsOf = ({ partition, epoch, owner }: LocalReign): OwnerNews => ({ partition, epoch, owner, full: [], factsFull: [] })
    return Reigns.of({
      begin: (reign) => {
        reigns.set(reign.partition, reign)
        say(newsOf(reign))
      },
      end: (reign) => {
        if (reigns.get(reign.partition) !== reign) return
        reigns.delete(reign.partition)
        say({ ...newsOf(reign), owner: null })
      },
      of: (partition) => reigns.get(partition),
      say,
      listen: (tell) => {
        listeners.add(tell)
        for (const reign of reigns.values()) tell(newsOf(reign))
        return () => listeners.delete(tell)
      },
    })
  })
}
