/**
 * How often each sender may ask one gateway: as many requests and commands a second as it is told, with a burst of one second. Pure but for what it remembers.
 *
 * What a sender may send to the cluster in all is the ingresses' to bound. This keeps one sender's clients from taking a gateway from the others.
 */

/** What is left of a sender's second. */
interface Bucket {
  left: number
  atMs: number
}

/** The bound of each sender at one gateway. */
export class SenderRates {
  readonly #perSecond: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Takes `count`, and returns 0; or takes nothing, and returns the milliseconds until there is room. What is more than a second's worth is taken of a full bucket, and paid for afterwards. */
  spend(sender: string, count: number, nowMs: number): number {
    const bucket = this.#buckets.get(sender) ?? { left: this.#perSecond, atMs: nowMs }
    this.#buckets.set(sender, bucket)
    const earned = (Math.max(0, nowMs - bucket.atMs) * this.#perSecond) / 1_000
    bucket.left = Math.min(this.#perSecond, bucket.left + earned)
    bucket.atMs = nowMs
    const needed = Math.min(count, this.#perSecond)
    if (bucket.left < needed) return Math.ceil(((needed - bucket.left) * 1_000) / this.#perSecond)
    bucket.left -= count
    return 0
  }
}
