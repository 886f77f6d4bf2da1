/**
 * `holdfast export`: the commands of one SKU or one partition, enough to reach the same state elsewhere. The format stands in export-lines.ts.
 */

import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import { isSku, partitionOf } from "../domain/names.ts"
import { engineLayer } from "../nats/layer.ts"
import { Cluster, Journals } from "../ports/broker.ts"
import { readWholeJournal } from "../retention/whole-journal.ts"
import { engineAccess } from "./access.ts"
import { archiveFlag, namedArchive } from "./archive-folder.ts"
import { kindFlag, partitionFlag, skuFlag } from "./arguments.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { type ExportScope, JournalExport } from "./export-lines.ts"
import { helpText } from "./help-text.ts"
import { print, printLine, progress } from "./print.ts"

const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })

const scopeOf = (
  kind: Kind,
  sku: string | undefined,
  partition: number | undefined,
  counts: PartitionCounts,
): Effect.Effect<ExportScope, CommandFailed> => {
  const partitions = counts[kind]
  const rest = { kind, partitions, otherPartitions: counts[kind === "sku" ? "order" : "sku"] }
  if (sku !== undefined && isSku(sku)) return Effect.succeed({ ...rest, partition: partitionOf(sku, partitions), sku })
  const isThere = partition !== undefined && partition < partitions
  return isThere
    ? Effect.succeed({ ...rest, partition, sku: null })
    : Effect.fail(usage(`there is no partition ${partition} of kind ${kind}: 0 to ${partitions - 1}`))
}

const unreadable = (error: unknown) =>
  new CommandFailed({
    code: exitCode.violations,
    message: `the journal can't be replayed further (${error instanceof Error ? error.message : String(error)}): see holdfast audit`,
  })

const exportJournal = Effect.fnUntraced(function* (scope: ExportScope) {
  const { partition } = scope
  const journals = yield* Journals
  const { incarnation } = yield* (yield* Cluster).marks(partition)
  const endSeq = yield* journals.endSeq(partition)
  const exported = new JournalExport(scope)
  yield* printLine(exported.header(incarnation, endSeq))
  const printed = readWholeJournal(partition, endSeq, (records) =>
    Effect.try({ try: () => exported.lines(records), catch: unreadable }).pipe(
      Effect.flatMap((lines) => (lines.length === 0 ? Effect.void : print(`${lines.join("\n")}\n`))),
      Effect.andThen(progress(`record ${records.at(-1)?.seq ?? 0} of ${endSeq}`)),
    ),
  )
  if (endSeq > 0) yield* printed
  yield* progress("")
  yield* printLine(exported.end())
})

const description = `Print the commands of a SKU, or of a whole partition, as one JSON a line: in order, in their batches, with their times and decisions, and at the end the hash of
the state they lead to. Deciding them again at those times must lead to the same hash, where SKUs and orders had nothing to do with each other. The lines are described in src/cli/export-lines.ts.

Needs a worker's access, as for \`serve\`. What was purged from the journal is read from the archive (--archive). Reads only.`

export const exportCommand = Command.make(
  "export",
  {
    sku: skuFlag("Only this SKU").pipe(Flag.optional),
    partition: partitionFlag("This whole partition, of the kind that --kind names").pipe(Flag.optional),
    kind: kindFlag,
    archive: archiveFlag,
    json: Flag.Boolean("json").pipe(Flag.withDescription("What it prints anyway, one JSON a line"), Flag.withDefault(true)),
  },
  Effect.fn(function* ({ sku, partition, kind, archive }) {
    if (Option.isSome(sku) === Option.isSome(partition)) return yield* usage("name a --sku or a --partition: one of both")
    if (Option.isSome(sku) && kind !== "sku") return yield* usage("a --sku is of the kind sku: of orders, name a --partition")
    const archived = yield* namedArchive(archive, kind)
    const { nats, counts } = yield* engineAccess
    const scope = yield* scopeOf(kind, Option.getOrUndefined(sku), Option.getOrUndefined(partition), counts)
    yield* exportJournal(scope).pipe(Effect.provide(Layer.merge(engineLayer({ ...nats, kind }), archived)))
  }),
).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([
    { command: "holdfast export --partition 3 > partition-3.ndjson", description: "keep what a halted partition holds" },
    { command: "holdfast export --kind order --partition 3 > orders-3.ndjson", description: "the same of a partition of orders" },
  ]),
)
