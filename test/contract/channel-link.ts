/** The contract of `ChannelLink`: what a sender may do, and what it is told when it may not or can't now. */
import { Effect, Fiber, Stream } from "effect"
import { describe, expect, it } from "vitest"
import type { CommandClass } from "../../src/domain/names.ts"
import { ChannelLink } from "../../src/ports/channel.ts"
import { type Broker, bytes, skuIn } from "./broker-under-test.ts"

/** How a publish of this class ends. */
const outcomeOf = (commandClass: CommandClass, token: string) =>
  ChannelLink.use((link) => link.publish(commandClass, token, bytes("{}"), "c.1")).pipe(
    Effect.match({ onFailure: ({ _tag }) => _tag, onSuccess: () => "stored" }),
  )

export const channelLinkContract = (name: string, broker: Broker, partition: number) =>
  describe(`ChannelLink contract: ${name}`, () => {
    it("stores commands one after another, with rising sequences", async () => {
      const { asSender, partitions } = broker()
      const sku = skuIn(partition, partitions)
      const stored = await asSender(
        "web",
        ChannelLink.use((link) => Effect.forEach([1, 2, 3], () => link.publish("sell", sku, bytes("{}"), "c.1"))),
      )
      const seqs = stored.map(({ seq }) => seq)
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
      expect(new Set(seqs).size).toBe(3)
    })

    it("lets each kind of sender publish its own classes only", async () => {
      const { asSender } = broker()
      const classes: ReadonlyArray<CommandClass> = ["sell", "stock", "policy", "operator"]
      const outcomes = (sender: "web" | "dock") =>
        asSender(
          sender,
          Effect.forEach(classes, (commandClass) => outcomeOf(commandClass, "A")),
        )
      expect(await outcomes("web")).toEqual(["stored", "NotPermitted", "NotPermitted", "NotPermitted"])
      expect(await outcomes("dock")).toEqual(["NotPermitted", "stored", "NotPermitted", "NotPermitted"])
    })

    it("refuses the feed to a sender that sells nothing", async () => {
      const failed = await broker().asSender(
        "dock",
        ChannelLink.use((link) => Effect.flip(Stream.runDrain(link.ats(undefined)))),
      )
      expect(failed._tag).toBe("NotPermitted")
    })

    it("ends a hearing that is interrupted", async () => {
      const ended = await broker().asSender(
        "web",
        ChannelLink.use((link) =>
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
