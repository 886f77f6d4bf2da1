/**
 * Where a gateway says that a request begins and how it ended, for whoever keeps traces of it; and whose trace goes along with what is sent for the request. Plain calls, two a request.
 */
import { Context } from "effect"

/** A request of which a trace is kept. */
export interface TracedRequest {
  /** W3C `traceparent` for what is sent because of it: below this request's span. */
  readonly traceparent: string
  /** It is answered with that status; null: its client went away. */
  readonly ended: (status: number | null) => void
}

/** Keeps traces of requests. */
export interface RequestTraces {
  /** A request at an address of the interface, with the `traceparent` that it came with. Undefined: no trace is kept of it, and what it came with goes on as it is. */
  readonly begin: (route: string, method: string, traceparent: string | undefined) => TracedRequest | undefined
}

/** The `traceparent` for what is sent for the request that is being answered; undefined: the one that it came with. */
export const CurrentTrace: Context.Reference<string | undefined> = Context.Reference<string | undefined>("holdfast/ports/CurrentTrace", {
  defaultValue: () => undefined,
})
