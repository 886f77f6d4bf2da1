/**
 * Looks at the workers as an operator would, over the pages they serve: who owns each partition, what waits, what is halted.
 */
import * as Effect from "effect/Effect"

/** The cluster at one moment. */
export interface Sight {
  /** By partition: the name of the worker that serves it, or null. */
  readonly owners: ReadonlyArray<string | null>
  /** Commands stored and not decided, over all partitions that somebody owns; workers count them once a second. */
  readonly lag: number
  /** Holds of SKUs. */
  readonly openHolds: number
  /** The same of partitions of orders as `owners` of SKUs. */
  readonly orderOwners: ReadonlyArray<string | null>
  /** Commands between orders and SKUs whose decision has not come back. */
  readonly underWay: number
  readonly halts: ReadonlyArray<string>
}

/** The part of a worker's report that is looked at. */
interface Report {
  readonly partitions?: ReadonlyArray<{
    readonly kind?: string
    readonly partition: number
    readonly phase: string
    readonly halt: string | null
    readonly underWay?: { readonly count: number } | null
  }>
}

interface WorkerSeen {
  readonly name: string
  readonly report: Report
  readonly lag: number
  readonly openHolds: number
}

const patienceMs = 1_000

const page = async (address: string, path: string): Promise<string> => {
  const answer = await fetch(`${address}${path}`, { signal: AbortSignal.timeout(patienceMs) })
  return answer.text()
}

/** Of partitions of SKUs. */
const sumOf = (metrics: string, name: string): number => {
  let sum = 0
  for (const [, labels, value] of metrics.matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\S+)$`, "gm")))
    if (labels?.includes('kind="order"') !== true) sum += Number(value)
  return sum
}

const look = async (name: string, address: string): Promise<WorkerSeen | null> => {
  try {
    const [ready, metrics] = await Promise.all([page(address, "/ready"), page(address, "/metrics")])
    const report: Report = JSON.parse(ready)
    return {
      name,
      report,
      lag: sumOf(metrics, "holdfast_partition_lag_messages"),
      openHolds: sumOf(metrics, "holdfast_open_holds"),
    }
  } catch {
    // It was killed, or is too busy: the next look may see more.
    return null
  }
}

const sightOf = (seen: ReadonlyArray<WorkerSeen>, partitions: number): Sight => {
  const owners: Array<string | null> = Array.from({ length: partitions }, () => null)
  const orderOwners: Array<string | null> = [...owners]
  let underWay = 0
  const halts = new Set<string>()
  for (const { name, report } of seen) {
    for (const { kind, partition, phase, halt, underWay: carried } of report.partitions ?? []) {
      if (phase === "serving" || phase === "frozen") {
        if (kind === "order") orderOwners[partition] = name
        else owners[partition] = name
        underWay += carried?.count ?? 0
      }
      if (halt !== null) halts.add(halt)
    }
  }
  const sum = (of: "lag" | "openHolds") => seen.reduce((total, worker) => total + worker[of], 0)
  return { owners, orderOwners, underWay, lag: sum("lag"), openHolds: sum("openHolds"), halts: [...halts] }
}

/** Looks at each worker once; those that don't answer are left out. */
export const lookAtWorkers = (
  addresses: ReadonlyArray<{ readonly name: string; readonly address: string }>,
  partitions: number,
): Effect.Effect<Sight> =>
  Effect.promise(() => Promise.all(addresses.map(({ name, address }) => look(name, address)))).pipe(
    Effect.map((seen) =>
      sightOf(
        seen.filter((worker) => worker !== null),
        partitions,
      ),
    ),
  )

/** Whether every partition is served by somebody, those of orders too. */
export const isServed = ({ owners, orderOwners }: Sight): boolean => [...owners, ...orderOwners].every((owner) => owner !== null)
