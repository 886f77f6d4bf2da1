/**
 * What is counted of an ingress, from the samples it gives of itself. Its labels are bounded: senders of the configuration, reasons of closed lists, kinds and partitions.
 */
import type { IngressSample, Meter } from "../ports/meter.ts"
import { NotStoredReason } from "../wire/answers.ts"
import type { MetricsOf } from "./making.ts"

/** Turns what was counted since a life began into what a counter is to be raised by: a new life begins at nothing. */
const makeRises = () => {
  let life = ""
  let known = new Map<string, number>()
  return {
    begin: (ingress: string): void => {
      if (ingress === life) return
      life = ingress
      known = new Map()
    },
    since: (key: string, count: number): number => {
      const rise = count - (known.get(key) ?? 0)
      if (rise > 0) known.set(key, count)
      return Math.max(0, rise)
    },
  }
}

/** Registers an ingress's metrics, and counts its samples. */
export const makeIngressMetrics = ({ counter, gauge }: MetricsOf, told: (partition: IngressSample["partitions"][number]) => void) => {
  const taken = counter("ingressTaken")
  const stored = counter("ingressStored")
  const busy = counter("ingressBusy")
  const notStored = counter("ingressNotStored")
  const doors = counter("ingressDoorsClosed")
  const defects = counter("ingressDefects")
  const waiting = gauge("ingressWaiting")
  const oldest = gauge("ingressOldestSeconds")
  const rises = makeRises()
  return {
    ingressBegins: ((senders, busyReasons) => {
      defects.inc(0)
      for (const sender of senders) {
        for (const one of [taken, stored]) one.inc({ sender }, 0)
        for (const reason of busyReasons) busy.inc({ sender, reason }, 0)
        for (const reason of [...busyReasons, "bound"]) doors.inc({ sender, reason }, 0)
        for (const reason of NotStoredReason) notStored.inc({ sender, reason }, 0)
      }
    }) satisfies Meter["Service"]["ingressBegins"],
    ingressSampled: ((sample: IngressSample) => {
      rises.begin(sample.ingress)
      for (const one of sample.partitions) {
        const { kind, partition } = one
        waiting.set({ kind, partition, what: "sell" }, one.selling)
        waiting.set({ kind, partition, what: "keep" }, one.keeping)
        oldest.set({ kind, partition }, one.oldestAgeMs / 1_000)
        told(one)
      }
      for (const one of sample.senders) {
        const { sender } = one
        taken.inc({ sender }, rises.since(`${sender} taken`, one.taken))
        stored.inc({ sender }, rises.since(`${sender} stored`, one.stored))
        for (const [reason, count] of Object.entries(one.busy)) busy.inc({ sender, reason }, rises.since(`${sender} busy ${reason}`, count))
        for (const [reason, count] of Object.entries(one.notStored))
          notStored.inc({ sender, reason }, rises.since(`${sender} notStored ${reason}`, count))
      }
      defects.inc(rises.since("defects", sample.defects))
    }) satisfies Meter["Service"]["ingressSampled"],
    tracedGone: (() => undefined) satisfies Meter["Service"]["tracedGone"],
    doorClosed: ((sender, reason) => doors.inc({ sender, reason })) satisfies Meter["Service"]["doorClosed"],
  }
}
