/**
 * Spans of records on their way into Postgres: from when a batch is taken until its rows are committed. A record that is old when it is projected has none: it is caught up with, or the tables are made anew.
 */
import type { Kind } from "../domain/kinds.ts"
import type { JournalRecord } from "../engine/records.ts"
import { projectedTraceMsMax } from "../limits.ts"
import { drawnSpanId, type TracedPart, tracedParts } from "./span-ids.ts"
import { spanOf, type ToldSpan } from "./spans.ts"

/** A record, and where it stands in its journal. */
interface Projected {
  readonly seq: number
  readonly record: Pick<JournalRecord, "atMs" | "entries">
}

/** Told of a batch that is taken; what it returns is to be called once its rows are committed. */
export type ProjectionTracing = (kind: Kind, partition: number, records: ReadonlyArray<Projected>) => () => void

const nothing = (): void => undefined

/** Makes spans of batches. */
export const makeProjectionTracing =
  (tell: (span: ToldSpan) => void, nowMs: () => number): ProjectionTracing =>
  (kind, partition, records) => {
    const fromMs = nowMs()
    const traced = records.flatMap(
      ({ seq, record }): ReadonlyArray<{ readonly seq: number; readonly part: TracedPart }> =>
        fromMs - record.atMs > projectedTraceMsMax ? [] : tracedParts({ kind, partition, seq }, record).map((part) => ({ seq, part })),
    )
    if (traced.length === 0) return nothing
    return () => {
      const toMs = nowMs()
      for (const { seq, part } of traced) {
        const { traceId, spanId: parentId } = part
        const attributes = {
          "holdfast.kind": kind,
          "holdfast.partition": partition,
          "holdfast.record": seq,
          "holdfast.records": records.length,
        }
        tell(spanOf("project", { traceId, spanId: drawnSpanId(), parentId, fromMs, toMs, attributes }))
      }
    }
  }
