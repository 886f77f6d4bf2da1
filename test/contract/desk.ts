/** The contract of `Desk`: frames reach the reign they are for or surely nobody, what is stored is stored once, owners are heard of. */
import { Clock, Effect, Schedule, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import type { Kind } from "../../src/domain/kinds.ts"
import type { SenderId } from "../../src/domain/names.ts"
import { Desk, type OwnerNews, type OwnersWord } from "../../src/ports/door.ts"
import type { BrokerUnavailable } from "../../src/ports/errors.ts"
import { bytes, text } from "./broker-under-test.ts"
import type { DoorOf } from "./door-under-test.ts"

const hand = (partition: number, owner: string, frame: string, kind: Kind = "sku") =>
  Desk.use((desk) => desk.hand(kind, partition, owner, bytes(frame)))

/** Receives for a reign, notes what comes, and says that it heard it unless it is to keep silent. */
const receive = (
  partition: number,
  owner: string,
  silent = false,
): Effect.Effect<ReadonlyArray<string>, BrokerUnavailable, Desk | Scope.Scope> =>
  Effect.gen(function* () {
    const frames: Array<string> = []
    const desk = yield* Desk
    yield* desk.receive("sku", partition, owner, (frame) => {
      frames.push(text(frame.bytes))
      if (!silent) frame.heard()
    })
    return frames
  })

const news = (
  partition: number,
  epoch: number,
  owner: string | null,
  full: OwnerNews["full"] = [],
  factsFull: OwnerNews["full"] = [],
): OwnerNews => ({
  kind: "sku",
  partition,
  epoch,
  owner,
  full,
  factsFull,
})

/** `partition` is this suite's own. */
export const deskContract = (name: string, door: DoorOf, partition: number) =>
  describe(`Desk contract: ${name}`, () => {
    it("hands a frame to the reign it is for, which says that it heard it", async () => {
      const found = await door().asOwner(
        Effect.gen(function* () {
          const frames = yield* receive(partition, "reign-1")
          const other = yield* receive(partition, "reign-2")
          const outcome = yield* Effect.promise(() => door().asIngress(hand(partition, "reign-1", "a frame")))
          return { outcome, frames: [...frames], other: [...other] }
        }),
      )
      expect(found).toEqual({ outcome: "heard", frames: ["a frame"], other: [] })
    })

    it("says that nobody heard where nobody of that reign listens: another reign, another partition, another kind, one that is over", async () => {
      const outcomes = await door().asOwner(
        Effect.gen(function* () {
          const open = Effect.scoped(
            Effect.andThen(
              receive(partition, "reign-3"),
              Effect.promise(() =>
                door().asIngress(
                  Effect.all([
                    hand(partition, "reign-4", "x"),
                    hand(partition + 1, "reign-3", "x"),
                    hand(partition, "reign-3", "x", "other" as Kind),
                    hand(partition, "reign-3", "x"),
                  ]),
                ),
              ),
            ),
          )
          const during = yield* open
          // The end of a listening reaches the server a little later.
          const after = yield* Effect.repeat(
            Effect.promise(() => door().asIngress(hand(partition, "reign-3", "x"))),
            { until: (outcome) => outcome === "unheard" },
          )
          return [...during, after]
        }),
      )
      expect(outcomes).toEqual(["unheard", "unheard", "unheard", "heard", "unheard"])
    })

    it("doesn't know where it was not told", async () => {
      const found = await door().asOwner(
        Effect.gen(function* () {
          const frames = yield* receive(partition, "reign-5", true)
          const outcome = yield* Effect.promise(() => door().asIngress(hand(partition, "reign-5", "a frame")))
          return { outcome, frames: [...frames] }
        }),
      )
      expect(found).toEqual({ outcome: "unknown", frames: ["a frame"] })
    })

    it("says what owners say to each other to the reign it is for, and to nobody else", async () => {
      const found = await door().asOwner(
        Effect.gen(function* () {
          const desk = yield* Desk
          const heard: Array<string> = []
          const hear = (word: OwnersWord, owner: string, kind: Kind = "order") =>
            desk.hear(word, kind, partition, owner, (frame) => heard.push(`${word} ${kind} ${owner}: ${text(frame)}`))
          yield* hear("carry", "reign-7")
          yield* hear("back", "reign-7")
          yield* hear("carry", "reign-8")
          yield* hear("carry", "reign-7", "sku")
          desk.say("carry", "order", partition, "reign-9", bytes("lost"))
          desk.say("carry", "order", partition, "reign 7", bytes("no token"))
          desk.say("carry", "order", partition, "reign-7", bytes("a command"))
          desk.say("back", "order", partition, "reign-7", bytes("a decision"))
          desk.say("carry", "order", partition, "reign-8", bytes("the last"))
          yield* Effect.repeat(
            Effect.sync(() => heard.length),
            { until: (count) => count >= 3, schedule: Schedule.spaced("5 millis") },
          )
          return [...heard]
        }),
      )
      expect(found).toEqual(["carry order reign-7: a command", "back order reign-7: a decision", "carry order reign-8: the last"])
    })

    it("stores one message after another, with rising sequences", async () => {
      const stored = await door().asIngress(
        Desk.use(({ store }) => Effect.forEach([1, 2, 3], (i) => store("sku", partition, bytes(`batch ${i}`)))),
      )
      const seqs = stored.map((one) => (one._tag === "Stored" ? one.seq : -1))
      expect(seqs[0]).toBeGreaterThan(0)
      expect(seqs).toEqual([0, 1, 2].map((i) => (seqs[0] ?? 0) + i))
    })

    it("hears what owners say, to the last word", async () => {
      const full = [{ sender: "web" as SenderId, forMs: 250 }]
      const said = [
        news(partition, 7, "reign-6"),
        news(partition, 7, "reign-6", full),
        news(partition, 7, "reign-6", [], full),
        news(partition, 7, null),
      ]
      const heard = await door().asIngress(
        Effect.gen(function* () {
          const told: Array<OwnerNews> = []
          const { owners } = yield* Desk
          yield* owners((one) => {
            if (one.partition === partition) told.push(one)
          })
          yield* Effect.promise(() =>
            door().asOwner(
              Desk.useSync(({ announce }) => {
                for (const one of said) announce(one)
              }),
            ),
          )
          yield* Effect.repeat(Effect.sleep("2 millis"), { until: () => told.length >= said.length })
          return told
        }),
      )
      expect(heard).toEqual(said)
    })

    it("knows the broker's time", async () => {
      const { before, found, after } = await door().asIngress(
        Effect.gen(function* () {
          const { brokerMs } = yield* Desk
          return { before: yield* Clock.currentTimeMillis, found: yield* brokerMs, after: yield* Clock.currentTimeMillis }
        }),
      )
      expect(found).toBeGreaterThanOrEqual(before - 1)
      expect(found).toBeLessThanOrEqual(after + 1)
    })
  })
