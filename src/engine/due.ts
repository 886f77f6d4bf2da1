/**
 * When something that the engine waits for is due.
 *
 * Pauses between attempts are counted on the steady clock of the inputs. Should it step after all (a machine put back to what it was an hour ago), a time that was set before
 * lies further ahead than any pause is long: then it is due now, for nobody may wait an hour because a clock was an hour wrong.
 */
import type { EpochMs } from "../domain/names.ts"

/** Whether `atMs`, which was set at most `pauseMs` ahead, has come. */
export const isDue = (atMs: EpochMs, nowMs: EpochMs, pauseMs: number): boolean => nowMs >= atMs || atMs - nowMs > pauseMs
