/**
 * Connections to Postgres, through postgres.js. The one place where its options are chosen.
 */
import { Effect, type Scope } from "effect"
import postgres, { type Sql } from "postgres"
import { databaseAnswerMs, databaseConnectMs } from "../limits.ts"
import { type DatabaseMismatch, DatabaseUnavailable } from "../ports/errors.ts"
import { databaseError } from "./errors.ts"

/** Where the tables are. */
export interface DatabaseConfig {
  readonly url: string
  /** The schema: `holdfast`, or another while the tables are rebuilt. */
  readonly schema: string
  /** Connections at most. */
  readonly connections: number
  /** As the server shows it. */
  readonly name: string
}

/** The schema that is served. */
export const servedSchema = "holdfast"

/** A database that is there, or will be: every call says what it failed with. */
export interface Database {
  readonly schema: string
  /** Runs queries; what they failed with says what to do. A server that doesn't answer for long costs the connections, and the call. */
  readonly ask: <A>(operation: string, queries: (sql: Sql) => PromiseLike<A>) => Effect.Effect<A, DatabaseUnavailable | DatabaseMismatch>
}

const open = ({ url, schema, connections, name }: DatabaseConfig): Sql =>
  postgres(url, {
    max: connections,
    connect_timeout: databaseConnectMs / 1_000,
    // Attempts are spaced by whoever asks.
    backoff: false,
    // All that is sent is text, and what comes back is read by name.
    fetch_types: false,
    onnotice: () => undefined,
    connection: {
      application_name: name,
      search_path: `"${schema}"`,
      TimeZone: "UTC",
      statement_timeout: databaseAnswerMs,
      idle_in_transaction_session_timeout: databaseAnswerMs,
      // What is lost when the server's machine dies is the cursor too: it is written again from the journals.
      synchronous_commit: "off",
    },
  })

/** Opens connections as they are needed, and closes them with the scope. Fails for a URL that is none; of a server that isn't there, the first call tells. */
export const openDatabase = (config: DatabaseConfig): Effect.Effect<Database, DatabaseUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const wrongUrl = (error: unknown) =>
      new DatabaseUnavailable({
        operation: "connect to Postgres",
        cause: `HOLDFAST_POSTGRES_URL is no address: ${error instanceof Error ? error.message : String(error)}`,
        remedy: "It is like postgres://user:password@host:5432/database",
        isLasting: true,
      })
    let sql = yield* Effect.try({ try: () => open(config), catch: wrongUrl })
    yield* Effect.addFinalizer(() => Effect.promise(() => sql.end({ timeout: 1 })))
    const giveUp = (operation: string) =>
      Effect.suspend(() => {
        const deaf = sql
        sql = open(config)
        void deaf.end({ timeout: 0 })
        return Effect.fail(databaseError(operation, Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })))
      })
    return {
      schema: config.schema,
      ask: (operation, queries) =>
        Effect.tryPromise({ try: async () => queries(sql), catch: (error) => databaseError(operation, error) }).pipe(
          Effect.timeoutOrElse({ duration: databaseAnswerMs + databaseConnectMs, orElse: () => giveUp(operation) }),
        ),
    }
  })
