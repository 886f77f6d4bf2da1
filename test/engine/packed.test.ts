/** Packed decisions: found as long as they are there, gone with their segment, in bounded memory and time. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { digestOf, digestOfList } from "../../src/engine/hash.ts"
import {
  addRow,
  addRows,
  emptyRows,
  findRows,
  forgetRows,
  type PackedRows,
  packedKey,
  rowAt,
  rowCount,
  rowsFrom,
  segmentRows,
} from "../../src/engine/packed.ts"

const add = (rows: PackedRows, n: number, step = n) =>
  addRow(rows, packedKey(rows, "A", `id-${n}`), { seq: n * 3, place: n % 2_048, step, digest: n, keyHash: 7 })

const seqsOf = (rows: PackedRows, n: number) => findRows(rows, packedKey(rows, "A", `id-${n}`)).map((at) => rowAt(rows, at).seq)

const bytesOf = (rows: PackedRows): number =>
  rows.segments.reduce((sum, segment) => sum + segment.rows.byteLength, 0) +
  [...new Set(rows.tables)].reduce((sum, { places }) => sum + places.byteLength, 0) +
  rows.tables.length * 8

describe("packed decisions", () => {
  it("are found, a hundred thousand of them, in less than 64 bytes each, and nothing else is", () => {
    const rows = emptyRows(5, 0)
    for (let n = 0; n < 100_000; n++) add(rows, n)
    for (let n = 0; n < 100_000; n += 7) expect(seqsOf(rows, n)).toEqual([n * 3])
    for (let n = 100_000; n < 110_000; n++) expect(seqsOf(rows, n)).toEqual([])
    expect(bytesOf(rows) / rowCount(rows)).toBeLessThan(64)
    expect(rowAt(rows, 4_097)).toEqual({ seq: 12_291, place: 1, step: 4_097, digest: 4_097, keyHash: 7 })
  })

  it("stay within their bytes while old ones go and new ones come", () => {
    const rows = emptyRows(5, 1_000)
    for (let n = 0; n < 300_000; n++) {
      add(rows, n)
      if (n % 1_000 === 0) forgetRows(rows, n - 20_000)
    }
    expect(rowCount(rows)).toBeLessThan(20_000 + 2 * segmentRows + 1_000)
    expect(bytesOf(rows)).toBeLessThan(64 * 40_000)
    expect(seqsOf(rows, 1)).toEqual([])
    expect(seqsOf(rows, 299_000)).toEqual([299_000 * 3])
  })

  it("are found where positions in the index begin anew, and no row that is gone is taken for one that is there", () => {
    const wraps = 2 ** 26 - 1
    const rows = emptyRows(5, 3 * wraps - 500)
    for (let n = 0; n < 1_000; n++) add(rows, n)
    for (let n = 0; n < 1_000; n++) expect(seqsOf(rows, n)).toEqual([n * 3])
    const later = emptyRows(5, 100)
    for (let n = 0; n < 100; n++) add(later, n)
    forgetRows(later, 1_000)
    // The same places of the index, a whole round later.
    later.base = 100 + wraps
    later.end = later.base
    for (let n = 200; n < 300; n++) add(later, n)
    for (let n = 0; n < 100; n++) expect(seqsOf(later, n)).toEqual([])
    for (let n = 200; n < 300; n++) expect(seqsOf(later, n)).toEqual([n * 3])
  })

  it("answer as a plain list does, whatever comes and goes", () => {
    const turn = fc.record({ ids: fc.array(fc.nat({ max: 40 }), { maxLength: 300 }), forget: fc.nat({ max: 3 }) })
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 40 }), (turns) => {
        const rows = emptyRows(9, 77)
        let all: Array<{ readonly n: number; readonly position: number }> = []
        let step = 1
        for (const { ids, forget } of turns) {
          for (const n of ids) {
            all.push({ n, position: rows.end })
            add(rows, n, step)
          }
          step++
          if (forget === 0) forgetRows(rows, step)
          all = all.filter(({ position }) => position >= rows.base)
        }
        for (let n = 0; n <= 40; n++)
          expect(findRows(rows, packedKey(rows, "A", `id-${n}`))).toEqual(all.filter((one) => one.n === n).map(({ position }) => position))
      }),
      { numRuns: 50 },
    )
  })

  it("are written and read a segment at a time", () => {
    const rows = emptyRows(5, 10)
    for (let n = 0; n < 10_000; n++) add(rows, n)
    const again = emptyRows(5, 0)
    for (let position = rows.base; position < rows.end; ) {
      const bytes = rowsFrom(rows, position)
      addRows(again, bytes)
      position += bytes.length / 34
    }
    expect(rowCount(again)).toBe(10_000)
    for (let n = 0; n < 10_000; n += 11) expect(seqsOf(again, n)).toEqual([n * 3])
  })

  it("are made and let go of without a pause", () => {
    const rows = emptyRows(5, 0)
    let longest = 0
    for (let n = 0; n < 400_000; n += 500) {
      const before = process.cpuUsage()
      for (let m = n; m < n + 500; m++) add(rows, m)
      const { user, system } = process.cpuUsage(before)
      longest = Math.max(longest, (user + system) / 1_000)
    }
    expect(longest).toBeLessThan(100)
  })
})

describe("a digest", () => {
  it("is the same however often its last part comes in a row", () => {
    const outcomes = [{ outcome: "accepted" }, { outcome: "accepted", qty: 1, allocations: [{ location: "a", qty: 1 }] }]
    for (const outcome of [0, 0, 1, 1, 0, 1].map((at) => outcomes[at] as object))
      expect(digestOfList("c-1", "Ä", 2 ** 51 + 1, outcome)).toBe(digestOf(["c-1", "Ä", 2 ** 51 + 1, outcome]))
  })

  it("is the same whatever the order of keys, and another for another value", () => {
    expect(digestOf({ a: 1, b: [{ c: "x", d: undefined }] })).toBe(digestOf({ b: [{ c: "x" }], a: 1 }))
    const values = [{ a: 1 }, { a: 2 }, { b: 1 }, { a: "1" }, [1, 2], [2, 1], "a", ["a"], {}, { a: { b: 1 } }, { a: { b: 2 } }]
    expect(new Set(values.map(digestOf)).size).toBe(values.length)
  })
})
