import { describe, expect, it } from "vitest"
import { joinMs, LineJoiner, type LoggedLine, rangesText } from "../../src/telemetry/joined-lines.ts"

const line = (message: string, fields: LoggedLine["fields"], level = "Info"): LoggedLine => ({ time: "t", level, message, fields })
const taken = (partition: number, kind = "sku") => line("lease taken", { kind, partition })

/** What is written of these lines before the wait is over, and what when it is. */
const joined = (...lines: ReadonlyArray<LoggedLine>) => {
  const written: Array<LoggedLine> = []
  const waits: Array<{ readonly flush: () => void; readonly ms: number }> = []
  const joiner = new LineJoiner(
    (one) => written.push(one),
    (flush, ms) => waits.push({ flush, ms }),
  )
  for (const one of lines) joiner.take(one)
  const atOnce = [...written]
  for (const { flush } of waits) flush()
  return { atOnce, written, waits: waits.map(({ ms }) => ms) }
}

describe("lines about many partitions", () => {
  it("that say the same within a moment are one, of each kind", () => {
    const { atOnce, written, waits } = joined(...[0, 1, 2, 5].flatMap((partition) => [taken(partition), taken(partition, "order")]))
    expect(atOnce).toEqual([])
    expect(waits).toEqual([joinMs])
    expect(written.map(({ fields }) => fields)).toEqual([
      { kind: "sku", partitions: "0-2, 5" },
      { kind: "order", partitions: "0-2, 5" },
    ])
  })

  it("keep what all of them share and the detail of the first, and lose the numbers in which they differ", () => {
    const alarm = (partition: number, seq: number) =>
      line("alarm", { partition, alarm: "AppendUnknown", epoch: 1, seq, detail: `partition ${partition}, record ${seq}: it broke` }, "Warn")
    expect(joined(alarm(3, 1), alarm(4, 2)).written).toEqual([
      line("alarm", { partitions: "3, 4", alarm: "AppendUnknown", epoch: 1, detail: "partition 3, record 1: it broke" }, "Warn"),
    ])
  })

  it("that say something else stay apart: another reason, another alarm, another level", () => {
    const outage = (partition: number, detail: string, level = "Warn") => line("alarm", { partition, detail }, level)
    const lines = [outage(0, "NoOwner: nobody"), outage(1, "NotServing: w-1"), outage(2, "NoOwner: nobody", "Info")]
    expect(joined(...lines).written).toEqual(lines)
  })

  it("come before what follows them, which is never kept back", () => {
    const other = line("ingress opened its doors", {})
    const error = line("partition halted", { partition: 2 }, "Error")
    const { atOnce } = joined(taken(0), taken(1), other, taken(2), error)
    expect(atOnce.map(({ message, fields }) => [message, fields.partitions ?? fields.partition ?? null])).toEqual([
      ["lease taken", "0, 1"],
      ["ingress opened its doors", null],
      ["lease taken", 2],
      ["partition halted", 2],
    ])
  })
})

it("numbers are told as ranges, each once and in order", () => {
  expect(rangesText([7, 3, 1, 0, 2, 7])).toBe("0-3, 7")
  expect(rangesText([])).toBe("")
})
