/**
 * Random lives of an ingress against a model that knows only what was put in and what came out: at most one answer to a message, and `busy` or `notStored` only where nothing of it
 * was handed over or stored; what is stored is whole, in order and counted without holes; senders take turns; nobody gets more than its rate.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { DoorMessage, IngressInput, IngressOutput } from "../../src/ingress/protocol.ts"
import type { SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import {
  bodyBytesMax,
  commandsPerMessageMax,
  frameBytesMax,
  frameBytesUnderWayMax,
  frameMessagesMax,
  framesUnderWayMax,
  ingressWaitMsMax,
} from "../../src/limits.ts"
import {
  answers,
  batchOf,
  bodyOf,
  bounds,
  brokerAheadMs,
  bytesOf,
  message,
  ofTag,
  Rig,
  receive,
  recordSale,
  reserve,
  sell,
  skuIn,
} from "./rig.ts"

const partitions = 2
const skus = [skuIn(0, partitions), skuIn(0, partitions, 1), skuIn(1, partitions), "Ä/%"]

const sku = fc.constantFrom(...skus)
const sellers = fc.constantFrom("web", "pos", "app")
const token = fc.oneof(
  { weight: 8, arbitrary: sku.map((text) => (text === "Ä/%" ? "%C3%84%2F%25" : text)) },
  fc.constantFrom("*", "a.b", "%41", ""),
)
const command = fc
  .tuple(fc.constantFrom("reserve", "receive", "sale"), sku, fc.option(fc.constantFrom(1, 30, 5_000)))
  .map(([kind, on, deadlineMs]) => {
    if (kind === "receive") return () => receive(on)
    return () => (kind === "sale" ? recordSale(on) : reserve(on, deadlineMs === null ? {} : { deadlineMs }))
  })
const path = fc.tuple(fc.constantFrom("sell", "sell", "stock", "policy"), token).map((parts) => parts.join("."))

/** A message that is mostly sound: its path and its commands are of one SKU. */
const sound = fc.oneof(
  fc
    .tuple(sellers, sku, fc.constantFrom(1, 1, 1, 1, 1, 3, 3, 70), fc.constantFrom(reserve, recordSale))
    .map(([sender, on, count, make]) => () => {
      const commands = Array.from({ length: count }, () => make(on))
      return message(
        sender,
        `sell.sku.${on === "Ä/%" ? "%C3%84%2F%25" : on}`,
        count === 1 ? bodyOf(commands[0] ?? reserve(on)) : bodyOf(commands),
      )
    }),
  fc.tuple(sku, fc.constantFrom(1, 1, 1, 5, 5, 100)).map(([on, count]) => () => {
    const commands = Array.from({ length: count }, () => receive(on))
    return message("wms", `stock.sku.${on === "Ä/%" ? "%C3%84%2F%25" : on}`, bodyOf(commands))
  }),
)
const odd = fc.oneof(
  fc.tuple(sellers, path, fc.array(command, { minLength: 1, maxLength: 3 })).map(
    ([sender, where, make]) =>
      () =>
        message(sender, where, bodyOf(make.map((one) => one()))),
  ),
  fc.tuple(sellers, fc.string({ unit: "binary", maxLength: 20 }), fc.uint8Array({ maxLength: 40 })).map(
    ([sender, where, body]) =>
      () =>
        message(sender, where, body),
  ),
  fc.tuple(sellers, sku).map(
    ([sender, on]) =>
      () =>
        message(sender, `sell.sku.${on}`, bytesOf(" ".repeat(bodyBytesMax + 1))),
  ),
)
const messages = fc.array(fc.oneof({ weight: 6, arbitrary: sound }, { weight: 1, arbitrary: odd }), { minLength: 1, maxLength: 12 })

const event = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("arrive" as const),
      make: messages,
      copies: fc.constantFrom(1, 1, 1, 1, 1, 12),
      ageMs: fc.constantFrom(0, 10, 40, 2_001),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 25, 25, 100, 400, 2_000) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("frame" as const),
      which: fc.nat(),
      came: fc.constantFrom("FrameHeard" as const, "FrameHeard" as const, "FrameUnheard" as const, "FrameUnknown" as const),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("store" as const),
      which: fc.nat(),
      came: fc.constantFrom("Stored" as const, "Stored" as const, "StoreFull" as const, "StoreUnknown" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("owner" as const),
      partition: fc.nat({ max: partitions - 1 }),
      epoch: fc.nat({ max: 6 }),
      alive: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("full" as const),
      of: fc.constantFrom("all" as const, "facts" as const),
      forMs: fc.nat({ max: 500 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "time" as const }) },
)
type Event = typeof event extends fc.Arbitrary<infer One> ? One : never

/** What the model knows of a message: how it came, whether something of it went on, what it heard. */
interface Known {
  readonly arrived: DoorMessage
  heard: number
  handed: number
  storedIn: Set<number>
  /** Whether an attempt with it may be, or is, stored or taken. */
  sure: "nothing" | "maybe" | "yes"
}

const typesOf = ({ body }: SkuTakenMessage) =>
  body._tag === "Commands" ? body.commands.map((decoded) => (decoded._tag === "Command" ? decoded.command.type : "")) : []

/** The world around an ingress: a stream that is full, late or unsure, owners that hear or don't, and everything that was promised. */
class World {
  readonly rig: Rig
  readonly known = new Map<string, Known>()
  readonly frames = new Map<number, { readonly partition: number; readonly messages: ReadonlyArray<SkuTakenMessage> }>()
  /** The attempts to store that have no answer yet, one a partition; and the serials that are, and may be, in each stream. */
  readonly attempts = new Map<
    number,
    { readonly serial: number; readonly messages: ReadonlyArray<SkuTakenMessage>; readonly bytes: Uint8Array }
  >()
  readonly stored = new Map<number, Array<number>>()
  readonly bytesOf = new Map<string, Uint8Array>()
  drained = false

  constructor() {
    const senders = [
      bounds("web", ["sell"], 3_000),
      bounds("pos", ["sell"], 50),
      bounds("app", ["sell"], 400),
      bounds("wms", ["stock"], 3_000),
    ]
    this.rig = Rig.begun({ partitions: { sku: partitions, order: 1 }, senders })
  }

  keyOf = (sender: string, reply: string | null): string => `${sender} ${reply}`

  put(input: Parameters<Rig["tell"]>[0]): void {
    this.check(this.rig.tell(input))
  }

  arrive(arrivals: ReadonlyArray<DoorMessage>, ageMs: number): void {
    for (const arrived of arrivals) {
      const key = this.keyOf(arrived.sender, arrived.replySubject.slice(`hf.reply.${arrived.sender}.`.length))
      this.known.set(key, { arrived, heard: 0, handed: 0, storedIn: new Set(), sure: "nothing" })
    }
    this.put({ _tag: "Arrived", messages: arrivals, publishedAfterMs: this.rig.nowMs - ageMs })
  }

  of({ sender, reply }: SkuTakenMessage): Known {
    const known = this.known.get(this.keyOf(sender, reply))
    if (known === undefined) return expect.unreachable("a message that nobody sent")
    return known
  }

  check(outputs: ReadonlyArray<IngressOutput>): void {
    for (const output of outputs) {
      expect(this.drained).toBe(false)
      if (output._tag === "HandOver") this.onHandOver(output)
      else if (output._tag === "Store") this.onStore(output)
      else if (output._tag === "Answer") this.onAnswer(output)
      else if (output._tag === "Drained") this.drained = true
    }
    for (let partition = 0; partition < partitions; partition++) {
      const underWay = [...this.frames.values()].filter((frame) => frame.partition === partition)
      expect(underWay.length).toBeLessThanOrEqual(framesUnderWayMax)
      expect(underWay.flatMap((frame) => frame.messages).reduce((bytes, one) => bytes + one.bytes, 0)).toBeLessThanOrEqual(
        frameBytesUnderWayMax,
      )
    }
  }

  onHandOver({ partition, frame, messages }: Extract<IngressOutput, { _tag: "HandOver" }>): void {
    const handed = messages as ReadonlyArray<SkuTakenMessage>
    expect(this.frames.has(frame)).toBe(false)
    expect(handed.length).toBeGreaterThan(0)
    expect(handed.length).toBeLessThanOrEqual(frameMessagesMax)
    expect(handed.reduce((bytes, one) => bytes + one.bytes, 0)).toBeLessThanOrEqual(frameBytesMax)
    this.frames.set(frame, { partition, messages: handed })
    for (const one of handed) {
      const known = this.of(one)
      this.checkTaken(known, one)
      expect([one.class, typesOf(one).some((type) => type === "RecordSale")]).toEqual(["sell", false])
      expect([known.handed++, known.storedIn.size, known.heard]).toEqual([0, 0, 0])
      known.sure = "maybe"
    }
  }

  onStore(output: Extract<IngressOutput, { _tag: "Store" }>): void {
    const { partition, serial, bytes } = output
    expect(this.attempts.has(partition)).toBe(false)
    const { messages: kept, ingress, acknowledged, ...rest } = batchOf(output)
    expect([ingress, rest.serial]).toEqual(["i-1", serial])
    const before = this.stored.get(partition) ?? []
    expect(serial).toBe((before.at(-1) ?? 0) + 1)
    expect(acknowledged).toBe(before.at(-1) ?? 0)
    expect(kept.reduce((count, { body }) => count + (body._tag === "Commands" ? body.commands.length : 0), 0)).toBeLessThanOrEqual(
      commandsPerMessageMax,
    )
    expect(kept.reduce((sum, one) => sum + one.bytes, 0)).toBeLessThanOrEqual(bodyBytesMax)
    const same = this.bytesOf.get(`${partition} ${serial}`)
    if (same !== undefined) expect(bytes).toEqual(same)
    for (const one of kept) {
      const known = this.of(one)
      this.checkTaken(known, one)
      expect(typesOf(one).every((type) => type === "RecordSale" || type === "ReceiveStock")).toBe(true)
      if (same === undefined) expect([known.handed, known.storedIn.size, known.heard]).toEqual([0, 0, 0])
      known.storedIn.add(serial)
      known.sure = "maybe"
    }
    this.bytesOf.set(`${partition} ${serial}`, bytes)
    this.attempts.set(partition, { serial, messages: kept, bytes })
  }

  /** What goes on is what was sent: all commands, in their order. */
  checkTaken({ arrived }: Known, one: SkuTakenMessage): void {
    const idsOf = (text: string) => [...text.matchAll(/"id":"(c-\d+)"/g)].map((found) => found[1])
    expect(one.body._tag === "Commands" && one.body.commands.map((decoded) => decoded._tag === "Command" && decoded.command.id)).toEqual(
      idsOf(new TextDecoder().decode(arrived.body)),
    )
    expect(one.publishedMs).toBeLessThanOrEqual(this.rig.nowMs + brokerAheadMs)
  }

  onAnswer({ sender, suffix, answer }: Extract<IngressOutput, { _tag: "Answer" }>): void {
    const known = this.known.get(this.keyOf(sender, suffix))
    if (known === undefined) return expect.unreachable("an answer to nobody")
    expect(known.heard++).toBe(0)
    expect(known.sure).toBe(answer.answer === "stored" ? "yes" : "nothing")
  }

  frame(which: number, came: "FrameHeard" | "FrameUnheard" | "FrameUnknown"): void {
    const entry = [...this.frames][which % Math.max(1, this.frames.size)]
    if (entry === undefined) return
    const [number, { messages: handed }] = entry
    this.frames.delete(number)
    for (const one of handed) this.of(one).sure = came === "FrameHeard" ? "yes" : came === "FrameUnheard" ? "nothing" : "maybe"
    this.put({ _tag: came, frame: number })
    // In silence ends what was not told to come back: the owner speaks of it.
    for (const one of handed) expect(this.of(one).heard).toBe(came === "FrameUnheard" ? 1 : 0)
  }

  store(which: number, came: "Stored" | "StoreFull" | "StoreUnknown"): void {
    const entry = [...this.attempts][which % Math.max(1, this.attempts.size)]
    if (entry === undefined) return
    const [partition, { serial, messages: kept }] = entry
    this.attempts.delete(partition)
    const unknown = this.unknowns.has(`${partition} ${serial}`)
    if (came === "Stored") {
      this.stored.set(partition, [...(this.stored.get(partition) ?? []), serial])
      for (const one of kept) this.of(one).sure = "yes"
      this.put({ _tag: came, kind: "sku", partition, serial, seq: 100 + serial })
      for (const one of kept) expect(this.of(one).heard).toBe(1)
      return
    }
    if (came === "StoreUnknown") this.unknowns.add(`${partition} ${serial}`)
    else if (!unknown) {
      this.bytesOf.delete(`${partition} ${serial}`)
      for (const one of kept) this.of(one).sure = "nothing"
    }
    this.put({ _tag: came, kind: "sku", partition, serial })
    for (const one of kept) expect(this.of(one).heard).toBe(came === "StoreFull" && !unknown ? 1 : 0)
  }
  readonly unknowns = new Set<string>()

  play(one: Event): void {
    if (one.kind === "arrive") {
      const arrivals = Array.from({ length: one.copies }, () => one.make.map((make) => make())).flat()
      this.arrive(arrivals, one.ageMs)
    } else if (one.kind === "pass") {
      this.rig.nowMs += one.ms
      this.put({ _tag: "Tick" })
    } else if (one.kind === "frame") this.frame(one.which, one.came)
    else if (one.kind === "store") this.store(one.which, one.came)
    else if (one.kind === "owner")
      this.put({
        _tag: "OwnerSeen",
        kind: "sku",
        partition: one.partition,
        epoch: one.epoch,
        owner: one.alive ? `o-${one.partition}-${one.epoch}` : null,
      })
    else if (one.kind === "full") this.put({ _tag: "SenderFull", of: one.of, sender: "app" as never, forMs: one.forMs })
    else
      this.put({ _tag: "BrokerTimeSeen", brokerMs: this.rig.nowMs + brokerAheadMs } satisfies Omit<
        Extract<IngressInput, { _tag: "BrokerTimeSeen" }>,
        "nowMs"
      >)
  }

  /** Everything is answered, heard and stored from now on, until the ingress says that it has finished. */
  end(): void {
    this.put({ _tag: "Drain" })
    for (let i = 0; i < 1_000 && !this.drained; i++) {
      for (const number of [...this.frames.keys()]) this.frame([...this.frames.keys()].indexOf(number), "FrameHeard")
      for (let j = this.attempts.size; j > 0; j--) this.store(0, "Stored")
      if (this.drained) break
      this.rig.nowMs += 25
      this.put({ _tag: "Tick" })
    }
  }
}

describe("whatever happens around an ingress", () => {
  it("INV-10: it contradicts itself to nobody, loses and doubles nothing, and comes to its end", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 5, maxLength: 60 }), (events) => {
        const world = new World()
        for (const one of events) world.play(one)
        world.end()
        expect(world.drained).toBe(true)
        // Each message was handed over, stored, or told why not.
        for (const { heard, handed, storedIn, sure } of world.known.values())
          expect(heard === 1 || handed === 1 || (storedIn.size > 0 && sure === "yes")).toBe(true)
        const { senders, defects } = world.rig.view()
        expect(defects).toBe(0)
        for (const sender of senders) expect([sender.waitingMessages, sender.waitingBytes]).toEqual([0, 0])
      }),
      { numRuns: 150 },
    )
  })
})

describe("turns", () => {
  it("INV-11: let nobody wait for more than one message of each other sender, however much these let wait", () => {
    const names = ["web", "pos", "app", "old"]
    const senders = names.map((name) => bounds(name, ["sell"], 1_000_000))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 120 })), { minLength: 1, maxLength: 12 }), (waves) => {
        const rig = Rig.begun({ partitions: { sku: 1, order: 1 }, senders })
        for (let i = 0; i < framesUnderWayMax; i++) rig.arrive([sell("web", "A")])
        for (const [who, count] of waves) rig.arrive(Array.from({ length: count }, () => sell(names[who] ?? "", "A")))
        const waited = new Map(rig.view().senders.map(({ sender, waitingMessages }) => [sender as string, waitingMessages]))
        const order = ofTag(rig.tell({ _tag: "FrameHeard", frame: 1 }), "HandOver").flatMap(({ messages: handed }) =>
          handed.map(({ sender }) => sender as string),
        )
        // The nth message of a sender comes when each other sender has had at most n turns.
        const had = new Map<string, number>()
        for (const sender of order) {
          const turn = (had.get(sender) ?? 0) + 1
          had.set(sender, turn)
          for (const other of names) {
            const turns = had.get(other) ?? 0
            if (turns > turn || turns < Math.min(turn - 1, waited.get(other) ?? 0))
              expect.unreachable(`${sender} ${turn}, ${other} ${turns}`)
          }
        }
      }),
    )
  })
})

describe("buckets", () => {
  it("INV-11: give a sender, in any time, its rate, a burst of a second and one message; and say no to nobody within its rate", () => {
    const perSecond = 40
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 400 }), fc.integer({ min: 0, max: 30 })), { maxLength: 30 }), (bursts) => {
        const rig = Rig.begun({ senders: [bounds("web", ["sell"], perSecond), bounds("pos", ["sell"], perSecond)] })
        const taken: Array<readonly [number, number]> = []
        for (const [ms, count] of bursts) {
          rig.pass(ms)
          const outputs = rig.arrive(Array.from({ length: count }, () => sell("web", "A")))
          const through = ofTag(outputs, "HandOver").flatMap((frame) => frame.messages).length
          for (const { frame } of ofTag(outputs, "HandOver")) rig.tell({ _tag: "FrameHeard", frame })
          expect(through + answers(outputs).length).toBe(count)
          taken.push([rig.nowMs, through])
          for (let from = 0; from < taken.length; from++) {
            const [sinceMs] = taken[from] ?? [0]
            const sum = taken.slice(from).reduce((all, [, one]) => all + one, 0)
            expect(sum).toBeLessThanOrEqual(perSecond + ((rig.nowMs - sinceMs) / 1_000) * perSecond + 1)
          }
          expect(rig.view().senders[1]).toMatchObject({ open: true })
        }
      }),
    )
  })

  it("are never empty for who keeps within its rate", () => {
    const rig = Rig.begun({ senders: [bounds("web", ["sell"], 40)] })
    for (let i = 0; i < 400; i++) {
      rig.pass(25)
      for (const { frame } of ofTag(rig.arrive([sell("web", "A")]), "HandOver")) rig.tell({ _tag: "FrameHeard", frame })
    }
    expect(answers(rig.outputs)).toEqual([])
    expect(ofTag(rig.outputs, "CloseDoor")).toEqual([])
  })
})

it("no message waits longer than the bound", () => {
  const rig = Rig.begun({ senders: [bounds("web", ["sell"], 1_000_000)] })
  for (let i = 0; i < framesUnderWayMax; i++) rig.arrive([sell("web", "A")])
  for (let i = 0; i < 400; i++) {
    rig.arrive([sell("web", "A")])
    rig.pass(25)
    expect(rig.view().partitions.reduce((most, { selling }) => Math.max(most, selling), 0)).toBeLessThanOrEqual(ingressWaitMsMax / 25)
  }
})
