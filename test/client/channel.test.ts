import { Effect, Fiber, Layer } from "effect"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { connect } from "../../src/channel.ts"
import { Client, type ClientOptions } from "../../src/client/client.ts"
import type { CommandAnswer } from "../../src/client/commands.ts"
import { openSenderClient, type SenderClient } from "../../src/client/promises.ts"
import { AnswerUnknown, NotPermitted } from "../../src/ports/errors.ts"
import { acceptAll, type FakeLink, fakeLink } from "./fake-link.ts"
import { manualEnvironment } from "./manual-environment.ts"

const open = async (
  options: ClientOptions = {},
  link: FakeLink = fakeLink(),
): Promise<{ readonly link: FakeLink; readonly channel: SenderClient }> => {
  const channel = await openSenderClient(Client.layer(options).pipe(Layer.provide(link.layer)))
  onTestFinished(() => channel.close())
  return { link, channel }
}

const answering = (link: FakeLink): void => {
  link.onPublish = ({ suffix, body }) => link.reply(suffix, acceptAll(body))
}

/** A turn of the event loop. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const isRangeError = (said: RegExp) => (error: unknown) => error instanceof RangeError && said.test(error.message)

const reserve = { sku: "A", reservation: "r1", qty: 1, holdMs: 60_000 }

describe("a channel's promises", () => {
  it("an accepted command: resolves with the decision, id and time filled in", async () => {
    const { link, channel } = await open()
    answering(link)
    const decision = await channel.reserve(reserve)
    const sent: unknown = JSON.parse(link.published[0]?.body ?? "")
    expect(decision).toMatchObject({ sku: "A", outcome: "accepted" })
    expect(sent).toMatchObject({ v: 1, type: "Reserve", id: decision.id, sku: "A", reservation: "r1", qty: 1, holdMs: 60_000 })
    expect(sent).toHaveProperty("issuedAtMs")
  })

  it("a thousand calls at once: as many decisions from few messages", async () => {
    const { link, channel } = await open()
    answering(link)
    const decisions = await Promise.all(Array.from({ length: 1_000 }, () => channel.reserve(reserve)))
    expect(new Set(decisions.map(({ id }) => id)).size).toBe(1_000)
    expect(link.published).toHaveLength(8)
  })

  it("the same id asked twice, without a time: with the time of the first", async () => {
    const { link, channel } = await open()
    answering(link)
    await channel.reserve({ ...reserve, id: "o1-r" })
    await new Promise((resolve) => setTimeout(resolve, 5))
    await channel.reserve({ ...reserve, id: "o1-r" })
    expect(link.published[1]?.body).toBe(link.published[0]?.body)
  })

  it("the same id asked twice at once, with other times: one command; with another quantity: refused, and said so", async () => {
    const { link, channel } = await open()
    answering(link)
    const decisions = await Promise.all([
      channel.reserve({ ...reserve, id: "o1-r", issuedAtMs: 1_000 }),
      channel.reserve({ ...reserve, id: "o1-r", issuedAtMs: 2_000, deadlineMs: 50 }),
      channel.reserve({ ...reserve, id: "o1-r", qty: 2 }),
    ])
    expect(decisions).toMatchObject([
      { outcome: "accepted" },
      { outcome: "accepted" },
      { outcome: "refused", reason: "IdReused", field: "qty" },
    ])
    expect(link.published).toHaveLength(1)
  })

  it("no worker yet: opens and sends at once, commands of one SKU in one message, others apart", async () => {
    const { link, channel } = await open({}, fakeLink(null))
    answering(link)
    const skus = ["A", "B", "A", "C"]
    const decisions = await Promise.all(skus.map((sku, i) => channel.reserve({ ...reserve, sku, reservation: `r${i}` })))
    expect(decisions.map(({ outcome }) => outcome)).toEqual(skus.map(() => "accepted"))
    expect(link.published.map(({ body }) => body.match(/"sku":"."/g)?.join())).toEqual(['"sku":"A","sku":"A"', '"sku":"B"', '"sku":"C"'])
  })

  it("no worker says how many partitions there are: told so in the end, by what needs to know", async () => {
    const { channel } = await open({ timeoutMs: 30 }, fakeLink(null))
    await expect(channel.partitions()).rejects.toMatchObject({ _tag: "AnswerUnknown", cause: expect.stringContaining("partitions") })
  })

  it("a deadline: passed on as it is", async () => {
    const { link, channel } = await open()
    answering(link)
    await channel.confirm({ sku: "A", reservation: "r1", deadlineMs: 250 })
    expect(JSON.parse(link.published[0]?.body ?? "")).toMatchObject({ type: "Confirm", deadlineMs: 250 })
  })

  it("every kind of command: sent in its class", async () => {
    const { link, channel } = await open()
    answering(link)
    await channel.release({ sku: "A", reservation: "r1", reason: "cancelled" })
    await channel.extend({ sku: "A", reservation: "r1", holdMs: 1 })
    await channel.recordSale({ sku: "A", mode: "taken", qty: 1, location: "L" })
    await channel.receiveStock({ sku: "A", location: "L", qty: 1 })
    await channel.adjustStock({ sku: "A", location: "L", qty: -1, reason: "count" })
    await channel.moveStatus({ sku: "A", location: "L", qty: 1, from: "available", to: "damaged" })
    await channel.fulfil({ sku: "A", channel: "web", reservation: "r1", location: "L" })
    await channel.setPolicy({ sku: "A", policy: { version: 1, channels: [], safety: [], sourcing: [] } })
    await channel.replayQuarantined({ sku: "A", quarantined: "1-0" })
    await channel.dropQuarantined({ sku: "A", quarantined: "1-0", reason: "never happened" })
    expect(link.published.map((message) => message.class)).toEqual([
      ...["sell", "sell", "sell", "stock", "stock", "stock", "stock", "policy", "operator", "operator"],
    ])
  })

  it("a field out of its range, a name that holds a quote, a SKU that has no token: not stored without being sent, the neighbours untouched", async () => {
    const { link, channel } = await open()
    answering(link)
    const refused = await Promise.all([
      channel.reserve({ ...reserve, qty: 0 }),
      channel.reserve({ ...reserve, reservation: 'r1","qty":2,"holdMs":3}' }),
      channel.reserve({ ...reserve, sku: "" }),
      channel.receiveStock({ sku: "A", location: 'L","reference":"x', qty: 1 }),
      channel.receiveStock({ sku: "Cafe\u0301", location: "L", qty: 1 }),
    ])
    const [accepted] = await Promise.all([channel.reserve(reserve)])
    expect(refused).toMatchObject([
      { outcome: "notStored", reason: "form", cause: "InvalidField", field: "qty" },
      { outcome: "notStored", reason: "form", cause: "InvalidField", field: "reservation" },
      { outcome: "notStored", reason: "form", cause: "InvalidField", field: "sku" },
      { outcome: "notStored", reason: "form", cause: "InvalidField", field: "location" },
      {
        outcome: "notStored",
        reason: "form",
        cause: "InvalidField",
        field: "sku",
        detail: 'not in normal form C, which is "Caf\u00e9" (Caf%C3%A9)',
      },
    ])
    expect(accepted).toMatchObject({ outcome: "accepted" })
    expect(link.published).toHaveLength(1)
  })

  it.each([
    ["a reservation that is missing", "reserve", { reservation: undefined }, "reservation"],
    ["a reservation that is null", "release", { reservation: null, reason: "cancelled", qty: undefined, holdMs: undefined }, "reservation"],
    ["a quantity as text", "reserve", { qty: "1" }, "qty"],
    ["a quantity as a list", "reserve", { qty: [1] }, "qty"],
    ["a time to hold as text", "extend", { holdMs: "60000", qty: undefined }, "holdMs"],
    ["a deadline as text", "reserve", { deadlineMs: "5000" }, "deadlineMs"],
    ["an id as a number", "reserve", { id: 12_345 }, "id"],
    ["what is partial as text", "reserve", { partial: "false" }, "partial"],
    ["a misspelled option", "reserve", { parital: true }, "parital"],
    ["a field of another type", "confirm", { holdMs: undefined, qty: 1 }, "qty"],
  ] as const)(
    "%s, given without types: not stored, and named, where it would be taken for something else",
    async (_, method, given, field) => {
      const { link, channel } = await open()
      answering(link)
      const said = await channel[method]({ ...reserve, ...given } as never)
      expect(said).toMatchObject({ outcome: "notStored", reason: "form", field })
      expect(link.published).toEqual([])
    },
  )

  it.each([undefined, null, "A", 5, ["A"], Symbol("A")])(
    "no object of fields at all (%p): not stored, with the first field that is missing",
    async (given) => {
      const { link, channel } = await open()
      answering(link)
      for (const method of ["reserve", "confirm", "receiveStock", "setPolicy", "dropQuarantined"] as const)
        expect(await channel[method](given as never)).toMatchObject({
          outcome: "notStored",
          reason: "form",
          field: "sku",
          detail: "missing",
        })
      expect(await channel.send(given as never)).toMatchObject({ outcome: "notStored", reason: "form", cause: "UnknownType" })
      expect(link.published).toEqual([])
    },
  )

  it("a number that JSON can't spell, a list that holds itself: not stored, and named", async () => {
    const { channel } = await open()
    const loop: Array<unknown> = []
    loop.push(loop)
    expect(await channel.reserve({ ...reserve, qty: 1n } as never)).toMatchObject({ outcome: "notStored", field: "qty" })
    expect(await channel.reserve({ ...reserve, locations: loop } as never)).toMatchObject({ outcome: "notStored", field: "locations.0" })
  })

  it("options that are none, of another name or another type: thrown, and named, and nothing is sent", async () => {
    const { link, channel } = await open()
    answering(link)
    for (const [options, said] of [
      [null, "the options of a command are null: they must be { timeoutMs, onSettled, traceparent }, as far as they are needed"],
      [5, "the options of a command are 5"],
      [[], "the options of a command are a list"],
      [{ onSettled: 5 }, "onSettled is 5: it must be a function"],
      [{ timeoutMS: 5 }, "there is no option timeoutMS; did you mean timeoutMs?"],
      [{ priority: 5 }, "there is no option priority: there are timeoutMs, onSettled, traceparent"],
    ] as const) {
      await expect(channel.reserve(reserve, options as never)).rejects.toThrow(said)
      await expect(channel.placeOrder({ order: "o1", fill: "whole", lines: [], holdMs: 1 }, options as never)).rejects.toThrow(said)
    }
    expect(link.published).toEqual([])
    expect(await channel.reserve(reserve, { timeoutMS: undefined } as never)).toMatchObject({ outcome: "accepted" })
  })

  it("options of a feed that can't be any: thrown, and named", async () => {
    const { channel } = await open()
    const onValue = () => undefined
    for (const [options, said] of [
      [undefined, "the options to follow ATS with are undefined: they must be { onValue, onGap, skus, current }"],
      [{}, "onValue is undefined: it must be a function"],
      [{ onValue, onGap: 1 }, "onGap is 1: it must be a function"],
      [{ onValue, skus: "A" }, 'skus is "A": it must be a list of SKUs'],
      [{ onValue, skus: ["A", ""] }, 'skus.1 is "": it is empty, and a SKU has 1 to 128 bytes'],
      [{ onValue, current: "no" }, 'current is "no": it must be true or false'],
      [{ onValue, sku: "A" }, "there is no option sku; did you mean skus?"],
    ] as const)
      expect(() => channel.ats.subscribe(options as never), said).toThrow(said)
    const watch = channel.ats.subscribe({ onValue, current: false })
    expect(() => watch.current(undefined as never)).toThrow("sku is undefined: it must be text of 1 to 128 bytes of UTF-8")
    expect(watch.current("A")).toBeUndefined()
    await watch.close()
  })

  it.each<[unknown, string]>([
    [undefined, "undefined: it must be text"],
    [null, "null: it must be text"],
    [5, "5: it must be text"],
    ["", '"": '],
    [{}, "an object: it must be text"],
    [Object.create(null), "an object: it must be text"],
    [["A"], "a list: it must be text"],
  ])("a question about %p: the argument that can't be one is named, with what it must be, without being asked", async (given, said) => {
    const { link, channel } = await open()
    const wrong = given as string
    for (const [name, asking] of [
      ["sku", channel.stock(wrong)],
      ["sku", channel.reservation(wrong, "r1")],
      ["reservation", channel.reservation("A", wrong)],
      ["order", channel.order(wrong)],
      ...(given === undefined ? [] : [["channel", channel.order("o1", wrong)] as const]),
    ] as const)
      await expect(asking).rejects.toSatisfy((error) => error instanceof RangeError && error.message.startsWith(`${name} is ${said}`))
    expect(link.asked).toEqual([])
  })

  it.each(["id", "issuedAtMs"])("%s: null: refused as what it is, not filled in; only what is absent is", async (field) => {
    const { link, channel } = await open()
    answering(link)
    const given = { ...reserve, id: "o1-r", [field]: null } as never
    expect(await channel.reserve(given)).toMatchObject({ outcome: "notStored", reason: "form", cause: "InvalidField", field })
    expect(link.published).toHaveLength(0)
    expect(await channel.reserve({ ...reserve, [field]: undefined })).toMatchObject({ outcome: "accepted" })
  })

  it("a type beside the one that is asked for: refused, whichever it is; the same one is none", async () => {
    const { link, channel } = await open()
    answering(link)
    for (const type of ["Release", "toString", null, 5]) {
      const decision = await channel.reserve({ ...reserve, type } as never)
      expect(decision).toMatchObject({
        outcome: "notStored",
        cause: "UnknownType",
        field: "type",
        detail: expect.stringContaining("given to Reserve"),
      })
    }
    expect(await channel.send({ ...channel.command("Reserve", reserve), type: "toString" } as never)).toMatchObject({ field: "type" })
    expect(link.published).toHaveLength(0)
    expect(await channel.reserve({ ...reserve, type: "Reserve" } as never)).toMatchObject({ outcome: "accepted" })
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("a quantity that is %d: told as that", async (qty) => {
    const { channel } = await open()
    expect(await channel.reserve({ ...reserve, qty })).toMatchObject({ field: "qty", detail: expect.stringMatching(`${qty}$`) })
  })

  it("a client that is closed: its error says so", async () => {
    const { channel } = await open()
    await channel.close()
    await expect(channel.reserve(reserve)).rejects.toThrow("the client was closed before this was sent; nothing was stored")
  })

  it("a command completed first and sent twice: the same bytes", async () => {
    const { link, channel } = await open()
    answering(link)
    const command = channel.command("Reserve", reserve)
    await channel.send(command)
    await channel.send(command)
    expect(link.published[1]?.body).toBe(link.published[0]?.body)
  })

  it("busy for longer than its patience: resolves with busy, which says when to come back", async () => {
    const { link, channel } = await open()
    link.onPublish = ({ suffix }) => link.door(suffix, { answer: "busy", retryAfterMs: 5_000, why: "queue" })
    expect(await channel.reserve(reserve, { timeoutMs: 1_000 })).toMatchObject({ outcome: "busy", retryAfterMs: 5_000, why: "queue" })
  })

  it("a fact that is stored: resolves with the decision, not before", async () => {
    const { link, channel } = await open()
    const decision = channel.receiveStock({ sku: "A", location: "L", qty: 1 })
    await expect.poll(() => link.published.length).toBe(1)
    const [message] = link.published
    if (message === undefined) throw new Error("expected a message")
    link.door(message.suffix, { answer: "stored", partition: 0, seq: 7 })
    await turn()
    link.reply(message.suffix, acceptAll(message.body))
    expect(await decision).toMatchObject({ outcome: "accepted" })
  })

  it("not stored: resolves with why, and nothing is sent again", async () => {
    const { link, channel } = await open()
    link.onPublish = ({ suffix }) => link.door(suffix, { answer: "notStored", reason: "class" })
    expect(await channel.reserve(reserve)).toMatchObject({ outcome: "notStored", reason: "class" })
    expect(link.published).toHaveLength(1)
  })

  it("nobody takes it, and no connection at first: sent again until somebody does", async () => {
    const { link, channel } = await open({ retryMs: 5 })
    link.isConnected = false
    const decision = channel.reserve(reserve)
    await turn()
    link.onPublish = ({ suffix, body }) => {
      if (link.published.length < 3) link.nobodyTakes(suffix)
      else link.reply(suffix, acceptAll(body))
    }
    link.isConnected = true
    expect(await decision).toMatchObject({ outcome: "accepted" })
    expect(new Set(link.published.map(({ body }) => body)).size).toBe(1)
  })

  it("no permission: rejects with NotPermitted", async () => {
    const { link, channel } = await open()
    link.onPublish = (message) => link.deny(message)
    await expect(channel.receiveStock({ sku: "A", location: "L", qty: 1 })).rejects.toBeInstanceOf(NotPermitted)
  })

  it("no permission any more to hear answers: what is new rejects with NotPermitted and says what to do, and all is well once it is back", async () => {
    const { link, channel } = await open()
    const before = channel.reserve(reserve)
    await turn()
    link.refuseAnswers()
    await expect(channel.reserve({ ...reserve, reservation: "r2" })).rejects.toMatchObject({
      _tag: "NotPermitted",
      operation: "hear answers as web",
      cause: expect.stringContaining("have whoever runs the server give it back"),
    })
    await expect(channel.stock("A")).rejects.toBeInstanceOf(NotPermitted)
    expect(link.published).toHaveLength(1)
    link.letHear()
    answering(link)
    await vi.waitFor(() => channel.reserve({ ...reserve, reservation: "r3" }))
    // It was sent before, and may have been taken: it is asked again, not given up.
    expect(await before).toMatchObject({ outcome: "accepted" })
  })

  it("no answer within the caller's patience: rejects with AnswerUnknown, having asked again with the same bytes", async () => {
    const environment = manualEnvironment()
    const { link, channel } = await open({ retryMs: 5, environment })
    const refused = expect(channel.reserve(reserve, { timeoutMs: 200 })).rejects.toBeInstanceOf(AnswerUnknown)
    environment.advance(200)
    await refused
    expect(link.published.length).toBeGreaterThan(1)
    expect(new Set(link.published.map((message) => message.body)).size).toBe(1)
  })

  it("a provisional answer, later the final one: the promise and then the callback", async () => {
    const settled: Array<CommandAnswer> = []
    const { link, channel } = await open({ onSettled: (decision) => settled.push(decision) })
    let suffix = ""
    link.onPublish = (message) => {
      suffix = message.suffix
      const { id } = JSON.parse(message.body) as { readonly id: string }
      link.reply(suffix, { decisions: [{ id, sku: "A", outcome: "quarantined", quarantined: "7-0" }] })
    }
    const decision = await channel.reserve(reserve)
    expect(decision).toMatchObject({ outcome: "quarantined", quarantined: "7-0" })
    link.reply(suffix, { decisions: [{ id: decision.id, sku: "A", outcome: "accepted" }] })
    await expect.poll(() => settled).toMatchObject([{ id: decision.id, outcome: "accepted" }])
  })

  it("closed with commands under way: answered first; nothing new is taken", async () => {
    const { link, channel } = await open()
    const decision = channel.reserve(reserve)
    await expect.poll(() => link.published.length).toBeGreaterThan(0)
    const closed = channel.close()
    await expect(channel.reserve(reserve)).rejects.toMatchObject({ _tag: "ClientClosed" })
    const message = link.published[0]
    if (message === undefined) throw new Error("expected a message")
    link.reply(message.suffix, acceptAll(message.body))
    expect(await decision).toMatchObject({ outcome: "accepted" })
    await closed
  })
})

describe("a channel's questions", () => {
  it("stock of a SKU: the answer about that SKU, asked again until somebody answers", async () => {
    const { link, channel } = await open()
    link.onAsk = (question) => {
      if (link.asked.length < 2) return
      link.answer(question, { answer: "unknownSku", sku: "B" as never, partition: 0, seq: 3, epoch: 1 })
      link.answer(question, { answer: "unknownSku", sku: "A" as never, partition: 1, seq: 4, epoch: 1 })
    }
    expect(await channel.stock("A")).toMatchObject({ answer: "unknownSku", sku: "A", seq: 4 })
    expect(link.asked.map(({ path }) => path)).toEqual(["stock.A", "stock.A"])
  })

  it("of what is in quarantine: a partition or a place that can't be is a RangeError that names it, and nothing is asked", async () => {
    const link = fakeLink()
    const asking = (partition: number, after: number) =>
      Effect.runPromise(
        Client.use((client) => client.quarantine(partition, after)).pipe(Effect.provide(Client.layer({}).pipe(Layer.provide(link.layer)))),
      )
    for (const [name, ...asked] of [
      ["partition", -1, 0],
      ["partition", 0.5, 0],
      ["partition", Number.NaN, 0],
      ["after", 0, -1],
      ["after", 0, 2 ** 53],
      ["after", 0, Number.POSITIVE_INFINITY],
    ] as const)
      await expect(asking(asked[0], asked[1])).rejects.toSatisfy(isRangeError(new RegExp(`^${name} is `)))
    await expect(asking("0" as never, 0)).rejects.toSatisfy(isRangeError(/^partition is /))
    expect(link.asked).toEqual([])
  })

  it("one that isn't allowed: rejects with NotPermitted at once, and says which role it takes", async () => {
    const { link, channel } = await open()
    link.onAsk = (question) => link.answer(question, { answer: "notAllowed", question: "stock", roles: ["operator", "reader"] })
    await expect(channel.stock("A")).rejects.toMatchObject({ _tag: "NotPermitted", cause: "it takes one of the roles operator, reader" })
    await expect(channel.topology()).rejects.toMatchObject({ _tag: "NotPermitted" })
  })

  it("a reservation of its own: the answer about that one", async () => {
    const { link, channel } = await open()
    const asOf = { sku: "A" as never, partition: 1, seq: 4, epoch: 1 }
    link.onAsk = (question) => {
      link.answer(question, { answer: "unknownReservation", reservation: "r2" as never, ...asOf })
      link.answer(question, { answer: "unknownReservation", reservation: "r1" as never, ...asOf })
    }
    expect(await channel.reservation("A", "r1")).toMatchObject({ answer: "unknownReservation", reservation: "r1" })
    expect(link.asked).toMatchObject([{ path: "reservation.A" }])
    await expect(channel.reservation("A", "no such name")).rejects.toBeInstanceOf(RangeError)
  })

  it("nobody answers: rejects with AnswerUnknown that says so", async () => {
    const { channel } = await open({ timeoutMs: 50 })
    await expect(channel.stock("A")).rejects.toMatchObject({ _tag: "AnswerUnknown", cause: 'no worker answered "stock.A" within 50 ms' })
  })

  it("topology: waits for every worker that the others know of, each once", async () => {
    const { link, channel } = await open()
    const worker = (name: string) =>
      ({ answer: "worker", worker: name, ready: true, state: "serving", members: ["w1", "w2"], partitions: [] }) as const
    link.onAsk = (question) => {
      link.answer(question, worker("w2"))
      link.answer(question, worker("w2"))
      link.answer(question, worker("w1"))
    }
    const topology = await channel.topology()
    expect(topology.partitions).toBe(4)
    expect(topology.workers.map(({ worker: name }) => name)).toEqual(["w1", "w2"])
  })
})

describe("the client as an effect", () => {
  it("an interrupted send: not waited for when the scope closes", async () => {
    const link = fakeLink()
    const program = Effect.gen(function* () {
      const client = yield* Client
      const sending = yield* Effect.forkChild(client.send(client.command("Reserve", reserve)))
      yield* Effect.repeat(Effect.promise(turn), { until: () => link.published.length > 0 })
      yield* Fiber.interrupt(sending)
    }).pipe(Effect.provide(Client.layer({}).pipe(Layer.provide(link.layer))))
    await Effect.runPromise(program)
    expect(link.published).toHaveLength(1)
  })
})

describe("a trace", () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  it("of a command: told with its message, and again with each repetition, and with no other's", async () => {
    const { link, channel } = await open({ retryMs: 5 })
    let silences = 1
    link.onPublish = ({ suffix, body }) => {
      if (silences-- <= 0) link.reply(suffix, acceptAll(body))
    }
    await channel.reserve(reserve, { traceparent })
    await channel.reserve(reserve)
    expect(link.published.map(({ traceparent: told }) => told)).toEqual([traceparent, traceparent, undefined])
  })

  it("that is none: passed over, also null, and the command sent; what is no text is a TypeError, and nothing is sent", async () => {
    const { link, channel } = await open()
    answering(link)
    for (const none of ["", "nonsense", traceparent.toUpperCase(), `ff${traceparent.slice(2)}`, `${traceparent}-x`, null, undefined])
      expect(await channel.reserve(reserve, { traceparent: none })).toMatchObject({ outcome: "accepted" })
    expect(link.published.map(({ traceparent: told }) => told)).toEqual(Array(7).fill(undefined))
    // What a program in JavaScript may give, too.
    for (const wrong of [5, {}, [traceparent]] as unknown as ReadonlyArray<string>)
      await expect(channel.reserve(reserve, { traceparent: wrong })).rejects.toThrow(/^traceparent is .*: it must be a text/)
    expect(link.published).toHaveLength(7)
  })
})

describe("options", () => {
  // What a program in JavaScript may give, too.
  const noNumbers = JSON.parse('["5", null, {}]') as ReadonlyArray<number>
  const none = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, ...noNumbers]

  it.each(["timeoutMs", "retryMs", "retryMsMax", "inFlightMax"])("%s: what it can't be is a RangeError that names it", async (name) => {
    for (const value of [...none, ...(name === "inFlightMax" ? [1.5] : [])]) {
      if (name === "inFlightMax" && value === 2 ** 31) continue
      await expect(open({ [name]: value }), String(value)).rejects.toThrow(new RegExp(`^${name} is .*: it must be`))
    }
  })

  it("of one call are checked too, and of connecting before anything is reached", async () => {
    const { link, channel } = await open()
    for (const timeoutMs of none) await expect(channel.reserve(reserve, { timeoutMs })).rejects.toBeInstanceOf(RangeError)
    expect(link.published).toHaveLength(0)
    const to = { servers: ["nats://127.0.0.1:9"], sender: "web", login: { user: "web", password: "p" } }
    await expect(connect({ ...to, connectTimeoutMs: 0 })).rejects.toThrow(/^connectTimeoutMs is 0/)
    await expect(connect({ ...to, timeoutMs: -5 })).rejects.toThrow(/^timeoutMs is -5/)
  })

  it("of another name or another type are refused, by name", async () => {
    for (const [options, said] of [
      [{ timeoutMS: 5 }, "there is no option timeoutMS; did you mean timeoutMs?"],
      [{ onSettled: "log" }, 'onSettled is "log": it must be a function'],
      [{ environment: 5 }, "environment is 5: it must be { wallMs, "],
      [{ environment: {} }, "environment.wallMs is undefined: it must be a function"],
    ] as const)
      await expect(open(options as never), said).rejects.toThrow(said)
    await expect(open(null as never)).rejects.toThrow("the options of a client are null: they must be { timeoutMs, ")
  })

  it("that contradict each other are refused; one that holds undefined is one that was left out", async () => {
    await expect(open({ retryMs: 10, retryMsMax: 5 })).rejects.toThrow(/^retryMs is 10.*retryMsMax, which is 5/)
    const { link, channel } = await open(Object.fromEntries(["timeoutMs", "inFlightMax", "retryMs"].map((name) => [name, undefined])))
    answering(link)
    expect(await channel.reserve(reserve)).toMatchObject({ outcome: "accepted" })
  })
})
