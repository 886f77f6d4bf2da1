/** The contract of `Questions`: what senders ask, and the answers on their own inboxes. */
import { Effect, Fiber, Stream } from "effect"
import { describe, expect, it } from "vitest"
import type { SenderId } from "../../src/domain/names.ts"
import { Questions } from "../../src/ports/broker.ts"
import { SenderLink } from "../../src/ports/channel.ts"
import { type Broker, bytes, saidUnder, text } from "./broker-under-test.ts"

/** Hears what is answered under `prefix` while asking again and again, as senders do, until so many different answers came. */
const askUntilAnswered = (path: string, body: string, prefix: string, answers: number) =>
  SenderLink.use((link) =>
    Effect.gen(function* () {
      const different = new Set<string>()
      const hearing = yield* saidUnder(link, prefix).pipe(
        Stream.flattenIterable,
        Stream.takeUntil((reply) => different.add(text(reply.body)).size === answers),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true }),
      )
      const asking = link.ask(path, bytes(body), `${prefix}.1`).pipe(Effect.andThen(Effect.sleep("20 millis")), Effect.forever)
      return yield* Effect.raceFirst(Fiber.join(hearing), asking)
    }),
  )

/** A worker that answers every question of these senders with who asked what. */
const answering = (worker: string, ...senders: ReadonlyArray<string>) =>
  Questions.use((questions) =>
    Effect.gen(function* () {
      const open = yield* questions.listen(({ sender, path, replyHeader, body }) => {
        open.answer(sender, replyHeader, bytes(`${worker}: ${sender} ${path} ${text(body)}`))
      })
      for (const sender of senders) open.open(sender as SenderId)
      return open
    }),
  )

export const questionsContract = (name: string, broker: Broker) =>
  describe(`Questions contract: ${name}`, () => {
    it("hears who asks what, from the subject, and answers where that sender listens", async () => {
      const { asSender, asWorker } = broker()
      const answers = await asWorker(
        Effect.raceFirst(
          answering("w", "shop", "web").pipe(Effect.andThen(Effect.never)),
          Effect.promise(() => asSender("shop", askUntilAnswered("stock.SKU-1", "body", "q1", 1))),
        ),
      )
      expect(answers.map(({ suffix, body }) => `${suffix} ${text(body)}`)).toEqual(["1 w: shop stock.SKU-1 body"])
    })

    it("is heard by every worker", async () => {
      const { asOtherWorker, asSender, asWorker } = broker()
      const both = asWorker(
        Effect.raceFirst(
          answering("a", "web").pipe(Effect.andThen(Effect.never)),
          Effect.promise(() =>
            asOtherWorker(
              Effect.raceFirst(
                answering("b", "web").pipe(Effect.andThen(Effect.never)),
                Effect.promise(() => asSender("web", askUntilAnswered("ats", "", "q2", 2))),
              ),
            ),
          ),
        ),
      )
      expect(new Set((await both).map(({ body }) => text(body)))).toEqual(new Set(["a: web ats ", "b: web ats "]))
    })

    it("hears nothing of a sender whose subscription it gave up, everything of the others, and hears it again once it is open", async () => {
      const { asSender, asWorker } = broker()
      await asWorker(
        Effect.gen(function* () {
          const open = yield* answering("w", "shop", "web")
          open.close("web" as SenderId)
          open.close("web" as SenderId)
          const asked = (sender: "web" | "shop", prefix: string) =>
            Effect.promise(() => asSender(sender, askUntilAnswered("ats", "", prefix, 1)))
          expect(yield* Effect.raceFirst(Effect.as(asked("web", "q3"), "heard"), Effect.as(asked("shop", "q4"), "not heard"))).toBe(
            "not heard",
          )
          open.open("web" as SenderId)
          open.open("web" as SenderId)
          expect(yield* asked("web", "q5")).toHaveLength(1)
        }),
      )
    })
  })
