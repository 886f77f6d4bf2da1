import { parse } from "csv-parse/sync"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type CsvRecord, CsvScanner } from "../../src/workload/csv-records.ts"

const recordsOf = (text: string, delimiter: string): ReadonlyArray<CsvRecord> => {
  const scanner = new CsvScanner(text, delimiter)
  const records: Array<CsvRecord> = []
  for (let record = scanner.next(() => true); record !== null; record = scanner.next(() => true)) records.push(record)
  return records
}

const cell = fc.oneof(
  fc.constantFrom("", "a", "2", "a,b", "a;b", "a\tb", 'say "hi"', '"', "line\nline", "line\r\nline", " spaces ", "É"),
  fc.string({ maxLength: 5 }),
)

describe("records of a CSV text that is well written", () => {
  it("are those of a strict parser, and their lines are those of the text", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 12 }),
        fc.constantFrom(",", ";", "|"),
        fc.constantFrom("\n", "\r\n"),
        (rows, delimiter, end) => {
          const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`
          const text = rows.map((cells) => cells.map(quoted).join(delimiter)).join(end)
          const records = recordsOf(text, delimiter)
          const options = { delimiter, record_delimiter: [end], relax_column_count: true }
          expect(records.map(({ cells }) => cells)).toEqual(parse(text, options))
          expect(records.reduce((sum, { lines }) => sum + lines, 0)).toBe(text.split(/\r\n|\n|\r/).length)
        },
      ),
    )
  })
})

describe("records of a CSV text that is not", () => {
  it.each([
    ["a quote within a plain value", 'a,2" nail,b', [["a", '2" nail', "b"]]],
    ["words after a closing quote", '"a" b,c', [['"a" b', "c"]]],
    ["spaces around quotes", ' "a, b" ,c', [["a, b", "c"]]],
    [
      "a quote that nothing closes",
      'a,"b,c\nd,e,f',
      [
        ["a", '"b', "c"],
        ["d", "e", "f"],
      ],
    ],
  ])("are told apart all the same: %s", (_, text, cells) => {
    expect(recordsOf(text, ",").map((record) => record.cells)).toEqual(cells)
  })

  it("say which cell opened a quote that nothing closes", () => {
    expect(recordsOf('a,"b\nc,d', ",").map(({ openCell, line, lines }) => [openCell, line, lines])).toEqual([
      [1, 1, 1],
      [null, 2, 1],
    ])
  })

  it("of tabs are a line each", () => {
    const text = 'a\t"b\tc\n"d"\t"e""f"\t"g" h\n'
    expect(recordsOf(text, "\t").map((record) => record.cells)).toEqual([
      ["a", '"b', "c"],
      ["d", 'e"f', '"g" h'],
    ])
  })

  it("go on over line ends only where the caller finds them whole", () => {
    const scanner = new CsvScanner('a,"b\nc",d\n', ",")
    expect(scanner.next(() => false)).toMatchObject({ cells: ["a", '"b'], lines: 1, openCell: 1 })
    const seen: Array<unknown> = []
    const whole = new CsvScanner('a,"b\nc",d\n', ",").next((cells, takenIn) => seen.push(cells, takenIn) > 0)
    expect(whole).toMatchObject({ cells: ["a", "b\nc", "d"], lines: 2 })
    expect(seen).toEqual([["a", "b\nc", "d"], [['c"', "d"]]])
  })
})
