/**
 * Notes what is rare at the door, for the rare states of sim/sometimes.ts: doors closed, answers of every kind, frames that nobody heard, stores that are unknown, ages beyond the bound.
 * It judges nothing.
 */
import type { Cluster } from "./cluster.ts"
import type { Observer } from "./nodes/observer.ts"
import type { SometimeName, Sometimes } from "./sometimes.ts"

const saidStates: Readonly<Record<string, SometimeName>> = {
  "busy queue": "busy-in-a-queue",
  "busy owner": "busy-without-an-owner",
  "busy full": "busy-for-a-full-stream",
  "busy ending": "busy-at-an-ending-door",
  "notStored age": "too-old-at-the-door",
}

/** Hears of what is told and taken at every door of a world. */
export const watchDoors = ({ workers }: Cluster, sometimes: Sometimes): Partial<Observer> => {
  /** Batches that were handed to the stream, and how often. */
  const stores = new Map<string, number>()
  return {
    entered: (_message, entered) => {
      if (entered === undefined) sometimes.hit("nobody-at-the-door")
    },
    doorSaid: (by, _sender, _suffix, answer) => {
      const state =
        saidStates[`${answer.answer} ${answer.answer === "busy" ? answer.why : answer.answer === "notStored" ? answer.reason : ""}`]
      if (state !== undefined) sometimes.hit(state)
      if (by === "a reign that is over") sometimes.hit("given-back-by-a-reign")
    },
    throttled: (_slot, _sender, of) => {
      if (of === "facts") sometimes.hit("facts-held-off")
    },
    doorClosed: () => sometimes.hit("door-closed"),
    storing: ({ name }, partition, bytes) => {
      const key = `${name} ${partition} ${bytes.length} ${Buffer.from(bytes.subarray(0, 96)).toString("latin1")}`
      const times = (stores.get(key) ?? 0) + 1
      stores.set(key, times)
      if (times > 1) sometimes.hit("stored-again-when-unknown")
    },
    handedOver: (ingress, partition) => {
      const isHere = ingress.home.everySlot[partition]?.isServing === true
      if (isHere) sometimes.hit("handed-over-in-memory")
      else if (workers.some(({ slots }) => slots[partition]?.isServing === true)) sometimes.hit("handed-over-by-a-frame")
    },
    confirmed: (_slot, _seq, { entries }) => {
      for (const entry of entries) {
        if (entry._tag === "Stored" && entry.missing > 0) sometimes.hit("stored-tail-lost-unread")
        if (entry._tag !== "Message") continue
        if (entry.array && entry.decided.length > 1) sometimes.hit("array-decided")
        if (entry.decided.some(({ decision }) => decision._tag === "Refused" && decision.refusal.reason === "WrongPartition"))
          sometimes.hit("wrong-partition-refused")
        if (entry.decided.some(({ decision }) => decision._tag === "Refused" && decision.refusal.field === "quarantine"))
          sometimes.hit("no-room-in-quarantine")
      }
    },
  }
}
