/**
 * What a claimant is told of the journal's end and of the marks beside it, while an owner still writes.
 */
import { Effect, FiberSet } from "effect"
import { expect, it } from "vitest"
import { Cluster, Journals } from "../../src/ports/broker.ts"
import { makeJournalOutputs } from "../../src/runtime/journal-outputs.ts"
import type { UntimedInput } from "../../src/runtime/mailbox.ts"
import { MemoryBroker } from "./memory-broker.ts"

it("tells a claimant of no witness beyond the end it tells of, however fast an owner still writes", async () => {
  const broker = new MemoryBroker(1)
  /** A record is stored and witnessed right after anything was read. */
  const write = Effect.sync(() => {
    const journal = broker.journal(0)
    const seq = journal.items.length + 1
    journal.push({ seq, messageId: `m${seq}`, bytes: new Uint8Array([seq]) })
    const marks = broker.marks[0]
    if (marks !== undefined) marks.witness = { seq, hash: `h${seq}` }
  })
  const told = await Effect.runPromise(
    Effect.gen(function* () {
      const journals = yield* Journals
      const cluster = yield* Cluster
      const run = yield* FiberSet.makeRuntime<never, void, never>()
      let heard = (_told: UntimedInput): void => {}
      const answer = new Promise<UntimedInput>((resolve) => {
        heard = resolve
      })
      const shell = {
        partition: 0,
        tell: (letter: UntimedInput) => heard(letter),
        tellWhile: () => {},
        heard: Effect.void,
        brokerNowMs: () => null,
        owner: () => "",
        run: (effect: Effect.Effect<void>) => {
          run(effect)
        },
      }
      const outputs = yield* makeJournalOutputs(shell).pipe(
        Effect.provideService(Journals, { ...journals, endSeq: (partition) => Effect.tap(journals.endSeq(partition), write) }),
        Effect.provideService(Cluster, { ...cluster, marks: (partition) => Effect.tap(cluster.marks(partition), write) }),
      )
      yield* write
      outputs.readClaimBasis(1)
      return yield* Effect.promise(() => answer)
    }).pipe(Effect.scoped, Effect.provide(broker.layerFor("a"))),
  )
  expect(told._tag).toBe("ClaimBasisRead")
  if (told._tag !== "ClaimBasisRead") return
  expect(told.basis.witness?.seq).toBeGreaterThan(0)
  expect(told.basis.witness?.seq).toBeLessThanOrEqual(told.basis.endSeq)
})
