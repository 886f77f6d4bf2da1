/** What only a real server says to a sender: that nobody takes its message, and what of that another sender can forge. */
import { connect } from "@nats-io/transport-node"
import { Effect, Fiber, type ManagedRuntime, Stream } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { senderInbox } from "../../src/nats/config.ts"
import { type Heard, SenderLink, type SentMessage } from "../../src/ports/channel.ts"
import { bytes } from "../contract/broker-under-test.ts"
import { makeSender, type NatsBroker, senderConfig, startBroker, startTimeoutMs } from "./nats-broker.ts"

let broker: NatsBroker
let web: ManagedRuntime.ManagedRuntime<SenderLink, unknown>
beforeAll(async () => {
  broker = await startBroker({ partitions: 2 })
  web = makeSender(senderConfig(broker.server, "web"))
  await web.context()
}, startTimeoutMs)
afterAll(async () => {
  await web.dispose()
  await broker.close()
})

/** Two tokens after the kind: no door and no stream takes it. */
const toNobody = (suffix: string): SentMessage => ({ class: "sell", kind: "sku", token: "A.B", body: bytes("{}"), suffix })

/** What is heard under `prefix` from `doing` on, until `isLast`. */
const heardOf = (prefix: string, isLast: (heard: Heard) => boolean, doing: (link: SenderLink["Service"]) => Promise<unknown>) =>
  web.runPromise(
    SenderLink.use((link) =>
      Effect.gen(function* () {
        const hearing = yield* link
          .replies(prefix)
          .pipe(Stream.flattenIterable, Stream.takeUntil(isLast), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
        yield* Effect.promise(() => doing(link))
        return yield* Fiber.join(hearing)
      }),
    ),
  )

describe("a message that nobody takes", () => {
  it("is heard to be that, under its suffix", async () => {
    const heard = await heardOf(
      "nobody",
      () => true,
      async (link) => link.publish(toNobody("nobody.7")),
    )
    expect(heard).toEqual([{ _tag: "NobodyTook", suffix: "7" }])
  })

  it("of another sender, with this one's reply subject: is not heard here", async () => {
    const login = broker.server.credentials.senders.shop
    const shop = await connect({
      servers: broker.server.url,
      user: login?.user ?? "",
      pass: login?.password ?? "",
      inboxPrefix: senderInbox("shop"),
    })
    const heard = await heardOf(
      "forged",
      ({ _tag }) => _tag === "NobodyTook",
      async (link) => {
        shop.publish("hf.cmd.shop.sell.sku.A.B", "{}", { reply: "hf.reply.web.forged.1" })
        await shop.flush()
        link.publish(toNobody("forged.2"))
      },
    )
    await shop.close()
    expect(heard).toEqual([{ _tag: "NobodyTook", suffix: "2" }])
  })
})

describe("a login of another sender", () => {
  it("may not hear this one's answers: not permitted, at once and not when patience ends", async () => {
    const { login } = senderConfig(broker.server, "web")
    for (const sender of ["shop", "dock", "nobody"]) {
      const link = makeSender({ ...senderConfig(broker.server, "web"), login, sender, connectTimeoutMs: 600_000 })
      await expect(link.context()).rejects.toMatchObject({ _tag: "NotPermitted", operation: `hear answers as ${sender}` })
      await link.dispose()
    }
  })
})

describe("a server that is away", () => {
  it("nothing is published, and nothing goes out late when it is back", async () => {
    await broker.server.kill("SIGKILL")
    await expect.poll(() => web.runPromise(SenderLink.useSync((link) => link.publish(toNobody("away.1"))))).toBe(false)
    await broker.server.restart()
    const heard = await heardOf(
      "away",
      () => true,
      (link) => expect.poll(() => link.publish(toNobody("away.2")), { timeout: 10_000 }).toBe(true),
    )
    expect(heard[0]).toEqual({ _tag: "NobodyTook", suffix: "2" })
  })
})
