/**
 * Halts that are found late: by a life from before a halt that an operator has answered, and whose finder hears of all that only afterwards.
 */
import { Effect, Layer } from "effect"
import { describe, expect, it } from "vitest"
import type { Halt } from "../../src/engine/protocol.ts"
import { Engine } from "../../src/runtime/engine.ts"
import { heardHalt, makeSlot } from "../../src/runtime/slot.ts"
import { MemoryBroker } from "./memory-broker.ts"
import { startTestWorker, until } from "./workers.ts"

const found: Halt = { reason: "ChainBroken", detail: "found here", atMs: 1, resume: null }
const stood: Halt = { ...found, detail: "found by another" }
const answered: Halt = { ...stood, resume: { by: "ops", reason: "looked" } }

/** An engine that halts at its next step once it is told to, and counts its lives. */
const haltingEngine = () => {
  const sound = Effect.runSync(Effect.provide(Engine, Engine.layer))
  const told = { lives: 0, isDue: false, halted: 0 }
  const empty: typeof sound.empty = (partition, partitions) => {
    told.lives++
    return sound.empty(partition, partitions)
  }
  const step: typeof sound.step = (partition, input) => {
    if (!told.isDue) return sound.step(partition, input)
    told.isDue = false
    told.halted++
    return [{ _tag: "Halted", halt: found }]
  }
  return { told, engine: Layer.succeed(Engine, { ...sound, empty, step }) }
}

describe("a halt that is found late", () => {
  it("by a worker that slept through another's halt and its resume halts nobody: its next life reads what stands now", async () => {
    const broker = new MemoryBroker(1)
    const { told, engine } = haltingEngine()
    const worker = await startTestWorker(broker, "a", { engine })
    await until(() => worker.report().ready)
    const lives = told.lives
    broker.cutOff("a")
    for (const halt of [stood, answered, null]) broker.setHalt(0, halt)
    told.isDue = true
    await until(() => told.halted === 1 && worker.report().partitions[0]?.phase === "halted")
    broker.restore("a")
    await until(() => worker.report().ready && told.lives > lives)
    expect(broker.halts.items.map(({ halt }) => halt)).toEqual([stood, answered, null])
    await worker.stop()
  })

  it("where nothing was halted since its life began is shared", async () => {
    const broker = new MemoryBroker(1)
    const { told, engine } = haltingEngine()
    const worker = await startTestWorker(broker, "a", { engine })
    await until(() => worker.report().ready)
    told.isDue = true
    await until(() => broker.marks[0]?.halt != null)
    expect(broker.marks[0]?.halt).toEqual(found)
    await worker.stop()
  })
})

describe("the revision that a life's halts are set over", () => {
  const slotOf = (halt: Halt | null, seen: number, began: number) =>
    Object.assign(makeSlot(0), { halt, haltSeenRevision: seen, haltRevision: began })

  it("goes along when the answered halt that the life began under is lifted", () => {
    const slot = slotOf(answered, 7, 7)
    heardHalt(slot, null, 9)
    expect(slot).toMatchObject({ halt: null, haltRevision: 9 })
  })

  it.each([
    ["a halt that was lifted unseen", slotOf(null, 3, 3), null, 9],
    ["another's halt", slotOf(null, 3, 3), stood, 5],
    ["an answer to a halt that was set since", slotOf(stood, 5, 3), answered, 7],
    ["the end of a halt that was set since", slotOf(answered, 7, 3), null, 9],
  ] as const)("stays, so that what the life finds is set over nothing newer, with %s", (_, slot, halt, revision) => {
    heardHalt(slot, halt, revision)
    expect(slot).toMatchObject({ halt, haltRevision: 3, haltSeenRevision: revision })
  })
})
