/**
 * Explores a small world breadth first: every state that any order of its moves leads to, each once, until there are no more or the cap is reached.
 *
 * Breadth first, so that the way to a violation is the shortest there is. What is beyond a violation is not explored.
 */
import type { ProtocolRules } from "../../src/engine/protocol.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import type { IngressStep } from "../../src/ingress/step.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { createDoorMinds, openDoors } from "./doors.ts"
import { beginLife, bothWorkers, type Draft, draftOf, emptyShelf, type Ground, hearClaim, marksWith, startMs, stateOf } from "./draft.ts"
import { createJournals } from "./journals.ts"
import { createMinds } from "./minds.ts"
import { moves } from "./moves.ts"
import { send } from "./outside.ts"
import { type Judged, restingProblems, safetyProblems, settle } from "./properties.ts"
import { none, type SmallWorld, type State, stateKey } from "./small-world.ts"

export interface SmallWorldViolation {
  /** What should have held, and what was found. */
  readonly property: string
  /** The moves that lead there, none of which can be left out. */
  readonly path: ReadonlyArray<string>
}

export interface SmallWorldReport {
  readonly name: string
  /** Distinct states visited, and moves from one to another. */
  readonly states: number
  readonly transitions: number
  /** Moves from the beginning to the furthest state. */
  readonly depth: number
  /** Whether every state was visited: false if the cap on states, or a violation that was to end it, came first. */
  readonly complete: boolean
  /** The first violation of each property. */
  readonly violations: ReadonlyArray<SmallWorldViolation>
  /** How often each rare thing happened, over all moves. */
  readonly reached: Readonly<Record<string, number>>
  /** Distinct journals, distinct states of a partition, and steps of the engine taken for them. */
  readonly journals: number
  readonly minds: number
  readonly steps: number
  /** States in which nothing was under way. */
  readonly resting: number
}

export interface ExploreOptions {
  readonly world: SmallWorld
  /** The protocol's rules; production's unless given. */
  readonly rules?: ProtocolRules
  /** The step of every ingress; the shipped one unless given. */
  readonly doorStep?: IngressStep
  /** Ends with the first violation. */
  readonly untilViolation?: boolean
}

const prepareGround = (world: SmallWorld, rules: ProtocolRules, doorStep?: IngressStep): Ground => {
  const minds = createMinds({ codec: engineCodec, rules, snapshotEveryRecords: world.snapshotEveryRecords })
  const journals = createJournals(engineCodec, minds, startMs)
  const emptyStream = { id: 0, messages: [], templates: [], parent: null, children: new Map() }
  const doorMinds = createDoorMinds(world.templates, doorStep)
  return { world, minds, doorMinds, journals, wants: new Map(), appends: new Map(), emptyStream, streams: 0 }
}

/** Where the world begins. What is wrong by then already is in the draft. */
const firstDraft = (ground: Ground): Draft => {
  const { newborn } = ground.minds
  const asleep = { mind: newborn, followSeq: 0, readSeq: 0, broken: false, wants: [], calls: [] }
  const marks = marksWith({ incarnation: null, witness: null, key: "" }, {})
  const { empty } = ground.journals
  let draft = draftOf({
    journal: empty,
    stream: ground.emptyStream,
    marks,
    feed: [],
    shelf: emptyShelf,
    sends: 0,
    answered: 0,
    clockMs: 0,
    used: { ...none },
    workers: [asleep, asleep],
    loose: [],
    doors: null,
  })
  for (const w of bothWorkers) beginLife(ground, draft, w)
  if (ground.world.setup === null) return draft
  hearClaim(ground, draft, 0, "owner-0", "incarnation-0")
  draft = settle(ground, stateOf(draft))
  for (const [index, template] of ground.world.setup.entries()) {
    send(ground, draft, -1 - index, template)
    draft = settle(ground, stateOf(draft))
    if (draft.wrong.length > 0) break
  }
  if (ground.world.entry === "stored") return draft
  openDoors(ground, draft)
  return draft
}

/** The property a problem is about: what stands before the colon. */
const propertyOf = (problem: string): string => problem.split(":")[0] ?? problem

/** The states visited: how each was reached, and what was found on the way. */
class Visited {
  readonly #seen = new Map<string, number>()
  readonly #parents: Array<number> = []
  readonly #moves: Array<number> = []
  readonly #names = new Map<string, number>()
  readonly violations = new Map<string, SmallWorldViolation>()
  readonly reached: Record<string, number> = {}

  get size(): number {
    return this.#parents.length
  }

  /** The state's number if it is new, else undefined. */
  enter(key: string, parent: number, move: string): number | undefined {
    if (this.#seen.has(key)) return undefined
    const number = this.#parents.length
    this.#seen.set(key, number)
    let name = this.#names.get(move)
    if (name === undefined) {
      name = this.#names.size
      this.#names.set(move, name)
    }
    this.#parents.push(parent)
    this.#moves.push(name)
    return number
  }

  /** Notes what is wrong after a move out of a state; the move is undefined if the state itself is wrong. */
  blame(problems: ReadonlyArray<string>, state: number, move: string | undefined): void {
    for (const problem of problems) {
      const property = propertyOf(problem)
      if (this.violations.has(property)) continue
      const path = this.pathTo(state)
      this.violations.set(property, { property: problem, path: move === undefined ? path : [...path, move] })
    }
  }

  note(reached: ReadonlyArray<string>): void {
    for (const what of reached) this.reached[what] = (this.reached[what] ?? 0) + 1
  }

  pathTo(state: number): ReadonlyArray<string> {
    const names = [...this.#names.keys()]
    const path: Array<string> = []
    for (let at = state; at > 0; at = this.#parents[at] as number) path.push(names[this.#moves[at] as number] as string)
    return path.reverse()
  }
}

interface Reached {
  readonly number: number
  readonly state: State
}

/** One exploration, level by level. */
class Exploration {
  readonly #ground: Ground
  readonly #visited = new Visited()
  readonly #judged: Judged = new Map()
  readonly #untilViolation: boolean
  #transitions = 0
  #depth = 0
  #resting = 0
  #next: Array<Reached> = []

  constructor({ world, rules, untilViolation, doorStep }: ExploreOptions) {
    this.#ground = prepareGround(world, rules ?? protocolRules, doorStep)
    this.#untilViolation = untilViolation ?? false
  }

  get #isOver(): boolean {
    return this.#visited.size >= this.#ground.world.statesMax || (this.#untilViolation && this.#visited.violations.size > 0)
  }

  run(): SmallWorldReport {
    const draft = firstDraft(this.#ground)
    const first = stateOf(draft)
    this.#visited.enter(stateKey(first), 0, "it begins")
    this.#visited.blame(draft.wrong, 0, undefined)
    let level: Array<Reached> = [{ number: 0, state: first }]
    while (level.length > 0 && !this.#isOver) {
      this.#next = []
      for (const reached of level) {
        if (this.#isOver) break
        this.#expand(reached)
      }
      if (this.#next.length > 0) this.#depth += 1
      level = this.#next
    }
    // A violation that ends it may be found in the last level, before all of that has been expanded.
    return this.#report(level.length === 0 && !this.#isOver)
  }

  #expand({ number, state }: Reached): void {
    const wrong = safetyProblems(this.#ground, state, this.#judged)
    if (wrong.length > 0) {
      this.#visited.blame(wrong, number, undefined)
      return
    }
    let underWay = 0
    moves(this.#ground, state, (kind, name, draft) => {
      if (kind === "answer") underWay += 1
      this.#transitions += 1
      this.#visited.note(draft.reached)
      if (draft.wrong.length > 0) {
        this.#visited.blame(draft.wrong, number, name)
        return
      }
      const key = stateKey(draft)
      const entered = this.#visited.enter(key, number, name)
      if (entered !== undefined) this.#next.push({ number: entered, state: stateOf(draft) })
    })
    if (underWay > 0) return
    this.#resting += 1
    this.#visited.blame(restingProblems(this.#ground, state), number, undefined)
  }

  #report(complete: boolean): SmallWorldReport {
    const { minds, steps } = this.#ground.minds.counts()
    return {
      name: this.#ground.world.name,
      states: this.#visited.size,
      transitions: this.#transitions,
      depth: this.#depth,
      complete,
      violations: [...this.#visited.violations.values()],
      reached: this.#visited.reached,
      journals: this.#ground.journals.count(),
      minds,
      steps,
      resting: this.#resting,
    }
  }
}

/** Explores a world to its end, to its cap, or to its first violation if that was asked for. Deterministic: the same options give the same report. */
export const exploreSmallWorld = (options: ExploreOptions): SmallWorldReport => new Exploration(options).run()
