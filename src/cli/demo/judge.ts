/**
 * Hands the journals and all that the channels heard to the auditor, one partition after another, so that what was heard about one
 * partition is all that is in memory at once.
 */
import { createReadStream } from "node:fs"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Audit, type AuditReport, createAudit } from "../../audit/audit.ts"
import { partitionOf } from "../../domain/names.ts"
import type { StoredRecord } from "../../engine/records.ts"
import { Journals } from "../../ports/broker.ts"
import type { BrokerUnavailable, LoginRefused } from "../../ports/errors.ts"
import { engineCodec, orderCodec } from "../../wire/codec.ts"
import { CommandFailed, exitCode } from "../exit-codes.ts"
import { type HeardLine, type HeardOf, heardFile } from "./heard.ts"

export interface Judgement {
  readonly report: AuditReport
  /** Answers to commands that channels heard, repeats included. */
  readonly answersHeard: number
}

interface HeardCount {
  answersHeard: number
}

const tell = (audit: Audit, told: HeardCount, sender: string, line: HeardLine): void => {
  if (line.kind === "stored") for (const { sku, id } of line.commands) audit.acknowledged({ sender, sku, id })
  else if (line.kind === "ats") audit.feed(line.value)
  else {
    told.answersHeard += line.reply.decisions.length
    if (line.kind === "reply") audit.reply({ sender, suffix: line.suffix, ...line.reply })
    else audit.orderReply({ sender, suffix: line.suffix, ...line.reply })
  }
}

const tellHeard = async (audit: Audit, told: HeardCount, file: string, sender: string): Promise<void> => {
  const lines = createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Number.POSITIVE_INFINITY })
  for await (const text of lines) {
    const line: HeardLine = JSON.parse(text)
    tell(audit, told, sender, line)
  }
}

/** Everything that was heard about a partition. */
const tellAllHeard = (audit: Audit, told: HeardCount, folder: string, partition: HeardOf): Effect.Effect<void, CommandFailed> =>
  Effect.tryPromise({
    try: async () => {
      const files = new Set(await readdir(folder))
      for (const file of files) {
        const sender = file.slice(0, file.indexOf("."))
        if (file === heardFile(sender, partition)) await tellHeard(audit, told, join(folder, file), sender)
      }
    },
    catch: (error) => new CommandFailed({ code: exitCode.failed, message: `what was heard can't be read: ${String(error)}` }),
  })

const readJournal = Effect.fnUntraced(function* (take: (partition: number, stored: StoredRecord) => void, partition: number) {
  const journals = yield* Journals
  const endSeq = yield* journals.endSeq(partition)
  yield* Stream.runForEach(journals.read(partition, 1, endSeq), (records) =>
    Effect.sync(() => {
      for (const record of records) take(partition, record)
    }),
  )
})

/** How many partitions of orders there are, and how their journals are read: what is in place reads those of SKUs. */
export interface JudgedOrders {
  readonly partitions: number
  readonly read: <A, E>(reading: Effect.Effect<A, E, Journals>) => Effect.Effect<A, E | BrokerUnavailable | LoginRefused>
}

/** Audits all journals to their ends. `heardFolder` holds what {@link heardFile} names. Without `orders` only those of SKUs are read. */
export const judge: (
  partitions: number,
  heardFolder: string,
  orders?: JudgedOrders,
) => Effect.Effect<Judgement, BrokerUnavailable | LoginRefused | CommandFailed, Journals> = Effect.fnUntraced(
  function* (partitions, heardFolder, orders) {
    const told: HeardCount = { answersHeard: 0 }
    const orderPartitions = orders?.partitions ?? 0
    const ofOrders = { codec: orderCodec, partitionOf: (book: string) => partitionOf(book, orderPartitions) }
    const audit = createAudit({
      codec: engineCodec,
      partitionOf: (sku) => partitionOf(sku, partitions),
      ...(orders === undefined ? {} : { orders: ofOrders }),
    })
    for (let partition = 0; partition < partitions; partition++) {
      yield* tellAllHeard(audit, told, heardFolder, partition)
      yield* readJournal(audit.record, partition)
    }
    for (let partition = 0; orders !== undefined && partition < orderPartitions; partition++) {
      yield* tellAllHeard(audit, told, heardFolder, `order-${partition}`)
      yield* orders.read(readJournal(audit.orderRecord, partition))
    }
    return { report: audit.finish({ quiet: true }), answersHeard: told.answersHeard }
  },
)
