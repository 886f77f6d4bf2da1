import { describe, expect, it } from "vitest"
import type { ReservationId, SenderId, Sku } from "../../src/domain/names.ts"
import { orderLinesMax } from "../../src/limits.ts"
import { flashOrders } from "../../src/workload/flash-orders.ts"
import { flashSale } from "../../src/workload/flash-sale.ts"
import type { Flow } from "../../src/workload/flows.ts"
import { accountedRows, planOrders } from "../../src/workload/orders.ts"
import { createOrderTally, wholeOrders } from "../../src/workload/whole-orders.ts"

const file = `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,a,6,2010-12-01 08:26,1,17850,UK
1,B,b,2,2010-12-01 08:26,1,17850,UK
2,A,a,3,2010-12-01 09:00,1,13047,UK
C3,A,a,-2,2010-12-01 10:00,1,17850,UK
C4,B,b,-1,2010-12-05 10:00,1,17850,UK
C5,Z,z,-1,2010-12-05 10:00,1,99,UK
`
const channels = [{ sender: "web" as SenderId, weight: 1 }]
const plan = () => {
  const made = planOrders(file, { channels, stock: { _tag: "Share", num: 1, den: 1 } } as never)
  if (made._tag !== "OrderPlan") throw new Error(JSON.stringify(made))
  return made
}

describe("an order file as orders", () => {
  it("makes one order of each invoice, paid, and then cancelled as far as its customer did", () => {
    const made = wholeOrders(plan().flows, "whole", 900_000)
    expect(made).toMatchObject({ orders: 2, lines: 3, cancellations: 2, tooLong: { invoices: 0, lines: 0, cancellations: 0 } })
    const [first, second] = made.flows
    expect(first?.sends.map(({ command }) => command)).toMatchObject([
      {
        type: "PlaceOrder",
        order: "1",
        fill: "whole",
        holdMs: 900_000,
        lines: [
          { sku: "A", qty: 6 },
          { sku: "B", qty: 2 },
        ],
      },
      { type: "ConfirmOrder", order: "1" },
      { type: "CancelOrder", order: "1", lines: [{ sku: "A", qty: 2 }] },
      { type: "CancelOrder", order: "1", lines: [{ sku: "B", qty: 1 }] },
    ])
    expect(second?.sends.map(({ command }) => command.type)).toEqual(["PlaceOrder", "ConfirmOrder"])
    expect(new Set(made.flows.flatMap(({ sends }) => sends.map(({ command }) => command.id))).size).toBe(
      made.flows.reduce((sum, { sends }) => sum + sends.length, 0),
    )
  })

  it("accounts for every row, whatever is answered", () => {
    const { report, flows } = plan()
    const made = wholeOrders(flows, "whole", 1)
    for (const outcome of ["accepted", "refused", "unknown"]) {
      const tally = createOrderTally()
      for (const { sends } of made.flows)
        for (const { command } of outcome === "accepted" ? sends : sends.slice(0, 1)) tally.answered(command, outcome, undefined)
      const played = tally.finish(made.cancellations)
      expect(played.linesHeld + played.linesRefused + played.linesUnanswered).toBe(report.sales)
      expect(played.cancelled + played.cancelRefused + played.cancelUnasked + report.cancellationsWithoutSale).toBe(
        report.cancellations.released + report.cancellations.returned,
      )
    }
    expect(accountedRows(report)).toBe(report.rows)
  })

  it("leaves out an invoice of more lines than an order may have, and says so", () => {
    const line = (n: number): Flow => ({
      name: `l${n}`,
      ending: "paid",
      sends: [
        {
          atMs: 1,
          order: n,
          actor: "web" as SenderId,
          class: "sell",
          copies: 1,
          together: false,
          command: {
            type: "Reserve",
            id: `r${n}` as never,
            sku: `S${n}` as Sku,
            issuedAtMs: 1,
            reservation: `9.${n}` as ReservationId,
            qty: 1,
            holdMs: 1,
          },
        },
      ],
    })
    const made = wholeOrders(
      Array.from({ length: orderLinesMax + 1 }, (_, n) => line(n)),
      "partial",
      1,
    )
    expect(made).toMatchObject({ orders: 0, lines: 0, tooLong: { invoices: 1, lines: orderLinesMax + 1 } })
    expect(made.flows).toEqual([])
  })
})

describe("orders beside a flash sale", () => {
  const sale = flashSale({ seed: 1, orders: 200, skus: 10, warehouse: "warehouse" as SenderId, planner: "planner" as SenderId })
  const options = { seed: "1", count: 100, shortHoldMs: 1_500 }

  it("are the same for a seed, of several lines of the sale's SKUs, with an end of each kind", () => {
    const made = flashOrders(sale.flows, options)
    expect(flashOrders(sale.flows, options)).toEqual(made)
    expect(made).toHaveLength(100)
    expect(new Set(made.map(({ ending }) => ending))).toEqual(new Set(["paid", "late", "abandoned", "cancelled"]))
    for (const { sends } of made) {
      const [place] = sends
      expect(place?.command.type).toBe("PlaceOrder")
      expect(sends.map(({ atMs }) => atMs)).toEqual(sends.map(({ atMs }) => atMs).toSorted((a, b) => a - b))
    }
  })
})
