/** The contract of `SenderLink`: what a sender may do, and what it is told when it may not or can't now. */
import { Effect, Fiber, Stream } from "effect"
import { describe, expect, it } from "vitest"
import type { CommandClass } from "../../src/domain/names.ts"
import { SenderLink } from "../../src/ports/channel.ts"
import { type Broker, bytes } from "./broker-under-test.ts"

/** What is heard of a publish of this class, in a word. */
const outcomeOf = (commandClass: CommandClass, prefix: string) =>
  SenderLink.use((link) =>
    Effect.gen(function* () {
      const hearing = yield* Effect.forkChild(Stream.runHead(Stream.flattenIterable(link.replies(prefix))), { startImmediately: true })
      const isSent = link.publish({ class: commandClass, kind: "sku", token: "A", body: bytes("{}"), suffix: `${prefix}.1` })
      const heard = yield* Fiber.join(hearing)
      if (heard._tag === "None" || heard.value._tag === "Listening") return `${isSent}`
      return `${isSent} ${heard.value._tag} ${"suffix" in heard.value ? heard.value.suffix : heard.value.class}`
    }),
  )

export const channelLinkContract = (name: string, broker: Broker) =>
  describe(`ChannelLink contract: ${name}`, () => {
    it("hears what becomes of a publish under its suffix, and lets each kind of sender publish its own classes only", async () => {
      const { asSender } = broker()
      const classes: ReadonlyArray<CommandClass> = ["sell", "stock", "policy", "operator"]
      const outcomes = (sender: "web" | "dock") =>
        asSender(
          sender,
          Effect.forEach(classes, (commandClass) => outcomeOf(commandClass, `classes-${commandClass}`)),
        )
      const denied = (commandClass: string) => `true NotPermitted ${commandClass}`
      expect(await outcomes("web")).toEqual(["true Said 1", denied("stock"), denied("policy"), denied("operator")])
      expect(await outcomes("dock")).toEqual([denied("sell"), "true Said 1", denied("policy"), denied("operator")])
    })

    it("refuses the feed to a sender that sells nothing", async () => {
      const failed = await broker().asSender(
        "dock",
        SenderLink.use((link) => Effect.flip(Stream.runDrain(link.ats(undefined)))),
      )
      expect(failed._tag).toBe("NotPermitted")
    })

    it("ends a hearing that is interrupted", async () => {
      const ended = await broker().asSender(
        "web",
        SenderLink.use((link) =>
          Effect.gen(function* () {
            const hearing = yield* Effect.forkChild(Stream.runDrain(link.replies("never")), { startImmediately: true })
            yield* Fiber.interrupt(hearing)
            return true
          }),
        ),
      )
      expect(ended).toBe(true)
    })
  })
