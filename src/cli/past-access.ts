/**
 * What commands that ask about the past have in common: where they read it, and how moments are given on a command line.
 */
import type * as Context from "effect/Context"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { postgresSettings } from "../config.ts"
import { forEachKind, type Kind, type PartitionCounts } from "../domain/kinds.ts"
import { counted, shownLines } from "../domain/telling.ts"
import { pastStepsMax, pastStepsShown } from "../limits.ts"
import { engineLayer } from "../nats/layer.ts"
import type { JournalRoom } from "../ports/archive.ts"
import { Cluster, Journals } from "../ports/broker.ts"
import { type JournalEnds, type Past, type PastKnown, PastSource } from "../ports/past.ts"
import { openTablesPast } from "../postgres/past.ts"
import { journalPast } from "../retention/journal-past.ts"
import { engineAccess } from "./access.ts"
import { namedArchive, presentFolder } from "./archive-folder.ts"
import { wholeFlag } from "./arguments.ts"
import { caughtUp, type Waiting } from "./caught-up.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { noPostgres, tablesUrl } from "./postgres-access.ts"
import { isoTime } from "./print.ts"

/** Where a question about the past is put. */
export interface PastChoice {
  /** Null: to the tables, where there are some that can be used, and else to the journals. */
  readonly source: PastSource | null
  /** What holds the records that were purged from the journals; null: what the environment names, if anything. */
  readonly archive: string | null
}

/** For commands that ask about the past. */
export const sourceFlag = Flag.Literals("source", PastSource).pipe(
  Flag.withDescription(
    `tables: those of the database that ${postgresSettings.url.name} or a \`holdfast serve\` in this folder names; journals: the journals themselves, with their archive. Otherwise the tables, where they can be used and no --archive is named`,
  ),
  Flag.optional,
  Flag.map(Option.getOrNull),
)

type KindPorts = Readonly<Record<Kind, Context.Context<Journals | JournalRoom | Cluster>>>

/** Where journals end, and which they are, as the cluster says. */
const endsOf =
  (ports: KindPorts): JournalEnds =>
  (kind, partition) =>
    Effect.gen(function* () {
      const seq = yield* (yield* Journals).endSeq(partition)
      const { incarnation } = yield* (yield* Cluster).marks(partition)
      return { seq, incarnation }
    }).pipe(Effect.provide(ports[kind]))

/** What whoever asks is told on the way. */
interface Asking {
  /** Why tables that are there are not used. */
  readonly passedOver: (why: string) => Effect.Effect<void>
  /** That tables which are behind are waited for; null: they are not, and are asked as they are. */
  readonly waits: Waiting | null
}

/** The past, from where it is to be read. */
const chosenPast = Effect.fnUntraced(function* (
  { source, archive }: PastChoice,
  counts: PartitionCounts,
  ports: KindPorts,
  { passedOver, waits }: Asking,
) {
  const journals = journalPast(counts, (kind) => Effect.provide(ports[kind]))
  if (source === "journals" || (source === null && archive !== null)) return journals
  const url = yield* tablesUrl
  if (url === null) return source === null ? journals : yield* noPostgres
  const tables = Effect.map(openTablesPast(url, counts, endsOf(ports)), (past) => (waits === null ? past : caughtUp(past, waits)))
  if (source === "tables") return yield* tables
  return yield* Effect.catch(tables, (error) => Effect.as(passedOver(error.message), journals))
})

/** Runs what asks about the past, over a worker's access to the cluster. */
export const askPast = Effect.fnUntraced(function* <A, E>(choice: PastChoice, asked: Effect.Effect<A, E, Past>, asking: Asking) {
  const { archive } = choice
  if (choice.source === "tables" && archive !== null)
    return yield* new CommandFailed({
      code: exitCode.usage,
      message: "--archive goes with the journals: leave it out, or say --source journals",
    })
  // A folder that isn't there is said before a cluster is looked for.
  yield* presentFolder(archive, "--archive")
  const { nats, counts } = yield* engineAccess
  const archived = { sku: yield* namedArchive(archive, "sku"), order: yield* namedArchive(archive, "order") }
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const ports = yield* Effect.all(forEachKind((kind) => Layer.build(Layer.merge(engineLayer({ ...nats, kind }), archived[kind]))))
      return yield* Effect.provide(asked, yield* chosenPast(choice, counts, ports, asking))
    }),
  )
})

const sayBeside = (line: string) => Effect.sync(() => void process.stderr.write(`holdfast: ${line}\n`))

/** The same for a command: whoever runs it hears why tables that are there are not used, that they are waited for, and with an answer what it is without. */
export const withPast = <A, E>(choice: PastChoice, asked: Effect.Effect<A, E, Past>) =>
  Effect.suspend(() => {
    const withAnswer: Array<string> = []
    return askPast(choice, asked, {
      passedOver: (why) => sayBeside(`the tables can't be used, so the journals are read. ${shownLines(why)}`),
      waits: { say: sayBeside, sayWithAnswer: (line) => Effect.sync(() => void withAnswer.push(line)) },
    }).pipe(Effect.tap(() => Effect.forEach(withAnswer, sayBeside, { discard: true })))
  })

/** Partitions that are behind of which each is told for itself. */
const behindToldMax = 10

const upTo = ({ kind, partition, seq, atMs }: PastKnown): string =>
  seq === 0 ? `nothing of ${kind} partition ${partition}` : `up to record ${seq} (${isoTime(atMs)}) of ${kind} partition ${partition}`

const afterIt = ({ behind }: PastKnown): string => {
  if (behind === 0) return ", which is all there is"
  if (behind === null) return "; what was journaled after it can't be asked here"
  return `. NOT in this answer: ${counted(behind, "record")} that followed (is a projector running?)`
}

/** Where an answer comes from, and up to which record. */
export const knownText = (all: ReadonlyArray<PastKnown>): string => {
  const places = [...new Map(all.map((known) => [`${known.kind} ${known.partition}`, known])).values()]
  const [first, ...more] = places
  if (first === undefined) return ""
  if (more.length === 0) return `Read from the ${first.source}, ${upTo(first)}${afterIt(first)}.`
  const behind = places.filter((known) => known.behind !== 0)
  const head = `Read from the ${first.source}, ${counted(places.length, "partition")}`
  if (behind.length === 0) return `${head}: all there is.`
  return [
    `${head}, of which ${counted(behind.length, "is", "are")} behind:`,
    ...behind.slice(0, behindToldMax).map((known) => `  ${upTo(known)}${afterIt(known)}`),
    ...(behind.length > behindToldMax ? [`  and ${behind.length - behindToldMax} more (--json tells all)`] : []),
  ].join("\n")
}

/** An hour, a minute, and the zone they are of: without it nobody can be sure which moment was meant. */
const withZone = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/
const day = /^\d{4}-\d{2}-\d{2}$/
const digits = /^\d{1,15}$/

const momentOf = (text: string): Option.Option<number> => {
  if (digits.test(text)) return Option.some(Number(text))
  const ms = withZone.test(text) ? Date.parse(text) : day.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return Number.isNaN(ms) ? Option.none() : Option.some(ms)
}

const whyNoMoment = (text: string): string =>
  /^\d{4}-\d{2}-\d{2}T/.test(text)
    ? "it names no zone, or no time of a day that there is: 2026-11-29T21:30:00Z, or +01:00 in the place of Z"
    : "a moment is 2026-11-29T21:30:00.250Z, 2026-11-29 (its first moment, UTC), or milliseconds since 1970"

/** A moment. */
export const momentFlag = (name: string, description: string): Flag.Flag<number | undefined> =>
  Flag.String(name).pipe(
    Flag.withMetavar("TIME"),
    Flag.withDescription(description),
    Flag.filterMap(momentOf, whyNoMoment),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  )

/** Which steps are told. */
export const stepFlags = {
  limit: wholeFlag("limit", `How many steps are told (${pastStepsShown}): the last ones`, 1, pastStepsMax).pipe(
    Flag.withDefault(pastStepsShown),
  ),
  before: Flag.String("before").pipe(
    Flag.withMetavar("PLACE"),
    Flag.withDescription("The steps before this one: `before` of the answer whose steps follow"),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  ),
}

/** For the help of commands that ask about the past. */
export const pastHelp = `Asks the tables of \`holdfast project\` where there are some, and otherwise reads the journals, with what was archived of them (--archive), from the first record on, which takes a while where
they are large (--source chooses). Tables that are behind the journals are waited for, as long as they come nearer. The answer says which it was, and up to which record. Needs a worker's access, as for
\`serve\`, or the nats-server of a \`holdfast serve\` in this folder. Reads only. What can't be answered ends with 1 and says what to ask instead.`
