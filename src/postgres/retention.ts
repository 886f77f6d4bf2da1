/**
 * Keeps the ledger from growing for ever: months that are older than is kept are dropped whole. States stay, and so do the marks that moments of a kept month are folded from.
 */
import { Effect, Schedule } from "effect"
import { ledgerLooksMs } from "../limits.ts"
import { firstMonthKept } from "../ports/projection.ts"
import type { Database } from "./connection.ts"
import { dropMonthsBefore } from "./months.ts"

/** Drops what is too old now, by the newest time that is projected. */
const dropOld = (database: Database) =>
  database.ask("drop old months of the ledger", async (sql) => {
    const [row] = await sql<Array<{ at: string | null }>>`select to_json(max(at)) #>> '{}' as at from cursors`
    return row?.at == null ? [] : dropMonthsBefore(sql, firstMonthKept(row.at))
  })

/** Looks for as long as it runs. What can't be dropped now is dropped later. */
export const keepMonths = (database: Database): Effect.Effect<void> =>
  dropOld(database).pipe(
    Effect.tap((dropped) => (dropped.length === 0 ? Effect.void : Effect.logInfo("old months of the ledger were dropped", { dropped }))),
    Effect.ignore,
    Effect.repeat(Schedule.spaced(ledgerLooksMs)),
    Effect.asVoid,
  )
