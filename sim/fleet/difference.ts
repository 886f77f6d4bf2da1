/**
 * Whether two runs of a seed are the same run: every word of their results, and the hash of every event in their worlds.
 */
import type { SeedResult } from "../result.ts"

/** The first thing that two runs of a seed tell differently, or null. Only the time they took may differ. */
export const differenceOf = (a: SeedResult, b: SeedResult): string | null => {
  for (const name of Object.keys(a) as ReadonlyArray<keyof SeedResult>) {
    if (name === "wallMs") continue
    const [first, second] = [JSON.stringify(a[name]), JSON.stringify(b[name])]
    if (first !== second) return `${name} was ${first?.slice(0, 200)} the first time and ${second?.slice(0, 200)} the second`
  }
  return null
}
