/** A NoteLine as a SKU writes it: what documents and tests show of it. */
import type { CommandId, SenderId, Sku } from "../../../names.ts"
import type { OrderId } from "../../names.ts"
import type { NoteLine } from "./command.ts"

/** As a SKU tells it of one of its order's lines. */
export const noteLineExample: NoteLine = {
  type: "NoteLine",
  id: "TEA-POT/418/0" as CommandId,
  channel: "web" as SenderId,
  order: "web-1001" as OrderId,
  issuedAtMs: 1_764_460_800_000,
  sku: "TEA-POT" as Sku,
  fact: "fulfilled",
  qty: 1,
}
