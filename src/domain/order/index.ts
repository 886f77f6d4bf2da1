/**
 * Orders as a kind of actor: all their commands and events. From this list come their types, readers and writers, and everything else that has to know each of them.
 */
import { defineActor } from "../define.ts"
import { cancelOrder } from "./commands/cancel-order/command.ts"
import { confirmOrder } from "./commands/confirm-order/command.ts"
import { dropOrderCommand } from "./commands/drop-order-command/command.ts"
import { noteLine } from "./commands/note-line/command.ts"
import { placeOrder } from "./commands/place-order/command.ts"
import { replayOrderCommand } from "./commands/replay-order-command/command.ts"
import { head } from "./define.ts"
import {
  lineAskedAgain,
  lineConfirmed,
  lineLost,
  lineRefused,
  lineReleased,
  lineReserved,
  linesGivenUp,
  orderAtRest,
  orderEnded,
  orderExpired,
  orderForgotten,
} from "./shared-events.ts"

/** The declaration of the kind order: its commands and events. */
export const orderKind = defineActor({
  kind: "order",
  head,
  commands: [placeOrder, confirmOrder, cancelOrder, noteLine, replayOrderCommand, dropOrderCommand],
  events: [
    lineReserved,
    lineConfirmed,
    lineReleased,
    lineRefused,
    lineLost,
    lineAskedAgain,
    linesGivenUp,
    orderExpired,
    orderEnded,
    orderAtRest,
    orderForgotten,
  ],
  contentFields: ["order", "fill", "holdMs", "lines", "reason", "sku", "fact", "qty", "quarantined"],
})
