/**
 * `holdfast order`: what became of one order, as its owner's journal has it.
 */

import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Client, clientLayer, type OrderStanding } from "../channel.ts"
import { whyNoId } from "../domain/names.ts"
import { counted, shownName } from "../domain/telling.ts"
import { asFlag, senderAccess, senderHelp } from "./access.ts"
import { senderFlag } from "./arguments.ts"
import { foundOr } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { isoTime, jsonFlag, printJson, printLine, table } from "./print.ts"

type KnownOrder = Extract<OrderStanding, { readonly answer: "order" }>

const standing = ({ phase, ending, expiresAtMs, owes }: KnownOrder): string =>
  [
    ending ?? phase,
    expiresAtMs === null ? "" : `until ${isoTime(expiresAtMs)}`,
    owes === null ? "" : `the answer to ${owes.type} ${owes.id} is owed`,
  ]
    .filter((part) => part !== "")
    .join(", ")

/** The answer for people. */
export const orderText = (answer: OrderStanding): string => {
  const asOf = `partition ${answer.partition}, record ${answer.seq}`
  if (answer.answer === "unknownOrder") return `${shownName(answer.order)}: no such order of ${answer.channel} is kept (${asOf})`
  const rows = answer.lines.map((line) => [
    shownName(line.sku),
    line.qty,
    line.openQty,
    line.fulfilledQty ?? 0,
    line.releasedQty ?? 0,
    line.lostQty ?? 0,
    [line.confirmed === true ? "confirmed" : "", line.asked === undefined ? "" : `${line.asked} under way`, line.reason ?? ""]
      .filter((part) => part !== "")
      .join(", "),
  ])
  return [
    `${shownName(answer.order)} of ${answer.channel}: ${standing(answer)}, ${counted(answer.lines.length, "line")}, ${answer.fill} (${asOf}, ${isoTime(answer.atMs)})`,
    "",
    table(["SKU", "asked", "open", "fulfilled", "given back", "lost", ""], rows),
  ].join("\n")
}

const description = `Show an order of a channel, as of a journaled record: where it stands, until when it is held, and of each line how many units are open, left, were given back or lost.
An order is kept for ten minutes after all of it has ended. Ends with 7 if there is no such order.

${senderHelp}`

const whyNo = [(id: string): boolean => whyNoId(id) === undefined, (id: string): string => whyNoId(id) ?? ""] as const

export const orderCommand = Command.make(
  "order",
  {
    order: Argument.String("order").pipe(Argument.withDescription("Which, by the id its channel gave it"), Argument.filter(...whyNo)),
    channel: senderFlag("channel", "Whose order; of whoever asks, if absent. An operator may ask about any").pipe(
      Flag.optional,
      Flag.map(Option.getOrUndefined),
    ),
    as: asFlag,
    json: jsonFlag,
  },
  Effect.fn(function* ({ order, channel, as, json }) {
    const access = yield* senderAccess(as, channel === undefined ? "sell" : "operator")
    const answer = yield* Client.use((client) => client.order(order, channel)).pipe(Effect.provide(clientLayer(access)))
    yield* json ? printJson(answer) : printLine(orderText(answer))
    yield* foundOr(answer.answer === "order")
  }),
).pipe(Command.withDescription(helpText(description)))
