/** Traffic and leases of the size that tests take; the longer plays are those of `npm run chaos`. */
import type { TrafficOptions } from "../../load/chaos/traffic.ts"

/** The shortest there is: somebody's death is noticed after a second. */
export const leaseTtlMs = 1_000

/** Ends what hangs; the plays take a tenth of it. */
export const timeoutMs = 180_000

/** Its clients ask again after two seconds: what was handed to a worker that then died was never taken, and nobody else knows of it. */
export const traffic: TrafficOptions = { seed: 1, skus: 24, buyers: 32, retryMs: 2_000 }

export const say = (): void => undefined
