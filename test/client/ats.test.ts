import { Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { describe, expect, it, onTestFinished } from "vitest"
import { AtsBoard } from "../../src/client/ats-board.ts"
import { Client } from "../../src/client/client.ts"
import { openSenderClient } from "../../src/client/promises.ts"
import { partitionOf, type SenderId, type Sku } from "../../src/domain/names.ts"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { type AskedQuestion, type FakeLink, fakeLink } from "./fake-link.ts"

const value = (sku: string, version: number, ats = version): AtsValue => ({
  channel: "web" as SenderId,
  sku: sku as Sku,
  ats,
  version,
  delta: 0,
  cause: "Reserved",
  atMs: 1,
})

/** Workers with the current values of every SKU, who answer a page of two at a time, and an outbox of what the feed has not said yet. */
const workers = (link: FakeLink, partitions: number) => {
  const current = new Map<string, AtsValue>()
  const unsaid: Array<AtsValue> = []
  const unanswered: Array<AskedQuestion> = []
  let version = 0
  let epoch = 1
  link.onAsk = (question) => unanswered.push(question)
  return {
    current,
    unanswered,
    change: (sku: string) => {
      const changed = value(sku, ++version)
      current.set(sku, changed)
      unsaid.push(changed)
    },
    say: () => {
      const said = unsaid.shift()
      if (said !== undefined) link.feed([said])
      return said !== undefined
    },
    answer: () => {
      const question = unanswered.shift()
      if (question === undefined) return false
      const { partition, after } = JSON.parse(question.body) as { readonly partition: number; readonly after: number }
      const values = [...current.values()].filter(({ sku }) => partitionOf(sku, partitions) === partition)
      const next = after + 2 < values.length ? after + 2 : null
      link.answer(question, { answer: "ats", partition, seq: version, epoch, values: values.slice(after, after + 2), next })
      return true
    },
    takeOver: () => {
      epoch++
      // Another owner has the same SKUs at other places.
      const shuffled = [...current.entries()].reverse()
      current.clear()
      for (const [sku, now] of shuffled) current.set(sku, now)
    },
  }
}

const open = async (partitions = 2) => {
  const link = fakeLink(partitions)
  const channel = await openSenderClient(Client.layer({}).pipe(Layer.provide(link.layer)))
  onTestFinished(() => channel.close())
  return { link, channel, cluster: workers(link, partitions) }
}

describe("what a channel knows of its ATS", () => {
  it("a version that isn't above the last accepted: dropped", () => {
    const told: Array<number> = []
    const board = new AtsBoard(null, ({ version }) => told.push(version))
    const accepted = [3, 2, 3, 4, 1, 5].map((version) => board.accept(value("A", version)))
    expect(accepted).toEqual([true, false, false, true, false, true])
    expect(told).toEqual([3, 4, 5])
  })

  it("a SKU that wasn't asked for: dropped", () => {
    const board = new AtsBoard(new Set(["A"]), () => {})
    expect(board.accept(value("B", 1))).toBe(false)
  })
})

describe("an ATS subscription", () => {
  it("one SKU: hears and asks only of that", async () => {
    const { link, channel } = await open()
    const told: Array<AtsValue> = []
    link.onAsk = (question) => link.answer(question, { answer: "ats", partition: 0, seq: 5, epoch: 1, values: [value("A", 5)], next: null })
    const watch = channel.ats.subscribe({ skus: ["A"], onValue: (newest) => told.push(newest) })
    await watch.ready
    link.feed([value("B", 6), value("A", 7)])
    await expect.poll(() => told).toEqual([value("A", 5), value("A", 7)])
    expect(link.asked.map(({ path }) => path)).toEqual(["ats.A"])
    expect(watch.current("A")).toEqual(value("A", 7))
  })

  it("without current values: tells only what is said from now on", async () => {
    const { link, channel } = await open()
    const told: Array<AtsValue> = []
    const watch = channel.ats.subscribe({ current: false, onValue: (newest) => told.push(newest) })
    await watch.ready
    link.feed([value("A", 3)])
    await expect.poll(() => told).toEqual([value("A", 3)])
    expect(link.asked).toEqual([])
  })

  it("closed: hears nothing any more", async () => {
    const { link, channel } = await open()
    const watch = channel.ats.subscribe({ current: false, onValue: () => {} })
    await watch.ready
    await watch.close()
    expect(link.subscriptions()).toBe(0)
  })

  it("lost and back: says so, and reads all current values again", async () => {
    const { link, channel, cluster } = await open(1)
    const told: Array<AtsValue> = []
    let gaps = 0
    const onGap = () => {
      gaps++
    }
    const watch = channel.ats.subscribe({ onValue: (newest) => told.push(newest), onGap })
    await expect.poll(() => cluster.answer()).toBe(true)
    await watch.ready
    link.loseFeed()
    await expect.poll(() => link.subscriptions()).toBe(0)
    cluster.change("A")
    cluster.say()
    await expect.poll(() => cluster.answer()).toBe(true)
    await expect.poll(() => told.map(({ sku }) => sku)).toEqual(["A"])
    expect(gaps).toBe(1)
  })
})

describe("pages of current values", () => {
  it("another owner between two pages, who has the SKUs at other places: none is left out", async () => {
    const { channel, cluster } = await open(1)
    for (const sku of ["A", "B", "C"]) cluster.change(sku)
    const watch = channel.ats.subscribe({ onValue: () => {} })
    await expect.poll(() => cluster.answer()).toBe(true)
    cluster.takeOver()
    let ready = false
    watch.ready.then(() => {
      ready = true
    })
    await expect
      .poll(() => {
        cluster.answer()
        return ready
      })
      .toBe(true)
    expect([...watch.all()].map(({ sku }) => sku).sort()).toEqual(["A", "B", "C"])
  })
})

type Action = "say" | "answer" | "lose" | "wait" | "takeOver" | { readonly change: string }

const partitions = 3
const skus = ["A", "B", "C", "D", "E", "F", "G"]
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ change: fc.constantFrom(...skus) }) },
  { weight: 6, arbitrary: fc.constant<Action>("say") },
  { weight: 6, arbitrary: fc.constant<Action>("answer") },
  { weight: 1, arbitrary: fc.constant<Action>("lose") },
  { weight: 2, arbitrary: fc.constant<Action>("wait") },
  { weight: 1, arbitrary: fc.constant<Action>("takeOver") },
)

/** A turn of the event loop, in which every fiber goes as far as it can. */
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

const perform = (link: FakeLink, cluster: ReturnType<typeof workers>, next: Action) =>
  Effect.gen(function* () {
    if (typeof next === "object") cluster.change(next.change)
    else if (next === "say") cluster.say()
    else if (next === "answer") cluster.answer()
    else if (next === "lose") link.loseFeed()
    else if (next === "takeOver") cluster.takeOver()
    else yield* TestClock.adjust(1_000)
    yield* turn
  })

/** Everything that was to be said and answered is. */
const settle = (cluster: ReturnType<typeof workers>) =>
  Effect.gen(function* () {
    for (let quiet = 0; quiet < 3; quiet++) {
      yield* TestClock.adjust(1_000)
      yield* turn
      while (cluster.say() || cluster.answer()) {
        quiet = 0
        yield* turn
      }
    }
  })

const history = (before: ReadonlyArray<string>, actions: ReadonlyArray<Action>) =>
  Effect.gen(function* () {
    const link = fakeLink(partitions)
    const cluster = workers(link, partitions)
    for (const sku of before) cluster.change(sku)
    const told: Array<AtsValue> = []
    const scope = yield* Scope.make()
    const client = yield* Layer.buildWithScope(Client.layer({}).pipe(Layer.provide(link.layer)), scope)
    const watch = yield* Client.use((service) => service.subscribeAts({ onValue: (newest) => told.push(newest) })).pipe(
      Effect.provide(client),
      Scope.provide(scope),
    )
    for (const next of actions) yield* perform(link, cluster, next)
    yield* settle(cluster)
    const known = [...watch.all()]
    yield* Scope.close(scope, Exit.void)
    return { known, told, current: [...cluster.current.values()] }
  }).pipe(Effect.provide(TestClock.layer()))

const bySku = (values: ReadonlyArray<AtsValue>) => [...values].sort((a, b) => (a.sku < b.sku ? -1 : 1))

describe("pages and the live feed together", () => {
  it("any order of changes, feed, answers, takeovers and losses: ends with the current values, and versions only rose", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...skus), { maxLength: 10 }),
        fc.array(action, { maxLength: 40 }),
        async (before, actions) => {
          const { known, told, current } = await Effect.runPromise(history(before, actions))
          expect(bySku(known)).toEqual(bySku(current))
          for (const sku of skus) {
            const versions = told.filter((newest) => newest.sku === sku).map(({ version }) => version)
            expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})
