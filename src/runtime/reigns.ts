/**
 * The reigns of this very process, and what they say of themselves, for the ingress of the same process and for other partitions of it: what is handed over here needs no way through the broker.
 *
 * Plain calls over plain state. Whoever listens is told at once, in the turn in which it happened.
 */
import { Context, Layer } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { Carriage, CarriedReturn, TakenMessage } from "../engine/protocol.ts"
import type { OwnerNews } from "../ports/door.ts"
import type { CarriedNow } from "../wire/carry.ts"

/** A partition that is served in this process. */
export interface LocalReign {
  readonly kind: Kind
  readonly partition: number
  readonly epoch: number
  /** The name of the reign. */
  readonly owner: string
  /** Hands messages over. It hears them in one of the next turns, if it still reigns. */
  readonly hand: (messages: ReadonlyArray<TakenMessage>) => void
  /** Takes in what actors of another partition carry to those of this one, the same way. */
  readonly carry: (from: Carriage["from"], settledMs: number, commands: ReadonlyArray<CarriedNow>) => void
  /** Hears what came of commands that actors of this partition carried. */
  readonly back: (returns: ReadonlyArray<CarriedReturn>) => void
}

/** The reigns of this process, for its own ingress and partitions. */
export class Reigns extends Context.Service<
  Reigns,
  {
    readonly begin: (reign: LocalReign) => void
    readonly end: (reign: LocalReign) => void
    readonly of: (kind: Kind, partition: number) => LocalReign | undefined
    /** Says to whoever listens here what a reign says to all ingresses. */
    readonly say: (news: OwnerNews) => void
    /** Tells that every reign of this process that there is, and what they say from now on. Returns how to stop that. */
    readonly listen: (tell: (news: OwnerNews) => void) => () => void
  }
>()("holdfast/runtime/Reigns") {
  static readonly layer = Layer.sync(Reigns, () => {
    const reigns = new Map<string, LocalReign>()
    const placeOf = ({ kind, partition }: Pick<LocalReign, "kind" | "partition">): string => `${kind} ${partition}`
    const listeners = new Set<(news: OwnerNews) => void>()
    const say = (news: OwnerNews): void => {
      for (const listener of listeners) listener(news)
    }
    const newsOf = ({ kind, partition, epoch, owner }: LocalReign): OwnerNews => ({
      kind,
      partition,
      epoch,
      owner,
      full: [],
      factsFull: [],
    })
    return Reigns.of({
      begin: (reign) => {
        reigns.set(placeOf(reign), reign)
        say(newsOf(reign))
      },
      end: (reign) => {
        if (reigns.get(placeOf(reign)) !== reign) return
        reigns.delete(placeOf(reign))
        say({ ...newsOf(reign), owner: null })
      },
      of: (kind, partition) => reigns.get(placeOf({ kind, partition })),
      say,
      listen: (tell) => {
        listeners.add(tell)
        for (const reign of reigns.values()) tell(newsOf(reign))
        return () => listeners.delete(tell)
      },
    })
  })
}
