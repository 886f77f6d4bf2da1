/**
 * `holdfast ats`: what a channel may sell now, and, with --watch, whenever that changes.
 */

import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import { type AtsValue, Client, clientLayer } from "../channel.ts"
import { shownName } from "../domain/telling.ts"
import { asFlag, senderAccess, senderHelp } from "./access.ts"
import { skuArgument } from "./arguments.ts"
import { foundOr } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { isoTime, jsonFlag, print, printJson, printLine, table } from "./print.ts"

const valueLine = ({ sku, ats, delta, cause, version, atMs }: AtsValue): string =>
  `${isoTime(atMs)}  ${shownName(sku)}  ${ats}  ${delta > 0 ? "+" : ""}${delta}  ${cause}  version ${version}`

const bySku = (values: Iterable<AtsValue>): ReadonlyArray<AtsValue> => [...values].sort((a, b) => (a.sku < b.sku ? -1 : 1))

const current = (skus: ReadonlyArray<string> | undefined) =>
  Effect.scoped(
    Effect.gen(function* () {
      const client = yield* Client
      const subscription = yield* client.subscribeAts({ ...(skus === undefined ? {} : { skus }), onValue: () => {} })
      yield* subscription.ready
      return bySku(subscription.all())
    }),
  )

/** Prints what changes until a signal ends it. As many values as have gathered are written at once. */
const watch = (skus: ReadonlyArray<string> | undefined, json: boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const client = yield* Client
      const values = yield* Queue.unbounded<string>()
      const say = (line: string) => Queue.offerUnsafe(values, line)
      yield* client.subscribeAts({
        ...(skus === undefined ? {} : { skus }),
        onValue: (value) => say(json ? JSON.stringify(value) : valueLine(value)),
        onGap: () => json || say("the feed was lost; reading all current values again"),
      })
      return yield* Effect.forever(Effect.flatMap(Queue.takeAll(values), (lines) => print(`${lines.join("\n")}\n`)))
    }),
  )

const description = `Show what a channel may sell now of a SKU, or of all that it sells. With --watch, follow every change until a signal ends it: one line, or one JSON, a change. Ends with 7 if it doesn't sell the SKU that was asked about.

${senderHelp}`

export const atsCommand = Command.make(
  "ats",
  {
    sku: skuArgument("Only this SKU").pipe(Argument.optional),
    watch: Flag.Boolean("watch").pipe(Flag.withDescription("Follow every change"), Flag.withDefault(false)),
    as: asFlag,
    json: jsonFlag,
  },
  Effect.fn(function* ({ sku, watch: isWatch, as, json }) {
    const access = yield* senderAccess(as, "sell")
    const skus = Option.isSome(sku) ? [sku.value] : undefined
    if (isWatch) return yield* watch(skus, json).pipe(Effect.provide(clientLayer(access)))
    const values = yield* current(skus).pipe(Effect.provide(clientLayer(access)))
    const rows = values.map((value) => [shownName(value.sku), value.ats, value.version])
    const nothing = Option.isSome(sku) ? `${access.sender} doesn't sell ${shownName(sku.value)}` : `${access.sender} sells nothing`
    yield* json ? printJson(values) : printLine(rows.length === 0 ? nothing : table(["SKU", "ATS", "version"], rows))
    yield* foundOr(Option.isNone(sku) || rows.length > 0)
  }),
).pipe(Command.withDescription(helpText(description)))
