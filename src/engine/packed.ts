/**
 * Decisions that are older than a moment, packed: of each a hash of its id and key, and where the journal has it. What it says is read there when somebody asks again.
 *
 * Rows lie in segments outside the heap of JavaScript, oldest first, and are forgotten a segment at a time. They are found through an index of small tables that split when they are full
 * (extendible hashing), so that none of it ever pauses to grow, and nothing is taken out one by one: a table forgets rows that are gone when it next needs the room. A row takes
 * 34 bytes, the index four for each of its places (a position, and six bits of the hash: rows are cold by the time they are looked for, and nearly none but the right one is looked at), of which three eighths to three quarters are taken: 40 to 45 bytes a decision.
 */
import { assert } from "../assert.ts"
import { rememberedPerSenderMax } from "../limits.ts"
import { type HashLanes, hashLanes } from "./hash.ts"

/** A row: hash of id and key (8), sequence (8), digest (8), hash of the key (4), step (4), place in its record (2). */
export const rowBytes = 34
/** Rows in a segment, and those that a new one has room for: it grows, for most senders never fill one. */
export const segmentRows = 4_096
const segmentRowsMin = 16
const placesMin = 64
const placesMax = 4_096
/** An entry of an index is a position plus one, as far as these bits go, under some bits of the row's hash that choose neither its table nor its place there. 0 is a place never used. */
const positionBits = 26
const positionMask = 2 ** positionBits - 1
const positionsMax = positionMask
const markShift = 12
assert(positionsMax > rememberedPerSenderMax, "an index tells all positions apart that are remembered at once")
assert(1 << markShift === placesMax, "a mark is of bits that don't choose a place")

/** What a row says beside the hash by which it is found. */
export interface PackedRow {
  readonly seq: number
  /** Its place among the commands of its record. */
  readonly place: number
  readonly step: number
  /** Of all that is remembered of it; see memory.ts. */
  readonly digest: number
  /** Of its key. */
  readonly keyHash: number
}

interface PackedSegment {
  rows: DataView<ArrayBuffer>
  newestStep: number
}

/** Positions of rows whose hashes begin alike, plus one. */
interface PackedTable {
  readonly depth: number
  places: Uint32Array<ArrayBuffer>
  usedCount: number
}

/** Rows of one sender and class, with their index. */
export interface PackedRows {
  /** Hashes depend on it: nobody outside can make ids that crowd around one. */
  readonly seed: number
  segments: Array<PackedSegment>
  /** Position of the first row of the first segment, and the position behind the last row. */
  base: number
  end: number
  /** By the first `depth` bits of a hash. */
  tables: Array<PackedTable>
  depth: number
}

const emptyTable = (depth: number, places: number): PackedTable => ({ depth, places: new Uint32Array(places), usedCount: 0 })

/** No rows yet; the first will have this position. */
export const emptyRows = (seed: number, position: number): PackedRows => ({
  seed,
  segments: [],
  base: position,
  end: position,
  tables: [emptyTable(0, placesMin)],
  depth: 0,
})

/** The hash by which a decision is found: of its id and its key. */
export const packedKey = ({ seed }: PackedRows, key: string, id: string): HashLanes =>
  hashLanes(key, hashLanes(id, { hi: seed, lo: ~seed }))

/** How many rows there are, those that are forgotten but not yet let go of included. */
export const rowCount = ({ base, end }: PackedRows): number => end - base

const segmentOf = ({ segments, base }: PackedRows, position: number): PackedSegment => {
  const segment = segments[Math.floor((position - base) / segmentRows)]
  assert(segment !== undefined, "a row lies in a segment")
  return segment
}

const offsetOf = ({ base }: PackedRows, position: number): number => ((position - base) % segmentRows) * rowBytes

const keyAt = (rows: PackedRows, position: number): HashLanes => {
  const view = segmentOf(rows, position).rows
  const at = offsetOf(rows, position)
  return { hi: view.getInt32(at), lo: view.getInt32(at + 4) }
}

/** The row at a position between `base` and `end`. */
export const rowAt = (rows: PackedRows, position: number): PackedRow => {
  const view = segmentOf(rows, position).rows
  const at = offsetOf(rows, position)
  return {
    seq: view.getFloat64(at + 8),
    digest: view.getFloat64(at + 16),
    keyHash: view.getInt32(at + 24),
    step: view.getUint32(at + 28),
    place: view.getUint16(at + 32),
  }
}

/** The bits of a hash that an entry has, where it has them. */
const markOf = (lo: number): number => (lo >>> markShift) << positionBits

/** The position that an entry of the index means, or −1 if that row is gone. */
const positionOf = ({ base, end }: PackedRows, entry: number): number => {
  const behind = ((entry & positionMask) - 1 - (base % positionsMax) + positionsMax) % positionsMax
  return base + behind < end ? base + behind : -1
}

const tableAt = ({ depth }: PackedRows, hi: number): number => (depth === 0 ? 0 : hi >>> (32 - depth))

/** Positions of the rows with this hash, newest last. Nearly always none or one. */
export const findRows = (rows: PackedRows, key: HashLanes): ReadonlyArray<number> => {
  const { places } = rows.tables[tableAt(rows, key.hi)] as PackedTable
  let found: Array<number> | undefined
  const mask = places.length - 1
  const mark = markOf(key.lo)
  for (let at = key.lo & mask; places[at] !== 0; at = (at + 1) & mask) {
    const entry = places[at] as number
    if (((entry ^ mark) & ~positionMask) !== 0) continue
    const position = positionOf(rows, entry)
    if (position < 0) continue
    const { hi, lo } = keyAt(rows, position)
    if (hi !== key.hi || lo !== key.lo) continue
    found ??= []
    found.push(position)
  }
  return found === undefined ? none : found.sort((a, b) => a - b)
}
const none: ReadonlyArray<number> = []

const isCrowded = ({ places, usedCount }: PackedTable): boolean => (usedCount + 1) * 4 > places.length * 3

const enter = (rows: PackedRows, table: PackedTable, lo: number, position: number): void => {
  const { places } = table
  const mask = places.length - 1
  let at = lo & mask
  while (places[at] !== 0 && positionOf(rows, places[at] as number) >= 0) at = (at + 1) & mask
  if (places[at] === 0) table.usedCount++
  places[at] = markOf(lo) | ((position % positionsMax) + 1)
}

/** Positions in a table of rows that are still there. */
const positionsAlive = (rows: PackedRows, { places }: PackedTable): ReadonlyArray<number> => {
  const alive: Array<number> = []
  for (let at = 0; at < places.length; at++) {
    const entry = places[at] as number
    const position = entry === 0 ? -1 : positionOf(rows, entry)
    if (position >= 0) alive.push(position)
  }
  return alive
}

/** Makes room in a table: lets go of what is gone, or grows it, or splits it in two. A few thousand steps at most. */
const makeRoom = (rows: PackedRows, table: PackedTable, hi: number): void => {
  const alive = positionsAlive(rows, table)
  const isHalfFull = alive.length * 2 > table.places.length
  if (isHalfFull && table.places.length >= placesMax && table.depth < 31) return split(rows, table, hi, alive)
  table.places = new Uint32Array(table.places.length * (isHalfFull ? 2 : 1))
  table.usedCount = 0
  for (const position of alive) enter(rows, table, keyAt(rows, position).lo, position)
}

const split = (rows: PackedRows, table: PackedTable, hi: number, alive: ReadonlyArray<number>): void => {
  const depth = table.depth + 1
  assert(depth <= 31, "INV-2 an index has no more than 31 levels")
  if (depth > rows.depth) {
    rows.tables = rows.tables.flatMap((one) => [one, one])
    rows.depth = depth
  }
  const halves = [emptyTable(depth, placesMax), emptyTable(depth, placesMax)] as const
  for (const position of alive) {
    const key = keyAt(rows, position)
    enter(rows, halves[(key.hi >>> (32 - depth)) & 1] as PackedTable, key.lo, position)
  }
  const each = 1 << (rows.depth - depth)
  const first = table.depth === 0 ? 0 : (hi >>> (32 - table.depth)) * 2 * each
  rows.tables.fill(halves[0], first, first + each)
  rows.tables.fill(halves[1], first + each, first + 2 * each)
}

const index = (rows: PackedRows, key: HashLanes, position: number): void => {
  for (;;) {
    const table = rows.tables[tableAt(rows, key.hi)] as PackedTable
    if (!isCrowded(table)) return enter(rows, table, key.lo, position)
    makeRoom(rows, table, key.hi)
  }
}

const growSegment = (segment: PackedSegment): void => {
  const grown = new Uint8Array(2 * segment.rows.byteLength)
  grown.set(new Uint8Array(segment.rows.buffer))
  segment.rows = new DataView(grown.buffer)
}

/** Adds a row behind the last. */
export const addRow = (rows: PackedRows, key: HashLanes, { seq, place, step, digest, keyHash }: PackedRow): void => {
  assert(place >= 0 && place < 2 ** 16, "INV-2 a row has 16 bits for a place")
  assert(step >= 0, "INV-2 steps are counted up")
  const position = rows.end
  assert(position - rows.base < positionsMax, "INV-2 no two rows that are there have one position in the index")
  if ((position - rows.base) % segmentRows === 0)
    rows.segments.push({ rows: new DataView(new ArrayBuffer(segmentRowsMin * rowBytes)), newestStep: 0 })
  rows.end++
  const segment = segmentOf(rows, position)
  const at = offsetOf(rows, position)
  if (at === segment.rows.byteLength) growSegment(segment)
  const view = segment.rows
  view.setInt32(at, key.hi)
  view.setInt32(at + 4, key.lo)
  view.setFloat64(at + 8, seq)
  view.setFloat64(at + 16, digest)
  view.setInt32(at + 24, keyHash)
  view.setUint32(at + 28, step)
  view.setUint16(at + 32, place)
  segment.newestStep = Math.max(segment.newestStep, step)
  index(rows, key, position)
}

/** Lets go of the oldest segments of which everything lies in a step before `firstAlive`. O(segments that go). */
export const forgetRows = (rows: PackedRows, firstAlive: number): void => {
  assert(rows.base <= rows.end, "INV-2 no row is forgotten that was not there")
  for (let first = rows.segments[0]; first !== undefined && first.newestStep < firstAlive; first = rows.segments[0]) {
    rows.segments.shift()
    rows.base = Math.min(rows.end, rows.base + segmentRows)
  }
  // The last segment may have gone half full: the next row begins one.
  if (rows.segments.length === 0) rows.base = rows.end
}

/** The newest step of each segment, oldest first, with its rows. */
const segmentSteps = ({ segments, base, end }: PackedRows): ReadonlyArray<{ readonly newestStep: number; readonly count: number }> =>
  segments.map(({ newestStep }, i) => ({ newestStep, count: Math.min(segmentRows, end - base - i * segmentRows) }))

/** The newest step among at least so many of the oldest rows, or of all if there are not so many; and of how many it is. */
export const newestStepOfOldestRows = (rows: PackedRows, least: number): { readonly step: number; readonly count: number } => {
  let step = 0
  let seen = 0
  for (const { newestStep, count } of segmentSteps(rows)) {
    if (seen >= least) break
    seen += count
    step = Math.max(step, newestStep)
  }
  return { step, count: seen }
}

/** The newest step among the oldest segment, or undefined without one. */
export const firstNewestStep = ({ segments }: PackedRows): number | undefined => segments[0]?.newestStep

/** Rows from a position on, of one segment, as they lie there. */
export const rowsFrom = (rows: PackedRows, position: number): Uint8Array => {
  const at = offsetOf(rows, position)
  const count = Math.min(segmentRows - at / rowBytes, rows.end - position)
  return new Uint8Array(segmentOf(rows, position).rows.buffer, at, count * rowBytes).slice()
}

/** Adds rows as {@link rowsFrom} gave them. */
export const addRows = (rows: PackedRows, bytes: Uint8Array): void => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + rowBytes <= bytes.length; at += rowBytes)
    addRow(
      rows,
      { hi: view.getInt32(at), lo: view.getInt32(at + 4) },
      {
        seq: view.getFloat64(at + 8),
        digest: view.getFloat64(at + 16),
        keyHash: view.getInt32(at + 24),
        step: view.getUint32(at + 28),
        place: view.getUint16(at + 32),
      },
    )
}
