import { describe, expect, it } from "vitest"
import type { LatelyOfSku, WhyOfSku } from "../../src/http/bodies.ts"
import { clusterNow, nobodyAnswers } from "../../src/page/cluster-now.js"
import { changes, drawnLooks, looksAfter } from "../../src/page/history.js"
import { outagesAfter } from "../../src/page/outages.js"
import type { ClusterSaid, PastSaid, StockSaid, WhySaid, WorkerSaid } from "../../src/page/shapes.ts"
import type { QuestionAnswer } from "../../src/wire/questions.ts"
import { cluster, figures, followed, healthy, partition, pastOf, stockOf } from "./fake-gateway.ts"

/** What the page reads is what is said: this compiles only as long as it is. */
const saidOnTheWire = (
  worker: Extract<QuestionAnswer, { readonly answer: "worker" }>,
  stock: Extract<QuestionAnswer, { readonly answer: "stock" }>,
  lately: typeof LatelyOfSku.Type,
  why: typeof WhyOfSku.Type,
): readonly [WorkerSaid, StockSaid, PastSaid, WhySaid] => [worker, stock, lately, why]

const stateOf = (said: ClusterSaid, at: number) => clusterNow(said).partitions[at]

describe("the cluster as the page shows it", () => {
  it("is served where a worker says that it serves, whatever the others believe", () => {
    expect(saidOnTheWire).toBeTypeOf("function")
    const { partitions, workers } = clusterNow(healthy())
    expect(partitions.map(({ kind, partition: at, state, owner }) => `${kind} ${at} ${state} ${owner}`).slice(2, 6)).toEqual([
      "sku 2 served worker-1",
      "sku 3 served worker-2",
      "order 0 served worker-1",
      "order 1 served worker-2",
    ])
    expect(workers).toEqual([
      { worker: "worker-1", state: "joined", owns: 4 },
      { worker: "worker-2", state: "joined", owns: 4 },
    ])
  })

  it.each([
    ["silent", "its owner worker-3 does not answer", followed("sku", 1, "worker-3")],
    ["unowned", "no worker owns it", followed("sku", 1, null)],
    ["takeover", "worker-1 is taking over", partition("sku", 1, { phase: "claiming", holder: "worker-3", figures: null })],
    ["takeover", "worker-2 holds the lease and does not serve yet", followed("sku", 1, "worker-2")],
    ["halted", "JournalCut: gone", followed("sku", 1)],
    ["unsure", "it is being found out what became of the last append", partition("sku", 1, { phase: "frozen" })],
  ])("has a partition that is %s where %s", (state, detail, said) => {
    const halt = state === "halted" ? "JournalCut: gone" : null
    const seen = cluster((worker, kind, at) => {
      if (kind === "sku" && at === 1) return worker === "worker-1" ? { ...said, halt } : followed("sku", 1, said.holder)
      return worker === "worker-1" ? partition(kind, at) : followed(kind, at)
    })
    expect(stateOf(seen, 1)).toMatchObject({ state, detail })
  })

  it("goes by the later reign where two say that they serve", () => {
    const seen = cluster((worker, kind, at) => partition(kind, at, { epoch: worker === "worker-2" ? 9 : 8, holder: "worker-2" }))
    expect(stateOf(seen, 0)).toMatchObject({ owner: "worker-2", epoch: 9 })
  })

  it("is out as a whole where nobody answers", () => {
    expect(nobodyAnswers({ sku: 1, order: 1 }).partitions.map(({ state, detail }) => [state, detail])).toEqual([
      ["unowned", "no worker answers for it"],
      ["unowned", "no worker answers for it"],
    ])
  })

  it("tells of each sender where it is fullest, and of shortages the most first", () => {
    const seen = cluster((worker, kind, at) =>
      worker === "worker-1" && kind === "sku"
        ? partition(kind, at, {
            figures: figures({ shortQty: at, short: [{ sku: `S${at}`, qty: at }], memory: [{ sender: "web", perMille: 100 * at }] }),
          })
        : followed(kind, at),
    )
    const { senders, shortages, shortQty } = clusterNow(seen)
    expect(senders).toEqual([{ sender: "web", perMille: 300, kind: "sku", partition: 3 }])
    expect(shortages.map(({ sku }) => sku).slice(0, 2)).toEqual(["S3", "S2"])
    expect(shortQty).toBe(6)
  })

  it("is understood of a worker that tells no figures and no kinds", () => {
    const { kind: _, figures: __, caughtUp: ___, ...older } = partition("sku", 0)
    const seen = {
      partitions: { sku: 1, order: 0 },
      workers: [{ worker: "a", ready: true, state: "joined", members: ["a"], partitions: [older] }],
    }
    expect(stateOf(seen, 0)).toMatchObject({ state: "served", waiting: null, quarantined: 0 })
  })
})

describe("outages", () => {
  const out = nobodyAnswers({ sku: 2, order: 0 }).partitions
  const well = clusterNow(healthy()).partitions

  it("last from when they were first seen, and are over when they were first seen to be", () => {
    const begun = outagesAfter([], out, 1_000)
    const lasting = outagesAfter(begun, out, 2_000)
    expect(lasting.map(({ name, sinceMs, endMs }) => [name, sinceMs, endMs])).toEqual([
      ["sku 0", 1_000, null],
      ["sku 1", 1_000, null],
    ])
    const over = outagesAfter(lasting, well, 3_000)
    expect(over.map(({ endMs }) => endMs)).toEqual([3_000, 3_000])
    expect(outagesAfter(over, out, 4_000)).toHaveLength(4)
  })
})

describe("what was seen of a SKU", () => {
  it("has a gap where it wasn't looked at, and a lag only where the feed told something new", () => {
    const told = [{ channel: "web", ats: 30, version: 5, atMs: 900, lagMs: 20 }]
    const first = looksAfter([], stockOf("A", 30), told, 1_000)
    const second = looksAfter(first, stockOf("A", 20), told, 2_000)
    const third = looksAfter(second, stockOf("A", 10), [{ channel: "web", ats: 10, version: 6, atMs: 900, lagMs: 45 }], 60_000)
    expect(third.map(({ atMs, offered, lagMs }) => [atMs, offered, lagMs.web])).toEqual([
      [1_000, 30, 20],
      [2_000, 20, undefined],
      [2_001, null, undefined],
      [60_000, 10, 45],
    ])
    expect(changes(third, ({ offered }) => [offered]).map(({ row }) => row[0])).toEqual([10, 20, 30])
  })
})

describe("what is drawn of a SKU", () => {
  const now = Date.now()
  const seen = looksAfter([], stockOf("A", 30), [], now)
  const drawn = (past: PastSaid | null) =>
    drawnLooks(past, seen).map(({ atMs, ats }) => [Math.round((atMs - now) / 1_000), ats.web ?? null])

  it("begins with what the tables tell of the last half hour, and with what stood when that began", () => {
    expect(drawn(pastOf(0, [3_000, 70], [2_400, 61], [600, 54], [120, 47]))).toEqual([
      [-1_800, 61],
      [-600, 54],
      [-120, 47],
      [0, 30],
    ])
  })

  it("has a gap where the tables don't know yet, and nothing of before where nobody does", () => {
    expect(drawn(pastOf(3, [600, 54]))).toEqual([
      [-600, 54],
      [-60, null],
      [0, 30],
    ])
    expect(drawn(null)).toEqual([[0, 30]])
  })
})
