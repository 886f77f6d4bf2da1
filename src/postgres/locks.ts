/**
 * The locks that processes of ours hold against each other in the database, each for one transaction. They are named by two numbers that nobody else is likely to use.
 */
import type { TransactionSql } from "postgres"

/** "HOLD" in ASCII. */
const ours = 0x484f4c44

const numbers = {
  /** Who changes a schema. */
  migrate: 1,
  /** Who makes, or drops, a month of the ledger. */
  months: 2,
  /** Shared by whoever writes rows; alone: who puts rebuilt tables into the place of those that are served. */
  swap: 3,
} as const

/** Waits for a lock, and holds it until the transaction ends. */
export const lock = (sql: TransactionSql, what: keyof typeof numbers) =>
  sql`select pg_advisory_xact_lock(${ours}::int4, ${numbers[what]}::int4)`

/** The same beside others who share it. */
export const share = (sql: TransactionSql, what: keyof typeof numbers) =>
  sql`select pg_advisory_xact_lock_shared(${ours}::int4, ${numbers[what]}::int4)`
