/**
 * Tables that are made anew beside those that are served: in a schema of their own, which takes the other's name once it holds all that the other does.
 *
 * Whoever writes rows shares a lock for as long as its transaction lasts, and the change of names holds it alone: no transaction writes some rows here and some there.
 */
import type { Sql } from "postgres"
import { lock } from "./locks.ts"

/** Where tables are made anew. */
export const nextSchema = (served: string): string => `${served}_next`
const formerSchema = (served: string): string => `${served}_former`

/** Forgets what an earlier rebuild left. */
export const dropNext = async (sql: Sql, served: string): Promise<void> => {
  await sql`drop schema if exists ${sql(nextSchema(served))} cascade`
}

/** Records by which the new tables may be behind those that are served, of any journal, when they take their place. */
export interface SwapOptions {
  readonly behindMax: number
}

/** Puts the new tables into the place of the served ones. False: they hold less, and nothing was changed. */
export const swap = async (sql: Sql, served: string, { behindMax }: SwapOptions): Promise<boolean> => {
  const [next, former] = [nextSchema(served), formerSchema(served)]
  const isSwapped = await sql.begin(async (tx) => {
    await lock(tx, "swap")
    const [{ isThere } = { isThere: false }] = await tx<Array<{ isThere: boolean }>>`
      select to_regclass(${`"${served}".cursors`}) is not null as "isThere"`
    if (isThere) {
      const behind = await tx`
        select 1 from ${tx(served)}.cursors as old left join ${tx(next)}.cursors as new using (kind, partition)
        where coalesce(new.seq, 0) + ${behindMax}::int8 < old.seq limit 1`
      if (behind.length > 0) return false
      await tx`drop schema if exists ${tx(former)} cascade`
      await tx`alter schema ${tx(served)} rename to ${tx(former)}`
    }
    await tx`alter schema ${tx(next)} rename to ${tx(served)}`
    return true
  })
  // Whoever still reads there is waited for, without holding anybody else up.
  if (isSwapped) await sql`drop schema if exists ${sql(former)} cascade`
  return isSwapped
}
