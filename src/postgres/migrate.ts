/**
 * Brings a schema to what this build was made for, and refuses one that is older or newer where it may not be changed. The migrations are drizzle-kit's; they are run here, because drizzle's own runner lets two
 * processes run one twice.
 *
 * All of it is one transaction under one lock: two that migrate do it one after the other, and a kill leaves all or nothing.
 */
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import type { Sql, TransactionSql } from "postgres"
import { DatabaseMismatch } from "../ports/errors.ts"
import { lock } from "./locks.ts"

/** One migration of this build. */
export interface Migration {
  readonly tag: string
  readonly hash: string
  readonly statements: ReadonlyArray<string>
}

const folder = new URL("./migrations/", import.meta.url)
const breakpoint = "--> statement-breakpoint"

const migrationOf = async ({ tag }: { readonly tag: string }): Promise<Migration> => {
  const text = await readFile(new URL(`${tag}.sql`, folder), "utf8")
  return { tag, hash: createHash("sha256").update(text).digest("hex"), statements: text.split(breakpoint) }
}

let read: Promise<ReadonlyArray<Migration>> | undefined

/** The migrations of this build, in order. */
export const migrations = (): Promise<ReadonlyArray<Migration>> => {
  read ??= readFile(new URL("meta/_journal.json", folder), "utf8").then((text) => {
    const { entries } = JSON.parse(text) as { readonly entries: ReadonlyArray<{ readonly tag: string }> }
    return Promise.all(entries.map(migrationOf))
  })
  return read
}

/** What a schema has of a build's migrations. */
type Standing = { readonly _tag: "Same" } | { readonly _tag: "Older"; readonly missing: ReadonlyArray<Migration> }

const mismatch = (schema: string, found: string, expected: string, remedy: string) =>
  new DatabaseMismatch({ what: `the schema "${schema}" of the database`, found, expected, remedy })

const nameOf = (tag: string | undefined): string => tag ?? "nothing"

/** How the migrations that were run compare with those of this build. Throws where this build can't go on from them. */
const standingOf = (
  schema: string,
  ran: ReadonlyArray<{ readonly tag: string; readonly hash: string }>,
  ours: ReadonlyArray<Migration>,
): Standing => {
  const newest = ours.at(-1)?.tag
  for (const [at, { tag, hash }] of ran.entries()) {
    const mine = ours[at]
    if (mine === undefined)
      throw mismatch(
        schema,
        `of a newer release (${nameOf(ran.at(-1)?.tag)})`,
        nameOf(newest),
        "run that release or a newer one here, or project into another database: tables can always be made anew from the journals",
      )
    if (mine.tag !== tag || mine.hash !== hash)
      throw mismatch(
        schema,
        `made by another build (${tag})`,
        mine.tag,
        "run the build that made it, or drop the schema and let the tables be made anew from the journals",
      )
  }
  return ran.length === ours.length ? { _tag: "Same" } : { _tag: "Older", missing: ours.slice(ran.length) }
}

const ranIn = async (
  sql: Sql | TransactionSql,
  schema: string,
): Promise<ReadonlyArray<{ readonly tag: string; readonly hash: string }> | null> => {
  const [there] = await sql`select to_regclass(${`"${schema}".migrations`}) is not null as "isThere"`
  if (there?.isThere !== true) return null
  return sql<Array<{ tag: string; hash: string }>>`select tag, hash from ${sql(schema)}.migrations order by id`
}

/** Throws DatabaseMismatch unless the schema is as this build made it. Changes nothing. */
export const requireSame = async (sql: Sql, schema: string): Promise<void> => {
  const ran = await ranIn(sql, schema)
  if (ran === null)
    throw mismatch(schema, "not there", "made by this build", "start `holdfast project`, which makes it and fills it from the journals")
  const ours = await migrations()
  const standing = standingOf(schema, ran, ours)
  if (standing._tag === "Older")
    throw mismatch(
      schema,
      `of an older release (${nameOf(ran.at(-1)?.tag)})`,
      nameOf(ours.at(-1)?.tag),
      "run `holdfast project` of this release, which brings it forward, before anything that reads it",
    )
}

const run = async (sql: TransactionSql, schema: string, ours: ReadonlyArray<Migration>): Promise<ReadonlyArray<string>> => {
  await lock(sql, "migrate")
  const [{ isThere } = { isThere: false }] = await sql<Array<{ isThere: boolean }>>`
    select to_regnamespace(${`"${schema}"`}) is not null as "isThere"`
  if (!isThere) await sql`create schema ${sql(schema)}`
  // Whatever this connection was opened for.
  await sql`select set_config('search_path', ${`"${schema}"`}, true)`
  await sql`create table if not exists migrations (
    id integer primary key generated always as identity, tag text not null unique, hash text not null, ran_at timestamptz not null default now())`
  const ran = await sql<Array<{ tag: string; hash: string }>>`select tag, hash from migrations order by id`
  const standing = standingOf(schema, ran, ours)
  if (standing._tag === "Same") return []
  for (const { tag, hash, statements } of standing.missing) {
    for (const statement of statements) await sql.unsafe(statement)
    await sql`insert into migrations (tag, hash) values (${tag}, ${hash})`
  }
  return standing.missing.map(({ tag }) => tag)
}

/** Runs what is missing, and says what that was. Throws DatabaseMismatch for a schema of a newer build, or another's. `ours`: this build's unless said. */
export const migrate = async (sql: Sql, schema: string, ours?: ReadonlyArray<Migration>): Promise<ReadonlyArray<string>> => {
  const all = ours ?? (await migrations())
  return sql.begin((tx) => run(tx, schema, all))
}
