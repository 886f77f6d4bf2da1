/**
 * One form of a field's path, wherever one is made: at the door, by the owner, by the client before it sends, and by the command line.
 */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { commandJson } from "../../src/cli/command-flags.ts"
import { orderLine } from "../../src/cli/decisions.ts"
import { commandOf } from "../../src/cli/send.ts"
import { sendable } from "../../src/client/commands.ts"
import { type OrderRequest, orderSendable } from "../../src/client/orders.ts"
import type { CommandId, SenderId, Sku } from "../../src/domain/names.ts"
import type { CancelOrder } from "../../src/domain/order/commands/cancel-order/command.ts"
import type { OrderId } from "../../src/domain/order/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { decodeBody } from "../../src/wire/body.ts"
import { orderCodec } from "../../src/wire/codec.ts"
import { web } from "./given.ts"
import { cancel, held, line, mug, place, shirt, when } from "./order/given.ts"

const bytesOf = (json: object): Uint8Array => Buffer.from(JSON.stringify(json))
const without =
  (...names: ReadonlyArray<string>) =>
  (json: object) =>
    Object.fromEntries(Object.entries(json).filter(([name]) => !names.includes(name)))

const order = { v: 1, type: "PlaceOrder", id: "c1", order: "o1", issuedAtMs: 1, fill: "whole", holdMs: 1, lines: [{ sku: "A", qty: 1 }] }
const policyLine = { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
const policy = { channels: [policyLine, policyLine], safety: [], sourcing: [] }
const setPolicy = { v: 1, type: "SetPolicy", id: "c1", sku: "A", issuedAtMs: 1, policy }

const lines = (...all: ReadonlyArray<object>): object => ({ ...order, lines: all })
const wrongOrders: ReadonlyArray<readonly [object, string]> = [
  [lines({ sku: "A", qty: 1 }, { sku: "B", qty: 0 }), "lines.1.qty"],
  [lines({ sku: "A", qty: 1, locations: ["a b"] }), "lines.0.locations.0"],
  [lines({ sku: "A", qty: 1, price: 1 }), "lines.0.price"],
  [without("lines")(order), "lines"],
]
const wrongPolicies: ReadonlyArray<readonly [object, string]> = [
  [setPolicy, "policy.channels.1"],
  [{ ...setPolicy, policy: { ...policy, channels: [{ ...policyLine, priority: -1 }] } }, "policy.channels.0.priority"],
  [{ ...setPolicy, policy: { ...policy, channels: [{ ...policyLine, colour: 1 }] } }, "policy.channels.0.colour"],
]

describe("the path of a field at fault has dots, places counted from 0", () => {
  it.each(wrongOrders)("at the door, of an order: %j", (json, field) => {
    expect(orderCodec.decodeBodyFrom(bytesOf(json), web)).toMatchObject({ commands: [{ refusal: { reason: "InvalidField", field } }] })
  })
  it.each(wrongPolicies)("at the door, of a policy: %j", (json, field) => {
    expect(decodeBody(bytesOf(json))).toMatchObject({ commands: [{ refusal: { reason: "InvalidField", field } }] })
  })

  it.each([
    [place([line(shirt, 1), line(mug, 2, { minQty: 1 })]), "lines.1.minQty"],
    [cancel([{ sku: shirt, qty: 99 }]), "lines.0"],
    [cancel([{ sku: shirt }, { sku: "none" as Sku }] satisfies CancelOrder["lines"]), "lines.1.sku"],
  ])("by the owner of an order: %j", (command, field) => {
    expect(when(command.type === "PlaceOrder" ? undefined : held, command)).toMatchObject({ refusal: { field } })
  })

  it.each(wrongOrders)("by the client, of an order: %j", (json, field) => {
    // A caller without types gives what it likes.
    expect(orderSendable(without("v")(json) as unknown as OrderRequest, "web" as SenderId)).toMatchObject({ field })
  })
  it.each(wrongPolicies)("by the client, of a policy: %j", (json, field) => {
    // A caller without types gives what it likes.
    expect(sendable(without("v")(json) as unknown as Command, 1)).toMatchObject({ field })
  })

  it.each([...wrongOrders, ...wrongPolicies])("by the command line: %j", async (json, field) => {
    const failed = await Effect.runPromise(Effect.flip(commandOf(json, 7, "")))
    expect(failed.message).toContain(`"${field}"`)
  })
  it("by the command line of what its flags give, and of what an owner refused", async () => {
    const none = { sku: undefined, id: undefined, issuedAtMs: undefined, deadlineMs: undefined, channels: undefined, own: {} }
    const json = await Effect.runPromise(commandJson("PlaceOrder", { ...none, line: ["A=1", "B=0"] }, "c1", 7))
    expect((await Effect.runPromise(Effect.flip(commandOf(json, 7, "")))).message).toContain('"lines.1.qty"')
    const asked = { ...cancel([{ sku: mug }]), order: "o1" as OrderId, id: "c1" as CommandId }
    const answer = { id: "c1", order: "o1", outcome: "refused", reason: "UnknownLine", field: "lines.0.sku" } as const
    expect(orderLine(asked, answer, 7)).toContain("lines.0.sku")
  })
})
