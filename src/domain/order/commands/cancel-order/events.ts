/** What happens while an order, or some of it, is cancelled: its lines are asked to give up units, and have said how many. */
import { CommandIdField } from "../../../fields.ts"
import { defineEvent } from "../../define.ts"
import { answer, carries } from "../../fields.ts"

/** A channel gives up lines: each is asked for its units. */
export const linesCancelling = defineEvent({ type: "LinesCancelling", own: { id: CommandIdField, ...carries } })

/** Every one of them has answered: the channel is told how many units of each are given up. */
export const linesCancelled = defineEvent({ type: "LinesCancelled", own: answer })
