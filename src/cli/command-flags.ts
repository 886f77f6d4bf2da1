/**
 * Commands as flags spell them: one flag for each field that any command has. What fits together is said by the same Schemas that the
 * owner uses.
 */
import { readFile } from "node:fs/promises"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { plainLine } from "../domain/sku/policy.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { oneJson } from "./given-json.ts"

const optional = <A>(flag: Flag.Flag<A>, metavar: string, description: string) =>
  flag.pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

const text = (name: string, metavar: string, description: string) => optional(Flag.String(name), metavar, description)
const whole = (name: string, metavar: string, description: string) => optional(Flag.Int(name), metavar, description)

export const commandFlags = {
  sku: text("sku", "SKU", "What it is about; every command has one"),
  id: text("id", "ID", "The command's id; random if absent. Repeat it to ask again"),
  issuedAtMs: whole("issued-at-ms", "MS", "When it was issued, in ms since 1970; now if absent"),
  deadlineMs: whole("deadline-ms", "MS", "Decide within so many ms after it reached the servers, or not at all; not for facts"),
  reservation: text("reservation", "ID", "The reservation; the command's id if absent from a Reserve"),
  qty: whole("qty", "UNITS", "How many units; signed for AdjustStock"),
  holdMs: whole("hold-ms", "MS", "How long a hold lasts; 900000 (15 minutes) if absent from a Reserve"),
  location: Flag.String("location").pipe(
    Flag.withMetavar("LOCATION"),
    Flag.withDescription("Where; several for a Reserve, in the order in which they are drawn on"),
    Flag.atLeast(0),
  ),
  partial: Flag.Boolean("partial").pipe(Flag.withDescription("Reserve: as many as there are, if not all"), Flag.withDefault(false)),
  reason: text("reason", "REASON", "Why: one of the type's list for Release and AdjustStock, free text for DropQuarantined"),
  reference: text("reference", "ID", "Your own reference of a receipt or an adjustment"),
  from: text("from", "STATUS", "MoveStatus: available, damaged or inspection"),
  to: text("to", "STATUS", "MoveStatus: available, damaged or inspection"),
  channel: text("channel", "SENDER", "Fulfil: whose reservation"),
  shipment: text("shipment", "ID", "Fulfil: your own reference of the parcel; told again under another id, it is the same shipment"),
  mode: text("mode", "MODE", "RecordSale: taken or owed"),
  channels: text("channels", "A,B", "SetPolicy: the channels that sell it, first served first, without buffers or fences"),
  policy: text("policy", "JSON|@FILE", "SetPolicy: the whole policy instead of --channels"),
  quarantined: text("quarantined", "ID", "ReplayQuarantined, DropQuarantined: which"),
}

type Given = {
  readonly [Name in keyof typeof commandFlags]: (typeof commandFlags)[Name] extends Flag.Flag<infer Value> ? Value : never
}

const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })

/** `given` itself, what the file holds that `@path` names, or standard input for `-`. */
export const givenOrFile = (given: string, flag: string): Effect.Effect<Uint8Array, CommandFailed> => {
  if (given !== "-" && !given.startsWith("@")) return Effect.succeed(Buffer.from(given))
  const path = given === "-" ? "/dev/stdin" : given.slice(1)
  return Effect.tryPromise({
    try: () => (given === "-" ? readInput() : readFile(path)),
    catch: (error) => usage(`${flag}: ${path} can't be read (${error instanceof Error ? error.message : String(error)})`),
  })
}

const readInput = async (): Promise<Uint8Array> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** Without a version it is the next: whoever owns the SKU knows which. */
const policyOf = (given: Given): Effect.Effect<unknown, CommandFailed> => {
  if (given.policy !== undefined) {
    return Effect.flatMap(givenOrFile(given.policy, "--policy"), (json) => oneJson(json, "--policy"))
  }
  if (given.channels === undefined) return Effect.fail(usage("SetPolicy needs --channels or --policy"))
  const channels = given.channels.split(",").map((channel, place) => plainLine(channel.trim(), place))
  return Effect.succeed({ channels, safety: [], sourcing: [] })
}

/** What the fields common to several types stand for in this one. Whatever is filled in follows from what was given and from `id`: asked again under that id, it is the same command. */
const ownFields = (type: string, given: Given, id: string): object => {
  const { location, partial, channels: _, policy: __, ...fields } = given
  if (type !== "Reserve") return { ...fields, location: location.length > 1 ? location : location[0] }
  return {
    ...fields,
    reservation: given.reservation ?? id,
    holdMs: given.holdMs ?? 900_000,
    locations: location.length > 0 ? location : undefined,
    partial: partial ? true : undefined,
  }
}

/** The JSON of the command that the flags spell, id and time filled in. */
export const commandJson = (type: string, given: Given, freshId: string, nowMs: number): Effect.Effect<object, CommandFailed> =>
  Effect.gen(function* () {
    const issuedAtMs = given.issuedAtMs ?? nowMs
    const policy = type === "SetPolicy" ? yield* policyOf(given) : undefined
    const id = given.id ?? freshId
    const json = { v: 1, type, ...ownFields(type, given, id), id, issuedAtMs, policy }
    return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined))
  })
