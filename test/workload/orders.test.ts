import { createHash } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { LocationId, SenderId } from "../../src/domain/names.ts"
import { isId } from "../../src/domain/names.ts"
import type { Command, Fulfil } from "../../src/domain/sku/commands.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { issuedAt, shipmentsOf, timeline } from "../../src/workload/flows.ts"
import { accountedRows, type OrderPlan, type OrderPlanOptions, planOrders } from "../../src/workload/orders.ts"
import { eventCount, played, textOf } from "./playing.ts"

const web = "web" as SenderId
const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"

const plannedFrom = (text: string, options: Partial<OrderPlanOptions> = {}): OrderPlan => {
  const plan = planOrders(text, {
    dateFormat: "D/M/YYYY",
    stock: { _tag: "Share", num: 1, den: 1 },
    channels: [{ sender: web, weight: 1 }],
    ...options,
  })
  if (plan._tag === "FileFault") throw new Error(plan.detail)
  return plan
}

const planned = (rows: ReadonlyArray<string>, options: Partial<OrderPlanOptions> = {}): OrderPlan =>
  plannedFrom([header, ...rows].join("\n"), options)

const faultOf = (text: string, options: Partial<OrderPlanOptions> = {}) => {
  const plan = planOrders(text, { stock: { _tag: "Share", num: 1, den: 1 }, channels: [{ sender: web, weight: 1 }], ...options })
  if (plan._tag === "OrderPlan") throw new Error("it was readable")
  return plan
}

/** The commands of the flows in the order of time, each in a few words. */
const story = (plan: OrderPlan): ReadonlyArray<string> =>
  timeline(plan.flows).map(({ actor, command }) => {
    const qty = "qty" in command ? ` ${command.qty}` : ""
    const reason = "reason" in command ? ` ${command.reason}` : ""
    return `${actor}: ${command.type} ${command.sku}${qty}${reason}`
  })

const day = 24 * 3_600_000
const december1 = Date.UTC(2010, 11, 1)

describe("order file", () => {
  it("becomes a reservation, a payment and, a day later, a shipment for every line", () => {
    const plan = planned(['536365,85123A,"HOLDER, WHITE",6,1/12/2010,2.55,17850,United Kingdom'])
    expect(plan.setup.map(({ actor, command }) => `${actor}: ${command.type}`)).toEqual(["warehouse: ReceiveStock", "planner: SetPolicy"])
    expect(plan.flows).toEqual([
      {
        name: "536365.1",
        ending: "paid",
        sends: [
          {
            atMs: december1,
            order: 0,
            actor: "web",
            class: "sell",
            command: {
              type: "Reserve",
              id: "reserve.536365.1",
              sku: "85123A",
              issuedAtMs: december1,
              reservation: "536365.1",
              qty: 6,
              holdMs: 900_000,
            },
            copies: 1,
            together: false,
          },
          {
            atMs: december1,
            order: 0,
            actor: "web",
            class: "sell",
            command: { type: "Confirm", id: "confirm.536365.1", sku: "85123A", issuedAtMs: december1, reservation: "536365.1" },
            copies: 1,
            together: false,
          },
          {
            atMs: december1 + day,
            order: 0,
            actor: "warehouse",
            class: "stock",
            command: {
              type: "Fulfil",
              id: "fulfil.536365.1",
              sku: "85123A",
              issuedAtMs: december1 + day,
              channel: "web",
              reservation: "536365.1",
              location: "main",
              qty: 6,
            },
            copies: 1,
            together: false,
          },
        ],
      },
    ])
  })

  it("is played in the order of time, and of the file where times are equal", () => {
    const plan = planned(["2,B,,1,2/12/2010,1,7,UK", "1,A,,1,1/12/2010,1,7,UK", "1,C,,1,1/12/2010,1,7,UK"])
    expect(story(plan)).toEqual([
      "web: Reserve A 1",
      "web: Confirm A",
      "web: Reserve C 1",
      "web: Confirm C",
      "warehouse: Fulfil A 1",
      "warehouse: Fulfil C 1",
      "web: Reserve B 1",
      "web: Confirm B",
      "warehouse: Fulfil B 1",
    ])
  })

  it("merges a SKU that stands twice in an invoice into one line, but not across invoices or from sale to write-off", () => {
    const plan = planned(["1,A,,2,1/12/2010,1,7,UK", "1,A,,3,1/12/2010,1,7,UK", "2,A,,4,1/12/2010,1,7,UK", "1,A,,-1,1/12/2010,1,7,UK"])
    expect(story(plan).filter((line) => /Reserve|Adjust/.test(line))).toEqual([
      "web: Reserve A 5",
      "web: Reserve A 4",
      "warehouse: AdjustStock A -1 count",
    ])
    expect(plan.report).toMatchObject({ rows: 4, sales: 2, mergedDuplicates: 1, adjustments: 1 })
  })

  it("keeps SKUs apart that differ only by case, and reports them", () => {
    const plan = planned(["1,84997b,,2,1/12/2010,1,7,UK", "1,84997B,,3,1/12/2010,1,7,UK"])
    expect(plan.totals.skus).toBe(2)
    expect(plan.report.lookAlikes).toEqual([["84997b", "84997B"]])
    expect(plan.report.mergedDuplicates).toBe(0)
  })

  it("counts lines that are no goods by their code, in any case, without playing them", () => {
    const codes = ["POST", "post", "D", "M", "S", "DOT", "BANK CHARGES", "AMAZONFEE", "CRUK", "PADS", "gift_0001_20", "C2"]
    const plan = planned([...codes, "DCGS0003", "M1", "POSTER"].map((code, i) => `${i},${code},,1,1/12/2010,1,7,UK`))
    expect(plan.report.notGoods.rows).toBe(codes.length)
    expect(plan.report.notGoods.byCode).toEqual(Object.fromEntries(codes.map((code) => [code, 1])))
    expect(plan.report.sales).toBe(3)
  })

  it("lets the rule for what is no goods be another", () => {
    const plan = planned(["1,POST,,1,1/12/2010,1,7,UK", "1,KERBSIDE,,1,1/12/2010,1,7,UK"], { notGoods: ["kerb*"] })
    expect(plan.report.notGoods.byCode).toEqual({ KERBSIDE: 1 })
    expect(plan.report.sales).toBe(1)
  })

  it("writes off what is below zero without being a cancellation: as damage where the description says so, else as a count", () => {
    const plan = planned([
      "1,A,,-10,1/12/2010,0,,UK",
      "2,B,damaged,-2,1/12/2010,0,,UK",
      "3,C,HOT WATER BOTTLE,-3,1/12/2010,0,,UK",
      "4,E,,1,2/12/2010,1,,UK",
    ])
    expect(story(plan).slice(0, 3)).toEqual([
      "warehouse: AdjustStock A -10 count",
      "warehouse: AdjustStock B -2 damage",
      "warehouse: AdjustStock C -3 count",
    ])
    expect(plan.report).toMatchObject({ adjustments: 3, blankCustomers: 4 })
  })

  it("plays orders without a customer, and counts them", () => {
    const plan = planned(["1,A,,1,1/12/2010,1,,UK"])
    expect(plan.report).toMatchObject({ sales: 1, blankCustomers: 1 })
  })

  it("needs no customer column", () => {
    const plan = plannedFrom("order_id,sku,qty,date\n1,A,1,2010-12-01\nC2,A,-1,2010-12-01\n", { dateFormat: "YYYY-MM-DD" })
    expect(plan.report).toMatchObject({ sales: 1, blankCustomers: 2, cancellationsWithoutSale: 1 })
  })

  it("rejects rows one by one, with the first reason that applies and their text", () => {
    const plan = planned([
      ",,,,,,,",
      "1,A",
      ",A,,1,1/12/2010,1,7,UK",
      "1,,,1,1/12/2010,1,7,UK",
      `1,${"A".repeat(129)},,1,1/12/2010,1,7,UK`,
      "1,A,,six,1/12/2010,1,7,UK",
      "1,A,,1.5,1/12/2010,1,7,UK",
      "1,A,,0,1/12/2010,1,7,UK",
      "1,A,,1000000001,1/12/2010,1,7,UK",
      "C1,A,,1,1/12/2010,1,7,UK",
      "1,A,,1,31/11/2010,1,7,UK",
      "1,A,,1,2010-12-01,1,7,UK",
      "1,8.71253E+12,,1,1/12/2010,1,7,UK",
      "1,CAF\ufffd,,1,1/12/2010,1,7,UK",
      '1,"A,x,1,1/12/2010,1,7,UK',
    ])
    expect(plan.report.rejected.map(({ row, reason }) => [row, reason])).toEqual([
      [1, "EmptyRow"],
      [2, "ColumnCount"],
      [3, "NoInvoice"],
      [4, "NoSku"],
      [5, "InvalidSku"],
      [6, "InvalidQuantity"],
      [7, "InvalidQuantity"],
      [8, "ZeroQuantity"],
      [9, "QuantityTooLarge"],
      [11, "InvalidDate"],
      [12, "InvalidDate"],
      [13, "SkuFromSpreadsheet"],
      [14, "DamagedText"],
      [15, "OpenQuote"],
    ])
    expect(plan.report.sales).toBe(1)
    expect(plan.report.rejected[9]).toMatchObject({
      text: "1,A,,1,31/11/2010,1,7,UK",
      line: 12,
      value: 'date "31/11/2010" is no date, or not in the form D/M/YYYY',
    })
  })

  it("rejects the row that would make a merged line too large for a command", () => {
    const plan = planned(["1,A,,999999999,1/12/2010,1,7,UK", "1,A,,2,1/12/2010,1,7,UK", "1,A,,1,1/12/2010,1,7,UK"])
    expect(plan.report.rejected).toMatchObject([{ row: 2, reason: "QuantityTooLarge" }])
    expect(plan.totals.demandQty).toBe(1_000_000_000)
  })

  it("gives invoices that are no ids names that are, each its own", () => {
    const invoices = ["#1001", "INV/1", "x".repeat(41), "1001", "1.1", ":1", "Ä", "INV 1"]
    const plan = planned(invoices.map((invoice) => `${invoice},A,,1,1/12/2010,1,7,UK`))
    const ids = timeline(plan.flows).map((step) => step.command.id)
    expect(ids.every(isId)).toBe(true)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe("cancellation", () => {
  const sale = "1,A,,10,1/12/2010,1,7,UK"

  it("releases units of the customer's sale that are not shipped, and the rest is shipped", () => {
    const plan = planned([sale, "C2,A,,-4,1/12/2010,1,7,UK"])
    expect(story(plan)).toEqual(["web: Reserve A 10", "web: Confirm A", "web: Release A 4 cancelled", "warehouse: Fulfil A 6"])
    expect(plan.report.cancellations).toEqual({ released: 1, returned: 0 })
    expect(plan.totals).toMatchObject({ releasedQty: 4, returnedQty: 0 })
  })

  it("of all units leaves nothing to ship", () => {
    const plan = planned([sale, "C2,A,,-10,1/12/2010,1,7,UK"])
    expect(story(plan)).toEqual(["web: Reserve A 10", "web: Confirm A", "web: Release A 10 cancelled"])
    expect(plan.flows[0]?.ending).toBe("cancelled")
  })

  it("before the payment leaves nothing to pay", () => {
    const rows = ["1,A,,10,1/12/2010 10:00,1,7,UK", "C2,A,,-10,1/12/2010 10:30,1,7,UK"]
    const plan = planned(rows, { dateFormat: "D/M/YYYY H:mm", confirmDelayMs: 3_600_000 })
    expect(story(plan)).toEqual(["web: Reserve A 10", "web: Release A 10 cancelled"])
  })

  it("of a sale that is shipped is a return, sent only after the shipment", () => {
    const plan = planned([sale, "C2,A,,-4,2/12/2010,1,7,UK"])
    expect(story(plan)).toEqual(["web: Reserve A 10", "web: Confirm A", "warehouse: Fulfil A 10", "warehouse: AdjustStock A 4 return"])
    expect(plan.flows).toHaveLength(1)
    expect(plan.report).toMatchObject({ cancellations: { released: 0, returned: 1 }, cancellationsWithoutSale: 0 })
  })

  it("is shipped or not by the delay that is asked for", () => {
    const rows = [sale, "C2,A,,-4,3/12/2010,1,7,UK"]
    expect(planned(rows, { shippingDelayMs: 3 * day }).report.cancellations).toEqual({ released: 1, returned: 0 })
    expect(planned(rows, { shippingDelayMs: 2 * day }).report.cancellations).toEqual({ released: 0, returned: 1 })
  })

  it.each([
    ["another customer's", "C2,A,,-4,1/12/2010,1,8,UK"],
    ["nobody's", "C2,A,,-4,1/12/2010,1,,UK"],
    ["another SKU's", "C2,a,,-4,1/12/2010,1,7,UK"],
    ["a larger", "C2,A,,-11,1/12/2010,1,7,UK"],
  ])("that is %s is a return without its sale", (_, row) => {
    const plan = planned([sale, row])
    expect(plan.report).toMatchObject({ cancellations: { released: 0, returned: 1 }, cancellationsWithoutSale: 1 })
    expect(plan.flows).toHaveLength(2)
  })

  it("is no one's before the sale", () => {
    expect(planned(["C2,A,,-4,1/12/2010,1,7,UK", sale]).report.cancellationsWithoutSale).toBe(1)
  })

  it("takes the latest sale that has enough units not yet cancelled", () => {
    const plan = planned([
      "1,A,,10,1/12/2010,1,7,UK",
      "2,A,,6,1/12/2010,1,7,UK",
      "C3,A,,-5,1/12/2010,1,7,UK",
      "C4,A,,-5,1/12/2010,1,7,UK",
      "C5,A,,-1,1/12/2010,1,7,UK",
      "C6,A,,-6,1/12/2010,1,7,UK",
    ])
    const releases = timeline(plan.flows).flatMap(({ command }) => (command.type === "Release" ? [[command.reservation, command.qty]] : []))
    expect(releases).toEqual([
      ["2.1", 5],
      ["1.1", 5],
      ["2.1", 1],
    ])
    expect(plan.report.cancellationsWithoutSale).toBe(1)
  })

  it("is told by another rule where one is given", () => {
    const plan = planned([sale, "R-2,A,,-4,1/12/2010,1,7,UK", "C3,A,,1,1/12/2010,1,7,UK"], { cancellations: ["R-"] })
    expect(plan.report).toMatchObject({ sales: 2, cancellations: { released: 1, returned: 0 } })
  })
})

describe("initial stock", () => {
  const rows = ["1,A,,7,1/12/2010,1,7,UK", "2,B,,1,1/12/2010,1,7,UK", "3,C,,-5,1/12/2010,1,,UK"]
  const received = (plan: OrderPlan) =>
    plan.setup.flatMap(({ command }) => (command.type === "ReceiveStock" ? [[command.sku, command.location, command.qty]] : []))

  it("is a share of what is sold, rounded up; nothing of what is only written off", () => {
    const plan = planned(rows, { stock: { _tag: "Share", num: 6, den: 10 } })
    expect(received(plan)).toEqual([
      ["A", "main", 5],
      ["B", "main", 1],
    ])
    expect(plan.setup.filter(({ command }) => command.type === "SetPolicy")).toHaveLength(3)
  })

  it("is what a stock file says, by location; SKUs it leaves out start without", () => {
    const text = "\ufeffsku;on hand;store\r\nA;3;north\r\nA;2;south\r\nZ;9;north\r\nB;0;north\r\n"
    const plan = planned(rows, { stock: { _tag: "File", text } })
    expect(received(plan)).toEqual([
      ["A", "north", 3],
      ["A", "south", 2],
      ["Z", "north", 9],
    ])
    expect(plan.report).toMatchObject({ skusWithoutStock: 1, stockFile: { rows: 4 } })
    expect(plan.totals).toMatchObject({ skus: 4, receivedQty: 14 })
  })

  it("arrives in several parts where it is more than a command may move", () => {
    const plan = planned(rows, { stock: { _tag: "File", text: "sku,qty\nA,2500000000\n" } })
    expect(received(plan).map((part) => part[2])).toEqual([1_000_000_000, 1_000_000_000, 500_000_000])
    expect(new Set(plan.setup.map(({ command }) => command.id)).size).toBe(4)
  })

  it("can't come from a stock file that can't be read, and says which file it is", () => {
    const fault = faultOf(`${header}\n`, { dateFormat: "D/M/YYYY", stock: { _tag: "File", text: "sku\nA\n" } })
    expect(fault.of).toBe("stock")
    expect(fault.detail).toMatch(/^no column for the quantity/)
  })
})

describe("columns and dates of an order file", () => {
  it("are found under other names, with times, zones and other delimiters", () => {
    const text = [
      "\ufeffOrder ID;Product SKU;Qty;Created at;Buyer",
      'W-1;"MUG;RED";2;2024-02-29T10:00:00+01:00;ann',
      "W-2;CUP;3;2024-02-29T09:30:00Z;bob",
      "",
      "CW-3;CUP;-1;2024-03-01T09:29:59Z;bob",
    ].join("\r\n")
    const plan = plannedFrom(text, { dateFormat: "YYYY-MM-DDTHH:mm:ssZ", channels: [{ sender: web, weight: 1 }] })
    expect(story(plan).slice(0, 5)).toEqual([
      "web: Reserve MUG;RED 2",
      "web: Confirm MUG;RED",
      "web: Reserve CUP 3",
      "web: Confirm CUP",
      "warehouse: Fulfil MUG;RED 2",
    ])
    expect(plan.report.cancellations).toEqual({ released: 1, returned: 0 })
  })

  it("can be named", () => {
    const text = "Beleg,Artikel,Menge,Tag\n1,A,1,1.12.2010\n"
    const columns = { invoice: "Beleg", sku: "Artikel", quantity: "Menge", date: "Tag" }
    expect(plannedFrom(text, { columns, dateFormat: "D.M.YYYY" }).report.sales).toBe(1)
  })

  it("are asked for by name when one is missing", () => {
    const fault = faultOf("InvoiceNo,Code,Quantity,InvoiceDate\n1,A,1,1/12/2010\n", { dateFormat: "D/M/YYYY" })
    expect(fault.reason).toBe("MissingColumn")
    expect(fault.detail).toMatch(
      /no column for the sku: looked for .*"StockCode".* but the file has "InvoiceNo", "Code", "Quantity", "InvoiceDate"/,
    )
  })

  it("are understood without a format only where they leave no doubt", () => {
    const text = (date: string) => `${header}\n1,A,,1,${date},1,7,UK\n`
    for (const date of ["2010-12-01", "2010-12-01 08:26", "2010-12-01T08:26:00Z", "2010-12-01 08:26:00 +0100"]) {
      const plan = planOrders(text(date), { stock: { _tag: "Share", num: 1, den: 1 }, channels: [{ sender: web, weight: 1 }] })
      expect(plan._tag === "OrderPlan" && plan.report.sales).toBe(1)
    }
    const fault = faultOf(text("1/12/2010"))
    expect(fault.reason).toBe("DateFormatNeeded")
    expect(fault.detail).toContain('"1/12/2010"')
  })

  it("can't be read in a format that is none", () => {
    const fault = faultOf(`${header}\n`, { dateFormat: "TT.MM.JJJJ" })
    expect(fault.reason).toBe("UnknownDateFormat")
    expect(fault.detail).toContain("TT.MM.JJJJ")
  })
})

/** Rows as no sane shop writes them. */
const awkwardRow = fc
  .tuple(
    fc.constantFrom("1", "2", "3", "C4", "C5", "", "#6"),
    fc.constantFrom("A", "a", "B", "POST", "", "Ä/1", '"Q,1"'),
    fc.constantFrom("", '"x, y"', "damaged", '2" nail', '"two\r\nlines"'),
    fc.constantFrom("1", "2", "-1", "-2", "0", "x", "", "1000000000", "3.0", "-9999999999"),
    fc.constantFrom("1/12/2010", "2/12/2010", "30/2/2010", "", "1/12/2010 8:26"),
    fc.constantFrom("1", ""),
    fc.constantFrom("7", "8", ""),
    fc.constantFrom("UK", "UK,", "UK,extra", '"U,K"'),
  )
  .map((cells) => cells.join(","))
const awkwardFile = fc
  .array(fc.oneof({ weight: 9, arbitrary: awkwardRow }, fc.constantFrom("", ",,,,,,,", "1,A", "   ")), { maxLength: 60 })
  // A file without a sale is none.
  .map((rows) => ["9,Z,,1,1/12/2010,1,7,UK", ...rows])

const optionsOf = (seed: number): Partial<OrderPlanOptions> => ({
  stock: { _tag: "Share", num: 6, den: 10 },
  channels: [
    { sender: web, weight: 3 },
    { sender: "portal" as SenderId, weight: 1 },
  ],
  shippingDelayMs: (1 + (seed % 2)) * day,
  confirmDelayMs: (seed % 3) * 1_000,
})

describe("accounting", () => {
  it("adds up to the rows of the file, whatever is in it", () => {
    fc.assert(
      fc.property(awkwardFile, fc.nat(5), (rows, seed) => {
        const { report } = planned(rows, optionsOf(seed))
        expect(accountedRows(report)).toBe(report.rows)
        expect(report.rows).toBe(rows.filter((row) => row !== "").length)
      }),
    )
  })

  it("agrees with the units in the plan", () => {
    fc.assert(
      fc.property(awkwardFile, fc.nat(5), (rows, seed) => {
        const { flows, totals } = planned(rows, optionsOf(seed))
        const sums = { Reserve: 0, Release: 0, Fulfil: 0, returns: 0, writtenOff: 0 }
        for (const { command } of timeline(flows)) {
          if (command.type === "Reserve" || command.type === "Release" || command.type === "Fulfil") sums[command.type] += command.qty ?? 0
          if (command.type === "AdjustStock") sums[command.qty > 0 ? "returns" : "writtenOff"] += Math.abs(command.qty)
        }
        expect(sums).toEqual({
          Reserve: totals.demandQty,
          Release: totals.releasedQty,
          Fulfil: totals.demandQty - totals.releasedQty,
          returns: totals.returnedQty + totals.returnedWithoutSaleQty,
          writtenOff: totals.writtenOffQty,
        })
      }),
    )
  })
})

describe("order plan", () => {
  const hash = (plan: OrderPlan) => createHash("sha256").update(textOf(plan)).digest("hex")

  it("is the same for the same file and options", () => {
    fc.assert(
      fc.property(awkwardFile, fc.nat(5), (rows, seed) => {
        expect(hash(planned(rows, optionsOf(seed)))).toBe(hash(planned(rows, optionsOf(seed))))
      }),
    )
  })

  it("has ids that are ids, unique in their scope, and flows whose times never fall", () => {
    fc.assert(
      fc.property(awkwardFile, fc.nat(5), (rows, seed) => {
        const plan = planned(rows, optionsOf(seed))
        const scoped = [...plan.setup, ...plan.flows.flatMap((flow) => flow.sends)].map(
          ({ actor, command }) => `${actor} ${command.sku} ${command.id}`,
        )
        expect(new Set(scoped).size).toBe(scoped.length)
        for (const { sends } of plan.flows) {
          expect(sends.length).toBeGreaterThan(0)
          sends.forEach((send, i) => {
            expect(isId(send.command.id)).toBe(true)
            expect(send.atMs).toBeGreaterThanOrEqual(sends[i - 1]?.atMs ?? 0)
          })
        }
      }),
    )
  })

  it("has only commands that the wire takes unchanged", () => {
    const sameAfterWire = (command: Command): void => {
      const body = engineCodec.decodeBody(new TextEncoder().encode(engineCodec.commandText(command)))
      expect(body._tag === "Commands" && body.commands[0]).toMatchObject({ _tag: "Command", command })
    }
    fc.assert(
      fc.property(awkwardFile, fc.nat(5), (rows, seed) => {
        const plan = planned(rows, optionsOf(seed))
        for (const { command } of [...plan.setup, ...timeline(plan.flows)]) sameAfterWire(command)
      }),
      { numRuns: 30 },
    )
  })

  it("lets only too little stock refuse anything: all else of a played plan is accepted", () => {
    fc.assert(
      fc.property(awkwardFile, fc.nat(5), (rows, seed) => {
        const { answers } = played(planned(rows, optionsOf(seed)))
        const refused = Object.keys(answers).filter((answer) => !answer.endsWith(" accepted"))
        for (const answer of refused) expect(["Reserve InsufficientStock", "Reserve UnknownSku"]).toContain(answer)
      }),
    )
  })

  it("sells everything when all of the demand is in stock and nothing is written off", () => {
    const plan = planned(["1,A,,7,1/12/2010,1,7,UK", "2,A,,5,1/12/2010,1,7,UK", "C3,A,,-2,1/12/2010,1,7,UK", "C4,A,,-1,5/12/2010,1,7,UK"])
    const play = played(plan)
    expect(play.answers).toEqual({
      "ReceiveStock accepted": 1,
      "SetPolicy accepted": 1,
      "Reserve accepted": 2,
      "Confirm accepted": 2,
      "Release accepted": 1,
      "Fulfil accepted": 2,
      "AdjustStock accepted": 1,
    })
    expect(play.stocks.get("A")?.locations[0]).toMatchObject({ onHand: 3, reserved: 0 })
    expect(eventCount(play, "DiscrepancyFound")).toBe(0)
  })

  it("gives an invoice to one channel, and to each channel its share of the invoices", () => {
    const rows = Array.from({ length: 400 }, (_, i) => `${1000 + (i >> 1)},S${i},,1,1/12/2010,1,7,UK`)
    const reserves = planned(rows, optionsOf(0)).flows.flatMap((flow) => flow.sends.slice(0, 1))
    for (let i = 0; i < reserves.length; i += 2) expect(reserves[i]?.actor).toBe(reserves[i + 1]?.actor)
    const portal = reserves.filter((send) => send.actor === "portal").length
    expect(portal).toBeGreaterThan(60)
    expect(portal).toBeLessThan(140)
  })
})

describe("played command", () => {
  const fulfil = planned(["1,A,,7,1/12/2010,1,7,UK"]).flows[0]?.sends[2]?.command as Fulfil

  it("can be made at another time without changing otherwise", () => {
    expect(issuedAt(fulfil, 5)).toEqual({ ...fulfil, issuedAtMs: 5 })
  })

  it("ships what is open at each location, the first under the planned id", () => {
    const open = [
      { location: "north" as LocationId, qty: 3 },
      { location: "south" as LocationId, qty: 4 },
    ]
    expect(shipmentsOf(fulfil, open).map(({ id, location, qty }) => [id, location, qty])).toEqual([
      ["fulfil.1.1", "north", 3],
      ["fulfil.1.1:1", "south", 4],
    ])
  })
})
