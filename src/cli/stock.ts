/**
 * `holdfast stock`: what is known of one SKU, as its owner's journal has it.
 */

import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { Client, clientLayer, type StockAnswer } from "../channel.ts"
import { counted, grouped, shownName } from "../domain/telling.ts"
import { asFlag, senderAccess, senderHelp } from "./access.ts"
import { skuArgument } from "./arguments.ts"
import { foundOr } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { isoTime, jsonFlag, printJson, printLine, table } from "./print.ts"

type KnownStock = Extract<StockAnswer, { readonly answer: "stock" }>

const locations = ({ locations: all }: KnownStock): string =>
  table(
    ["location", "available", "on hand", "reserved", "exposed", "damaged", "inspection", "safety"],
    all.map((at) => [at.location, at.available, at.onHand, at.reserved, at.exposed, at.damaged, at.inspection, at.safety]),
  )

const channels = ({ ats, policy }: KnownStock): string => {
  if (policy === null || policy.channels.length === 0) return "no channel sells it: set a policy"
  const atsOf = new Map(ats.map((one) => [one.channel, one.ats]))
  return table(
    ["channel", "ATS", "priority", "fence", "buffer", "buffer %", "floor"],
    policy.channels.map((line) => [
      line.channel,
      atsOf.get(line.channel) ?? 0,
      line.priority,
      line.fenceQty,
      line.bufferQty,
      line.bufferPercent,
      line.floorQty,
    ]),
  )
}

/** What was sold without asking and is not there, oldest first. */
const shortages = ({ shortQty, shortages: all }: KnownStock): ReadonlyArray<string> => {
  if (shortQty === 0) return []
  const shown = all.reduce((sum, { qty }) => sum + qty, 0)
  const more = shown < shortQty ? [`and ${counted(shortQty - shown, "unit")} of later sales`] : []
  const rows = all.map(({ channel, reservation, qty, at }) => [channel, shownName(reservation), qty, at ?? "anywhere"])
  return [
    "",
    `${counted(shortQty, "unit")} ${shortQty === 1 ? "is" : "are"} sold and not there; goods that come are theirs first:`,
    table(["channel", "reservation", "short", "at"], rows),
    ...more,
  ]
}

/** The answer for people. */
export const stockText = (answer: StockAnswer): string => {
  const asOf = `partition ${answer.partition}, record ${answer.seq}`
  if (answer.answer === "unknownSku") return `${shownName(answer.sku)}: nobody has told anything about it yet (${asOf})`
  const short = answer.shortQty === 0 ? "" : `, ${grouped(answer.shortQty)} OWED AND NOT THERE`
  const head = `${shownName(answer.sku)}: ${grouped(answer.offered)} offered${short}, ${counted(answer.openReservations, "open reservation")} (${asOf}, ${isoTime(answer.atMs)})`
  return [head, "", locations(answer), ...shortages(answer), "", channels(answer)].join("\n")
}

const description = `Show the stock of a SKU by location and what each channel may sell of it, as of a journaled record. A channel may not: it asks what it
may sell itself with \`ats\`. Ends with 7 if nobody has told anything about the SKU. Ask as a sender with the role warehouse, merchandiser, operator or reader; with the nats-server of a \`serve\` in this folder that is operator.

${senderHelp}`

export const stockCommand = Command.make(
  "stock",
  { sku: skuArgument("Which SKU"), as: asFlag, json: jsonFlag },
  Effect.fn(function* ({ sku, as, json }) {
    const access = yield* senderAccess(as, "operator")
    const answer = yield* Client.use((client) => client.stock(sku)).pipe(Effect.provide(clientLayer(access)))
    yield* json ? printJson(answer) : printLine(stockText(answer))
    yield* foundOr(answer.answer === "stock")
  }),
).pipe(Command.withDescription(helpText(description)))
