/**
 * What the entry of a decided command may take of a record at its worst, in the ways commands do: the engine takes no more commands into one than surely fit.
 */
import { allocationsMax, bodyBytesMax, entryOverheadBytesMax, idCharsMax } from "../../limits.ts"

/** Bytes of one allocation in an event: its location's id, a quantity, and the names of both. */
const allocationBytes = idCharsMax + 40
/** Bytes of a shortage found at one location. */
const shortageBytes = idCharsMax + 64
/** Bytes of an entry and of a decision without allocations, numbers spelled out longer than in the body included. */
const plainEntryBytes = 512

const partsOf = (locations: number): number => Math.min(allocationsMax, locations)

/** It names at most one location. */
export const plainBytes = (): number => plainEntryBytes
/** Its event repeats what its body says. */
export const repeatedBytes = (_: number, bodyBytes: number): number => bodyBytes + plainEntryBytes
/** It may find a shortage at each location of a reservation. */
export const shortagesBytes = (locations: number): number => plainEntryBytes + partsOf(locations) * shortageBytes
/** Its events name every allocation. */
export const allocatingBytes = (locations: number): number => 2 * plainEntryBytes + partsOf(locations) * allocationBytes
/** The same of a fact, which may find a shortage at each location it takes units off, and at the one it happened at. */
export const allocatingFactBytes = (locations: number): number => allocatingBytes(locations) + (partsOf(locations) + 1) * shortageBytes
/** It stands beside the command that it settles, and what that comes to. */
export const settlingBytes = (): number => 2 * bodyBytesMax + entryOverheadBytesMax

/** Places that a command without units names. */
export const noPlaces = (): number => 0
/** Places that a command about one location names. */
export const onePlace = (): number => 1
