/**
 * What owners and ingresses say to one another in the engine's account, in core messages that nobody stores: a frame goes to whoever listens under the name of a reign, an
 * owner's announcement to every ingress that hears it. A lost message is not sent again.
 */

import type { TakenMessage } from "../../src/engine/protocol.ts"
import type { OwnerNews } from "../../src/ports/door.ts"
import type { Server } from "../substitutes/server.ts"
import { EventKind, type World } from "../world/world.ts"
import type { Ingress } from "./ingress.ts"
import type { AnySlot } from "./slot.ts"
import type { Worker } from "./worker.ts"

/** How frames are addressed. Addressing by partition alone is a defect that can be planted: then every worker that believes it serves hears the frame. */
export type Addressed = "to a reign" | "to a partition"

interface Listening {
  readonly slot: AnySlot
  readonly owner: string
}

export class Reigns {
  readonly #world: World
  readonly #server: Server
  readonly #addressed: Addressed
  readonly #listening = new Set<Listening>()
  /** Every ingress there is. */
  ingresses: ReadonlyArray<Ingress> = []
  /** Workers that have to know who owns what, because actors of theirs send commands to others'. */
  carrying: ReadonlyArray<Worker> = []

  constructor(world: World, server: Server, addressed: Addressed) {
    this.#world = world
    this.#server = server
    this.#addressed = addressed
  }

  /** A slot listens under the name of its reign; what is returned ends that. */
  listen(slot: AnySlot, owner: string): () => void {
    const listening = { slot, owner }
    this.#listening.add(listening)
    return () => {
      this.#listening.delete(listening)
    }
  }

  /** The server hears a little later that nobody listens there any more. */
  forget({ worker }: AnySlot, deafen: () => void): void {
    if (this.ingresses.length === 0) deafen()
    else this.#world.in(worker.link.delayMs(worker.link.keyNow("deafen")), EventKind.server, null, deafen)
  }

  /** Whoever listens under the name of that reign. */
  listeningTo(partition: number, owner: string): ReadonlyArray<AnySlot> {
    return [...this.#listening].filter((one) => one.slot.id === partition && one.owner === owner).map(({ slot }) => slot)
  }

  /** A frame reaches the server. False: nobody listens there, and the server says so. */
  hand(partition: number, owner: string, bytes: Uint8Array, heard: () => void): boolean {
    const meant = [...this.#listening].filter(
      (one) => one.slot.id === partition && (one.owner === owner || this.#addressed === "to a partition"),
    )
    for (const one of meant) this.#deliver(one, bytes, heard)
    return meant.length > 0
  }

  #deliver({ slot, owner }: Listening, bytes: Uint8Array, heard: () => void): void {
    const { link, host } = slot.worker
    const key = link.keyNow(`frame ${slot.id}`)
    const backMs = link.back(key)
    if (backMs < 0) return
    this.#world.in(backMs, EventKind.deliver, host, () => {
      if (!slot.framed(owner, bytes)) return
      const thereMs = link.there(key)
      if (thereMs >= 0) this.#world.in(thereMs, EventKind.server, null, heard)
    })
  }

  /** In the same process: nothing is lost between an ingress and its own worker. False: that reign is over. */
  handHere(slot: AnySlot | undefined, owner: string, messages: ReadonlyArray<TakenMessage>): boolean {
    return slot?.handed(owner, messages) === true
  }

  /** An owner says something of itself to all ingresses, the one beside it first. */
  announce(slot: AnySlot, news: OwnerNews): void {
    this.#tellWorkers(slot, news)
    const { worker, id } = slot
    if (this.ingresses.length === 0) return
    this.#world.in(0, EventKind.watch, worker.host, () => worker.ingress?.hearOwner(news))
    const key = worker.link.keyNow(`announce ${id}`)
    const thereMs = worker.link.there(key)
    if (thereMs < 0) return
    this.#world.in(thereMs, EventKind.server, null, () => {
      if (this.#server.isDown) return
      for (const ingress of this.ingresses) {
        if (ingress === worker.ingress) continue
        const backMs = ingress.home.link.back(key)
        if (backMs >= 0) this.#world.in(backMs, EventKind.watch, ingress.home.host, () => ingress.hearOwner(news))
      }
    })
  }

  #tellWorkers({ worker, id }: AnySlot, { epoch, owner }: OwnerNews): void {
    if (this.carrying.length === 0) return
    worker.desk.hear(id, epoch, owner)
    const key = worker.link.keyNow(`announce to workers ${id}`)
    const thereMs = worker.link.there(key)
    if (thereMs < 0) return
    this.#world.in(thereMs, EventKind.server, null, () => {
      if (this.#server.isDown) return
      for (const other of this.carrying) {
        const backMs = other === worker ? -1 : other.link.back(key)
        if (backMs >= 0) this.#world.in(backMs, EventKind.watch, other.host, () => other.desk.hear(id, epoch, owner))
      }
    })
  }
}
