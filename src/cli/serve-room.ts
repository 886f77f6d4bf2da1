/**
 * What a worker does about disk beside its work: it samples how much room the journals it serves take, and, where it is told to, keeps `holdfast archive` running
 * as a process of its own: folding a journal takes a core for a while, and no decision may wait for that.
 */
import { Effect, Option, Schedule } from "effect"
import type { ArchiveConfig } from "../config.ts"
import type { Kind } from "../domain/kinds.ts"
import { Archive, JournalRoom } from "../ports/archive.ts"
import { Cluster } from "../ports/broker.ts"
import { archiveBytesOf, archivedEnd } from "../retention/keep-journal.ts"
import type { PartitionReport, WorkerReport } from "../runtime/report.ts"
import type { RoomSample } from "../telemetry/room.ts"
import { runBeside } from "./beside.ts"

/** Milliseconds between two samples: disks fill in hours, and each sample is a request for each partition. */
const sampleEveryMs = 15_000

const sampleOf = Effect.fnUntraced(function* ({ partition, phase }: PartitionReport) {
  if (phase !== "serving") return null
  const journal = yield* (yield* JournalRoom).held(partition)
  const archive = yield* Effect.serviceOption(Archive)
  const { incarnation } = yield* (yield* Cluster).marks(partition)
  const manifest = Option.isNone(archive) || incarnation === null ? null : yield* archive.value.manifest({ partition, incarnation })
  const sample: RoomSample = {
    journal,
    archive: manifest === null ? null : { archivedSeq: archivedEnd(manifest).seq, bytes: archiveBytesOf(manifest) },
  }
  return sample
})

/** Samples the partitions of a kind that this worker serves, for ever. A sample that fails is tried again with the next. */
export const watchRoom = (
  kind: Kind,
  report: () => WorkerReport,
  sampled: (kind: Kind, partition: number, sample: RoomSample | null) => void,
): Effect.Effect<void, never, JournalRoom | Cluster> =>
  Effect.suspend(() =>
    Effect.forEach(
      report().partitions.filter((one) => one.kind === kind),
      (one) =>
        Effect.match(sampleOf(one), {
          onSuccess: (sample) => sampled(kind, one.partition, sample),
          onFailure: () => sampled(kind, one.partition, null),
        }),
      { discard: true },
    ),
  ).pipe(Effect.repeat(Schedule.spaced(sampleEveryMs)), Effect.asVoid)

/** Milliseconds before an archivist that ended is started again. */
const startAgainMs = 60_000

const runArchivist = (everyMs: number): Effect.Effect<string> =>
  runBeside({ name: "archivist", args: ["archive", "--json", "--every", `${Math.round(everyMs / 1_000)}s`], env: {} })

/** Keeps the archivist running, if a schedule is set; otherwise does nothing. It ends with the worker. */
export const keepArchiving = ({ everyMs }: ArchiveConfig): Effect.Effect<void> =>
  everyMs === null
    ? Effect.void
    : Effect.logInfo("archiving on a schedule, as a process of its own", { everyMs }).pipe(
        Effect.andThen(runArchivist(everyMs)),
        Effect.flatMap((how) => Effect.logWarning(`the archivist ended ${how}, and is started again`, { againInMs: startAgainMs })),
        Effect.repeat(Schedule.spaced(startAgainMs)),
        Effect.asVoid,
      )
