/**
 * INV-7: once all is healed, every partition has exactly one owner that has read all commands, said all it decided, and holds
 * no quarantine that nobody settles. A partition that doesn't get there is a failure, unless its journal lost records and it halted. One whose journal lost records and that
 * serves on has not noticed, and is judged like any other.
 */
import { quarantineView } from "../../src/engine/views.ts"
import { statusOf } from "../../src/kinds/sku/views.ts"
import { plural } from "../report/numbers.ts"
import { isHaltedByLoss, type MakeChecker } from "./checker.ts"

export const convergence: MakeChecker = ({ cluster, found, checked, excused }) => ({
  name: "convergence",
  finish: ({ converged, lossy }) => {
    for (let partition = 0; partition < cluster.drawn.partitions; partition++) {
      if (isHaltedByLoss(cluster, lossy, partition)) {
        excused("halted because its journal lost records")
        continue
      }
      checked()
      const report = (signature: string, detail: string) =>
        found({ class: "liveness", signature, detail: `partition ${partition} ${detail}`, partition })
      const { halt } = cluster.server.marks(partition)
      if (halt !== null && halt.resume === null) {
        report("halted for good", `is halted: ${halt.reason}, ${halt.detail}`)
        continue
      }
      const owners = cluster.workers.flatMap(({ slots }) => slots.filter((slot) => slot.id === partition && slot.isServing))
      const [owner] = owners
      if (owner?.partition == null || owners.length !== 1) {
        report("not exactly one owner", `is served by ${plural(owners.length, "worker")}`)
        continue
      }
      const status = statusOf(owner.partition)
      const lastSeq = cluster.server.lastCommandSeq(partition)
      if (status.cursorSeq < lastSeq) report("commands unread", `has read to ${status.cursorSeq} of ${lastSeq}`)
      if (status.phase === "frozen") report("frozen for good", "waits for an append's outcome")
      const left = quarantineView(owner.partition).filter(({ sender }) => cluster.senders.has(sender))
      if (left.length > 0) report("quarantine left", `holds ${left.length} quarantined commands`)
    }
    if (!converged) {
      const open = [...cluster.senders.values()].reduce((sum, sender) => sum + sender.open, 0)
      found({ class: "liveness", signature: "never came to rest", detail: `after the bound ${open} commands were unanswered` })
    }
  },
})
