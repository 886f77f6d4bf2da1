/**
 * The tables as the writer knows them: columns in the order they are sent, with their types, and what a row is found by. Held to schema.ts by a test; drizzle itself isn't loaded to write, for that
 * takes a second and 200 MB.
 */
import type { TableName } from "../ports/projection.ts"

export type ColumnType = "text" | "int4" | "int2" | "int8" | "bool" | "timestamptz" | "jsonb"

export interface Table {
  readonly name: string
  /** By the name of the field that holds it, in a row. */
  readonly columns: ReadonlyArray<readonly [field: string, type: ColumnType]>
  /** Fields that tell one row from the others. */
  readonly key: ReadonlyArray<string>
  /** Whether a newer record's row takes the place of an older one's. Otherwise a row is written once, and stays. */
  readonly isState: boolean
}

const made = [
  ["seq", "int8"],
  ["at", "timestamptz"],
] as const

/** A field's column. */
export const columnOf = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const text = <const Names extends ReadonlyArray<string>>(...names: Names) => names.map((name) => [name, "text"] as const)
const units = (...names: ReadonlyArray<string>) => names.map((name) => [name, "int8"] as const)

const ofPartition = [
  ["kind", "text"],
  ["partition", "int4"],
] as const

export const tables: Readonly<Record<TableName, Table>> = {
  ledger: {
    name: "ledger",
    columns: [
      ...ofPartition,
      ...made,
      ["place", "int4"],
      ["line", "int4"],
      ["brokerAt", "timestamptz"],
      ["epoch", "int8"],
      ...text("cause", "key", "sku", "channel", "reservation", "orderId", "sender", "class", "onBehalf"),
      ["isBulk", "bool"],
      ...text("commandId", "commandType"),
      ["command", "jsonb"],
      ...text("decision"),
      ["refusal", "jsonb"],
      ...text("eventType"),
      ["event", "jsonb"],
      ["detail", "jsonb"],
      ...text("correlationId", "causationId"),
    ],
    key: ["kind", "partition", "seq", "place", "at"],
    isState: false,
  },
  skus: {
    name: "skus",
    columns: [...text("sku"), ["partition", "int4"], ...made, ...units("policyVersion", "offered", "short"), ["state", "jsonb"]],
    key: ["sku"],
    isState: true,
  },
  skuMarks: { name: "sku_marks", columns: [...text("sku", "month"), ...made, ["state", "jsonb"]], key: ["sku", "month"], isState: false },
  stock: {
    name: "stock",
    columns: [...text("sku", "location"), ...made, ...units("onHand", "damaged", "inspection", "reserved", "exposed", "safety", "short")],
    key: ["sku", "location"],
    isState: true,
  },
  reservations: {
    name: "reservations",
    columns: [
      ...text("sku", "channel", "reservation"),
      ...made,
      ["beganSeq", "int8"],
      ["beganAt", "timestamptz"],
      ...text("orderId", "status"),
      ...units("openQty", "shortQty", "fulfilledQty"),
      ["expiresAt", "timestamptz"],
      ["state", "jsonb"],
    ],
    key: ["sku", "channel", "reservation"],
    isState: true,
  },
  ats: {
    name: "ats",
    columns: [...text("sku", "channel"), ...made, ...units("ats"), ["isSold", "bool"]],
    key: ["sku", "channel"],
    isState: true,
  },
  policies: {
    name: "policies",
    columns: [...text("sku"), ...units("version"), ...made, ...text("sender"), ["policy", "jsonb"]],
    key: ["sku", "version"],
    isState: false,
  },
  quarantine: {
    name: "quarantine",
    columns: [
      ...ofPartition,
      ...text("quarantined"),
      ...made,
      ...text("key", "sender", "class"),
      ["command", "jsonb"],
      ...text("cause"),
      ["beganSeq", "int8"],
      ["beganAt", "timestamptz"],
      ["settledSeq", "int8"],
      ["settledAt", "timestamptz"],
      ...text("settledAs"),
    ],
    key: ["kind", "partition", "quarantined"],
    isState: true,
  },
  shortages: {
    name: "shortages",
    columns: [...text("sku", "channel", "reservation"), ...made, ...units("qty"), ...text("location")],
    key: ["sku", "channel", "reservation"],
    isState: true,
  },
  discrepancies: {
    name: "discrepancies",
    columns: [
      ...ofPartition,
      ...made,
      ["place", "int4"],
      ...text("sku", "what"),
      ...units("qty"),
      ...text("location", "sender", "commandId"),
    ],
    key: ["kind", "partition", "seq", "place"],
    isState: false,
  },
  senders: {
    name: "senders",
    columns: [
      ...ofPartition,
      ...text("sender"),
      ...made,
      ...units("accepted", "refused", "repeated", "quarantined", "expired"),
      ["floors", "jsonb"],
    ],
    key: ["kind", "partition", "sender"],
    isState: true,
  },
  orders: {
    name: "orders",
    columns: [
      ...text("channel", "orderId"),
      ["partition", "int4"],
      ...made,
      ["placedSeq", "int8"],
      ["placedAt", "timestamptz"],
      ...text("phase", "ending", "fill"),
      ...units("openQty", "fulfilledQty"),
      ["isForgotten", "bool"],
      ["state", "jsonb"],
    ],
    key: ["channel", "orderId"],
    isState: true,
  },
  orderLines: {
    name: "order_lines",
    columns: [
      ...text("channel", "orderId", "sku"),
      ["seq", "int8"],
      ["place", "int2"],
      ...units("qty", "minQty", "reserved", "released", "fulfilled", "lost"),
      ["isConfirmed", "bool"],
      ...text("refusalReason"),
    ],
    key: ["channel", "orderId", "sku"],
    isState: true,
  },
}
