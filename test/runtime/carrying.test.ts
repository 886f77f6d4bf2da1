/** What partitions of one process, or of two, carry to each other: who is asked, how, and what happens when the owner is another one. */
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { afterEach, describe, expect, it } from "vitest"
import type { CommandId, SenderId, Sku } from "../../src/domain/names.ts"
import type { CommandUnderWay } from "../../src/engine/records.ts"
import { carriedStuckMs } from "../../src/limits.ts"
import { Desk } from "../../src/ports/door.ts"
import { Meter } from "../../src/ports/meter.ts"
import { CarriedClock } from "../../src/runtime/carried-clock.ts"
import { makeCarryingOutputs } from "../../src/runtime/carrying-outputs.ts"
import { Engine } from "../../src/runtime/engine.ts"
import { Owners } from "../../src/runtime/owners.ts"
import { type LocalReign, Reigns } from "../../src/runtime/reigns.ts"
import { decodeBack } from "../../src/wire/carry.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { MemoryDoor } from "./memory-door.ts"
import { listeningMeter } from "./workers.ts"

const toClose: Array<() => Promise<unknown>> = []
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

const carried = (n: number): CommandUnderWay => ({
  id: `me/7/${n}` as CommandId,
  to: { kind: "sku", partition: 2 },
  key: "SKU-1" as Sku,
  onBehalf: "web" as SenderId,
  atMs: 1_000 + n,
  command: { type: "Release", sku: "SKU-1", reservation: "@o-1", reason: "abandoned" } as CommandUnderWay["command"],
  from: "web/3" as Sku,
  ref: { order: "o-1", event: 2 },
  seq: 7,
})

/** A process in which partition 1 is served by a reign called `me`. */
const startProcess = async (door: MemoryDoor) => {
  const underWay = new Map<CommandId, CommandUnderWay>()
  const counted = { first: 0, again: 0, said: 0 }
  const scope = Scope.makeUnsafe()
  toClose.push(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const layers = Layer.mergeAll(
    Layer.provideMerge(Owners.layer, Layer.merge(door.deskLayer, Reigns.layer)),
    Engine.layer,
    Layer.succeed(Meter, {
      ...listeningMeter({ batches: [], steppedDown: [], reignsEnded: [], alarms: [], logged: [], takeovers: 0 }),
      carried: (_partition, first, again) => {
        counted.first += first
        counted.again += again
      },
      returnsSaid: (_partition, count) => {
        counted.said += count
      },
    }),
  )
  const context = await Effect.runPromise(Layer.buildWithScope(layers, scope))
  const shell = {
    partition: 1,
    tell: () => undefined,
    tellWhile: () => undefined,
    heard: Effect.void,
    brokerNowMs: () => null,
    owner: () => "me",
    run: (effect: Effect.Effect<void>) => void Effect.runFork(effect),
  }
  const made = makeCarryingOutputs(shell, underWay).pipe(Scope.provide(scope), Effect.provide(context))
  const outputs = await Effect.runPromise(made)
  return {
    counted,
    reigns: Context.get(context, Reigns),
    desk: Context.get(context, Desk),
    underWay,
    ...outputs,
    carry: (...commands: ReadonlyArray<CommandUnderWay>) => {
      for (const one of commands) underWay.set(one.id, one)
      outputs.sendCarried({ _tag: "SendCarried", to: { kind: "sku", partition: 2 }, settledMs: 900, commands })
    },
  }
}

/** A reign of partition 2 that notes what it is asked. */
const reignOf = (owner: string, epoch: number) => {
  const asked: Array<string> = []
  const back: Array<string> = []
  const reign: LocalReign = {
    kind: "sku",
    partition: 2,
    epoch,
    owner,
    hand: () => undefined,
    carry: (from, settledMs, commands) => {
      for (const { id } of commands) asked.push(`${id} of ${from.kind} ${from.partition} ${from.owner}, settled ${settledMs}`)
    },
    back: (returns) => {
      for (const { id } of returns) back.push(id)
    },
  }
  return { asked, back, reign }
}

/** A reign of partition 2 in another process. */
const reignElsewhere = async (door: MemoryDoor, owner: string, epoch: number) => {
  const other = await startProcess(door)
  const frames: Array<Uint8Array> = []
  const scope = Scope.makeUnsafe()
  toClose.push(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const hearing = other.desk.hear("carry", "sku", 2, owner, (frame) => frames.push(frame))
  await Effect.runPromise(Scope.provide(hearing, scope))
  const say = (said: string | null) => other.desk.announce({ kind: "sku", partition: 2, epoch, owner: said, full: [], factsFull: [] })
  return { frames, announce: () => say(owner), over: () => say(null) }
}

const idsIn = (frame: Uint8Array | undefined): ReadonlyArray<unknown> => {
  const decoded = engineCodec.decodeCarry(frame ?? new Uint8Array())
  return decoded._tag === "Carry"
    ? decoded.messages.map(({ body }) =>
        body._tag === "Commands" && body.commands[0]?._tag === "Command" ? body.commands[0].command.id : body,
      )
    : [decoded]
}

describe("what actors of a partition carry", () => {
  it("is handed to an owner in this process by a plain call", async () => {
    const { carry, reigns } = await startProcess(new MemoryDoor(() => 0))
    const { asked, reign } = reignOf("there", 1)
    reigns.begin(reign)
    carry(carried(0), carried(1))
    expect(asked).toEqual(["me/7/0 of sku 1 me, settled 900", "me/7/1 of sku 1 me, settled 900"])
  })

  it("is said to an owner in another process, once it was heard of", async () => {
    const door = new MemoryDoor(() => 0)
    const { carry } = await startProcess(door)
    const { frames, announce } = await reignElsewhere(door, "there", 1)
    announce()
    carry(carried(0))
    expect(frames).toHaveLength(1)
    expect(idsIn(frames[0])).toEqual(["me/7/0"])
  })

  it("goes nowhere while nobody is known to own its partition, and at once to whoever is heard of: all that is still under way", async () => {
    const door = new MemoryDoor(() => 0)
    const { carry, underWay, counted } = await startProcess(door)
    carry(carried(0))
    carry(carried(1))
    carry(carried(0))
    underWay.delete(carried(1).id)
    const { frames, announce } = await reignElsewhere(door, "there", 1)
    announce()
    announce()
    expect(frames).toHaveLength(1)
    expect(idsIn(frames[0])).toEqual(["me/7/0"])
    expect(counted).toEqual({ first: 2, again: 1, said: 0 })
  })

  it("is asked of the next owner at once, wherever that is; a former one's late word changes nothing", async () => {
    const door = new MemoryDoor(() => 0)
    const { carry, reigns } = await startProcess(door)
    const first = reignOf("first", 1)
    reigns.begin(first.reign)
    carry(carried(0))
    reigns.end(first.reign)
    const second = await reignElsewhere(door, "second", 2)
    second.announce()
    expect(second.frames).toHaveLength(1)
    const late = await reignElsewhere(door, "first", 1)
    late.announce()
    expect(late.frames).toHaveLength(0)
    second.over()
    carry(carried(0))
    expect(second.frames).toHaveLength(1)
  })
})

describe("what came of a command between actors", () => {
  const returns = [{ id: "x/1/0" as CommandId, by: { kind: "sku", partition: 1, seq: 9 }, outcome: { outcome: "accepted" } }] as const

  it("is told to the reign that asked, in this process or elsewhere, and to no other", async () => {
    const door = new MemoryDoor(() => 0)
    const { sendReturns, reigns, desk, counted } = await startProcess(door)
    const { back, reign } = reignOf("asking", 1)
    reigns.begin(reign)
    const heard: Array<Uint8Array> = []
    const scope = Scope.makeUnsafe()
    toClose.push(() => Effect.runPromise(Scope.close(scope, Exit.void)))
    await Effect.runPromise(
      Scope.provide(
        desk.hear("back", "sku", 2, "former", (frame) => heard.push(frame)),
        scope,
      ),
    )
    sendReturns({ _tag: "SendReturns", to: { kind: "sku", partition: 2, owner: "asking" }, returns })
    sendReturns({ _tag: "SendReturns", to: { kind: "sku", partition: 2, owner: "former" }, returns })
    sendReturns({ _tag: "SendReturns", to: { kind: "of a newer release", partition: 2, owner: "x" }, returns })
    expect(back).toEqual(["x/1/0"])
    expect(heard.map(decodeBack)).toEqual([{ _tag: "Back", returns }])
    expect(counted.said).toBe(2)
  })
})

describe("a command that has no decision for long", () => {
  const of = (...commands: ReadonlyArray<CommandUnderWay>) => ({ underWay: new Map(commands.map((one) => [one.id, one])) })

  it("is told of once, with who waits for whom; the next oldest anew", () => {
    const clock = new CarriedClock()
    expect(clock.look(of(), 0)).toEqual({ underWay: 0, oldestMs: 0, stuck: null })
    expect(clock.look(of(carried(0), carried(1)), 100)).toEqual({ underWay: 2, oldestMs: 0, stuck: null })
    const stuck = clock.look(of(carried(0)), 100 + carriedStuckMs)
    expect(stuck).toMatchObject({ underWay: 1, oldestMs: carriedStuckMs })
    expect(stuck.stuck).toBe("Release me/7/0 of web/3 to SKU-1 of sku 2 has had no decision for 30 s")
    expect(clock.look(of(carried(0)), 101 + carriedStuckMs).stuck).toBeNull()
    expect(clock.look(of(carried(1)), 102 + carriedStuckMs)).toEqual({ underWay: 1, oldestMs: 0, stuck: null })
    expect(clock.look(of(carried(1)), 102 + 2 * carriedStuckMs).stuck).not.toBeNull()
  })
})
