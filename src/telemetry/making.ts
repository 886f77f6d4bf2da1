/**
 * Makes what prom-client counts with from the catalogue's entries, and reads the page of all of it. Nothing that isn't in the catalogue can be counted.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from "prom-client"
import { catalogue, type KeyOfType, type LabelOf, type MetricKey, type MetricSpec } from "./catalogue.ts"

const given = <Key extends MetricKey>(key: Key) => {
  const { name, help, labels }: MetricSpec = catalogue[key]
  return { name, help, labelNames: Object.keys(labels) as Array<LabelOf<Key>> }
}

/** Metrics of one registry. */
export const metricsOf = (registry: Registry) => {
  const registers = [registry]
  return {
    counter: <Key extends KeyOfType<"counter">>(key: Key): Counter<LabelOf<Key>> => new Counter<LabelOf<Key>>({ ...given(key), registers }),
    /** `collect`: sets it anew at each scrape. */
    gauge: <Key extends KeyOfType<"gauge">>(key: Key, collect?: (shown: Gauge<LabelOf<Key>>) => void): Gauge<LabelOf<Key>> => {
      const shown: Gauge<LabelOf<Key>> = new Gauge<LabelOf<Key>>({
        ...given(key),
        registers,
        ...(collect === undefined ? {} : { collect: () => collect(shown) }),
      })
      return shown
    },
    histogram: <Key extends KeyOfType<"histogram">>(key: Key): Histogram<LabelOf<Key>> =>
      new Histogram<LabelOf<Key>>({
        ...given(key),
        buckets: [...catalogue[key].buckets],
        registers,
      }),
  }
}
/** The metrics of these names, made. */
export type MetricsOf = ReturnType<typeof metricsOf>

/** One line of a page. */
interface Line {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** What was counted of one set of labels: how many values fell under each bound and above the last, their sum, and how many there are. */
interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly under: Array<number>
  sum: number
  count: number
}

/**
 * A histogram that is told of so many equal values at once, by a series that its caller keeps: what is told of every message costs a comparison or two. prom-client's own looks up the labels each time, for half a
 * microsecond.
 */
export class Tally {
  readonly name: string
  readonly type = "histogram"
  readonly help: string
  readonly labelNames: ReadonlyArray<string>
  readonly #bounds: ReadonlyArray<number>
  readonly #series: Array<Series> = []

  constructor(key: KeyOfType<"histogram">, registry: Registry) {
    const spec: MetricSpec = catalogue[key]
    this.name = spec.name
    this.help = spec.help
    this.labelNames = Object.keys(spec.labels)
    this.#bounds = catalogue[key].buckets
    // A registry asks a metric for its name and for what it holds, and for nothing else.
    registry.registerMetric(this as unknown as Histogram<string>)
  }

  /** A series of these labels: there is one for each, and its caller keeps it. */
  series(labels: Readonly<Record<string, string>>): Series {
    const series: Series = { labels, under: new Array<number>(this.#bounds.length + 1).fill(0), sum: 0, count: 0 }
    this.#series.push(series)
    return series
  }

  add(series: Series, value: number, times: number): void {
    let bucket = 0
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) bucket++
    series.under[bucket] = (series.under[bucket] ?? 0) + times
    series.sum += value * times
    series.count += times
  }

  /** What a page shows of it. */
  async get() {
    return { name: this.name, help: this.help, type: this.type, aggregator: "sum", values: this.#series.flatMap((one) => this.#lines(one)) }
  }

  #lines({ labels, under, sum, count }: Series): ReadonlyArray<Line> {
    let below = 0
    const buckets = this.#bounds.map((le, at): Line => {
      below += under[at] ?? 0
      return { metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: below }
    })
    return [
      ...buckets,
      { metricName: `${this.name}_bucket`, labels: { ...labels, le: "+Inf" }, value: count },
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ]
  }
}
/** One series of a metric that is counted without its client. */
export type TallySeries = Series

/** Metrics of Node's own that break Prometheus's conventions (gauges that are called a total), each told by another too. */
const misnamed = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"]

/** Adds what Node tells of its process: event loop lag, memory, garbage collection, file descriptors. */
export const addProcessMetrics = (registry: Registry): void => {
  collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
}

/**
 * The page of a registry. A metric that can't be told is left out and counted; prom-client would refuse the whole page, and whoever watches would see a process that is gone.
 */
export const pageOf = async (registry: Registry): Promise<string> => {
  const failures = registry.getSingleMetric(catalogue.collectFailures.name)
  const parts: Array<string> = []
  for (const { name } of registry.getMetricsAsArray()) {
    if (name === catalogue.collectFailures.name) continue
    try {
      parts.push(await registry.getSingleMetricAsString(name))
    } catch {
      if (failures instanceof Counter) failures.inc({ metric: name })
    }
  }
  // Last, so that a scrape tells its own failures.
  if (failures !== undefined) parts.push(await registry.getSingleMetricAsString(catalogue.collectFailures.name))
  return `${parts.join("\n\n")}\n`
}
