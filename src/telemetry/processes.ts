/** What a supervisor of worker processes counts, beside what else its own process counts: on a page with those of its workers. */
import type { Registry } from "prom-client"
import { metricsOf } from "./making.ts"

/** Makes the metrics of a supervisor in a registry. `ready`: how many worker processes say that they are; asked at each scrape. */
export const makeProcessMetrics = (registry: Registry, wanted: number, ready: () => number): ((why: "ended" | "asked") => void) => {
  const { gauge, counter } = metricsOf(registry)
  gauge("processesWanted").set(wanted)
  gauge("processesReady", (shown) => shown.set(ready()))
  const restarts = counter("processRestarts")
  for (const why of ["ended", "asked"]) restarts.inc({ why }, 0)
  return (why) => restarts.inc({ why })
}
