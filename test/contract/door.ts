/** The contract of `Door`: what senders publish comes in, once among all ingresses, with a bound of its age; answers go out. */
import { Clock, Effect, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import type { SenderId } from "../../src/domain/names.ts"
import { doorCreditMessages } from "../../src/limits.ts"
import { Door, type OpenDoor, type PublishedMessage } from "../../src/ports/door.ts"
import type { BrokerUnavailable, LoginRefused } from "../../src/ports/errors.ts"
import { bytes, text } from "./broker-under-test.ts"
import type { DoorOf } from "./door-under-test.ts"

const web = "web" as SenderId
const shop = "shop" as SenderId

interface Heard {
  readonly door: OpenDoor
  readonly messages: Array<PublishedMessage>
  /** The bound that came with each of them. */
  readonly bounds: Array<number>
}

/** A door that notes what comes in, and answers whoever wants an answer with what it said. */
const enter: Effect.Effect<Heard, BrokerUnavailable | LoginRefused, Door | Scope.Scope> = Effect.gen(function* () {
  const messages: Array<PublishedMessage> = []
  const bounds: Array<number> = []
  const { enter: open } = yield* Door
  const door: OpenDoor = yield* open({
    arrived: (arrived, publishedAfterMs) => {
      for (const message of arrived) {
        messages.push(message)
        bounds.push(publishedAfterMs)
        const prefix = `hf.reply.${message.sender}.`
        if (message.replySubject.startsWith(prefix))
          door.answer(message.sender, message.replySubject.slice(prefix.length), bytes(`${message.path} ${text(message.body)}`))
      }
    },
  })
  return { door, messages, bounds }
})

/** Waits until it holds. The test's own time limit ends what never comes. */
const until = (condition: () => boolean) => Effect.repeat(Effect.sleep("2 millis"), { until: () => condition() })

export const doorContract = (name: string, door: DoorOf) =>
  describe(`Door contract: ${name}`, () => {
    /** Waits until the sender's door is open, or closed, as the server sees it. */
    const untilAnswered = (sender: "web" | "shop", answered: boolean) =>
      Effect.repeat(
        Effect.promise(() => door().ask(sender, "sell.sku.probe", "")),
        { until: (answer) => (answer !== null) === answered },
      )
    const sayAs = (sender: "web" | "shop", said: Parameters<ReturnType<DoorOf>["publish"]>[1]) =>
      Effect.promise(() => door().publish(sender, said))
    const said = (messages: ReadonlyArray<PublishedMessage>) => messages.filter(({ path }) => path !== "sell.sku.probe")

    it("hears who says what, in order, with what the sender names as its answer's place and its trace", async () => {
      const heard = await door().asIngress(
        Effect.gen(function* () {
          const { door: opened, messages } = yield* enter
          opened.open(web)
          yield* untilAnswered("web", true)
          yield* sayAs("web", [
            { path: "sell.sku.A", body: "one", headers: { "Hf-Reply": "r.1", traceparent: "00-a-b-01" } },
            { path: "sell.sku.%20", body: "two", reply: "hf.reply.shop.x" },
            { path: "sell.sku.a.b", body: "three", headers: { "hf-reply": "lower", Other: "x" } },
            { path: "sell.sku.*", body: "" },
          ])
          yield* until(() => said(messages).length === 4)
          return said(messages)
        }),
      )
      const nothing = { sender: "web", replySubject: "", replyHeader: "", traceparent: "" }
      expect(heard.map((message) => ({ ...message, body: text(message.body) }))).toEqual([
        { ...nothing, path: "sell.sku.A", body: "one", replyHeader: "r.1", traceparent: "00-a-b-01" },
        { ...nothing, path: "sell.sku.%20", body: "two", replySubject: "hf.reply.shop.x" },
        { ...nothing, path: "sell.sku.a.b", body: "three" },
        { ...nothing, path: "sell.sku.*", body: "" },
      ])
    })

    it("answers where the sender asked to be answered", async () => {
      const answer = await door().asIngress(
        Effect.gen(function* () {
          const { door: opened } = yield* enter
          opened.open(web)
          yield* untilAnswered("web", true)
          return yield* Effect.promise(() => door().ask("web", "sell.sku.A", "hello"))
        }),
      )
      expect(answer).toBe("sell.sku.A hello")
    })

    it("is nobody for a sender while it is closed, and goes on hearing the others", async () => {
      const found = await door().asIngress(
        Effect.gen(function* () {
          const { door: opened, messages } = yield* enter
          opened.open(web)
          opened.open(shop)
          opened.open(web)
          yield* untilAnswered("web", true)
          yield* untilAnswered("shop", true)
          opened.close(web)
          yield* untilAnswered("web", false)
          const closed = [
            yield* Effect.promise(() => door().ask("web", "sell.sku.A", "")),
            yield* Effect.promise(() => door().ask("shop", "sell.sku.B", "")),
          ]
          opened.open(web)
          yield* untilAnswered("web", true)
          return { closed, again: yield* Effect.promise(() => door().ask("web", "sell.sku.A", "again")), heard: said(messages).length }
        }),
      )
      expect(found).toEqual({ closed: [null, "sell.sku.B "], again: "sell.sku.A again", heard: 2 })
    })

    it("hears far more than it asks for at once, none lost or doubled, from a sender that waits for the server", async () => {
      const count = 3 * doorCreditMessages
      const heard = await door().asIngress(
        Effect.gen(function* () {
          const { door: opened, messages } = yield* enter
          opened.open(web)
          yield* untilAnswered("web", true)
          const atOnce = doorCreditMessages / 4
          for (let from = 0; from < count; from += atOnce) {
            yield* sayAs(
              "web",
              Array.from({ length: atOnce }, (_, i) => ({ path: "sell.sku.A", body: String(from + i) })),
            )
            yield* until(() => said(messages).length >= from + atOnce)
          }
          return said(messages).map(({ body }) => Number(text(body)))
        }),
      )
      expect(heard).toEqual(Array.from({ length: count }, (_, i) => i))
    })

    it("gives each message to one ingress, whichever", async () => {
      const bodies = Array.from({ length: 200 }, (_, i) => String(i))
      const [here, there] = await door().asIngress(
        Effect.gen(function* () {
          const mine = yield* enter
          mine.door.open(web)
          const others = yield* Effect.promise(() =>
            door().asOtherIngress(
              Effect.gen(function* () {
                const other = yield* enter
                other.door.open(web)
                // Both are heard of once each was answered something.
                while (said(mine.messages).length === 0 || said(other.messages).length === 0)
                  yield* sayAs("web", [{ path: "sell.sku.A", body: "begin" }])
                yield* sayAs(
                  "web",
                  bodies.map((body) => ({ path: "sell.sku.A", body })),
                )
                const counted = () => [...mine.messages, ...other.messages].filter(({ body }) => text(body) !== "begin").length
                yield* until(() => counted() >= bodies.length)
                return said(other.messages)
              }),
            ),
          )
          return [said(mine.messages), others] as const
        }),
      )
      const heard = [...here, ...there].map(({ body }) => text(body)).filter((body) => body !== "begin")
      expect(heard.toSorted()).toEqual(bodies.toSorted())
    })

    it("bounds when a message was published: never later than it was, and soon later than any time before", async () => {
      const { before, after, bounds } = await door().asIngress(
        Effect.gen(function* () {
          const nowMs = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1_000_000)
          const heard = yield* enter
          heard.door.open(web)
          yield* untilAnswered("web", true)
          const begunMs = yield* nowMs
          const published: Array<{ readonly latestMs: number; readonly boundMs: number }> = []
          // Until the chain of pings has passed the beginning.
          while (!published.some(({ boundMs }) => boundMs > begunMs)) {
            const known = heard.messages.length
            yield* sayAs("web", [{ path: "sell.sku.A", body: "when" }])
            // It was published before the server answered the sender.
            const latestMs = yield* nowMs
            yield* until(() => heard.messages.length > known)
            published.push({ latestMs, boundMs: heard.bounds.at(-1) ?? 0 })
          }
          return { before: begunMs, after: yield* nowMs, bounds: published }
        }),
      )
      for (const { latestMs, boundMs } of bounds) expect(boundMs).toBeLessThanOrEqual(latestMs)
      expect(bounds.at(-1)?.boundMs).toBeGreaterThan(before)
      expect(bounds.at(-1)?.boundMs).toBeLessThanOrEqual(after)
    })

    it("ends with its scope: whoever asks is told that nobody is there", async () => {
      await door().asIngress(Effect.map(enter, ({ door: opened }) => opened.open(web)))
      await Effect.runPromise(untilAnswered("web", false))
    })
  })
