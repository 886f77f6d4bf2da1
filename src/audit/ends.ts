/**
 * Reservations that have ended, as long as their ids are remembered: how and when, in rows that are forgotten with the floor of their channel's commands.
 *
 * Found by 128 bits of SKU, channel and reservation (digest.ts). Which of two ends of one name counts is the newest that isn't forgotten.
 */
import type { EpochMs } from "../domain/names.ts"
import { digestOf } from "./digest.ts"
import { type Floors, stepStartMs } from "./floors.ts"
import { type Group, Rows, setWhole, wholeAt, wholeBytes } from "./rows.ts"

/** How a reservation ends. */
export const EndStatus = ["fulfilled", "released", "expired"] as const
export type EndStatus = (typeof EndStatus)[number]

/** A reservation, by what its SKU's model has it under. */
export interface EndedName {
  readonly partition: number
  readonly sku: string
  readonly key: string
}

/** How and when reservations ended, by their names. */
export interface Ends {
  /** A channel's reservation ended, by journaled time. */
  readonly note: (name: EndedName, channel: string, end: EndStatus, atMs: EpochMs) => void
  /** How it ended, if it did and is remembered at a time. */
  readonly of: (name: EndedName, atMs: EpochMs) => EndStatus | undefined
}

interface EndGroup extends Group {
  readonly channel: string
}

const rowBytes = wholeBytes + 1

/** Where nobody asks how anything ended. */
export const noEnds: Ends = { note: () => undefined, of: () => undefined }

/** Ends of which none was noted yet, forgotten as `floors` rise. */
export const createEnds = (floors: Floors): Ends => {
  const rows = new Rows<EndGroup>()
  const groups = new Map<string, EndGroup>()
  const nameOf = ({ sku, key }: EndedName) => digestOf(`${sku}\n${key}`)
  return {
    note: (name, channel, end, atMs) => {
      const groupName = `${name.partition} ${channel}`
      let group = groups.get(groupName)
      if (group === undefined) {
        group = { bytes: rowBytes, segments: [], channel }
        groups.set(groupName, group)
      }
      const { view, at } = rows.add(group, nameOf(name), atMs, floors.at(name.partition, channel, "sell", atMs))
      setWhole(view, at, atMs)
      view.setUint8(at + wholeBytes, EndStatus.indexOf(end))
    },
    of: (name, atMs) => {
      let newestMs = -1
      let newest: EndStatus | undefined
      for (const { group, view, at } of rows.find(nameOf(name))) {
        const endedAtMs = wholeAt(view, at)
        if (endedAtMs < newestMs || stepStartMs(endedAtMs) < floors.at(name.partition, group.channel, "sell", atMs)) continue
        newestMs = endedAtMs
        newest = EndStatus[view.getUint8(at + wholeBytes)]
      }
      return newest
    },
  }
}
