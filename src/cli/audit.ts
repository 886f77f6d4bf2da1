/**
 * `holdfast audit`: puts every record of every journal to the checkers, what was archived and purged included, and says what they found.
 */

import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Audit, type AuditReport, createAudit } from "../audit/audit.ts"
import { CheckerName } from "../audit/findings.ts"
import { forEachKind, type Kind, type PartitionCounts } from "../domain/kinds.ts"
import { partitionOf, skuToken } from "../domain/names.ts"
import { lookAlikesOf } from "../domain/sku/clear-sku.ts"
import { counted, shownName } from "../domain/telling.ts"
import type { StoredRecord } from "../engine/records.ts"
import { type EngineConfig, engineLayer } from "../nats/layer.ts"
import { Commands, Journals } from "../ports/broker.ts"
import { openDatabase, servedSchema } from "../postgres/connection.ts"
import { projectionLayer } from "../postgres/projection.ts"
import { auditTables, type TablesReport } from "../projection/audit.ts"
import { readWholeJournal } from "../retention/whole-journal.ts"
import { engineCodec, orderCodec } from "../wire/codec.ts"
import { engineAccess } from "./access.ts"
import { archiveFlag, namedArchive, presentFolder } from "./archive-folder.ts"
import { wholeFlag } from "./arguments.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { postgresUrl } from "./postgres-access.ts"
import { jsonFlag, printJson, printLine, progress, table } from "./print.ts"

/** Reads the journal of one partition of a kind to where it ended when this began. */
const readJournal = Effect.fnUntraced(function* (audit: Audit, kind: Kind, partition: number, partitions: number) {
  const journals = yield* Journals
  const endSeq = yield* journals.endSeq(partition)
  if (endSeq === 0) return
  const take = kind === "sku" ? audit.record : audit.orderRecord
  const { decodeRecord } = kind === "sku" ? engineCodec : orderCodec
  const taken = (records: ReadonlyArray<StoredRecord>) => {
    for (const record of records) take(partition, record)
    return progress(`${kind} partition ${partition} of ${partitions}: record ${records.at(-1)?.seq ?? 0} of ${endSeq}`)
  }
  yield* readWholeJournal(partition, endSeq, taken, decodeRecord)
})

/** Reads all journals of a kind. What its commands stream held is looked at first: what is gone by then was decided by then, in records that are read now, or never was. */
const readKind = Effect.fnUntraced(function* (audit: Audit, kind: Kind, partitions: number) {
  const held = yield* Commands.use((commands) => commands.at(0, 0))
  for (let partition = 0; partition < partitions; partition++) yield* readJournal(audit, kind, partition, partitions)
  return held
})

interface Where {
  readonly nats: EngineConfig
  readonly counts: PartitionCounts
  readonly archive: string | null
}

/** Reads all journals, those of SKUs first: most of what is carried is carried to them, and what its receiver says is soonest let go. */
const auditAll = Effect.fnUntraced(function* ({ nats, counts, archive }: Where, violationsMax: number) {
  const audit = createAudit({
    codec: engineCodec,
    partitionOf: (sku) => partitionOf(sku, counts.sku),
    orders: { codec: orderCodec, partitionOf: (book) => partitionOf(book, counts.order) },
    violationsMax,
  })
  const read = (kind: Kind) =>
    Effect.flatMap(namedArchive(archive, kind), (archived) =>
      readKind(audit, kind, counts[kind]).pipe(Effect.provide(Layer.merge(engineLayer({ ...nats, kind }), archived))),
    )
  const held = yield* read("sku")
  const heldOrders = yield* read("order")
  yield* progress("")
  const lookAlikes = lookAlikesOf(audit.skus())
  return { lookAlikes: lookAlikes.length, lookAlike: lookAlikes.slice(0, lookAlikesMax), ...audit.finish({ held, heldOrders }) }
})

/** Holds the tables to the journals, as of where the tables are. */
const auditPostgres = Effect.fnUntraced(function* ({ nats, counts, archive }: Where, differencesMax: number) {
  const database = yield* openDatabase({ url: yield* postgresUrl, schema: servedSchema, connections: 2, name: "holdfast audit" })
  const scope = yield* Effect.scope
  const made = yield* Effect.all(
    forEachKind((kind) =>
      Effect.flatMap(namedArchive(archive, kind), (archived) =>
        Layer.buildWithScope(Layer.merge(engineLayer({ ...nats, kind }), archived), scope),
      ),
    ),
  )
  return yield* auditTables({
    counts,
    differencesMax,
    endSeq: (kind, partition) =>
      Effect.flatMap(Journals, (journals) => journals.endSeq(partition)).pipe(Effect.provide(Layer.succeedContext(made[kind]))),
    readJournal: (kind, partition, toSeq, take) => {
      const { decodeRecord } = kind === "sku" ? engineCodec : orderCodec
      return readWholeJournal(partition, toSeq, take, decodeRecord).pipe(Effect.provide(Layer.succeedContext(made[kind])))
    },
  }).pipe(Effect.provide(projectionLayer(database)))
}, Effect.scoped)

/** The report on the tables for people. */
export const tablesText = ({ rows, records, unprojected, behind, differences, differenceCount }: TablesReport): string =>
  [
    `${counted(rows, "row")} of the tables held to ${counted(records, "record")}`,
    ...(unprojected.length === 0 ? [] : [`nothing is projected yet of ${counted(unprojected.length, "journal")}`]),
    ...(behind === 0
      ? []
      : [
          `${counted(behind, "record")} ${behind === 1 ? "is" : "are"} not in the tables yet, and nothing is said of them: is a projector running?`,
        ]),
    differenceCount === 0 ? "The tables equal the fold of the journals." : `${counted(differenceCount, "difference")}:`,
    ...differences.map(({ table: name, row, what, detail }) => `  ${name}, ${row}: ${what}${detail === "" ? "" : ` (${detail})`}`),
  ].join("\n")

/** Groups of SKUs that look alike of which the members are told; all are counted. */
const lookAlikesMax = 100

/** SKUs that people take for one another break no guarantee, but may be one that was written two ways. */
export const lookAlikeLines = (groups: number, told: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> =>
  groups === 0
    ? []
    : [
        "",
        `${counted(groups, "group")} of SKUs ${groups === 1 ? "looks" : "look"} alike (by case, width, composition, or what can't be seen); each is a SKU of its own:`,
        ...told.map((group) => `  ${group.map((sku) => `${shownName(sku)} (${skuToken(sku)})`).join(", ")}`),
      ]

/** What only those who heard it can judge: replies, acknowledgements, the feed. And what is judged where there are orders. */
const heardOnly: ReadonlySet<CheckerName> = new Set<CheckerName>([
  "replies",
  "completeness",
  "feed",
  "carried",
  "orders",
  "answers",
  "lines",
])

/** The report for people. */
export const auditText = ({ violations, violationsBy, checked, totals, losses, ok }: AuditReport, partitions: number): string => {
  const checkers = CheckerName.filter((name) => !heardOnly.has(name) || checked[name] > 0)
  const rows = checkers.map((name) => [name, checked[name], violationsBy[name]])
  const sums = Object.entries(totals).flatMap(([name, value]) => (typeof value === "number" ? [[name, value]] : []))
  const places = violations.map(({ checker, kind, partition, seq, sku, order, detail }) =>
    [
      `${checker}: ${kind === undefined ? "" : `${kind} `}partition ${partition}, record ${seq}`,
      order === undefined ? "" : `, order ${shownName(order)}`,
      sku === undefined ? "" : `, SKU ${shownName(sku)}`,
      `: ${detail}`,
    ].join(""),
  )
  const lost = losses.map(({ partition, seq, detail }) =>
    [partition < 0 ? "lost" : `lost: partition ${partition}`, seq === 0 ? "" : `, record ${seq}`, `: ${detail}`].join(""),
  )
  const broken = violations.length === 0 && !ok ? "WHAT WAS ACKNOWLEDGED IS LOST:" : "GUARANTEES ARE BROKEN:"
  const verdict = ok ? "No guarantee was found broken." : broken
  return [
    `${counted(totals.records + totals.orderRecords, "record")} of ${counted(partitions, "partition")}`,
    ...(totals.orders === 0
      ? []
      : [
          `${counted(totals.orders, "order")} of ${counted(totals.orderLines, "line")}, ${counted(totals.answersGiven, "answer")} given later`,
        ]),
    "",
    table(["checker", "looked at", "violations"], rows),
    "",
    table(["total", "number"], sums),
    "",
    verdict,
    ...places,
    ...lost,
  ].join("\n")
}

const description = `With --postgres: work out every row of the tables once more from the journals, and say what is missing, doubled or other than it should be, as of where the tables are.

Read every journal and judge it with checkers that were written apart from the code they judge: the chain of records, epochs, conservation of units against a
model of their own, one effect for each command id, one end for each reservation, time, quarantine. Of orders: their lives, their answers, and that what they and SKUs
say to one another, and of one another's units, agrees as far as both were read.

Needs a worker's access (HOLDFAST_ENGINE_USER and so on, as for \`serve\`), or the nats-server of a \`holdfast serve\` in this folder. What was purged from journals is read from the archive (--archive), as one chain with the rest.
Reads only. Journals may grow meanwhile: each is
judged to where it ended when its turn came. What the commands stream lost before anybody decided it is told too, and SKUs that look alike. Ends with 3 if a guarantee was found broken, or if something acknowledged is lost.`

export const auditCommand = Command.make(
  "audit",
  {
    violations: wholeFlag("violations", "How many violations are told in detail (100); all are counted", 0, 1_000_000).pipe(
      Flag.withDefault(100),
    ),
    postgres: Flag.Boolean("postgres").pipe(
      Flag.withDescription("Hold the tables of the projection to the journals, instead of judging the journals"),
      Flag.withDefault(false),
    ),
    archive: archiveFlag,
    json: jsonFlag,
  },
  Effect.fn(function* ({ violations, postgres, archive, json }) {
    // A folder that isn't there is said before a cluster is looked for.
    yield* presentFolder(archive, "--archive")
    const { nats, counts } = yield* engineAccess
    if (postgres) {
      const found = yield* auditPostgres({ nats, counts, archive }, violations)
      yield* json ? printJson(found) : printLine(tablesText(found))
      if (found.ok) return
      return yield* new CommandFailed({ code: exitCode.violations, message: `${counted(found.differenceCount, "difference")} found` })
    }
    const report = yield* auditAll({ nats, counts, archive }, violations)
    yield* json
      ? printJson({ partitions: counts.sku, orderPartitions: counts.order, ...report })
      : printLine([auditText(report, counts.sku + counts.order), ...lookAlikeLines(report.lookAlikes, report.lookAlike)].join("\n"))
    if (report.ok) return
    const count = Object.values(report.violationsBy).reduce((sum, found) => sum + found, 0)
    return yield* new CommandFailed({
      code: exitCode.violations,
      message: `${counted(count, "violation")} and ${counted(report.losses.length, "loss", "losses")} found`,
    })
  }),
).pipe(Command.withDescription(helpText(description)))
