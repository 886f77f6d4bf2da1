/**
 * What the demo ends with when all went well: what to ask of all that it decided, ready to be pasted, and each answered from its own journals by the code that answers it then.
 *
 * What it decided is left in a folder for that, as `npm start` would have made it; the next demo takes its place.
 */
import { cp, mkdir, rename, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { gatewaySettings, loadInnerGateway, settings } from "../../config.ts"
import { forEachKind } from "../../domain/kinds.ts"
import { type EpochMs, type SenderId, type Sku, skuToken } from "../../domain/names.ts"
import { backtestSkusShown } from "../../limits.ts"
import type { EmbeddedServer } from "../../nats/embedded.ts"
import { engineLayer } from "../../nats/layer.ts"
import type { Past } from "../../ports/past.ts"
import { backtest } from "../../query/backtest/backtest.ts"
import { testedPolicy } from "../../query/backtest/tested.ts"
import { orderHistory, reservationHistory } from "../../query/history.ts"
import { QueryRefused } from "../../query/refused.ts"
import { availabilityAt } from "../../query/time-travel.ts"
import { whyAts } from "../../query/why.ts"
import { journalPast } from "../../retention/journal-past.ts"
import { availabilityText } from "../availability.ts"
import { backtestText } from "../backtest.ts"
import { CommandFailed, describeFailure, exitCode } from "../exit-codes.ts"
import { historyText } from "../history.ts"
import { inOwnFolder, postgresFolderOf } from "../own-folder.ts"
import { makeOwnKeys } from "../own-keys.ts"
import { ownSenders, refuseSecond } from "../own-server.ts"
import { whyText } from "../why.ts"
import type { Refusal } from "./player.ts"
import { mainFile } from "./workers.ts"

/** Where what was decided is left, relative to the working directory. */
const leftFolder = join(".cache", "holdfast-demo")
/** In it: the policy that the backtest tries. */
const policyName = "no-fence.json"
/** What the marketplaces' fences have come to: without them, what these sold meanwhile could have been anybody's. */
const tried = { scale: { fenceQty: 0 } }

/** One thing to ask, as it is pasted, and its answer. */
export interface Asked {
  readonly about: string
  readonly command: string
  /** What it prints, its beginning where it is long. */
  readonly text: string
  /** What it prints with --json; of an HTTP request what it answers. */
  readonly answer: unknown
}

/** What to do with what is left. */
export interface Look {
  readonly folder: string
  /** The shell lines that set the folder, for every terminal, and that serve it. */
  readonly name: string
  readonly start: string
  /** The address of the page, with a key that can't send anything. */
  readonly page: string
  readonly asked: ReadonlyArray<Asked>
}

/** What the demo knows of its sale that is worth asking about. */
export interface Worth {
  readonly hotSku: Sku
  /** The channel that is asked for. */
  readonly channel: SenderId
  /** When the worker was killed, on the machine's clock; else a moment in the middle. */
  readonly momentMs: EpochMs
  readonly hasKill: boolean
  /** When all was over. */
  readonly endMs: EpochMs
  readonly refusal: Refusal | null
  readonly partitions: number
}

/** A word as a POSIX shell takes it. */
export const shellWord = (text: string): string => (/^[\w./:@=,+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** How this program is run again: as it was. */
const programs = () =>
  process.env.npm_lifecycle_event === "demo"
    ? { holdfast: "npm --silent run holdfast --", start: "npm start" }
    : {
        holdfast: `${shellWord(process.execPath)} ${shellWord(mainFile)}`,
        start: `${shellWord(process.execPath)} ${shellWord(mainFile)} serve`,
      }

/** Steps of an answer that are shown. */
const stepsShown = 3
const lastSteps = { limit: stepsShown, before: undefined }

type Question = readonly [about: string, args: ReadonlyArray<string>, asked: Effect.Effect<Pick<Asked, "text" | "answer">, unknown, Past>]

const historyOf = ({ actor, command }: Refusal): Question => {
  const channel = actor as SenderId
  const end = ["--limit", String(stepsShown)]
  return command.type === "PlaceOrder"
    ? [
        "What became of an order that was refused",
        ["history", "--channel", actor, "--order", command.order, ...end],
        Effect.map(orderHistory(channel, command.order, lastSteps), (answer) => ({ text: historyText(answer), answer })),
      ]
    : [
        "What became of a reservation that was refused",
        ["history", "--channel", actor, "--sku", command.sku, "--reservation", command.reservation, ...end],
        Effect.map(reservationHistory({ sku: command.sku, channel, reservation: command.reservation }, lastSteps), (answer) => ({
          text: historyText(answer),
          answer,
        })),
      ]
}

const backtestOf = ({ hotSku: sku, endMs }: Worth): Question => {
  const tested = testedPolicy(tried)
  const asked =
    tested instanceof QueryRefused
      ? Effect.fail(tested)
      : backtest({ tested, regained: "sold", sku, toMs: endMs, skusTold: backtestSkusShown })
  return [
    "What it would have come to if no channel that sells without asking had a fence",
    ["backtest", "--policy", join(leftFolder, policyName), "--sku", sku, "--to", new Date(endMs).toISOString()],
    Effect.map(asked, (answer) => ({ text: backtestText(answer), answer })),
  ]
}

const questionsOf = (worth: Worth): ReadonlyArray<Question> => {
  const { hotSku, channel, momentMs, hasKill, refusal } = worth
  return [
    [
      `Why ${channel} may sell what it may of the most wanted SKU`,
      ["why", hotSku, "--channel", channel, "--limit", String(stepsShown)],
      Effect.map(whyAts({ sku: hotSku, channel, ...lastSteps }), (answer) => ({ text: whyText(answer, undefined), answer })),
    ],
    [
      `What could be sold of it ${hasKill ? "when the worker was killed" : "in the middle of the sale"}`,
      ["availability", hotSku, "--at", new Date(momentMs).toISOString()],
      Effect.map(availabilityAt(hotSku, momentMs), (answer) => ({ text: availabilityText([answer]), answer: [answer] })),
    ],
    ...(refusal === null ? [] : [historyOf(refusal)]),
    backtestOf(worth),
  ]
}

/** The same over HTTP: what the feed told the channel last. */
const overHttp = ({ hotSku, channel }: Worth, url: string) =>
  Effect.map(whyAts({ sku: hotSku, channel, ...lastSteps }), ({ ats, told, version }): Asked => {
    const key = `$(node -p 'JSON.parse(fs.readFileSync("${inOwnFolder(leftFolder).gateway}")).keys.${channel}')`
    const answer = { channel, sku: hotSku, ats, version: told?.version ?? version }
    return {
      about: "The same number over HTTP, for a channel's program",
      command: `curl -s -H "Authorization: Bearer ${key}" ${shellWord(`${url}/v1/ats/${skuToken(hotSku)}`)}`,
      text: `${JSON.stringify(answer).slice(0, -1)},…}`,
      answer,
    }
  })

const askAll = Effect.fnUntraced(function* (played: Worth, url: string) {
  const { holdfast } = programs()
  const asked: Array<Asked> = []
  for (const [about, args, question] of questionsOf(played)) {
    // One that has no answer, for whatever reason, is not worth asking.
    const answered = yield* Effect.option(question)
    if (answered._tag === "Some") asked.push({ about, command: [holdfast, ...args.map(shellWord)].join(" "), ...answered.value })
  }
  const ats = ownSenders.some(({ sender }) => sender === played.channel) ? yield* Effect.option(overHttp(played, url)) : undefined
  return ats?._tag === "Some" ? [...asked, ats.value] : asked
})

/** Asks all of it of the journals that this server has, and makes what `npm start` needs beside them in its folder. */
export const lookAround = Effect.fnUntraced(function* (played: Worth, server: EmbeddedServer) {
  yield* Effect.tryPromise({
    try: refuseServed,
    catch: (error) => new CommandFailed({ code: exitCode.failed, message: describeFailure(error) }),
  })
  const { partitions } = played
  const portsOf = forEachKind((kind) =>
    engineLayer({ kind, servers: [server.url], monitorUrls: [server.monitorUrl], engine: server.credentials.engine, name: "demo look" }),
  )
  const [sku, order] = [yield* Layer.build(portsOf.sku), yield* Layer.build(portsOf.order)]
  const past = journalPast(
    { sku: partitions, order: partitions },
    (kind) => (effect) => Effect.provide(effect, kind === "sku" ? sku : order),
  )
  const { host, port } = yield* loadInnerGateway
  const url = `http://${host}:${port === 0 ? gatewaySettings.port.fallback : port}`
  yield* Effect.promise(() => writeFile(join(server.storeDir, policyName), `${JSON.stringify(tried)}\n`))
  const { page } = yield* makeOwnKeys(inOwnFolder(server.storeDir), ownSenders, url)
  const counts = String(partitions) === settings.partitions.fallback ? "" : `${settings.partitions.name}=${partitions} `
  const look: Look = {
    folder: leftFolder,
    name: `export ${settings.ownFolder.name}=${leftFolder}`,
    start: `${counts}${programs().start}`,
    page,
    asked: yield* askAll(played, url).pipe(Effect.provide(past)),
  }
  return look
}, Effect.scoped)

/** Refuses while somebody still looks at what the demo before left. */
const refuseServed = (): Promise<void> => refuseSecond(leftFolder)

const copied = async (from: string): Promise<void> => {
  await cp(from, leftFolder, { recursive: true })
}

/** Brings the folder of the server, which has ended, to where it is left, in the place of what the demo before left there. `keep`: it is wanted where it is, too. */
export const leaveData = async (nats: string, keep: boolean): Promise<void> => {
  await refuseServed()
  for (const former of [leftFolder, postgresFolderOf(leftFolder)]) await rm(former, { recursive: true, force: true })
  await mkdir(dirname(leftFolder), { recursive: true })
  if (keep) return copied(nats)
  await rename(nats, leftFolder).catch((error: NodeJS.ErrnoException) => {
    // The temporary folder is on another file system, and removed by whoever made it.
    if (error.code !== "EXDEV") throw error
    return copied(nats)
  })
}

/** The lines that the demo ends with. */
export const lookLines = ({ folder, name, start, page, asked }: Look): ReadonlyArray<string> => [
  "",
  `Look around: what was decided stays in ${folder} until the next demo. In one terminal:`,
  "",
  `  ${name}`,
  `  ${start}`,
  "",
  `Then the page is at ${page}`,
  "In another terminal, after the same export, ask as here; these answers are of the journals of this sale.",
  ...asked.flatMap(({ about, command, text }) => ["", `${about}:`, `$ ${command}`, ...shortened(text.split("\n"))]),
]

/** Lines of one answer that are shown. */
const linesShown = 16
const shortened = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length <= linesShown
    ? lines
    : [
        ...lines
          .slice(0, linesShown - 1)
          .join("\n")
          .trimEnd()
          .split("\n"),
        "…",
      ]
