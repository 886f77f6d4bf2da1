/**
 * What all virtual users of the stand-in share: metrics by their names, whether the test was aborted, and what still runs.
 */

/** What one metric was told. */
export interface MetricState {
  readonly kind: "counter" | "rate" | "trend"
  readonly values: Array<number>
}

export const shared = {
  metrics: new Map<string, MetricState>(),
  aborted: null as string | null,
  startedMs: performance.now(),
}

/** The metric of that name, made when it is first asked for. */
export const metricNamed = (name: string, kind: MetricState["kind"]): MetricState => {
  const known = shared.metrics.get(name) ?? { kind, values: [] }
  shared.metrics.set(name, known)
  return known
}
