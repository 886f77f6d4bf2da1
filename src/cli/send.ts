/**
 * `holdfast send`: any command, from flags or as JSON, as a sender with its own credentials; prints the decisions.
 */
import { randomUUID } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Client, type CommandAnswer, clientLayer, type OrderAnswer, type OrderRequest } from "../channel.ts"
import { timerMsMax } from "../client/options.ts"
import { orderCommandTypes } from "../client/orders.ts"
import { classOf as classOfOrder } from "../domain/order/decide.ts"
import { classOf, type Command as StockCommand } from "../domain/sku/commands.ts"
import { shown } from "../domain/telling.ts"
import type { NoCommand } from "../wire/command-json.ts"
import { readCommandJson } from "../wire/commands.ts"
import { readOrderCommandJson } from "../wire/order-commands.ts"
import { asFlag, senderAccess, senderHelp, senderRemedy } from "./access.ts"
import { wholeFlag } from "./arguments.ts"
import { commandFlags, commandJson, givenOrFile } from "./command-flags.ts"
import { decisionLine, notPermittedLine, orderCode, orderLine, outcomeCode, unknownLine } from "./decisions.ts"
import { CommandFailed, type ExitCode, exitCode, unknownCode } from "./exit-codes.ts"
import { type GivenJson, severalJson } from "./given-json.ts"
import { helpText } from "./help-text.ts"
import { jsonFlag, printJson, printLine } from "./print.ts"

const types: ReadonlyArray<string> = [...Object.keys(classOf), ...orderCommandTypes]
const isOrderType = (type: unknown): boolean => orderCommandTypes.some((known) => known === type)

const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })

/** What may be sent: a command about a SKU, or one about an order. */
type AnyCommand = StockCommand | OrderRequest

const isOfOrder = (command: AnyCommand): command is OrderRequest => isOrderType(command.type)

/** A command as its JSON says it, with `v`, `id` and `issuedAtMs` filled in where they are left out. */
export const commandOf = (json: unknown, nowMs: number, which: string): Effect.Effect<AnyCommand, CommandFailed> => {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    return Effect.fail(usage(`${which}--body: a command is a JSON object`))
  const whole = { v: 1, id: randomUUID(), issuedAtMs: nowMs, ...json }
  const command = isOrderType(Reflect.get(json, "type")) ? readOrderCommandJson(whole) : readCommandJson(whole)
  if ("type" in command) return Effect.succeed(command as AnyCommand)
  return Effect.fail(usage(`${which}${noCommandText(command)}`))
}

/** Why JSON is no command: the version, the type, or the field at fault and whether it is missing, unknown or out of its range. */
export const noCommandText = ({ refusal: { reason, field = "" }, detail }: NoCommand): string => {
  if (reason === "UnknownType") return `unknown type; the types are ${types.join(", ")}`
  return reason === "InvalidField" ? `"${shown(field)}" is ${detail}` : `${reason}: ${field}`
}

/** What came of one command: its decision, that none came in time, or that this sender may not send it. */
type Sent = { readonly command: AnyCommand } & (
  | { readonly decision: CommandAnswer | OrderAnswer }
  | { readonly unknown: { readonly stored: boolean; readonly cause: string } }
  | { readonly notPermitted: { readonly sender: string; readonly cause: string; readonly remedy: string } }
)

const codeOf = (sent: Sent): ExitCode => {
  if ("decision" in sent)
    return "order" in sent.decision ? orderCode(sent.decision as OrderAnswer) : outcomeCode(sent.decision as CommandAnswer)
  return "unknown" in sent ? unknownCode(sent.unknown.stored) : exitCode.usage
}

const lineOf = (sent: Sent, nowMs: number): string => {
  if ("decision" in sent)
    return isOfOrder(sent.command)
      ? orderLine(sent.command, sent.decision as OrderAnswer, nowMs)
      : decisionLine(sent.command, sent.decision as CommandAnswer, nowMs)
  if ("unknown" in sent) return unknownLine(sent.command, sent.unknown.stored, sent.unknown.cause)
  const { sender, remedy } = sent.notPermitted
  return notPermittedLine(sent.command, sender, remedy)
}

const sendOne = (client: Client["Service"], command: AnyCommand, timeoutMs: number) =>
  (isOfOrder(command)
    ? Effect.map(client.sendOrder(command, { timeoutMs }), (answer): CommandAnswer | OrderAnswer => answer)
    : client.send(command, { timeoutMs })
  ).pipe(
    Effect.map((decision): Sent => ({ command, decision })),
    Effect.catchTags({
      AnswerUnknown: ({ cause, stored }) => Effect.succeed<Sent>({ command, unknown: { stored: stored === true, cause } }),
      NotPermitted: ({ cause }) =>
        Effect.succeed<Sent>({
          command,
          notPermitted: { sender: client.sender, cause, remedy: senderRemedy(classOfCommand(command)) },
        }),
    }),
  )

const classOfCommand = (command: AnyCommand) => (isOfOrder(command) ? classOfOrder[command.type] : classOf[command.type])

/** `untilMs`: when patience ends, connecting included. */
const sendAll = Effect.fnUntraced(function* (commands: ReadonlyArray<AnyCommand>, json: boolean, untilMs: number) {
  const client = yield* Client
  const leftMs = Math.max(1, untilMs - (yield* Clock.currentTimeMillis))
  const all = yield* Effect.forEach(commands, (command) => sendOne(client, command, leftMs), { concurrency: "unbounded" })
  const nowMs = yield* Clock.currentTimeMillis
  if (json) yield* printJson(all)
  else for (const sent of all) yield* printLine(lineOf(sent, nowMs))
  const others = all.filter((sent) => codeOf(sent) !== exitCode.ok)
  const [first] = others
  if (first !== undefined)
    return yield* new CommandFailed({ code: codeOf(first), message: `${others.length} of ${all.length} not accepted` })
})

const description = `Send one command, or several, and print what was decided. Types: ${types.join(", ")}.

Ends with 0 if all were accepted; otherwise with the code of the first that wasn't: 10 refused, 11 expired, 12 busy (nothing of it was taken; when to come back is said), 13 quarantined,
14 dropped, 15 not stored (nothing of it was taken, and never will be as it is), 16 stored but not decided in time, 4 no answer in time (it may have been decided), 2 this sender may not send it.
What wasn't answered is sent again under the same id: that never does harm.

With --json, prints a list of {command, decision}, {command, unknown: {stored, cause}} where no decision came in time, and {command, notPermitted: {sender, cause, remedy}}.

${senderHelp}`

export const sendCommand = Command.make(
  "send",
  {
    type: Argument.Literals("type", types).pipe(Argument.withDescription("What to send"), Argument.optional),
    body: Flag.String("body").pipe(
      Flag.withMetavar("JSON|@FILE|-"),
      Flag.withDescription("Instead of a type and its flags: a command as JSON, an array of them, or one a line; - reads standard input"),
      Flag.optional,
    ),
    as: asFlag,
    timeoutMs: wholeFlag("timeout-ms", "Milliseconds to wait for the decision, connecting included (30000)", 1, timerMsMax).pipe(
      Flag.withDefault(30_000),
    ),
    json: jsonFlag,
    ...commandFlags,
  },
  Effect.fn(function* ({ type, body, as, timeoutMs, json, ...given }) {
    if (Option.isSome(type) === Option.isSome(body)) return yield* usage("name a type, or give --body: one of both")
    const nowMs = yield* Clock.currentTimeMillis
    const jsons: ReadonlyArray<GivenJson> = Option.isSome(body)
      ? yield* Effect.flatMap(givenOrFile(body.value, "--body"), (bytes) => severalJson(bytes, "--body"))
      : [{ value: yield* commandJson(Option.getOrThrow(type), given, randomUUID(), nowMs), where: "" }]
    const commands = yield* Effect.forEach(jsons, ({ value, where }) => commandOf(value, nowMs, where))
    const [first] = commands
    if (first === undefined) return yield* usage("--body: holds no command")
    const access = yield* senderAccess(as, classOfCommand(first))
    yield* sendAll(commands, json, nowMs + timeoutMs).pipe(
      Effect.provide(clientLayer({ ...access, timeoutMs, connectTimeoutMs: timeoutMs })),
    )
  }),
).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([
    { command: "holdfast send SetPolicy --sku A --channels web,shop", description: "two channels sell A" },
    { command: "holdfast send ReceiveStock --sku A --location berlin --qty 10", description: "ten units arrived" },
    { command: "holdfast send Reserve --sku A --qty 2 --as web", description: "hold two of them for 15 minutes" },
    { command: "holdfast send PlaceOrder --order O-1 --line A=2 --line B=1 --as web", description: "all of an order, or nothing" },
    { command: "holdfast send --body - --json < commands.ndjson", description: "many at once" },
  ]),
)
