/** INV-4: if a command's answer was heard before another command of the same SKU was sent, it was decided before that one. */
import type { MakeChecker } from "./checker.ts"

export const realTimeOrder: MakeChecker = ({ cluster, found, checked }) => ({
  name: "real-time-order",
  finish: ({ lossy }) => {
    const bySku = new Map<string, Array<{ sentMs: number; heardMs: number; seq: number; id: string }>>()
    for (const sender of cluster.senders.values())
      for (const { command, sentMs, heardMs, seq, partition } of sender.asked.values()) {
        if (heardMs === null || seq === null || lossy.has(partition ?? -1)) continue
        const known = bySku.get(command.sku)
        const line = { sentMs, heardMs, seq, id: command.id }
        if (known === undefined) bySku.set(command.sku, [line])
        else known.push(line)
      }
    for (const [sku, lines] of bySku) {
      const byHeard = [...lines].sort((a, b) => a.heardMs - b.heardMs)
      lines.sort((a, b) => a.sentMs - b.sentMs)
      let next = 0
      let newest = { seq: 0, id: "" }
      for (const line of lines) {
        for (let heard = byHeard[next]; heard !== undefined && heard.heardMs < line.sentMs; heard = byHeard[++next])
          if (heard.seq > newest.seq) newest = heard
        checked()
        if (line.seq >= newest.seq) continue
        const detail = `${line.id} was sent after ${newest.id} had been answered from record ${newest.seq}, and was decided in record ${line.seq}`
        found({ class: "safety", signature: "decided against the order of real time", detail, seq: line.seq, sku })
      }
    }
  },
})
