/** The contract of `Cluster`: members, leases and marks. */
import { Effect, Exit, Option, Schedule, Scope, Stream } from "effect"
import { describe, expect, it } from "vitest"
import type { Halt, Witness } from "../../src/engine/protocol.ts"
import { Cluster } from "../../src/ports/broker.ts"
import type { Broker } from "./broker-under-test.ts"

/** The shortest time to live there is. */
const ttlMs = 1_000
/** One that is renewed in time on a machine that stands still for seconds. */
const steadyTtlMs = 6_000

const names = Stream.map((members: ReadonlyArray<{ readonly worker: string }>) => members.map(({ worker }) => worker).join(","))

/** The first thing heard that fits. */
const until = <A, E>(stream: Stream.Stream<A, E>, fits: (value: A) => boolean) => stream.pipe(Stream.filter(fits), Stream.runHead)

const halt: Halt = { reason: "JournalLostTail", detail: "expected 7, found 5", atMs: 1_700_000_000_000, resume: null }

const witnessOf = (seq: number): Witness => ({ seq, hash: `h${seq}` })

/** Takes the lease as soon as it is nobody else's, as the leader knows: a watcher may be told of a former lease's end by a server that lags. */
const acquireWhenFree = (cluster: typeof Cluster.Service, partition: number, worker: string, lifeMs: number) =>
  cluster
    .acquire(partition, worker, lifeMs)
    .pipe(Effect.retry({ while: ({ _tag }) => _tag === "Superseded", schedule: Schedule.spaced("20 millis") }))

/** Takes a lease for so long and waits until its end is noticed. */
const letLeaseExpire = (cluster: typeof Cluster.Service, partition: number, worker: string, lifeMs: number) =>
  Effect.gen(function* () {
    yield* acquireWhenFree(cluster, partition, worker, lifeMs)
    yield* until(cluster.leases, (lease) => lease.partition === partition && lease.holder === null)
  })

/** `partition` is this suite's own. */
const membersContract = (broker: Broker, partition: number) => {
  it("shows a member from when it joins until it leaves, at once both times", async () => {
    const { asOtherWorker, asWorker } = broker()
    const scope = Scope.makeUnsafe()
    const seen = (expected: string) => asOtherWorker(Cluster.use(({ members }) => until(names(members), (all) => all === expected)))
    await seen("")
    // A time to live far beyond the test's: leaving must not wait for it.
    await asWorker(
      Cluster.use((cluster) =>
        Scope.provide(cluster.join({ worker: "joiner", address: "here", unreadable: [], serving: [], caughtUp: [] }, 600_000), scope),
      ),
    )
    await seen("joiner")
    const left = seen("")
    await asWorker(Scope.close(scope, Exit.void))
    await left
  })

  it("keeps a member for longer than its time to live, as long as it renews", async () => {
    const { asOtherWorker, asWorker } = broker()
    const seen: Array<string> = []
    await asWorker(
      Effect.gen(function* () {
        const cluster = yield* Cluster
        yield* cluster.join({ worker: "renewer", address: "here", unreadable: [], serving: [], caughtUp: [] }, steadyTtlMs)
        // A lease of the same life, taken later and not renewed; and another, which can be taken only when that one is over.
        const isOver = Effect.promise(() =>
          asOtherWorker(
            Cluster.use((other) =>
              Effect.andThen(letLeaseExpire(other, partition, "first", steadyTtlMs), letLeaseExpire(other, partition, "second", ttlMs)),
            ),
          ),
        )
        const watching = names(cluster.members).pipe(
          Stream.dropWhile((all) => all !== "renewer"),
          Stream.runForEach((all) => Effect.sync(() => seen.push(all))),
        )
        yield* Effect.raceFirst(isOver, watching)
      }).pipe(Effect.scoped),
    )
    expect([...new Set(seen)]).toEqual(["renewer"])
  })

  it("shows what a member says of itself anew when that changes", async () => {
    const { asOtherWorker, asWorker } = broker()
    const unreadable: Array<number> = []
    const heard = (expected: string) =>
      asOtherWorker(
        Cluster.use(({ members }) =>
          until(members, (all) => all.find(({ worker }) => worker === "learner")?.unreadable.join() === expected),
        ),
      )
    await asWorker(
      Effect.gen(function* () {
        const cluster = yield* Cluster
        yield* cluster.join({ worker: "learner", address: "here", unreadable, serving: [], caughtUp: null }, ttlMs)
        const changed = heard("1,4")
        yield* Effect.promise(() => heard(""))
        unreadable.push(1, 4)
        yield* Effect.promise(() => changed)
      }).pipe(Effect.scoped),
    )
  })
}

/** The partitions are this suite's own. */
const leasesContract = (broker: Broker, partition: number, spare: number) => {
  it("gives a lease to one worker, tells the other who has it, and frees it when it is released", async () => {
    const { asOtherWorker, asWorker } = broker()
    const { revision } = await asWorker(Cluster.use((cluster) => cluster.acquire(partition, "a", 60_000)))
    const again = await asWorker(Cluster.use((cluster) => cluster.acquire(partition, "a", 60_000)))
    expect(again.revision).toBeGreaterThan(revision)
    const refused = await asOtherWorker(Cluster.use((cluster) => Effect.flip(cluster.acquire(partition, "b", 60_000))))
    expect(refused).toMatchObject({ _tag: "Superseded", holder: "a" })
    const heard = asOtherWorker(
      Cluster.use(({ leases }) => until(leases, (lease) => lease.partition === partition && lease.holder === null)),
    )
    await asWorker(Cluster.use((cluster) => cluster.release(partition, "a", again.revision)))
    expect((await heard)._tag).toBe("Some")
    const taken = await asOtherWorker(Cluster.use((cluster) => cluster.acquire(partition, "b", 60_000)))
    await asOtherWorker(Cluster.use((cluster) => cluster.release(partition, "b", taken.revision)))
  })

  it("keeps its time to live when it is renewed, says the broker's time of it, and is noticed when it is over", async () => {
    const { asOtherWorker, asWorker } = broker()
    // Renewed from a short life to a long one, which it shows by outlasting another short one. Whoever renews too late has to take it again.
    const { revision } = await asWorker(
      Cluster.use((cluster) =>
        cluster.acquire(partition, "c", ttlMs).pipe(
          Effect.flatMap((short) => cluster.renew(partition, "c", short.revision, 60_000)),
          Effect.retry({ while: ({ _tag }) => _tag === "Superseded" }),
        ),
      ),
    )
    await asOtherWorker(Cluster.use((cluster) => letLeaseExpire(cluster, spare, "brief", ttlMs)))
    const refused = await asOtherWorker(Cluster.use((cluster) => Effect.flip(cluster.acquire(partition, "d", ttlMs))))
    expect(refused).toMatchObject({ _tag: "Superseded", holder: "c" })
    const isWatched = Promise.withResolvers<void>()
    const expired = asOtherWorker(
      Cluster.use(({ leases }) =>
        leases.pipe(
          Stream.filter((lease) => lease.partition === partition),
          Stream.dropWhile((lease) => lease.holder !== "c"),
          Stream.tap(() => Effect.sync(isWatched.resolve)),
          Stream.takeUntil((lease) => lease.holder === null),
          Stream.runCollect,
        ),
      ),
    )
    await isWatched.promise
    const renew = Cluster.use((cluster) => cluster.renew(partition, "c", revision, ttlMs))
    // Renewed to a short life: a renewal that lost the time to live would never end. If its answer comes late, the lease may be over by then.
    await asWorker(Effect.catchTag(renew, "Superseded", () => Effect.void))
    const heard = await expired
    expect(heard.map(({ holder }) => holder).slice(-2)).toEqual(["c", null])
    expect(heard.every((lease, i) => lease.brokerMs >= (heard[i - 1]?.brokerMs ?? 0))).toBe(true)
    expect((await asWorker(Effect.flip(renew)))._tag).toBe("Superseded")
  })

  it("tells a zombie who renews after another took over, and lets it release nothing", async () => {
    const { asOtherWorker, asWorker } = broker()
    const zombie = await asWorker(Cluster.use((cluster) => cluster.acquire(partition, "z", ttlMs)))
    await asOtherWorker(Cluster.use((cluster) => acquireWhenFree(cluster, partition, "new", 60_000)))
    const late = await asWorker(Cluster.use((cluster) => Effect.flip(cluster.renew(partition, "z", zombie.revision, ttlMs))))
    expect(late).toMatchObject({ _tag: "Superseded", holder: "new" })
    await asWorker(Cluster.use((cluster) => cluster.release(partition, "z", zombie.revision)))
    const holder = await asWorker(Cluster.use((cluster) => Effect.flip(cluster.acquire(partition, "z", ttlMs))))
    expect(holder).toMatchObject({ holder: "new" })
  })
}

/** `partition` is this suite's own, without marks. */
const marksContract = (broker: Broker, partition: number) => {
  const putOver = (put: Halt) =>
    Cluster.use((cluster) => Effect.flatMap(cluster.haltRevision(partition), (over) => cluster.putHalt(partition, put, over)))

  it("remembers incarnation, witness and halt of a partition for whoever comes next", async () => {
    const { asOtherWorker, asWorker } = broker()
    const read = Cluster.use((cluster) => cluster.marks(partition))
    expect(await asWorker(read)).toEqual({ incarnation: null, witness: null, halt: null })
    await asWorker(
      Cluster.use((cluster) =>
        Effect.all([
          cluster.putIncarnation(partition, "one"),
          cluster.putWitness(partition, witnessOf(3), null),
          cluster.putWitness(partition, witnessOf(9), witnessOf(3)),
          cluster.putHalt(partition, halt, 0),
        ]),
      ),
    )
    expect(await asOtherWorker(read)).toEqual({ incarnation: "one", witness: witnessOf(9), halt })
  })

  it("tells every worker of halts as they are set, resumed and cleared", async () => {
    const { asOtherWorker, asWorker } = broker()
    const heard = (fits: (halt: Halt | null) => boolean) =>
      asOtherWorker(Cluster.use(({ halts }) => until(halts, (news) => news.partition === partition && fits(news.halt))))
    const resumed = { ...halt, resume: { by: "ops", reason: "looked" } }
    const isSet = heard((news) => news !== null && news.resume === null)
    await asWorker(putOver(halt))
    await isSet
    const isResumed = heard((news) => news?.resume?.by === "ops")
    await asWorker(putOver(resumed))
    expect(Option.getOrNull(await isResumed)?.halt).toEqual(resumed)
    const isCleared = heard((news) => news === null)
    await asWorker(Cluster.use((cluster) => cluster.clearHalt(partition)))
    await isCleared
  })

  it("sets a halt over the revision that its finder knew, and over no other: not over one that was answered and lifted since", async () => {
    const { asOtherWorker, asWorker } = broker()
    const revision = Cluster.use((cluster) => cluster.haltRevision(partition))
    const put = (one: Halt, over: number) => Cluster.use((cluster) => cluster.putHalt(partition, one, over))
    const resumed = { ...halt, resume: { by: "ops", reason: "looked" } }
    const before = await asWorker(revision)
    expect(await asWorker(put(halt, before))).toEqual(halt)
    // Sent again, because its acknowledgement was lost.
    expect(await asWorker(put(halt, before))).toEqual(halt)
    const set = await asOtherWorker(revision)
    const late = { ...halt, detail: "found by who slept" }
    expect(await asOtherWorker(put(late, before))).toEqual(halt)
    expect(await asWorker(put(resumed, set))).toEqual(resumed)
    expect(await asOtherWorker(put(late, set))).toEqual(resumed)
    await asWorker(Cluster.use((cluster) => cluster.clearHalt(partition)))
    expect(await asOtherWorker(put(late, before))).toBeNull()
    const lifted = await asOtherWorker(revision)
    expect(new Set([before, set, lifted]).size).toBe(3)
    const news = asWorker(Cluster.use(({ halts }) => until(halts, (change) => change.partition === partition && change.halt !== null)))
    expect(await asOtherWorker(put(late, lifted))).toEqual(late)
    expect(Option.getOrNull(await news)).toMatchObject({ halt: late, revision: await asWorker(revision) })
    await asWorker(putOver(resumed))
    await asWorker(Cluster.use((cluster) => cluster.clearHalt(partition)))
  })
}

/** `partition` is this suite's own, without marks. */
const witnessContract = (broker: Broker, partition: number) => {
  const put = (witness: Witness, over: Witness | null) => Cluster.use((cluster) => cluster.putWitness(partition, witness, over))
  const read = Cluster.use((cluster) => cluster.marks(partition))
  const clear = Cluster.use((cluster) => cluster.clearHalt(partition))

  it("never lowers a witness, nor writes it over another than its writer knows of, and says which stands", async () => {
    const { asOtherWorker, asWorker } = broker()
    expect(await asWorker(put(witnessOf(9), null))).toEqual(witnessOf(9))
    // Whoever knows of nothing that stands; of what stands, and names an earlier record or the same; of what stood before.
    const refused: ReadonlyArray<readonly [seq: number, over: Witness | null]> = [
      [3, null],
      [12, null],
      [3, witnessOf(9)],
      [9, witnessOf(9)],
      [12, witnessOf(3)],
      [12, { seq: 9, hash: "another" }],
    ]
    for (const [seq, over] of refused)
      expect(await asOtherWorker(put(witnessOf(seq), over)), `${seq} over ${over?.seq}`).toEqual(witnessOf(9))
    expect((await asWorker(read)).witness).toEqual(witnessOf(9))
    expect(await asOtherWorker(put(witnessOf(12), witnessOf(9)))).toEqual(witnessOf(12))
    expect(await asWorker(put(witnessOf(12), witnessOf(9)))).toEqual(witnessOf(12))
  })

  it("lets one of two workers raise a witness at the same time, and tells both which", async () => {
    const { asOtherWorker, asWorker } = broker()
    let stands: Witness | null = witnessOf(12)
    for (let round = 1; round <= 5; round++) {
      const lower = 100 * round
      const over: Witness | null = stands
      const told = await Promise.all([asWorker(put(witnessOf(lower), over)), asOtherWorker(put(witnessOf(lower + 1), over))])
      stands = (await asWorker(read)).witness
      expect([lower, lower + 1]).toContain(stands?.seq)
      expect(told).toEqual([stands, stands])
      // Whoever lost writes its own over what it was told of, if that is higher.
      expect(await asWorker(put(witnessOf(lower + 1), stands))).toEqual(witnessOf(lower + 1))
      stands = witnessOf(lower + 1)
    }
  })

  it("lifts only a halt that was answered, and forgets the witness with it, for good", async () => {
    const { asOtherWorker, asWorker } = broker()
    const putOver = (one: Halt) =>
      Cluster.use((cluster) => Effect.flatMap(cluster.haltRevision(partition), (over) => cluster.putHalt(partition, one, over)))
    await asWorker(putOver(halt))
    const { witness } = await asWorker(read)
    expect(witness).not.toBeNull()
    await asOtherWorker(clear)
    expect(await asWorker(read)).toMatchObject({ witness, halt })
    await asWorker(putOver({ ...halt, resume: { by: "ops", reason: "looked" } }))
    await asOtherWorker(clear)
    expect(await asWorker(read)).toMatchObject({ witness: null, halt: null })
    // A former owner that has not heard of it doesn't put back what was forgotten; whoever was let go on begins anew, lower.
    expect(await asWorker(put(witnessOf(999), witness))).toBeNull()
    expect(await asOtherWorker(put(witnessOf(2), null))).toEqual(witnessOf(2))
    // And a late attempt to lift it again forgets nothing of that.
    await asWorker(clear)
    expect((await asWorker(read)).witness).toEqual(witnessOf(2))
  })
}

/** The partitions are this suite's own. */
export const clusterContract = (name: string, broker: Broker, partitions: readonly [number, number]) =>
  describe(`Cluster contract: ${name}`, () => {
    describe("members", () => membersContract(broker, partitions[0]))
    describe("leases", () => leasesContract(broker, ...partitions))
    describe("marks", () => marksContract(broker, partitions[1]))
    describe("witness", () => witnessContract(broker, partitions[0]))
  })
