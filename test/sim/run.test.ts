/** Whole seeds: repeatable, green, and judged by checkers that looked at something. */
import { emptyPartition, makeStep, stateHash } from "../../src/kinds/sku/partition.ts"
import "effect/schema/SchemaJITCompiler/enable"
import { describe, expect, it } from "vitest"
import { stateDifference } from "../../sim/checkers/same-state.ts"
import { type RunOptions, runSeed } from "../../sim/run.ts"
import { checkingCodec, frozenCodec } from "../../sim/substitutes/shared-codec.ts"
import { copyPartition } from "../../src/engine/partition.ts"
import { protocolRules } from "../../src/engine/rules.ts"

const run = (seed: string, profile: RunOptions["profile"], more: Partial<RunOptions> = {}) =>
  runSeed({ seed, profile, wallNowMs: () => 0, ...more })

describe("a seed", () => {
  it.each(["flash-sale", "last-unit", "power-loss", "orders"] as const)(
    "of profile %s comes to the same each time it is run",
    (profile) => {
      expect(run("41", profile)).toEqual(run("41", profile))
    },
  )

  it("is another world than its neighbour", () => {
    expect(run("41", "last-unit").traceHash).not.toBe(run("42", "last-unit").traceHash)
  })

  it("finds nothing wrong in calm, and every checker but those of faults has looked at something", () => {
    const { failures, checked, excused } = run("41", "calm")
    expect(failures).toEqual([])
    expect(excused).toEqual({})
    const idle = Object.entries(checked).flatMap(([name, things]) => (things === 0 ? [name] : []))
    const ofOrders = [
      "answers",
      "carried",
      "carried-once",
      "lines",
      "order-answers",
      "order-journals",
      "order-lines",
      "orders-are-fold",
      "orders-rest",
      "orders",
      "payment-or-expiry",
      "order-quarantine",
    ]
    const ofFaults = ["busy-is-true", "clock-alarms", "expected-refusals", "facts-held-off", "halts", "journal-loss", "quarantine"]
    expect([...ofFaults, ...ofOrders]).toEqual(expect.arrayContaining(idle))
    // A calm sale fills a small queue now and then, and tells of what a new policy took from it: these may find something to look at.
    expect(ofFaults.filter((name) => !["busy-is-true", "quarantine"].includes(name) && !idle.includes(name))).toEqual([])
  })

  it("has orders in a world for them, and every checker of orders has looked at something", () => {
    const { failures, checked, sometimes } = run("43", "orders", { drawn: { ordersPlaced: 60 } })
    expect(failures).toEqual([])
    const ofOrders = Object.entries(checked).filter(([name]) => /^(order|carried|payment)/.test(name))
    expect(ofOrders).toHaveLength(10)
    for (const [name, things] of ofOrders) expect(things, name).toBeGreaterThan(0)
    expect(sometimes["order-paid"]).toBeGreaterThan(0)
  })

  it("lasts until SKUs end lines by themselves and orders are forgotten, in a world for that, and finds nothing wrong", () => {
    const { failures, sometimes } = run("41", "slow-orders", {
      families: new Set(["jitter", "unserved-orders"]),
      drawn: { faultChance: 25, orders: 10, ordersPlaced: 40, orderHoldMs: 60_000, orderPartitions: 1, tickMs: 800, workers: 2 },
    })
    expect(failures).toEqual([])
    for (const state of ["line-ended-by-its-sku", "order-lost-its-line", "order-forgotten", "forgotten-order-asked-for"] as const)
      expect(sometimes[state], state).toBeGreaterThan(0)
  })

  it("goes the same way when nobody may change a record that was read: what is read once may be shared", () => {
    let loaded = 0
    for (const [seed, profile] of [
      ["41", "last-unit"],
      ["41", "flash-sale"],
      ["42", "flash-sale"],
    ] as const) {
      const frozen = run(seed, profile, { codec: frozenCodec })
      expect(frozen.traceHash).toBe(run(seed, profile).traceHash)
      loaded += frozen.sometimes["snapshot-loaded"] ?? 0
    }
    expect(loaded).toBeGreaterThan(0)
  })

  it("with a journal that lost records has a partition that halted", () => {
    const results = ["1", "2", "3", "4"].map((seed) => run(seed, "power-loss"))
    expect(results.flatMap(({ failures }) => failures)).toEqual([])
    expect(results.some(({ sometimes }) => (sometimes["journal-loss-detected"] ?? 0) > 0)).toBe(true)
  })
})

describe("a journal's former leader that still tells its end", () => {
  const families = new Set(["jitter", "former-leaders", "leases", "lost-answers"] as const)
  const drawn = {
    replicas: 3,
    partitions: 1,
    orderPartitions: 0,
    leaseTtlMs: 1_000,
    faultChance: 100,
    loss: 500,
    orders: 100,
    windowMs: 20_000,
  } as const
  const play = (rules = protocolRules) => run("former 1", "last-unit", { families, drawn, rules })

  it("halts nobody, whether it tells a claimant or an owner with an append of unknown outcome", () => {
    const { failures, sometimes } = play()
    expect(failures).toEqual([])
    expect(sometimes["former-leader-told-a-claimant"]).toBeGreaterThan(0)
    expect(sometimes["former-leader-told-an-owner"]).toBeGreaterThan(0)
  })

  it("halts a partition for nothing where it is believed at once, which the checker of halts sees", () => {
    const { failures } = play({ ...protocolRules, believesShortEnd: () => true })
    expect(failures.map(({ checker, signature }) => [checker, signature])).toContainEqual([
      "halts",
      "halted without a cause: JournalLostTail",
    ])
  })

  it("is none where there is one server alone", () => {
    const { faults, sometimes } = run("former 1", "last-unit", { families, drawn: { ...drawn, replicas: 1 } })
    expect(faults["former-leaders"]).toBeUndefined()
    expect(sometimes["former-leader-told-a-claimant"]).toBeUndefined()
  })
})

describe("a partition that halts again and again, and that an operator lets go on each time", () => {
  const families = new Set(["jitter", "trimmed-commands", "spikes"] as const)
  const drawn = {
    faultChance: 300,
    workers: 2,
    partitions: 8,
    leaseTtlMs: 6_000,
    spikes: 3_000,
    spikeMs: 800,
    orders: 800,
    windowMs: 20_000,
  }

  it.each([
    ["resumed before its worker knows that the halt is shared", "a-gap-read-over-5"],
    ["whose news of a resume overtakes that of the halt before it", "a-gap-read-over-8"],
  ])("is served again: one %s", (_what, seed) => {
    const { failures, sometimes } = run(seed, "trimmed", { families, drawn })
    expect(failures).toEqual([])
    expect(sometimes["halted-on-damage"]).toBeGreaterThan(0)
  })
})

describe("the comparison of states", () => {
  it("agrees with the state hash: equal on replayed journals, different as soon as one number is", () => {
    let compared = 0
    run("41", "last-unit", {
      inspect: ({ server, drawn, workers }) => {
        const step = makeStep({ codec: checkingCodec, rules: protocolRules })
        for (let partition = 0; partition < drawn.partitions; partition++) {
          const owner = workers.flatMap(({ slots }) => slots.filter((slot) => slot.id === partition && slot.isServing))[0]?.partition
          const fold = emptyPartition({ partition, partitions: drawn.partitions, snapshotEveryRecords: 1_000_000 })
          step(fold, { _tag: "SnapshotMissing", nowMs: 0 })
          step(fold, { _tag: "RecordsRead", records: server.records(partition, 1, 1_000_000, 1_000_000), nowMs: 0 })
          if (owner == null) continue
          expect(stateHash(fold, checkingCodec.sha256)).toBe(stateHash(owner, checkingCodec.sha256))
          expect(stateDifference(fold, owner)).toBeNull()
          const [actor] = fold.actorList
          if (actor === undefined) continue
          const bent = copyPartition(fold)
          const at = bent.actors.get(actor.state.sku)?.state.locations[0]
          if (at === undefined) continue
          Object.assign(at, { onHand: at.onHand + 1 })
          expect(stateDifference(fold, bent)).toBe(`what is on hand of ${actor.state.sku}`)
          expect(stateDifference(bent, fold)).toBe(`what is on hand of ${actor.state.sku}`)
          const forgetful = copyPartition(fold)
          for (const memory of forgetful.senders.values()) memory.decisions.slots.pop()
          expect(stateDifference(fold, forgetful)).toMatch(/^how many decisions of .* are remembered$/)
          const older = copyPartition(fold)
          const first = older.actorList[0]
          if (first !== undefined) first.version--
          expect(stateDifference(fold, older)).toBe(`the version of ${actor.state.sku}`)
          const unread = copyPartition(fold)
          unread.ingresses.clear()
          if (fold.ingresses.size > 0) expect(stateDifference(fold, unread)).toBe("how far ingresses are taken")
          const waiting = copyPartition(fold)
          waiting.quarantinedBy.set("somebody" as never, 1)
          expect(stateDifference(fold, waiting)).toBe("how much of each sender waits in quarantine")
          const [memory] = fold.senderList
          if (memory !== undefined) {
            const raised = copyPartition(fold)
            for (const held of raised.senderList[0]?.classes.values() ?? []) held.floorMs = fold.atMs
            expect(stateDifference(fold, raised)).not.toBeNull()
          }
          compared++
        }
      },
    })
    expect(compared).toBeGreaterThan(0)
  })
})
