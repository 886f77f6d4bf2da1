/**
 * The months of the ledger: each a table of its own, made when a line of it is first written, and dropped as a whole when it is older than is kept.
 */
import type { Sql } from "postgres"

const monthPattern = /^\d{4}-\d{2}$/

/** The month after: `2026-12` after `2026-11`. */
const monthAfter = (month: string): string => {
  const [year = 0, number = 0] = month.split("-").map(Number)
  return number === 12
    ? `${String(year + 1).padStart(4, "0")}-01`
    : `${String(year).padStart(4, "0")}-${String(number + 1).padStart(2, "0")}`
}

const tableOf = (month: string): string => `ledger_${month.replace("-", "_")}`

/** What one of two hears who make the same table at once, "if not exists" or not: the other was first. */
const isMadeByAnother = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "42P07"

/** Makes the tables of these months, where they are missing. Others may make the same at once: of each kind and partition there is somebody who writes. */
export const makeMonths = async (sql: Sql, months: ReadonlyArray<string>): Promise<void> => {
  for (const month of months) {
    // It stands in a statement that takes no parameters.
    if (!monthPattern.test(month)) throw new Error(`${month} is no month that a journal has`)
    const [from, to] = [`'${month}-01T00:00:00Z'`, `'${monthAfter(month)}-01T00:00:00Z'`]
    await sql
      .unsafe(`create table if not exists "${tableOf(month)}" partition of "ledger" for values from (${from}) to (${to})`)
      .catch((error: unknown) => {
        if (!isMadeByAnother(error)) throw error
      })
  }
}

/** The months that the ledger has tables for. */
const monthsThere = async (sql: Sql): Promise<ReadonlyArray<string>> => {
  const rows = await sql<Array<{ name: string }>>`
    select child.relname as name from pg_inherits join pg_class child on child.oid = inhrelid where inhparent = 'ledger'::regclass order by 1`
  return rows.map(({ name }) => name.replace("ledger_", "").replace("_", "-"))
}

/** Drops the months before this one. */
export const dropMonthsBefore = async (sql: Sql, first: string): Promise<ReadonlyArray<string>> => {
  const old = (await monthsThere(sql)).filter((month) => month < first)
  for (const month of old) await sql.unsafe(`drop table if exists "${tableOf(month)}"`)
  return old
}
