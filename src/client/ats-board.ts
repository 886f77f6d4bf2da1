/**
 * What a channel knows of its ATS: for each SKU the newest value, wherever it came from. Only rising versions are accepted, so pages of
 * current values and the live feed may be read at the same time and in any order.
 */
import type { AtsValue } from "../kinds/sku/types.ts"

export class AtsBoard {
  readonly #newest = new Map<string, AtsValue>()
  readonly #skus: ReadonlySet<string> | null
  readonly #onValue: (value: AtsValue) => void

  /** `skus`: only these; null: all. `onValue` is told every accepted value, once. */
  constructor(skus: ReadonlySet<string> | null, onValue: (value: AtsValue) => void) {
    this.#skus = skus
    this.#onValue = onValue
  }

  /** Takes a value if it is newer than what is known of its SKU; says whether it was. */
  accept(value: AtsValue): boolean {
    if (this.#skus !== null && !this.#skus.has(value.sku)) return false
    const known = this.#newest.get(value.sku)
    if (known !== undefined && known.version >= value.version) return false
    this.#newest.set(value.sku, value)
    this.#onValue(value)
    return true
  }

  current(sku: string): AtsValue | undefined {
    return this.#newest.get(sku)
  }

  all(): IterableIterator<AtsValue> {
    return this.#newest.values()
  }
}
