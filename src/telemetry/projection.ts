/**
 * What a projector tells of how far Postgres is behind the journals. Plain calls, once a transaction or a look.
 */
import { Registry } from "prom-client"
import type { Kind } from "../domain/kinds.ts"
import { addProcessMetrics, metricsOf } from "./making.ts"
import { makeSpanMetrics } from "./span-metrics.ts"

/** Why a transaction was begun again: another projector's rows, an outcome nobody knows, a database that isn't there, anything else. */
export const ProjectionFailure = ["conflict", "unknown", "away", "other"] as const
export type ProjectionFailure = (typeof ProjectionFailure)[number]

/** Registers the projector's metrics. Its counters are there at 0 for all `partitions` of each kind. */
export const makeProjectionMetrics = (registry: Registry, partitions: Readonly<Record<Kind, number>>) => {
  const { counter, gauge } = metricsOf(registry)
  const [records, seconds, oldestHold, written, failures] = [
    gauge("projectionLagRecords"),
    gauge("projectionLagSeconds"),
    gauge("projectionOldestHold"),
    counter("projectionRecords"),
    counter("projectionFailures"),
  ]
  // Until it is known.
  oldestHold.remove()
  for (const [kind, count] of Object.entries(partitions))
    for (let partition = 0; partition < count; partition++) written.inc({ kind, partition }, 0)
  for (const reason of ProjectionFailure) failures.inc({ reason }, 0)
  return {
    /** `ageMs`: of the first record that Postgres doesn't have; 0: it has all. */
    behind: (kind: Kind, partition: number, lagRecords: number, ageMs: number): void => {
      records.set({ kind, partition }, lagRecords)
      seconds.set({ kind, partition }, ageMs / 1_000)
    },
    /** How long the oldest hold has been open; 0: none is; null: nobody can say. */
    oldestHold: (ageMs: number | null): void => {
      if (ageMs === null) oldestHold.remove()
      else oldestHold.set(ageMs / 1_000)
    },
    written: (kind: Kind, partition: number, count: number): void => written.inc({ kind, partition }, count),
    failed: (reason: ProjectionFailure): void => failures.inc({ reason }),
  }
}

/** The metrics of a projector's page. */
export type ProjectionMetrics = ReturnType<typeof makeProjectionMetrics>

/** A projector's page, with what Node tells of its process, and what it is written by. */
export const makeProjectorPage = (worker: string, partitions: Readonly<Record<Kind, number>>) => {
  const registry = new Registry()
  registry.setDefaultLabels({ worker })
  addProcessMetrics(registry)
  makeSpanMetrics(registry)
  return { registry, metrics: makeProjectionMetrics(registry, partitions) }
}
