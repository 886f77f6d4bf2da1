/**
 * A process that is an ingress and nothing else: its clock, its connection to the engine's account, and how it comes and goes.
 */
import type { Host } from "../world/heap.ts"
import type { Link } from "../world/link.ts"
import type { World } from "../world/world.ts"
import type { Home, Ingress } from "./ingress.ts"
import type { AnySlot } from "./slot.ts"

export class Standalone implements Home {
  readonly name: string
  readonly host: Host
  readonly link: Link
  readonly everySlot: ReadonlyArray<AnySlot> = []
  readonly ingress: Ingress
  readonly #world: World
  steadyAheadMs = 0
  fastPpm = 0
  isUp = false
  #upSinceMs = 0

  constructor(name: string, link: Link, world: World, ingressIn: (home: Home) => Ingress) {
    this.name = name
    this.link = link
    this.#world = world
    this.host = world.host()
    this.ingress = ingressIn(this)
  }

  clockAt(trueMs: number): number {
    return trueMs + this.steadyAheadMs + Math.floor(((trueMs - this.#upSinceMs) * this.fastPpm) / 1_000_000)
  }

  start(): void {
    this.isUp = true
    this.#upSinceMs = this.#world.nowMs
    this.ingress.start()
  }

  /** Dies. */
  stop(): void {
    this.isUp = false
    this.host.life++
    this.host.pausedUntilMs = 0
    this.ingress.end()
  }

  /** Finishes what is under way, and begins anew. */
  replace(): void {
    this.ingress.drain(() => {
      this.stop()
      this.start()
    })
  }
}
