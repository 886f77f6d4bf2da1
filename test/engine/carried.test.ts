/**
 * Commands between actors: each is decided once and comes back once, whatever is lost, doubled, late or killed between a record and what it says.
 */
import fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import type { Partition } from "../../src/engine/partition.ts"
import { type Place, World } from "./carrier.ts"
import { wrongAtRest } from "./journals.ts"
import { faults, pieces } from "./toys.ts"

beforeEach(() => faults.clear())

/** Whether a snapshot and what is behind it come to what the journal alone comes to, whatever is under way and owed in it. */
const isSameFromSnapshot = (place: Place): Partition => {
  const [replayed, loaded] = [place.replayed(false), place.replayed(true)]
  expect([...loaded.underWay]).toEqual([...replayed.underWay])
  expect([...loaded.owed]).toEqual([...replayed.owed])
  const { world, kind } = place
  expect(world.hashOf(loaded, kind)).toBe(world.hashOf(replayed, kind))
  return loaded
}

describe("a command between actors", () => {
  it("is sent once its record is confirmed, decided, and comes back; the answer that was owed is said then", () => {
    const world = new World()
    const reply = world.open("d", ["s", "t"])
    const book = world.place("book").desk
    expect(world.flying).toEqual([])
    expect([...book.partition.underWay.keys()]).toEqual(["o1/3/0", "o1/3/1"])
    book.answerAppend("stored")
    expect(world.sent).toMatchObject([{ to: { kind: "shelf", partition: 0 }, settledMs: world.nowMs }])
    expect(world.replies).toEqual([])
    world.settle()
    expect(world.replies).toMatchObject([{ suffix: reply, decisions: [{ id: "open-d", outcome: "accepted", repeated: false }] }])
    expect(book.partition.underWay.size + book.partition.owed.size).toBe(0)
    expect(wrongAtRest(world)).toEqual([])
  })
})

describe("a trace", () => {
  it("goes along with what is carried into the records of who decides it, comes back with its decision, and outlasts its owner", () => {
    const world = new World()
    world.open("d", ["s", "t"])
    world.store()
    world.flying = []
    world.place("book").takeOver(false)
    world.settle()
    const trace = world.traceOf(1)
    const tracesIn = (kind: string, tag: "Message" | "Returned") =>
      world
        .place(kind)
        .records()
        .flatMap(({ entries }) => entries.flatMap((entry) => (entry._tag === tag ? [entry.trace] : [])))
    expect(trace).not.toBeNull()
    expect([tracesIn("book", "Message"), tracesIn("shelf", "Message"), tracesIn("book", "Returned")]).toEqual([
      [trace],
      [trace, trace],
      [trace, trace],
    ])
  })

  it("that nobody named leaves nothing in any record", () => {
    const world = new World()
    for (const deal of ["a", "b", "c"]) world.open(deal, ["s"])
    world.settle()
    const [untraced, ...more] = [...world.place("book").records(), ...world.place("shelf").records()]
      .flatMap(({ entries }) => entries)
      .filter((entry) => entry._tag === "Message" && !("trace" in entry))
    expect(untraced).toMatchObject({ decided: [{ command: { id: "open-c" } }] })
    expect(more).toHaveLength(1)
  })
})

describe("a snapshot", () => {
  it("holds what is under way and what is owed, whatever begins and ends while it is written, and comes to what the journal does", () => {
    const world = new World({ snapshotEveryRecords: 4 })
    for (const deal of ["a", "b", "c", "d", "e", "f"]) {
      world.open(deal, ["s", "t", "u"])
      world.open(deal, ["s", "t", "u"])
      world.store()
    }
    const place = world.place("book")
    const flying = world.flying.splice(0)
    for (let n = 0; n < 40 && place.snapshot === null; n++) {
      const one = flying.shift()
      if (one !== undefined) world.arrive(one)
      world.store()
      for (const back of world.flying.splice(0)) world.arrive(back)
      world.open(`x${n}`, ["s"])
      // Whoever asks again while it is written is told, once.
      world.open(`x${n - (n % 4)}`, ["s"])
      if (n < 3) world.open("f", ["s", "t", "u"])
      world.store()
      world.pass(0)
      world.store()
    }
    const kinds = (place.snapshot?.chunks ?? []).map(
      (bytes) => (JSON.parse(Buffer.from(bytes).toString()) as { readonly kind: string }).kind,
    )
    expect(kinds.filter((kind) => kind === "underWay").length).toBeGreaterThan(1)
    expect(kinds).toContain("owed")
    const loaded = isSameFromSnapshot(place)
    expect(loaded.underWay.size).toBe(place.desk.partition.underWay.size)
    expect([...loaded.owed.values()]).toEqual([...place.desk.partition.owed.values()])
  })
})

const shelfNames = ["s", "t", "u"]
/** What each deal takes a piece of: two of each are there, so some deals miss some. */
const shelvesOf = [["s", "t"], ["s"], ["t", "u", "s"], ["s", "u"], ["t"]]

/** One thing that happens; `a` and `b` say to what. */
interface Move {
  readonly move: number
  readonly a: number
  readonly b: number
}

const play = (world: World, { move, a, b }: Move): void => {
  const deal = `d${a % 5}`
  const flying = world.flying.length === 0 ? undefined : world.flying[a % world.flying.length]
  const desk = world.desks()[a % world.desks().length]
  const place = world.places[a % world.places.length]
  switch (move) {
    case 0:
    case 1:
      world.open(deal, shelvesOf[a % 5] as ReadonlyArray<string>)
      return
    case 2:
      world.close(deal)
      return
    case 3:
      world.ask("shelf", shelfNames[b % 3] as string, { type: "Pick", id: `pick-${a}-${b}`, book: "b", deal })
      return
    case 4:
      if (flying === undefined) return
      world.flying.splice(a % world.flying.length, 1)
      // Lost, or not.
      if (b % 4 > 0) world.arrive(flying)
      return
    case 5:
      if (flying !== undefined) world.arrive(flying)
      return
    case 6:
      world.pass([100, 1_000, 2_500, 9_000, 21_000][b % 5] as number)
      return
    case 7:
    case 8:
      desk?.answerAppend("stored")
      return
    case 9:
      desk?.answerAppend(b % 2 === 0 ? "silent" : "lost")
      return
    default:
      if (b % 6 === 1) return world.store()
      if (b % 6 === 4) return world.writeSnapshots()
      if (place?.snapshot != null) isSameFromSnapshot(place)
      if (b % 3 === 0) place?.takeOver(b % 2 === 0)
  }
}

const moves = fc.array(fc.record({ move: fc.nat(10), a: fc.nat(63), b: fc.nat(63) }), { minLength: 1, maxLength: 120, size: "max" })

describe("two kinds of partitions with a carrier that loses, doubles and reorders, and owners that die at any point", () => {
  it("decide every carried command once, journal its return once, and answer what is owed with one outcome", () => {
    fc.assert(
      fc.property(moves, fc.integer({ min: 1, max: 2 }), (all, partitions) => {
        const world = new World({ partitions })
        for (const [n, move] of all.entries()) {
          // Somewhere in the middle, with much under way, snapshots are written while more goes on.
          if (n % 24 === 12) world.writeSnapshots()
          play(world, move)
        }
        for (const place of world.places) if (place.snapshot !== null) isSameFromSnapshot(place)
        world.heal()
        // Whoever asks again hears what was said before, recent or read back from the journal.
        for (const [a, shelves] of shelvesOf.entries()) {
          world.open(`d${a}`, shelves)
          world.close(`d${a}`)
        }
        world.heal()
        expect(wrongAtRest(world)).toEqual([])
        for (const place of world.places) {
          const hash = world.hashOf(place.desk.partition, place.kind)
          for (const fromSnapshot of [false, true]) {
            const replayed = place.replayed(fromSnapshot)
            expect(world.hashOf(replayed, place.kind)).toBe(hash)
            expect([replayed.underWay.size, replayed.owed.size]).toEqual([0, 0])
          }
          for (const actor of place.desk.partition.actorList)
            if (place.kind === "shelf") expect(actor.state).toMatchObject({ left: pieces })
        }
      }),
      {
        numRuns: 50,
        // A record that is lost twice, and nothing else.
        examples: [
          [
            [
              { move: 2, a: 0, b: 0 },
              { move: 9, a: 5, b: 9 },
              { move: 9, a: 5, b: 3 },
            ],
            2,
          ],
        ],
      },
    )
  }, 120_000)
})
