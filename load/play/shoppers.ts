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
    // Between half and one and a half of the time, evenly.
    const afterMs = Math.round(shopper.thinkMs * (0.5 + this.#prng.below(thousand) / thousand))
    return {
      first: made.first,
      after: ends === null ? null : { wanted: ends, afterMs },
      asksAgain: chance(this.#prng, shopper.askAgainShare),
    }
  }

  #reservation(reservation: string): { readonly first: Wanted; readonly paid: Wanted; readonly givenBack: Wanted } {
    const sku = this.#sku()
    return {
      first: { type: "Reserve", id: `${reservation}-r`, sku, reservation, qty: 1, holdMs: this.#profile.shopper.holdMs },
      paid: { type: "Confirm", id: `${reservation}-c`, sku, reservation },
      givenBack: { type: "Release", id: `${reservation}-g`, sku, reservation, reason: "cancelled" },
    }
  }

  #order(order: string): { readonly first: Wanted; readonly paid: Wanted; readonly givenBack: Wanted } {
    const { orderLines, holdMs } = this.#profile.shopper
    const skus = new Set(Array.from({ length: orderLines }, () => this.#sku()))
    const lines = [...skus].map((sku) => ({ sku, qty: 1 }))
    return {
      first: { type: "PlaceOrder", id: `${order}-r`, order, fill: "whole", holdMs, lines },
      paid: { type: "ConfirmOrder", id: `${order}-c`, order },
      givenBack: { type: "CancelOrder", id: `${order}-g`, order, reason: "cancelled" },
    }
  }
}
