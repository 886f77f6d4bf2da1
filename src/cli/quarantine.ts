/**
 * `holdfast quarantine`: what nobody could decide, and an operator's word on it. Replaying or dropping is a command like any other, journaled by
 * the partition's owner, and gives the sender its final answer.
 */

import * as Clock from "effect/Clock"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Client, clientLayer } from "../channel.ts"
import type { OrderQuarantineAnswer, QuarantineAnswer } from "../client/client.ts"
import { Kind } from "../domain/kinds.ts"
import { channelsOrder, orderOfChannel } from "../domain/order/names.ts"
import type { Command as StockCommand } from "../domain/sku/commands.ts"
import { counted, shownName } from "../domain/telling.ts"
import { asFlag, senderAccess, senderHelp } from "./access.ts"
import { anyKindFlag, quarantinedArgument, skuFlag, textFlag } from "./arguments.ts"
import { decisionLine, orderCode, orderLine, outcomeCode } from "./decisions.ts"
import { CommandFailed, type ExitCode, exitCode } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { isoTime, jsonFlag, printJson, printLine, table } from "./print.ts"

/** A command in quarantine, of whichever kind, and where it lies. */
export type Quarantined = (
  | ({ readonly kind: "sku" } & QuarantineAnswer["quarantined"][number])
  | ({ readonly kind: "order" } & OrderQuarantineAnswer["quarantined"][number])
) & { readonly partition: number }

/** What a command is about, as a list shows it and as `--sku` and `--order` name it: an order with its channel. */
const nameOf = (one: Quarantined): string => (one.kind === "sku" ? one.command.sku : orderOfChannel(one.command.channel, one.command.order))

/** All pages of one partition. */
const pagesOf = Effect.fnUntraced(function* (kind: Kind, partition: number) {
  const client = yield* Client
  const all: Array<Quarantined> = []
  for (let after: number | null = 0; after !== null; ) {
    if (kind === "sku") {
      const page: QuarantineAnswer = yield* client.quarantine(partition, after)
      for (const one of page.quarantined) all.push({ kind, ...one, partition })
      after = page.next
    } else {
      const page: OrderQuarantineAnswer = yield* client.orderQuarantine(partition, after)
      for (const one of page.quarantined) all.push({ kind, ...one, partition })
      after = page.next
    }
  }
  return all
})

/** Everything in quarantine of a kind, or of all if it is null: oldest first within each partition. */
const readAll = Effect.fnUntraced(function* (wanted: Kind | null) {
  const client = yield* Client
  const partitionsOf = yield* client.partitionsOf
  const all: Array<Quarantined> = []
  for (const kind of Kind.filter((one) => wanted === null || one === wanted))
    for (let partition = 0; partition < partitionsOf[kind]; partition++) all.push(...(yield* pagesOf(kind, partition)))
  return all
})

/** The list for people. */
export const quarantineText = (all: ReadonlyArray<Quarantined>): string =>
  all.length === 0
    ? "Nothing is in quarantine."
    : table(
        ["id", "kind", "partition", "since", "sender", "class", "type", "about", "cause"],
        all.map((one) => [
          one.quarantined,
          one.kind,
          one.partition,
          isoTime(one.atMs),
          one.sender,
          one.class,
          one.command.type,
          shownName(nameOf(one)),
          one.cause,
        ]),
      )

/** What an operator says beside an id, where two partitions have something of that name. */
interface Meant {
  readonly kind: Kind | null
  readonly sku: string | null
  /** As `channel/order`. */
  readonly order: string | null
}

const isMeant = (one: Quarantined, { kind, sku, order }: Meant): boolean =>
  (kind === null || one.kind === kind) &&
  (sku === null || (one.kind === "sku" && nameOf(one) === sku)) &&
  (order === null || (one.kind === "order" && nameOf(one) === order))

/**
 * The one that an operator means, or why nobody can tell. Places are numbered within each partition, so entries of two partitions may bear one name; what they are about differs.
 */
export const meantOf = (all: ReadonlyArray<Quarantined>, id: string, meant: Meant): Quarantined | CommandFailed => {
  const named = all.filter((one) => one.quarantined === id && isMeant(one, meant))
  const [one, ...others] = named
  const name = meant.sku ?? meant.order
  const about = name === null ? "" : ` of ${shownName(name)}`
  if (one === undefined)
    return new CommandFailed({
      code: exitCode.refused,
      message: `nothing in quarantine${about} is called ${shownName(id)}: see holdfast quarantine list`,
    })
  if (others.length === 0) return one
  const each = named.map((other) => `--${other.kind} ${shownName(nameOf(other))} (partition ${other.partition})`)
  return new CommandFailed({
    code: exitCode.usage,
    message: `${shownName(id)} is the name of ${named.length} commands, each in another partition: say which with ${each.join(" or ")}`,
  })
}

/** What was sold and is not there, of a SKU that was just settled; empty if nothing is. */
export const shortText = (sku: string, shortQty: number): string =>
  shortQty === 0
    ? ""
    : `${shownName(sku)} is now short of ${counted(shortQty, "unit")} that ${shortQty === 1 ? "is" : "are"} sold and not there: see holdfast stock`

/** The decision of an operator's command doesn't hold that of the one it is about. What it left short the owner tells; where it doesn't, the decision stands all the same. */
const tellShort = Effect.fnUntraced(function* (client: Client["Service"], { sku }: StockCommand) {
  const answer = yield* client.stock(sku).pipe(Effect.orElseSucceed(() => null))
  const text = answer?.answer === "stock" ? shortText(sku, answer.shortQty) : ""
  if (text !== "") yield* printLine(text)
})

/** What an operator's command came to, told; a failure unless it was accepted. */
const told = Effect.fnUntraced(function* (
  json: boolean,
  command: object,
  decision: { readonly outcome: string },
  line: string,
  code: ExitCode,
) {
  yield* json ? printJson({ command, decision }) : printLine(line)
  if (decision.outcome !== "accepted")
    return yield* new CommandFailed({ code, message: `the partition's owner did not accept it: ${decision.outcome}` })
})

/** Sends an operator's command about one quarantined command; what that is about says which partition it goes to. `reason`: why it is given up; null: it is decided again. */
const settle = Effect.fnUntraced(function* (id: string, meant: Meant, json: boolean, reason: string | null) {
  const client = yield* Client
  const one = meantOf(yield* readAll(meant.kind), id, meant)
  if (one instanceof CommandFailed) return yield* one
  const nowMs = yield* Clock.currentTimeMillis
  if (one.kind === "order") {
    const { channel, order } = one.command
    const base = { channel, order, quarantined: id }
    const command =
      reason === null ? client.orderCommand("ReplayOrderCommand", base) : client.orderCommand("DropOrderCommand", { ...base, reason })
    const answer = yield* client.sendOrder(command)
    return yield* told(json, command, answer, orderLine(command, answer, nowMs), orderCode(answer))
  }
  const base = { sku: one.command.sku, quarantined: id }
  const command = reason === null ? client.command("ReplayQuarantined", base) : client.command("DropQuarantined", { ...base, reason })
  const decision = yield* client.send(command)
  yield* told(json, command, decision, decisionLine(command, decision, nowMs), outcomeCode(decision))
  if (!json) yield* tellShort(client, command)
})

const whyNoOrder = (name: string): string =>
  `${shownName(name)} is no order as the list names one: its channel, a slash and its id, such as web/web-1001`

/** Which of several that bear one id. */
const meantFlags = {
  kind: anyKindFlag("Of a SKU's partition (sku) or one of orders (order), where both have something of that name"),
  sku: skuFlag("Of which SKU, where two partitions have something of that name").pipe(Flag.optional, Flag.map(Option.getOrNull)),
  order: Flag.String("order").pipe(
    Flag.withMetavar("CHANNEL/ID"),
    Flag.withDescription("The same of an order, as the list names it"),
    Flag.filter((name) => channelsOrder(name) !== undefined, whyNoOrder),
    Flag.optional,
    Flag.map(Option.getOrNull),
  ),
}

const listCommand = Command.make(
  "list",
  { kind: anyKindFlag("Only what is about SKUs (sku), or about orders (order)"), as: asFlag, json: jsonFlag },
  Effect.fn(function* ({ kind, as, json }) {
    const access = yield* senderAccess(as, "operator")
    const all = yield* readAll(kind).pipe(Effect.provide(clientLayer(access)))
    yield* json ? printJson(all) : printLine(quarantineText(all))
  }),
).pipe(Command.withDescription("List what is in quarantine, with the cause"))

const replayCommand = Command.make(
  "replay",
  { id: quarantinedArgument, ...meantFlags, as: asFlag, json: jsonFlag },
  Effect.fn(function* ({ id, kind, sku, order, as, json }) {
    const access = yield* senderAccess(as, "operator")
    yield* settle(id, { kind, sku, order }, json, null).pipe(Effect.provide(clientLayer(access)))
  }),
).pipe(Command.withDescription("Decide it again, now: after a release that can, or because the fact did happen"))

const dropCommand = Command.make(
  "drop",
  {
    id: quarantinedArgument,
    ...meantFlags,
    reason: textFlag("reason", "Why; journaled, and told to its sender"),
    as: asFlag,
    json: jsonFlag,
  },
  Effect.fn(function* ({ id, kind, sku, order, reason, as, json }) {
    const access = yield* senderAccess(as, "operator")
    yield* settle(id, { kind, sku, order }, json, reason).pipe(Effect.provide(clientLayer(access)))
  }),
).pipe(Command.withDescription("Give it up: a repeat, or something that never happened"))

const description = `Commands that nobody could decide, and facts too old to be told from a repeat. They wait here; others go on.

${senderHelp}`

export const quarantineCommand = Command.make("quarantine").pipe(
  Command.withDescription(helpText(description)),
  Command.withSubcommands([listCommand, replayCommand, dropCommand]),
)
