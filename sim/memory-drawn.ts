/** How much the engine remembers in a world: as shipped, which no seed ever fills, or so little that packing, reading back, floors that rise and senders that wait all come in one sale. */
import { type MemoryBounds, memoryBounds } from "../src/engine/memory-bounds.ts"

export const MemoryDrawn = ["shipped", "packed", "short"] as const
export type MemoryDrawn = (typeof MemoryDrawn)[number]

const bounds: Readonly<Record<MemoryDrawn, MemoryBounds>> = {
  shipped: memoryBounds,
  packed: { ...memoryBounds, recent: 4 },
  short: {
    ...memoryBounds,
    horizonMinMs: 45_000,
    recent: 8,
    plenty: 40,
    decisionsMax: 240,
    factsMax: 10_000,
  },
}

/** How much may wait in quarantine: as shipped, or so little that a few sales which nobody believes fill it. */
export const QuarantineDrawn = ["shipped", "short"] as const
export type QuarantineDrawn = (typeof QuarantineDrawn)[number]

const shortQuarantine = { quarantinedPerSender: 2, quarantined: 3, factsKeptPerSender: 3, factsKept: 5 } as const

/** What of a world's options says how much is remembered; worlds that were stored before it was drawn have it as shipped. */
export interface Remembering {
  readonly memory?: MemoryDrawn
  readonly quarantine?: QuarantineDrawn
}

/** What the engine is given. */
export const boundsDrawn = ({ memory = "shipped", quarantine = "shipped" }: Remembering): MemoryBounds =>
  quarantine === "short" ? { ...bounds[memory], ...shortQuarantine } : bounds[memory]
