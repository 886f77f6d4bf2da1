/**
 * What a SKU's own JSON is, put together for the parts of wire that are the same for every kind. Its hot commands and events have readers and writers of their own, held to the Schemas by property tests.
 */
import { SkuField } from "../domain/fields.ts"
import type { Sku } from "../domain/names.ts"
import { classOf } from "../domain/sku/commands.ts"
import type { SkuKind } from "../kinds/sku/types.ts"
import { decodeBody } from "./body.ts"
import { commandText } from "./canonical.ts"
import { skuCommands } from "./commands.ts"
import { contentHash, differingField } from "./content.ts"
import { addEvents, addOutcome, EventJson, ExpiredJson, OutcomeJson, ShortageCoveredJson } from "./events.ts"
import type { KindJson } from "./kind-json.ts"
import { readEntries } from "./record-reader.ts"
import { readChunk } from "./sku-chunks.ts"

/** The JSON of SKUs. */
export const skuJson: KindJson<SkuKind> = {
  name: "sku",
  keyName: "sku",
  key: SkuField,
  // Every key is spelled as SKUs are.
  isKey: (key): key is Sku => key !== "",
  commands: skuCommands,
  classOf: ({ type }) => classOf[type],
  event: EventJson,
  expired: ExpiredJson,
  followUp: ShortageCoveredJson,
  outcome: OutcomeJson,
  commandText,
  contentHash,
  differingField,
  addEvents,
  addOutcome,
  readChunk,
  decodeBody,
  decodeBodyFrom: decodeBody,
  readEntries,
}
