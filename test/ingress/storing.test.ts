import { describe, expect, it } from "vitest"
import {
  bodyBytesMax,
  commandsPerMessageMax,
  ingressWaitMsMax,
  operatorCommandsPerMessageMax,
  storeAgainMs,
  storeFullPauseMs,
} from "../../src/limits.ts"
import { answers, batchOf, bodyOf, bytesOf, fact, message, ofTag, Rig, receive, sell, skuIn } from "./rig.ts"

const a = skuIn(0, 4)
const stores = (outputs: Parameters<typeof answers>[0]) => ofTag(outputs, "Store")

describe("storing", () => {
  it("has one message in flight for each partition, and answers when it is stored", () => {
    const rig = Rig.begun()
    const other = skuIn(1, 4)
    expect(stores(rig.arrive([fact(a), fact(other)])).map(({ partition, serial }) => [partition, serial])).toEqual([
      [0, 1],
      [1, 1],
    ])
    expect(rig.arrive([fact(a), fact(a)])).toEqual([])
    const outputs = rig.tell({ _tag: "Stored", kind: "sku", partition: 0, serial: 1, seq: 41 })
    expect(answers(outputs)).toEqual([{ answer: "stored", partition: 0, seq: 41 }])
    expect(stores(outputs).map(batchOf)).toMatchObject([{ ingress: "i-1", serial: 2, acknowledged: 1 }])
    expect(answers(rig.tell({ _tag: "Stored", kind: "sku", partition: 0, serial: 2, seq: 42 }))).toHaveLength(2)
    expect(rig.tell({ _tag: "Stored", kind: "sku", partition: 0, serial: 2, seq: 43 })).toEqual([])
  })

  it("needs no owner", () => {
    const rig = new Rig()
    rig.hearTime()
    expect(stores(rig.arrive([fact(a)]))).toHaveLength(1)
  })

  it("bounds a stored message in commands and bytes, and never splits an array", () => {
    const rig = Rig.begun()
    rig.arrive([fact(a)])
    const arrays = Array.from({ length: 3 }, () => message("wms", `stock.sku.${a}`, bodyOf(Array.from({ length: 60 }, () => receive(a)))))
    rig.arrive([...arrays, ...Array.from({ length: 20 }, () => fact(a))])
    const [next] = stores(rig.tell({ _tag: "Stored", kind: "sku", partition: 0, serial: 1, seq: 1 }))
    const { messages } = batchOf(next as NonNullable<typeof next>)
    expect(messages.map(({ body }) => body._tag === "Commands" && body.commands.length)).toEqual([60, 60])
    expect(messages.reduce((bytes, one) => bytes + one.bytes, 0)).toBeLessThanOrEqual(bodyBytesMax)
    expect(commandsPerMessageMax).toBe(128)
  })

  it("keeps operators' commands by themselves, few in a message: each may settle one as large as a message", () => {
    const replay = (n: number) => ({ v: 1, type: "ReplayQuarantined", id: `op-${n}`, sku: a, issuedAtMs: 5, quarantined: `${n}-0` })
    const tell = (...bodies: ReadonlyArray<unknown>) =>
      bodies.map((body) => message("ops", `operator.sku.${a}`, bytesOf(JSON.stringify(body)), { replySubject: "hf.reply.ops.r" }))
    const rig = Rig.begun()
    const tooMany = Array.from({ length: operatorCommandsPerMessageMax + 1 }, (_, n) => replay(n))
    expect(answers(rig.arrive(tell(tooMany)))).toMatchObject([{ answer: "notStored", reason: "form", cause: "TooManyCommands" }])
    rig.arrive([fact(a)])
    rig.arrive([fact(a), ...tell(replay(1), [replay(2), replay(3)], replay(4), replay(5))])
    const counts: Array<ReadonlyArray<string>> = []
    for (let serial = 1; serial <= 4; serial++) {
      const [next] = stores(rig.tell({ _tag: "Stored", kind: "sku", partition: 0, serial, seq: serial }))
      if (next !== undefined)
        counts.push(batchOf(next).messages.flatMap((one) => (one.body._tag === "Commands" ? one.body.commands.map(() => one.class) : [])))
    }
    // Senders have their turns, so the fact may stand between an operator's.
    expect(counts.filter(([first]) => first === "stock")).toEqual([["stock"]])
    expect(counts.flat().filter((one) => one === "operator")).toHaveLength(5)
    expect(counts.every((one) => new Set(one).size === 1 && one.length <= operatorCommandsPerMessageMax)).toBe(true)
  })

  it("hands the same bytes out again, later, when it is unknown whether they are stored, and never says busy to them", () => {
    const rig = Rig.begun()
    const [first] = stores(rig.arrive([fact(a)]))
    expect(rig.tell({ _tag: "StoreUnknown", kind: "sku", partition: 0, serial: 1 })).toEqual([])
    expect(rig.view().partitions[0]).toMatchObject({ storeUnknown: true })
    expect(rig.pass(storeAgainMs - 1)).toEqual([])
    expect(rig.pass(1)).toEqual([first])
    expect(rig.pass(10 * ingressWaitMsMax)).toEqual([])
    rig.tell({ _tag: "StoreFull", kind: "sku", partition: 0, serial: 1 })
    expect(rig.pass(storeFullPauseMs)).toEqual([first])
    expect(answers(rig.outputs)).toEqual([])
    expect(answers(rig.tell({ _tag: "Stored", kind: "sku", partition: 0, serial: 1, seq: 5 }))).toEqual([
      { answer: "stored", partition: 0, seq: 5 },
    ])
  })

  it("says busy when the stream is full and surely nothing was stored, and uses the serial again", () => {
    const rig = Rig.begun()
    rig.arrive([fact(a), fact(a)])
    expect(answers(rig.tell({ _tag: "StoreFull", kind: "sku", partition: 0, serial: 1 }))).toMatchObject([
      { answer: "busy", why: "full" },
      { answer: "busy", why: "full" },
    ])
    expect(rig.arrive([fact(a)])).toEqual([])
    const [again] = stores(rig.pass(storeFullPauseMs))
    expect(batchOf(again as NonNullable<typeof again>)).toMatchObject({ serial: 1, acknowledged: 0 })
  })

  it("tells what waited too long to come back", () => {
    const rig = Rig.begun()
    rig.arrive([fact(a)])
    rig.arrive([fact(a)])
    expect(answers(rig.pass(ingressWaitMsMax))).toMatchObject([{ answer: "busy", why: "queue" }])
    expect(answers(rig.tell({ _tag: "Stored", kind: "sku", partition: 0, serial: 1, seq: 1 }))).toMatchObject([{ answer: "stored" }])
  })
})

describe("an ending ingress", () => {
  it("closes all doors, takes nothing more, finishes what is under way and what waits, and then says so once", () => {
    const rig = Rig.begun()
    rig.arrive([sell("web", a), fact(a)])
    rig.arrive([fact(a)])
    expect(ofTag(rig.tell({ _tag: "Drain" }), "CloseDoor").map(({ why }) => why)).toEqual(["ending", "ending", "ending", "ending"])
    expect(answers(rig.arrive([sell("web", a), fact(a)]))).toMatchObject([
      { answer: "busy", why: "ending" },
      { answer: "busy", why: "ending" },
    ])
    rig.tell({ _tag: "Stored", kind: "sku", partition: 0, serial: 1, seq: 1 })
    rig.tell({ _tag: "FrameHeard", frame: 1 })
    expect(ofTag(rig.outputs, "Drained")).toEqual([])
    expect(ofTag(rig.tell({ _tag: "Stored", kind: "sku", partition: 0, serial: 2, seq: 2 }), "Drained")).toHaveLength(1)
    expect(rig.pass(1_000)).toEqual([])
  })

  it("that has nothing under way is done at once", () => {
    expect(ofTag(Rig.begun().tell({ _tag: "Drain" }), "Drained")).toHaveLength(1)
  })
})

describe("the view", () => {
  it("shows what waits, how old the oldest is, and what became of each sender's messages", () => {
    const rig = Rig.begun()
    rig.arrive([fact(a)], 100)
    rig.nowMs += 50
    rig.arrive([fact(a), sell("web", a), sell("web", "no"), message("nobody", "x", new Uint8Array())])
    const { partitions, senders, strangers, defects } = rig.view()
    expect(partitions[0]).toMatchObject({ owned: true, selling: 0, keeping: 1, framesUnderWay: 1, storeUnknown: false })
    expect(partitions[0]?.oldestMs).toBeGreaterThanOrEqual(149)
    expect(partitions[0]?.oldestMs).toBeLessThanOrEqual(151)
    expect(partitions[1]).toMatchObject({ keeping: 0, oldestMs: 0 })
    expect(senders.find(({ sender }) => sender === "wms")).toMatchObject({ taken: 2, waitingMessages: 1, open: true })
    expect([strangers, defects]).toEqual([1, 0])
  })
})
