/** From the client's promises to effects whose failures are already the ports' own. */
import { Effect } from "effect"
import { BrokerUnavailable } from "../ports/errors.ts"
import { describe } from "./errors.ts"

/** Runs `ask`; if it rejects, the operation failed in a way that changes no decision. */
export const attempt = <A>(operation: string, ask: () => Promise<A>): Effect.Effect<A, BrokerUnavailable> =>
  Effect.tryPromise({ try: ask, catch: (error) => new BrokerUnavailable({ operation, cause: describe(error) }) })
