import { describe, expect, it } from "vitest"
import { createAudit } from "../../src/audit/audit.ts"
import type { CommandAnswer } from "../../src/channel.ts"
import { auditText, lookAlikeLines } from "../../src/cli/audit.ts"
import { decisionLine, outcomeCode, unknownLine } from "../../src/cli/decisions.ts"
import { CommandFailed } from "../../src/cli/exit-codes.ts"
import { table } from "../../src/cli/print.ts"
import { meantOf, type Quarantined, quarantineText, shortText } from "../../src/cli/quarantine.ts"
import { stockText } from "../../src/cli/stock.ts"
import { topologyText } from "../../src/cli/topology.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { engineCodec } from "../../src/wire/codec.ts"

const reserve = { type: "Reserve", id: "c1", sku: "A", issuedAtMs: 1, reservation: "r1", qty: 2, holdMs: 1 } as Command
const said = (outcome: object) => ({ id: "c1", sku: "A", ...outcome }) as CommandAnswer

describe("a decision in one line", () => {
  it.each<[object, number, string]>([
    [
      { outcome: "accepted", qty: 2, allocations: [{ location: "L", qty: 2 }], expiresAtMs: 0 },
      0,
      "accepted  Reserve A r1: 2 units (2 at L); until 1970-01-01T00:00:00.000Z  [id c1]",
    ],
    [{ outcome: "accepted", repeated: true }, 0, "accepted (again)  Reserve A r1  [id c1]"],
    [
      { outcome: "accepted", discrepancies: [{ kind: "NotOnHand", qty: 3 }], shortageQty: 1 },
      0,
      "accepted  Reserve A r1: DISCREPANCY NotOnHand: 3 units; SHORTAGE: 1 unit owed that isn't there  [id c1]",
    ],
    [{ outcome: "refused", reason: "InsufficientStock", ats: 1 }, 10, "refused  Reserve A r1: InsufficientStock; 1 was to be had  [id c1]"],
    [{ outcome: "expired" }, 11, "expired  Reserve A r1: its deadline passed before it was decided, and this id stays expired  [id c1]"],
    [
      { outcome: "notStored", reason: "age", field: "deadlineMs", detail: "1 ms had passed when it came" },
      11,
      "notStored  Reserve A r1: its deadline of 1 ms had passed when it came; nothing was decided, and its id is free  [id c1]",
    ],
    [
      { outcome: "busy", retryAfterMs: 200, why: "owner" },
      12,
      "busy  Reserve A r1: nobody serves its partition now; nothing of it was taken, send it again in 200 ms or later  [id c1]",
    ],
    [
      { outcome: "notStored", reason: "form", cause: "InvalidField", field: "qty" },
      15,
      'notStored  Reserve A r1: InvalidField "qty"; nothing was decided, and its id is free  [id c1]',
    ],
    [
      { outcome: "notStored", reason: "form", cause: "InvalidField", field: "sku", detail: "U+0020, white space, at its end" },
      15,
      'notStored  Reserve A r1: InvalidField "sku", U+0020, white space, at its end; nothing was decided, and its id is free  [id c1]',
    ],
    [
      { outcome: "notStored", reason: "class" },
      15,
      "notStored  Reserve A r1: it may not be sent in this class; nothing was decided, and its id is free  [id c1]",
    ],
    [{ outcome: "quarantined", quarantined: "7-0" }, 13, "quarantined  Reserve A r1: an operator decides (7-0)  [id c1]"],
    [{ outcome: "dropped", reason: "a repeat" }, 14, "dropped  Reserve A r1: a repeat  [id c1]"],
  ])("%o", (outcome, code, line) => {
    expect(decisionLine(reserve, said(outcome), -1)).toBe(line)
    expect(outcomeCode(said(outcome))).toBe(code)
  })
})

it("a hold whose time is over by now: said, from its last moment on", () => {
  const hold = said({ outcome: "accepted", repeated: true, qty: 2, expiresAtMs: 5 })
  expect(decisionLine(reserve, hold, 4)).not.toContain("over")
  expect(decisionLine(reserve, hold, 5)).toContain("until 1970-01-01T00:00:00.005Z, and this time is over")
})

describe("a command without a decision in time, in one line", () => {
  it("stored: will be decided", () =>
    expect(unknownLine(reserve, true, "it is stored")).toBe("undecided  Reserve A r1: it is stored  [id c1]"))
  it("of which nothing was heard: unknown", () =>
    expect(unknownLine(reserve, false, "silence")).toBe("unknown  Reserve A r1: silence  [id c1]"))
})

describe("a table", () => {
  it("is as wide as its widest cells, numbers to the right", () => {
    expect(
      table(
        ["SKU", "ATS"],
        [
          ["A", 5],
          ["LONGER", 10_000],
        ],
      ),
    ).toBe("SKU       ATS\nA           5\nLONGER  10000")
  })

  it("without rows: its headings", () => {
    expect(table(["SKU", "ATS"], [])).toBe("SKU  ATS")
  })
})

describe("what people read", () => {
  it("of a SKU nobody has told anything about: says so", () => {
    const answer = { answer: "unknownSku", sku: "A" as never, partition: 3, seq: 7, epoch: 1 } as const
    expect(stockText(answer)).toBe("A: nobody has told anything about it yet (partition 3, record 7)")
  })

  it("of a SKU that no channel sells: its locations, and that a policy is missing", () => {
    const at = { location: "L" as never, onHand: 5, damaged: 0, inspection: 0, reserved: 1, exposed: 0, safety: 0, short: 0, available: 4 }
    const known = { answer: "stock", sku: "A" as never, partition: 3, seq: 7, epoch: 1, atMs: 0, offered: 4 } as const
    const text = stockText({ ...known, locations: [at], ats: [], shortQty: 0, shortages: [], openReservations: 1, policy: null })
    expect(text.split("\n")).toEqual([
      "A: 4 offered, 1 open reservation (partition 3, record 7, 1970-01-01T00:00:00.000Z)",
      "",
      "location  available  on hand  reserved  exposed  damaged  inspection  safety",
      "L                 4        5         1        0        0           0       0",
      "",
      "no channel sells it: set a policy",
    ])
  })

  it("of a SKU that a settled command left short: how many units, and where to look", () => {
    expect(shortText("B", 815)).toBe("B is now short of 815 units that are sold and not there: see holdfast stock")
    expect(shortText("B", 1)).toContain("1 unit that is sold")
    expect(shortText("B", 0)).toBe("")
  })

  it("of an empty quarantine: says so", () => expect(quarantineText([])).toBe("Nothing is in quarantine."))

  it("of an id that two partitions gave: takes neither, until what it is about is named", () => {
    const at = (quarantined: string, partition: number) => ({
      quarantined,
      partition,
      atMs: 0,
      sender: "web",
      class: "sell",
      cause: "threw",
    })
    const one = (partition: number, sku: string, id = "12-0") =>
      ({ kind: "sku", ...at(id, partition), command: { ...reserve, sku } }) as Quarantined
    const about = { type: "ConfirmOrder", channel: "web", order: "O-1" }
    // As much of it as a list shows.
    const ofOrder = { kind: "order", ...at("12-0", 3), command: about } as unknown as Quarantined
    const all = [one(0, "A"), one(3, "B"), one(3, "C", "13-0"), ofOrder]
    const nobody = { kind: null, sku: null, order: null }
    const unclear = meantOf(all, "12-0", nobody)
    expect(unclear).toBeInstanceOf(CommandFailed)
    const each = "--sku A (partition 0) or --sku B (partition 3) or --order web/O-1 (partition 3)"
    expect(unclear).toMatchObject({ code: 2, message: expect.stringContaining(each) })
    expect(meantOf(all, "12-0", { ...nobody, sku: "B" })).toBe(all[1])
    expect(meantOf(all, "12-0", { ...nobody, order: "web/O-1" })).toBe(ofOrder)
    expect(meantOf(all, "12-0", { ...nobody, kind: "order" })).toBe(ofOrder)
    expect(meantOf(all, "13-0", nobody)).toBe(all[2])
    expect(meantOf(all, "12-0", { ...nobody, sku: "C" })).toMatchObject({
      code: 10,
      message: expect.stringContaining("of C is called 12-0"),
    })
    expect(quarantineText([ofOrder]).split("\n")[1]).toMatch(/^12-0 +order +3 .* web +sell +ConfirmOrder +web\/O-1 +threw$/)
  })

  it("of a halted partition and what isn't guaranteed: stands out", () => {
    const partition = {
      kind: "sku" as const,
      partition: 0,
      journal: "J",
      owner: null,
      epoch: 2,
      endSeq: 9,
      atMs: 0,
      firstSeq: 4,
      journalBytes: 12_345,
      bytesPerDay: 678,
      archive: { archivedSeq: 7, bytes: 90 },
      lagMessages: 3,
      lagCommands: 41,
      lagMs: 40,
      halt: "ChainBroken: x",
    }
    const text = topologyText({ partitions: [partition], workers: [], commands: ["C"], warnings: ["one replica"] })
    expect(text).toContain("nobody")
    expect(text).toMatch(/commands waiting +in messages/)
    expect(text).toMatch(/ 41 +3 +40 /)
    expect(text).toContain("ChainBroken: x")
    expect(text).toMatch(/^sku +0 +4 to 9 +12345 +678 +7 +90$/m)
    expect(text).toContain("NOT GUARANTEED: one replica")
  })

  it("of an audit: every checker of journals with what it looked at, and each violation with its place", () => {
    const audit = createAudit({ codec: engineCodec })
    expect(auditText(audit.finish(), 4)).toContain("No guarantee was found broken.")
    const bad = createAudit({ codec: engineCodec })
    bad.record(2, { seq: 1, messageId: "x", bytes: new Uint8Array([1]) })
    const text = auditText(bad.finish(), 4)
    expect(text).toContain("GUARANTEES ARE BROKEN:")
    expect(text).toMatch(/chain: partition 2, record 1: /)
    expect(text).not.toMatch(/^completeness/m)
  })

  it("of an audit: SKUs that look alike, spelled so that they can be told apart", () => {
    expect(lookAlikeLines(0, [])).toEqual([])
    expect(
      lookAlikeLines(2, [
        ["84997b", "84997B"],
        ["A B", "A\u00a0B"],
      ]),
    ).toEqual([
      "",
      expect.stringMatching(/^2 groups of SKUs look alike/),
      "  84997b (84997b), 84997B (84997B)",
      '  "A B" (A%20B), "A\\u00a0B" (A%C2%A0B)',
    ])
  })
})
