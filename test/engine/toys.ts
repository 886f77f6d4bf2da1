/**
 * Two toy kinds of actors that send each other commands, and a world of their partitions with a carrier that loses, doubles and reorders whatever it is given.
 *
 * A `book` has deals: one takes a piece of each of some shelves, or none, is held for a while, and gives back. Its answer is owed until all shelves have answered. A `shelf` gives its pieces away one by one, and tells
 * the book of a deal whose piece somebody else took off it. Whatever is decided twice, or comes back twice, fails an assertion of theirs.
 */
import { createHash } from "node:crypto"
import { assert } from "../../src/assert.ts"
import type { ActorKey, CommandId, EpochMs, ReservationId, SenderId } from "../../src/domain/names.ts"
import type { ActorKind, CarriedCommand, KindTypes, OwedAnswer } from "../../src/engine/kind.ts"
import type { EngineCodec } from "../../src/engine/protocol.ts"
import type { Entry, JournalRecord, RememberedDecision } from "../../src/engine/records.ts"
import { answeredBytesMax } from "../../src/limits.ts"

export const channel = "web" as SenderId

/** Deals for which a shelf's deciding throws; `back <deal>`: taking back what came of it does. */
export const faults = new Set<string>()

interface Named {
  readonly id: CommandId
  readonly issuedAtMs: EpochMs
  readonly deadlineMs?: number
}
/** `fault`: what makes deciding it throw. */
export interface DealCommand extends Named {
  readonly type: "Open" | "Close" | "Note"
  readonly book: ActorKey
  readonly deal: ReservationId
  readonly shelves?: ReadonlyArray<ActorKey>
  readonly fault?: boolean
}
type Wait = "Take" | "Give"
export interface DealEvent {
  readonly type: "Opened" | "Took" | "Missed" | "Held" | "Undone" | "Back" | "Closing" | "Expired" | "Gave" | "Ended" | "Noted"
  readonly by: SenderId
  readonly book: ActorKey
  readonly deal: ReservationId
  /** Counts the events of a deal. */
  readonly n: number
  readonly shelf?: ActorKey
  readonly shelves?: ReadonlyArray<ActorKey>
  readonly dueMs?: EpochMs
  /** Which command it begins, or answers. */
  readonly command?: CommandId
  readonly answer?: "accepted" | "refused"
}
interface Deal {
  readonly by: SenderId
  readonly book: ActorKey
  readonly deal: ReservationId
  n: number
  phase: "placing" | "held" | "closing" | "ending" | "ended"
  waits: ReadonlyArray<readonly [ActorKey, Wait, number]>
  has: ReadonlyArray<ActorKey>
  missed: number
  dueMs: EpochMs
  owed: CommandId | null
}
interface Book {
  readonly key: ActorKey
  notes: number
  readonly deals: Array<Deal | undefined>
}
interface Said {
  readonly id: CommandId | null
  readonly outcome: string
  readonly repeated: boolean
  readonly reason?: string
}
export interface BookKind extends KindTypes {
  readonly command: DealCommand
  readonly event: DealEvent
  readonly expired: DealEvent
  readonly followUp: DealEvent
  readonly state: Book
  readonly part: Deal
  readonly ending: "ended"
  readonly accepted: { readonly deal?: string }
  readonly said: Said
  readonly told: object
  readonly value: { readonly version: number }
  readonly actorRow: { readonly key: ActorKey; readonly version: number; readonly notes: number }
  readonly partRow: { readonly key: ActorKey; readonly deal: Deal }
}

export const heldMs = 20_000
export const placingMs = 8_000

const dealIn = ({ deals }: Book, by: SenderId, id: ReservationId): Deal | undefined =>
  deals.find((one) => one !== undefined && one.by === by && one.deal === id)

const waitsOf = ({ shelves = [], n }: DealEvent, wait: Wait): Deal["waits"] => shelves.map((shelf) => [shelf, wait, n] as const)

const evolveDeal = (book: Book, event: DealEvent): Deal | undefined => {
  const { type, by, deal: id, shelf } = event
  if (type === "Opened") {
    assert(dealIn(book, by, id) === undefined && event.n === 1, "a deal is opened once")
    const deal: Deal = {
      by,
      book: book.key,
      deal: id,
      n: 1,
      phase: "placing",
      waits: waitsOf(event, "Take"),
      has: [],
      missed: 0,
      dueMs: event.dueMs ?? 0,
      owed: event.command ?? null,
    }
    book.deals.push(deal)
    return deal
  }
  const deal = dealIn(book, by, id)
  if (type === "Noted") return undefined
  assert(deal !== undefined && event.n === deal.n + 1, `${type} is the next event of its deal`)
  deal.n = event.n
  if (shelf !== undefined) {
    assert(
      deal.waits.some(([one]) => one === shelf),
      `${type} of ${shelf} was waited for`,
    )
    deal.waits = deal.waits.filter(([one]) => one !== shelf)
  }
  if (type === "Took" && shelf !== undefined) deal.has = [...deal.has, shelf]
  if (type === "Missed") deal.missed++
  if (type === "Gave") deal.has = deal.has.filter((one) => one !== shelf)
  if (type === "Held") deal.phase = "held"
  if (type === "Closing") deal.phase = "closing"
  if (type === "Undone" || type === "Expired") deal.phase = "ending"
  if (type === "Closing" || type === "Undone" || type === "Expired" || type === "Back")
    deal.waits = [...deal.waits, ...waitsOf(event, "Give")]
  if (type === "Ended") deal.phase = "ended"
  deal.dueMs = type === "Held" ? (event.dueMs ?? 0) : deal.phase === "placing" ? deal.dueMs : deal.phase === "held" ? deal.dueMs : 0
  if (type === "Closing") deal.owed = event.command ?? null
  if (event.answer !== undefined) deal.owed = null
  return deal
}

/** What follows once everything that a deal waited for has come. */
const settled = (deal: Deal, n: number, nowMs: EpochMs): ReadonlyArray<DealEvent> => {
  const base = { by: deal.by, book: deal.book, deal: deal.deal, n }
  const owed = deal.owed === null ? {} : { command: deal.owed }
  if (deal.phase === "placing" && deal.missed === 0) return [{ type: "Held", ...base, ...owed, answer: "accepted", dueMs: nowMs + heldMs }]
  if (deal.phase === "placing") return undone(deal, n)
  return [{ type: "Ended", ...base, ...owed, ...(deal.owed === null ? {} : { answer: "accepted" as const }) }]
}

/** A deal that won't be, told at once: what it has goes back, and what comes later goes back when it does. */
const undone = ({ by, book, deal, has, waits, owed }: Deal, n: number): ReadonlyArray<DealEvent> => {
  const base = { by, book, deal, n }
  const event: DealEvent = { type: "Undone", ...base, shelves: has, answer: "refused", ...(owed === null ? {} : { command: owed }) }
  return has.length + waits.length > 0 ? [event] : [event, { type: "Ended", ...base, n: n + 1 }]
}

const refused = (reason: "UnknownOrder" | "OrderExists" | "UnknownReservation" | "InsufficientStock") =>
  ({ _tag: "Refused", refusal: { reason } }) as const

const noFeed = {
  noteBefore: () => undefined,
  collect: () => undefined,
  shownOf: () => 0,
  toldOf: () => 0,
  isNamed: () => true,
  noteDropped: () => undefined,
  strayOfCommand: () => undefined,
  strayOfFollowUp: () => undefined,
}
const plainCommands = {
  isFact: () => false,
  hasFacts: false,
  floorClassOf: () => "sell" as const,
  operatorOf: () => undefined,
  secondNameOf: () => undefined,
  secondHashOf: () => 0,
  secondField: "",
  secondClass: "stock",
  beyondBounds: () => undefined,
  sizeOf: () => 0,
  growthOf: () => 0,
  rankOf: () => 0,
} as const

export const books: ActorKind<BookKind> = {
  name: "book",
  keyField: "book",
  actorsMax: 100,
  actorsField: "books",
  commands: {
    ...plainCommands,
    keyOf: ({ book }) => book,
    classOf: () => "sell",
    worstBytesOf: () => 4_096 + answeredBytesMax,
  },
  emptyState: (key) => ({ key, notes: 0, deals: [] }),
  decide: (state, { type, id, book, deal, shelves = [], fault }, by, nowMs, endOf) => {
    if (fault === true) throw new Error("it can't be decided")
    const open = state === undefined ? undefined : dealIn(state, by, deal)
    const base = { by, book, deal }
    if (type === "Note") return { _tag: "Accepted", events: [{ type: "Noted", ...base, n: 0 }] }
    if (open !== undefined && open.owed !== null) return { _tag: "Later" }
    if (type === "Open") {
      if (open !== undefined || endOf(by, deal) !== undefined) return refused("OrderExists")
      return { _tag: "Begun", events: [{ type: "Opened", ...base, n: 1, shelves, dueMs: nowMs + placingMs, command: id }] }
    }
    if (open === undefined || open.phase !== "held") return refused("UnknownOrder")
    return { _tag: "Begun", events: [{ type: "Closing", ...base, n: open.n + 1, shelves: open.has, command: id }] }
  },
  share: (event) => event,
  evolve: (state, event) => {
    if (event.type === "Noted") state.notes++
    return evolveDeal(state, event)
  },
  evolveState: (state, event) => {
    if (event.type === "Noted") state.notes++
  },
  evolvePart: evolveDeal,
  mayFollowUp: () => false,
  followUps: () => [],
  followUpBytes: 256,
  followUpsMax: 1,
  followUpCause: "Nothing",
  outcomeOf: () => ({ outcome: "accepted" }),
  weightOf: () => 1,
  saidOf: (id, _key, repeated, outcome) => ({
    id,
    outcome: outcome.outcome,
    repeated,
    ...(outcome.outcome === "refused" ? { reason: outcome.reason } : {}),
  }),
  alarmOf: () => undefined,
  parts: {
    ownerOf: ({ by }) => by,
    idOf: ({ deal }) => deal,
    dueMs: ({ dueMs, phase }) => (phase === "placing" || phase === "held" ? dueMs : 0),
    endings: ["ended"],
    endingOf: ({ phase }) => (phase === "ended" ? "ended" : undefined),
    expire: (deal) =>
      deal.phase === "placing"
        ? undone(deal, deal.n + 1)
        : [{ type: "Expired", by: deal.by, book: deal.book, deal: deal.deal, n: deal.n + 1, shelves: deal.has }],
    expiredBytesOf: () => 2_048 + answeredBytesMax,
    isAbout: ({ type }) => type !== "Noted",
    mayBegin: ({ type }) => type === "Opened",
    eventOwnerOf: ({ by }) => by,
    eventIdOf: ({ deal }) => deal,
    find: dealIn,
    dueBefore: (state, { by, deal: id, type }) => {
      const deal = type === "Noted" ? undefined : dealIn(state, by, id)
      return deal !== undefined && (deal.phase === "placing" || deal.phase === "held") ? deal.dueMs : 0
    },
    forget: ({ deals }, ended) => {
      deals[deals.indexOf(ended)] = undefined
    },
    slotsOf: ({ deals }) => deals,
  },
  feed: noFeed,
  chunks: {
    actorRowOf: ({ key, version, state }) => ({ key, version, notes: state.notes }),
    actorKeyOf: ({ key }) => key,
    loadActor: (actor, { version, notes }) => {
      actor.version = version
      actor.state.notes = notes
    },
    partRowOf: (key, deal) => ({ key, deal: { ...deal } }),
    partKeyOf: ({ key }) => key,
    partBytesOf: () => 1,
    partIn: ({ deal }) => ({ ...deal }),
    addPart: ({ deals }, deal) => {
      deals.push(deal)
    },
  },
  hashed: ({ notes, deals }) => ({
    notes,
    deals: deals
      .filter((one) => one !== undefined)
      .map((deal) => JSON.stringify(deal))
      .sort(),
  }),
  carrying: {
    to: ["shelf"],
    carriedBy: (_, { type, by, deal, book, shelves = [], n }) => {
      if (type !== "Opened" && type !== "Closing" && type !== "Undone" && type !== "Expired" && type !== "Back") return []
      const command = type === "Opened" ? "Take" : "Give"
      return shelves.map(
        (shelf): CarriedCommand => ({
          kind: "shelf",
          key: shelf,
          onBehalf: by,
          command: { type: command, shelf, book, deal } as CarriedCommand["command"],
          ref: { by, deal, n },
        }),
      )
    },
    returned: (state, { key, ref, command }, outcome, nowMs) => {
      if (faults.has(`back ${ref.deal}`)) throw new Error("it can't be taken")
      const deal = dealIn(state, ref.by as SenderId, ref.deal as ReservationId)
      if (deal === undefined || !deal.waits.some(([shelf, wait, n]) => shelf === key && wait === command.type && n === ref.n)) return []
      const rest = { by: deal.by, book: state.key, deal: deal.deal }
      const base = { ...rest, shelf: key }
      const type = command.type === "Give" ? "Gave" : outcome.outcome === "accepted" ? "Took" : "Missed"
      const first: DealEvent = { type, ...base, n: deal.n + 1 }
      if (deal.phase !== "placing" && type === "Took") return [first, { type: "Back", ...rest, n: deal.n + 2, shelves: [key] }]
      if (deal.waits.length > 1) return [first]
      const has = type === "Took" ? [...deal.has, key] : deal.has
      return [first, ...settled({ ...deal, waits: [], has, missed: deal.missed + (type === "Missed" ? 1 : 0) }, deal.n + 2, nowMs)]
    },
    returnedBytesOf: () => 4_096 + answeredBytesMax,
    answeredBy: ({ by, command, answer }): OwedAnswer<BookKind> | undefined => {
      if (command === undefined || answer === undefined) return undefined
      const outcome: RememberedDecision<BookKind> =
        answer === "accepted" ? { outcome: "accepted" } : { outcome: "refused", reason: "LinesRefused" }
      return { sender: by, id: command, outcome }
    },
    mayCarry: ({ type, shelves = [] }) => (type === "Open" ? shelves.length : type === "Close" ? 4 : 0),
  },
}

export interface ShelfCommand extends Named {
  readonly type: "Take" | "Give" | "Pick" | "Settle"
  readonly shelf: ActorKey
  readonly book: ActorKey
  readonly deal: ReservationId
  /** Of a person who looked at what lies in quarantine: which, and why it is dropped, if so. */
  readonly quarantined?: string
  readonly dropReason?: string
}
export interface ShelfEvent {
  readonly type: "Taken" | "Given" | "Picked"
  readonly by: SenderId
  readonly book: ActorKey
  readonly deal: ReservationId
}
interface Shelf {
  readonly key: ActorKey
  left: number
  picked: number
  readonly takenBy: Array<string>
}
export interface ShelfKind extends KindTypes {
  readonly command: ShelfCommand
  readonly event: ShelfEvent
  readonly expired: ShelfEvent
  readonly followUp: ShelfEvent
  readonly state: Shelf
  readonly part: object
  readonly ending: "none"
  readonly accepted: object
  readonly said: Said
  readonly told: object
  readonly value: { readonly version: number }
  readonly actorRow: { readonly key: ActorKey; readonly version: number; readonly shelf: Shelf }
  readonly partRow: object
}

export const pieces = 2

const nameOf = ({ by, deal }: Pick<ShelfEvent, "by" | "deal">): string => `${by} ${deal}`

const evolveShelf = (state: Shelf, event: ShelfEvent): void => {
  const name = nameOf(event)
  if (event.type === "Picked") {
    state.picked++
    return
  }
  if (event.type === "Taken") {
    assert(!state.takenBy.includes(name) && state.left > 0, "a deal takes a piece once")
    state.takenBy.push(name)
    state.left--
    return
  }
  assert(state.takenBy.includes(name), "a deal gives back what it took, once")
  state.takenBy.splice(state.takenBy.indexOf(name), 1)
  state.left++
}

export const shelves: ActorKind<ShelfKind> = {
  name: "shelf",
  keyField: "shelf",
  actorsMax: 100,
  actorsField: "shelves",
  commands: {
    ...plainCommands,
    keyOf: ({ shelf }) => shelf,
    classOf: ({ type }) => (type === "Settle" ? "operator" : "sell"),
    // What was given back was, whenever it is told.
    isFact: ({ type }) => type === "Give",
    operatorOf: ({ type, shelf, quarantined = "", dropReason = null }) =>
      type === "Settle" ? { quarantined, isAbout: (waiting) => waiting.shelf === shelf, dropReason } : undefined,
    worstBytesOf: () => 1_024,
  },
  emptyState: (key) => ({ key, left: pieces, picked: 0, takenBy: [] }),
  decide: (state, { type, book, deal }, by) => {
    if (faults.has(deal)) throw new Error("it can't be decided")
    const base = { by, book, deal }
    const has = state?.takenBy.includes(nameOf(base)) ?? false
    if (type === "Pick") return { _tag: "Accepted", events: [{ type: "Picked", ...base }] }
    if (type === "Give") return has ? { _tag: "Accepted", events: [{ type: "Given", ...base }] } : refused("UnknownReservation")
    if (has || (state?.left ?? pieces) === 0) return refused("InsufficientStock")
    return { _tag: "Accepted", events: [{ type: "Taken", ...base }] }
  },
  share: (event) => event,
  evolve: (state, event) => {
    evolveShelf(state, event)
    return undefined
  },
  evolveState: evolveShelf,
  evolvePart: () => undefined,
  mayFollowUp: () => false,
  followUps: () => [],
  followUpBytes: 256,
  followUpsMax: 1,
  followUpCause: "Nothing",
  outcomeOf: () => ({ outcome: "accepted" }),
  weightOf: () => 1,
  saidOf: (id, _key, repeated, { outcome }) => ({ id, outcome, repeated }),
  alarmOf: () => undefined,
  parts: {
    ownerOf: () => channel,
    idOf: () => "" as ReservationId,
    dueMs: () => 0,
    endings: ["none"],
    endingOf: () => undefined,
    expire: () => [],
    expiredBytesOf: () => 0,
    isAbout: () => false,
    mayBegin: () => false,
    eventOwnerOf: () => channel,
    eventIdOf: () => "" as ReservationId,
    find: () => undefined,
    dueBefore: () => 0,
    forget: () => undefined,
    slotsOf: () => undefined,
  },
  feed: noFeed,
  chunks: {
    actorRowOf: ({ key, version, state }) => ({ key, version, shelf: { ...state, takenBy: [...state.takenBy] } }),
    actorKeyOf: ({ key }) => key,
    loadActor: (actor, { version, shelf }) => {
      actor.version = version
      actor.state.left = shelf.left
      actor.state.picked = shelf.picked
      actor.state.takenBy.push(...shelf.takenBy)
    },
    partRowOf: () => ({}),
    partKeyOf: () => "" as ActorKey,
    partBytesOf: () => 1,
    partIn: () => ({}),
    addPart: () => undefined,
  },
  hashed: ({ left, picked, takenBy }) => ({ left, picked, takenBy: [...takenBy].sort() }),
  carrying: {
    to: ["book"],
    // What an actor of ours did, it hears of by the decision that comes back.
    carriedBy: (_, { type, by, book, deal }, isInternal) =>
      isInternal || type === "Given"
        ? []
        : [
            {
              kind: "book",
              key: book,
              onBehalf: by,
              command: { type: "Note", book, deal } as CarriedCommand["command"],
              ref: { deal },
            },
          ],
    returned: () => [],
    returnedBytesOf: () => 256,
    answeredBy: () => undefined,
    mayCarry: () => 0,
  },
}

export const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("base64url")
const bytesOf = (value: unknown): Uint8Array =>
  Buffer.from(
    JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? { b64: Buffer.from(inner).toString("base64") } : inner)),
  )
const valueIn = (bytes: Uint8Array): unknown =>
  JSON.parse(Buffer.from(bytes).toString(), (_, inner: unknown) => {
    const text: unknown = typeof inner === "object" && inner !== null ? Reflect.get(inner, "b64") : undefined
    return typeof text === "string" ? new Uint8Array(Buffer.from(text, "base64")) : inner
  })

/** A codec of plain JSON. */
export const plainCodec = <K extends KindTypes>(): EngineCodec<K> => ({
  decodeBatch: () => ({ _tag: "Unreadable", cause: "nobody stores one here" }),
  encodeRecord: (envelope, entries) => bytesOf({ ...envelope, entries: entries.map((entry) => JSON.parse(entry) as unknown) }),
  encodeEntry: (entry: Entry<K>) => JSON.stringify(entry),
  decodeRecord: (bytes) => {
    const record = valueIn(bytes) as JournalRecord<K>
    return record.version > 3 ? { _tag: "Newer", version: record.version, cause: "a newer release wrote it" } : { _tag: "Record", record }
  },
  commandText: (command) => JSON.stringify(command),
  contentHash: ({ id: _id, issuedAtMs: _issued, ...content }) =>
    Number.parseInt(sha256(JSON.stringify(content)).replaceAll(/\D/g, "").slice(0, 9), 10),
  differingField: () => "deal",
  sha256,
  encodeChunk: bytesOf,
  decodeChunk: (bytes) => ({ _tag: "Chunk", chunk: valueIn(bytes) }),
  readChunk: (chunk) => chunk as ReturnType<EngineCodec<K>["readChunk"]>,
})
