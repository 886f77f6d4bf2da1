/**
 * Notes where workers die between deciding a batch and having said all of it, for the rare states of sim/sometimes.ts: a suite that never kills at one
 * of these places has not tried what recovery is for. It judges nothing.
 */
import type { Cluster } from "./cluster.ts"
import type { Observer } from "./nodes/observer.ts"
import type { SometimeName, Sometimes } from "./sometimes.ts"

/** The output that a worker died before, and what that leaves undone. */
const diedBefore: Readonly<Record<string, SometimeName>> = {
  Append: "died-before-an-append",
  BatchConfirmed: "died-before-its-replies",
  SendReplies: "died-before-its-replies",
  SendFeed: "died-before-its-feed",
}

/** Hears of every death of a world. */
export const watchDeaths = ({ workers }: Cluster, sometimes: Sometimes): Partial<Observer> => ({
  crashed: (worker, at) => {
    const undone = diedBefore[/, before (\w+)$/.exec(at)?.[1] ?? ""]
    if (undone !== undefined) sometimes.hit(undone)
    const slots = workers.find(({ name }) => name === worker)?.slots ?? []
    // A worker that died before it handed the record to the broker has it in flight too, by its own state.
    const flying = slots.some(({ partition }) => partition?.inFlight != null)
    if (flying && undone !== "died-before-an-append") sometimes.hit("died-in-an-append")
  },
})
