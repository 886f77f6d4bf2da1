/**
 * Commands that are answered later: their id stands for their content at once, whoever asks again is told with the others, and from then on the answer is repeated like any decision.
 */
import { beforeEach, describe, expect, it } from "vitest"
import type { ActorKey } from "../../src/domain/names.ts"
import { owedBusyMs, owedRepliesMax } from "../../src/limits.ts"
import { World } from "./carrier.ts"
import { wrongAtRest } from "./journals.ts"
import { channel, faults, placingMs } from "./toys.ts"

beforeEach(() => faults.clear())

/** A deal that is opened and journaled, and a world in which nothing of it has arrived. */
const begun = (): World => {
  const world = new World()
  world.open("d", ["s"])
  world.store()
  return world
}

const book = (world: World) => world.place("book").desk

describe("a command that is answered later", () => {
  it("binds its id to its content from the beginning", () => {
    const world = begun()
    world.open("d", ["t"])
    world.store()
    expect(world.replies).toMatchObject([{ suffix: "r.2", decisions: [{ outcome: "refused", reason: "IdReused" }] }])
    expect(book(world).partition.underWay.size).toBe(1)
  })

  it("is told to all that asked, the newest if they are many, once and together", () => {
    const world = begun()
    for (let n = 0; n < owedRepliesMax + 2; n++) {
      world.open("d", ["s"])
      world.store()
    }
    expect(world.replies).toEqual([])
    world.settle()
    expect(world.replies.map(({ suffix }) => suffix)).toEqual(Array.from({ length: owedRepliesMax }, (_, n) => `r.${n + 4}`))
    expect(new Set(world.outcomes("open-d"))).toEqual(new Set(["accepted"]))
    expect(wrongAtRest(world)).toEqual([])
  })

  it("holds off another command of what it is about: nothing of that is decided, and its id stays free", () => {
    const world = begun()
    const records = world.place("book").journal.length
    const reply = world.close("d")
    expect(world.busy).toEqual([`${reply} order`])
    expect([world.place("book").journal.length, book(world).pending]).toEqual([records, null])
    world.settle()
    world.nowMs += owedBusyMs
    world.close("d")
    world.settle()
    expect(world.outcomes("close-d")).toEqual(["accepted"])
  })

  it("is answered by whoever owns the partition by then, to those who asked the former owner", () => {
    const world = begun()
    world.open("d", ["s"])
    world.store()
    world.place("book").takeOver(false)
    world.settle()
    expect(world.replies.map(({ suffix }) => suffix)).toEqual(["r.1", "r.2"])
  })

  it("is said again after a takeover, and repeated to whoever asks then, recent or read back from the journal", () => {
    const world = begun()
    world.settle()
    world.place("book").takeOver(false)
    world.pass(1_000)
    world.settle()
    expect(world.outcomes("open-d").length).toBeGreaterThan(1)
    expect(new Set(world.outcomes("open-d"))).toEqual(new Set(["accepted"]))
    for (const deal of ["e", "f", "g", "h"]) {
      world.open(deal, ["u"])
      world.settle()
    }
    const memory = book(world).partition.senders.get(channel)
    expect(memory?.classes.get("sell")?.packed?.end).toBeGreaterThan(0)
    world.open("d", ["s"])
    world.settle()
    expect(world.replies.at(-1)).toMatchObject({ decisions: [{ id: "open-d", outcome: "accepted", repeated: true }] })
    world.open("d", ["t"])
    world.settle()
    expect(world.replies.at(-1)).toMatchObject({ decisions: [{ outcome: "refused", reason: "IdReused" }] })
  })

  it("is answered when its time is up, by several events, and what comes after that goes back", () => {
    const world = new World()
    world.open("d", ["s", "t"])
    world.store()
    const [, late] = world.flying.splice(0)
    world.pass(placingMs + 100)
    world.flying.length = 0
    world.store()
    expect(world.outcomes("open-d")).toEqual(["refused"])
    expect(book(world).partition.owed.size).toBe(0)
    if (late !== undefined) world.arrive(late)
    world.heal()
    expect(world.outcomes("open-d")).toEqual(["refused"])
    expect(world.place("shelf").desk.partition.actors.get("t" as ActorKey)?.state).toMatchObject({ left: 2 })
    expect(wrongAtRest(world)).toEqual([])
  })

  it("stands alone in its message, and among what is handed over", () => {
    const world = new World()
    const command = { type: "Open", book: "b", issuedAtMs: world.nowMs, shelves: ["s"] }
    const commands = ["x", "y"].map((deal) => {
      const one = { ...command, id: deal, deal } as never
      return { _tag: "Command", command: one, text: JSON.stringify(one) } as const
    })
    const body = { _tag: "Commands", array: true, commands } as const
    const message = { sender: channel, class: "sell", bulk: false, key: "b" as ActorKey, reply: "r.9", publishedMs: world.nowMs } as const
    book(world).put({ _tag: "CommandsHanded", messages: [{ ...message, trace: null, bytes: 200, body }] })
    world.settle()
    expect(world.replies).toMatchObject([
      { suffix: "r.9", array: true, decisions: [{ reason: "TooManyCommands" }, { reason: "TooManyCommands" }] },
    ])
    expect(book(world).partition.underWay.size).toBe(0)
  })
})
