/**
 * What can go wrong with a command between actors, each under its number in docs/HAZARDS.md.
 */
import { beforeEach, describe, expect, it } from "vitest"
import { internalSender, type SenderId } from "../../src/domain/names.ts"
import type { JournalRecord } from "../../src/engine/records.ts"
import { askAgainMs, askedAgainMax, commandHorizonMs, floorStepMs } from "../../src/limits.ts"
import { type Flying, World } from "./carrier.ts"
import { wrongAtRest } from "./journals.ts"
import { faults } from "./toys.ts"

beforeEach(() => faults.clear())

const tags = (records: ReadonlyArray<JournalRecord>): ReadonlyArray<string> =>
  records.flatMap(({ entries }) => entries.map(({ _tag }) => _tag))

/** A deal that is opened and journaled, what it sent not arrived yet. */
const sent = (world: World, deal = "d", shelves: ReadonlyArray<string> = ["s"]): ReadonlyArray<Flying> => {
  world.open(deal, shelves)
  world.place("book").desk.answerAppend("stored")
  return world.flying.splice(0)
}

/** All of it arrives, and what the shelves say of it is on its way back. */
const decided = (world: World, flying: ReadonlyArray<Flying>): ReadonlyArray<Flying> => {
  for (const one of flying) world.arrive(one)
  while (world.place("shelf").desk.pending !== null) world.place("shelf").desk.answerAppend("stored")
  return world.flying.splice(0)
}

describe("a command between actors, when things go wrong", () => {
  it("53: is sent by whoever owns the partition next, at once, under the same id", () => {
    const world = new World()
    const [first] = sent(world)
    const book = world.place("book")
    book.takeOver(false)
    expect(world.flying).toMatchObject([{ _tag: "Carried", from: { owner: book.desk.owner }, carried: { id: "o1/3/0" } }])
    expect(world.flying).toMatchObject([{ carried: first?._tag === "Carried" ? first.carried : {} }])
    world.settle()
    expect(world.outcomes("open-d")).toEqual(["accepted"])
    expect(wrongAtRest(world)).toEqual([])
  })

  it("53: is never sent of a record that is lost with its owner", () => {
    const world = new World()
    const book = world.place("book")
    world.open("d", ["s"])
    book.desk.answerAppend("lost")
    book.takeOver(false)
    world.settle()
    expect([world.flying, world.sent, world.replies]).toEqual([[], [], []])
    expect(tags(world.place("shelf").records())).toEqual([])
  })

  it("53: is asked for again after one second, two, four, and every five, until it is decided", () => {
    const world = new World()
    sent(world)
    const asked: Array<number> = []
    for (let ms = 0; ms < 20_000; ms += 500) {
      world.pass(500)
      if (world.flying.splice(0).length > 0) asked.push(ms + 500)
    }
    const [one = 0, two = 0, four = 0, five = 0] = askAgainMs
    const fourth = one + two + four + five
    expect(asked).toEqual([one, one + two, one + two + four, fourth, fourth + five])
  })

  it("53: is not asked for again once its decision is here, journaled or not", () => {
    const world = new World()
    const back = decided(world, sent(world))
    for (const one of back) world.arrive(one)
    const book = world.place("book").desk
    expect([book.partition.underWay.size, book.pending === null]).toEqual([0, false])
    world.pass(30_000)
    expect(world.flying).toEqual([])
    book.answerAppend("stored")
    world.pass(30_000)
    expect(world.flying).toEqual([])
  })

  it("54: is decided once where its answer was lost, and answered the same to whoever asks next", () => {
    const world = new World()
    const flying = sent(world)
    expect(decided(world, flying)).toHaveLength(1)
    world.place("shelf").takeOver(false)
    world.place("book").takeOver(false)
    expect(world.flying).toMatchObject([{ carried: { id: "o1/3/0" } }])
    world.settle()
    expect(world.outcomes("open-d")).toEqual(["accepted"])
    expect(wrongAtRest(world)).toEqual([])
    const repeated = world
      .place("shelf")
      .records()
      .flatMap(({ entries }) => entries)
    expect(repeated.flatMap((entry) => (entry._tag === "Message" ? entry.decided.map(({ decision }) => decision._tag) : []))).toEqual([
      "Accepted",
      "Repeated",
    ])
  })

  it("54: is answered to the reign that asked last, where it waits to be decided", () => {
    const world = new World()
    const shelf = world.place("shelf").desk
    const flying = sent(world)
    // An append is in flight: what arrives waits.
    world.ask("shelf", "s", { type: "Pick", id: "p", book: "b", deal: "other" })
    for (const one of flying) world.arrive(one)
    const book = world.place("book")
    book.takeOver(false)
    for (const one of world.flying.splice(0)) world.arrive(one)
    shelf.answerAppend("stored")
    shelf.answerAppend("stored")
    const back = world.flying.filter(({ _tag }) => _tag === "Return")
    expect(back).toMatchObject([{ to: { owner: book.desk.owner } }])
    expect(tags(world.place("shelf").records()).filter((tag) => tag === "Message")).toHaveLength(2)
  })

  it("54: is not said to be decided before its record is confirmed, nor ever if that is lost", () => {
    const world = new World()
    for (const one of sent(world)) world.arrive(one)
    const shelf = world.place("shelf")
    expect(world.flying).toEqual([])
    shelf.takeOver(false)
    shelf.former[0]?.answerAppend("stored")
    expect([world.flying, shelf.former[0]?.isOver]).toEqual([[], true])
    world.heal()
    expect(wrongAtRest(world)).toEqual([])
  })

  it("55: comes back twice, late, from another partition or unasked without a trace", () => {
    const world = new World()
    const [back] = decided(world, sent(world))
    const book = world.place("book")
    if (back?._tag !== "Return") throw new Error("nothing came back")
    const { by, id } = back.back
    const others = [
      { ...back.back, by: { ...by, partition: 1 } },
      { ...back.back, by: { ...by, kind: "book" } },
      { ...back.back, id: `${id}9` as typeof id },
      { ...back.back, outcome: { outcome: "dropped", reason: "x".repeat(10_000) } } as const,
    ]
    book.desk.put({ _tag: "ReturnsHeard", returns: others })
    expect(book.desk.pending).toBeNull()
    book.desk.put({ _tag: "ReturnsHeard", returns: [back.back, back.back] })
    // Heard again while its record is in flight, and after.
    world.arrive(back)
    book.desk.answerAppend("stored")
    world.arrive(back)
    expect(book.desk.pending).toBeNull()
    expect(tags(book.records()).filter((tag) => tag === "Returned")).toHaveLength(1)
    expect(world.outcomes("open-d")).toEqual(["accepted"])
  })

  it("62: is settled only by a confirmed record: what the append in flight takes away still counts", () => {
    const world = new World()
    const early = world.nowMs
    const [first] = sent(world, "d", ["s"])
    world.pass(700)
    sent(world, "e", ["s"])
    const back = decided(world, first === undefined ? [] : [first])
    for (const one of back) world.arrive(one)
    const book = world.place("book").desk
    expect([...book.partition.underWay.values()].map(({ ref }) => ref.deal)).toEqual(["e"])
    world.sent.length = 0
    world.pass(2_000)
    expect(world.sent.map(({ settledMs }) => settledMs)).toEqual([early])
    book.answerAppend("stored")
    world.pass(3_000)
    expect(world.sent.at(-1)?.settledMs).toBe(early + 700)
  })

  it("62: is remembered until its sender says that it is settled, whatever time it is", () => {
    const world = new World()
    const flying = sent(world)
    decided(world, flying)
    // The partition that sent it is out for longer than any horizon.
    world.nowMs += 3 * commandHorizonMs
    world.place("shelf").desk.tick()
    world.ask("shelf", "s", { type: "Pick", id: "p", book: "b", deal: "other" })
    world.store()
    world.flying.length = 0
    const back = decided(world, flying)
    expect(back).toMatchObject([{ back: { outcome: { outcome: "accepted" } } }])
    for (const one of back) world.arrive(one)
    world.heal()
    expect(wrongAtRest(world)).toEqual([])
  })

  it("62: is remembered until then however much there is to be remembered, and its sender is never held off", () => {
    const memory = { plenty: 4, decisionsMax: 6, horizonMinMs: 0, recent: 1 }
    const world = new World({ memory, partitions: 1 })
    const [first, ...more] = sent(world, "d", ["s"])
    const all = [first, ...more].filter((one) => one !== undefined)
    decided(world, all)
    for (let n = 0; n < 12; n++) {
      world.pass(2_000)
      world.flying.length = 0
      const others = sent(world, `e${n}`, ["t"])
      for (const one of decided(world, others)) world.arrive(one)
      world.store()
    }
    world.flying.length = 0
    expect(decided(world, all)).toMatchObject([{ back: { outcome: { outcome: "accepted" } } }])
  })

  /** What was sent, as if its record had another time, and its command something more. */
  const at = (flying: ReadonlyArray<Flying>, ms: number, more: Record<string, unknown> = {}): ReadonlyArray<Flying> =>
    flying.map((one) =>
      one._tag === "Return"
        ? one
        : {
            ...one,
            settledMs: ms,
            carried: { ...one.carried, atMs: ms, command: { ...one.carried.command, ...more } as typeof one.carried.command },
          },
    )

  it.each(["Take", "Give"])("62: is remembered by the time it says, however far that is ahead of the receiver's: %s", (type) => {
    const world = new World()
    const first = sent(world)
    for (const one of decided(world, first)) world.arrive(one)
    world.store()
    if (type === "Give") world.close("d")
    else world.open("e", ["t"])
    world.store()
    const aheadMs = world.nowMs + 10 * 60_000
    // Neither a deadline nor the receiver's clock has a say.
    const second = at(world.flying.splice(0), aheadMs, { deadlineMs: 1 })
    world.pass(2_000)
    world.flying.length = 0
    expect(decided(world, second)).toMatchObject([{ back: { outcome: { outcome: "accepted" } } }])
    world.pass(2_000)
    const floor = () => world.place("shelf").desk.partition.senders.get(internalSender("book", 0))?.classes.get("sell")?.floorMs
    expect(floor()).toBeLessThanOrEqual(aheadMs)
    world.flying.length = 0
    expect(decided(world, second)).toMatchObject([{ back: { outcome: { outcome: "accepted" } } }])
    expect(floor()).toBe(Math.floor(aheadMs / floorStepMs) * floorStepMs)
    expect(decided(world, second)).toMatchObject([{ back: { outcome: { outcome: "accepted" } } }])
  })

  it("62: has no deadline: it is decided however long it waited", () => {
    const world = new World()
    const flying = at(sent(world), world.nowMs, { deadlineMs: 1 })
    const shelf = world.place("shelf").desk
    world.ask("shelf", "s", { type: "Pick", id: "p", book: "b", deal: "other" })
    for (const one of flying) world.arrive(one)
    world.pass(900)
    world.flying.length = 0
    shelf.answerAppend("stored")
    shelf.answerAppend("stored")
    expect(world.flying.filter(({ _tag }) => _tag === "Return")).toMatchObject([{ back: { outcome: { outcome: "accepted" } } }])
  })

  it("62: is told too old, and not decided again, where its decision can't be read any more", () => {
    const world = new World({ memory: { recent: 0 } })
    const first = sent(world)
    for (const one of decided(world, first)) world.arrive(one)
    world.store()
    world.close("d")
    world.store()
    const second = world.flying.splice(0)
    decided(world, second)
    world.place("shelf").isUnreadable = true
    expect(decided(world, second)).toMatchObject([{ back: { outcome: { outcome: "refused", reason: "TooOld" } } }])
  })

  it("62: is forgotten once that is so, and never decided again", () => {
    const world = new World()
    const flying = sent(world)
    for (const one of decided(world, flying)) world.arrive(one)
    world.store()
    world.pass(5_000)
    world.open("e", ["t"])
    world.settle()
    const shelf = world.place("shelf")
    const memory = shelf.desk.partition.senders.get(internalSender("book", 0))
    const floors = shelf.records().flatMap(({ entries }) => entries.filter((entry) => entry._tag === "Floor"))
    const step = Math.floor(world.nowMs / floorStepMs) * floorStepMs
    expect(floors.at(-1)).toMatchObject({ sender: "@book.0", class: "sell", floorMs: step })
    expect(memory?.classes.get("sell")?.floorMs).toBe(step)
    expect(world.alarms).toEqual([])
    const late = decided(world, flying)
    expect(late).toMatchObject([{ back: { outcome: { outcome: "refused", reason: "TooOld" } } }])
    for (const one of late) world.arrive(one)
    world.heal()
    expect(wrongAtRest(world)).toEqual([])
  })

  it("63: lies in quarantine where deciding it throws: it stays under way, is journaled once, and decided when it can be", () => {
    const world = new World()
    faults.add("d")
    const flying = sent(world)
    const shelf = world.place("shelf")
    expect(decided(world, flying)).toEqual([])
    for (let n = 0; n < 5; n++) expect(decided(world, flying)).toEqual([])
    expect(tags(shelf.records())).toEqual(["Message"])
    expect([...shelf.desk.partition.quarantine.values()]).toMatchObject([{ sender: "@book.0", onBehalf: "web" }])
    expect(shelf.replayed(false).quarantine).toEqual(shelf.desk.partition.quarantine)
    expect(world.place("book").desk.partition.underWay.size).toBe(1)
    expect(world.alarms).toMatchObject([expect.stringContaining("Quarantined")])
    faults.clear()
    world.heal()
    expect(world.outcomes("open-d")).toEqual(["accepted"])
    expect(wrongAtRest(world)).toEqual([])
  })

  it.each(["decided", "dropped"])("63: is %s by a person, and that goes back when it is asked for again", (how) => {
    const world = new World()
    faults.add("d")
    decided(world, sent(world))
    faults.clear()
    const [quarantined] = [...world.place("shelf").desk.partition.quarantine.keys()]
    const drop = how === "dropped" ? { dropReason: "nobody knows" } : {}
    world.ask("shelf", "s", { type: "Settle", id: "settle", book: "b", deal: "d", quarantined, ...drop }, "boss" as SenderId)
    world.store()
    expect(world.place("shelf").desk.partition.quarantine.size).toBe(0)
    expect(world.place("book").desk.partition.underWay.size).toBe(1)
    world.pass(2_000)
    world.settle()
    expect(world.outcomes("open-d")).toEqual([how === "dropped" ? "refused" : "accepted"])
    const entries = world
      .place("book")
      .records()
      .flatMap((record) => record.entries)
    expect(entries.find(({ _tag }) => _tag === "Returned")).toMatchObject({
      outcome: { outcome: how === "dropped" ? "dropped" : "accepted" },
    })
    world.heal()
    expect(wrongAtRest(world)).toEqual([])
  })

  it("63: stays under way where its actor can't take what came back, and the others go on", () => {
    const world = new World()
    faults.add("back d")
    const back = [...decided(world, sent(world, "d", ["s"])), ...decided(world, sent(world, "e", ["s"]))]
    for (const one of back) world.arrive(one)
    world.store()
    const book = world.place("book").desk
    expect([...book.partition.underWay.values()].map(({ ref }) => ref.deal)).toEqual(["d"])
    expect(world.alarms.join()).toContain(
      "1 decisions that came back can't be taken, and their commands stay under way; o1/3/0 of b: Error: it can't be taken",
    )
    expect(world.outcomes("open-e")).toEqual(["accepted"])
    faults.clear()
    world.heal()
    expect(wrongAtRest(world)).toEqual([])
  })

  it("64: is asked for again a bounded number at a time, each in its turn, by a new reign too", () => {
    const world = new World({ bounds: { underWayMax: 65_536 } })
    const count = askedAgainMax + 100
    for (let n = 0; n < count; n++) world.open(`d${n}`, ["s"])
    world.store()
    expect(world.flying.splice(0)).toHaveLength(count)
    world.pass(askAgainMs[0] ?? 0)
    expect(world.flying.splice(0)).toHaveLength(askedAgainMax)
    world.pass(10)
    expect(world.flying.splice(0)).toHaveLength(100)
    const book = world.place("book")
    book.takeOver(false)
    expect(world.flying.splice(0)).toHaveLength(askedAgainMax)
    book.desk.tick()
    expect(world.flying.splice(0)).toHaveLength(100)
  })

  it("64: is not begun where there is no room for it: its sender hears so before anything is decided, and nothing is lost", () => {
    const world = new World({ bounds: { underWayMax: 3 } })
    const flying = sent(world, "d", ["s", "t"])
    const reply = world.open("e", ["s", "t"])
    expect(world.busy).toEqual([`${reply} queue`])
    expect(world.place("book").desk.pending).toBeNull()
    // What was decided before has its answer, whatever there is room for.
    world.open("d", ["s", "t"])
    expect(world.busy).toHaveLength(1)
    world.store()
    for (const one of flying) world.arrive(one)
    world.settle()
    world.open("e", ["s", "t"])
    world.settle()
    expect(["open-d", "open-e"].map((id) => [...new Set(world.outcomes(id))])).toEqual([["accepted"], ["accepted"]])
  })

  it("64: waits with the end of a hold until there is room, and then it ends", () => {
    const world = new World({ bounds: { underWayMax: 2 } })
    world.open("d", ["s", "t"])
    world.settle()
    world.pass(15_000)
    const flying = sent(world, "e", ["u"])
    world.pass(6_000)
    world.flying.length = 0
    const book = world.place("book").desk
    expect([book.partition.openHolds, book.pending]).toEqual([2, null])
    for (const one of decided(world, flying)) world.arrive(one)
    world.store()
    world.pass(100)
    world.store()
    expect([...book.partition.underWay.values()].map(({ command }) => command.type)).toEqual(["Give", "Give"])
    world.heal()
    expect(wrongAtRest(world)).toEqual([])
  })

  it("65: is not under way by the word of a former owner, and what that hears comes to nothing", () => {
    const world = new World()
    const flying = sent(world)
    const book = world.place("book")
    book.takeOver(false)
    world.flying.length = 0
    const [back] = decided(world, flying)
    const [former] = book.former
    // It is for the former reign, whose record can't be stored.
    if (back !== undefined) world.arrive(back)
    expect(former?.pending).not.toBeNull()
    former?.answerAppend("stored")
    expect([former?.isOver, book.desk.partition.underWay.size]).toEqual([true, 1])
    world.heal()
    expect(wrongAtRest(world)).toEqual([])
  })

  it("65: is passed over where its frame names another sender than its partition, or a plain one's names a partition", () => {
    const world = new World()
    const [flying] = sent(world)
    if (flying?._tag !== "Carried") throw new Error("nothing was sent")
    const shelf = world.place("shelf").desk
    world.arrive(flying, internalSender("book", 1))
    world.ask("shelf", "s", { type: "Take", id: "x", book: "b", deal: "z" }, internalSender("book", 0))
    expect([shelf.pending === null, world.busy]).toEqual([true, []])
    world.heal()
    expect(wrongAtRest(world)).toEqual([])
  })

  it("66: waits for a release that can read the record it stands in", () => {
    const world = new World()
    const flying = sent(world)
    const book = world.place("book")
    const [last] = book.journal.slice(-1)
    if (last === undefined) throw new Error("nothing is journaled")
    const newer = { ...JSON.parse(Buffer.from(last.bytes).toString()), version: 4 }
    book.journal.splice(-1, 1, { ...last, bytes: Buffer.from(JSON.stringify(newer)) })
    book.takeOver(false)
    expect(book.desk.isOver).toBe(true)
    expect(world.alarms.join()).toContain("NewerRelease")
    expect(world.flying).toEqual([])
    book.journal.splice(-1, 1, last)
    book.takeOver(false)
    world.flying.push(...flying)
    world.heal()
    expect(wrongAtRest(world)).toEqual([])
  })
})
