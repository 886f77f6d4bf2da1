import { describe, expect, it } from "vitest"
import { readTrace, TraceUnreadable } from "../../../sim/trace/commands.ts"
import { Broker, json, Worker } from "../../engine/rig.ts"
import { exportOf } from "./exported.ts"

const worker = new Worker(new Broker()).serve()
for (const qty of [1, 2]) {
  worker.send("dc", json("ReceiveStock", { location: "L", qty }))
  worker.settle()
}
/** 1 header, 2 genesis, 3 claim, 4 record, 5 message, 6 command, 7 record, 8 message, 9 command, 10 end; without the lines of what was stored, which change nothing. */
const lines = exportOf(worker.broker.journal, { partition: 0, partitions: 1, sku: null })
  .trimEnd()
  .split("\n")
  .filter((line) => !line.startsWith('{"line":"stored"'))
const text = `${lines.join("\n")}\n`

const refusalOf = (source: string | Iterable<string>): string => {
  try {
    readTrace(source)
  } catch (error) {
    if (error instanceof TraceUnreadable) return error.message
    throw error
  }
  return "read"
}
const withLine = (number: number, change: (json: Record<string, unknown>) => unknown): ReadonlyArray<string> =>
  lines.map((line, i) => (i === number - 1 ? JSON.stringify(change(JSON.parse(line))) : line))

describe("an exported journal", () => {
  it("is read from a text or from its lines, to the same", () => {
    const trace = readTrace(text)
    expect(lines).toHaveLength(10)
    expect(trace).toEqual(readTrace(lines))
    expect(readTrace(lines.join("\r\n"))).toEqual(trace)
    expect(trace.records.map(({ kind, seq }) => [kind, seq])).toEqual([
      ["genesis", 1],
      ["claim", 2],
      ["batch", 3],
      ["batch", 4],
    ])
    expect(trace.records[2]?.messages[0]?.commands[0]).toMatchObject({ line: 6, command: { type: "ReceiveStock", qty: 1 } })
  })

  const bad: ReadonlyArray<readonly [what: string, source: string | ReadonlyArray<string>, said: RegExp]> = [
    ["nothing at all", "", /^line 1: the file is empty: give what/],
    ["a picture", "\u0089PNG\n", /^line 1: it is no JSON: give what `holdfast export` printed/],
    ["another JSON file", '{"name":"x"}\n', /^line 1: it is no header of an exported journal/],
    ["a list", "[1]\n", /^line 1: it is no header/],
    [
      "another format",
      withLine(1, (line) => ({ ...line, format: 2 })),
      /^line 1: the export has format 2, and format 1 is read here: use the release/,
    ],
    ["a partition that isn't there", withLine(1, (line) => ({ ...line, partition: 1 })), /^line 1: there is no partition 1 among 1/],
    ["a header with a field too many", withLine(1, (line) => ({ ...line, extra: 1 })), /^line 1: extra: no such field/],
    ["a line cut in the middle", [...lines.slice(0, 6), (lines[6] ?? "").slice(0, 20)], /^line 7: it is no JSON: the file was cut short/],
    ["an end cut off", lines.slice(0, 9), /^line 9: the file ends here without a line that says so/],
    ["a blank line", lines.toSpliced(3, 0, ""), /^line 4: it is no JSON/],
    [
      "an unknown kind of line",
      withLine(5, (line) => ({ ...line, line: "massage" })),
      /^line 5: there is no kind of line called “massage”/,
    ],
    ["a line of no kind", withLine(5, () => 7), /^line 5: it is no JSON object/],
    ["a field of another type", withLine(5, (line) => ({ ...line, brokerMs: "now" })), /^line 5: brokerMs: /],
    ["a second export behind it", [...lines, ...lines], /^line 11: a second header: these are several exports in one file/],
    ["a line behind its end", [...lines, lines[5] ?? ""], /^line 11: something follows the end that line 10 is/],
    ["a second header within", lines.toSpliced(3, 0, lines[0] ?? ""), /^line 4: a second header/],
    ["a record left out", lines.toSpliced(3, 3), /^line 4: record 4 comes where record 3 is missing/],
    [
      "records in another order",
      lines.toSpliced(1, 2, lines[2] ?? "", lines[1] ?? ""),
      /^line 2: record 2 comes where record 1 is missing/,
    ],
    ["a record twice", lines.toSpliced(3, 0, ...lines.slice(3, 6)), /^line 7: record 3 follows record 3/],
    ["time that falls", withLine(7, (line) => ({ ...line, atMs: 5 })), /^line 7: record 4 is earlier \(5\) than record 3/],
    ["an epoch that falls", withLine(7, (line) => ({ ...line, epoch: 0 })), /^line 7: record 4 is of epoch 0 after epoch 1/],
    ["a line before the first record", lines.toSpliced(1, 2), /^line 2: record 3 comes where record 1 is missing/],
    ["an entry before the first record", lines.toSpliced(1, 3), /^line 2: a line “message” before the first record/],
    ["a message in a claim", lines.toSpliced(3, 1), /^line 4: a line “message” can't stand here, in record 2 of kind claim/],
    ["a command without its message", lines.toSpliced(4, 1), /^line 5: a command that belongs to no message/],
    ["a message without its command", lines.toSpliced(5, 1), /^line 6: the message of line 5 has no command/],
    ["two commands in a message of one", lines.toSpliced(5, 0, lines[5] ?? ""), /^line 7: a second command in the message of line 5/],
    [
      "a command changed by hand",
      withLine(6, (line) => ({ ...line, command: { ...(line.command as object), qty: -1 } })),
      /^line 6: its command is none: InvalidField, qty: it was changed by hand/,
    ],
    ["a decision that is none", withLine(6, (line) => ({ ...line, decision: { outcome: "maybe" } })), /^line 6: /],
    [
      "an expiry behind a message",
      lines.toSpliced(6, 0, JSON.stringify({ line: "expiry", sku: "A", reservations: [] })),
      /^line 7: a line “expiry” can't stand here/,
    ],
    [
      "counts that don't match",
      withLine(10, (line) => ({ ...line, commands: 3 })),
      /^line 10: it counts 4 records and 3 commands, but 4 and 2 came/,
    ],
    [
      "a tail cut out",
      [...lines.slice(0, 6), JSON.stringify({ ...JSON.parse(lines[9] ?? ""), records: 3, commands: 1 })],
      /^line 7: the journal went to record 4, the last one here is 3/,
    ],
    ["an end before its last record", withLine(10, (line) => ({ ...line, atMs: 1 })), /^line 10: it is earlier \(1\) than record 4/],
  ]
  for (const [what, source, said] of bad)
    it(`is refused with its line where it is ${what}`, () => {
      expect(refusalOf(source)).toMatch(said)
    })
})
