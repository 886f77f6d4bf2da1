/** The live layers of `Door` and `Desk` on a real server, held to the contract suites; and what only a real server shows. */

import { Effect, Schedule } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { SenderId } from "../../src/domain/names.ts"
import { doorCreditMessages, doorSliceBytes, doorSliceMessageBytesMin } from "../../src/limits.ts"
import { Door, type PublishedMessage } from "../../src/ports/door.ts"
import { text } from "../contract/broker-under-test.ts"
import { deskContract } from "../contract/desk.ts"
import { doorContract } from "../contract/door.ts"
import { startTimeoutMs } from "./nats-broker.ts"
import { publishRaw } from "./raw-client.ts"
import { type RealDoor, startDoor } from "./real-door.ts"

let running: RealDoor | undefined
beforeAll(async () => {
  running = await startDoor(4)
}, startTimeoutMs)
afterAll(() => running?.close())

const door = (): RealDoor => {
  if (running === undefined) throw new Error("the server did not start")
  return running
}

doorContract("one server", door)
deskContract("one server", door, 1)

const web = "web" as SenderId

describe("a door on a real server", () => {
  it("hears messages with any headers, a server's status and nonsense too, and the next message all the same", async () => {
    const odd = [
      "NATS/1.0 409 Consumer Deleted\r\n\r\n",
      "NATS/1.0 503\r\n\r\n",
      "NATS/1.0\r\nbad name: x\r\nHf-Reply: a.b\r\n\r\n",
      "NATS/1.0\r\nHf-Reply: a b\r\n\r\n",
      "NATS/1.0\r\nHf-Reply: \u00ff\r\nX: 1\r\nx: 2\r\nX: 3\r\n\r\n",
      "no headers at all",
    ]
    const heard = await door().asIngress(
      Effect.gen(function* () {
        const messages: Array<PublishedMessage> = []
        const { enter } = yield* Door
        const opened = yield* enter({ arrived: (arrived) => messages.push(...arrived) })
        opened.open(web)
        for (const [i, head] of odd.entries()) {
          // Said again until it is heard: the door opens at the server a little later.
          while (!messages.some(({ body }) => text(body) === `odd ${i}`))
            yield* Effect.promise(() => publishRaw(door().server, "web", "hf.cmd.web.sell.sku.A", head, `odd ${i}`))
        }
        yield* Effect.promise(() => door().publish("web", [{ path: "sell.sku.A", body: "last", headers: { "Hf-Reply": "fine.1" } }]))
        yield* Effect.repeat(Effect.sleep("2 millis"), { until: () => text(messages.at(-1)?.body ?? new Uint8Array()) === "last" })
        return messages
      }),
    )
    const told = new Map(heard.map((message) => [text(message.body), message.replyHeader]))
    expect([...told.keys()]).toEqual([...odd.map((_, i) => `odd ${i}`), "last"])
    expect(told.get("last")).toBe("fine.1")
  })

  it("tells a slice in each turn of the event loop, in the order in which a sender spoke, however much came at once", async () => {
    const count = doorCreditMessages / 2
    const groups = await door().asIngress(
      Effect.gen(function* () {
        const told: Array<ReadonlyArray<string>> = []
        const { enter } = yield* Door
        const opened = yield* enter({ arrived: (arrived) => void told.push(arrived.map(({ body }) => text(body))) })
        opened.open(web)
        // Said again until it is heard: the door opens at the server a little later.
        while (told.length === 0) yield* Effect.promise(() => door().publish("web", [{ path: "sell.sku.A", body: "begin" }]))
        const bodies = Array.from({ length: count }, (_, i) => ({ path: "sell.sku.A", body: String(i) }))
        yield* Effect.promise(() => door().publish("web", bodies))
        yield* Effect.repeat(Effect.sleep("2 millis"), { until: () => told.at(-1)?.at(-1) === String(count - 1) })
        return told
      }),
    )
    expect(Math.max(...groups.map(({ length }) => length))).toBeLessThanOrEqual(doorSliceBytes / doorSliceMessageBytesMin)
    expect(groups.flat().filter((body) => body !== "begin")).toEqual(Array.from({ length: count }, (_, i) => String(i)))
  })

  it("hears on after the server was killed and started again, with its doors as they were", async () => {
    const heard = await door().asIngress(
      Effect.gen(function* () {
        const messages: Array<PublishedMessage> = []
        const { enter } = yield* Door
        const opened = yield* enter({ arrived: (arrived) => messages.push(...arrived) })
        opened.open(web)
        opened.open("shop" as SenderId)
        opened.close("shop" as SenderId)
        yield* Effect.promise(() => door().server.kill("SIGKILL"))
        yield* Effect.promise(() => door().server.restart())
        while (messages.length === 0)
          yield* Effect.ignore(Effect.tryPromise(() => door().publish("web", [{ path: "sell.sku.A", body: "again" }])))
        // What is asked while a connection isn't back is lost.
        yield* Effect.retry(
          Effect.tryPromise(() => door().publish("shop", [])),
          Schedule.spaced("20 millis"),
        )
        const nobody = yield* Effect.promise(() => door().ask("shop", "sell.sku.A", ""))
        return { body: text(messages[0]?.body ?? new Uint8Array()), nobody }
      }),
    )
    expect(heard).toEqual({ body: "again", nobody: null })
  })
})
