/**
 * Who should own which partition, as every worker computes it by itself from who is alive: rendezvous hashing.
 *
 * Each worker has a score for each partition, and the highest wins. When a worker goes, only its own partitions move; when one comes, it
 * takes an equal share from all, and nothing moves between the others. Only who should *try* follows from this: safety never does.
 */

/** FNV-1a over the characters, then the finalizer of MurmurHash3: FNV alone hardly spreads names that differ in their last character. */
const score = (worker: string, partition: number): number => {
  const text = `${worker}/${partition}`
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** The workers in the order in which they should own the partition: the first owns it, the second follows as hot standby. The order of `workers` doesn't matter. */
export const rankWorkers = (workers: ReadonlyArray<string>, partition: number): ReadonlyArray<string> =>
  [...new Set(workers)]
    .map((worker) => ({ worker, score: score(worker, partition) }))
    .sort((a, b) => b.score - a.score || (a.worker < b.worker ? -1 : 1))
    .map(({ worker }) => worker)

/** What a worker should be to a partition. */
export type PartitionRole = "owner" | "standby" | "none"

/**
 * The role of `worker` for the partition among those alive; none if it isn't itself among them. The owner is the first who has caught up with its journal: the first of all,
 * if nobody has. The first two follow it, whoever owns it: a first one that was behind takes over once it isn't.
 */
export const roleOf = (
  worker: string,
  workers: ReadonlyArray<string>,
  partition: number,
  isCaughtUp: (worker: string) => boolean,
): PartitionRole => {
  const ranked = rankWorkers(workers, partition)
  if (worker === (ranked.find((one) => isCaughtUp(one)) ?? ranked[0])) return "owner"
  const rank = ranked.indexOf(worker)
  return rank === 0 || rank === 1 ? "standby" : "none"
}
