/**
 * A connection of one process to the servers: requests and their answers, what is said, and everything that can happen to them on the way.
 *
 * The caller hears what the real adapter would say: an answer, or a failure (after a time-out, at once if the connection breaks, after a while if there is none). The request may
 * have arrived all the same; the caller has to find out. Messages on one route keep their order.
 */
import type { Chance, Family } from "../world/chance.ts"
import { EventKind, type World } from "../world/world.ts"
import type { Turns } from "./process.ts"

/** What came of a request. */
export type Outcome<A> = { readonly _tag: "Answered"; readonly answer: A } | { readonly _tag: "Failed"; readonly cause: string }

export interface Request<A> {
  /** Requests of one route arrive, and are answered, in their order. */
  readonly route: string
  readonly timeoutMs: number
  /** Runs at the server; what it never answers ends in the time-out. */
  readonly serve: (answer: (answer: A) => void) => void
  readonly done: (outcome: Outcome<A>) => void
}

/** Milliseconds a request waits for a connection that is broken. */
const reconnectWaitMs = 1_000
/** Milliseconds of a way without disturbance, at least, and how much is drawn on top. */
const wayMsMin = 1
const wayMsSpread = 3

/** How long an answer is late at most, and how often and how long a delivery to a reader lags where that family is on. */
const lateMsMax = 8_000
const lagOneIn = 12
const lagMsMax = 1_500

/** The families of faults a connection draws from. */
export interface Weather {
  readonly way: Family
  readonly lostRequests: Family
  readonly lostAnswers: Family
  readonly lateAnswers: Family
  readonly watcherLag: Family
  readonly inFlight: Family
  /** One of how many messages is lost, or late, where the family for that is on. */
  readonly lostOneIn: number
  /** Nothing goes wrong. */
  isCalm: boolean
}

export const weatherOf = (chance: Chance, lostOneIn: number): Weather => ({
  way: chance.family("way"),
  lostRequests: chance.family("lostRequests"),
  lostAnswers: chance.family("lostAnswers"),
  lateAnswers: chance.family("lateAnswers"),
  watcherLag: chance.family("watcherLag"),
  inFlight: chance.family("inFlight"),
  lostOneIn,
  isCalm: true,
})

export class Connection {
  readonly world: World
  readonly #turns: Turns
  readonly #weather: Weather
  #isUp = true
  #isClosed = false
  /** Rises with every cut: what was on its way before belongs to the past. */
  generation = 0
  readonly #reconnected = new Set<() => void>()
  readonly #broken = new Set<() => void>()
  readonly #arrivals = new Map<string, number>()
  #routes = 0

  constructor(world: World, turns: Turns, weather: Weather) {
    this.world = world
    this.#turns = turns
    this.#weather = weather
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** A route of its own. */
  newRoute(): string {
    return `route ${++this.#routes}`
  }

  /** Sends a request. The returned function makes the caller deaf to what comes of it; it may be served all the same. */
  request<A>(request: Request<A>): () => void {
    let isSettled = false
    const settle = (outcome: Outcome<A>): void => {
      if (isSettled) return
      forget()
      request.done(outcome)
    }
    const broken = () => settle({ _tag: "Failed", cause: "the connection broke before an answer came" })
    const send = () => {
      this.#reconnected.delete(send)
      if (isSettled) return
      this.#broken.add(broken)
      this.#turns.in(request.timeoutMs, EventKind.timeout, () =>
        settle({ _tag: "Failed", cause: `no answer within ${request.timeoutMs} ms` }),
      )
      this.#there(request.route, () => request.serve((answer) => this.#back(request.route, () => settle({ _tag: "Answered", answer }))))
    }
    const forget = () => {
      isSettled = true
      this.#broken.delete(broken)
      this.#reconnected.delete(send)
    }
    if (this.#isUp) send()
    else {
      this.#reconnected.add(send)
      this.#turns.in(reconnectWaitMs, EventKind.timeout, () => {
        if (this.#reconnected.has(send)) settle({ _tag: "Failed", cause: `no connection for ${reconnectWaitMs} ms` })
      })
    }
    return forget
  }

  /** Says something without asking whether it was heard. Lost if there is no connection. */
  say(route: string, arrive: () => void): void {
    if (this.#isUp) this.#there(route, arrive)
  }

  /** Hands what a stream delivers to the process: in the order of the route, nothing left out, never over a later connection. */
  deliver(route: string, arrive: () => void): void {
    if (this.#isUp) this.#arrive(this.#afterMs(`back ${route}`, this.#wayMs()), EventKind.watch, arrive)
  }

  /** Hands what is said without being stored to the process, which may never hear it. */
  tell(route: string, arrive: () => void): void {
    if (this.#isUp) this.#back(route, arrive)
  }

  /** Milliseconds by which a server's delivery to a reader lags. */
  drawLagMs(): number {
    const { watcherLag, isCalm } = this.#weather
    return isCalm ? 0 : watcherLag.draw(1, lagOneIn, lagMsMax)
  }

  /** Plans a turn of the process. */
  in(afterMs: number, kind: EventKind, run: () => void): void {
    this.#turns.in(afterMs, kind, run)
  }

  /** Calls `back` whenever a lost connection is there again. */
  onReconnect(back: () => void): () => void {
    this.#reconnected.add(back)
    return () => this.#reconnected.delete(back)
  }

  /** The connection breaks: who waits for an answer is told. What was on its way arrives or not. */
  cut(): void {
    if (!this.#isUp) return
    this.#isUp = false
    this.generation++
    this.#arrivals.clear()
    this.#turns.in(0, EventKind.fault, () => {
      for (const broken of [...this.#broken]) broken()
    })
  }

  restore(): void {
    if (this.#isUp || this.#isClosed) return
    this.#isUp = true
    this.#turns.in(0, EventKind.fault, () => {
      for (const back of [...this.#reconnected]) back()
    })
  }

  /** The process is dead: nothing goes either way any more. */
  close(): void {
    this.#isClosed = true
    this.#isUp = false
    this.generation++
    this.#reconnected.clear()
    this.#broken.clear()
  }

  #there(route: string, arrive: () => void): void {
    const { lostRequests, lostOneIn, inFlight, isCalm } = this.#weather
    if (!isCalm && lostRequests.draw(1, lostOneIn) > 0) return
    const { generation } = this
    this.world.in(this.#afterMs(`there ${route}`, this.#wayMs()), EventKind.deliver, null, () => {
      // What the process had handed over may be on its way still when the connection breaks.
      if (generation === this.generation || inFlight.below(2) === 0) arrive()
    })
  }

  #back(route: string, arrive: () => void): void {
    const { lostAnswers, lateAnswers, lostOneIn, isCalm } = this.#weather
    if (!isCalm && lostAnswers.draw(1, lostOneIn) > 0) return
    const lateMs = isCalm ? 0 : lateAnswers.draw(1, lostOneIn, lateMsMax)
    // Those behind one that is late do not wait for it: they come another way.
    this.#arrive(lateMs > 0 ? lateMs : this.#afterMs(`back ${route}`, this.#wayMs()), EventKind.answer, arrive)
  }

  #arrive(afterMs: number, kind: EventKind, arrive: () => void): void {
    const { generation } = this
    this.#turns.in(afterMs, kind, () => {
      if (generation === this.generation && this.#isUp) arrive()
    })
  }

  #wayMs(): number {
    return wayMsMin + this.#weather.way.below(wayMsSpread)
  }

  /** Milliseconds until something that takes `ms` arrives behind what went before it. */
  #afterMs(route: string, ms: number): number {
    const atMs = Math.max(this.#arrivals.get(route) ?? 0, this.world.nowMs + ms)
    this.#arrivals.set(route, atMs)
    return atMs - this.world.nowMs
  }
}
