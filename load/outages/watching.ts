/**
 * What a living worker says while something is done to the others or to the servers: when its /ready turned, and when an alarm was counted.
 */
import type { ClusterRig, ClusterWorker } from "../chaos/cluster-rig.ts"
import { until } from "../chaos/rig.ts"

/** What was seen of an outage. Milliseconds since it began; null: never. */
export interface Seen {
  readonly readyMs: number | null
  /** What /ready said first. */
  readonly reason: string
  readonly alarmMs: number | null
  readonly alarm: string
  /** Until every partition was served again, where it was within the time that was watched. */
  readonly servedMs: number | null
}

const pollMs = 40

interface Body {
  readonly outages?: ReadonlyArray<{ readonly partition: number; readonly reason: string; readonly detail: string }>
  readonly partitions?: ReadonlyArray<{ readonly partition: number; readonly phase: string }>
}

/** Alarms that the worker counted, by kind. */
const alarmsOf = async (worker: ClusterWorker): Promise<ReadonlyMap<string, number> | null> => {
  const page = await worker.page("/metrics")
  if (page === null) return null
  const counts = new Map<string, number>()
  for (const [, kind, count] of page.text.matchAll(/^holdfast_alarms_total\{[^}]*alarm="(\w+)"[^}]*\} (\S+)$/gm))
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + Number(count))
  return counts
}

/** Waits until `worker` has said for two seconds that everything is served. */
export const untilSteady = async (worker: ClusterWorker): Promise<void> => {
  let sinceMs = performance.now()
  await until(`${worker.name} says that everything is served`, async () => {
    if ((await worker.page("/ready"))?.status !== 200) sinceMs = performance.now()
    return performance.now() - sinceMs > 2_000
  })
}

/** Does it, and watches what `observer` says for `forMs`. `act` says when it begins, where what leads up to it takes time. */
export const watchOutage = async (observer: ClusterWorker, act: (begins: () => void) => Promise<unknown>, forMs: number): Promise<Seen> => {
  const before = (await alarmsOf(observer)) ?? new Map<string, number>()
  let startedMs = performance.now()
  const sinceMs = () => Math.round(performance.now() - startedMs)
  // Not awaited: what is done may take as long as what it does to others.
  let failed: unknown
  const begins = () => {
    startedMs = performance.now()
  }
  const acting = act(begins).catch((error: unknown) => {
    failed = error
  })
  let readyMs: number | null = null
  let alarmMs: number | null = null
  let servedMs: number | null = null
  let [reason, alarm] = ["", ""]
  while (sinceMs() < forMs && (readyMs === null || alarmMs === null || servedMs === null)) {
    const page = await observer.page("/ready")
    if (page !== null && page.status !== 200) {
      const body: Body = JSON.parse(page.text)
      const [first] = body.outages ?? []
      if (readyMs === null && first !== undefined) {
        readyMs = sinceMs()
        reason = `partition ${first.partition}, ${first.reason}: ${first.detail}`
      }
      servedMs = null
    } else if (page !== null && readyMs !== null && servedMs === null) servedMs = sinceMs()
    const now = alarmMs === null ? await alarmsOf(observer) : null
    const risen = [...(now ?? [])].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind)
    if (alarmMs === null && risen.length > 0) {
      alarmMs = sinceMs()
      alarm = risen.join(", ")
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  await acting
  if (failed !== undefined) throw failed
  return { readyMs, reason, alarmMs, alarm, servedMs }
}

/** Facts for every partition, a few a second, so that whoever decides nothing is seen to. Ends with what it returns. */
export const startTrickle = async (rig: ClusterRig, skus: ReadonlyArray<string>): Promise<() => void> => {
  const nc = await rig.connectAs("dock")
  let serial = 0
  const timer = setInterval(() => {
    for (const sku of skus) {
      const body = { type: "ReceiveStock", id: `t${serial++}`, issuedAtMs: Date.now(), sku, location: "main", qty: 1 }
      if (!nc.isClosed()) nc.publish(`hf.cmd.dock.stock.sku.${sku}`, JSON.stringify(body))
    }
  }, 100)
  return () => clearInterval(timer)
}
