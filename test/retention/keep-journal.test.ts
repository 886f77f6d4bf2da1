/** Rounds of archiving and purging over real files: killed at every moment, over damage, and beside a journal that isn't what it was. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Layer, Stream } from "effect"
import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ArchiveMoment, folderArchiveLayer } from "../../src/archive/folder.ts"
import { stateHash } from "../../src/kinds/sku/partition.ts"
import { Archive } from "../../src/ports/archive.ts"
import { ArchivedTogether } from "../../src/retention/dependencies.ts"
import { Fold } from "../../src/retention/fold.ts"
import { archivedEnd, type KeepOptions, type Kept, keepJournal, lookAtJournal } from "../../src/retention/keep-journal.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { Broker, json, serving, type Worker } from "../engine/rig.ts"
import { Killed, MemoryPrefix } from "./memory-prefix.ts"

const hourMs = 3_600_000
let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-archive-"))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A partition that sells, an hour or so a command, and writes snapshots when it is told to. */
class Shop {
  readonly broker = new Broker()
  readonly worker: Worker
  readonly prefix = new MemoryPrefix(this.broker)
  #made = 0

  constructor() {
    this.worker = serving(1_000, undefined, this.broker)
  }

  sell(commands: number): this {
    for (let i = 0; i < commands; i++) {
      this.worker.nowMs += hourMs
      const { nowMs } = this.worker
      const reserve = json("Reserve", { reservation: `r${this.#made++}`, qty: 1, holdMs: 2 * hourMs, issuedAtMs: nowMs })
      this.worker.send("web", reserve, { brokerMs: nowMs })
      this.worker.settle()
    }
    return this
  }

  snapshot(): this {
    const { partition } = this.worker
    const { snapshotEveryRecords } = partition
    // Due at once: by records, and whatever the last one took to write.
    Object.assign(partition, { snapshotEveryRecords: 1, snapshotThings: 0 })
    const before = this.broker.manifest
    while (this.broker.manifest === before) this.worker.tick()
    Object.assign(partition, { snapshotEveryRecords })
    return this
  }

  hash(): string {
    return stateHash(this.worker.partition, engineCodec.sha256)
  }
}

const options: KeepOptions = {
  kind: "sku",
  partitions: { sku: 1, order: 1 },
  keptMs: 10 * hourMs,
  recordsKept: 3,
  purges: true,
  together: new ArchivedTogether(),
  say: () => Effect.void,
}

const withArchive = <A, E>(
  shop: Shop,
  effect: Effect.Effect<A, E, Archive | import("../../src/ports/archive.ts").JournalPrefix>,
  onMoment = (_: ArchiveMoment): void => undefined,
) => Effect.runPromiseExit(Effect.provide(effect, Layer.merge(shop.prefix.layer, folderArchiveLayer({ folder, kind: "sku", onMoment }))))

const round = async (shop: Shop, given: Partial<KeepOptions> = {}): Promise<Kept> => {
  const exit = await withArchive(shop, keepJournal(0, { ...options, ...given }))
  if (Exit.isFailure(exit)) throw new Error(`the round failed: ${exit.cause}`)
  return exit.value
}

const failure = async (shop: Shop): Promise<string> => {
  const exit = await withArchive(shop, Effect.flip(keepJournal(0, options)))
  return Exit.isSuccess(exit) ? exit.value.message : "it did not fail"
}

const incarnationOf = (shop: Shop): string => shop.broker.incarnation ?? ""

/** All records that archive and journal hold together, as one text each, in order; those in both once. */
const everything = async (shop: Shop): Promise<ReadonlyArray<string>> => {
  const archived = await withArchive(
    shop,
    Effect.gen(function* () {
      const archive = yield* Archive
      const manifest = yield* archive.manifest({ partition: 0, incarnation: incarnationOf(shop) })
      if (manifest === null) return []
      return (yield* Stream.runCollect(archive.read(manifest, 1, archivedEnd(manifest).seq))).flat()
    }),
  )
  if (Exit.isFailure(archived)) throw new Error(`the archive can't be read: ${archived.cause}`)
  const found = new Map(archived.value.map(({ seq, bytes }) => [seq, Buffer.from(bytes).toString("utf8")]))
  for (const { seq, bytes } of shop.prefix.held()) found.set(seq, Buffer.from(bytes).toString("utf8"))
  return [...found].sort(([a], [b]) => a - b).map(([, text]) => text)
}

const journalOf = (shop: Shop): ReadonlyArray<string> => shop.broker.journal.map(({ bytes }) => Buffer.from(bytes).toString("utf8"))

const filesOf = async (shop: Shop): Promise<ReadonlyArray<string>> =>
  (await readdir(join(folder, "sku", "partition-0", incarnationOf(shop)))).toSorted()

describe("a round", () => {
  it("archives up to the journal's end, verifies the snapshot, and purges what is older than ids are remembered", async () => {
    const shop = new Shop().sell(40).snapshot()
    const { endSeq = 0, startSeq = 0 } = shop.broker.manifest ?? {}
    const kept = await round(shop.sell(3))
    expect(kept).toMatchObject({ archivedSeq: shop.broker.journal.length, snapshot: { startSeq, endSeq } })
    expect(shop.broker.journal.length).toBeGreaterThan(endSeq)
    // One segment was made, and its newest record is within the horizon: nothing of it may go yet.
    expect(kept.mark._tag).toBe("Nothing")
    const later = await round(shop.sell(15).snapshot())
    // Whoever begins with that snapshot may still be on its way to the new one.
    expect(later.mark).toEqual({ _tag: "Below", seq: startSeq })
    expect(shop.prefix.firstSeq).toBeGreaterThan(30)
    expect(await everything(shop)).toEqual(journalOf(shop))
  })

  it("leaves every record that is younger than the horizon, by the journal's own time", async () => {
    const shop = new Shop()
    for (let i = 0; i < 12; i++) await round(shop.sell(4).snapshot())
    const endMs = shop.worker.partition.atMs
    const purged = shop.broker.journal.slice(0, shop.prefix.firstSeq - 1)
    expect(purged.length).toBeGreaterThan(10)
    for (const record of purged) {
      const decoded = engineCodec.decodeRecord(record.bytes)
      expect(decoded._tag === "Record" && endMs - decoded.record.atMs > options.keptMs).toBe(true)
    }
  })

  it("leaves a journal from which the newest snapshot, and the archived one, lead to the owner's state", async () => {
    const shop = new Shop()
    for (let i = 0; i < 8; i++) await round(shop.sell(5).snapshot())
    const held = shop.prefix.held()
    expect(held.length).toBeLessThan(shop.broker.journal.length)
    const archived = await withArchive(
      shop,
      Effect.gen(function* () {
        const archive = yield* Archive
        const manifest = yield* archive.manifest({ partition: 0, incarnation: incarnationOf(shop) })
        return manifest === null ? null : yield* archive.snapshot(manifest)
      }),
    )
    if (Exit.isFailure(archived) || archived.value === null) throw new Error("no snapshot is archived")
    const fold = new Fold("sku", 0, { sku: 1, order: 1 }, archived.value)
    fold.take(held.filter(({ seq }) => seq >= (archived.value?.manifest.startSeq ?? 0)))
    expect(fold.stateHash()).toBe(shop.hash())
  })

  it("that has nothing to do changes nothing", async () => {
    const shop = new Shop().sell(10).snapshot()
    await round(shop)
    const files = await filesOf(shop)
    expect(await round(shop)).toMatchObject({ segments: 0, records: 0 })
    expect(await filesOf(shop)).toEqual(files)
  })

  it("without a snapshot archives all the same, and purges nothing", async () => {
    const shop = new Shop().sell(40)
    await round(shop)
    expect(await round(shop.sell(5))).toMatchObject({
      archivedSeq: shop.broker.journal.length,
      snapshot: null,
      mark: { _tag: "Nothing", why: "no snapshot was archived by an earlier round" },
    })
    expect(shop.prefix.firstSeq).toBe(1)
    expect(await everything(shop)).toEqual(journalOf(shop))
  })

  it("leaves a snapshot of a journal that was there before where it is", async () => {
    const shop = new Shop().sell(5).snapshot()
    const { manifest } = shop.broker
    if (manifest === null) throw new Error("there is no snapshot")
    shop.broker.manifest = { ...manifest, incarnation: "before" }
    expect(await round(shop)).toMatchObject({ archivedSeq: shop.broker.journal.length, snapshot: null })
  })

  it("of a journal without a record archives nothing", async () => {
    const shop = new Shop()
    shop.broker.journal = []
    expect(await round(shop)).toMatchObject({ archivedSeq: 0, incarnation: null, mark: { _tag: "Nothing" } })
  })

  it("of a stream that refuses purges archives all the same, and says that nothing goes", async () => {
    const shop = new Shop()
    shop.prefix.mayPurge = false
    for (let i = 0; i < 6; i++) await round(shop.sell(5).snapshot())
    const kept = await round(shop.sell(1).snapshot())
    expect(kept.mark).toMatchObject({ _tag: "Nothing", why: expect.stringContaining("refuses every purge") })
    expect(shop.prefix.firstSeq).toBe(1)
    expect(kept.archivedSeq).toBeGreaterThan(30)
  })

  it("that only looks, or keeps all, purges nothing", async () => {
    const shop = new Shop()
    for (let i = 0; i < 6; i++) await round(shop.sell(5).snapshot(), { purges: false })
    const looked = await withArchive(shop.sell(2).snapshot(), lookAtJournal(0, options))
    expect(Exit.isSuccess(looked) && looked.value).toMatchObject({ mark: { _tag: "Below" }, segments: 0 })
    expect(Exit.isSuccess(looked) && looked.value.records).toBeGreaterThan(0)
    expect(shop.prefix.firstSeq).toBe(1)
  })
})

/** What may happen to an archiver: it is ended at the nth moment of its writing, or at its purge, or not at all. */
const fate = fc.oneof(
  fc.record({ moment: fc.constantFrom(...ArchiveMoment), nth: fc.integer({ min: 1, max: 3 }) }),
  fc.constantFrom("before the purge" as const, "after the purge" as const, null),
)
type Fate = typeof fate extends fc.Arbitrary<infer A> ? A : never

const attemptRound = async (shop: Shop, one: Fate): Promise<boolean> => {
  let left = typeof one === "object" && one !== null ? one.nth : 0
  shop.prefix.kill = typeof one === "string" ? one : null
  const exit = await withArchive(shop, keepJournal(0, options), (moment) => {
    if (typeof one === "object" && moment === one?.moment && --left === 0) throw new Killed()
  })
  shop.prefix.kill = null
  return Exit.isSuccess(exit)
}

describe("an archiver that is killed", () => {
  it("at any moment of any round leaves archive and journal one whole chain, and the next round completes and leaves no leftover", async () => {
    let killed = 0
    await fc.assert(
      fc
        .asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fate), { minLength: 1, maxLength: 8 }), async (rounds) => {
          const shop = new Shop()
          for (const [commands, one] of rounds) {
            if (!(await attemptRound(shop.sell(commands).snapshot(), one))) killed++
            expect(await everything(shop)).toEqual(journalOf(shop))
          }
          const kept = await round(shop)
          expect(await everything(shop)).toEqual(journalOf(shop))
          expect(kept.snapshot?.endSeq).toBe(shop.broker.manifest?.endSeq)
          const { segments, snapshot } = JSON.parse(
            await readFile(join(folder, "sku", "partition-0", incarnationOf(shop), "manifest.json"), "utf8"),
          ) as { readonly segments: ReadonlyArray<{ readonly file: string }>; readonly snapshot: { readonly file: string } }
          const named = ["manifest.json", snapshot.file, ...segments.map(({ file }) => file)]
          expect(await filesOf(shop)).toEqual(named.toSorted())
        })
        .afterEach(() => rm(folder, { recursive: true, force: true })),
      { numRuns: 60 },
    )
    expect(killed).toBeGreaterThan(60)
  })
})

describe("a round refuses, and purges nothing", () => {
  const untouched = async (shop: Shop, message: RegExp): Promise<void> => {
    const { firstSeq } = shop.prefix
    expect(await failure(shop)).toMatch(message)
    expect(shop.prefix.firstSeq).toBe(firstSeq)
  }
  const archived = async (): Promise<Shop> => {
    const shop = new Shop()
    for (let i = 0; i < 4; i++) await round(shop.sell(5).snapshot())
    return shop
  }

  it("a snapshot that is whole, and doesn't hold what the records say", async () => {
    const shop = (await archived()).sell(9).snapshot()
    const { id = "" } = shop.broker.manifest ?? {}
    const chunks = shop.broker.chunks.get(id) ?? []
    const changed = chunks.map((bytes) => {
      const decoded = engineCodec.decodeChunk(bytes)
      if (decoded._tag !== "Chunk") throw new Error("a chunk can't be read")
      const chunk = engineCodec.readChunk(decoded.chunk)
      if (chunk?.kind !== "actors") return bytes
      return engineCodec.encodeChunk(JSON.parse(JSON.stringify(chunk).replaceAll('"onHand":1000', '"onHand":1001')))
    })
    shop.broker.chunks.set(id, changed)
    expect(changed).not.toEqual(chunks)
    await untouched(shop, /leads to another state/)
  })

  it("a snapshot with a chunk that can't be read", async () => {
    const shop = (await archived()).sell(9).snapshot()
    shop.broker.chunks.set(shop.broker.manifest?.id ?? "", [Buffer.from("nonsense")])
    await untouched(shop, /verify snapshot/)
  })

  it("a journal with another record where the archive ends, or that ends before it", async () => {
    const shop = await archived()
    const other = new Shop().sell(30).snapshot()
    shop.broker.journal = other.broker.journal.map((record) => record)
    await untouched(shop, /another in the journal than in the archive/)
    shop.broker.journal = shop.broker.journal.slice(0, shop.prefix.firstSeq + 2)
    await untouched(shop, /the archive ends with record/)
  })

  it("a record that doesn't follow the one before it", async () => {
    const shop = (await archived()).sell(9).snapshot()
    const at = shop.broker.journal.length - 4
    const [before, one] = [shop.broker.journal[at - 1], shop.broker.journal[at]]
    if (before === undefined || one === undefined) throw new Error("the journal is short")
    shop.broker.journal[at] = { ...one, bytes: before.bytes }
    await untouched(shop, /does not follow/)
  })

  it("an archive that lacks what the journal no longer has", async () => {
    const shop = await archived()
    expect(shop.prefix.firstSeq).toBeGreaterThan(1)
    await rm(folder, { recursive: true, force: true })
    await untouched(shop, /the journal begins with record \d+, the archive ends with 0/)
  })

  it("an archive with a damaged or a missing file that it needs to read", async () => {
    const shop = (await archived()).sell(30).snapshot()
    const files = await filesOf(shop)
    const snapshot = files.find((file) => file.startsWith("snapshot-")) ?? ""
    const path = join(folder, "sku", "partition-0", incarnationOf(shop), snapshot)
    const sound = await readFile(path)
    await writeFile(path, Buffer.concat([sound.subarray(0, -9), Buffer.from("damaged!!")]))
    await untouched(shop, /is damaged: its hash is another.*Bring the file back/)
    await rm(path)
    await untouched(shop, /is missing/)
  })

  it("an archive that a newer release wrote", async () => {
    const shop = await archived()
    await writeFile(join(folder, "sku", "partition-0", incarnationOf(shop), "manifest.json"), '{"archive":2}')
    await untouched(shop, /version 2.*newer release/)
  })
})
