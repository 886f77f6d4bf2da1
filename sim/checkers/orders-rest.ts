/** INV-7 for orders: once all is healed, each of their partitions has one owner that has read what is stored for it and said all it decided; nothing is under way between actors of either kind, no answer is owed, and nothing is left in quarantine. */
import { plural } from "../report/numbers.ts"
import { isHaltedByLoss, type MakeChecker } from "./checker.ts"

export const ordersRest: MakeChecker = ({ cluster, found, checked, excused }) => ({
  name: "orders-rest",
  finish: ({ lossy }) => {
    if (!cluster.hasOrders) return
    const { partitions, orderPartitions = 0 } = cluster.drawn
    for (let id = 0; id < partitions + orderPartitions; id++) {
      if (isHaltedByLoss(cluster, lossy, id)) {
        excused("halted because its journal lost records")
        continue
      }
      checked()
      const report = (signature: string, detail: string) =>
        found({ class: "liveness", signature, detail: `journal ${id} ${detail}`, partition: id })
      const { halt } = cluster.server.marks(id)
      if (halt !== null && halt.resume === null) {
        report("a partition is halted for good", `is halted: ${halt.reason}, ${halt.detail}`)
        continue
      }
      const owners = cluster.workers.flatMap(({ everySlot }) => everySlot.filter((slot) => slot.id === id && slot.isServing))
      const [owner] = owners
      if (owner?.partition == null || owners.length !== 1) {
        report("not exactly one owner of orders or SKUs", `is served by ${plural(owners.length, "worker")}`)
        continue
      }
      const { underWay, owed, quarantine, cursor } = owner.partition
      const lastSeq = cluster.server.lastCommandSeq(id)
      if (cursor.seq < lastSeq) report("commands about orders unread", `has read to ${cursor.seq} of ${lastSeq}`)
      if (lossy.size > 0) continue
      if (underWay.size > 0) report("commands under way for ever", `has ${plural(underWay.size, "command")} under way`)
      if (owed.size > 0) report("answers owed for ever", `owes ${plural(owed.size, "answer")}`)
      if (quarantine.size > 0) report("left in quarantine", `holds ${plural(quarantine.size, "quarantined command")}`)
    }
  },
})
