/**
 * What a shopper does, from a seed: what is wanted, whether it is paid for, given back or left to expire, and whether it is asked for twice. The same seed and profile make the same shoppers; when their
 * commands are answered is the system's.
 */
import { drawPlace, type WeightedChoice, zipfChoice } from "../../src/workload/popularity.ts"
import { type Prng, prngFromSeed } from "../../src/workload/prng.ts"
import type { Profile } from "./profile.ts"
import type { Wanted } from "./wanted.ts"

/** One shopper, before anything is sent. */
export interface Shopper {
  readonly first: Wanted
  /** Sent after so many milliseconds to whoever got it; null: it is left to expire. */
  readonly after: { readonly wanted: Wanted; readonly afterMs: number } | null
  readonly asksAgain: boolean
  /** What the warehouse says so many milliseconds after the shopper has paid; null: the shopper doesn't pay, or nothing leaves. */
  readonly shipped: { readonly parcels: ReadonlyArray<Parcel>; readonly afterMs: number } | null
}

/** What leaves of one SKU, and the name that its reservation has. */
export interface Parcel {
  readonly id: string
  readonly sku: string
  readonly reservation: string
}

/** What a shopper may do, from the first to the last. */
interface Course {
  readonly first: Wanted
  readonly paid: Wanted
  readonly givenBack: Wanted
  readonly parcels: ReadonlyArray<Parcel>
}

const thousand = 1_000_000
const chance = (prng: Prng, share: number): boolean => prng.below(thousand) < share * thousand

export const skuName = (place: number): string => `LOAD-${String(place + 1).padStart(6, "0")}`

/** Every SKU of a profile. */
export const skusOf = ({ skus }: Profile): ReadonlyArray<string> => Array.from({ length: skus.count }, (_, place) => skuName(place))

export class Shoppers {
  readonly #profile: Profile
  readonly #prng: Prng
  readonly #popularity: WeightedChoice | null
  readonly #run: string
  #next = 0

  /** `run`: what tells the ids of this run from those of others on the same cluster. */
  constructor(profile: Profile, seed: string, run: string) {
    this.#profile = profile
    this.#prng = prngFromSeed(seed)
    this.#popularity = profile.skus.popularity === "zipf" ? zipfChoice(profile.skus.count) : null
    this.#run = run
  }

  #sku(): string {
    return skuName(this.#popularity === null ? this.#prng.below(this.#profile.skus.count) : drawPlace(this.#popularity, this.#prng))
  }

  /** The next shopper who comes. */
  next(): Shopper {
    const { shopper } = this.#profile
    const name = `${this.#run}-${this.#next++}`
    const isOrder = chance(this.#prng, shopper.orderShare)
    const made = isOrder ? this.#order(name) : this.#reservation(name)
    const fate = this.#prng.below(thousand) / thousand
    const ends = fate < shopper.confirmShare ? made.paid : fate < shopper.confirmShare + shopper.releaseShare ? made.givenBack : null
    const afterMs = this.#around(shopper.thinkMs)
    const asksAgain = chance(this.#prng, shopper.askAgainShare)
    const isShipped = ends === made.paid && shopper.shipMs !== undefined
    return {
      first: made.first,
      after: ends === null ? null : { wanted: ends, afterMs },
      asksAgain,
      shipped: isShipped ? { parcels: made.parcels, afterMs: this.#around(shopper.shipMs ?? 0) } : null,
    }
  }

  /** Between half and one and a half of the time, evenly. */
  #around(ms: number): number {
    return Math.round(ms * (0.5 + this.#prng.below(thousand) / thousand))
  }

  #reservation(reservation: string): Course {
    const sku = this.#sku()
    return {
      first: { type: "Reserve", id: `${reservation}-r`, sku, reservation, qty: 1, holdMs: this.#profile.shopper.holdMs },
      paid: { type: "Confirm", id: `${reservation}-c`, sku, reservation },
      givenBack: { type: "Release", id: `${reservation}-g`, sku, reservation, reason: "cancelled" },
      parcels: [{ id: `${reservation}-f`, sku, reservation }],
    }
  }

  #order(order: string): Course {
    const { orderLines, holdMs } = this.#profile.shopper
    const skus = new Set(Array.from({ length: orderLines }, () => this.#sku()))
    const lines = [...skus].map((sku) => ({ sku, qty: 1 }))
    return {
      first: { type: "PlaceOrder", id: `${order}-r`, order, fill: "whole", holdMs, lines },
      paid: { type: "ConfirmOrder", id: `${order}-c`, order },
      givenBack: { type: "CancelOrder", id: `${order}-g`, order, reason: "cancelled" },
      // An order's line is reserved under the order's id behind an @.
      parcels: lines.map(({ sku }, line) => ({ id: `${order}-f${line}`, sku, reservation: `@${order}` })),
    }
  }
}
