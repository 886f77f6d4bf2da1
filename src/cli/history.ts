/**
 * `holdfast history`: what became of a reservation or of an order, step by step.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SenderId, Sku } from "../domain/names.ts"
import type { OrderId } from "../domain/order/names.ts"
import { counted, shownName } from "../domain/telling.ts"
import { type OrderHistory, orderHistory, type ReservationHistory, reservationHistory } from "../query/history.ts"
import { archiveFlag } from "./archive-folder.ts"
import { orderFlag, reservationFlag, senderFlag, skuFlag } from "./arguments.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { knownText, momentFlag, pastHelp, sourceFlag, stepFlags, withPast } from "./past-access.ts"
import { stepsText } from "./past-steps.ts"
import { isoTime, jsonFlag, printJson, printLine, table } from "./print.ts"

const optional = <A>(flag: Flag.Flag<A>): Flag.Flag<A | undefined> => flag.pipe(Flag.optional, Flag.map(Option.getOrUndefined))

const reservationText = (answer: ReservationHistory): string => {
  const { sku, channel, reservation, status, openQty, expiresAtMs, atMs } = answer
  const until = expiresAtMs === null ? "" : `, until ${isoTime(expiresAtMs)}`
  const standing = status === null ? "never began" : `${status}, ${counted(openQty, "unit")} open${until}`
  const head = `${shownName(reservation)} of ${channel}, ${shownName(sku)}: ${standing} (as of ${isoTime(atMs)})`
  return [head, "", stepsText(answer, "no step"), "", knownText([answer.known])].join("\n")
}

const orderText = (answer: OrderHistory): string => {
  const { channel, order, phase, ending, lines, atMs } = answer
  const rows = lines.map((line) => [shownName(line.sku), line.qty, line.openQty, line.fulfilledQty, line.releasedQty, line.lostQty])
  return [
    `${shownName(order)} of ${channel}: ${phase === null ? "never placed" : (ending ?? phase)}, ${counted(lines.length, "line")} (as of ${isoTime(atMs)})`,
    ...(lines.length === 0 ? [] : ["", table(["SKU", "asked", "open", "fulfilled", "given back", "lost"], rows)]),
    "",
    stepsText(answer, "no step"),
    "",
    knownText([answer.known]),
  ].join("\n")
}

/** The answer for people. */
export const historyText = (answer: ReservationHistory | OrderHistory): string =>
  "order" in answer ? orderText(answer) : reservationText(answer)

const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })

const description = `Show what became of a reservation (--sku and --reservation) or of an order (--order) of a channel, step by step: what was asked, what was refused and why, what expired,
what left. Ended and forgotten ones too, as far back as journals and archive go.

${pastHelp}`

/** `holdfast history`. */
export const historyCommand = Command.make(
  "history",
  {
    channel: senderFlag("channel", "Whose"),
    sku: optional(skuFlag("Of a reservation: its SKU")),
    reservation: optional(reservationFlag("Which reservation, as its channel named it")),
    order: optional(orderFlag("Which order, as its channel named it")),
    at: momentFlag("at", "As of this moment; otherwise now"),
    ...stepFlags,
    source: sourceFlag,
    archive: archiveFlag,
    json: jsonFlag,
  },
  Effect.fn(function* ({ channel: given, sku, reservation, order, at, limit, before, source, archive, json }) {
    const channel = given as SenderId
    const asked = { limit, before, atMs: at }
    if (order !== undefined) {
      if (sku !== undefined || reservation !== undefined)
        return yield* usage("name an --order, or a --reservation with its --sku: one of both")
      const answer = yield* withPast({ source, archive }, orderHistory(channel, order as OrderId, asked))
      return yield* json ? printJson(answer) : printLine(historyText(answer))
    }
    if (sku === undefined || reservation === undefined) return yield* usage("name an --order, or a --reservation and its --sku")
    const answer = yield* withPast({ source, archive }, reservationHistory({ sku: sku as Sku, channel, reservation }, asked))
    yield* json ? printJson(answer) : printLine(historyText(answer))
  }),
).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([
    { command: "holdfast history --channel web --sku TEA-POT --reservation cart-17", description: "a reservation's life" },
    { command: "holdfast history --channel web --order web-1001", description: "an order's" },
  ]),
)
