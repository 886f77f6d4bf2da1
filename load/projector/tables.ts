/**
 * What scripts ask of the tables and of the journals while a projector runs: how far each is, and whether the one equals the fold of the other.
 */
import * as Effect from "effect/Effect"
import postgres from "postgres"
import { Journals } from "../../src/ports/broker.ts"
import { type Rig, until } from "../chaos/rig.ts"

/** Records of SKUs that are in the tables, of all partitions; null: the database doesn't answer. */
const projectedSeq = async (url: string): Promise<number | null> => {
  const sql = postgres(url, { max: 1, connect_timeout: 2, backoff: false, fetch_types: false, onnotice: () => undefined })
  try {
    const [row] = await sql`select sum(seq) as seq from holdfast.cursors where kind = 'sku'`
    return Number(row?.seq ?? 0)
  } catch {
    return null
  } finally {
    await sql.end({ timeout: 0 })
  }
}

const journaledSeq = (rig: Rig): Promise<number> =>
  rig.asWorker(
    Effect.gen(function* () {
      const journals = yield* Journals
      const partitions = Array.from({ length: rig.options.partitions }, (_, partition) => partition)
      const ends = yield* Effect.forEach(partitions, (partition) => journals.endSeq(partition))
      return ends.reduce((sum, end) => sum + end, 0)
    }),
  )

/** Milliseconds until the tables hold all that is journaled now. */
export const untilCaughtUp = async (rig: Rig, url: string, patienceMs: number): Promise<number> => {
  const end = await journaledSeq(rig)
  return until("the tables hold all that is journaled", async () => ((await projectedSeq(url)) ?? 0) >= end, patienceMs)
}

/** What `holdfast audit --postgres` says: its exit code, and its report. */
export const auditOf = (rig: Rig, url: string) =>
  rig.holdfastWith({ HOLDFAST_POSTGRES_URL: url }, "audit", "--postgres", "--violations", "10")
