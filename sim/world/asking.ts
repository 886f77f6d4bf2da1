/**
 * Asking the server over a link: the request may be lost, arrive twice or late, and so may the answer; whoever hears nothing gives up waiting.
 */
import type { Host } from "./heap.ts"
import type { Ask, Link } from "./link.ts"
import { EventKind, type World } from "./world.ts"

/** Who asks: what was asked in a former life is not answered in this one. */
export interface Asker {
  readonly world: World
  readonly host: Host
  readonly link: Link
}

export const askOver = <T>(
  { world, host, link }: Asker,
  { what, timeoutMs, serve, answered, unanswered, isOnce = false }: Ask<T>,
): void => {
  const { life } = host
  const endsMs = world.nowMs + timeoutMs
  const giveUp = () => world.in(Math.max(0, endsMs - world.nowMs), EventKind.timeout, host, unanswered, life)
  const key = link.keyNow(what)
  const thereMs = link.there(key)
  if (thereMs < 0) return giveUp()
  world.in(thereMs, EventKind.server, null, () =>
    serve((value) => {
      const backMs = value === null ? -1 : link.back(key)
      if (value === null || backMs < 0 || world.nowMs + backMs >= endsMs) giveUp()
      else world.in(backMs, EventKind.answer, host, () => answered(value), life)
    }),
  )
  // What is published by one connection arrives once: who is told that nothing of it was stored could not be told the truth otherwise.
  const againMs = isOnce ? -1 : link.again(key)
  if (againMs >= 0) world.in(thereMs + againMs, EventKind.server, null, () => serve(() => undefined))
}
