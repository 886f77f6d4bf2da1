#!/usr/bin/env bash
# A migration that drizzle-kit makes for a changed formula of a generated column takes the CHECK and the index of that column away, and says that there is nothing more to do.
#
# Software: drizzle-kit 0.31.11 with drizzle-orm 0.45.4, tried on the PostgreSQL 18.4 server of @embedded-postgres 18.4.0-beta.17.
# Guessed:  what the schema declares is there once its migrations have run; a constraint that has to go because its column does is made again, or at least the tool's own check finds that it is missing.
# Seen:     the column is dropped and added, and Postgres drops with it whatever hangs on it. The migration makes neither the CHECK nor the index again. The snapshot beside it lists both, so that the next
#           `generate` finds no change and `check` is content. From then on the database takes a row that the schema forbids, here stock sold below zero.
# Matters:  the last line of defence goes with a change that has nothing to do with it. Holdfast asks a real database for every constraint and index that its schema declares.
# Source:   drizzle-kit: an altered generated expression is written as DROP COLUMN and ADD COLUMN, and differences of constraints are taken between snapshots, which don't differ.
#
# Needs npm, on Linux. Installs into a temporary folder, runs one Postgres on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/postgres.bash"
install drizzle-kit@0.31.11 drizzle-orm@0.45.4 postgres@3.4.9
cat >schema.mjs <<'JS'
import { check, index, integer, pgTable, text } from "drizzle-orm/pg-core"
import { sql } from "drizzle-orm"
export const stock = pgTable(
  "stock",
  {
    sku: text().primaryKey(),
    onHand: integer("on_hand").notNull(),
    reserved: integer().notNull(),
    available: integer().notNull().generatedAlwaysAs(sql.raw(process.env.FORMULA)),
  },
  (table) => [check("never_oversold", sql`${table.available} >= 0`), index("by_available").on(table.available)],
)
JS
echo 'export default { dialect: "postgresql", schema: "./schema.mjs", out: "./migrations" }' >drizzle.config.mjs
generate() { FORMULA="$2" npx --no-install drizzle-kit generate --config drizzle.config.mjs --name "$1" >"$1.log" 2>&1 || { cat "$1.log" >&2; exit 2; }; }
generate first "on_hand - reserved"
generate second "on_hand - reserved - 1"
generate third "on_hand - reserved - 1"
npx --no-install drizzle-kit check --config drizzle.config.mjs >check.log 2>&1 || true
look <<'JS'
import { existsSync, readFileSync } from "node:fs"
import postgres from "postgres"
const sql = postgres(process.env.URL, { max: 1, onnotice: () => undefined })
const migrate = async (file) => {
  for (const statement of readFileSync(`migrations/${file}`, "utf8").split("--> statement-breakpoint")) await sql.unsafe(statement)
}
const declared = async () => ({
  checks: (await sql`select conname from pg_constraint where conrelid = 'stock'::regclass and contype = 'c'`).map((row) => row.conname),
  indexes: (await sql`select indexname from pg_indexes where tablename = 'stock' and indexname <> 'stock_pkey'`).map((row) => row.indexname),
})
await migrate("0000_first.sql")
see("after the first migration", await declared(), { checks: ["never_oversold"], indexes: ["by_available"] })
await migrate("0001_second.sql")
see("after the second, which changes the formula", await declared(), { checks: [], indexes: [] })
const { tables } = JSON.parse(readFileSync("migrations/meta/0001_snapshot.json", "utf8"))
const { checkConstraints, indexes } = tables["public.stock"]
see("what the snapshot of the second lists", [...Object.keys(checkConstraints), ...Object.keys(indexes)], ["never_oversold", "by_available"])
see("generate, once more, makes a migration", existsSync("migrations/0002_third.sql"), false)
see("check is content", /everything's fine/i.test(readFileSync("check.log", "utf8")), true)
see("a row below zero", (await sql`insert into stock (sku, on_hand, reserved) values ('A', 1, 5) returning available`)[0].available, -5)
await sql.end({ timeout: 1 })
JS
