import { describe, expect, it } from "vitest"
import { readTable } from "../../src/workload/csv-table.ts"
import { wholeOf } from "../../src/workload/file-numbers.ts"

const wishes = [
  { name: "sku", aliases: ["StockCode", "sku"], required: true },
  { name: "quantity", aliases: ["Quantity", "qty"], required: true },
  { name: "note", aliases: ["note"], required: false },
] as const

const fieldsOf = (text: string, given?: Partial<Record<"sku" | "quantity" | "note", string>>) => {
  const table = readTable(text, wishes, given)
  if (table._tag === "FileFault") throw new Error(table.detail)
  return table.rows.map((row) => (row.shape === "sound" ? row.fields : row.shape))
}

const faultOf = (text: string, given?: Partial<Record<"sku" | "quantity" | "note", string>>) => {
  const table = readTable(text, wishes, given)
  if (table._tag === "Table") throw new Error("it was readable")
  return table
}

describe("CSV table", () => {
  it("finds columns by their aliases, without case, spaces and punctuation", () => {
    expect(fieldsOf("Stock Code,QTY\nA,1\n")).toEqual([{ sku: "A", quantity: "1" }])
    expect(fieldsOf("qty;note;stock_code\n1;x;A\n")).toEqual([{ sku: "A", quantity: "1", note: "x" }])
  })

  it("takes the likelier alias where two columns could be meant", () => {
    expect(fieldsOf("sku,StockCode,qty\nwrong,right,1\n")).toEqual([{ sku: "right", quantity: "1" }])
  })

  it("takes the column that is named, whatever it is called", () => {
    expect(fieldsOf("sku,Artikel Nr.,qty\nwrong,right,1\n", { sku: "Artikel Nr." })).toEqual([{ sku: "right", quantity: "1" }])
    expect(fieldsOf("sku,ARTIKEL_NR,qty\nwrong,right,1\n", { sku: "Artikel Nr." })).toEqual([{ sku: "right", quantity: "1" }])
  })

  it("leaves out a byte order mark, empty lines and every kind of line end", () => {
    const rows = [
      { sku: "A", quantity: "1" },
      { sku: "B", quantity: "2" },
      { sku: "C", quantity: "3" },
    ]
    expect(fieldsOf("\ufeffsku,qty\r\nA,1\r\n\r\nB,2\nC,3\r\n\r\n")).toEqual(rows)
    expect(fieldsOf("\r\n\nsku,qty\rA,1\rB,2\r\rC,3")).toEqual(rows)
  })

  it("keeps quoted delimiters, quoted line ends and quotes inside a value", () => {
    expect(fieldsOf('sku,qty,note\nA,1,"red, large"\nB,2,"two\r\nlines"\nC,3,"say ""hi"""\nD,4,2" nail\n')).toEqual([
      { sku: "A", quantity: "1", note: "red, large" },
      { sku: "B", quantity: "2", note: "two\r\nlines" },
      { sku: "C", quantity: "3", note: 'say "hi"' },
      { sku: "D", quantity: "4", note: '2" nail' },
    ])
  })

  it("reads the delimiter off the header, quoted text left aside", () => {
    expect(fieldsOf("sku\tqty\nA\t1\n")).toEqual([{ sku: "A", quantity: "1" }])
    expect(fieldsOf('sku|"a,b,c,d"|qty\nA|x|1\n')).toEqual([{ sku: "A", quantity: "1" }])
  })

  it("marks rows that are blank or have values too few or too many", () => {
    expect(fieldsOf("sku,qty,note\n,,\n   \nA\nA,1\nA,1,x,\nA,1,x,y\n")).toEqual([
      "blank",
      "blank",
      "misshapen",
      { sku: "A", quantity: "1", note: "" },
      { sku: "A", quantity: "1", note: "x" },
      "misshapen",
    ])
  })

  it("names the missing column, what it looked for and what it found", () => {
    const fault = faultOf("code,qty\nA,1\n")
    expect(fault.reason).toBe("MissingColumn")
    expect(fault.detail).toBe('no column for the sku: looked for "StockCode", "sku", but the file has "code", "qty"')
  })

  it("doesn't fall back on aliases when the named column isn't there", () => {
    expect(faultOf("sku,qty\nA,1\n", { sku: "Artikel" }).detail).toContain('looked for "Artikel"')
    expect(faultOf("sku,qty\nA,1\n", { note: "Bemerkung" }).reason).toBe("MissingColumn")
  })

  it("doesn't choose between columns of the same name", () => {
    expect(faultOf("sku,SKU,qty\nA,B,1\n").reason).toBe("AmbiguousColumn")
  })

  it("can't read a file that is empty", () => {
    expect(faultOf("").reason).toBe("Empty")
    expect(faultOf("\ufeff\r\n\r\n").reason).toBe("Empty")
  })

  it("takes a quote that nothing closes for a character, and the row for none where it opens a value that is needed", () => {
    expect(fieldsOf('sku,qty,note\nA,1,x\nB,"2,y\nC,3,"6 inch\nD,4,z\n')).toEqual([
      { sku: "A", quantity: "1", note: "x" },
      "open",
      { sku: "C", quantity: "3", note: '"6 inch' },
      { sku: "D", quantity: "4", note: "z" },
    ])
    expect(fieldsOf('sku,size,qty\nB,"6 inch,2\nC,7,3\n')).toEqual([
      { sku: "B", quantity: "2" },
      { sku: "C", quantity: "3" },
    ])
  })

  it("shortens the text of a long row", () => {
    const table = readTable(`sku,qty\n${"A".repeat(1_000)},1\n`, wishes)
    expect(table._tag === "Table" && table.rows[0]?.text.length).toBe(257)
  })
})

describe("whole number", () => {
  it.each([
    ["6", 6],
    ["-6", -6],
    ["+6", 6],
    ["6.0", 6],
    ["007", 7],
    ["-0", 0],
  ])("is read from %j", (text, meant) => {
    expect(wholeOf(text)).toBe(meant)
  })

  it.each(["", "6.5", "1,000", "six", "1e3", "0x10", "--1", "9999999999999999", "٣"])("is not %j", (text) => {
    expect(wholeOf(text)).toBeUndefined()
  })
})
