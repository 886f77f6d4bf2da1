/**
 * INV-8: no hold ends before the time that its holder was told, by the broker's clock; none later than a second after it, while somebody serves who hears the broker
 * and has no append under way; and once all is healed none stays.
 */

import { reservationsOf } from "../../src/domain/sku/stock.ts"
import type { SkuJournalRecord, SkuPartition } from "../../src/kinds/sku/types.ts"
import type { Slot } from "../nodes/slot.ts"
import { checkingCodec } from "../substitutes/shared-codec.ts"
import type { Ending, Given, MakeChecker } from "./checker.ts"
import { HeardTime } from "./heard-time.ts"

/** Milliseconds after the told time within which a hold ends. */
const lateMsMax = 1_000

/** Milliseconds a hold may outlive its end once all is healed: an append may be unknown once more. */
const boundMs = 15_000

/** When holds end, as their holders were told: by partition, channel, SKU and reservation. */
class Told {
  readonly #endsMs = new Map<string, number>()

  note(partition: number, { entries }: SkuJournalRecord): void {
    for (const entry of entries) {
      const decided = entry._tag === "Message" ? entry.decided : entry._tag === "Settled" ? [entry.decided] : []
      for (const { command, decision } of decided) {
        if (command === null || decision._tag !== "Accepted") continue
        for (const event of decision.events)
          if (event.type === "Reserved" || event.type === "Extended")
            this.#endsMs.set(`${partition} ${command.sku} ${event.channel} ${event.reservation}`, event.expiresAtMs)
      }
    }
  }

  endMs(partition: number, sku: string, { channel, reservation }: { readonly channel: string; readonly reservation: string }) {
    return this.#endsMs.get(`${partition} ${sku} ${channel} ${reservation}`)
  }
}

/** Holds as they are ended, each compared with what its holder was told. */
const endings = ({ cluster, found, checked }: Given) => {
  const { server, world, drawn } = cluster
  const told = new Told()
  const times = new HeardTime()
  /** Since when an owner could have ended what is due: it serves, knows the time, and its last append is confirmed. */
  const free = new WeakMap<SkuPartition, number>()
  const freed = ({ partition }: Slot): void => {
    if (partition !== null) free.set(partition, world.nowMs)
  }
  const judge = (slot: Slot, endMs: number, what: string): void => {
    checked()
    const place = { class: "safety", partition: slot.id } as const
    if (server.clockSets.length === 0 && endMs > server.nowMs + 1)
      found({ ...place, signature: "a hold ended before its time", detail: `${what} ended at ${server.nowMs}, told was ${endMs}` })
    const since = slot.partition === null ? undefined : free.get(slot.partition)
    const leastMs = times.leastMs(slot)
    // Whatever the servers' clock was set to, journaled time has to come up to it first.
    if (since === undefined || leastMs === null || server.clockSets.length > 0) return
    const lateMs = server.nowMs - Math.max(endMs, since, slot.worker.host.pausedUntilMs) - (server.nowMs - leastMs) - 2 * drawn.tickMs
    if (lateMs > lateMsMax)
      found({
        ...place,
        signature: "a hold ended late",
        detail: `${what} ended at ${server.nowMs}, told was ${endMs}, free since ${since}`,
      })
  }
  return {
    timeHeard: (slot: Slot, brokerMs: number) => {
      if (times.leastMs(slot) === null) freed(slot)
      times.heard(slot, brokerMs)
    },
    serving: (slot: Slot) => freed(slot),
    confirmed: (slot: Slot) => freed(slot),
    recordStored: (partition: number, { bytes }: { readonly bytes: Uint8Array }) => {
      const read = checkingCodec.decodeRecord(bytes)
      if (read._tag === "Record") told.note(partition, read.record)
    },
    appendBegun: (slot: Slot, { bytes }: { readonly bytes: Uint8Array }) => {
      const read = checkingCodec.decodeRecord(bytes)
      if (read._tag !== "Record" || slot.partition?.inFlight?.attempts !== 1) return
      for (const entry of read.record.entries) {
        if (entry._tag !== "Expiry") continue
        for (const event of entry.events) {
          const endMs = told.endMs(slot.id, entry.key, event)
          if (endMs !== undefined) judge(slot, endMs, `hold ${event.reservation} of ${entry.key}`)
        }
      }
    },
  }
}

export const expiries: MakeChecker = (given) => ({ ...endings(given), ...stayed(given) })

const stayed = ({ cluster, found, checked }: Given) => ({
  name: "expiries",
  finish: ({ lossy, converged }: Ending) => {
    for (const worker of cluster.workers)
      for (const slot of worker.slots) {
        if (!slot.isServing || slot.partition === null || lossy.has(slot.id) || !converged) continue
        const overdueMs = cluster.world.nowMs - boundMs - cluster.drawn.tickMs * 4
        for (const { state: stock } of slot.partition.actorList)
          for (const reservation of reservationsOf(stock)) {
            if (reservation.status !== "held") continue
            checked()
            if (reservation.expiresAtMs >= overdueMs) continue
            const detail = `hold ${reservation.id} of ${stock.sku} should have expired at ${reservation.expiresAtMs}, it is ${cluster.world.nowMs}`
            found({ class: "liveness", signature: "a hold outlived its time", detail, partition: slot.id, sku: stock.sku })
          }
      }
  },
})
