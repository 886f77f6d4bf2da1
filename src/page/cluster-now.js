/**
 * The cluster as the page shows it, put together from what each worker says of itself. Pure.
 *
 * A partition is served if a worker that was heard says that it serves it, whatever others believe. Everything else is an outage: that nobody answers for a partition is what its senders notice too.
 */

/** @import { ClusterNow, ClusterSaid, CountsSaid, PartitionNow, PartitionSaid, SenderNow, ShortNow, WorkerNow, WorkerSaid } from "./shapes.ts" */

/**
 * A partition as one worker sees it.
 * @typedef {{ readonly worker: string, readonly said: PartitionSaid }} Seen
 */

/**
 * Of which partition it is; a release before the kinds knew SKUs alone.
 * @param {Pick<PartitionSaid, "kind" | "partition">} partition
 */
const nameOf = ({ kind = "sku", partition }) => `${kind} ${partition}`

/** `frozen`: what became of the last append is being found out. */
const servingPhases = new Set(["serving", "frozen"])

/**
 * Who serves it. Of two that say so, for a moment, the later reign is right.
 * @param {ReadonlyArray<Seen>} seen
 * @returns {Seen | undefined}
 */
const servingOf = (seen) => seen.filter(({ said }) => servingPhases.has(said.phase)).sort((a, b) => b.said.epoch - a.said.epoch)[0]

/**
 * Why nobody serves it, as far as that is known.
 * @param {ReadonlyArray<Seen>} seen
 * @param {ReadonlySet<string>} heard
 * @returns {Pick<PartitionNow, "state" | "detail" | "owner">}
 */
const outageOf = (seen, heard) => {
  const halt = seen.find(({ said }) => said.halt !== null)?.said.halt
  if (halt != null) return { state: "halted", detail: halt, owner: null }
  const claiming = seen.find(({ said }) => said.phase === "claiming")
  if (claiming !== undefined) return { state: "takeover", detail: `${claiming.worker} is taking over`, owner: claiming.worker }
  const holder = seen.find(({ said }) => said.holder !== null)?.said.holder ?? null
  if (holder === null)
    return { state: "unowned", detail: seen.length === 0 ? "no worker answers for it" : "no worker owns it", owner: null }
  return heard.has(holder)
    ? { state: "takeover", detail: `${holder} holds the lease and does not serve yet`, owner: holder }
    : { state: "silent", detail: `its owner ${holder} does not answer`, owner: holder }
}

/**
 * @param {string} kind
 * @param {number} partition
 * @param {ReadonlyArray<Seen>} seen
 * @param {ReadonlySet<string>} heard
 * @returns {PartitionNow}
 */
const partitionNow = (kind, partition, seen, heard) => {
  const serving = servingOf(seen)
  const figures = serving?.said.figures ?? null
  const isUnsure = serving?.said.phase === "frozen"
  /** @type {Pick<PartitionNow, "state" | "detail" | "owner">} */
  const standing =
    serving === undefined
      ? outageOf(seen, heard)
      : {
          state: isUnsure ? "unsure" : "served",
          detail: isUnsure ? "it is being found out what became of the last append" : "",
          owner: serving.worker,
        }
  return {
    kind,
    partition,
    ...standing,
    epoch: serving?.said.epoch ?? Math.max(0, ...seen.map(({ said }) => said.epoch)),
    seq: serving?.said.confirmedSeq ?? Math.max(0, ...seen.map(({ said }) => said.confirmedSeq)),
    standbys: seen.filter(({ worker, said }) => worker !== serving?.worker && said.caughtUp === true).length,
    waiting: figures?.waiting?.count ?? null,
    oldestMs: figures?.waiting?.oldestAgeMs ?? null,
    quarantined: figures?.quarantined ?? 0,
    openHolds: figures?.openHolds ?? 0,
  }
}

/**
 * @param {ReadonlyArray<WorkerSaid>} answers
 * @param {ReadonlyArray<PartitionNow>} partitions
 * @returns {ReadonlyArray<WorkerNow>}
 */
const workersNow = (answers, partitions) => {
  /** @type {Map<string, string | null>} */
  const states = new Map(answers.flatMap(({ members }) => members.map((member) => [member, null])))
  for (const { worker, state, ready } of answers) states.set(worker, state === "joined" && !ready ? "not ready" : state)
  return [...states]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([worker, state]) => ({
      worker,
      state,
      owns: partitions.filter((one) => one.owner === worker && (one.state === "served" || one.state === "unsure")).length,
    }))
}

/**
 * Every sender where it is fullest: that is where it is told to wait first.
 * @param {ReadonlyArray<PartitionSaid>} owned
 * @returns {ReadonlyArray<SenderNow>}
 */
const sendersNow = (owned) => {
  /** @type {Map<string, SenderNow>} */
  const fullest = new Map()
  for (const { kind = "sku", partition, figures } of owned)
    for (const { sender, perMille } of figures?.memory ?? [])
      if (perMille > (fullest.get(sender)?.perMille ?? -1)) fullest.set(sender, { sender, perMille, kind, partition })
  return [...fullest.values()].sort((a, b) => b.perMille - a.perMille || (a.sender < b.sender ? -1 : 1))
}

/**
 * @param {ReadonlyArray<PartitionSaid>} owned
 * @returns {ReadonlyArray<ShortNow>}
 */
const shortagesNow = (owned) =>
  owned
    .flatMap(({ partition, figures }) => (figures?.short ?? []).map(({ sku, qty }) => ({ sku, qty, partition })))
    .sort((a, b) => b.qty - a.qty || (a.sku < b.sku ? -1 : 1))

/**
 * The cluster as those workers say it is that were heard.
 * @param {ClusterSaid} said
 * @returns {ClusterNow}
 */
export const clusterNow = ({ partitions: counts, workers: answers }) => {
  const heard = new Set(answers.map(({ worker }) => worker))
  /** @type {Map<string, Array<Seen>>} */
  const byPartition = new Map()
  for (const { worker, partitions } of answers)
    for (const said of partitions) {
      const known = byPartition.get(nameOf(said))
      if (known === undefined) byPartition.set(nameOf(said), [{ worker, said }])
      else known.push({ worker, said })
    }
  const kinds = /** @type {const} */ (["sku", "order"])
  const partitions = kinds.flatMap((kind) =>
    Array.from({ length: counts[kind] }, (_, partition) =>
      partitionNow(kind, partition, byPartition.get(nameOf({ kind, partition })) ?? [], heard),
    ),
  )
  const owned = [...byPartition.values()].flatMap((seen) => servingOf(seen)?.said ?? [])
  return {
    partitions,
    workers: workersNow(answers, partitions),
    shortQty: owned.reduce((sum, { figures }) => sum + (figures?.shortQty ?? 0), 0),
    shortages: shortagesNow(owned),
    senders: sendersNow(owned),
  }
}

/**
 * The cluster when nobody in it answers at all.
 * @param {CountsSaid} counts As it was last known.
 */
export const nobodyAnswers = (counts) => clusterNow({ partitions: counts, workers: [] })
