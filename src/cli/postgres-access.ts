/**
 * Where the tables are: at HOLDFAST_POSTGRES_URL, or in the Postgres that a `holdfast serve` in this folder started.
 */
import { readFile } from "node:fs/promises"
import * as Effect from "effect/Effect"
import { type ConfigInvalid, loadPostgresUrl, postgresSettings, settings } from "../config.ts"
import { variable } from "./access.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { inOwnFolder, ownFolder, postgresFolderOf } from "./own-folder.ts"

/** Of the own Postgres. */
export const ownPostgresFolder = postgresFolderOf(ownFolder)
export const ownPostgresFile = inOwnFolder(ownFolder).postgres

/** There is no database that anybody named or left here. */
export const noPostgres = new CommandFailed({
  code: exitCode.usage,
  message: `no Postgres is named and no \`holdfast serve\` left one in ${ownPostgresFile}: set ${postgresSettings.url.name}, or start \`npm start\` in this folder`,
})

const ownUrl: Effect.Effect<string, CommandFailed> = Effect.tryPromise({
  try: async () => (JSON.parse(await readFile(ownPostgresFile, "utf8")) as { readonly url: string }).url,
  catch: () => noPostgres,
})

/** The address of the database. */
export const postgresUrl: Effect.Effect<string, ConfigInvalid | CommandFailed> = loadPostgresUrl.pipe(
  Effect.filterOrElse(
    (url) => url !== null,
    () => ownUrl,
  ),
)

/** The database whose tables are of the cluster that is asked: the one that is named, or that of the own `serve`, unless another cluster is named. Null: there is none. */
export const tablesUrl: Effect.Effect<string | null, ConfigInvalid> = Effect.gen(function* () {
  const named = yield* loadPostgresUrl
  if (named !== null) return named
  if ((yield* variable(settings.natsUrl.name)) !== null) return null
  return yield* Effect.orElseSucceed(ownUrl, () => null)
})
