/**
 * The one importer of order and stock files, for whoever plays them: from paths and options to a plan of traffic, or to a sentence that says why not and which option helps. Reads
 * the files; what their bytes, rows and words mean is decided in the files beside this one.
 *
 * Only regular files up to a bound are read: a pipe without an end, or a device, would be waited for.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs"
import { basename } from "node:path"
import { orderFileBytesMax } from "../limits.ts"
import { type FileFault, fault } from "./file-fault.ts"
import { type FileText, textOf } from "./file-text.ts"
import { type ImportAsked, remedyOf } from "./import-options.ts"
import { type InitialStock, type OrderPlan, type OrderPlanOptions, planOrders } from "./orders.ts"

/** A file as it was read. */
interface ReadFile {
  readonly path: string
  readonly name: string
  readonly text: FileText
}

/** Order file and stock file, read, and how they are to be understood. Plain data: it may be handed to a thread. */
export interface OrderSource {
  readonly _tag: "OrderSource"
  readonly asked: ImportAsked
  readonly orders: ReadFile
  readonly stock: ReadFile | null
}

/** Why a file can't be played, in a sentence that names it, and the option that helps. */
export interface Refused {
  readonly _tag: "Refused"
  readonly message: string
}

const refused = (option: "orders" | "stock", path: string, why: FileFault): Refused => {
  const remedy = remedyOf(why)
  return {
    _tag: "Refused",
    message: `--${option}: ${path}${why.reason === "Unreadable" ? "" : ":"} ${why.detail}${remedy === "" ? "" : ` (${remedy})`}`,
  }
}

const bytesOf = (path: string): Uint8Array | FileFault => {
  try {
    const found = statSync(path)
    if (!found.isFile()) return fault("Unreadable", "can't be read: it is no regular file")
    if (found.size > orderFileBytesMax)
      return fault("TooLarge", `it has ${found.size} bytes, and ${orderFileBytesMax} are the most that is read: split it`)
    const bytes = new Uint8Array(found.size)
    const file = openSync(path, "r")
    try {
      let at = 0
      for (let read = 1; read > 0 && at < bytes.length; at += read) read = readSync(file, bytes, at, bytes.length - at, null)
      return bytes.subarray(0, at)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    return fault("Unreadable", `can't be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const readOne = (option: "orders" | "stock", path: string, encoding: string | null): ReadFile | Refused => {
  const bytes = bytesOf(path)
  if (!(bytes instanceof Uint8Array)) return refused(option, path, bytes)
  const text = textOf(bytes, encoding ?? undefined)
  return text._tag === "FileFault" ? refused(option, path, text) : { path, name: basename(path), text }
}

/** Reads the files that were asked for. */
export const readSource = (asked: ImportAsked): OrderSource | Refused => {
  const orders = readOne("orders", asked.path, asked.encoding)
  if ("_tag" in orders) return orders
  const stock = asked.stock._tag === "File" ? readOne("stock", asked.stock.path, asked.encoding) : null
  if (stock !== null && "_tag" in stock) return stock
  return { _tag: "OrderSource", asked, orders, stock }
}

/** Who plays the orders, and how. */
export type PlayOptions = Omit<OrderPlanOptions, keyof ImportAsked["options"] | "stock">

/** The plan of what was read. The same source gives the same plan. */
export const planOf = ({ asked, orders, stock }: OrderSource, playing: PlayOptions): OrderPlan | Refused => {
  const initial: InitialStock =
    asked.stock._tag === "File" ? { _tag: "File", text: stock?.text.text ?? "", columns: asked.stock.columns } : asked.stock
  const plan = planOrders(orders.text.text, { ...asked.options, ...playing, stock: initial })
  if (plan._tag === "OrderPlan") return plan
  return plan.of === "stock" && asked.stock._tag === "File" ? refused("stock", asked.stock.path, plan) : refused("orders", asked.path, plan)
}
