/**
 * The engine over a kind of actor that is no SKU: a ticket counter, whose numbers are lent for a while and given back. What holds of the log, of ids, of timers, of the feed and of snapshots holds of it too.
 */
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import type { ActorKey, CommandId, EpochMs, ReservationId, SenderId } from "../../src/domain/names.ts"
import type { ActorKind, KindTypes } from "../../src/engine/kind.ts"
import { emptyPartition, type Partition } from "../../src/engine/partition.ts"
import type { EngineCodec, Input, Output } from "../../src/engine/protocol.ts"
import type { Entry, JournalRecord, StoredRecord } from "../../src/engine/records.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { stateHash } from "../../src/engine/state-hash.ts"
import { makeStep } from "../../src/engine/step.ts"

interface Lend {
  readonly type: "Lend" | "Return"
  readonly id: CommandId
  readonly issuedAtMs: EpochMs
  readonly counter: ActorKey
  readonly ticket: ReservationId
}
interface Lent {
  readonly type: "Lent" | "Returned" | "Overdue"
  readonly by: SenderId
  readonly ticket: ReservationId
  readonly dueMs: EpochMs
}
interface Ticket {
  readonly by: SenderId
  readonly ticket: ReservationId
  readonly dueMs: EpochMs
  ending: "returned" | "overdue" | null
}
interface Counter {
  readonly key: ActorKey
  lent: number
  readonly tickets: Array<Ticket | undefined>
}
interface CounterKind extends KindTypes {
  readonly command: Lend
  readonly event: Lent
  readonly expired: Lent
  readonly followUp: Lent
  readonly state: Counter
  readonly part: Ticket
  readonly ending: "returned" | "overdue"
  readonly accepted: { readonly dueMs?: EpochMs }
  readonly said: { readonly id: CommandId | null; readonly counter: ActorKey | null; readonly outcome: string; readonly repeated: boolean }
  readonly told: { lent: number }
  readonly value: { readonly counter: ActorKey; readonly lent: number; readonly version: number }
  readonly actorRow: { readonly key: ActorKey; readonly version: number; readonly lent: number }
  readonly partRow: { readonly key: ActorKey; readonly ticket: Ticket }
}

const ticketsMax = 3
const lentMs = 60_000

const find = ({ tickets }: Counter, by: SenderId, ticket: ReservationId) =>
  tickets.find((one) => one !== undefined && one.by === by && one.ticket === ticket)

const evolveState = (state: Counter, event: Lent): void => {
  state.lent += event.type === "Lent" ? 1 : -1
}
const evolvePart = (state: Counter, { type, by, ticket, dueMs }: Lent): Ticket | undefined => {
  const found = find(state, by, ticket)
  if (type === "Lent") {
    const lent: Ticket = { by, ticket, dueMs, ending: null }
    state.tickets.push(lent)
    return lent
  }
  if (found !== undefined) found.ending = type === "Returned" ? "returned" : "overdue"
  return found
}

const counters: ActorKind<CounterKind> = {
  name: "counter",
  keyField: "counter",
  actorsMax: 10,
  actorsField: "counters",
  commands: {
    keyOf: ({ counter }) => counter,
    classOf: () => "sell",
    isFact: () => false,
    hasFacts: false,
    floorClassOf: () => "sell",
    operatorOf: () => undefined,
    secondNameOf: () => undefined,
    secondHashOf: () => 0,
    secondField: "",
    secondClass: "stock",
    beyondBounds: () => undefined,
    sizeOf: () => 0,
    growthOf: () => 0,
    worstBytesOf: () => 512,
    rankOf: () => 0,
  },
  emptyState: (key) => ({ key, lent: 0, tickets: [] }),
  decide: (state, { type, ticket }, by, nowMs, endOf) => {
    const open = state === undefined ? undefined : find(state, by, ticket)
    if (type === "Return") {
      const event: Lent = { type: "Returned", by, ticket, dueMs: 0 }
      return open === undefined ? { _tag: "Refused", refusal: { reason: "UnknownReservation" } } : { _tag: "Accepted", events: [event] }
    }
    if (open !== undefined || endOf(by, ticket) !== undefined) return { _tag: "Refused", refusal: { reason: "ReservationExists" } }
    if ((state?.lent ?? 0) >= ticketsMax) return { _tag: "Refused", refusal: { reason: "InsufficientStock" } }
    return { _tag: "Accepted", events: [{ type: "Lent", by, ticket, dueMs: nowMs + lentMs }] }
  },
  share: (event) => event,
  evolve: (state, event) => {
    evolveState(state, event)
    return evolvePart(state, event)
  },
  evolveState,
  evolvePart,
  mayFollowUp: () => false,
  followUps: () => [],
  followUpBytes: 256,
  followUpsMax: 1,
  followUpCause: "Nothing",
  outcomeOf: ([event]) => (event?.type === "Lent" ? { outcome: "accepted", dueMs: event.dueMs } : { outcome: "accepted" }),
  weightOf: () => 1,
  saidOf: (id, counter, repeated, { outcome }) => ({ id, counter, outcome, repeated }),
  alarmOf: () => undefined,
  parts: {
    ownerOf: ({ by }) => by,
    idOf: ({ ticket }) => ticket,
    dueMs: ({ dueMs, ending }) => (ending === null ? dueMs : 0),
    endings: ["returned", "overdue"],
    endingOf: ({ ending }) => ending ?? undefined,
    expire: ({ by, ticket, dueMs }) => [{ type: "Overdue", by, ticket, dueMs }],
    expiredBytesOf: () => 256,
    isAbout: () => true,
    mayBegin: ({ type }) => type === "Lent",
    eventOwnerOf: ({ by }) => by,
    eventIdOf: ({ ticket }) => ticket,
    find,
    dueBefore: (state, { by, ticket }) => find(state, by, ticket)?.dueMs ?? 0,
    forget: ({ tickets }, ended) => {
      tickets[tickets.indexOf(ended)] = undefined
    },
    slotsOf: ({ tickets }) => tickets,
  },
  feed: {
    noteBefore: () => undefined,
    collect: (actor, _cause, forced, _atMs, into) => {
      const { key, state, version } = actor
      if (forced || actor.told?.lent !== state.lent) into.push({ counter: key, lent: state.lent, version })
      actor.told = { lent: state.lent }
    },
    shownOf: ({ lent }) => lent,
    toldOf: ({ told }) => told?.lent ?? 0,
    isNamed: () => true,
    noteDropped: () => undefined,
    strayOfCommand: () => undefined,
    strayOfFollowUp: () => undefined,
  },
  chunks: {
    actorRowOf: ({ key, version, state }) => ({ key, version, lent: state.lent }),
    actorKeyOf: ({ key }) => key,
    loadActor: (actor, { version, lent }) => {
      actor.version = version
      actor.state.lent = lent
    },
    partRowOf: (key, ticket) => ({ key, ticket }),
    partKeyOf: ({ key }) => key,
    partBytesOf: () => 1,
    partIn: ({ ticket }) => ticket,
    addPart: ({ tickets }, ticket) => {
      tickets.push(ticket)
    },
  },
  hashed: ({ lent, tickets }) => ({ lent, tickets: tickets.filter((one) => one !== undefined) }),
  carrying: null,
}

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("base64url")
const bytesOf = (value: unknown): Uint8Array =>
  Buffer.from(
    JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? { b64: Buffer.from(inner).toString("base64") } : inner)),
  )
const valueIn = (bytes: Uint8Array): unknown =>
  JSON.parse(Buffer.from(bytes).toString(), (_, inner: unknown) => {
    const text: unknown = typeof inner === "object" && inner !== null ? Reflect.get(inner, "b64") : undefined
    return typeof text === "string" ? new Uint8Array(Buffer.from(text, "base64")) : inner
  })

const codec: EngineCodec<CounterKind> = {
  decodeBatch: () => ({ _tag: "Unreadable", cause: "nobody stores one here" }),
  encodeRecord: (envelope, entries) => bytesOf({ ...envelope, entries: entries.map((entry) => JSON.parse(entry) as unknown) }),
  encodeEntry: (entry: Entry<CounterKind>) => JSON.stringify(entry),
  decodeRecord: (bytes) => ({ _tag: "Record", record: valueIn(bytes) as JournalRecord<CounterKind> }),
  commandText: (command) => JSON.stringify(command),
  contentHash: ({ type, ticket }) => Number.parseInt(sha256(`${type} ${ticket}`).replaceAll(/\D/g, "").slice(0, 12), 10),
  differingField: () => "ticket",
  sha256,
  encodeChunk: bytesOf,
  decodeChunk: (bytes) => ({ _tag: "Chunk", chunk: valueIn(bytes) }),
  readChunk: (chunk) => chunk as ReturnType<EngineCodec<CounterKind>["readChunk"]>,
}

const startMs = 1_800_000_000_000
const step = makeStep({ kind: counters, codec, rules: protocolRules })

/** One owner of a partition of counters, with a broker that says yes to everything. */
class Desk {
  readonly partition: Partition<CounterKind> = emptyPartition<CounterKind>({ partition: 0, partitions: 1, snapshotEveryRecords: 4 })
  readonly journal: Array<StoredRecord>
  readonly said: Array<CounterKind["said"]> = []
  readonly values: Array<CounterKind["value"]> = []
  readonly chunks: Array<Uint8Array> = []
  manifest: Extract<Output, { readonly _tag: "PublishSnapshot" }>["manifest"] | null = null
  nowMs: number
  seq = 0

  constructor(journal: Array<StoredRecord> = [], nowMs = startMs, from: Desk | null = null) {
    this.journal = journal
    this.nowMs = nowMs
    if (from === null || from.manifest === null) this.put({ _tag: "SnapshotMissing" })
    else this.put({ _tag: "SnapshotRead", manifest: from.manifest, chunks: from.chunks })
    this.put({ _tag: "BrokerTimeSeen", brokerMs: nowMs })
    this.put({ _tag: "Claim", owner: `owner-${journal.length}`, incarnation: "tickets" })
  }

  put(input: Told): void {
    for (const output of step(this.partition, { ...input, nowMs: this.nowMs } as Input<CounterKind>)) this.#perform(output)
  }

  #perform(output: Output<CounterKind>): void {
    switch (output._tag) {
      case "Append": {
        const seq = this.journal.length + 1
        this.journal.push({ seq, messageId: output.messageId, bytes: output.bytes })
        return this.put({ _tag: "AppendAcked", messageId: output.messageId, seq, duplicate: false })
      }
      case "ReadClaimBasis": {
        const basis = { endSeq: this.journal.length, incarnation: this.journal.length > 0 ? "tickets" : null, witness: null, halt: null }
        return this.put({ _tag: "ClaimBasisRead", ask: output.ask, basis })
      }
      case "ReadRecords":
        return this.put({ _tag: "RecordsRead", records: this.journal.slice(output.fromSeq - 1, output.toSeq) })
      case "ReadForRepublish":
        return this.put({ _tag: "RepublishRead", records: this.journal.slice(output.fromSeq - 1, output.toSeq) })
      case "SendReplies":
        this.said.push(...output.replies.flatMap(({ decisions }) => decisions))
        return this.put({ _tag: "RepliesSent", seq: output.seq })
      case "SendFeed":
        this.values.push(...output.values)
        return this.put({ _tag: "FeedSent", group: output.group })
      case "StoreWitness":
        return this.put({ _tag: "WitnessStored", stands: output.witness })
      case "StoreChunk":
        if (output.index === 0) this.chunks.length = 0
        this.chunks.push(output.bytes)
        return this.put({ _tag: "ChunkStored", snapshot: output.snapshot, index: output.index })
      case "PublishSnapshot":
        this.manifest = output.manifest
        return
      case "ContinueSoon":
        return this.put({ _tag: "Continue" })
      case "Halted":
        throw new Error(output.halt.detail)
      default:
    }
  }

  tick(byMs: number): void {
    this.nowMs += byMs
    this.put({ _tag: "BrokerTimeSeen", brokerMs: this.nowMs })
    this.put({ _tag: "Tick", wallMs: this.nowMs })
  }

  send(type: Lend["type"], id: string, ticket: string): void {
    const command = { type, id, issuedAtMs: this.nowMs, counter: "hall" as ActorKey, ticket } as Lend
    const body = { _tag: "Commands", array: false, commands: [{ _tag: "Command", command, text: JSON.stringify(command) }] } as const
    const sender = "desk" as SenderId
    const message = { sender, class: "sell", bulk: false, key: command.counter, reply: `r.${++this.seq}`, publishedMs: this.nowMs } as const
    this.put({ _tag: "CommandsHanded", messages: [{ ...message, trace: null, bytes: 200, body }] })
  }
}

type Told = Input<CounterKind> extends infer Each ? (Each extends Input<CounterKind> ? Omit<Each, "nowMs"> : never) : never

describe("a partition of actors that are no SKUs", () => {
  const outcomes = (desk: Desk) => desk.said.map(({ id, outcome, repeated }) => `${id} ${outcome}${repeated ? " again" : ""}`)

  it("decides, answers under the kind's own word, remembers ids and publishes", () => {
    const desk = new Desk()
    for (const n of [1, 2, 3, 4]) desk.send("Lend", `c${n}`, `t${n}`)
    desk.send("Lend", "c1", "t1")
    desk.send("Return", "c5", "t1")
    desk.send("Lend", "c6", "t1")
    expect(outcomes(desk)).toEqual([
      "c1 accepted",
      "c2 accepted",
      "c3 accepted",
      "c4 refused",
      "c1 accepted again",
      "c5 accepted",
      "c6 refused",
    ])
    expect(desk.said[0]?.counter).toBe("hall")
    expect(desk.values.at(-1)).toMatchObject({ counter: "hall", lent: 2 })
  })

  it("ends a part whose time is up, and remembers that it did", () => {
    const desk = new Desk()
    desk.send("Lend", "c1", "t1")
    desk.tick(lentMs + 100)
    expect(desk.values.at(-1)).toMatchObject({ lent: 0 })
    expect(desk.partition.openHolds).toBe(0)
    desk.send("Lend", "c2", "t1")
    expect(new Set(outcomes(desk))).toEqual(new Set(["c1 accepted", "c2 refused"]))
  })

  it("comes to the same out of its journal, and out of a snapshot", () => {
    const desk = new Desk()
    for (const n of [1, 2, 3]) desk.send("Lend", `c${n}`, `t${n}`)
    desk.send("Return", "c4", "t2")
    for (let n = 0; n < 20; n++) desk.tick(10)
    expect(desk.manifest).not.toBeNull()
    desk.send("Return", "c5", "t3")
    const hash = stateHash(desk.partition, counters, sha256)
    const replayed = new Desk([...desk.journal], desk.nowMs)
    const loaded = new Desk([...desk.journal], desk.nowMs, desk)
    expect([replayed, loaded].map(({ partition }) => stateHash(partition, counters, sha256))).toEqual([hash, hash])
    expect(loaded.partition.openHolds).toBe(1)
    loaded.tick(lentMs)
    expect(loaded.partition.openHolds).toBe(0)
    loaded.send("Lend", "c1", "t1")
    expect(outcomes(loaded).at(-1)).toBe("c1 accepted again")
  })
})
