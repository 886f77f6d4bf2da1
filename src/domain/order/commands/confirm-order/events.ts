/** What happens while an order is confirmed: payment came before expiry, and every line has said so. */
import { CommandIdField } from "../../../fields.ts"
import { defineEvent } from "../../define.ts"
import { answer, carries } from "../../fields.ts"

/** Payment came first: from here on the order can't expire. Its lines are made lasting. */
export const orderConfirming = defineEvent({ type: "OrderConfirming", own: { id: CommandIdField, ...carries } })

/** Every line has answered: its channel is told what is lasting, and what it has to refund because a SKU's own timer came first after all. */
export const orderConfirmed = defineEvent({ type: "OrderConfirmed", own: answer })
