/** Room in quarantine, at the step level: who comes near its bound is throttled at the doors, what is stored by then still waits there, and nothing is lost unsaid. */
import { describe, expect, it } from "vitest"
import type { SenderId } from "../../src/domain/names.ts"
import { type MemoryBounds, memoryBounds } from "../../src/engine/memory-bounds.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { saleQtyMax, senderFullMsMax, throttleEveryMs } from "../../src/limits.ts"
import { Broker, json, saidOf, serving, Worker } from "./rig.ts"

/** A worker that holds the facts of a sender off from so many in quarantine on. */
const boundBy = (bounds: Partial<MemoryBounds>): Worker => serving(10, protocolRules, new Broker(), { ...memoryBounds, ...bounds })
/** A sale beyond what is taken on a channel's word: a person has to look at it. */
const unheardOf = (id: string) => json("RecordSale", { id, mode: "taken", qty: saleQtyMax + 1, location: "L" })
const throttled = (worker: Worker) => worker.all("Throttle").map(({ of, sender }) => `${sender} ${of}`)

describe("a sender with as many facts in quarantine as may be there", () => {
  const full = (): Worker => {
    const worker = boundBy({ quarantinedPerSender: 4 })
    for (let n = 0; n < 6; n++) worker.send("web", unheardOf(`f${n}`))
    worker.settle()
    return worker
  }

  it("is held off with its facts at the doors, again and again, and what is stored of it still waits there", () => {
    const worker = full()
    for (let n = 0; n < 6; n++) expect(saidOf(worker.broker, `f${n}`)).toMatchObject({ outcome: "quarantined" })
    worker.tick(25)
    expect(worker.all("Throttle")).toEqual([{ _tag: "Throttle", sender: "web", of: "facts", forMs: senderFullMsMax }])
    worker.tick(25)
    expect(worker.all("Throttle")).toHaveLength(1)
    worker.tick(throttleEveryMs)
    expect(worker.all("Throttle")).toHaveLength(2)
  })

  it("is not told earlier, nor is anybody else, and what it asks for is decided as before", () => {
    const worker = boundBy({ quarantinedPerSender: 4 })
    for (let n = 0; n < 3; n++) worker.send("web", unheardOf(`f${n}`))
    worker.send("shop", unheardOf("other"))
    worker.settle()
    worker.tick(25)
    expect(throttled(worker)).toEqual([])
    worker.send("web", unheardOf("f3"))
    worker.settle()
    worker.tick(25)
    expect(throttled(worker)).toEqual(["web facts"])
    worker.send("web", json("Reserve", { id: "r", reservation: "r", qty: 1, holdMs: 60_000 }))
    worker.settle()
    expect(saidOf(worker.broker, "r")).toMatchObject({ outcome: "accepted" })
    expect(worker.all("SayBusy")).toEqual([])
  })

  it("is held off by the next owner too, and by nobody once an operator has made room", () => {
    const next = new Worker(full().broker, "b", protocolRules, 1_000_000, { ...memoryBounds, quarantinedPerSender: 4 }).serve()
    next.tick(25)
    expect(throttled(next)).toEqual(["web facts"])
    for (const quarantined of [...next.partition.quarantine.keys()].slice(0, 3))
      next.send("boss", json("DropQuarantined", { quarantined, reason: "never happened" }))
    next.settle()
    next.out = []
    next.tick(2 * throttleEveryMs)
    expect(throttled(next)).toEqual([])
    next.send("web", unheardOf("again"))
    next.settle()
    expect(saidOf(next.broker, "again")).toMatchObject({ outcome: "quarantined" })
  })
})

describe("a partition with as much in quarantine as may be there", () => {
  it("holds off whoever has something there, and nobody else", () => {
    const worker = boundBy({ quarantined: 3 })
    for (const sender of ["web", "shop", "web"]) worker.send(sender, unheardOf(`${sender}${worker.broker.lastSeq}`))
    worker.send("dc", json("ReceiveStock", { location: "L", qty: 1 }))
    worker.settle()
    worker.tick(25)
    expect(throttled(worker)).toEqual(["web facts", "shop facts"])
  })
})

it("what the stream held beyond the room that is kept is refused and not remembered: the same bytes are taken once there is room", () => {
  const worker = boundBy({ factsKeptPerSender: 6 })
  const sales = Array.from({ length: 7 }, (_, n) => unheardOf(`f${n}`))
  worker.arrive(worker.broker.store("web", "sell", "A", JSON.stringify(sales)))
  worker.settle()
  expect(worker.partition.quarantinedBy.get("web" as SenderId)).toBe(6)
  const last = sales.at(-1) as ReturnType<typeof json>
  expect(saidOf(worker.broker, last.id)).toMatchObject({ outcome: "refused", reason: "LimitReached", field: "quarantine" })
  const [first] = worker.partition.quarantine.keys()
  worker.send("boss", json("DropQuarantined", { quarantined: first, reason: "never happened" }))
  worker.send("web", last)
  worker.settle()
  expect(saidOf(worker.broker, last.id)).toMatchObject({ outcome: "quarantined" })
})
