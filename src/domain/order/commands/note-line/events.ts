/** What happens when a SKU tells of a line: the order's picture follows. */
import * as Schema from "effect/Schema"
import { QtyField } from "../../../fields.ts"
import { defineEvent } from "../../define.ts"
import { ofLine } from "../../fields.ts"

export const LineFact = ["fulfilled", "released", "lost", "beyond"] as const
/** `fulfilled`: left for the customer. `released`: given up by its channel, line by line. `lost`: ended by the SKU's own timer. `beyond`: left although the line had no units for that. */
export type LineFact = (typeof LineFact)[number]

/** `qty` units of a line ended without the order's doing. */
export const lineNoted = defineEvent({ type: "LineNoted", own: { ...ofLine, fact: Schema.Literals(LineFact), qty: QtyField } })
