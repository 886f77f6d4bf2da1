/** The contract of `Questions`: what senders ask, and the answers on their own inboxes. */
import { Effect, Fiber, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { Questions } from "../../src/ports/broker.ts"
import { ChannelLink } from "../../src/ports/channel.ts"
import { type Broker, bytes, saidUnder, text } from "./broker-under-test.ts"

/** Hears what is answered under `prefix` while asking again and again, as senders do, until so many different answers came. */
const askUntilAnswered = (path: string, body: string, prefix: string, answers: number) =>
  ChannelLink.use((link) =>
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

/** A worker that answers every question with who asked what. */
const answering = (worker: string) =>
  Questions.use((questions) =>
    questions.listen.pipe(
      Stream.runForEach((question) =>
        question.answer(bytes(`${worker}: ${question.sender} ${question.path.join("/")} ${text(question.body)}`)),
      ),
    ),
  )

export const questionsContract = (name: string, broker: Broker) =>
  describe(`Questions contract: ${name}`, () => {
    it("hears who asks what, from the subject, and answers where that sender listens", async () => {
      const { asSender, asWorker } = broker()
      const answers = await asWorker(
        Effect.raceFirst(
          answering("w").pipe(Effect.andThen(Effect.never)),
          Effect.promise(() => asSender("shop", askUntilAnswered("stock.SKU-1", "body", "q1", 1))),
        ),
      )
      expect(answers.map(({ suffix, body }) => `${suffix} ${text(body)}`)).toEqual(["1 w: shop stock/SKU-1 body"])
    })

    it("is heard by every worker", async () => {
      const { asOtherWorker, asSender, asWorker } = broker()
      const both = asWorker(
        Effect.raceFirst(
          answering("a").pipe(Effect.andThen(Effect.never)),
          Effect.promise(() =>
            asOtherWorker(
              Effect.raceFirst(
                answering("b").pipe(Effect.andThen(Effect.never)),
                Effect.promise(() => asSender("web", askUntilAnswered("ats", "", "q2", 2))),
              ),
            ),
          ),
        ),
      )
      expect(new Set((await both).map(({ body }) => text(body)))).toEqual(new Set(["a: web ats ", "b: web ats "]))
    })

    it("tells a sender how many partitions there are", async () => {
      const { asSender, partitions } = broker()
      expect(
        await asSender(
          "web",
          ChannelLink.useSync((link) => link.partitions),
        ),
      ).toBe(partitions)
    })
  })
