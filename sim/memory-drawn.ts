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

/** What the engine is given; worlds that were stored before this was drawn have it as shipped. */
export const boundsDrawn = (memory: MemoryDrawn | undefined): MemoryBounds => bounds[memory ?? "shipped"]
