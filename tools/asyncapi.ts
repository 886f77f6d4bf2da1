/**
 * Makes docs/asyncapi.json, the protocol in AsyncAPI 3, from the Schemas that decode and encode it, seen from a sender's side.
 *
 * `node tools/asyncapi.ts` writes the file; with `--check` it writes nothing and fails if the file isn't what would be written.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { JsonSchema, Schema } from "effect"
import { Kind } from "../src/domain/kinds.ts"
import { CommandClass } from "../src/domain/names.ts"
import { classOf as classOfOrder } from "../src/domain/order/decide.ts"
import { orderRoles, quarantineRoles, stockRoles, workersRoles } from "../src/domain/roles.ts"
import { type CommandType, classOf } from "../src/domain/sku/commands.ts"
import { commandsPerMessageMax, replySuffixCharsMax, replySuffixTokensMax } from "../src/limits.ts"
import { serverVersionBelow, serverVersionMin } from "../src/nats/server-binary.ts"
import { BusyAnswerJson, NotStoredAnswerJson, StoredAnswerJson } from "../src/wire/answers.ts"
import { commandSchemas } from "../src/wire/commands.ts"
import { AtsJson } from "../src/wire/feed.ts"
import { orderCommandSchemas } from "../src/wire/order-commands.ts"
import { OrderReplyJson } from "../src/wire/order-replies.ts"
import {
  AboutOrderJson,
  AboutReservationJson,
  AtsAnswerJson,
  InvalidAnswerJson,
  NotAllowedAnswerJson,
  OrderQuarantineAnswerJson,
  OrderStandingAnswerJson,
  PageJson,
  QuarantineAnswerJson,
  ReservationAnswerJson,
  StockAnswerJson,
  TopologyAnswerJson,
  UnknownOrderAnswerJson,
  UnknownReservationAnswerJson,
  UnknownSkuAnswerJson,
  WorkerAnswerJson,
} from "../src/wire/questions.ts"
import { ReplyJson } from "../src/wire/replies.ts"
import { atsSubject, commandSubject, questionSubject, replyHeader, replySubject } from "../src/wire/subjects.ts"

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }
type JsonObject = { readonly [key: string]: Json }

/** What senders write is read strictly, what they hear may grow. */
const written = {
  ...commandSchemas,
  ...orderCommandSchemas,
  Page: PageJson,
  AboutReservation: AboutReservationJson,
  AboutOrder: AboutOrderJson,
}
const heard = {
  Reply: ReplyJson,
  OrderReply: OrderReplyJson,
  StoredAnswer: StoredAnswerJson,
  BusyAnswer: BusyAnswerJson,
  NotStoredAnswer: NotStoredAnswerJson,
  Ats: AtsJson,
  StockAnswer: StockAnswerJson,
  UnknownSkuAnswer: UnknownSkuAnswerJson,
  ReservationAnswer: ReservationAnswerJson,
  UnknownReservationAnswer: UnknownReservationAnswerJson,
  OrderStandingAnswer: OrderStandingAnswerJson,
  UnknownOrderAnswer: UnknownOrderAnswerJson,
  AtsAnswer: AtsAnswerJson,
  TopologyAnswer: TopologyAnswerJson,
  WorkerAnswer: WorkerAnswerJson,
  QuarantineAnswer: QuarantineAnswerJson,
  OrderQuarantineAnswer: OrderQuarantineAnswerJson,
  NotAllowedAnswer: NotAllowedAnswerJson,
  InvalidAnswer: InvalidAnswerJson,
}

/** AsyncAPI's own schemas are JSON Schema draft 7, and live under components. */
const definitionsOf = (schema: Schema.Constraint, onExcessProperty: "error" | "ignore"): JsonObject => {
  const document = JsonSchema.toDocumentDraft07(Schema.toJsonSchemaDocument(schema, { onExcessProperty }))
  return JSON.parse(JSON.stringify(document.definitions).replaceAll('"#/definitions/', '"#/components/schemas/')) as JsonObject
}

const schemas = (): JsonObject =>
  Object.assign(
    {},
    ...Object.values(heard).map((schema) => definitionsOf(schema, "ignore")),
    ...Object.values(written).map((schema) => definitionsOf(schema, "error")),
  ) as JsonObject

const ref = (path: string): JsonObject => ({ $ref: `#/${path}` })
const schemaRef = (name: string): JsonObject => ref(`components/schemas/${name}`)
const messageRef = (name: string): JsonObject => ref(`components/messages/${name}`)
const messageRefs = (names: ReadonlyArray<string>): JsonObject => Object.fromEntries(names.map((name) => [name, messageRef(name)]))

const commandTypes = Object.keys(commandSchemas) as Array<CommandType>
const orderCommandTypes = Object.keys(orderCommandSchemas)
const answers = Object.keys(heard).filter((name) => name.endsWith("Answer"))
const batch = "CommandBatch"

const headers: JsonObject = {
  type: "object",
  properties: {
    [replyHeader]: {
      type: "string",
      maxLength: replySuffixCharsMax,
      pattern: `^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+){0,${replySuffixTokensMax - 1}}$`,
      description: "End of the subject the answer is wanted on, where the message is no request. Without either nothing is answered",
    },
  },
}

const message = (name: string, title: string, fields: JsonObject): readonly [string, JsonObject] => [name, { name, title, ...fields }]

const messages = (): JsonObject =>
  Object.fromEntries([
    ...commandTypes.map((type) => message(type, `${type} (class ${classOf[type]})`, { headers, payload: schemaRef(type) })),
    ...orderCommandTypes.map((type) =>
      message(type, `${type} (class ${classOfOrder[type as keyof typeof classOfOrder]})`, { headers, payload: schemaRef(type) }),
    ),
    message(batch, "Commands of SKUs that share a partition", {
      headers,
      payload: { type: "array", minItems: 1, maxItems: commandsPerMessageMax, items: { oneOf: commandTypes.map(schemaRef) } },
    }),
    message("Question", "A question, which its subject asks: the body is empty", { headers }),
    message("Page", "Which page of a question that has pages", { headers, payload: schemaRef("Page") }),
    message("AboutReservation", "Which reservation a question is about", { headers, payload: schemaRef("AboutReservation") }),
    message("AboutOrder", "Whose order a question is about", { headers, payload: schemaRef("AboutOrder") }),
    ...Object.keys(heard).map((name) => message(name, name, { payload: schemaRef(name) })),
  ])

const sender: JsonObject = { description: "The sender's own name: its credentials permit no other" }
const token: JsonObject = {
  description: "The SKU's canonical token: UTF-8, every byte outside A-Za-z0-9_- as % and two uppercase hex digits",
}
const orderToken: JsonObject = { description: "The canonical token of the order's id, spelled as that of a SKU" }
const kind: JsonObject = {
  enum: Kind,
  description:
    "The kind of the actors that decide: sku for everything about a SKU, order for everything about an order, whose id is then the token; in the class operator its channel, a slash and its id",
}
const suffix: JsonObject = { description: `The end of the request's reply subject, or what its ${replyHeader} said` }

const question = (path: string, description: string, parameters: JsonObject, bodies: ReadonlyArray<string>): JsonObject => ({
  address: questionSubject("{sender}", path),
  description,
  parameters: { sender, ...parameters },
  messages: messageRefs(bodies),
})

const partition: JsonObject = { description: "A partition's number among those of its kind, from 0" }

const channels = (): JsonObject => ({
  commands: {
    address: commandSubject("{sender}", "{class}" as CommandClass, "{kind}" as Kind, "{token}"),
    description:
      "Requests, whose reply subject is under the sender's own replies. Answered by a decision, or by what became of the message; by the server's status 503 if nobody took it",
    parameters: { sender, class: { enum: CommandClass, description: "What the credentials permit to send" }, kind, token },
    messages: messageRefs([...commandTypes, ...orderCommandTypes, batch]),
  },
  replies: {
    address: replySubject("{sender}", "{suffix}"),
    description: "Decisions and answers, at most once: whoever heard none asks again with the same bytes",
    parameters: { sender, suffix },
    messages: messageRefs(["Reply", "OrderReply", ...answers]),
  },
  ats: {
    address: atsSubject("{sender}", "{token}"),
    description: "What the channel may sell of each SKU, whenever it changes",
    parameters: { sender, token },
    messages: messageRefs(["Ats"]),
  },
  askStock: question("stock.{token}", `Stock of a SKU. Roles: ${stockRoles.join(", ")}`, { token }, ["Question"]),
  askAts: question("ats.{token}", "The asking channel's ATS of a SKU", { token }, ["Question"]),
  askAllAts: question("ats", "All of the asking channel's ATS, in pages by partition", {}, ["Question", "Page"]),
  askReservation: question("reservation.{token}", "A reservation of the asking channel", { token }, ["AboutReservation"]),
  askOrder: question(
    "order.{token}",
    `An order of the asking channel; of any channel for the roles ${orderRoles.join(", ")}, which say whose`,
    { token: orderToken },
    ["Question", "AboutOrder"],
  ),
  askTopology: question("topology", "How many partitions there are", {}, ["Question"]),
  askWorkers: question("workers", `What each worker does. Roles: ${workersRoles.join(", ")}`, {}, ["Question"]),
  askQuarantine: question(
    "quarantine.{kind}.{partition}",
    `A partition's quarantined commands, in pages. Roles: ${quarantineRoles.join(", ")}`,
    { kind, partition },
    ["Question", "Page"],
  ),
})

const asks: Readonly<Record<string, ReadonlyArray<string>>> = {
  askStock: ["StockAnswer", "UnknownSkuAnswer", "NotAllowedAnswer", "InvalidAnswer"],
  askAts: ["AtsAnswer", "InvalidAnswer"],
  askAllAts: ["AtsAnswer", "InvalidAnswer"],
  askReservation: ["ReservationAnswer", "UnknownReservationAnswer", "InvalidAnswer"],
  askOrder: ["OrderStandingAnswer", "UnknownOrderAnswer", "NotAllowedAnswer", "InvalidAnswer"],
  askTopology: ["TopologyAnswer"],
  askWorkers: ["WorkerAnswer", "NotAllowedAnswer"],
  askQuarantine: ["QuarantineAnswer", "OrderQuarantineAnswer", "NotAllowedAnswer", "InvalidAnswer"],
}

const repliesWith = (names: ReadonlyArray<string>): JsonObject => ({
  channel: ref("channels/replies"),
  messages: names.map((name) => ref(`channels/replies/messages/${name}`)),
})

const operations = (): JsonObject => ({
  sendCommands: {
    action: "send",
    channel: ref("channels/commands"),
    reply: repliesWith(["Reply", "OrderReply", "StoredAnswer", "BusyAnswer", "NotStoredAnswer"]),
  },
  followAts: { action: "receive", channel: ref("channels/ats") },
  ...Object.fromEntries(
    Object.entries(asks).map(([name, names]) => [name, { action: "send", channel: ref(`channels/${name}`), reply: repliesWith(names) }]),
  ),
})

/** The whole document. */
export const asyncapiDocument = (): JsonObject => ({
  asyncapi: "3.0.0",
  info: {
    title: "Holdfast",
    version: "1",
    description: "What channels, warehouses and operators say to Holdfast over NATS, and what they hear. docs/PROTOCOL.md explains it.",
    license: { name: "Apache-2.0" },
  },
  defaultContentType: "application/json",
  servers: {
    nats: {
      host: "127.0.0.1:4222",
      protocol: "nats",
      description: `The cluster's NATS servers, ${serverVersionMin.join(".")} to below ${serverVersionBelow.join(".")}, with JetStream`,
      security: [{ type: "userPassword", description: "Each sender has its own credentials" }],
    },
  },
  channels: channels(),
  operations: operations(),
  components: { messages: messages(), schemas: schemas() },
})

const widthMax = 140

/** JSON the way the repository's formatter leaves it: a list of plain values stands on one line if it fits. */
export const formatted = (value: Json, indent: string, prefix: number): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const inner = `${indent}  `
  if (isList(value)) {
    const items = value.map((item) => formatted(item, inner, 0))
    const line = `[${items.join(", ")}]`
    if (!items.some((item) => item.includes("\n")) && indent.length + prefix + line.length < widthMax) return line
    return `[\n${items.map((item) => inner + item).join(",\n")}\n${indent}]`
  }
  const fields = Object.entries(value).map(([key, field]) => {
    const name = `${JSON.stringify(key)}: `
    return inner + name + formatted(field, inner, name.length)
  })
  return fields.length === 0 ? "{}" : `{\n${fields.join(",\n")}\n${indent}}`
}
const isList = (value: ReadonlyArray<Json> | JsonObject): value is ReadonlyArray<Json> => Array.isArray(value)

/** The file's text. */
export const asyncapiText = (): string => `${formatted(asyncapiDocument(), "", 0)}\n`

export const asyncapiPath = fileURLToPath(new URL("../docs/asyncapi.json", import.meta.url))

if (import.meta.main) {
  const wrong = process.argv.slice(2).filter((arg) => arg !== "--check")
  if (wrong.length > 0) {
    console.error(
      "npm run asyncapi writes docs/asyncapi.json; -- --check says whether it is as it would be written. There is no other option",
    )
    process.exit(wrong.includes("--help") ? 0 : 2)
  }
  if (!process.argv.includes("--check")) writeFileSync(asyncapiPath, asyncapiText())
  else if (readFileSync(asyncapiPath, "utf8") !== asyncapiText()) {
    console.error("docs/asyncapi.json is stale: run node tools/asyncapi.ts")
    process.exitCode = 1
  }
}
