/**
 * Which commands wait for which. What a sender publishes is decided in any order, but for two things that hold: what is published after an answer was heard is decided after it, and
 * an array keeps its order. So a command that is about the same thing as one under way waits for that one's answer, or travels behind it in the same message.
 *
 * A lane is one such thing: a reservation of a SKU, or a SKU and class for commands that name none. Lanes don't wait for one another. Entering, leaving and looking cost the same
 * however many are under way.
 */

/** What a lane keeps of a command. */
export interface InLane<C> {
  readonly lane: string
  /** Whether the door stores it and says so; else its owner's decision is its first answer. */
  readonly isStored: boolean
  stored: boolean
  before: C | null
  after: C | null
}

/**
 * Whether it has to wait for the one before it. Both stored: that one's `stored` is answer enough, for what is stored is decided in its order. A command that is handed
 * over would overtake what is stored, so it waits for the decision.
 */
export const waits = <C extends InLane<C>>(command: C): boolean => command.before !== null && !(command.before.stored && command.isStored)

export class CommandLanes<C extends InLane<C>> {
  /** The last of each lane that isn't empty. */
  readonly #last = new Map<string, C>()

  enter(command: C): void {
    const last = this.#last.get(command.lane)
    if (last !== undefined) {
      last.after = command
      command.before = last
    }
    this.#last.set(command.lane, command)
  }

  leave(command: C): void {
    const { before, after } = command
    if (after !== null) after.before = before
    else if (before !== null) this.#last.set(command.lane, before)
    else this.#last.delete(command.lane)
    if (before !== null) before.after = after
    command.before = null
    command.after = null
  }
}
