import { Layer } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { Client, type ClientOptions } from "../../src/client/client.ts"
import { openSenderClient, type SenderClient } from "../../src/client/promises.ts"
import type { SenderId } from "../../src/domain/names.ts"
import type { OrderId } from "../../src/domain/order/names.ts"
import { orderLinesMax } from "../../src/limits.ts"
import { type FakeLink, fakeLink, type SaidMessage } from "./fake-link.ts"

const open = async (options: ClientOptions = {}): Promise<{ readonly link: FakeLink; readonly channel: SenderClient }> => {
  const link = fakeLink()
  const channel = await openSenderClient(Client.layer(options).pipe(Layer.provide(link.layer)))
  onTestFinished(() => channel.close())
  return { link, channel }
}

/** A turn of the event loop. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const bodyOf = (message: SaidMessage | undefined): Record<string, unknown> => JSON.parse(message?.body ?? "{}")
const accepted = (message: SaidMessage, more: object = {}): object => {
  const { id, order } = bodyOf(message)
  return { decisions: [{ id, outcome: "accepted", order, lines: [], ...more }] }
}
/** A worker that accepts every order. */
const answering = (link: FakeLink): void => {
  link.onPublish = (message) => link.reply(message.suffix, accepted(message))
}

const order = { order: "O-1", fill: "whole", holdMs: 60_000, lines: [{ sku: "MUG", qty: 2 }] } as const

describe("a channel's orders", () => {
  it("an order: one message on its own subject, without the channel's name, and an answer that names it", async () => {
    const { link, channel } = await open()
    answering(link)
    const answer = await channel.placeOrder(order)
    const [sent] = link.published
    expect(sent).toMatchObject({ class: "sell", kind: "order", token: "O-1" })
    expect(bodyOf(sent)).toMatchObject({ v: 1, type: "PlaceOrder", id: answer.id, ...order })
    expect(bodyOf(sent)).not.toHaveProperty("channel")
    expect(bodyOf(sent)).toHaveProperty("issuedAtMs")
    expect(answer).toMatchObject({ order: "O-1", outcome: "accepted", lines: [] })
  })

  it("of a trace: told with its message", async () => {
    const { link, channel } = await open()
    answering(link)
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await channel.placeOrder(order, { traceparent })
    expect(link.published).toMatchObject([{ kind: "order", traceparent }])
  })

  it("several orders of one turn: a message each, beside the message of commands about SKUs", async () => {
    const { link, channel } = await open()
    link.onPublish = (message) =>
      message.kind === "order"
        ? link.reply(message.suffix, accepted(message))
        : link.reply(message.suffix, { decisions: [{ id: bodyOf(message).id, sku: "MUG", outcome: "accepted" }] })
    const answers = await Promise.all([
      channel.placeOrder(order),
      channel.placeOrder({ ...order, order: "O-2" }),
      channel.reserve({ sku: "MUG", reservation: "r", qty: 1, holdMs: 1 }),
    ])
    expect(answers.map(({ outcome }) => outcome)).toEqual(["accepted", "accepted", "accepted"])
    expect(link.published.map(({ kind }) => kind).sort()).toEqual(["order", "order", "sku"])
  })

  it("commands about one order: each sent when the one before is answered", async () => {
    const { link, channel } = await open()
    const both = [channel.placeOrder(order), channel.confirmOrder({ order: "O-1" })]
    await turn()
    expect(link.published.map((message) => bodyOf(message).type)).toEqual(["PlaceOrder"])
    answering(link)
    link.reply(link.published[0]?.suffix ?? "", accepted(link.published[0] as SaidMessage, { expiresAtMs: 5 }))
    expect(await Promise.all(both)).toMatchObject([{ outcome: "accepted", expiresAtMs: 5 }, { outcome: "accepted" }])
    expect(link.published.map((message) => bodyOf(message).type)).toEqual(["PlaceOrder", "ConfirmOrder"])
  })

  it("no answer: asked again with the same bytes, and the one answer is taken, whichever sending it is to", async () => {
    const { link, channel } = await open({ retryMs: 10 })
    const asked = channel.placeOrder({ ...order, id: "one" })
    await expect.poll(() => link.published.length).toBeGreaterThan(1)
    expect(link.published[1]?.body).toBe(link.published[0]?.body)
    link.reply(link.published[0]?.suffix ?? "", accepted(link.published[0] as SaidMessage))
    expect(await asked).toMatchObject({ id: "one", outcome: "accepted" })
  })

  it("busy, because another command of the order is not answered: sent again, as long as its caller waits", async () => {
    const { link, channel } = await open({ retryMs: 10 })
    link.onPublish = (message) => {
      if (link.published.length > 1) link.reply(message.suffix, accepted(message))
      else link.door(message.suffix, { answer: "busy", retryAfterMs: 5, why: "order" })
    }
    expect(await channel.confirmOrder({ order: "O-1" })).toMatchObject({ outcome: "accepted" })
    expect(link.published.length).toBe(2)
  })

  it("nobody takes orders: busy in the end, and nothing was taken", async () => {
    const { link, channel } = await open({ timeoutMs: 60, retryMs: 10 })
    link.onPublish = ({ suffix }) => link.nobodyTakes(suffix)
    expect(await channel.cancelOrder({ order: "O-1", reason: "cancelled" })).toMatchObject({
      order: "O-1",
      outcome: "busy",
      why: "nobody",
    })
  })

  it("a refusal: a value, with a word on each line", async () => {
    const { link, channel } = await open()
    const lines = [{ sku: "MUG", qty: 0, reason: "InsufficientStock", ats: 1 }]
    link.onPublish = (message) =>
      link.reply(message.suffix, {
        decisions: [{ id: bodyOf(message).id, outcome: "refused", reason: "LinesRefused", order: "O-1", lines }],
      })
    expect(await channel.placeOrder(order)).toMatchObject({ order: "O-1", outcome: "refused", reason: "LinesRefused", lines })
  })

  it("a refusal that names nothing but the command: the order's all the same", async () => {
    const { link, channel } = await open()
    link.onPublish = ({ suffix }) => link.reply(suffix, { decisions: [{ id: null, outcome: "refused", reason: "TooOld" }] })
    expect(await channel.placeOrder({ ...order, id: "old" })).toMatchObject({
      id: "old",
      order: "O-1",
      outcome: "refused",
      reason: "TooOld",
    })
  })

  it("what can't be an order: not stored without being sent, as the door would say it", async () => {
    const { link, channel } = await open()
    answering(link)
    const wrong = await Promise.all([
      channel.placeOrder({ ...order, order: "" }),
      channel.placeOrder({ ...order, lines: [] }),
      channel.placeOrder({ ...order, lines: [{ sku: "MUG", qty: 0 }] }),
      channel.placeOrder({ ...order, fill: "most" as never }),
      channel.placeOrder({ ...order, channel: "till" } as never),
      channel.placeOrder({ ...order, lines: Array.from({ length: orderLinesMax + 1 }, (_, i) => ({ sku: `S${i}`, qty: 1 })) }),
    ])
    for (const answer of wrong) expect(answer).toMatchObject({ outcome: "notStored", reason: "form" })
    expect(link.published).toEqual([])
  })

  it("what is missing, unknown or out of its range is said in words, as of commands about SKUs", async () => {
    const { channel } = await open()
    const details = await Promise.all([
      channel.cancelOrder({ order: "O-1" } as never),
      channel.placeOrder({ ...order, colour: "red" } as never),
      channel.placeOrder({ ...order, lines: [{ sku: "MUG", qty: 0 }] }),
      channel.placeOrder({ ...order, type: "SellOrder" } as never),
      channel.placeOrder({ ...order, channel: "till" } as never),
    ])
    expect(details).toMatchObject([
      { cause: "InvalidField", field: "reason", detail: "missing" },
      { cause: "InvalidField", field: "colour", detail: "not known to PlaceOrder" },
      { cause: "InvalidField", field: "lines.0.qty", detail: "out of its range (1 to 1000000000): 0" },
      { cause: "UnknownType", field: "type", detail: expect.stringContaining("no command has the type") as unknown },
      { cause: "InvalidField", field: "channel", detail: "an order is its sender's own" },
    ])
  })

  it("the same id twice at once: one command; with other lines: refused, and said so", async () => {
    const { link, channel } = await open()
    answering(link)
    const answers = await Promise.all([
      channel.placeOrder({ ...order, id: "o", issuedAtMs: 1 }),
      channel.placeOrder({ ...order, id: "o", issuedAtMs: 2 }),
      channel.placeOrder({ ...order, id: "o", lines: [{ sku: "POT", qty: 1 }] }),
    ])
    expect(answers).toMatchObject([
      { outcome: "accepted" },
      { outcome: "accepted" },
      { outcome: "refused", reason: "IdReused", field: "lines" },
    ])
    expect(link.published).toHaveLength(1)
  })

  it("a sender without the permission: rejected, of orders alone", async () => {
    const { link, channel } = await open()
    link.onPublish = (message) => {
      if (message.kind === "order") link.deny(message)
      else link.reply(message.suffix, { decisions: [{ id: bodyOf(message).id, sku: "MUG", outcome: "accepted" }] })
    }
    await expect(channel.placeOrder(order)).rejects.toMatchObject({ _tag: "NotPermitted" })
    expect(await channel.confirm({ sku: "MUG", reservation: "r" })).toMatchObject({ outcome: "accepted" })
  })

  it("how an order stands: asked by its id, and told by whoever decides it", async () => {
    const { link, channel } = await open()
    const asOf = { partition: 0, seq: 7, epoch: 1 }
    link.onAsk = (question) =>
      link.answer(question, { answer: "unknownOrder", channel: "web" as SenderId, order: "O-1" as OrderId, ...asOf })
    expect(await channel.order("O-1")).toMatchObject({ answer: "unknownOrder", order: "O-1", seq: 7 })
    expect(link.asked[0]).toMatchObject({ path: "order.O-1", body: "" })
    await expect(channel.order("")).rejects.toThrow(RangeError)
  })
})
