/**
 * Spans of what an ingress does with a traced message: from its arrival until its owner has it, or it is stored. What is not taken has none: its sender hears why.
 */
import { traceParts } from "../domain/traces.ts"
import type { TracedGone } from "../ports/meter.ts"
import { drawnSpanId } from "./span-ids.ts"
import { spanOf, type ToldSpan } from "./spans.ts"

/** The spans of messages that went on just now, at `atMs` of the wall clock. */
export const arrivalSpans = ({ kind, partition, how, outcome, messages, nowMs }: TracedGone, atMs: number): ReadonlyArray<ToldSpan> =>
  messages.flatMap(({ message: { trace, sender, class: commandClass }, sinceMs }) => {
    if (trace === null) return []
    const { traceId, spanId: parentId, isSampled } = traceParts(trace)
    if (!isSampled) return []
    const attributes = {
      "holdfast.kind": kind,
      "holdfast.partition": partition,
      "holdfast.sender": sender,
      "holdfast.class": commandClass,
      "holdfast.ingress": how,
      "holdfast.outcome": outcome,
    }
    const fromMs = atMs - Math.max(0, nowMs - sinceMs)
    const isError = outcome === "unheard" || outcome === "unknown"
    return [spanOf("ingress", { traceId, spanId: drawnSpanId(), parentId, fromMs, toMs: atMs, attributes, isError })]
  })
