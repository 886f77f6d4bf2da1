/**
 * What is counted of an ingress, from the samples it gives of itself. Its labels are bounded: senders of the configuration, reasons of closed lists, kinds and partitions.
 */
import { Counter, Gauge, type Registry } from "prom-client"
import type { IngressSample, Meter } from "../ports/meter.ts"
import { NotStoredReason } from "../wire/answers.ts"
import { metricName } from "./names.ts"

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
export const makeIngressMetrics = (registers: Array<Registry>, told: (partition: IngressSample["partitions"][number]) => void) => {
  const counter = <Label extends string>(name: string, help: string, labelNames: ReadonlyArray<Label>) =>
    new Counter<Label>({ name, help, labelNames: [...labelNames], registers })
  const taken = counter(metricName.ingressTaken, "Messages of senders taken, to be handed over or stored.", ["sender"])
  const stored = counter(metricName.ingressStored, "Messages of senders stored.", ["sender"])
  const busy = counter(metricName.ingressBusy, "Messages of senders answered busy by the ingress, by reason.", ["sender", "reason"])
  const notStored = counter(metricName.ingressNotStored, "Messages of senders not taken for what they are, by reason.", [
    "sender",
    "reason",
  ])
  const doors = counter(metricName.ingressDoorsClosed, "Times a sender's subscription was given up for a while, by reason.", [
    "sender",
    "reason",
  ])
  const defects = counter(metricName.ingressDefects, "Messages that made the ingress throw: always a defect.", [])
  const waiting = new Gauge({
    name: metricName.ingressWaiting,
    help: "Messages that wait in this process's ingress, to be handed over (sell) or stored (keep).",
    labelNames: ["kind", "partition", "what"],
    registers,
  })
  const oldest = new Gauge({
    name: metricName.ingressOldestSeconds,
    help: "Seconds since the oldest message in this process's ingress was published, at most; 0 if there is none.",
    labelNames: ["kind", "partition"],
    registers,
  })
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
    doorClosed: ((sender, reason) => doors.inc({ sender, reason })) satisfies Meter["Service"]["doorClosed"],
  }
}
