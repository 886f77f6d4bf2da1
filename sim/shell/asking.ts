/**
 * Requests as effects: what the ports are made of. An answer that is an error of the server's, or none at all, is a {@link Trouble}.
 */
import { Effect } from "effect"
import { BrokerUnavailable } from "../../src/ports/errors.ts"
import type { ApiError } from "../substitutes/stream.ts"
import type { Connection } from "./connection.ts"
import { nobodyResponds, type ServedStream, type Write } from "./servers.ts"

/** Why a request came to nothing, as far as is known. `errCode` is the server's, 0 if it said none. */
export interface Trouble {
  readonly errCode: number
  readonly cause: string
}

/** Milliseconds the client library waits for a stream's acknowledgement, and for an answer about one. */
export const publishTimeoutMs = 5_000
const lookupTimeoutMs = 2_000

/** A guarded write met another one. */
export const isConflict = ({ errCode }: Trouble): boolean => errCode === 10071 || errCode === 10164

const troubleOf = ({ code, errCode, description }: ApiError): Trouble => ({
  errCode,
  cause: `${description} (${errCode === 0 ? code : errCode})`,
})

interface Asked<A> {
  readonly route: string
  readonly timeoutMs: number
  readonly serve: (answer: (answer: { readonly value: A } | { readonly error: ApiError }) => void) => void
}

/** Asks once. */
export const ask = <A>(connection: Connection, { route, timeoutMs, serve }: Asked<A>): Effect.Effect<A, Trouble> =>
  Effect.callback<A, Trouble>((resume) => {
    const forget = connection.request<{ readonly value: A } | { readonly error: ApiError }>({
      route,
      timeoutMs,
      serve,
      done: (outcome) => {
        if (outcome._tag === "Failed") resume(Effect.fail({ errCode: 0, cause: outcome.cause }))
        else if ("error" in outcome.answer) resume(Effect.fail(troubleOf(outcome.answer.error)))
        else resume(Effect.succeed(outcome.answer.value))
      },
    })
    return Effect.sync(forget)
  })

/** Reads something of a stream through its leader. */
export const lookUp = <A>(connection: Connection, stream: ServedStream, read: () => A): Effect.Effect<A, Trouble> =>
  ask(connection, {
    route: stream.model.config.name,
    timeoutMs: lookupTimeoutMs,
    serve: (answer) => answer(stream.hasLeader ? { value: read() } : { error: nobodyResponds }),
  })

/** Stores a message, and returns its sequence. */
export const publish = (
  connection: Connection,
  stream: ServedStream,
  write: Write,
  timeoutMs: number = publishTimeoutMs,
): Effect.Effect<{ readonly seq: number; readonly duplicate: boolean }, Trouble> =>
  ask(connection, {
    route: stream.model.config.name,
    timeoutMs,
    serve: (answer) =>
      stream.write(write, (said) =>
        answer(said._tag === "Stored" ? { value: { seq: said.seq, duplicate: said.duplicate } } : { error: said.error }),
      ),
  })

/** The failure that changes no decision, as the ports name it. */
export const orUnavailable =
  (operation: string) =>
  <A>(effect: Effect.Effect<A, Trouble>): Effect.Effect<A, BrokerUnavailable> =>
    Effect.mapError(effect, ({ cause }) => new BrokerUnavailable({ operation, cause }))
