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
import type { QuarantineAnswer } from "../client/client.ts"
import type { Command as StockCommand } from "../domain/sku/commands.ts"
import { counted, shownName } from "../domain/telling.ts"
import { asFlag, senderAccess, senderHelp } from "./access.ts"
import { quarantinedArgument, skuFlag, textFlag } from "./arguments.ts"
import { decisionLine, outcomeCode } from "./decisions.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { isoTime, jsonFlag, printJson, printLine, table } from "./print.ts"

export type Quarantined = QuarantineAnswer["quarantined"][number] & { readonly partition: number }

/** Everything in quarantine, oldest first within each partition. */
const readAll = Effect.gen(function* () {
  const client = yield* Client
  const partitions = yield* client.partitions
  const all: Array<Quarantined> = []
  for (let partition = 0; partition < partitions; partition++) {
    let after: number | null = 0
    while (after !== null) {
      const page: QuarantineAnswer = yield* client.quarantine(partition, after)
      for (const one of page.quarantined) all.push({ ...one, partition })
      after = page.next
    }
  }
  return all
})

/** The list for people. */
export const quarantineText = (all: ReadonlyArray<Quarantined>): string =>
  all.length === 0
    ? "Nothing is in quarantine."
    : table(
        ["id", "partition", "since", "sender", "class", "type", "SKU", "cause"],
        all.map((one) => [
          one.quarantined,
          one.partition,
          isoTime(one.atMs),
          one.sender,
          one.class,
          one.command.type,
          shownName(one.command.sku),
          one.cause,
        ]),
      )

/**
 * The one that an operator means, or why nobody can tell. Places are numbered within each partition, so entries of two partitions may bear one name; their SKUs differ.
 */
export const meantOf = (all: ReadonlyArray<Quarantined>, id: string, sku: string | null): Quarantined | CommandFailed => {
  const named = all.filter(({ quarantined, command }) => quarantined === id && (sku === null || command.sku === sku))
  const [one, ...others] = named
  const about = sku === null ? "" : ` of ${shownName(sku)}`
  if (one === undefined)
    return new CommandFailed({
      code: exitCode.refused,
      message: `nothing in quarantine${about} is called ${shownName(id)}: see holdfast quarantine list`,
    })
  if (others.length === 0) return one
  const skus = named.map(({ command, partition }) => `--sku ${shownName(command.sku)} (partition ${partition})`)
  return new CommandFailed({
    code: exitCode.usage,
    message: `${shownName(id)} is the name of ${named.length} commands, each in another partition: say which with ${skus.join(" or ")}`,
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

/** Sends an operator's command about one quarantined command; the SKU it is about says which partition that goes to. */
const settle = Effect.fnUntraced(function* (
  id: string,
  sku: string | null,
  json: boolean,
  commandOf: (client: Client["Service"], sku: string) => StockCommand,
) {
  const client = yield* Client
  const one = meantOf(yield* readAll, id, sku)
  if (one instanceof CommandFailed) return yield* one
  const command = commandOf(client, one.command.sku)
  const decision = yield* client.send(command)
  yield* json ? printJson({ command, decision }) : printLine(decisionLine(command, decision, yield* Clock.currentTimeMillis))
  if (decision.outcome === "accepted") return json ? undefined : yield* tellShort(client, command)
  return yield* new CommandFailed({ code: outcomeCode(decision), message: `the partition's owner did not accept it: ${decision.outcome}` })
})

const ofSkuFlag = skuFlag("Of which SKU, where two partitions have something of that name").pipe(Flag.optional, Flag.map(Option.getOrNull))

const listCommand = Command.make(
  "list",
  { as: asFlag, json: jsonFlag },
  Effect.fn(function* ({ as, json }) {
    const access = yield* senderAccess(as, "operator")
    const all = yield* readAll.pipe(Effect.provide(clientLayer(access)))
    yield* json ? printJson(all) : printLine(quarantineText(all))
  }),
).pipe(Command.withDescription("List what is in quarantine, with the cause"))

const replayCommand = Command.make(
  "replay",
  { id: quarantinedArgument, sku: ofSkuFlag, as: asFlag, json: jsonFlag },
  Effect.fn(function* ({ id, sku, as, json }) {
    const access = yield* senderAccess(as, "operator")
    const replay = settle(id, sku, json, (client, its) => client.command("ReplayQuarantined", { sku: its, quarantined: id }))
    yield* replay.pipe(Effect.provide(clientLayer(access)))
  }),
).pipe(Command.withDescription("Decide it again, now: after a release that can, or because the fact did happen"))

const dropCommand = Command.make(
  "drop",
  {
    id: quarantinedArgument,
    sku: ofSkuFlag,
    reason: textFlag("reason", "Why; journaled, and told to its sender"),
    as: asFlag,
    json: jsonFlag,
  },
  Effect.fn(function* ({ id, sku, reason, as, json }) {
    const access = yield* senderAccess(as, "operator")
    const drop = settle(id, sku, json, (client, its) => client.command("DropQuarantined", { sku: its, quarantined: id, reason }))
    yield* drop.pipe(Effect.provide(clientLayer(access)))
  }),
).pipe(Command.withDescription("Give it up: a repeat, or something that never happened"))

const description = `Commands that nobody could decide, and facts too old to be told from a repeat. They wait here; others go on.

${senderHelp}`

export const quarantineCommand = Command.make("quarantine").pipe(
  Command.withDescription(helpText(description)),
  Command.withSubcommands([listCommand, replayCommand, dropCommand]),
)
