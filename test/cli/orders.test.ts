import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { OrderAnswer, OrderRequest, OrderStanding } from "../../src/channel.ts"
import { commandJson, lineOf } from "../../src/cli/command-flags.ts"
import { orderCode, orderLine } from "../../src/cli/decisions.ts"
import { orderText } from "../../src/cli/order.ts"
import { commandOf } from "../../src/cli/send.ts"

const given = { sku: undefined, id: undefined, issuedAtMs: undefined, deadlineMs: undefined, channels: undefined, line: [], own: {} }
const json = (type: string, more: object) => Effect.runPromise(commandJson(type, { ...given, ...more }, "c1", 7))

describe("a command about an order, from flags", () => {
  it("a line: a SKU, how many, and how many at least; the last equals sign counts", () => {
    expect(lineOf("MUG=2")).toEqual({ sku: "MUG", qty: 2 })
    expect(lineOf("MUG=2:1")).toEqual({ sku: "MUG", qty: 2, minQty: 1 })
    expect(lineOf("A=B=3")).toEqual({ sku: "A=B", qty: 3 })
    expect(lineOf("MUG")).toEqual({ sku: "MUG" })
    expect(lineOf("MUG=two")).toEqual({ sku: "MUG=two" })
  })

  it("PlaceOrder: whole and for 15 minutes unless said, and named by the command's id unless named", async () => {
    expect(await json("PlaceOrder", { line: ["MUG=2", "POT=1"] })).toEqual({
      v: 1,
      type: "PlaceOrder",
      id: "c1",
      issuedAtMs: 7,
      order: "c1",
      fill: "whole",
      holdMs: 900_000,
      lines: [
        { sku: "MUG", qty: 2 },
        { sku: "POT", qty: 1 },
      ],
    })
    expect(await json("PlaceOrder", { line: ["MUG=2:1"], own: { order: "O-1", fill: "minimum", holdMs: 5 } })).toMatchObject({
      order: "O-1",
      fill: "minimum",
      holdMs: 5,
      lines: [{ sku: "MUG", qty: 2, minQty: 1 }],
    })
  })

  it("is looked at before anything is connected to, and what is wrong is said as of commands about SKUs", async () => {
    const wrong = (body: object) => Effect.runPromise(Effect.flip(commandOf(body, 7, "")))
    expect(await wrong({ type: "CancelOrder", order: "O-1" })).toMatchObject({ code: 2, message: '"reason" is missing' })
    expect(await wrong({ type: "ConfirmOrder", order: "a b" })).toMatchObject({
      message: expect.stringContaining('"order" is out of its range'),
    })
    expect(await Effect.runPromise(commandOf({ type: "ConfirmOrder", order: "O-1", id: "c1" }, 7, ""))).toEqual({
      type: "ConfirmOrder",
      order: "O-1",
      id: "c1",
      issuedAtMs: 7,
    })
  })

  it("lines as JSON, too", async () => {
    expect(await json("PlaceOrder", { own: { lines: '[{"sku":"MUG","qty":1,"locations":["wh"]}]' } })).toMatchObject({
      lines: [{ sku: "MUG", qty: 1, locations: ["wh"] }],
    })
  })

  it("ConfirmOrder and CancelOrder: of an order, or some lines of it", async () => {
    expect(await json("ConfirmOrder", { own: { order: "O-1" } })).toEqual({
      v: 1,
      type: "ConfirmOrder",
      id: "c1",
      issuedAtMs: 7,
      order: "O-1",
    })
    expect(await json("CancelOrder", { line: ["MUG", "POT=1"], own: { order: "O-1", reason: "cancelled" } })).toMatchObject({
      reason: "cancelled",
      lines: [{ sku: "MUG" }, { sku: "POT", qty: 1 }],
    })
  })

  it("lines by --line and by --lines: refused, for one of them would be left out", async () => {
    for (const type of ["PlaceOrder", "CancelOrder"])
      await expect(json(type, { line: ["MUG=2"], own: { lines: '[{"sku":"POT","qty":1}]' } })).rejects.toThrow(
        "name an order's lines by --line or by --lines: one of both",
      )
  })
})

const command = { type: "ConfirmOrder", id: "c1", issuedAtMs: 1, order: "O-1" } as OrderRequest
const said = (answer: object): OrderAnswer => ({ id: "c1", order: "O-1", ...answer }) as OrderAnswer

describe("an answer about an order, in one line", () => {
  it.each<readonly [string, object, number, string]>([
    [
      "held",
      { outcome: "accepted", expiresAtMs: 5, lines: [{ sku: "MUG", qty: 2 }] },
      0,
      "accepted  ConfirmOrder O-1: until 1970-01-01T00:00:00.005Z; MUG 2  [id c1]",
    ],
    [
      "a line lost all the same",
      { outcome: "accepted", repeated: true, lines: [{ sku: "MUG", qty: 0, refundQty: 2, reason: "ReservationExpired" }] },
      0,
      "accepted (again)  ConfirmOrder O-1: MUG 0 (refund 2, ReservationExpired)  [id c1]",
    ],
    [
      "refused",
      { outcome: "refused", reason: "LinesRefused", lines: [{ sku: "MUG", qty: 0, reason: "InsufficientStock", ats: 1 }] },
      10,
      "refused  ConfirmOrder O-1: LinesRefused; MUG 0 (InsufficientStock, 1 was to be had)  [id c1]",
    ],
    [
      "busy",
      { outcome: "busy", why: "order", retryAfterMs: 9 },
      12,
      "busy  ConfirmOrder O-1: another command of the same order is not answered yet; nothing of it was taken, send it again in 9 ms or later  [id c1]",
    ],
  ])("%s", (_what, answer, code, line) => {
    expect(orderLine(command, said(answer), 0)).toBe(line)
    expect(orderCode(said(answer))).toBe(code)
  })
})

describe("how an order stands", () => {
  const asOf = { channel: "web", order: "O-1", partition: 3, seq: 7, epoch: 1 }
  it("of which nothing is kept: says so", () => {
    expect(orderText({ answer: "unknownOrder", ...asOf } as OrderStanding)).toBe(
      "O-1: no such order of web is kept (partition 3, record 7)",
    )
  })

  it("line by line", () => {
    // Names are plain strings here.
    const standing = {
      answer: "order",
      ...asOf,
      atMs: 0,
      phase: "held",
      ending: null,
      fill: "partial",
      expiresAtMs: 5,
      owes: { type: "CancelOrder", id: "c2" },
      lines: [
        { sku: "MUG", qty: 2, openQty: 1, releasedQty: 1, asked: "Release" },
        { sku: "POT", qty: 1, openQty: 0, reason: "InsufficientStock" },
      ],
    } as unknown as OrderStanding
    const text = orderText(standing)
    expect(text).toContain("O-1 of web: held, until 1970-01-01T00:00:00.005Z, the answer to CancelOrder c2 is owed, 2 lines, partial")
    expect(text).toContain("Release under way")
    expect(text).toContain("InsufficientStock")
  })
})
