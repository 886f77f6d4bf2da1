/** What a supervisor of worker processes counts, on a page of its own to begin with: its workers' pages are put beside it. */
import { Registry } from "prom-client"
import { metricsOf, pageOf } from "./making.ts"

/** Makes the metrics of a supervisor in a registry. `ready`: how many worker processes say that they are; asked at each scrape. */
export const makeProcessMetrics = (registry: Registry, wanted: number, ready: () => number): ((why: "ended" | "asked") => void) => {
  const { gauge, counter } = metricsOf(registry)
  gauge("processesWanted").set(wanted)
  gauge("processesReady", (shown) => shown.set(ready()))
  const restarts = counter("processRestarts")
  for (const why of ["ended", "asked"]) restarts.inc({ why }, 0)
  return (why) => restarts.inc({ why })
}

/** The same with a page, under the supervisor's name. */
export const makeProcessPage = (supervisor: string, wanted: number, ready: () => number) => {
  const registry = new Registry()
  registry.setDefaultLabels({ worker: supervisor })
  return { restarted: makeProcessMetrics(registry, wanted, ready), page: () => pageOf(registry) }
}
