/**
 * `holdfast archive`: keeps journals bounded, and outside NATS. Archives all of them, verifies their snapshots, and purges what nobody needs from the stream; once, or again and
 * again. What may be purged is decided in retention/, here it is only asked for and told.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { folderArchiveLayer, folderArchiveReader } from "../archive/folder.ts"
import { archiveSettingsHelp } from "../config.ts"
import { forEachKind, Kind } from "../domain/kinds.ts"
import { counted, shownName } from "../domain/telling.ts"
import { archivistLayer } from "../nats/archivist.ts"
import { engineLayer } from "../nats/layer.ts"
import { Archive, JournalPrefix } from "../ports/archive.ts"
import { Cluster, Snapshots } from "../ports/broker.ts"
import { ArchivedTogether } from "../retention/dependencies.ts"
import { type KeepOptions, type Kept, keepJournal, keepNeeded, keptByDefault, lookAtJournal } from "../retention/keep-journal.ts"
import { archivistAccess, engineAccess } from "./access.ts"
import { folderFlag, folderOf } from "./archive-folder.ts"
import { rebuildCommand } from "./archive-rebuild.ts"
import { kindFlag, partitionFlag, wholeFlag } from "./arguments.ts"
import { CommandFailed, describeFailure, exitCode, exitCodeOf } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { parentGone } from "./parent-gone.ts"
import { jsonFlag, print, printJson, printLine, progress, table } from "./print.ts"

const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 24 * 3_600_000 }

/** `90s`, `15m`, `1h`, `1d` in milliseconds; undefined if it is none of these. */
export const durationMs = (text: string): number | undefined => {
  const found = /^([1-9][0-9]{0,5})([smhd])$/.exec(text)
  return found === null ? undefined : Number(found[1]) * (unitMs[found[2] ?? ""] ?? 0)
}

const everyOf = (flag: string | null): Effect.Effect<number | null, CommandFailed> => {
  if (flag === null) return Effect.succeed(null)
  const ms = durationMs(flag)
  return ms === undefined ? Effect.fail(usage(`--every: ${shownName(flag)} is no duration such as 90s, 15m, 1h or 1d`)) : Effect.succeed(ms)
}

/** How one journal's round ended: what came of it, or why it failed. The others' rounds go on. */
type RoundResult = { readonly kind: Kind; readonly partition: number } & (
  | { readonly kept: Kept }
  | { readonly failed: string; readonly code: number }
)

const markText = ({ mark }: Kept): string => (mark._tag === "Below" ? `below ${mark.seq}` : `nothing (${mark.why})`)

/** A round for people. */
export const roundText = (ended: ReadonlyArray<RoundResult>, isDry: boolean): string => {
  const rows = ended.map((one) => {
    if ("failed" in one) return [one.kind, one.partition, "", "", "", "", "", `FAILED: ${one.failed}`]
    const { records, archivedSeq, archiveBytes, journal } = one.kept
    const held = journal.firstSeq > journal.lastSeq ? "none" : `${journal.firstSeq} to ${journal.lastSeq}`
    return [one.kind, one.partition, records, archivedSeq, archiveBytes, held, journal.bytes, markText(one.kept)]
  })
  const headings = [
    "kind",
    "partition",
    isDry ? "to archive" : "archived",
    "up to",
    "archive bytes",
    "journal holds",
    "journal bytes",
    isDry ? "may go" : "purged",
  ]
  return table(headings, rows)
}

/** The journals and the archive of one kind. */
type OfKind = Layer.Layer<Archive | JournalPrefix>

/** One round for the journals of one kind: all of them, or the one that is named. */
const roundOf = Effect.fnUntraced(function* (partition: number | null, options: KeepOptions, isDry: boolean) {
  const { kind } = options
  const partitions = options.partitions[kind]
  if (partition !== null && partition >= partitions)
    return yield* usage(`there is no partition ${partition} of kind ${kind}: 0 to ${partitions - 1}`)
  const which = partition === null ? Array.from({ length: partitions }, (_, index) => index) : [partition]
  return yield* Effect.forEach(which, (one) =>
    (isDry ? lookAtJournal : keepJournal)(one, options).pipe(
      Effect.match({
        onSuccess: (kept): RoundResult => ({ kind, partition: one, kept }),
        onFailure: (error): RoundResult => ({ kind, partition: one, failed: describeFailure(error), code: exitCodeOf(error) }),
      }),
    ),
  )
})

/** One round for the journals of every kind, or the partition that is named. */
const round = Effect.fnUntraced(function* (
  { partition, kind, dryRun }: Pick<Flags, "partition" | "kind" | "dryRun">,
  given: Omit<KeepOptions, "kind" | "partitions" | "together">,
  portsOf: (kind: Kind) => OfKind,
) {
  const options = { ...given, together: new ArchivedTogether() }
  const count = (of: Kind) => JournalPrefix.use(({ partitions }) => partitions).pipe(Effect.provide(portsOf(of)))
  const partitions = yield* Effect.all(forEachKind(count))
  if (partitions.sku === 0)
    return yield* new CommandFailed({ code: exitCode.topology, message: "there are no journals: start a worker (holdfast serve) first" })
  const ended = yield* Effect.forEach(partition === null ? Kind : [kind], (of) =>
    roundOf(partition, { ...options, kind: of, partitions }, dryRun).pipe(Effect.provide(portsOf(of))),
  )
  const results = ended.flat()
  // One that failed is told already, and is what others may speak of.
  const isWhole = partition === null && !dryRun && results.every((one) => "kept" in one)
  const closed = isWhole ? yield* archiveTogether(results, { ...options, partitions }, portsOf) : results
  yield* progress("")
  return closed
})

/** Archives what the journals that came first speak of in those that came later, or the other way: what each of them needs of the others is there when a round is over. */
const archiveTogether = Effect.fnUntraced(function* (
  results: ReadonlyArray<RoundResult>,
  options: Omit<KeepOptions, "kind">,
  portsOf: (kind: Kind) => OfKind,
) {
  let closed = results
  for (let missing = options.together.missing(); missing.length > 0; missing = options.together.missing()) {
    for (const { kind, partition, seq } of missing) {
      const kept = yield* keepNeeded(partition, seq, { ...options, kind }).pipe(
        Effect.provide(portsOf(kind)),
        Effect.match({
          onSuccess: () => null,
          onFailure: (error) => ({ kind, partition, failed: describeFailure(error), code: exitCodeOf(error) }),
        }),
      )
      closed = closed.map((one) => (one.kind === kind && one.partition === partition ? (kept ?? withMore(one, seq)) : one))
      if (kept !== null) return closed
    }
  }
  return closed
})

/** A journal's round, after more of it was archived. */
const withMore = (one: RoundResult, archivedSeq: number): RoundResult =>
  "kept" in one
    ? {
        ...one,
        kept: { ...one.kept, archivedSeq, records: one.kept.records + archivedSeq - one.kept.archivedSeq, segments: one.kept.segments + 1 },
      }
    : one

interface Flags {
  readonly dir: string | null
  readonly create: boolean
  readonly every: string | null
  readonly partition: number | null
  readonly kind: Kind
  readonly dryRun: boolean
  readonly keepAll: boolean
  readonly testKeptMs: number | null
  readonly testRecordsKept: number | null
  readonly json: boolean
}

const tell = (ended: ReadonlyArray<RoundResult>, { json, every, dryRun }: Flags): Effect.Effect<void> => {
  if (!json) return printLine(roundText(ended, dryRun))
  // A line each round, so that a program can read a schedule as it goes.
  return every === null ? printJson(ended) : print(`${JSON.stringify(ended)}\n`)
}

const failureOf = (ended: ReadonlyArray<RoundResult>): CommandFailed | undefined => {
  const first = ended.find((one) => "failed" in one)
  if (first === undefined) return undefined
  const count = ended.filter((one) => "failed" in one).length
  return new CommandFailed({
    code: first.code as CommandFailed["code"],
    message: `${count} of ${counted(ended.length, "partition")} ${count === 1 ? "was" : "were"} not archived; the first, ${first.kind} ${first.partition}: ${first.failed}`,
  })
}

const archive = Effect.fnUntraced(function* (flags: Flags) {
  const everyMs = yield* everyOf(flags.every)
  const folder = yield* folderOf(flags.dir, {
    mayBeMade: flags.create,
    remedy: ": is it mistyped, or its disk not mounted? For a new archive, --create makes it",
  })
  const access = yield* archivistAccess
  const options = {
    keptMs: flags.testKeptMs ?? keptByDefault.keptMs,
    recordsKept: flags.testRecordsKept ?? keptByDefault.recordsKept,
    purges: !flags.keepAll,
    say: progress,
  }
  const scope = yield* Effect.scope
  const made = yield* Effect.all(
    forEachKind((kind) => {
      const store = flags.dryRun ? folderArchiveReader({ folder, kind }) : folderArchiveLayer({ folder, kind })
      return Layer.buildWithScope(Layer.merge(archivistLayer({ ...access, kind }), store), scope)
    }),
  )
  const once = Effect.tap(
    round(flags, options, (kind) => Layer.succeedContext(made[kind])),
    (ended) => tell(ended, flags),
  )
  const rounds =
    everyMs === null ? Effect.flatMap(once, (ended) => failureOf(ended) ?? Effect.void) : Effect.race(again(once, everyMs), parentGone)
  yield* rounds
}, Effect.scoped)

/** Again and again, whatever a round ended with: the next may find a broker that is back. Ends by a signal. */
const again = <E, R>(once: Effect.Effect<ReadonlyArray<RoundResult>, E, R>, everyMs: number): Effect.Effect<void, never, R> =>
  once.pipe(
    Effect.flatMap((ended) => {
      const failure = failureOf(ended)
      return failure === undefined ? Effect.void : Effect.logWarning(failure.message)
    }),
    Effect.catch((error) => Effect.logWarning(describeFailure(error))),
    Effect.repeat(Schedule.spaced(Duration.millis(everyMs))),
    Effect.asVoid,
  )

const ifGiven = <A>(flag: Flag.Flag<A>) => flag.pipe(Flag.optional, Flag.map(Option.getOrNull))

const description = `Keep journals bounded, and outside NATS: archive all records up to the journals' ends, read them back, fold them to show that the newest snapshot holds what they say, archive the
snapshot beside them, and purge the records that nobody needs from the stream any more. Nothing younger than any remembered id (four days, by journaled time) is purged.

The format stands in docs/ARCHIVE.md; audit and export read archive and journal as one. Needs the archivist's login, at HOLDFAST_NATS_URL, or the nats-server of a \`holdfast serve\` in this
folder. One at a time for a folder. It may be killed at any moment and started again.

${archiveSettingsHelp()}`

const restoreDescription = `Put the archived snapshot of a partition back, for a partition whose own was lost or damaged after the beginning of its journal was purged: without one no worker can begin.
Then: holdfast resume N --kind KIND. Needs a worker's access, as for \`serve\`.`

/** Puts the archived snapshot where workers look for one. */
const restore = Effect.fnUntraced(function* (partition: number) {
  const { incarnation } = yield* (yield* Cluster).marks(partition)
  if (incarnation === null)
    return yield* new CommandFailed({ code: exitCode.failed, message: `nothing is known of partition ${partition}: it has no incarnation` })
  const store = yield* Archive
  const manifest = yield* store.manifest({ partition, incarnation })
  const found = manifest === null ? null : yield* store.snapshot(manifest)
  if (found === null)
    return yield* new CommandFailed({
      code: exitCode.failed,
      message: `the archive holds no snapshot of partition ${partition}, incarnation ${incarnation}: is it the archive of this cluster?`,
    })
  const snapshots = yield* Snapshots
  const { id, endSeq, startSeq } = found.manifest
  yield* Effect.forEach(found.chunks, (bytes, index) => snapshots.putChunk(partition, id, index, bytes), { discard: true })
  yield* snapshots.publish(found.manifest)
  const latest = yield* snapshots.latest(partition)
  const present = latest === null || "newer" in latest ? null : latest
  if (present?.manifest.id === id)
    return yield* printLine(`partition ${partition} begins with snapshot ${id} again: records ${startSeq} to ${endSeq}`)
  return yield* printLine(
    `partition ${partition} has a snapshot that reaches further (to record ${present?.manifest.endSeq ?? "unknown"}): it was left as it is`,
  )
})

const restoreCommand = Command.make(
  "restore",
  { partition: partitionFlag("Which"), kind: kindFlag, dir: folderFlag },
  Effect.fn(function* ({ partition, kind, dir }) {
    const folder = yield* folderOf(dir)
    const { nats, counts } = yield* engineAccess
    if (partition >= counts[kind]) return yield* usage(`there is no partition ${partition} of kind ${kind}: 0 to ${counts[kind] - 1}`)
    yield* restore(partition).pipe(Effect.provide(Layer.merge(engineLayer({ ...nats, kind }), folderArchiveReader({ folder, kind }))))
  }),
).pipe(Command.withDescription(helpText(restoreDescription)))

export const archiveCommand = Command.make(
  "archive",
  {
    dir: folderFlag,
    create: Flag.Boolean("create").pipe(
      Flag.withDescription("Make the folder if it isn't there: the archive is new"),
      Flag.withDefault(false),
    ),
    every: ifGiven(
      Flag.String("every").pipe(
        Flag.withMetavar("DURATION"),
        Flag.withDescription("Again after so long, until a signal ends it: 90s, 15m, 1h, 1d"),
      ),
    ),
    partition: ifGiven(partitionFlag("Only this partition, of the kind that --kind names")),
    kind: kindFlag,
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Say what would be archived and, by what is archived already, purged; write and purge nothing"),
      Flag.withDefault(false),
    ),
    keepAll: Flag.Boolean("keep-all").pipe(Flag.withDescription("Archive and verify, and purge nothing"), Flag.withDefault(false)),
    testKeptMs: ifGiven(
      wholeFlag(
        "test-kept-ms",
        "FOR TESTS: purge what is older by journaled time than so many ms, though ids of it are still remembered",
        0,
        Number.MAX_SAFE_INTEGER,
      ),
    ),
    testRecordsKept: ifGiven(wholeFlag("test-records-kept", "FOR TESTS: how many of the newest records stay", 0, Number.MAX_SAFE_INTEGER)),
    json: jsonFlag,
  },
  archive,
).pipe(
  Command.withDescription(helpText(description)),
  Command.withSubcommands([restoreCommand, rebuildCommand]),
  Command.withExamples([
    { command: "holdfast archive --dir /var/lib/holdfast-archive --create", description: "the first time" },
    { command: "holdfast archive --dir /var/lib/holdfast-archive --every 1h", description: "as a service of its own" },
    { command: "holdfast archive --dry-run", description: "what would be done" },
  ]),
)
