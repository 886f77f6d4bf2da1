/** The contract of `FormerCommands`: the commands stream of earlier releases, held to that of `Commands`, then closed and asked for its end. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Commands, FormerCommands, type FormerStream } from "../../src/ports/broker.ts"
import { type Broker, type BrokerUnderTest, bytes } from "./broker-under-test.ts"
import { commandsContract } from "./commands.ts"
import { answered } from "./patience.ts"

/** As senders published there. Fails where it isn't acknowledged. */
export type StoreFormer = () => BrokerUnderTest["store"]

/** What a worker that has a login there does with it. */
export const withFormer = <A, E>(broker: Broker, use: (former: FormerStream) => Effect.Effect<A, E>): Promise<A> =>
  broker().asWorker(
    Effect.flatMap(FormerCommands, (former) => (former === null ? Effect.die("the worker has the login") : answered(use(former)))),
  )

/** The broker, its workers with this stream in the place of the present one. */
const inItsPlace =
  (broker: Broker, store: StoreFormer): Broker =>
  () => ({
    ...broker(),
    store: store(),
    asWorker: (effect) =>
      broker().asWorker(
        Effect.flatMap(FormerCommands, (former) =>
          former === null ? Effect.die("the worker has the login") : Effect.provideService(effect, Commands, former),
        ),
      ),
  })

/** `partition`, and two that follow it, are this suite's own. Ends with the stream closed. */
export const formerCommandsContract = (name: string, broker: Broker, store: StoreFormer, partition: number) => {
  commandsContract(`${name}, the stream of earlier releases`, inItsPlace(broker, store), partition)

  describe(`FormerCommands contract: ${name}`, () => {
    const publish = (to: number, body: string) => Effect.runPromise(store()(to, bytes(body)))
    const endOf = (of: number) => withFormer(broker, ({ endSeq }) => endSeq(of))

    it("ends, for each partition, after everything acknowledged, also while it was being closed, and at 0 where it holds none", async () => {
      const acknowledged: Array<number> = []
      const storm = Array.from({ length: 200 }, (_, i) =>
        publish(partition + 1, `storm ${i}`).then(
          ({ seq }) => acknowledged.push(seq),
          () => undefined,
        ),
      )
      await storm[0]
      const [one, other] = await Promise.all([endOf(partition + 1), endOf(partition + 1)])
      await Promise.all(storm)
      expect(acknowledged.length).toBeGreaterThan(0)
      expect(one).toBe(Math.max(...acknowledged))
      expect(other).toBe(one)
      expect(await endOf(partition + 2)).toBe(0)
    })

    it("takes nothing more once it was asked", async () => {
      const before = await endOf(partition + 1)
      await expect(publish(partition + 1, "late")).rejects.toThrow()
      expect(await endOf(partition + 1)).toBe(before)
    })
  })
}
