/**
 * Loaded before a worker's own modules: that worker can't decide to place orders whose names begin with `stuck`, as long as a file `undecidable` lies in its folder. A defect of a release, and its repair.
 */
import { existsSync } from "node:fs"
import { placeOrder } from "../../src/domain/order/commands/place-order/command.ts"

const { decide } = placeOrder
const faulty: typeof decide = (order, command, ...more) => {
  if (command.order.startsWith("stuck") && existsSync("undecidable")) throw new Error("it can't be decided by this release")
  return decide(order, command, ...more)
}
Object.assign(placeOrder, { decide: faulty })
