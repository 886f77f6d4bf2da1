/**
 * What an audit remembers of millions of ids: rows of a fixed width outside the heap of JavaScript, found by a digest of 128 bits, forgotten a segment at a time.
 *
 * Rows lie in segments of a group (one sender's of one class in one partition), in the order they came, and a segment is let go once the group's floor has passed its newest row. They are found
 * through 256 tables of row numbers, four bytes a place, of which three eighths to three quarters are taken. Nothing is taken out of a table one by one: the number of a segment that is gone may be
 * another's by then, so a row found is believed for its own digest alone, and a table drops what isn't its own any more when it needs the room.
 */
import { assert } from "../assert.ts"
import type { Digest } from "./digest.ts"

const digestBytes = 16
const segmentRows = 4_096
/** A new segment has room for these: most groups never fill one. */
const segmentRowsMin = 16
const tables = 256
const placesMin = 64
/** A place holds a row's number and one: 0 is empty. */
const segmentsMax = 2 ** 32 / segmentRows - 1

/** Rows that are forgotten together, each of `bytes` beside its digest. */
export interface Group {
  readonly bytes: number
  /** Numbers of its segments, oldest first. */
  readonly segments: Array<number>
}

interface Segment<G extends Group> {
  readonly group: G
  view: DataView
  rows: number
  newestMs: number
}

/** Where a row's own bytes begin. */
export interface PackedRowOf<G extends Group> {
  readonly group: G
  readonly view: DataView
  readonly at: number
}

interface RowTable {
  places: Uint32Array
  taken: number
}

const widthOf = ({ bytes }: Group): number => digestBytes + bytes

/** Rows of one width for each group, found by digest. */
export class Rows<G extends Group> {
  readonly #segments: Array<Segment<G> | null> = []
  readonly #free: Array<number> = []
  readonly #tables: Array<RowTable | undefined> = new Array<RowTable | undefined>(tables).fill(undefined)

  /** A new row of the group, all zeros behind its digest. `ms`: until the group's floor passes it, it is kept. `floorMs`: the group's floor now. */
  add(group: G, digest: Digest, ms: number, floorMs: number): PackedRowOf<G> {
    let number = group.segments.at(-1)
    let segment = number === undefined ? undefined : this.#segments[number]
    if (number === undefined || segment == null || segment.rows === segmentRows) {
      this.#forget(group, floorMs)
      number = this.#free.pop() ?? this.#segments.length
      assert(number < segmentsMax, "an audit remembers fewer than four billion ids")
      segment = { group, view: new DataView(new ArrayBuffer(segmentRowsMin * widthOf(group))), rows: 0, newestMs: 0 }
      this.#segments[number] = segment
      group.segments.push(number)
    }
    const at = segment.rows * widthOf(group)
    if (at === segment.view.byteLength) grow(segment)
    const { view } = segment
    for (let i = 0; i < 4; i++) view.setInt32(at + 4 * i, digest[i] as number)
    segment.newestMs = Math.max(segment.newestMs, ms)
    this.#index(digest, number * segmentRows + segment.rows)
    segment.rows++
    return { group, view, at: at + digestBytes }
  }

  /** The rows of a digest that were not let go, oldest first but for those in the place of one that was. */
  find(digest: Digest): ReadonlyArray<PackedRowOf<G>> {
    const places = this.#tables[tableOf(digest)]?.places
    if (places === undefined) return none
    let found: Array<PackedRowOf<G>> | undefined
    for (let place = placeOf(digest, places); ; place = (place + 1) & (places.length - 1)) {
      const held = places[place] as number
      if (held === 0) return found ?? none
      const segment = this.#segments[Math.floor((held - 1) / segmentRows)]
      if (segment == null) continue
      const at = ((held - 1) % segmentRows) * widthOf(segment.group)
      if (!isAt(segment, (held - 1) % segmentRows, digest)) continue
      found ??= []
      found.push({ group: segment.group, view: segment.view, at: at + digestBytes })
    }
  }

  #forget(group: G, floorMs: number): void {
    for (let first = group.segments[0]; first !== undefined; first = group.segments[0]) {
      const segment = this.#segments[first]
      if (segment == null || segment.newestMs >= floorMs) return
      group.segments.shift()
      this.#segments[first] = null
      this.#free.push(first)
    }
  }

  #index(digest: Digest, row: number): void {
    const number = tableOf(digest)
    let table = this.#tables[number]
    if (table === undefined) {
      table = { places: new Uint32Array(placesMin), taken: 0 }
      this.#tables[number] = table
    }
    if (4 * (table.taken + 1) > 3 * table.places.length) this.#makeRoom(number, table)
    put(table, digest, row + 1)
  }

  /** Drops from a table what is not its own any more, and doubles it if that is little. */
  #makeRoom(number: number, table: RowTable): void {
    const alive: Array<readonly [Digest, number]> = []
    for (const held of table.places) {
      const digest = held === 0 ? undefined : this.#digestOf(held - 1)
      if (digest !== undefined && tableOf(digest) === number) alive.push([digest, held])
    }
    table.places = new Uint32Array(8 * alive.length > 3 * table.places.length ? 2 * table.places.length : table.places.length)
    table.taken = 0
    for (const [digest, held] of alive) put(table, digest, held)
  }

  #digestOf(row: number): Digest | undefined {
    const segment = this.#segments[Math.floor(row / segmentRows)]
    const within = row % segmentRows
    if (segment == null || within >= segment.rows) return undefined
    const at = within * widthOf(segment.group)
    const { view } = segment
    return [view.getInt32(at), view.getInt32(at + 4), view.getInt32(at + 8), view.getInt32(at + 12)]
  }
}

const none: ReadonlyArray<never> = []

const tableOf = (digest: Digest): number => digest[0] & (tables - 1)
const placeOf = (digest: Digest, places: Uint32Array): number => digest[1] & (places.length - 1)

/** Takes the first free place, unless the row has one: its number may have been that of a row which is gone. */
const put = (table: RowTable, digest: Digest, held: number): void => {
  const { places } = table
  let place = placeOf(digest, places)
  for (; places[place] !== 0; place = (place + 1) & (places.length - 1)) if (places[place] === held) return
  places[place] = held
  table.taken++
}

const grow = <G extends Group>(segment: Segment<G>): void => {
  const grown = new Uint8Array(Math.min(2 * segment.view.byteLength, segmentRows * widthOf(segment.group)))
  grown.set(new Uint8Array(segment.view.buffer))
  segment.view = new DataView(grown.buffer)
}

const isAt = <G extends Group>({ group, view, rows }: Segment<G>, within: number, digest: Digest): boolean => {
  if (within >= rows) return false
  const at = within * widthOf(group)
  return (
    view.getInt32(at + 4) === digest[1] &&
    view.getInt32(at) === digest[0] &&
    view.getInt32(at + 8) === digest[2] &&
    view.getInt32(at + 12) === digest[3]
  )
}

/** A whole number of up to 48 bits: a time, or a place in a journal. What is more than that is as good as never. */
export const wholeBytes = 6
const wholeMax = 2 ** 48 - 1
/** Writes a whole number into a row's bytes. */
export const setWhole = (view: DataView, at: number, value: number): void => {
  const held = Math.min(Math.max(0, Math.floor(value)), wholeMax)
  view.setUint32(at, held >>> 0)
  view.setUint16(at + 4, Math.floor(held / 2 ** 32))
}
/** Reads a whole number from a row's bytes. */
export const wholeAt = (view: DataView, at: number): number => view.getUint16(at + 4) * 2 ** 32 + view.getUint32(at)
