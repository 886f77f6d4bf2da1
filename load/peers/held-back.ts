/**
 * What holds a decision back, told from what was measured of it: one of a closed list, by a rule. Pure.
 */

/** What may hold a decision back, as the rule asks for it: the first that holds is told. */
export const HeldBackBy = ["client", "worker", "server", "machine", "append", "turns"] as const
export type HeldBackBy = (typeof HeldBackBy)[number]

/** What the rule looks at. Shares are of one core, but the machine's, which is of all. */
export interface Signs {
  /** Of their main threads. */
  readonly client: number
  readonly worker: number
  /** Of all its threads. */
  readonly server: number
  /** Whatever any process gave the cores to do. */
  readonly machine: number
  /** For which share of the time a partition had an append under way: the mean over those that are asked. */
  readonly appending: number
  /** The median of an append, and of an ask until its answer. */
  readonly appendMs: number
  readonly roundTripMs: number
}

/** What is busy for this share of the time has hardly a moment to spare: what is left is the scheduler's, and waking up. */
const fullShare = 0.9
/** An append that takes so much of a round trip is most of it. */
const appendShare = 0.5

/**
 * What holds a decision back:
 *
 * 1. `client` or `worker`, the fuller one, whose main thread has at least {@link fullShare} of a core: it can't have more, however many cores there are.
 * 2. `server`, if all its threads together have as much. What it does for one connection and for one stream is done by one at a time, but whether it was one can't be told: so it comes after the two of which that is known.
 * 3. `machine`, if all cores together are as full though none of the three is: they, or other programs, take cores from each other.
 * 4. `append`, if partitions have one under way for at least {@link fullShare} of the time, so that whatever comes waits for one before its own; or if its median is at least {@link appendShare} of the median
 *    round trip. Cores have time to spare, and the decision waits to be stored.
 * 5. `turns` otherwise: cores have time to spare, and most of a round trip is one process after another waking up and doing its part while the others wait for it.
 */
export const heldBackBy = ({ client, worker, server, machine, appending, appendMs, roundTripMs }: Signs): HeldBackBy => {
  if (Math.max(client, worker) >= fullShare) return client > worker ? "client" : "worker"
  if (server >= fullShare) return "server"
  if (machine >= fullShare) return "machine"
  return appending >= fullShare || appendMs >= appendShare * roundTripMs ? "append" : "turns"
}

/** As it is told. `isFloor`: what decides nothing is no worker. */
export const heldBackText = (by: HeldBackBy, isFloor: boolean): string =>
  ({
    client: "client's core is full",
    worker: isFloor ? "echo's core is full" : "worker's core is full",
    server: "server's core is full",
    machine: "waits in the machine (all cores full)",
    append: "waits for the append",
    turns: "processes take turns (no core is full)",
  })[by]
