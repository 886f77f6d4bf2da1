/**
 * What a backtest counts, the same for what happened and for what would have.
 */

/** Counts of one channel. Units, but for the first two and the last. */
export interface ChannelTally {
  /** Reservations asked for. */
  asked: number
  /** Of them, those refused, for whatever reason. */
  refused: number
  askedQty: number
  /** Units that were held for those who asked. */
  heldQty: number
  /** Units asked for and not to be had: lost sales. One customer who asks twice counts twice. */
  lostQty: number
  /** Of them, units that lay there and nobody was owed: kept back by buffers, fences, floors and safety stock. */
  keptBackQty: number
  /** Units held that were given back, or expired. */
  givenBackQty: number
  /** Units sold without asking. */
  unaskedQty: number
  /** Of them, units that were not there. */
  oversoldQty: number
  /** Milliseconds in which the channel could sell nothing, of all SKUs whose policy named it; and of all those in which it was named. */
  zeroMs: number
  namedMs: number
}

/** Nothing counted yet. */
const emptyTally = (): ChannelTally => ({
  asked: 0,
  refused: 0,
  askedQty: 0,
  heldQty: 0,
  lostQty: 0,
  keptBackQty: 0,
  givenBackQty: 0,
  unaskedQty: 0,
  oversoldQty: 0,
  zeroMs: 0,
  namedMs: 0,
})

const names = Object.keys(emptyTally()) as ReadonlyArray<keyof ChannelTally>

/** Adds what was counted elsewhere. */
const addTally = (to: ChannelTally, more: ChannelTally): void => {
  for (const name of names) to[name] += more[name]
}

/** Tallies by channel, made as they are asked for. */
export class Tallies {
  readonly #byChannel = new Map<string, ChannelTally>()

  of(channel: string): ChannelTally {
    const known = this.#byChannel.get(channel)
    if (known !== undefined) return known
    const made = emptyTally()
    this.#byChannel.set(channel, made)
    return made
  }

  add(more: Tallies): void {
    for (const [channel, tally] of more.#byChannel) addTally(this.of(channel), tally)
  }

  channels(): ReadonlyArray<string> {
    return [...this.#byChannel.keys()].sort()
  }

  sum(): ChannelTally {
    const sum = emptyTally()
    for (const tally of this.#byChannel.values()) addTally(sum, tally)
    return sum
  }
}
