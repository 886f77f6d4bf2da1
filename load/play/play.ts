/**
 * Plays a profile: shoppers leave when they are due, whatever became of those before, and each answer is timed from the moment its shopper came, so that waiting in this process counts too.
 */

import { arrivedBy, lengthMs } from "./arrivals.ts"
import type { Door } from "./door.ts"
import type { Profile } from "./profile.ts"
import type { Recorder, Second } from "./recorder.ts"
import type { Shopper, Shoppers } from "./shoppers.ts"
import type { Heard, Wanted } from "./wanted.ts"

export interface Playing {
  readonly profile: Profile
  readonly shoppers: Shoppers
  readonly recorder: Recorder
  /** Shoppers come through these by turns: each with the name of its sender. */
  readonly doors: ReadonlyArray<Door & { readonly sender: string }>
  /** Says what left, and where it lay. */
  readonly dock: Door
  readonly location: string
  readonly isCancelled: () => boolean
  /** Called at the end of each second. */
  readonly onSecond: (second: Second, underWay: number) => void
  /** Gives every SKU more units. */
  readonly restock: (unitsEach: number) => Promise<void>
}

const tickMs = 4
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

type Way = Playing["doors"][number]

class Run {
  readonly #playing: Playing
  #underWay = 0

  constructor(playing: Playing) {
    this.#playing = playing
  }

  get underWay(): number {
    return this.#underWay
  }

  async #ask(door: Door, wanted: Wanted, dueMs: number): Promise<Heard> {
    const { recorder } = this.#playing
    recorder.left(performance.now() - dueMs)
    const heard = await door.send(wanted)
    recorder.heard(heard, performance.now() - dueMs)
    return heard
  }

  async #shop({ first, after, asksAgain, shipped }: Shopper, door: Way, dueMs: number): Promise<void> {
    const { recorder, isCancelled } = this.#playing
    const heard = await this.#ask(door, first, dueMs)
    if (asksAgain && heard.decision !== "" && !isCancelled()) {
      recorder.repeats++
      const again = await this.#ask(door, first, performance.now())
      if (again.decision !== "" && again.decision !== heard.decision)
        recorder.contradicted.push(`${first.id}: ${heard.decision}, and then ${again.decision}`)
    }
    if (heard.outcome !== "accepted" || after === null) return
    const payMs = performance.now() + after.afterMs
    await pause(after.afterMs)
    if (isCancelled()) return
    const ended = await this.#ask(door, after.wanted, payMs)
    if (ended.outcome === "accepted" && shipped !== null) await this.#ship(shipped, door.sender)
  }

  async #ship({ parcels, afterMs }: NonNullable<Shopper["shipped"]>, channel: string): Promise<void> {
    const { dock, isCancelled, location } = this.#playing
    const leaveMs = performance.now() + afterMs
    await pause(afterMs)
    for (const parcel of isCancelled() ? [] : parcels) await this.#ask(dock, { type: "Fulfil", ...parcel, channel, location }, leaveMs)
  }

  come(door: Way, dueMs: number): void {
    const { recorder, shoppers } = this.#playing
    recorder.came()
    this.#underWay++
    void this.#shop(shoppers.next(), door, dueMs).finally(() => {
      this.#underWay--
    })
  }
}

/** Resolves when all have been answered, or soon after it was cancelled. */
export const play = async (playing: Playing): Promise<void> => {
  const { profile, doors, isCancelled, onSecond, recorder, restock } = playing
  const run = new Run(playing)
  const startMs = performance.now()
  const endMs = lengthMs(profile)
  const restocks = [...profile.restocks].sort((a, b) => a.atMs - b.atMs)
  let [came, lastMs, nextSecondMs] = [0, 0, 1_000]
  const seconds = (elapsedMs: number) => {
    for (; elapsedMs >= nextSecondMs; nextSecondMs += 1_000) onSecond(recorder.second(nextSecondMs), run.underWay)
  }
  const deliveries: Array<Promise<void>> = []
  while (!isCancelled()) {
    const elapsedMs = performance.now() - startMs
    const due = Math.floor(arrivedBy(profile, Math.min(elapsedMs, endMs)))
    // Those of this tick came one after another since the last.
    const gapMs = (Math.min(elapsedMs, endMs) - lastMs) / Math.max(1, due - came)
    for (let n = 1; came < due; came++, n++) {
      const door = doors[came % doors.length]
      if (door !== undefined) run.come(door, startMs + lastMs + n * gapMs)
    }
    lastMs = Math.min(elapsedMs, endMs)
    while ((restocks[0]?.atMs ?? Number.POSITIVE_INFINITY) <= elapsedMs) {
      const [next] = restocks.splice(0, 1)
      if (next !== undefined) deliveries.push(restock(next.unitsEach))
    }
    seconds(elapsedMs)
    if (elapsedMs >= endMs) break
    await pause(tickMs)
  }
  while (run.underWay > 0 && !isCancelled()) {
    await pause(tickMs)
    seconds(performance.now() - startMs)
  }
  await Promise.all(deliveries)
}
