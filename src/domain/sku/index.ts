/**
 * The SKU as a kind of actor: all its commands and events. From this list come their types, readers and writers, and everything else that has to know each of them.
 */
import { defineActor } from "../define.ts"
import { adjustStock } from "./commands/adjust-stock/command.ts"
import { confirm } from "./commands/confirm/command.ts"
import { dropQuarantined } from "./commands/drop-quarantined/command.ts"
import { extend } from "./commands/extend/command.ts"
import { fulfil } from "./commands/fulfil/command.ts"
import { moveStatus } from "./commands/move-status/command.ts"
import { receiveStock } from "./commands/receive-stock/command.ts"
import { recordSale } from "./commands/record-sale/command.ts"
import { recount } from "./commands/recount/command.ts"
import { release } from "./commands/release/command.ts"
import { replayQuarantined } from "./commands/replay-quarantined/command.ts"
import { reserve } from "./commands/reserve/command.ts"
import { setPolicy } from "./commands/set-policy/command.ts"
import { writeOff } from "./commands/write-off/command.ts"
import { head } from "./define.ts"
import { discrepancyFound, expired, fulfilled, shortageCovered, shortageFound } from "./shared-events.ts"

/** The declaration of the kind SKU: its commands and events. */
export const skuKind = defineActor({
  kind: "sku",
  head,
  commands: [
    reserve,
    confirm,
    release,
    extend,
    recordSale,
    receiveStock,
    adjustStock,
    moveStatus,
    fulfil,
    setPolicy,
    replayQuarantined,
    dropQuarantined,
    recount,
    writeOff,
  ],
  events: [expired, fulfilled, shortageCovered, discrepancyFound, shortageFound],
  contentFields: [
    "reservation",
    "qty",
    "holdMs",
    "locations",
    "partial",
    "reason",
    "policy",
    "location",
    "reference",
    "from",
    "to",
    "channel",
    "mode",
    "quarantined",
    "shipment",
  ],
})
