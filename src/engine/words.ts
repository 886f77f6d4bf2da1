/**
 * Closed lists of words that both the engine and whoever speaks for it use.
 */

/**
 * Why somebody is told to come back later. `queue`: the owner, or the ingress, holds as much of this sender as it may; `owner`: nobody is known to serve the partition;
 * `full`: the commands stream takes nothing more; `ending`: the ingress is about to end; `order`: another command of the same order is not answered yet.
 */
export const BusyWhy = ["queue", "owner", "full", "ending", "order"] as const
export type BusyWhy = (typeof BusyWhy)[number]

/** What of a sender is throttled at the doors: all it sends, or its facts alone. */
export type Throttled = "all" | "facts"
