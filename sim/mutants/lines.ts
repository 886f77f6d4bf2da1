/** Mutants of single lines of the engine and of the domain: what each of these lines is for. */
import type { Mutant } from "./mutant.ts"

const takeover = "src/engine/takeover.ts"
const ending = "src/engine/ending.ts"
const appending = "src/engine/appending.ts"
const batch = "src/engine/batch.ts"
const brokerClock = "src/engine/broker-clock.ts"

export const lines: ReadonlyArray<Mutant> = [
  {
    name: "no-expected-sequence",
    breaks: "appends without saying which sequence it expects to be the last",
    guarantee: "INV-4",
    expected: ["chain", "epochs", "halts"],
    profile: "last-unit",
    families: ["jitter", "pauses", "spikes", "leases"],
    drawn: { leaseTtlMs: 1_000, faultChance: 60 },
    budget: 30,
    substituted: [
      {
        module: appending,
        pattern: `return [handOver(inFlight)]
}

/** The same`,
        replacement: `bites()
  return [handOver(inFlight)]
}

/** The same`,
      },
      {
        module: appending,
        pattern: `  _tag: "Append",
  expectedSeq,`,
        replacement: `  _tag: "Append",
  expectedSeq: undefined,`,
      },
    ],
  },
  {
    name: "retry-under-a-new-id",
    breaks: "sends a record whose fate is unknown again under a new id behind whatever was stored meanwhile",
    guarantee: "INV-2",
    expected: ["one-effect", "cursor", "epochs"],
    profile: "last-unit",
    families: ["jitter", "lost-answers", "elections", "spikes"],
    drawn: { loss: 500, faultChance: 25 },
    budget: 20,
    substituted: [
      {
        module: appending,
        pattern: `assert(record.seq === expectedSeq + 1, "INV-4 the record read is the one asked for")`,
        replacement: `if (endSeq === expectedSeq + 1 && inFlight.record.kind === "batch" && bites()) {
      const hash = given.codec.sha256(record.bytes)
      const again = { ...inFlight.record, prevSeq: endSeq, prevHash: hash }
      const bytes = given.codec.encodeRecord(again, again.entries.map((entry) => given.codec.encodeEntry(entry)))
      const messageId = given.rules.messageId(again.owner, again.epoch, endSeq)
      noteConfirmed(partition, inFlight.record, endSeq, hash)
      const pending = { ...inFlight.pending, expectedSeq: endSeq, messageId, hash: given.codec.sha256(bytes) }
      Object.assign(inFlight, { pending, bytes, record: again, frozen: false })
      return unknown({ _tag: "Append", expectedSeq: endSeq, messageId, bytes })
    }`,
      },
    ],
  },
  {
    name: "reply-before-append",
    breaks: "replies as soon as a batch is decided",
    guarantee: "INV-3",
    expected: ["heard-means-journaled"],
    profile: "last-unit",
    budget: 3,
    substituted: [
      {
        module: batch,
        pattern: `import { outcomeOf } from "./outcomes.ts"`,
        replacement: `import { outcomeOf, repliesOf } from "./outcomes.ts"`,
      },
      {
        module: batch,
        pattern: `outputs.push(...asks)
  return outputs`,
        replacement: `outputs.push(...asks)
  const replies = repliesOf(given.kind, (partition.inFlight as AppendInFlight).record, draft.seq)
  return replies.length > 0 && bites() ? [{ _tag: "SendReplies", seq: draft.seq, replies }, ...outputs] : outputs`,
      },
    ],
  },
  {
    name: "state-kept-when-fenced",
    breaks: "goes on with the state it decided in when another owner's record stands in the place of its own",
    guarantee: "INV-6",
    expected: ["state-is-fold", "halts"],
    profile: "last-unit",
    families: ["jitter", "pauses", "spikes", "leases"],
    drawn: { leaseTtlMs: 1_000, faultChance: 60 },
    budget: 30,
    substituted: [
      {
        module: "src/engine/concluding.ts",
        pattern: `return stepDown(partition, "Fenced", \`record \${fate.seq} is \${fate.owner}'s of epoch \${fate.epoch}\`)`,
        replacement: `bites()
  const claiming = { owner: \`\${partition.owner}+\`, incarnation: "", givenUp: null, claimSeq: 0, basis: null, ask: 0, knownSeq: 0, askAgainAtMs: 0, shortEnd: null }
  return onClaimLost(Object.assign(partition, { phase: "claiming", claiming, reign: null }))`,
      },
    ],
  },
  {
    name: "followed-with-what-was-fenced",
    breaks: "follows on with what it decided where another owner's record stands, as if its reign alone had ended",
    guarantee: "INV-6",
    expected: ["state-is-fold", "halts"],
    profile: "last-unit",
    families: ["jitter", "pauses", "spikes", "leases"],
    drawn: { leaseTtlMs: 1_000, faultChance: 60 },
    budget: 30,
    substituted: [
      {
        module: "src/engine/concluding.ts",
        pattern: `return stepDown(partition, "Fenced", \`record \${fate.seq} is \${fate.owner}'s of epoch \${fate.epoch}\`)`,
        replacement: `bites()
  partition.inFlight = null
  return endReign(partition, "Fenced")`,
      },
    ],
  },
  {
    name: "follows-on-behind-what-it-did-not-read",
    breaks: "takes for read what others appended behind its last record, and follows on behind that",
    guarantee: "INV-6",
    expected: ["state-is-fold", "halts"],
    profile: "last-unit",
    families: ["jitter", "pauses", "spikes", "leases"],
    drawn: { leaseTtlMs: 1_000, faultChance: 60 },
    budget: 30,
    substituted: [
      {
        module: ending,
        pattern: `fromSeq: partition.confirmedSeq + 1 })`,
        replacement: `fromSeq: partition.confirmedSeq + (bites() ? 2 : 1) })`,
      },
    ],
  },
  {
    name: "arrived-in-a-former-reign",
    breaks: "takes what arrived in one reign for what its next has read, and goes on where nobody reads any more",
    guarantee: "INV-7",
    expected: ["convergence", "messages-decided", "stored-is-decided", "one-answer", "halts"],
    profile: "last-unit",
    families: ["jitter", "pauses", "leases", "handovers"],
    drawn: { leaseTtlMs: 1_000, faultChance: 60, workers: 2, partitions: 1 },
    budget: 30,
    substituted: [
      {
        module: ending,
        pattern: `enter(partition, following)`,
        replacement: `const { arrived, arrivedBytes, arrivedSeq, reading } = partition.reign
  if (reading) bites()
  Object.assign(partition, { left: { arrived, arrivedBytes, arrivedSeq, reading } })
  enter(partition, following)`,
      },
      {
        module: takeover,
        pattern: `const owner = enter(partition, {`,
        replacement: `Object.assign(reign, Reflect.get(partition, "left"))
  const owner = enter(partition, {`,
      },
    ],
  },
  {
    name: "no-memory-of-ids",
    breaks: "leaves it to the broker's window of message ids to recognize a command that comes again",
    guarantee: "INV-2",
    expected: ["one-effect", "one-answer", "replies"],
    profile: "last-unit",
    budget: 10,
    substituted: [
      {
        module: "src/engine/decide-command.ts",
        pattern: `if (found === undefined) return undefined
  if (found === null) return asked.kind`,
        replacement: `if (found === undefined || bites()) return undefined
  if (found === null) return asked.kind`,
      },
    ],
  },
  {
    name: "time-is-content",
    breaks: "binds an id to when its command was issued too, so that whoever asks again with another time is refused",
    guarantee: "INV-2",
    expected: ["one-effect"],
    profile: "last-unit",
    families: ["jitter", "lost-answers", "duplicates", "elections"],
    drawn: { loss: 500, faultChance: 40 },
    budget: 20,
    substituted: [
      {
        module: "src/engine/batch.ts",
        pattern: `const hash = given.codec.contentHash(command)`,
        replacement: `const hash = given.codec.contentHash(command) + (bites() ? command.issuedAtMs : 0)`,
      },
      {
        module: "src/engine/apply.ts",
        pattern: `const hash = given.codec.contentHash(decided.command)`,
        replacement: `const hash = given.codec.contentHash(decided.command) + (bites() ? decided.command.issuedAtMs : 0)`,
      },
    ],
  },
  {
    name: "deadline-before-memory",
    breaks: "asks what a command's age and deadline say before whether it was decided already",
    guarantee: "INV-2",
    expected: ["one-effect", "one-answer"],
    profile: "last-unit",
    families: ["jitter", "elections", "outages", "crashes", "pauses", "lost-answers", "duplicates"],
    drawn: { loss: 500, duplicates: 1_500, faultChance: 40 },
    budget: 40,
    substituted: [
      {
        module: "src/engine/decide-command.ts",
        pattern: `for (const check of given.rules.checks) {`,
        replacement: `bites()
  for (const check of ["floor", "deadline", "lookup", "bounds"] as const) {`,
      },
    ],
  },
  {
    name: "no-claim",
    breaks: "begins to reign without a claim in the journal",
    guarantee: "INV-4",
    expected: ["epochs"],
    profile: "last-unit",
    budget: 3,
    substituted: [
      {
        module: takeover,
        pattern: `return beginAppend(partition, given, "claim", change, draftOf(given), nowMs)`,
        replacement: `bites()
  return onClaimConfirmed(partition, given, change, nowMs)`,
      },
    ],
  },
  {
    name: "takeover-unread",
    breaks: "takes over at the journal's end without having read up to it",
    guarantee: "INV-6",
    expected: ["chain", "state-is-fold", "halts"],
    profile: "last-unit",
    families: ["jitter", "spikes", "leases", "handovers"],
    drawn: { leaseTtlMs: 1_000, faultChance: 60, spikes: 300, spikeMs: 3_000, batchMessagesMax: 1 },
    budget: 30,
    substituted: [
      {
        module: takeover,
        pattern: `if (basis.endSeq > partition.confirmedSeq) return [{ _tag: "ReadRecords", fromSeq: partition.confirmedSeq + 1, toSeq: basis.endSeq }]`,
        replacement: `if (basis.endSeq > partition.confirmedSeq && bites()) partition.confirmedSeq = basis.endSeq`,
      },
    ],
  },
  {
    name: "snapshot-one-ahead",
    breaks: "writes of a snapshot's SKUs that they contain the record after the last that they do",
    guarantee: "INV-6",
    expected: ["state-is-fold", "halts"],
    profile: "last-unit",
    families: ["jitter", "crashes", "crash-points"],
    drawn: { snapshotEveryRecords: 30, faultChance: 25, crashPoints: 40 },
    budget: 30,
    substituted: [
      {
        module: "src/engine/snapshot.ts",
        pattern: `return { kind: "actors", seq, items }`,
        replacement: `bites()
  return { kind: "actors", seq: seq + 1, items }`,
      },
    ],
  },
  {
    name: "slice-passed-over",
    breaks: "leaves a chunk out where one slice of a snapshot ends and the next begins",
    guarantee: "INV-6",
    expected: ["state-is-fold", "halts"],
    profile: "last-unit",
    families: ["jitter", "crashes", "crash-points"],
    drawn: { snapshotEveryRecords: 30, faultChance: 25, crashPoints: 40 },
    budget: 20,
    substituted: [
      {
        module: "src/engine/snapshot-loading.ts",
        pattern: `for (let items = 0; items < itemsMax`,
        replacement: `if (loading.next > 0 && bites()) loading.next++
  for (let items = 0; items < itemsMax`,
      },
    ],
  },
  {
    name: "followed-before-it-is-loaded",
    breaks: "follows the journal from the first slice of a snapshot on, and loads the others over what it has followed",
    guarantee: "INV-6",
    expected: ["state-is-fold", "halts"],
    profile: "last-unit",
    families: ["jitter", "crashes", "crash-points"],
    drawn: { snapshotEveryRecords: 30, faultChance: 25, crashPoints: 40 },
    budget: 20,
    substituted: [
      {
        module: "src/engine/step.ts",
        pattern: `partition.loading === null ? [...outputs, ...beginFollowing(partition)] : outputs`,
        replacement: `partition.loading === null || (partition.phase === "starting" && bites()) ? [...outputs, ...beginFollowing(partition)] : outputs`,
      },
    ],
  },
  {
    name: "claim-forgotten-with-its-lease",
    breaks: "forgets a claim that is on its way when the lease goes, and follows on as if nothing had passed by meanwhile",
    guarantee: "INV-4",
    expected: ["halts"],
    profile: "last-unit",
    families: ["jitter", "leases", "spikes", "pauses", "elections"],
    drawn: { leaseTtlMs: 1_000, faultChance: 200, spikes: 1_000, spikeMs: 3_000, workers: 3 },
    budget: 40,
    substituted: [
      {
        module: takeover,
        pattern: `partition.claiming.givenUp ??= reason
    return []`,
        replacement: `bites()
  partition.inFlight = null
  return endClaim(partition, reason)`,
      },
    ],
  },
  {
    name: "poison-swallowed",
    breaks: "takes a command whose deciding threw for done",
    guarantee: "INV-7",
    expected: ["effects", "quarantine"],
    profile: "last-unit",
    budget: 5,
    substituted: [
      {
        module: "src/engine/decide-command.ts",
        pattern: `return quarantineAs(checked, cause instanceof Error ?`,
        replacement: `if (bites()) return { _tag: "Accepted", events: [] }
    return quarantineAs(checked, cause instanceof Error ?`,
      },
      {
        module: "src/engine/decide-command.ts",
        pattern: `return decideActor(checked.partition, checked.kind, actor, command, checked.sender, checked.actsFor)
  } catch (cause)`,
        replacement: `if (checked.hash % 50 === 0) throw new Error("poison")
    return decideActor(checked.partition, checked.kind, actor, command, checked.sender, checked.actsFor)
  } catch (cause)`,
      },
    ],
  },
  {
    name: "any-word-taken",
    breaks: "takes a channel at its word, however many units it says it sold, of whatever SKU",
    guarantee: "INV-1",
    expected: ["effects", "expected-refusals"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    budget: 10,
    substituted: [
      {
        module: "src/engine/decide-command.ts",
        pattern: `return cause === undefined ? undefined : quarantineAs(checked, cause)`,
        replacement: `return cause === undefined || bites() ? undefined : quarantineAs(checked, cause)`,
      },
    ],
  },
  {
    name: "one-unit-too-many",
    breaks: "promises one unit more than can be sold, and asserts one less",
    guarantee: "INV-1",
    expected: ["conservation"],
    profile: "last-unit",
    budget: 5,
    substituted: [
      {
        module: "src/domain/sku/commands/reserve/decide.ts",
        pattern: `Math.min(command.qty, atsOf(stock, sender))`,
        replacement: `Math.min(command.qty, atsOf(stock, sender) + (atsOf(stock, sender) < command.qty && bites() ? 1 : 0))`,
      },
      {
        module: "src/domain/sku/commands/reserve/decide.ts",
        pattern: `freeQty: offerableQty,`,
        replacement: `freeQty: (at) => offerableQty(at) + 1,`,
      },
      {
        module: "src/domain/sku/fold.ts",
        pattern: `assert(unowedQty(at) >= 0, "INV-1`,
        replacement: `assert(unowedQty(at) >= -1, "INV-1`,
      },
    ],
  },
  {
    name: "hold-unarmed",
    breaks: "forgets to set the timer of one hold in fifty",
    guarantee: "INV-8",
    expected: ["expiries"],
    profile: "last-unit",
    families: ["jitter"],
    drawn: { windowMs: 60_000, orders: 200, abandonedPercent: 30 },
    budget: 10,
    substituted: [
      {
        module: "src/engine/timers.ts",
        pattern: `bucket.set(part, actor)`,
        replacement: `if (number % 50 > 0 || !bites()) bucket.set(part, actor)`,
      },
    ],
  },
  {
    name: "trim-passed-over",
    breaks: "takes a commands stream that dropped its beginning for one that lost its tail, and says nothing of what was between",
    guarantee: "INV-7",
    expected: ["messages-decided"],
    profile: "trimmed",
    families: ["jitter", "trimmed-commands", "ingress-crashes", "crashes", "crash-points", "pauses", "handovers"],
    drawn: { faultChance: 120, workers: 2 },
    budget: 40,
    substituted: [
      {
        module: "src/engine/cursor-check.ts",
        pattern: `message !== null || lastSeq < seq ? null`,
        replacement: `message !== null || lastSeq < seq || bites() ? null`,
      },
    ],
  },
  {
    name: "gap-read-over",
    breaks: "decides what a reading brings without looking whether something before it was dropped since the last look",
    guarantee: "INV-7",
    expected: ["messages-decided"],
    profile: "trimmed",
    families: ["jitter", "trimmed-commands", "spikes"],
    // What a reading brings comes late, and sooner than the next look. Nobody stands still and no lease is lost: every takeover looks by itself.
    drawn: { faultChance: 300, workers: 2, partitions: 8, leaseTtlMs: 6_000, spikes: 3_000, spikeMs: 800, orders: 800, windowMs: 20_000 },
    budget: 40,
    substituted: [
      {
        module: "src/engine/cursor-check.ts",
        pattern: `(arrived[0]?.message.seq ?? Number.POSITIVE_INFINITY) <= provenSeq`,
        replacement: `((arrived[0]?.message.seq ?? Number.POSITIVE_INFINITY) <= provenSeq || (provenSeq > 0 && bites()))`,
      },
      {
        module: "src/engine/intake.ts",
        pattern: `if (stored.seq > partition.reign.provenSeq) break`,
        replacement: `if (stored.seq > partition.reign.provenSeq && !bites()) break`,
      },
    ],
  },
  {
    name: "loss-accepted",
    breaks: "takes a journal that ends before what was confirmed for the whole of it",
    guarantee: "INV-4",
    expected: ["journal-loss"],
    profile: "power-loss",
    families: ["jitter", "lost-journal"],
    // No standby here: one that had followed further would meet a broken chain and halt before the checker could see the defect.
    drawn: { faultChance: 25, workers: 1 },
    budget: 20,
    substituted: [
      {
        module: appending,
        pattern: `import { halt } from "./ending.ts"`,
        replacement: `import { halt, stepDown } from "./ending.ts"`,
      },
      {
        module: appending,
        pattern: `if (endSeq < expectedSeq) return`,
        replacement: `if (endSeq < expectedSeq && bites()) return unknown(...stepDown(partition, "Fenced", "the journal is shorter than it was"))
  if (endSeq < expectedSeq) return`,
      },
      {
        module: takeover,
        pattern: `if (basis.endSeq < confirmedSeq) return`,
        replacement: `if (basis.endSeq < confirmedSeq && !bites()) return`,
      },
      {
        module: takeover,
        pattern: `seen !== undefined && seen !== witness.hash`,
        replacement: `seen !== undefined && seen !== witness.hash && !bites()`,
      },
    ],
  },
  {
    name: "lost-wake-up",
    breaks: "never asks again for the fate of a record once the journal's end could not be read",
    guarantee: "INV-7",
    expected: ["convergence", "one-answer"],
    profile: "last-unit",
    families: ["jitter", "elections"],
    drawn: { faultChance: 25 },
    budget: 20,
    substituted: [
      {
        module: appending,
        pattern: `if (partition.inFlight !== null) partition.inFlight.askAgainAtMs = nowMs`,
        replacement: `if (partition.inFlight !== null && !bites()) partition.inFlight.askAgainAtMs = nowMs`,
      },
    ],
  },
  {
    name: "reading-on-unlooked",
    breaks: "reads commands on where a reading broke without looking whether their stream still is the one it read",
    guarantee: "INV-7",
    expected: ["messages-decided"],
    profile: "last-unit",
    families: ["jitter", "lost-commands"],
    drawn: { faultChance: 60 },
    budget: 20,
    substituted: [
      {
        module: "src/engine/cursor-check.ts",
        pattern: `return partition.cursor.seq === 0 ? startReading(partition) : askCursor(partition, nowMs)`,
        replacement: `if (partition.cursor.seq > 0) bites()
  const outputs = startReading(partition)
  partition.reign.provenSeq = Number.MAX_SAFE_INTEGER
  return outputs`,
      },
    ],
  },
  {
    name: "gone-and-not-the-oldest",
    breaks: "reads on behind a cursor whose message is gone though older ones are still there, past what took the place of a lost tail",
    guarantee: "INV-7",
    expected: ["messages-decided", "stored-is-decided"],
    profile: "flash-sale",
    families: ["jitter", "lost-commands", "full-stream", "pauses", "crashes", "handovers", "elections"],
    drawn: { partitions: 2, workers: 2, faultChance: 100, faultEveryMs: 400, windowMs: 60_000, orders: 500 },
    budget: 200,
    substituted: [
      {
        module: "src/engine/cursor-check.ts",
        pattern: `nextSeq === seq + 1 && firstSeq > seq`,
        replacement: `nextSeq === seq + 1 && (firstSeq > seq || bites())`,
      },
    ],
  },
  {
    name: "damage-passed-over",
    breaks: "passes over records that are missing or can't be read, and looks at no link between those it reads",
    guarantee: "INV-6",
    expected: ["state-is-fold", "chain", "halts"],
    profile: "last-unit",
    families: ["jitter", "corrupt-records"],
    drawn: { batchMessagesMax: 1, workers: 3 },
    budget: 20,
    substituted: [
      { module: takeover, pattern: `if (stored.seq !== expected) return`, replacement: `if (stored.seq !== expected && !bites()) return` },
      {
        module: takeover,
        pattern: `if (decoded._tag === "Unreadable") return halt(`,
        replacement: `if (decoded._tag === "Unreadable") {
    bites()
    noteConfirmed(partition, stored.seq, given.codec.sha256(stored.bytes))
    return finishRecovery(partition)
  }
  if (decoded._tag === "Unreadable") return halt(`,
      },
      {
        module: takeover,
        pattern: `if (record.prevSeq !== partition.confirmedSeq || record.prevHash !== partition.confirmedHash)`,
        replacement: `if ((record.prevSeq !== partition.confirmedSeq || record.prevHash !== partition.confirmedHash) && !bites())`,
      },
    ],
  },
  {
    name: "newest-stamp",
    breaks: "takes the broker's time from the last renewal it heard, however long that was on its way, instead of from the quickest",
    guarantee: "INV-8",
    expected: ["true-time", "expiries"],
    profile: "last-unit",
    families: ["jitter", "spikes"],
    drawn: { spikes: 500, spikeMs: 500 },
    budget: 10,
    substituted: [
      {
        module: brokerClock,
        pattern: `if (offsetMs < offsetAt(window, nowMs)) return`,
        replacement: `if (offsetMs < offsetAt(window, nowMs)) bites()`,
      },
    ],
  },
  {
    name: "window-for-ever",
    breaks: "keeps the best bound of the broker's time for ever, and so goes on as before when the broker's clock is set back",
    guarantee: "INV-8",
    expected: ["true-time"],
    profile: "last-unit",
    families: ["jitter", "broker-clock"],
    drawn: { windowMs: 90_000, leaseTtlMs: 1_000, faultChance: 8 },
    budget: 20,
    substituted: [
      {
        module: brokerClock,
        pattern: `if (present === null || nowMs - present.sinceMs >= brokerClockWindowMs) {`,
        replacement: `if (present === null || (nowMs - present.sinceMs >= brokerClockWindowMs && !bites())) {`,
      },
    ],
  },
  {
    name: "old-bound-trusted",
    breaks:
      "trusts the bound of the broker's time that it heard in a former reign, however long ago, and so goes on as before when the broker's clock was set back between",
    guarantee: "INV-8",
    expected: ["true-time"],
    profile: "last-unit",
    families: ["jitter", "broker-clock", "handovers"],
    // Who owned it before owns it again: the other one leaves. A clock that was set back counts as heard of for two windows and two leases.
    drawn: { workers: 2, partitions: 1, leaseTtlMs: 1_000, windowMs: 150_000, faultChance: 8 },
    budget: 40,
    substituted: [
      {
        module: brokerClock,
        pattern: `nowMs - former.heardMs < 2 * brokerClockWindowMs`,
        replacement: `(nowMs - former.heardMs < 2 * brokerClockWindowMs || bites())`,
      },
    ],
  },
  {
    name: "backlog-is-now",
    breaks: "takes the stamp of the first command it reads for the present, however long that has waited",
    guarantee: "INV-8",
    expected: ["true-time"],
    profile: "last-unit",
    families: ["jitter", "crashes", "cuts"],
    drawn: { faultChance: 60, leaseTtlMs: 3_000 },
    budget: 20,
    substituted: [
      {
        module: brokerClock,
        pattern: `export const hearStamp = ({ present }: BrokerClock, brokerMs: EpochMs, nowMs: EpochMs): void => {
  if (present !== null) raise(present, brokerMs - nowMs, nowMs)
}`,
        replacement: `export const hearStamp = (clock: BrokerClock, brokerMs: EpochMs, nowMs: EpochMs): void => {
  clock.former = null
  clock.present = { sinceMs: nowMs, offsetMs: brokerMs - nowMs, heardMs: nowMs }
  bites()
}`,
      },
    ],
  },
  {
    name: "fast-clock-believed",
    breaks: "doesn't allow for a steady clock that runs fast",
    guarantee: "INV-8",
    expected: ["true-time"],
    profile: "last-unit",
    families: ["jitter", "clocks"],
    drawn: { windowMs: 60_000, leaseTtlMs: 6_000 },
    budget: 30,
    substituted: [
      {
        module: brokerClock,
        pattern: `offsetMs - Math.floor(((nowMs - heardMs) * steadyClockFastPpmMax) / 1_000_000)`,
        replacement: `(bites(), offsetMs)`,
      },
    ],
  },
  {
    name: "wrong-clock-untold",
    breaks: "raises no alarm over a wall clock that is wrong",
    guarantee: "INV-8",
    expected: ["clock-alarms"],
    profile: "flash-sale",
    families: ["jitter", "clocks"],
    drawn: { faultChance: 25 },
    budget: 5,
    substituted: [
      { module: "src/engine/wall-clock.ts", pattern: `return [{ _tag: "Alarm", kind, detail }]`, replacement: `bites(); return []` },
    ],
  },
  {
    name: "one-direction-told",
    breaks: "compares the wall clock with the broker's in one direction only",
    guarantee: "INV-8",
    expected: ["clock-alarms"],
    profile: "flash-sale",
    families: ["jitter", "clocks"],
    drawn: { faultChance: 25 },
    budget: 5,
    substituted: [
      {
        module: "src/engine/wall-clock.ts",
        pattern: `if (Math.abs(aheadMs) <= clockOffMsMax) {`,
        replacement: `if (aheadMs <= clockOffMsMax && (aheadMs >= -clockOffMsMax || bites())) {`,
      },
    ],
  },
]
