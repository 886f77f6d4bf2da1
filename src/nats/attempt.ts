/** From the client's promises to effects whose failures are already the ports' own. */
import { Effect } from "effect"
import { BrokerUnavailable } from "../ports/errors.ts"
import type { Link } from "./connection.ts"
import { describe } from "./errors.ts"

/** Runs `ask` on this connection; if it rejects, the operation failed in a way that changes no decision. */
export const attempt = <A>(link: Link, operation: string, ask: () => Promise<A>): Effect.Effect<A, BrokerUnavailable> =>
  Effect.tryPromise({ try: () => link.request(ask), catch: (error) => new BrokerUnavailable({ operation, cause: describe(error) }) })
