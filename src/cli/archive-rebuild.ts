/**
 * `holdfast archive rebuild`: writes journals anew from the archive, into servers that lost them. What is to be written is decided in retention/, here it is only asked for and told.
 */
import { join } from "node:path"
import * as Console from "effect/Console"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { folderArchiveLayer, folderArchiveReader } from "../archive/folder.ts"
import { partitionsMax, settings } from "../config.ts"
import { forEachKind, Kind, type PartitionCounts } from "../domain/kinds.ts"
import { counted } from "../domain/telling.ts"
import { type EngineConfig, engineLayer } from "../nats/layer.ts"
import { makingLayer } from "../nats/making.ts"
import { Archive } from "../ports/archive.ts"
import { Cluster } from "../ports/broker.ts"
import { ClusterMaking } from "../ports/making.ts"
import { cutArchive, showArchived } from "../retention/cut-archive.ts"
import { ArchivedTogether } from "../retention/dependencies.ts"
import { archivedEnd } from "../retention/keep-journal.ts"
import { haltForRebuild, type RebuildTask, type Rebuilt, rebuildJournal } from "../retention/rebuild-journal.ts"
import { chosenJournal, type RebuildPlan, rebuildPlan } from "../retention/rebuild-plan.ts"
import type { ArchiveManifest } from "../wire/archive.ts"
import { storeAccess, variable } from "./access.ts"
import { folderFlag, folderOf } from "./archive-folder.ts"
import { kindFlag, partitionFlag } from "./arguments.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { isoTime, jsonFlag, printJson, printLine, progress, table } from "./print.ts"

interface Flags {
  readonly dir: string | null
  readonly partition: number | null
  readonly kind: Kind
  readonly incarnation: string | null
  readonly dryRun: boolean
  readonly json: boolean
}

const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })
const failed = (message: string) => new CommandFailed({ code: exitCode.failed, message })

/** A kind's number of partitions as its archive says, which has every partition that ever decided anything; null: nothing is archived. */
const archivedCount = Effect.gen(function* () {
  const archive = yield* Archive
  const [first] = yield* archive.journals
  return first === undefined ? null : ((yield* archive.manifest(first))?.partitions ?? null)
})

const settingOf: Readonly<Record<Kind, string>> = { sku: settings.partitions.name, order: settings.orderPartitions.name }

/** The number that a cluster is made with of a kind of which nothing is archived. */
const toldCount = Effect.fnUntraced(function* (kind: Kind, ofSkus: number | null) {
  const text = yield* variable(settingOf[kind])
  const told = text === null ? ofSkus : /^[1-9][0-9]{0,3}$/.test(text) && Number(text) <= partitionsMax ? Number(text) : null
  if (told !== null) return told
  return yield* usage(`nothing is archived of kind ${kind}: how many partitions of it shall there be? Say so with ${settingOf[kind]}`)
})

/** The cluster's number of partitions of each kind, as it is there or is to be made. */
const countsOf = Effect.fnUntraced(function* (folder: string, known: PartitionCounts | null) {
  const count = (kind: Kind) => archivedCount.pipe(Effect.provide(folderArchiveReader({ folder, kind })))
  const archived = yield* Effect.all(forEachKind(count))
  if (archived.sku === null && archived.order === null)
    return yield* failed(`nothing is archived in ${folder}: name the folder of the archive with --dir. Nothing was changed`)
  if (known !== null) return known
  const sku = archived.sku ?? (yield* toldCount("sku", null))
  return { sku, order: archived.order ?? (yield* toldCount("order", sku)) }
})

/** A journal, and what is to be done with it. */
interface Planned {
  readonly kind: Kind
  readonly partition: number
  readonly manifest: ArchiveManifest | null
  readonly plan: RebuildPlan
}

const planOf = Effect.fnUntraced(function* (
  kind: Kind,
  partition: number,
  partitions: number,
  incarnation: string | null,
  isMade: boolean,
) {
  const archive = yield* Archive
  const chosen = chosenJournal(yield* archive.journals, partition, incarnation)
  if ("why" in chosen) return yield* usage(chosen.why)
  const manifest = chosen.journal === null ? null : yield* archive.manifest(chosen.journal)
  const held = yield* (yield* ClusterMaking).held(kind, partition)
  const marks = isMade ? yield* (yield* Cluster).marks(partition) : { incarnation: null, witness: null, halt: null }
  const planned: Planned = { kind, partition, manifest, plan: rebuildPlan({ kind, partition, partitions, manifest, held, ...marks }) }
  return planned
})

/** Partitions that the archive has and the cluster has not: what they hold would be left behind. */
const requireAll = Effect.fnUntraced(function* (kind: Kind, partitions: number) {
  const beyond = (yield* (yield* Archive).journals).find(({ partition }) => partition >= partitions)
  if (beyond !== undefined)
    return yield* new CommandFailed({
      code: exitCode.topology,
      message: `partition ${beyond.partition} of kind ${kind} is archived, and the cluster has ${counted(partitions, "partition")} of it: use servers on which no cluster was made`,
    })
})

type Ports = (kind: Kind) => Layer.Layer<Archive | ClusterMaking | Layer.Success<ReturnType<typeof engineLayer>>>

/** What is to be done with all journals, or the one that is named. Writes nothing. */
const planAll = Effect.fnUntraced(function* (flags: Flags, counts: PartitionCounts, isMade: boolean, portsOf: Ports) {
  const { partition, kind: named, incarnation } = flags
  if (partition !== null && partition >= counts[named])
    return yield* usage(`there is no partition ${partition} of kind ${named}: 0 to ${counts[named] - 1}`)
  const planned = yield* Effect.forEach(partition === null ? Kind : [named], (kind) =>
    Effect.gen(function* () {
      yield* requireAll(kind, counts[kind])
      const which = partition === null ? Array.from({ length: counts[kind] }, (_, index) => index) : [partition]
      return yield* Effect.forEach(which, (one) => planOf(kind, one, counts[kind], incarnation, isMade))
    }).pipe(Effect.provide(portsOf(kind))),
  )
  return planned.flat()
})

/** How far each journal is brought back where the last round of the archive was cut short; no journal: it was not. */
const cutsOf = Effect.fnUntraced(function* (planned: ReadonlyArray<Planned>, portsOf: Ports) {
  const together = new ArchivedTogether()
  for (const { kind, manifest, plan } of planned) {
    if (manifest === null) continue
    const show = showArchived(kind, manifest, plan._tag === "Write" ? plan.firstSeq : archivedEnd(manifest).seq + 1, together)
    yield* show.pipe(Effect.provide(portsOf(kind)))
  }
  if (together.missing().length === 0) return []
  return together.cut().flatMap((place) => {
    const one = planned.find(({ kind, partition }) => kind === place.kind && partition === place.partition)
    const endSeq = one?.manifest == null ? 0 : archivedEnd(one.manifest).seq
    return one === undefined || endSeq <= place.seq ? [] : [{ ...one, seq: place.seq, cutOff: endSeq - place.seq }]
  })
})

const cutText = ({ kind, partition, seq, cutOff }: Effect.Success<ReturnType<typeof cutsOf>>[number]): string =>
  `${kind} ${partition}: ${counted(cutOff, "record")} behind ${seq}`

/** Cuts the archive to what may be used together. Answers whether anything was cut. */
const cutWhereNeeded = Effect.fnUntraced(function* (planned: ReadonlyArray<Planned>, folder: string, dryRun: boolean, portsOf: Ports) {
  const cuts = yield* cutsOf(planned, portsOf)
  if (cuts.length === 0) return false
  const which = cuts.map(cutText).join(", ")
  yield* Console.error(
    `holdfast: the last round of the archive was cut short: what it had archived of some journals speaks of records that it had not archived yet of others. ${dryRun ? "Would be put" : "Put"} aside, in ${join(folder, "set-aside")}: ${which}`,
  )
  if (dryRun) return false
  for (const { kind, manifest, seq } of cuts)
    if (manifest !== null) yield* cutArchive(kind, manifest, seq).pipe(Effect.provide(folderArchiveLayer({ folder, kind })))
  return true
})

/** Makes what is missing, halts all that is to be written before there is a journal that anybody could begin, and writes. */
const carryOut = Effect.fnUntraced(function* (planned: ReadonlyArray<Planned>, counts: PartitionCounts, replicas: number, portsOf: Ports) {
  const tasks = planned.flatMap(
    ({ plan, ...of }): ReadonlyArray<RebuildTask> => (plan._tag === "Refused" ? [] : [{ ...of, plan, say: progress }]),
  )
  const making = yield* ClusterMaking
  yield* making.makeMarks(counts, replicas)
  yield* Effect.forEach(tasks, (task) => haltForRebuild(task).pipe(Effect.provide(portsOf(task.kind))), { discard: true })
  yield* making.makeStreams(counts, replicas, (kind, partition) => {
    const task = tasks.find((one) => one.kind === kind && one.partition === partition)
    return task?.plan._tag === "Write" ? task.plan.firstSeq : 1
  })
  const rebuilt = yield* Effect.forEach(tasks, (task) => rebuildJournal(task).pipe(Effect.provide(portsOf(task.kind))))
  yield* progress("")
  return rebuilt
})

const planText = ({ plan }: Planned): string => {
  switch (plan._tag) {
    case "Write":
      return plan.nextSeq > plan.endSeq
        ? `nothing is missing; it is still halted as unfinished`
        : `records ${plan.nextSeq} to ${plan.endSeq}`
    case "Begin":
      return "nothing is archived: it begins anew"
    case "Done":
      return `rebuilt before, up to record ${plan.endSeq}: resume it`
    case "Refused":
      return `REFUSED: ${plan.why}`
  }
}

const endOf = ({ manifest }: Planned): string => {
  const last = manifest?.segments.at(-1)
  return last === undefined ? "" : isoTime(last.lastAtMs)
}

/** What would be done, for people. */
const plannedText = (planned: ReadonlyArray<Planned>): string =>
  table(
    ["kind", "partition", "would write", "archive ends at"],
    planned.map((one) => [one.kind, one.partition, planText(one), endOf(one)]),
  )

/** The times at which the archive of some journals ends, first and last; null: nothing of any is archived. */
const endsOf = (rebuilt: ReadonlyArray<Rebuilt>): { readonly first: number; readonly last: number } | null => {
  const times = rebuilt.flatMap(({ endSeq, endAtMs }) => (endSeq === 0 ? [] : [endAtMs]))
  return times.length === 0 ? null : { first: Math.min(...times), last: Math.max(...times) }
}

const rowOf = (one: Rebuilt): ReadonlyArray<string | number> => [
  one.kind,
  one.partition,
  one.endSeq === 0 ? "none" : `${one.firstSeq} to ${one.endSeq}`,
  one.written,
  one.endSeq === 0 ? "" : isoTime(one.endAtMs),
  one.snapshotEndSeq ?? "",
  one.confirmedSeq === null ? "" : `record ${one.confirmedSeq} had been confirmed`,
]

/** What was done, and what it could not bring back, for people. */
const rebuiltText = (rebuilt: ReadonlyArray<Rebuilt>): string => {
  const ends = endsOf(rebuilt)
  const since =
    ends === null
      ? "NOTHING OF THEM WAS ARCHIVED: all that was decided is lost."
      : `WHAT WAS DECIDED LATER IS LOST: after ${isoTime(ends.first)} at the earliest, ${isoTime(ends.last)} at the latest, each partition after its own time above.`
  return [
    table(["kind", "partition", "records", "written", "ends at", "snapshot ends", "known to be lost"], rebuilt.map(rowOf)),
    "",
    since,
    "Commands that were stored and not yet decided are lost too. Nobody sells: every partition is halted until you resume it.",
    "Before that: start the workers; have channels tell as RecordSale what they sold since, and warehouses send again what they told since, counts last (Backup and restore, docs/OPERATIONS.md).",
    `Then, for each partition: holdfast resume N --kind KIND --reason "…". Tables in Postgres: holdfast project --rebuild.`,
  ].join("\n")
}

const requireFree = (planned: ReadonlyArray<Planned>): Effect.Effect<void, CommandFailed> => {
  const first = planned.find(({ plan }) => plan._tag === "Refused")
  if (first === undefined || first.plan._tag !== "Refused") return Effect.void
  const { why, remedy } = first.plan
  const count = planned.filter(({ plan }) => plan._tag === "Refused").length
  return failed(`${counted(count, "journal")} can't be written, and nothing was changed; the first: ${why}. What to do: ${remedy}`)
}

const openPorts = Effect.fnUntraced(function* (nats: EngineConfig, folder: string) {
  const scope = yield* Effect.scope
  const making = yield* Layer.buildWithScope(makingLayer(nats), scope)
  const made = yield* Effect.all(
    forEachKind((kind) =>
      Layer.buildWithScope(
        Layer.mergeAll(engineLayer({ ...nats, kind }), folderArchiveReader({ folder, kind }), Layer.succeedContext(making)),
        scope,
      ),
    ),
  )
  return { making, portsOf: ((kind) => Layer.succeedContext(made[kind])) satisfies Ports }
})

const rebuild = Effect.fnUntraced(function* (flags: Flags) {
  const { partition, incarnation, dryRun, json } = flags
  if (incarnation !== null && partition === null) return yield* usage("--incarnation is of one partition: name it with --partition")
  const folder = yield* folderOf(flags.dir)
  if (folder === null) return
  const { nats, replicas } = yield* storeAccess
  const { making, portsOf } = yield* openPorts(nats, folder)
  const act = Effect.gen(function* () {
    const known = yield* (yield* ClusterMaking).partitions
    if (known === null && partition !== null)
      return yield* usage("nobody has made a cluster there: rebuild all partitions, without --partition")
    const counts = yield* countsOf(folder, known)
    const first = yield* planAll(flags, counts, known !== null, portsOf)
    if (dryRun && first.some(({ plan }) => plan._tag === "Refused")) yield* printLine(plannedText(first))
    yield* requireFree(first)
    // Of one journal alone: the others are where they are, and know what they know.
    const isCut = partition === null && (yield* cutWhereNeeded(first, folder, dryRun, portsOf))
    const planned = isCut ? yield* planAll(flags, counts, known !== null, portsOf) : first
    if (dryRun) yield* json ? printJson(planned.map(({ manifest: _, ...of }) => of)) : printLine(plannedText(planned))
    yield* requireFree(planned)
    if (dryRun) return
    const rebuilt = yield* carryOut(planned, counts, replicas, portsOf)
    yield* json ? printJson({ ends: endsOf(rebuilt), partitions: rebuilt }) : printLine(rebuiltText(rebuilt))
  })
  yield* act.pipe(Effect.provide(Layer.succeedContext(making)))
}, Effect.scoped)

const description = `Write journals anew from the archive, into servers that lost them: every record with the bytes and the number that it had, the snapshot from which workers begin, and the marks. Into servers that
hold nothing, before any worker is started there; it makes the streams, as many partitions as the archive has. A journal that holds other records than the archive is refused, and
nothing is changed then. Killed at any moment, it goes on where it was.

What was decided after the archive's last round is lost. So every partition that was written is halted until an operator resumes it: see Backup and restore in docs/OPERATIONS.md.

Needs a worker's access, as for \`serve\`: not the archivist's, which can store nothing.`

/** `holdfast archive rebuild`. */
export const rebuildCommand = Command.make(
  "rebuild",
  {
    dir: folderFlag,
    partition: partitionFlag("Only this partition, of the kind that --kind names").pipe(Flag.optional, Flag.map(Option.getOrNull)),
    kind: kindFlag,
    incarnation: Flag.String("incarnation").pipe(
      Flag.withMetavar("ID"),
      Flag.withDescription("With --partition: which journal, where the archive has several of it"),
      Flag.optional,
      Flag.map(Option.getOrNull),
    ),
    dryRun: Flag.Boolean("dry-run").pipe(Flag.withDescription("Say what would be written; write nothing"), Flag.withDefault(false)),
    json: jsonFlag,
  },
  rebuild,
).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([
    { command: "holdfast archive rebuild --dir /var/lib/holdfast-archive --dry-run", description: "what would be written" },
    { command: "holdfast archive rebuild --dir /var/lib/holdfast-archive", description: "into new servers, before workers are started" },
  ]),
)
