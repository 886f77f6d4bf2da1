/** What any worker says of the whole cluster: which partition is not served, since when and why. */
import { describe, expect, it } from "vitest"
import {
  announceMsMax,
  firstOwnerMs,
  handOverMs,
  outageGraceMs,
  outageLookMs,
  outageToldMsMax,
  ownerSilentMs,
  ownerStalledMs,
} from "../../src/limits.ts"
import type { BrokerTrouble, Progress } from "../../src/ports/broker.ts"
import { type ClusterSeen, type MemberSeen, OutageJudge, StallClock } from "../../src/runtime/outage.ts"

const startMs = 1_000_000

const progress = (over: Partial<Progress> = {}): Progress => ({
  partition: 0,
  epoch: 1,
  confirmedSeq: 10,
  oldestMs: 0,
  stalledMs: 0,
  ...over,
})

const member = (
  worker: string,
  heardMs: number,
  serving: ReadonlyArray<Progress> | null,
  unreadable: ReadonlyArray<number> = [],
): MemberSeen => ({
  member: { worker, address: "", unreadable, serving, caughtUp: null, beat: heardMs },
  heardMs,
})

interface Sight {
  readonly holder?: string | null
  readonly halt?: string
  readonly members?: ReadonlyArray<MemberSeen>
  readonly brokerHeardMs?: number
  readonly troubles?: ReadonlyArray<BrokerTrouble>
}

const seen = (
  nowMs: number,
  { holder = "a", halt, members = [member("a", nowMs, [progress()])], brokerHeardMs = nowMs, troubles = [] }: Sight,
): ClusterSeen => ({
  partitions: [{ partition: 0, holder, passedOver: null, halt: halt ?? null }],
  members: new Map(members.map((one) => [one.member.worker, one])),
  brokerHeardMs,
  troubles,
})

/** A judge that has seen the partition served at `startMs`. */
const judge = () => {
  const made = new OutageJudge(1, startMs)
  made.look(seen(startMs, {}), startMs)
  let lookedMs = startMs
  const look = (nowMs: number, sight: (nowMs: number) => Sight) => {
    lookedMs = nowMs
    const { outages, toTell, isServed } = made.look(seen(nowMs, sight(nowMs)), nowMs)
    return { reasons: outages.map(({ reason }) => reason), told: toTell.map(({ reason }) => reason), isServed, outages }
  }
  return {
    /** Looks as often as a worker does, up to a time; what was told on the way is among what was told. */
    at: (afterMs: number, sight: (nowMs: number) => Sight) => {
      const told: Array<string> = []
      while (lookedMs + outageLookMs < startMs + afterMs) told.push(...look(lookedMs + outageLookMs, sight).told)
      const last = look(startMs + afterMs, sight)
      return { ...last, told: [...told, ...last.told] }
    },
    /** Looks for the first time since it looked last: the process stood still. */
    wakesAt: (afterMs: number, sight: (nowMs: number) => Sight) => look(startMs + afterMs, sight),
  }
}

describe("a partition whose owner says that it serves", () => {
  it("is served", () => {
    expect(judge().at(5_000, () => ({}))).toMatchObject({ reasons: [], told: [], isServed: true })
  })
  it("is served where the owner is of a release that doesn't say", () => {
    expect(judge().at(5_000, (nowMs) => ({ members: [member("a", nowMs, null)] }))).toMatchObject({ reasons: [], isServed: true })
  })
})

describe("a partition on its way from one owner to the next", () => {
  it("is not told of before that takes longer than a hand-over, and then at once", () => {
    const watching = judge()
    expect(watching.at(outageGraceMs - 1, () => ({ holder: null }))).toMatchObject({ reasons: [], isServed: true })
    expect(watching.at(outageGraceMs, () => ({ holder: null }))).toMatchObject({ reasons: ["NoOwner"], told: ["NoOwner"], isServed: false })
  })
  it("is told of once, and again when the reason is another", () => {
    const watching = judge()
    watching.at(outageGraceMs, () => ({ holder: null }))
    expect(watching.at(outageGraceMs + 250, () => ({ holder: null })).told).toEqual([])
    expect(watching.at(outageGraceMs + 500, (nowMs) => ({ members: [member("a", nowMs, [])] })).told).toEqual(["NotServing"])
    expect(watching.at(outageGraceMs + 750, () => ({}))).toMatchObject({ reasons: [], told: [] })
    expect(watching.at(2 * outageGraceMs + 750, () => ({ holder: null })).told).toEqual(["NoOwner"])
  })
  it("is not told of a hand-over in time, whenever its owners were due to announce themselves", () => {
    const watching = judge()
    const formerHeardMs = startMs + 1_000
    const servesMs = formerHeardMs + announceMsMax + handOverMs
    const sight = (nowMs: number): Sight => {
      const former = member("a", formerHeardMs, nowMs < formerHeardMs + announceMsMax ? [progress()] : [])
      if (nowMs < formerHeardMs + announceMsMax) return { members: [former] }
      const next = member("b", Math.max(nowMs - announceMsMax, formerHeardMs), nowMs < servesMs + announceMsMax ? [] : [progress()])
      return { holder: "b", members: [former, next] }
    }
    expect(watching.at(servesMs + announceMsMax - startMs, sight)).toMatchObject({ told: [], reasons: [], isServed: true })
  })
})

describe("a partition that was never seen served", () => {
  /** A judge that has just begun to watch, and looks as often as a worker does. */
  const begun = () => {
    const made = new OutageJudge(1, startMs)
    let lookedMs = startMs
    return (afterMs: number, sight: (nowMs: number) => Sight) => {
      const told: Array<string> = []
      let isServed = false
      for (; lookedMs <= startMs + afterMs; lookedMs += outageLookMs) {
        const looked = made.look(seen(lookedMs, sight(lookedMs)), lookedMs)
        told.push(...looked.toTell.map(({ reason }) => reason))
        isServed = looked.isServed
      }
      return { told, isServed }
    }
  }
  const nobodyYet = (): Sight => ({ holder: null })
  const recovering = (nowMs: number): Sight => ({ members: [member("a", nowMs, [])] })

  it("raises no alarm while a cluster that was just started needs for it, and does not count as served", () => {
    const look = begun()
    expect(look(2_000, nobodyYet)).toEqual({ told: [], isServed: false })
    expect(look(firstOwnerMs - 1, recovering)).toEqual({ told: [], isServed: false })
    expect(look(firstOwnerMs + 1_000, () => ({}))).toEqual({ told: [], isServed: true })
  })
  it("raises one after that, within the bound of any outage, counted from when watching began", () => {
    expect(begun()(outageToldMsMax, nobodyYet)).toEqual({ told: ["NoOwner"], isServed: false })
    expect(begun()(outageToldMsMax, recovering)).toEqual({ told: ["NotServing"], isServed: false })
  })
  it("raises one at once where it is on no way to anybody: halted, unreadable, without room", () => {
    expect(begun()(0, () => ({ halt: "JournalLostTail: it ends at 3" })).told).toEqual(["Halted"])
    expect(begun()(0, (nowMs) => ({ holder: null, members: [member("a", nowMs, [], [0])] })).told).toEqual(["Unreadable"])
  })
  it("once served, has no longer than a hand-over", () => {
    const look = begun()
    look(1_000, () => ({}))
    expect(look(1_000 + outageGraceMs + outageLookMs, nobodyYet).told).toEqual(["NoOwner"])
  })
})

describe("INV-12 an outage", () => {
  const rows: ReadonlyArray<readonly [string, string, (nowMs: number) => Sight]> = [
    ["NoBroker", "this worker hears nothing", () => ({ brokerHeardMs: startMs, members: [member("a", startMs, [progress()])] })],
    ["Halted", "somebody halted it", () => ({ halt: "JournalLostTail: it ends at 3" })],
    [
      "SettingsChanged",
      "a stream's setting is another",
      () => ({ troubles: [{ kind: "SettingsChanged", partition: 0, isOutage: true, detail: "deny_delete" }] }),
    ],
    [
      "BrokerFull",
      "nothing can be stored",
      () => ({ troubles: [{ kind: "BrokerFull", partition: null, isOutage: true, detail: "full" }] }),
    ],
    ["Unreadable", "nobody can read its journal", (nowMs) => ({ holder: null, members: [member("a", nowMs, [], [0])] })],
    ["NoOwner", "nobody has its lease", () => ({ holder: null })],
    ["OwnerGone", "its holder is no member", (nowMs) => ({ holder: "b", members: [member("a", nowMs, [])] })],
    ["OwnerSilent", "its holder says nothing", () => ({ members: [member("a", startMs, [progress()])] })],
    ["NotServing", "its holder does not serve", (nowMs) => ({ members: [member("a", nowMs, [])] })],
    ["Stalled", "its owner decides nothing", (nowMs) => ({ members: [member("a", nowMs, [progress({ stalledMs: ownerStalledMs })])] })],
    [
      "Stalled",
      "its owner can't ask what waits",
      (nowMs) => ({ members: [member("a", nowMs, [progress({ stalledMs: ownerStalledMs, oldestMs: null })])] }),
    ],
  ]
  it.each(rows)("%s is told when %s", (reason, _, sight) => {
    const { reasons, told, isServed, outages } = judge().at(Math.max(ownerSilentMs, outageGraceMs) + 1, sight)
    expect({ reasons, told, isServed }).toEqual({ reasons: [reason], told: [reason], isServed: false })
    expect(outages[0]?.sinceMs).toBe(startMs)
    expect(outages[0]?.detail).not.toBe("")
  })
  it("is of the partitions whose stream it is, not of others", () => {
    const trouble: BrokerTrouble = { kind: "SettingsChanged", partition: 1, isOutage: true, detail: "" }
    expect(judge().at(9_000, () => ({ troubles: [trouble] })).reasons).toEqual([])
  })
  it("is none where a trouble breaks no promise", () => {
    const trouble: BrokerTrouble = { kind: "ServerUnwell", partition: null, isOutage: false, detail: "" }
    expect(judge().at(9_000, () => ({ troubles: [trouble] }))).toMatchObject({ reasons: [], isServed: true })
  })
  it("is told within the bound, whatever it is", () => {
    for (const [, , sight] of rows) {
      const watching = judge()
      let toldMs = Number.POSITIVE_INFINITY
      for (let afterMs = 250; afterMs <= 10_000 && toldMs > afterMs; afterMs += 250)
        if (watching.at(afterMs, sight).told.length > 0) toldMs = afterMs
      expect(toldMs).toBeLessThan(outageToldMsMax)
    }
  })
})

describe("who stood still, and has woken", () => {
  const asleepMs = 10_000
  const old = [member("a", startMs, [progress()])]
  it("takes nobody for silent whom it couldn't hear", () => {
    const watching = judge()
    expect(watching.wakesAt(asleepMs, () => ({ members: old, brokerHeardMs: startMs })).told).toEqual([])
    // The next announcement may be as late as they ever are.
    const soonMs = asleepMs + announceMsMax - outageLookMs
    expect(watching.at(soonMs, () => ({ members: old, brokerHeardMs: startMs })).told).toEqual([])
    expect(watching.at(soonMs + 100, () => ({}))).toMatchObject({ reasons: [], told: [], isServed: true })
  })
  it("gives a partition the time of a hand-over, and tells then since when it really isn't served", () => {
    const watching = judge()
    const notYet = (nowMs: number): Sight => ({ members: [member("a", nowMs, [])] })
    expect(watching.wakesAt(asleepMs, notYet).told).toEqual([])
    const { told, outages } = watching.at(asleepMs + outageGraceMs, notYet)
    expect(told).toEqual(["NotServing"])
    expect(outages[0]?.sinceMs).toBe(startMs)
  })
  it("tells of whoever stays silent within the bound", () => {
    const watching = judge()
    watching.wakesAt(asleepMs, () => ({ members: old }))
    expect(watching.at(asleepMs + outageToldMsMax, () => ({ members: old })).told).toEqual(["OwnerSilent"])
  })
  it("tells even where it stands still again and again", () => {
    const watching = judge()
    let told: ReadonlyArray<string> = []
    for (let afterMs = 3_000; told.length === 0; afterMs += 3_000) {
      told = watching.wakesAt(afterMs, () => ({ members: old })).told
      expect(afterMs).toBeLessThan(60_000)
    }
    expect(told).toEqual(["OwnerSilent"])
  })
})

describe("what an owner says of how it gets on", () => {
  const view = (confirmedSeq: number, count: number) => ({
    confirmedSeq,
    epoch: 1,
    isFrozen: false,
    waiting: { count, oldestAgeMs: count * 100 },
  })
  it("is that it stalls for as long as something waits and nothing is confirmed", () => {
    const clock = new StallClock()
    expect(clock.progress(0, view(5, 3), 0).stalledMs).toBe(0)
    expect(clock.progress(0, view(5, 3), 1_000).stalledMs).toBe(1_000)
    expect(clock.progress(0, view(6, 3), 2_000).stalledMs).toBe(0)
    expect(clock.progress(0, view(6, 3), 3_000).stalledMs).toBe(1_000)
    expect(clock.progress(0, view(6, 0), 4_000).stalledMs).toBe(0)
  })
  it("is that it stalls while an append has no outcome, or what waits can't be asked", () => {
    const clock = new StallClock()
    clock.progress(0, view(5, 0), 0)
    expect(clock.progress(0, { ...view(5, 0), isFrozen: true }, 1_000).stalledMs).toBe(1_000)
    expect(clock.progress(0, { ...view(5, 0), waiting: null }, 2_000)).toMatchObject({ stalledMs: 2_000, oldestMs: null })
  })
})
