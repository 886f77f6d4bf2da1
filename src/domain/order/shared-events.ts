/**
 * Events of orders that several commands have, or none: what lines answer whatever they were asked for, what goes back, what ends, and what is forgotten.
 *
 * An event may carry commands to SKUs. They are part of it: journaled with it, sent once that record is confirmed, and sent again until their decision is back.
 */
import * as Schema from "effect/Schema"
import { BoundField, EpochMsField, QtyField } from "../fields.ts"
import { RefusalReason } from "../refusals.ts"
import { defineEvent } from "./define.ts"
import { answer, carries, LineCommandType, ofLine } from "./fields.ts"
import { OrderEnding } from "./order.ts"

/** A SKU holds `qty` units for a line, until then at least. */
export const lineReserved = defineEvent({ type: "LineReserved", own: { ...ofLine, qty: QtyField, expiresAtMs: EpochMsField } })

/** A SKU made a line's hold lasting. */
export const lineConfirmed = defineEvent({ type: "LineConfirmed", own: ofLine })

/** A SKU took back `qty` units of a line. */
export const lineReleased = defineEvent({ type: "LineReleased", own: { ...ofLine, qty: BoundField } })

const refusedFields = {
  ...ofLine,
  command: Schema.Literals(LineCommandType),
  reason: Schema.Literals(RefusalReason),
  ats: Schema.optionalKey(Schema.Int),
  hasEnded: Schema.Boolean,
}
/** A SKU said no. `hasEnded`: because the line's reservation has ended; how, it tells of its own accord. */
export const lineRefused = defineEvent({ type: "LineRefused", own: refusedFields })

/** A SKU knows nothing of `qty` units that the order had. */
export const lineLost = defineEvent({ type: "LineLost", own: { ...ofLine, qty: BoundField } })

/** What came of a line's command can't be known any more: another is carried that needs not know. */
export const lineAskedAgain = defineEvent({ type: "LineAskedAgain", own: carries })

/** Lines of an order that won't be, or is no more, are asked for their units. */
export const linesGivenUp = defineEvent({ type: "LinesGivenUp", own: carries })

/** The hold was over before payment came. Its lines are asked for their units. */
export const orderExpired = defineEvent({ type: "OrderExpired", own: carries })

const endedFields = { ending: Schema.Literals(OrderEnding), answer: Schema.optionalKey(answer.answer) }
/** Nothing of the order is open any more. With an answer where a command that waited finds it so. */
export const orderEnded = defineEvent({ type: "OrderEnded", own: endedFields })

/** It has ended, and nothing about it is under way any more: it is kept until then for whoever asks too late. */
export const orderAtRest = defineEvent({ type: "OrderAtRest", own: { keptUntilMs: EpochMsField } })

/** It was kept for long enough. How it ended is remembered for as long as its channel's commands are. */
export const orderForgotten = defineEvent({ type: "OrderForgotten", own: {} })
