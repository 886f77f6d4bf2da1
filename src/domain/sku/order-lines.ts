/**
 * What of an order's lines is the order's alone at a SKU: their reservations begin, are made lasting and end by its word, so that its picture of them is true. A channel may refer to a line, and give it up; it can't
 * make one.
 */
import { unreachable } from "../../assert.ts"
import { orderOfReservation } from "../order/names.ts"
import type { StockCommand } from "./commands.ts"

/** The field by which a command of a channel names an order's line where it may not; undefined: it doesn't. */
export const ordersOwnField = (command: StockCommand): "reservation" | undefined => {
  if (!("reservation" in command)) return undefined
  switch (command.type) {
    case "Reserve":
    case "Confirm":
    case "Extend":
      return orderOfReservation(command.reservation) === undefined ? undefined : "reservation"
    case "RecordSale":
      // A till's sale may draw on a line; what is owed would make it lasting, and begin one where there is none.
      return command.mode === "owed" && command.reservation !== undefined && orderOfReservation(command.reservation) !== undefined
        ? "reservation"
        : undefined
    case "Release":
    case "Fulfil":
      return undefined
    default:
      return unreachable(command)
  }
}
