/**
 * The oldest hold that the tables know: the first of an index that holds nothing but holds, so that asking costs the same however many there are.
 */
import type { Effect } from "effect"
import type { EpochMs } from "../domain/names.ts"
import type { DatabaseMismatch, DatabaseUnavailable } from "../ports/errors.ts"
import type { Database } from "./connection.ts"

/** When the oldest hold that is open began; null: none is. */
export const oldestHoldMs = (database: Database): Effect.Effect<EpochMs | null, DatabaseUnavailable | DatabaseMismatch> =>
  database.ask("look at the oldest hold", async (sql) => {
    const [row] = await sql<Array<{ beganMs: string | null }>>`
      select (extract(epoch from min(began_at)) * 1000)::int8 as "beganMs" from reservations where status = 'held'`
    return row?.beganMs == null ? null : Number(row.beganMs)
  })
