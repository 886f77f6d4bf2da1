/** What a stream answers to a publisher is heard on one subscription, and told apart; what can wait a moment leaves with what can't. */
import { Buffer } from "node:buffer"
import { JetStreamApiError } from "@nats-io/jetstream"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Riders } from "../../src/nats/block.ts"
import { engineInbox } from "../../src/nats/config.ts"
import { type Link, openLink } from "../../src/nats/connection.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { until } from "../processes.ts"
import { senders, startTimeoutMs } from "./nats-broker.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

let server: EmbeddedServer
let link: Link
const scope = Scope.makeUnsafe()
beforeAll(async () => {
  server = await startEmbedded({ senders })
  link = await Effect.runPromise(Scope.provide(openLink({ servers: [server.url] }, server.credentials.engine, engineInbox, "test"), scope))
  await link.jsm.streams.add({ name: "ACKS", subjects: ["hf.test.acks"], max_msg_size: 1_000 })
}, startTimeoutMs)
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await server.stop()
})

const publish = (body: Uint8Array, messageId: string, lastSequence: number, subject = "hf.test.acks", timeoutMs = 5_000) =>
  link.acks.publish({ subject, body, messageId, lastSequence }, timeoutMs)
const endOf = async () => (await link.jsm.streams.info("ACKS")).state.last_seq

describe("a message that is guarded", () => {
  it("is stored once, with its id, where it is expected, and says where", async () => {
    const before = await endOf()
    expect(await publish(bytes("Größe"), "one.1", before)).toEqual({ stream: "ACKS", seq: before + 1, duplicate: false })
    const stored = await link.lookups.streams.getMessage("ACKS", { seq: before + 1 })
    expect(stored?.string()).toBe("Größe")
    expect(stored?.header.get("Nats-Msg-Id")).toBe("one.1")
  })

  it("is refused anywhere else, with the server's own number", async () => {
    const before = await endOf()
    const refused = await publish(bytes("x"), "two.1", before + 1).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(JetStreamApiError)
    expect((refused as JetStreamApiError).code).toBe(10071)
    expect(await endOf()).toBe(before)
  })

  it("fails where no stream takes it, where nobody answers, and where it is too large", async () => {
    const before = await endOf()
    await expect(publish(bytes("x"), "three.1", 0, "hf.test.nowhere")).rejects.toThrow("no stream takes it")
    link.nc.subscribe("hf.test.silent", { callback: () => undefined })
    await link.flush()
    await expect(publish(bytes("x"), "three.2", 0, "hf.test.silent", 50)).rejects.toThrow("no acknowledgement within 50 ms")
    const most = link.nc.info?.max_payload ?? 0
    expect(most).toBeGreaterThan(0)
    await expect(publish(new Uint8Array(most), "three.3", before)).rejects.toThrow("larger than the server takes")
    // Over the connection that is still there.
    expect((await publish(bytes("x"), "three.4", before)).seq).toBe(before + 1)
  })

  it("is not sent with an id that would be read as protocol", async () => {
    const before = await endOf()
    for (const id of ["", "ä", "a\r\nPUB hf.test.acks 0\r\n"])
      await expect(publish(bytes("x"), id, before)).rejects.toThrow("a message's id is printable ASCII")
    expect(await endOf()).toBe(before)
  })

  it("hears what is its own, however many are under way", async () => {
    const before = await endOf()
    const sent = Array.from({ length: 50 }, (_, i) => publish(bytes(`${i}`), `many.${i}`, before + i))
    expect((await Promise.all(sent)).map(({ seq }) => seq)).toEqual(sent.map((_, i) => before + 1 + i))
  })
})

describe("what can wait", () => {
  const sent: Array<string> = []
  const riders = () => {
    sent.length = 0
    return new Riders((...parts) => {
      sent.push(Buffer.concat(parts.map((part) => (typeof part === "string" ? bytes(part) : part))).toString())
    })
  }

  it("leaves by itself, all at once, in its order", async () => {
    const waiting = riders()
    waiting.add(bytes("a"))
    waiting.add(bytes("b"))
    expect(sent).toEqual([])
    await until(() => sent.length > 0)
    expect(sent).toEqual(["ab"])
    expect(waiting.take()).toEqual([])
  })

  it("leaves once: what was taken along is not sent again, and what comes later waits anew", async () => {
    const waiting = riders()
    waiting.add(bytes("a"))
    expect(waiting.take().map((part) => Buffer.from(part).toString())).toEqual(["a"])
    waiting.add(bytes("b"))
    await until(() => sent.length > 0)
    expect(sent).toEqual(["b"])
  })

  it("goes along with a message that is guarded, behind it", async () => {
    const heard: Array<string> = []
    link.nc.subscribe("hf.test.along", { callback: (_, message) => void heard.push(message.string()) })
    const before = await endOf()
    link.publishSoon([{ subject: "hf.test.along", body: bytes("first") }])
    link.publishSoon([{ subject: "hf.test.along", body: bytes("second") }])
    await publish(bytes("x"), "along.1", before)
    await until(() => heard.length === 2)
    expect(heard).toEqual(["first", "second"])
  })
})

it("a round trip that is asked for comes after all that is published in the same turn, and is shared", async () => {
  const heard: Array<string> = []
  link.nc.subscribe("hf.test.settled", { callback: (_, message) => void heard.push(message.string()) })
  const settled = link.settled()
  link.publishBlock([{ subject: "hf.test.settled", body: bytes("after it was asked for") }])
  expect(link.settled()).toBe(settled)
  await settled
  // The server's pong stands behind what it passed on to this connection before.
  expect(heard).toEqual(["after it was asked for"])
  expect(link.settled()).not.toBe(settled)
  await link.settled()
})
