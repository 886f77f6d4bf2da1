/**
 * Orders that are forgotten, as long as their ids are remembered: how each ended, in rows that are let go with the floor of their channel's commands.
 */
import type { EpochMs } from "../domain/names.ts"
import { digestOf } from "./digest.ts"
import { type Floors, stepStartMs } from "./floors.ts"
import type { OrderModel } from "./order-model.ts"
import { type Group, Rows, setWhole, wholeAt, wholeBytes } from "./rows.ts"

type Ending = NonNullable<OrderModel["ending"]>
const endings: ReadonlyArray<Ending> = ["refused", "cancelled", "expired", "fulfilled"]

/** A forgotten order, by its key, and whose it was. */
interface ForgottenName {
  readonly partition: number
  readonly key: string
  readonly channel: string
}

/** How orders ended that are forgotten. */
export interface OrderEnds {
  readonly note: (name: ForgottenName, ending: Ending, atMs: EpochMs) => void
  /** How it ended, if that is remembered at a time. */
  readonly of: (name: ForgottenName, atMs: EpochMs) => Ending | undefined
}

const rowBytes = wholeBytes + 1

/** Ends of which none was noted yet, let go as `floors` rise. */
export const createOrderEnds = (floors: Floors): OrderEnds => {
  const rows = new Rows<Group>()
  const groups = new Map<string, Group>()
  return {
    note: ({ partition, key, channel }, ending, atMs) => {
      const groupName = `${partition} ${channel}`
      const group = groups.get(groupName) ?? { bytes: rowBytes, segments: [] }
      groups.set(groupName, group)
      const { view, at } = rows.add(group, digestOf(key), atMs, floors.at(partition, channel, "sell", atMs))
      setWhole(view, at, atMs)
      view.setUint8(at + wholeBytes, endings.indexOf(ending))
    },
    of: ({ partition, key, channel }, atMs) => {
      let newestMs = -1
      let newest: Ending | undefined
      for (const { view, at } of rows.find(digestOf(key))) {
        const endedAtMs = wholeAt(view, at)
        if (endedAtMs < newestMs || stepStartMs(endedAtMs) < floors.at(partition, channel, "sell", atMs)) continue
        newestMs = endedAtMs
        newest = endings[view.getUint8(at + wholeBytes)]
      }
      return newest
    },
  }
}
