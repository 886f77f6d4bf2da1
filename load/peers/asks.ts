/**
 * Asks that wait for a way to the server, for clients that put many into one message or transaction: whatever was asked for in one turn goes together. Decides nothing but who goes with whom.
 */

/** One reservation that somebody waits for. */
export interface Ask {
  readonly sku: number
  readonly reservation: number
  readonly answer: (had: boolean) => void
  readonly fail: (cause: unknown) => void
}

export class Asks {
  readonly #most: number
  #waiting: Array<Ask> = []
  readonly #idle: Array<(batch: ReadonlyArray<Ask>) => void> = []
  #isDue = false

  /** `most`: of one batch. */
  constructor(most: number) {
    this.#most = most
  }

  ask(sku: number, reservation: number): Promise<boolean> {
    return new Promise((answer, fail) => {
      this.#waiting.push({ sku, reservation, answer, fail })
      if (this.#idle.length > 0 && !this.#isDue) {
        this.#isDue = true
        setImmediate(this.#handOver)
      }
    })
  }

  /** The next batch, for a way that is free. Waits until there is one. */
  take(): Promise<ReadonlyArray<Ask>> {
    if (this.#waiting.length > 0 && !this.#isDue) return Promise.resolve(this.#next())
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  readonly #handOver = (): void => {
    this.#isDue = false
    while (this.#waiting.length > 0) {
      const taker = this.#idle.shift()
      if (taker === undefined) return
      taker(this.#next())
    }
  }

  #next(): ReadonlyArray<Ask> {
    const batch = this.#waiting.slice(0, this.#most)
    this.#waiting = this.#waiting.slice(batch.length)
    return batch
  }
}

/** Answers each of a batch, or fails all of them: of what was sent together and came back as an error, nothing is known. */
export const answered = async (batch: ReadonlyArray<Ask>, decide: () => Promise<ReadonlyArray<boolean>>): Promise<void> => {
  try {
    const had = await decide()
    for (const [place, ask] of batch.entries()) ask.answer(had[place] === true)
  } catch (cause) {
    for (const ask of batch) ask.fail(cause)
  }
}
