/**
 * Spans of HTTP requests: each continues the trace that its client named, if that is sampled, or begins one.
 *
 * A client's trace that isn't sampled is none of ours to record: it goes on as it came. Where a trace begins here, chance decides whether it is recorded, as the ratio wants it; one that isn't has no `traceparent` at all, so that the
 * journal keeps none.
 */
import { belowSpan, traceParts } from "../domain/traces.ts"
import type { RequestTraces } from "../ports/request-traces.ts"
import { drawnSpanId, drawnTraceId } from "./span-ids.ts"
import { type SpanMade, spanOf, type ToldSpan } from "./spans.ts"

const statusErrorMin = 500
/** The digits of a trace id that are compared with the ratio: as OpenTelemetry has it, every process that samples by ratio comes to the same. */
const [ratioFrom, ratioChars] = [18, 14]
const ratioOf = (traceId: string): number => Number.parseInt(traceId.slice(ratioFrom, ratioFrom + ratioChars), 16) / 16 ** ratioChars

/** What makes spans of requests. */
export interface RequestTracing {
  readonly tell: (span: ToldSpan) => void
  /** The wall clock in milliseconds. */
  readonly nowMs: () => number
  /** The share of requests without a sampled trace that begin one, 0 to 1. */
  readonly ratio: number
}

/** Where a request's span hangs: in the trace it came with, or in a new one; undefined: nowhere. */
const placed = (given: string | undefined, ratio: number): (Pick<ToldSpan, "parentId"> & { readonly traceparent: string }) | undefined => {
  if (given === undefined) {
    const traceId = drawnTraceId()
    return ratioOf(traceId) < ratio ? { parentId: undefined, traceparent: `00-${traceId}-${drawnSpanId()}-01` } : undefined
  }
  const { spanId, isSampled } = traceParts(given)
  return isSampled ? { parentId: spanId, traceparent: belowSpan(given, drawnSpanId()) } : undefined
}

const outcomeOf = (status: number | null): Pick<SpanMade<"request">, "attributes" | "isError"> => {
  if (status === null) return { attributes: { "error.type": "aborted" }, isError: true }
  const isError = status >= statusErrorMin
  return { attributes: { "http.response.status_code": status, ...(isError ? { "error.type": String(status) } : {}) }, isError }
}

/** Keeps traces of requests. */
export const makeRequestTraces = ({ tell, nowMs, ratio }: RequestTracing): RequestTraces => ({
  begin: (route, method, given) => {
    const at = placed(given, ratio)
    if (at === undefined) return undefined
    const { parentId, traceparent } = at
    const { traceId, spanId } = traceParts(traceparent)
    const fromMs = nowMs()
    return {
      traceparent,
      ended: (status) => {
        const { attributes, isError = false } = outcomeOf(status)
        const about = { "http.request.method": method, "http.route": route, ...attributes }
        tell(
          spanOf("request", { traceId, spanId, parentId, name: `${method} ${route}`, fromMs, toMs: nowMs(), attributes: about, isError }),
        )
      },
    }
  },
})
