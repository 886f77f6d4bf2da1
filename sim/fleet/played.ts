/**
 * What the worlds of a suite play in place of a sale of their own: commands that were exported, or the orders of a file. Plain data, so that it can be
 * sent to a thread; what it means is sim/trace's.
 */

import type { Share } from "../../src/workload/stock-levels.ts"
import { drawOptions, type ProfileName, profiles } from "../profiles.ts"
import type { RunOptions } from "../run.ts"
import { readTrace } from "../trace/commands.ts"
import { ordersTraffic } from "../trace/orders.ts"
import { type RecordedTraffic, trafficOf } from "../trace/traffic.ts"

/** A file as it was read, and looked at: it can be played. */
export type Played =
  | { readonly kind: "commands"; readonly name: string; readonly text: string }
  | {
      readonly kind: "orders"
      readonly name: string
      readonly text: string
      readonly dateFormat: string | null
      readonly stockShare: Share | null
    }

/** The trace that was read last: a thread plays the same one in every world. */
let last: { readonly text: string; readonly traffic: RecordedTraffic } | null = null

const recordedIn = (text: string): RecordedTraffic => {
  if (last?.text !== text) last = { text, traffic: trafficOf(readTrace(text)) }
  return last.traffic
}

/** The traffic of a seed, and what has to be drawn otherwise for it. Throws where the file can't be played; who asks has looked at it before. */
export const playedIn = (played: Played, seed: string, profile: ProfileName): Pick<RunOptions, "traffic" | "drawn"> => {
  if (played.kind === "commands") {
    const traffic = recordedIn(played.text)
    return { traffic, drawn: { windowMs: traffic.windowMs } }
  }
  const { name, text, dateFormat, stockShare } = played
  const { windowMs } = drawOptions(seed, profiles[profile]).drawn
  const file = { text, ...(dateFormat === null ? {} : { dateFormat }), ...(stockShare === null ? {} : { stockShare }) }
  const traffic = ordersTraffic(file, seed, windowMs)
  if (traffic._tag === "FileFault") throw new Error(`${name}: ${traffic.detail}`)
  return { traffic }
}
