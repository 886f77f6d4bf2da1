/** Files as shops, marketplaces and tills export them: what each was made of, and its sibling of another shop. Names and numbers are invented. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { SenderId } from "../../src/domain/names.ts"
import { textOf } from "../../src/workload/file-text.ts"
import { timeline } from "../../src/workload/flows.ts"
import type { ImportGiven } from "../../src/workload/import-options.ts"
import { importLines } from "../../src/workload/import-report.ts"
import { planOf } from "../../src/workload/importer.ts"
import { accountedRows, type OrderPlan } from "../../src/workload/orders.ts"
import { notGiven, sourceOf } from "./order-source.ts"
import { played } from "./playing.ts"

type File = string | ReadonlyArray<string> | Uint8Array

const contentOf = (file: File): string | Uint8Array =>
  typeof file === "string" || file instanceof Uint8Array ? file : `${file.join("\n")}\n`

const sellers = [{ sender: "web" as SenderId, weight: 1 }]

const outcomeOf = (file: File, given: Partial<ImportGiven>, stock: File | null) =>
  planOf(sourceOf(contentOf(file), given, stock === null ? null : contentOf(stock)), { channels: sellers })

const planned = (file: File, given: Partial<ImportGiven> = {}, stock: File | null = null): OrderPlan => {
  const plan = outcomeOf(file, { "stock-share": stock === null ? "1" : null, ...given }, stock)
  if (plan._tag === "Refused") throw new Error(plan.message)
  expect(accountedRows(plan.report)).toBe(plan.report.rows)
  return plan
}

const refusal = (file: File, given: Partial<ImportGiven> = {}, stock: File | null = null): string => {
  const plan = outcomeOf(file, given, stock)
  return plan._tag === "Refused" ? plan.message : "it was played"
}

/** What is printed before anything plays. */
const told = (file: File, given: Partial<ImportGiven> = {}, stock: File | null = null): string => {
  const source = sourceOf(contentOf(file), given, stock === null ? null : contentOf(stock))
  const plan = planOf(source, { channels: sellers })
  if (plan._tag === "Refused") throw new Error(plan.message)
  return importLines(source, plan).join("\n")
}

/** Units sold, by SKU. */
const sold = (plan: OrderPlan): Record<string, number> => {
  const qty: Record<string, number> = {}
  for (const { command } of timeline(plan.flows)) if (command.type === "Reserve") qty[command.sku] = (qty[command.sku] ?? 0) + command.qty
  return qty
}

const reasons = (plan: OrderPlan) => plan.report.rejected.map(({ line, reason }) => [line, reason])

/** When each order is placed. */
const times = (plan: OrderPlan) => plan.flows.map(({ sends }) => new Date(sends[0]?.atMs ?? 0).toISOString())

const onHand = (plan: OrderPlan, sku: string) =>
  played(plan)
    .stocks.get(sku as never)
    ?.locations.reduce((sum, { onHand: qty }) => sum + qty, 0)

const utf16 = (text: string, bigEndian: boolean, mark: boolean): Uint8Array => {
  const bytes = Buffer.from(mark ? `\ufeff${text}` : text, "utf16le")
  return new Uint8Array(bigEndian ? bytes.swap16() : bytes)
}

describe("order numbers", () => {
  const header = "Order ID,Order Date,Ship Date,Product ID,Quantity"

  it("that begin with C are orders, and a C cancels only what is below zero", () => {
    const plan = planned([
      header,
      "CA-17-1,6/8/2017,6/11/2017,CHAIR-1,2",
      "CA-17-1,6/8/2017,6/16/2017,DESK-2,3",
      "US-17-2,6/9/2017,6/12/2017,LAMP-3,5",
    ])
    expect(sold(plan)).toEqual({ "CHAIR-1": 2, "DESK-2": 3, "LAMP-3": 5 })
  })

  it("that are said to be cancellations take back what is above zero too", () => {
    const rows = ["order_id,sku,quantity,order_date,customer", "10,CUP,4,2026-02-01,k1", "C11,CUP,1,2026-02-01,k1"]
    expect(sold(planned(rows))).toEqual({ CUP: 5 })
    expect(planned(rows, { "cancelled-invoices": "C" }).report).toMatchObject({ sales: 1, cancellations: { released: 1, returned: 0 } })
  })

  it("that stand on an order's first line only carry down, with its date and its buyer", () => {
    const rows = [
      "Name,Email,Created at,Lineitem quantity,Lineitem sku",
      "#7001,a@x.test,2026-02-01 09:00:00 +0100,2,CAP",
      ",,,1,SCARF",
      "#7002,b@x.test,2026-02-01 09:05:00 +0100,3,CAP",
      "#7002,,,4,SCARF",
    ]
    const plan = planned(rows)
    expect(sold(plan)).toEqual({ CAP: 5, SCARF: 5 })
    expect(times(plan)).toEqual([
      "2026-02-01T08:00:00.000Z",
      "2026-02-01T08:00:00.000Z",
      "2026-02-01T08:05:00.000Z",
      "2026-02-01T08:05:00.000Z",
    ])
    expect(plan.report.blankCustomers).toBe(0)
    expect(told(rows)).toMatch(/1 row without a number belongs to the order above\n.*2 rows without a date have that of the order/)
  })

  it("that are missing in the middle are no order of anybody's", () => {
    const plan = planned(["order_id,sku,quantity,order_date", "1,CAP,1,2026-02-01", ",CAP,1,2026-02-03", "2,CAP,1,2026-02-04"])
    expect(reasons(plan)).toEqual([[3, "NoInvoice"]])
  })
})

describe("lines and quotes", () => {
  const amazon = "amazon-order-id\tpurchase-date\torder-status\tproduct-name\tsku\tquantity\titem-status"

  it("of a tab file: a quote is a character, and swallows no line", () => {
    const line = (i: number, name: string, qty: number) =>
      `200-${i}\t2026-02-01T08:0${i}:00+00:00\tShipped\t${name}\tBOWL-${i}\t${qty}\tShipped`
    const plan = planned([
      amazon,
      line(1, "Bowl", 1),
      line(2, '"Dear friends bowl', 2),
      line(3, "Bowl", 4),
      line(4, '"Other friends bowl', 8),
      line(5, '"Bowl, blue"', 16),
    ])
    expect(sold(plan)).toEqual({ "BOWL-1": 1, "BOWL-2": 2, "BOWL-3": 4, "BOWL-4": 8, "BOWL-5": 16 })
    expect(plan.report.reading.lines).toMatchObject({ all: 6, header: 1, ofRows: 5 })
  })

  it("of a comma file: a quote that was none swallows no line, whichever line has the next one", () => {
    const rows = [
      "order_id,title,sku,quantity,order_date",
      '1,"6 inch ruler,RULER-6,1,2026-02-01',
      "2,Pen,PEN-1,2,2026-02-01",
      '3,ruler 8",RULER-8,4,2026-02-02',
      '4,"Pen, red",PEN-2,8,2026-02-02',
    ]
    const plan = planned(rows)
    expect(sold(plan)).toEqual({ "RULER-6": 1, "PEN-1": 2, "RULER-8": 4, "PEN-2": 8 })
    expect(told(rows)).toContain("1 with a quote that nothing closes, taken for a character")
  })

  it("of a quoted note are one row in several lines, and counted", () => {
    const rows = [
      "order_id,note,sku,quantity,order_date",
      '1,"ring twice',
      "then wait, please",
      '",CAP,2,2026-02-01',
      "2,,CAP,x,2026-02-02",
    ]
    const plan = planned(rows)
    expect(plan.report.reading.lines).toEqual({ all: 5, above: 0, header: 1, blank: 0, ofRows: 4, rowsOverLines: 1, rowsWithOpenQuote: 0 })
    expect(reasons(plan)).toEqual([[5, "InvalidQuantity"]])
    expect(told(rows)).toContain("2 rows in 4 lines: 1 goes on over line ends within quotes")
  })

  it("above the header are skipped: Excel's sep line, which is also used, and those of a report", () => {
    expect(sold(planned("\ufeffsep=|\r\norder_id|sku|quantity|order_date\r\n1|A;B,C|2|2026-02-01\r\n"))).toEqual({ "A;B,C": 2 })
    const report = [
      '"Includes all marketplaces, and the shop"',
      '"All times in UTC"',
      "",
      "order id,sku,quantity,date/time",
      '1,CAP,3,"Feb 1, 2026 8:15:44 AM PST"',
    ]
    const plan = planned(report)
    expect(times(plan)).toEqual(["2026-02-01T16:15:44.000Z"])
    expect(plan.report.reading.lines).toMatchObject({ all: 5, above: 2, header: 1, blank: 1, ofRows: 1 })
  })

  it("of a header may be several", () => {
    const plan = planned('"Order\r\nnumber","SKU","Quantity\r\n(units)","Order\r\ndate"\r\n1,CAP,2,2026-02-01\r\n', {
      columns: "quantity=Quantity (units)",
    })
    expect(sold(plan)).toEqual({ CAP: 2 })
    expect(plan.report.reading.lines).toMatchObject({ all: 5, header: 4, ofRows: 1 })
  })
})

describe("what was not sold", () => {
  const shopify = "Name,Financial Status,Fulfillment Status,Created at,Lineitem quantity,Lineitem sku,Cancelled at,Refunded Amount"
  const at = "2026-02-01 10:00:00 +0000"

  it("by states of the order, which stand in its first row: cancelled, voided, refunded", () => {
    const rows = [
      shopify,
      `#1,paid,fulfilled,${at},2,TEE,,0.00`,
      `#1,,,${at},1,MUG,,`,
      `#2,refunded,,${at},3,TEE,,60.00`,
      `#2,,,${at},5,MUG,,`,
      `#3,pending,,${at},7,TEE,${at},0.00`,
      `#4,partially_refunded,fulfilled,${at},11,TEE,,5.00`,
      `#5,voided,,${at},13,TEE,,`,
    ]
    const plan = planned(rows)
    expect(sold(plan)).toEqual({ TEE: 13, MUG: 1 })
    expect(plan.report.notSold).toEqual({ rows: 4, qty: 28, by: { refunded: 2, "cancelled at a date": 1, voided: 1 } })
    const text = told(rows)
    expect(text).toContain('status "Financial Status", cancelledAt "Cancelled at"')
    expect(text).toContain('ignored   "Fulfillment Status", "Refunded Amount": they may tell of states, and are not used')
    expect(text).toContain(`sold as a whole, as the file doesn't say how much of it was: "partially_refunded" 1`)
  })

  it.each([
    [
      "WooCommerce",
      "Order Number,Order Status,Order Date,SKU,Quantity",
      (status: string) => `8,${status},2026-02-01 10:00,CAP,2`,
      "wc-completed",
      ["wc-cancelled", "wc-failed", "wc-refunded", "trash"],
    ],
    [
      "Magento",
      "increment_id,status,created_at,sku,qty_ordered,qty_shipped",
      (status: string) => `000000008,${status},2026-02-01 10:00:00,CAP,2.0000,0`,
      "complete",
      ["canceled", "closed"],
    ],
    [
      "Amazon",
      "order-id\torder-item-id\tpurchase-date\torder-status\tsku\tquantity-purchased",
      (status: string) => `8\t1\t2026-02-01T10:00:00-08:00\t${status}\tCAP\t2`,
      "Shipped",
      ["Cancelled", "Shipped - Returned to Seller"],
    ],
    [
      "Olist",
      "order_id,order_item_id,product_id,seller_id,order_purchase_timestamp,quantity,order_status",
      (status: string) => `8,1,CAP,s,2017-10-02 10:56:33,2,${status}`,
      "delivered",
      ["canceled", "unavailable"],
    ],
    [
      "a German shop",
      "Bestellnummer;Bestelldatum;Bestellstatus;Artikelnummer;Menge",
      (status: string) => `8;01.02.2026 10:00;${status};CAP;2`,
      "Versandt",
      ["Storniert"],
    ],
  ] as const)("by the states of %s", (_, header, row, good, bad) => {
    const again = (status: string, i: number) => row(status).replace(/^0*8/, String(100 + i))
    const plan = planned([header, row(good), ...bad.map(again)])
    expect(sold(plan)).toEqual({ CAP: 2 })
    expect(plan.report.notSold.rows).toBe(bad.length)
  })

  it("by a status that nobody knows is sold, and said", () => {
    const rows = [
      "order_id,status,sku,quantity,order_date",
      "1,zapped,CAP,1,2026-02-01",
      "2,not cancelled,CAP,2,2026-02-01",
      "3,Cancelled by customer,CAP,4,2026-02-01",
    ]
    expect(sold(planned(rows))).toEqual({ CAP: 3 })
    expect(told(rows)).toContain('unknown   status, taken as sold (--not-sold WORD,... says otherwise): "zapped" 1')
    expect(sold(planned(rows, { "not-sold": "zapped" }))).toEqual({ CAP: 6 })
    expect(sold(planned(rows, { "not-sold": "none" }))).toEqual({ CAP: 7 })
  })

  it.each([
    ...["Storno", "STORNIERT", "annulliert", "Annulée", "ANNULE", "remboursée", "anulado", "Devuelto", "estornado"],
    ...["stornato", "Rimborsata", "geannuleerd", "anulowano", "zwrócony", "Refund", "Cancellation"],
  ])("by the usual word of a language, with or without its accents: %s", (status) => {
    const plan = planned(["order_id,status,sku,quantity,order_date", `1,${status},CAP,1,2026-02-01`, "2,paid,CAP,2,2026-02-01"])
    expect(sold(plan)).toEqual({ CAP: 2 })
  })

  it("by text where the date of a cancellation would stand: said and sold, unless it is a date or says yes", () => {
    const rows = [
      "order_id,Cancelled at,sku,quantity,order_date",
      "1,see note,CAP,1,2026-02-01",
      "2,see note,CAP,2,2026-02-01",
      "3,tbd,CAP,4,2026-02-01",
      ...["2026-02-02", "2/3/2026 10:00", "13.2.26", "1770000000", "yes", "storniert"].map((at, i) => `${4 + i},${at},CAP,8,2026-02-01`),
      ...["no", "-", "0000-00-00 00:00:00", "null"].map((at, i) => `${20 + i},${at},CAP,16,2026-02-01`),
    ]
    expect(sold(planned(rows))).toEqual({ CAP: 71 })
    expect(planned(rows).report.notSold).toEqual({ rows: 6, qty: 48, by: { "cancelled at a date": 6 } })
    expect(told(rows)).toContain('unknown   no date of a cancellation, taken as sold: "see note" 2, "tbd" 1')
  })

  it("by a state of each line holds of that line alone", () => {
    const rows = [
      "order_id,item_status,sku,quantity,order_date",
      "1,Cancelled,CAP,1,2026-02-01",
      "1,,MUG,2,2026-02-01",
      "2,Shipped,CAP,4,2026-02-01",
      "2,Shipped,MUG,8,2026-02-01",
    ]
    expect(sold(planned(rows))).toEqual({ CAP: 4, MUG: 10 })
  })

  it("by columns of units: what was cancelled never leaves, what was refunded comes back", () => {
    const plan = planned([
      "order_id,sku,qty_ordered,qty_canceled,qty_refunded,created_at",
      "1,TANK,4.0000,1.0000,2.0000,2026-02-01 10:00:00",
      "2,TANK,3.0000,3.0000,0.0000,2026-02-01 10:05:00",
    ])
    expect(sold(plan)).toEqual({ TANK: 3 })
    expect(plan.totals).toMatchObject({ demandQty: 3, cancelledQty: 1, returnedQty: 2 })
    expect(onHand(plan, "TANK")).toBe(2)
    const woo = planned(["Order ID,SKU,Quantity,Refunded Qty,Order Date", "1,TANK,4,-1,2026-02-01", "2,TANK,1,-2,2026-02-01"])
    expect(woo.totals).toMatchObject({ demandQty: 4, returnedQty: 1 })
    expect(reasons(woo)).toEqual([[3, "QuantitiesDisagree"]])
  })

  it("by a quantity below zero comes back: in the receipt of a till, or to nobody in particular", () => {
    const stock = ["sku,qty", "TEE,9"]
    const plan = planned(
      ["receipt,sku,quantity,date,customer", "1,TEE,3,2026-02-01 10:00,k1", "2,TEE,2,2026-02-01 11:00,k2", "3,TEE,-1,2026-02-04 12:00,k1"],
      {},
      stock,
    )
    expect(plan.report).toMatchObject({
      sales: 2,
      adjustments: 0,
      cancellations: { released: 0, returned: 1 },
      cancellationsWithoutSale: 0,
    })
    expect(onHand(plan, "TEE")).toBe(5)
    const till = planned(
      ["receipt,sku,quantity,date", "1,TEE,3,2026-02-01 10:00", "1,TEE,-1,2026-02-01 10:00", "2,TEE,-2,2026-02-03 10:00"],
      {},
      stock,
    )
    expect(onHand(till, "TEE")).toBe(9)
    expect(
      planned(["receipt,sku,quantity,date", "1,TEE,3,2026-02-01", "2,TEE,-2,2026-02-03"], { "below-zero": "count" }).report.adjustments,
    ).toBe(1)
  })
})

describe("goods", () => {
  it("are what one known file calls something else, in every other file", () => {
    const rows = ["S", "M", "D", "L", "GIFT", "POST"].map((code, i) => `${i},${code},1,2026-02-01`)
    expect(planned(["order_id,sku,quantity,order_date", ...rows]).report).toMatchObject({ sales: 6, notGoods: { rows: 0 } })
    expect(planned(["order_id,sku,quantity,order_date", ...rows], { "no-goods": "post,g*" }).report.notGoods.byCode).toEqual({
      GIFT: 1,
      POST: 1,
    })
    const uci = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    expect(planned([uci, "1,POST,,1,2026-02-01,1,7,UK", "1,CUP,,1,2026-02-01,1,7,UK"]).report).toMatchObject({
      sales: 1,
      notGoods: { rows: 1 },
    })
  })

  it("whose SKU a spreadsheet made a number are told, and never become one", () => {
    const rows = [
      "order_id,sku,quantity,order_date",
      "1,8.71253E+12,1,2026-02-01",
      "2,8.71253E+12,2,2026-02-01",
      "3,007,3,2026-02-01",
      "4,7,4,2026-02-01",
      '5,"8,71253E+12",5,2026-02-01',
      "6,1E5,6,2026-02-01",
    ]
    const plan = planned(rows)
    expect(reasons(plan)).toEqual([
      [2, "SkuFromSpreadsheet"],
      [3, "SkuFromSpreadsheet"],
      [6, "SkuFromSpreadsheet"],
    ])
    expect(sold(plan)).toEqual({ "007": 3, 7: 4, "1E5": 6 })
    expect(told(rows)).toContain('line 2: sku "8.71253E+12"')
    expect(refusal(rows.slice(0, 3))).toMatch(/of 2 rows, 2 SkuFromSpreadsheet.*make that column text in the spreadsheet/)
  })

  it("that look alike are told", () => {
    const plan = planned([
      "order_id,sku,quantity,order_date",
      "1,Caf\u00e9,1,2026-02-01",
      "2,CAF\u00c9,1,2026-02-01",
      "3,A B,1,2026-02-01",
      "4,AB,1,2026-02-01",
      "5,\uff21B,1,2026-02-01",
    ])
    expect(plan.report.lookAlikes).toEqual([
      ["Caf\u00e9", "CAF\u00c9"],
      ["A B", "AB", "\uff21B"],
    ])
  })

  it("that the door would not let be stocked are unusable, and why is told; what a column ends in is no part of them", () => {
    const rows = [
      "order_id,sku,quantity,order_date",
      "1,CAFE\u0301,1,2026-02-01",
      "2,A\u200bB,1,2026-02-01",
      "3,A\u00a0B,1,2026-02-01",
      "4,AB\u00a0,4,2026-02-01",
    ]
    expect(reasons(planned(rows))).toEqual([
      [2, "UnclearSku"],
      [3, "UnclearSku"],
      [4, "UnclearSku"],
    ])
    expect(sold(planned(rows))).toEqual({ AB: 4 })
    expect(told(rows)).toContain('sku "A\\u200bB": U+200B at its character 2 can\'t be seen')
  })

  it("with white space around their SKU are the same without it, and that is said", () => {
    const rows = ["order_id,sku,quantity,order_date", '1," CAP",1,2026-02-01', "2,CAP\u00a0,2,2026-02-01", "3,CAP,4,2026-02-01"]
    expect(sold(planned(rows))).toEqual({ CAP: 7 })
    expect(told(rows)).toContain('guessed   white space around a SKU is no part of it: taken off in 2 rows, such as " CAP"')
    const stock = ["sku,quantity", "CAP\t,5"]
    expect(told(rows.slice(0, 1).concat(rows[3] ?? ""), {}, stock)).toContain('taken off in 1 row, such as "CAP\\t"')
    expect(told(rows.filter((row) => !/ CAP|\u00a0/.test(row)))).not.toContain("white space")
  })

  it("counted by the row need an option, which the error names", () => {
    const rows = [
      '"order_id","order_item_id","product_id","shipping_limit_date"',
      '"x1",1,"p1",2017-09-19 09:45:35',
      '"x1",2,"p1",2017-09-19 09:45:35',
      '"x2",1,"p2",2017-05-03 11:05:13',
    ]
    expect(refusal(rows)).toMatch(/no column for the quantity.*--unit-rows/)
    expect(sold(planned(rows, { "unit-rows": true }))).toEqual({ p1: 2, p2: 1 })
  })
})

describe("quantities", () => {
  const of = (quantities: ReadonlyArray<string>) => [
    "order_id;sku;quantity;order_date",
    ...quantities.map((qty, i) => `${i};CAP;${qty};2026-02-01`),
  ]

  it.each([
    [
      "thousands beside one that can't be decimals",
      ["1.000", "1.250", "3"],
      2_253,
      /a dot in the quantity groups thousands, as "1\.250" says/,
    ],
    ["a German's, with decimals", ["1.000,00", "2,00", "3"], 1_005, /groups thousands, as "1\.000,00" says/],
    ["one that a comma before decimals elsewhere settles", ["1.000", "2,0", "3"], 1_005, /groups thousands, as "2,0" says/],
    ["decimals beside others", ["1.000", "2.0000"], 3, /"1\.000" in the quantity has decimals, as "2\.0000" has/],
    ["plain ones", ["1.0000", " 2 ", "+2", "4,0"], 9, /^/],
  ] as const)("are read where the file says how: %s", (_, quantities, total, guess) => {
    expect(sold(planned(of(quantities)))).toEqual({ CAP: total })
    expect(told(of(quantities))).toMatch(guess)
  })

  it.each([
    ["nothing else says what the dot means", ["1.000", "2.000", "7"]],
    ["two rows say two things", ["1.250", "1.50", "1.000"]],
  ] as const)("are asked about where %s", (_, quantities) => {
    expect(refusal(of(quantities))).toMatch(
      /^--orders: orders\.csv: "1\.\d+" in the quantity may be .* \(--decimal-mark \. or --decimal-mark ,\)$/,
    )
  })

  it("are read as they are said to be", () => {
    expect(sold(planned(of(["1.000", "2.000,0"]), { "decimal-mark": "," }))).toEqual({ CAP: 3_000 })
    expect(sold(planned(of(["1.000", "2,000.0"]), { "decimal-mark": "." }))).toEqual({ CAP: 2_001 })
  })

  it("of other kinds are rejected one by one, with their line and what stands there", () => {
    const odd = ["1,000", "1e2", "½", "３", "−1", "(1)", "2 pcs", "1'000", "1 000", "2-", "1.5", "#N/A", ""]
    const plan = planned(of(["3", ...odd]))
    expect(sold(plan)).toEqual({ CAP: 3 })
    expect(plan.report.rejected.map(({ line, value }) => [line, value])).toEqual(odd.map((qty, i) => [3 + i, `quantity "${qty}"`]))
  })

  it("that a mark before decimals would settle are rejected with the option that names it, and what was seen", () => {
    const text = told(of(["3", "1,000", "2,500"]))
    expect(text).toMatch(
      /UnclearQuantity 2 \(--decimal-mark \. or --decimal-mark ,\)\n {6}line 3: quantity "1,000".*\n {6}line 4: quantity "2,500"/,
    )
    expect(sold(planned(of(["3", "1,000", "2,500"]), { "decimal-mark": "." }))).toEqual({ CAP: 3_503 })
    expect(reasons(planned(of(["3", "1,000", "2 pcs"])))).toEqual([
      [3, "UnclearQuantity"],
      [4, "InvalidQuantity"],
    ])
    expect(told(of(["3"]), {}, ["sku,quantity", '"CAP","1,000"', "HAT,5"])).toContain("UnclearQuantity 1 (--decimal-mark")
  })
})

describe("dates", () => {
  const of = (...dates: ReadonlyArray<string>) => ["order_id|sku|quantity|order_date", ...dates.map((date, i) => `${i}|CAP|1|${date}`)]

  it.each([
    ["2026-02-01 10:00:00 UTC", "2026-02-01T10:00:00.000Z"],
    ["2026-02-01 10:00:00.123456+00", "2026-02-01T10:00:00.123Z"],
    ["2026-02-01T10:00:00.5+01:00", "2026-02-01T09:00:00.500Z"],
    ["2026/02/01 10:00", "2026-02-01T10:00:00.000Z"],
    ["2026.2.1", "2026-02-01T00:00:00.000Z"],
    ["20260201T100000".slice(0, 8), "2026-02-01T00:00:00.000Z"],
    ["01.02.2026 10:00", "2026-02-01T10:00:00.000Z"],
    ["1.2.26", "2026-02-01T00:00:00.000Z"],
    ["31/1/2026 9:05 PM", "2026-01-31T21:05:00.000Z"],
    ["1/31/2026 12:05 AM", "2026-01-31T00:05:00.000Z"],
    ["Feb 1, 2026 10:00:00 AM PST", "2026-02-01T18:00:00.000Z"],
    ["Sun, 1 Feb 2026 10:00:00 GMT", "2026-02-01T10:00:00.000Z"],
    ["2026-02-01 10:00:00 -0500", "2026-02-01T15:00:00.000Z"],
    ["46054.4166666667", "2026-02-01T10:00:00.000Z"],
    ["1769940000", "2026-02-01T10:00:00.000Z"],
  ])("are read that leave no doubt: %s", (date, meant) => {
    expect(times(planned(of(date)))).toEqual([meant])
  })

  it("of which one says what stands first are all read so, and it is said", () => {
    expect(times(planned(of("1/2/2026", "13/2/2026")))).toEqual(["2026-02-01T00:00:00.000Z", "2026-02-13T00:00:00.000Z"])
    expect(told(of("1/2/2026", "2/13/2026"))).toContain('the month stands before the day, as in "2/13/2026"')
    const other = ["order_id,sku,quantity,order_date,ship_date", "1,CAP,1,1/2/2026,1/15/2026"]
    expect(times(planned(other))).toEqual(["2026-01-02T00:00:00.000Z"])
  })

  it.each([
    [of("1/2/2026", "3/4/2026"), /dates like "1\/2\/2026" can be read with the day or the month first.*--date-format/],
    [of("13/2/2026", "2/13/2026"), /"13\/2\/2026" has the day first and "2\/13\/2026" the month.*--date-format/],
    [of("yesterday", "2026-13-45"), /none of its dates can be read: "yesterday" is no date in a form that is understood.*--date-format/],
  ])("are asked about, saying what the matter was", (file, why) => {
    expect(refusal(file)).toMatch(why)
  })

  it("that are none are rejected one by one, saying what the matter was", () => {
    const plan = planned(of("2026-02-30", "2026-02-01", "", "2026-02-01 25:00", "soon"))
    expect(plan.report.rejected.map(({ line, reason, value }) => [line, reason, value])).toEqual([
      [2, "InvalidDate", 'date "2026-02-30" is no day of the calendar, or no time of a day'],
      [4, "InvalidDate", "no date"],
      [5, "InvalidDate", 'date "2026-02-01 25:00" is no day of the calendar, or no time of a day'],
      [6, "InvalidDate", 'date "soon" is no date in a form that is understood'],
    ])
  })
})

describe("encodings", () => {
  const text = "order_id\tsku\tquantity\torder_date\r\n1\tCAFÉ-1\t2\t2026-02-01\r\n2\tCAFÈ-1\t3\t2026-02-01\r\n"
  const both = { "CAFÉ-1": 2, "CAFÈ-1": 3 }

  it.each([
    ["UTF-8", new TextEncoder().encode(text), /UTF-8;/],
    ["UTF-8 with a mark", new TextEncoder().encode(`\ufeff${text}`), /UTF-8, by its mark/],
    ["UTF-16LE with a mark", utf16(text, false, true), /UTF-16LE, by its mark/],
    ["UTF-16BE with a mark", utf16(text, true, true), /UTF-16BE, by its mark/],
    ["UTF-16LE without", utf16(text, false, false), /UTF-16LE, guessed/],
    ["UTF-16BE without", utf16(text, true, false), /UTF-16BE, guessed/],
    ["Windows-1252", new Uint8Array(Buffer.from(text, "latin1")), /WINDOWS-1252, guessed: its bytes are no UTF-8/],
  ])("are read as what they are: %s", (_, bytes, said) => {
    expect(sold(planned(bytes))).toEqual(both)
    expect(told(bytes)).toMatch(said)
  })

  it("are read as they are said to be", () => {
    const cyrillic = new Uint8Array([
      ...Buffer.from("order_id,sku,quantity,order_date\n1,"),
      0xd7,
      0xe0,
      0xe9,
      ...Buffer.from(",1,2026-02-01\n"),
    ])
    expect(sold(planned(cyrillic, { encoding: "windows-1251" }))).toEqual({ Чай: 1 })
  })

  it.each([
    ["a workbook", new Uint8Array([0x50, 0x4b, 3, 4, 20, 0]), /workbook/],
    ["zeros", new TextEncoder().encode("order_id,sku\n1,\0A\n"), /zero bytes.*UTF-16/],
    ["half a UTF-16 character", utf16(text, false, true).subarray(0, 31), /UTF-16LE, by its byte order mark, but can't be read/],
    ["two encodings", new Uint8Array([...Buffer.from("a,É\n"), ...Buffer.from("b,É\n", "latin1")]), /UTF-8, but for line 2/],
    ["bytes of neither", new Uint8Array([0x61, 0x0a, 0x81, 0x0a]), /line 2 is no UTF-8/],
  ])("are refused, and no byte is replaced: %s", (_, bytes, why) => {
    const read = textOf(bytes)
    expect(read._tag === "FileFault" && read.detail).toMatch(why)
  })
})

describe("rows equal in every column", () => {
  const rows = [
    "order_id,sku,quantity,order_date",
    "1,CAP,2,2026-02-01",
    "2,CAP,1,2026-02-02",
    "1,CAP,2,2026-02-01",
    "2,CAP,1,2026-02-02",
    "2,CAP,1,2026-02-03",
  ]

  it("are counted apart, and left out where asked", () => {
    expect(planned(rows).report).toMatchObject({ sales: 2, equalRows: 2, mergedDuplicates: 1 })
    expect(sold(planned(rows))).toEqual({ CAP: 7 })
    expect(told(rows)).toContain("2 rows equal to one before are sold too (--drop-equal-rows leaves them out)")
    const dropped = planned(rows, { "drop-equal-rows": true })
    expect(dropped.report).toMatchObject({ sales: 2, equalRows: 2, mergedDuplicates: 1 })
    expect(sold(dropped)).toEqual({ CAP: 4 })
  })

  it("are none of two orders, where the number stands on first lines only", () => {
    const plan = planned(
      ["Name,Created at,Lineitem quantity,Lineitem sku", "#1,2026-02-01,1,CAP", ",,1,MUG", "#2,2026-02-01,1,CAP", ",,1,MUG"],
      { "drop-equal-rows": true },
    )
    expect(sold(plan)).toEqual({ CAP: 2, MUG: 2 })
  })
})

describe("stock files", () => {
  const orders = ["order_id,sku,quantity,order_date", "1,CAP,8,2026-02-01", "2,CAP,2,2026-02-02"]

  it("may call their places what they like, and say that something isn't stocked there", () => {
    const stock = [
      "Handle,SKU,Location,Incoming,Available,On hand",
      "cap,CAP,High Street Shop,0,5,6",
      'cap,CAP,"Depot, South",0,9,9',
      "mug,MUG,High Street Shop,0,not stocked,not stocked",
      "cap,CAP,Depot-South,0,1,1",
      "cap,CAP,東京,0,2,2",
      "mug,MUG,Depot-South,0,1,many",
    ]
    const plan = planned(orders, {}, stock)
    expect(plan.report.stockFile?.levels.map(({ location, qty }) => [location, qty])).toEqual([
      ["High-Street-Shop", 6],
      ["Depot-South-2", 9],
      ["Depot-South", 1],
      ["place", 2],
    ])
    const text = told(orders, {}, stock)
    expect(text).toContain('place "Depot, South" is the location Depot-South-2')
    expect(text).toMatch(/not stocked there +1\n/)
    expect(text).toMatch(/InvalidQuantity 1\n +line 7: quantity "many": mug,MUG/)
  })

  it("sell what is there at every place", () => {
    const plan = planned(orders, {}, ["sku,qty,location", "CAP,5,berlin", "CAP,5,hamburg"])
    expect(plan.totals).toMatchObject({ receivedQty: 10, demandQty: 10 })
    expect(planned(orders, {}, ["seller-sku\tfulfillment-center-id\tquantity", "CAP\tXBER1\t12"]).totals.receivedQty).toBe(12)
  })

  it("without one usable row are refused, with the option that helps", () => {
    expect(refusal(orders, {}, ["sku,qty", "CAP,none", ",5"])).toBe(
      '--stock: stock.csv: there is no stock in it: of 2 rows, 1 InvalidQuantity, the first in line 2: quantity "none"; 1 NoSku, the first in line 3 (--stock-columns quantity=NAME)',
    )
    expect(refusal(orders, {}, ["sku,qty", "CAP,not stocked"])).toMatch(/there is no stock in it: of 1 row, 1 not stocked/)
    expect(refusal(orders, {}, ["sku,qty"])).toMatch(/^--stock: .*below the header there is no row/)
    expect(refusal(orders, {}, ["sku,price", "CAP,1"])).toMatch(
      /^--stock: .*no column for the quantity.*\(--stock-columns quantity=NAME\)$/,
    )
  })

  it("ask what a dot before three digits means", () => {
    expect(refusal(orders, {}, ["sku,qty", "CAP,1.000"])).toMatch(/^--stock: stock\.csv: "1\.000" in the quantity may be.*--decimal-mark/)
    expect(planned(orders, { "decimal-mark": "," }, ["sku,qty", "CAP,1.000"]).totals.receivedQty).toBe(1_000)
  })
})

describe("an order file without one usable row", () => {
  it.each<[string, ReadonlyArray<string>, RegExp, Partial<ImportGiven>?]>([
    [
      "quantities",
      ["order_id,sku,quantity,order_date", "1,CAP,x,2026-02-01", "2,CAP,,2026-02-02"],
      /of 2 rows, 2 InvalidQuantity, the first in line 2: quantity "x", quantity "" \(--columns quantity=NAME, /,
    ],
    ["nothing", ["order_id,sku,quantity,order_date"], /below the header there is no row/],
    [
      "all cancelled",
      ["order_id,status,sku,quantity,order_date", "1,cancelled,CAP,1,2026-02-01", "2,On ice (voided),CAP,1,2026-02-01"],
      /of 2 rows, 2 not sold \(cancelled, "On ice \(voided\)"\) \(--not-sold WORD,\.\.\. names .*--not-sold none/,
    ],
    [
      "all cancelled at a date",
      ["order_id,cancelled_at,sku,quantity,order_date", "1,2026-02-02,CAP,1,2026-02-01"],
      /of 1 row, 1 not sold \("cancelled at a date"\) \(--columns cancelledAt=NAME\)/,
    ],
    [
      "no goods",
      ["order_id,sku,quantity,order_date", "1,POST,1,2026-02-01"],
      /of 1 row, 1 no goods \(POST\) \(--no-goods CODE,.*--no-goods none/,
      { "no-goods": "post" },
    ],
    [
      "quantities with a mark that nothing in the file explains",
      ["order_id;sku;quantity;order_date", "1;CAP;1,000;2026-02-01", "2;CAP;2,500,000;2026-02-01"],
      /2 UnclearQuantity, the first in line 2: quantity "1,000", quantity "2,500,000" \(--decimal-mark \. or --decimal-mark ,\)/,
    ],
    ["all given back", ["order_id,sku,quantity,order_date", "1,CAP,-1,2026-02-01"], /of 1 row, 1 given back or written off/],
    ["no SKU", ["order_id,sku,quantity,order_date", "1,,1,2026-02-01"], /1 NoSku, the first in line 2 \(--columns sku=NAME\)/],
  ])("is refused, naming what is the matter and the option: %s", (_, rows, why, given = {}) => expect(refusal(rows, given)).toMatch(why))
  it("advises nothing where there is no row at all", () => {
    expect(refusal(["order_id,sku,quantity,order_date"])).toMatch(/there is no row$/)
  })

  it("puts no control character into its message", () => {
    const message = refusal(["order_id,sku,quantity,order_date", "1,A\u001b[2J,1\u0007\u202e,2026-02-01"])
    expect(message).toContain("\\u001b")
    expect(message).not.toMatch(/[\p{Cc}\u202e]/u)
  })
})

/** Lines of a text, counted without any of the importer's code. */
const linesIn = (text: string): number => {
  const lines = text.replace(/\r\n/g, "\n").replace(/\r/g, "\n").split("\n")
  return lines.at(-1) === "" ? lines.length - 1 : lines.length
}

const awkwardCell = fc.oneof(
  fc.constantFrom(
    "CAP",
    "MUG-1",
    "2",
    "-1",
    "2026-02-01",
    "",
    " ",
    "1.000",
    "1,5",
    "x",
    "cancelled",
    "É",
    '"',
    '"open',
    'inch"',
    '""',
    "sep=;",
    "\0",
    "\ufeff",
  ),
  fc.constantFrom(
    '"quoted"',
    '"a,b;c\td"',
    '"two\nlines"',
    '"two\r\nlines, and more\r\n"',
    '"cr\ronly"',
    '"doubled "" quote"',
    "'apostrophe'",
  ),
)

const awkwardText = fc
  .record({
    mark: fc.constantFrom("", "\ufeff"),
    sep: fc.constantFrom("", "sep=;", "sep=,"),
    delimiter: fc.constantFrom(",", ";", "\t", "|"),
    end: fc.constantFrom("\n", "\r\n", "\r"),
    last: fc.boolean(),
    rows: fc.array(fc.array(awkwardCell, { maxLength: 7 }), { maxLength: 30 }),
  })
  .map(({ mark, sep, delimiter, end, last, rows }) => {
    const lines = [
      ...(sep === "" ? [] : [sep]),
      ["order_id", "sku", "quantity", "order_date", "status"].join(delimiter),
      ["1", "CAP", "1", "2026-02-01", "paid"].join(delimiter),
    ]
    return mark + [...lines, ...rows.map((cells) => cells.join(delimiter))].join(end) + (last ? end : "")
  })

describe("the lines of a file", () => {
  it("are all accounted for, whatever is in them: header, above it, empty, and those of rows", () => {
    fc.assert(
      fc.property(awkwardText, (text) => {
        const plan = outcomeOf(text.replaceAll("\0", ""), {}, null)
        if (plan._tag === "Refused") return
        const { lines } = plan.report.reading
        expect(lines.all).toBe(linesIn(text.replaceAll("\0", "")))
        expect(lines.above + lines.header + lines.blank + lines.ofRows).toBe(lines.all)
        expect(lines.ofRows).toBeGreaterThanOrEqual(plan.report.rows)
        if (lines.rowsOverLines === 0) expect(lines.ofRows).toBe(plan.report.rows)
        expect(accountedRows(plan.report)).toBe(plan.report.rows)
      }),
      { numRuns: 500 },
    )
  })

  it("of a tab file are a row each", () => {
    fc.assert(
      fc.property(awkwardText, (text) => {
        const tabbed = text
          .replace(/^\ufeff?(?:sep=.)?[\r\n]*/, "")
          .replaceAll("\0", "")
          .replace(/[,;|]/g, "\t")
        const plan = outcomeOf(tabbed, {}, null)
        if (plan._tag === "Refused") return
        const { lines } = plan.report.reading
        expect(plan.report.rows).toBe(lines.all - lines.above - lines.header - lines.blank)
      }),
    )
  })

  it("never crash it, whatever bytes they are made of", () => {
    const bytes = fc.uint8Array({ maxLength: 400 })
    const prefix = fc.constantFrom("", "order_id,sku,quantity,order_date\n1,CAP,1,2026-02-01\n", '"', "sep=")
    fc.assert(
      fc.property(prefix, bytes, fc.boolean(), (start, rest, unitRows) => {
        const all = new Uint8Array([...new TextEncoder().encode(start), ...rest])
        const read = textOf(all)
        if (read._tag === "FileFault") return
        planOf(
          {
            _tag: "OrderSource",
            asked: sourceOf("", { "unit-rows": unitRows }).asked,
            orders: { path: "f", name: "f", text: read },
            stock: null,
          },
          { channels: sellers },
        )
      }),
      { numRuns: 300 },
    )
  })
})

describe("a file made to be slow", () => {
  const header = "order_id,sku,quantity,order_date\n1,CAP,1,2026-02-01\n"
  it.each([
    ["open quotes", header + '"a\n'.repeat(100_000)],
    ["quotes that open again and again", header + '1,"a\n",'.repeat(100_000)],
    ["one long line", header + "x,".repeat(500_000)],
    ["doubled quotes", `${header}"${'""'.repeat(500_000)}`],
    ["empty lines", header + "\n".repeat(500_000)],
    ["spaces before quotes", header + '1, "'.repeat(200_000)],
    ["a wide header", `${"a,".repeat(200_000)}\n`],
    ["a sku on end", `order_id,sku,quantity,order_date\n${"1,CAP,1,2026-02-01\n".repeat(20_000)}`],
  ])("is read in a time that its length bounds: %s", (_, text) => {
    // A reading that grew with the square of the length would take hours; the test's own limit ends it.
    const plan = outcomeOf(text, {}, null)
    expect(["OrderPlan", "Refused"]).toContain(plan._tag)
  })
})

describe("the options", () => {
  it("are the demo's and the simulator's, and none is forgotten in a test", () => {
    expect(Object.keys(notGiven)).toContain("drop-equal-rows")
  })

  it.each([
    [{ "decimal-mark": ";" }, /--decimal-mark: expected \. or ,/],
    [{ "below-zero": "vanish" }, /--below-zero: expected return or count/],
    [{ columns: "colour=C" }, /--columns: expected invoice=NAME/],
  ])("%j is refused", (given, why) => {
    expect(() => sourceOf("", given)).toThrow(why)
  })
})
