/**
 * Parts whose time is up and whose end carries commands that there is no room for yet: they wait beside the timers, so that others' ends come in their turn, and nobody looks at them until there is room.
 *
 * Derived like the timers themselves: whoever replays the journal has them armed, and finds out again.
 */
import { assert } from "../assert.ts"
import type { Actor } from "./actor.ts"
import { hasRoomToCarry } from "./carrying.ts"
import type { KindParts, KindTypes } from "./kind.ts"
import type { Partition } from "./partition.ts"
import { armHold, disarmHold } from "./timers.ts"

/** The end of a part waits for room. */
export const holdUp = (partition: Partition, parts: KindParts, part: KindTypes["part"], actor: Actor): void => {
  assert(parts.dueMs(part) !== 0, "INV-8 only what ends waits for room to end")
  disarmHold(partition.holds, part, parts.dueMs(part))
  partition.heldUp.set(part, actor)
}

/** Arms again as many as there may be room for, those that have waited longest first. What happened to a part meanwhile may have armed it for another time, or ended it. */
export const letGo = (partition: Partition, parts: KindParts): void => {
  const { heldUp, holds } = partition
  if (heldUp.size === 0) return
  let left = 0
  for (const [part, actor] of heldUp) {
    if (!hasRoomToCarry(partition, ++left)) return
    heldUp.delete(part)
    const dueMs = parts.dueMs(part)
    if (dueMs !== 0 && parts.endingOf(part) === undefined) armHold(holds, actor, part, dueMs)
  }
}
