/**
 * Workers of two releases on one journal, as in a rolling upgrade and in a rollback: whoever can't read what the newer one writes steps aside, stops
 * nobody, and says so.
 */
import { Layer } from "effect"
import { describe, expect, it } from "vitest"
import { recordVersion } from "../../src/engine/records.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { makeStep } from "../../src/kinds/sku/partition.ts"
import type { SkuEngineCodec } from "../../src/kinds/sku/types.ts"
import { Engine, served, skuEngine } from "../../src/runtime/engine.ts"
import { rankWorkers } from "../../src/runtime/rendezvous.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { sealOf } from "../../src/wire/sealed.ts"
import { MemoryBroker } from "./memory-broker.ts"
import { command, startTestWorker, stockUp, type TestWorker, until } from "./workers.ts"

const withVersion = (bytes: Uint8Array, from: number, to: number): Uint8Array => {
  const text = new TextDecoder().decode(bytes).replace(`{"v":${from},`, `{"v":${to},`)
  const open = Buffer.from(text.slice(0, text.lastIndexOf(',"sum":"')))
  return Buffer.concat([open, Buffer.from(sealOf(open, open.length))])
}

/** The next release: its records are of the version after this one's, and it reads this one's too. */
const nextVersion = recordVersion + 1
const nextCodec: SkuEngineCodec = {
  ...engineCodec,
  encodeRecord: (envelope, entries) => withVersion(engineCodec.encodeRecord(envelope, entries), recordVersion, nextVersion),
  decodeRecord: (bytes) => engineCodec.decodeRecord(withVersion(bytes, nextVersion, recordVersion)),
}
const nextRelease = Layer.succeed(Engine, served({ ...skuEngine, step: makeStep({ codec: nextCodec, rules: protocolRules }) }))

const sku = "SKU-1"
const start = (broker: MemoryBroker, name: string, release: "this" | "next") =>
  startTestWorker(broker, name, release === "next" ? { engine: nextRelease } : {})

/** Sends a reservation and returns what was said about it first. */
const reserve = async (broker: MemoryBroker) => {
  const sent = command.reserve(sku, 1)
  broker.publish("web", "sell", sku, sent, "inbox.1")
  await until(() => broker.decisions(sent.id).length > 0)
  return broker.decisions(sent.id)[0]
}

const phaseOf = (worker: TestWorker) => worker.report().partitions[0]?.phase
const steppedAside = [{ partition: 0, reason: "NewerRelease" }]

describe("a rolling upgrade", () => {
  it.each(["first", "second"])("goes on while a worker of the older release, ranked %s, can't read the journal", async (rank) => {
    const broker = new MemoryBroker(1)
    const ranked = rankWorkers(["a", "b"], 0) as [string, string]
    const [older, newer] = rank === "first" ? ranked : ([ranked[1], ranked[0]] as const)
    const next = await start(broker, newer, "next")
    stockUp(broker, sku, 5)
    await reserve(broker)
    const old = await start(broker, older, "this")
    await until(() => phaseOf(old) === "unreadable")
    expect(old.reported.steppedDown).toEqual(steppedAside)
    expect(old.reported.alarms).toEqual(["NewerRelease"])
    expect(old.report().partitions[0]?.halt).toContain(`version ${nextVersion}, where ${recordVersion} is the newest known`)
    await until(() => old.report().ready)
    expect(await reserve(broker)).toMatchObject({ outcome: "accepted" })
    expect(phaseOf(next)).toBe("serving")
    expect(next.reported.takeovers).toBe(1)
    expect(broker.marks[0]?.halt).toBeNull()
    await old.stop()
    await next.stop()
  })

  it("passes over the worker of the older release when an owner of the newer one dies", async () => {
    const broker = new MemoryBroker(1)
    const [first, second, third] = rankWorkers(["a", "b", "c"], 0) as [string, string, string]
    const owner = await start(broker, first, "next")
    stockUp(broker, sku, 5)
    await reserve(broker)
    const old = await start(broker, second, "this")
    const next = await start(broker, third, "next")
    await until(() => phaseOf(old) === "unreadable")
    await owner.kill()
    expect(await reserve(broker)).toMatchObject({ outcome: "accepted" })
    expect(phaseOf(next)).toBe("serving")
    expect(old.reported.steppedDown).toEqual(steppedAside)
    expect(broker.marks[0]?.halt).toBeNull()
    await old.stop()
    await next.stop()
  })
})

describe("a rollback", () => {
  it("leaves a partition that no worker can read to nobody, visibly and without a halt, until the newer release is back", async () => {
    const broker = new MemoryBroker(1)
    const newer = await start(broker, "a", "next")
    stockUp(broker, sku, 5)
    await reserve(broker)
    await newer.stop()
    const records = broker.journal(0).items.length
    const rolledBack = [await start(broker, "b", "this"), await start(broker, "c", "this")]
    await until(() => rolledBack.every((worker) => phaseOf(worker) === "unreadable"))
    expect(rolledBack.map(({ report }) => report().ready)).toEqual([false, false])
    expect(rolledBack.map(({ reported }) => reported.steppedDown)).toEqual([steppedAside, steppedAside])
    expect(broker.leases.size).toBe(0)
    expect(broker.marks[0]?.halt).toBeNull()
    expect(broker.journal(0).items).toHaveLength(records)
    const back = await start(broker, "a", "next")
    expect(await reserve(broker)).toMatchObject({ outcome: "accepted" })
    // Only once each had they tried.
    expect(rolledBack.map(({ reported }) => reported.steppedDown)).toEqual([steppedAside, steppedAside])
    for (const worker of [...rolledBack, back]) await worker.stop()
  })
})
