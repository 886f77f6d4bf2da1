/**
 * Whether a reader that hears nothing is deaf: its consumer delivers nothing although the stream's leader holds something for it.
 *
 * Looked at only while a reader has asked for messages and hears none: one that is delivered to costs nothing. Twice in a row, because what the leader holds may be
 * on its way.
 */
import { readerDeafConfirmMs, readerSilentMs } from "../limits.ts"
import type { Leaders, Position } from "./leaders.ts"

export class Lookout {
  readonly #leaders: Pick<Leaders, "info" | "next">
  readonly #stream: string
  readonly #filter: string
  /** The stream's end up to which its leader had nothing for this reader. */
  #clearedSeq = -1
  #suspect: { readonly seq: number; readonly sinceMs: number } | null = null
  #isLooking = false

  constructor(leaders: Pick<Leaders, "info" | "next">, stream: string, filter: string) {
    this.#leaders = leaders
    this.#stream = stream
    this.#filter = filter
  }

  /** Something was delivered, or asked for anew: the silence begins again. */
  heard(): void {
    this.#suspect = null
  }

  /**
   * To be called every now and then while messages are asked for. Calls `deaf` with the sequence that should have come, once that is certain. `isCurrent`: nothing was
   * delivered since.
   */
  look(silentMs: number, position: Position, isCurrent: () => boolean, deaf: (seq: number) => void): void {
    if (this.#isLooking || silentMs < readerSilentMs) return
    this.#isLooking = true
    this.#ask(position)
      .then((seq) => {
        if (!isCurrent()) return
        if (seq === null) this.#suspect = null
        else if (this.#suspect === null) this.#suspect = { seq, sinceMs: performance.now() }
        else if (performance.now() - this.#suspect.sinceMs >= readerDeafConfirmMs) deaf(this.#suspect.seq)
      })
      // No leader, or no connection: then nothing is known, and others look after that.
      .catch(() => undefined)
      .finally(() => {
        this.#isLooking = false
      })
  }

  async #ask(position: Position): Promise<number | null> {
    const { state } = await this.#leaders.info(this.#stream)
    if (state.last_seq === this.#clearedSeq && this.#suspect === null) return null
    const seq = await this.#leaders.next(this.#stream, this.#filter, position)
    if (seq === null) this.#clearedSeq = state.last_seq
    return seq
  }
}
