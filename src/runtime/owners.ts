/**
 * Who owns which partition, as this process has heard: its own reigns, and what owners of other processes say. Heard once for a process, for its ingress and for what its partitions carry to others.
 *
 * Only where something is sent follows from this: a frame names the reign it is for, so that a wrong word costs a second attempt and nothing else.
 */
import { Context, Effect, Layer } from "effect"
import type { Kind } from "../domain/kinds.ts"
import { Desk, type OwnerNews } from "../ports/door.ts"
import { untilDone } from "./patience.ts"
import { Reigns } from "./reigns.ts"

/** What is believed of one partition. */
interface Believed {
  /** Null: its reign is over, and no other is known. */
  readonly owner: string | null
  readonly epoch: number
  /** The reign that said of itself that it is over: an older word of it is not believed again. */
  readonly over: string | null
}

/** What is believed after some news. Of two reigns the higher epoch is; where none is known, any is, but for one that said that it is over. */
const believe = (known: Believed | undefined, { epoch, owner }: Pick<OwnerNews, "epoch" | "owner">): Believed => {
  if (known === undefined) return { owner, epoch, over: null }
  if (owner === null) {
    if (known.owner === null || epoch < known.epoch) return known
    return { owner: null, epoch, over: epoch === known.epoch ? known.owner : known.over }
  }
  return (known.owner === null ? owner !== known.over : epoch > known.epoch) ? { ...known, owner, epoch } : known
}

/** Who owns which partition. */
export class Owners extends Context.Service<
  Owners,
  {
    /** The reign that owns the partition; undefined: none is known. */
    readonly of: (kind: Kind, partition: number) => string | undefined
    /** Tells the reigns of this process that there are, and all that is heard from now on. Returns how to stop that. */
    readonly listen: (tell: (news: OwnerNews) => void) => () => void
  }
>()("holdfast/runtime/Owners") {
  static readonly layer = Layer.effect(
    Owners,
    Effect.gen(function* () {
      const [desk, reigns] = [yield* Desk, yield* Reigns]
      const known = new Map<string, Believed>()
      const placeOf = (kind: Kind, partition: number): string => `${kind} ${partition}`
      const listeners = new Set<(news: OwnerNews) => void>()
      const note = (news: OwnerNews): void => {
        const place = placeOf(news.kind, news.partition)
        known.set(place, believe(known.get(place), news))
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => reigns.listen(note)),
        (stop) => Effect.sync(stop),
      )
      const hear = (news: OwnerNews): void => {
        note(news)
        for (const listener of listeners) listener(news)
      }
      yield* untilDone("listening to owners", desk.owners(hear))
      return Owners.of({
        of: (kind, partition) => reigns.of(kind, partition)?.owner ?? known.get(placeOf(kind, partition))?.owner ?? undefined,
        listen: (tell) => {
          listeners.add(tell)
          const stop = reigns.listen(tell)
          return () => {
            listeners.delete(tell)
            stop()
          }
        },
      })
    }),
  )
}
