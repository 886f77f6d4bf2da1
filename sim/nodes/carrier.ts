/**
 * What owners of partitions say to one another: commands that their actors' events carry, and the decisions of those. In core messages between workers, which nobody stores: one may be lost, come twice, late, or after
 * others that were sent later, and is heard by the reign it names or by nobody. Between two partitions of one process nothing is lost but with that process.
 */
import type { KindTypes } from "../../src/engine/kind.ts"
import type { Carriage, TakenMessage } from "../../src/engine/protocol.ts"
import { decodeBack, encodeBack, encodeCarry } from "../../src/wire/carry.ts"
import type { WireCodec } from "../../src/wire/codec.ts"
import type { Key } from "../world/chance.ts"
import { EventKind, type World } from "../world/world.ts"
import type { OutputOf } from "./observer.ts"
import type { Reigns } from "./reigns.ts"
import type { AnySlot } from "./slot.ts"
import type { Worker } from "./worker.ts"

/** Whom something is for. */
type To = Pick<Carriage["from"], "kind" | "partition">

export interface Carrying {
  readonly world: World
  readonly reigns: Reigns
  /** The number of a partition's journal among all of the world. */
  readonly idOf: (to: To) => number
  /** What reads the commands that are carried to a kind. */
  readonly codecOf: (kind: string) => Pick<WireCodec<KindTypes>, "carriedMessage" | "decodeCarry">
}

/** Something said to a reign, once. */
interface Said {
  /** So that chance tells one from another. */
  readonly what: string
  readonly id: number
  readonly owner: string
  /** What the slot does with it. */
  readonly hear: (slot: AnySlot) => void
}

export class Carrier {
  readonly #around: Carrying

  constructor(around: Carrying) {
    this.#around = around
  }

  /** Sends commands to whoever is believed to own their partition. Not at all where nobody is: the partition asks again. */
  carry(slot: AnySlot, { to, settledMs, commands }: OutputOf<"SendCarried">): void {
    const { idOf, codecOf } = this.#around
    const { worker, number, kind } = slot
    const id = idOf(to)
    const owner = worker.desk.ownerOf(id)
    if (owner === null || slot.reign === null) return
    const from: Carriage["from"] = { kind: kind.kind, partition: number, owner: slot.reign }
    const codec = codecOf(to.kind)
    const here: ReadonlyArray<TakenMessage> = commands.map((command) => codec.carriedMessage(from, settledMs, command))
    const said = { what: `carry ${slot.id}`, id, owner }
    if (this.#tellHere(worker, { ...said, hear: (heard) => heard.handed(owner, here) })) return
    for (const bytes of encodeCarry(from, settledMs, commands)) {
      const hear = (heard: AnySlot) => {
        const decoded = codec.decodeCarry(bytes)
        if (decoded._tag === "Carry") heard.handed(owner, decoded.messages)
      }
      this.#tellElsewhere(worker, { ...said, hear })
    }
  }

  /** Says decisions to the reign that asked. */
  giveBack(slot: AnySlot, { to, returns }: OutputOf<"SendReturns">): void {
    const { owner } = to
    const said = { what: `back ${slot.id}`, id: this.#around.idOf(to), owner }
    if (this.#tellHere(slot.worker, { ...said, hear: (heard) => heard.returned(owner, returns) })) return
    for (const bytes of encodeBack(returns)) {
      const hear = (heard: AnySlot) => {
        const decoded = decodeBack(bytes)
        if (decoded._tag === "Back") heard.returned(owner, decoded.returns)
      }
      this.#tellElsewhere(slot.worker, { ...said, hear })
    }
  }

  /** In the same process. False: that reign is not here. */
  #tellHere(worker: Worker, { id, owner, hear }: Said): boolean {
    const slot = worker.everySlot[id]
    if (slot?.reign !== owner) return false
    this.#around.world.in(0, EventKind.deliver, worker.host, () => hear(slot))
    return true
  }

  #tellElsewhere(worker: Worker, said: Said): void {
    const { world } = this.#around
    const { link } = worker
    const key = link.keyNow(`${said.what} to ${said.id}`)
    const thereMs = link.there(key)
    const pass = () => this.#pass(said, key)
    if (thereMs >= 0) world.in(thereMs, EventKind.server, null, pass)
    const againMs = link.again(key)
    if (againMs >= 0) world.in(Math.max(0, thereMs) + againMs, EventKind.server, null, pass)
  }

  /** At the servers: on to whoever listens under the name of that reign. Nobody waits for an answer: whoever asks asks again. */
  #pass({ id, owner, hear }: Said, key: Key): void {
    const { world, reigns } = this.#around
    for (const slot of reigns.listeningTo(id, owner)) {
      const backMs = slot.worker.link.back(key)
      if (backMs >= 0) world.in(backMs, EventKind.deliver, slot.worker.host, () => hear(slot))
    }
  }
}

/** What owners said of themselves, as one worker heard it. */
export class Desk {
  readonly #owners = new Map<number, { readonly epoch: number; readonly owner: string | null }>()

  /** An owner said that it reigns, or that its reign is over (null). Of two reigns the higher epoch is believed. */
  hear(id: number, epoch: number, owner: string | null): void {
    const known = this.#owners.get(id)
    if (known === undefined || epoch > known.epoch || (epoch === known.epoch && owner === null)) this.#owners.set(id, { epoch, owner })
  }

  /** The reign that is believed to own a partition; null: none is known. */
  ownerOf(id: number): string | null {
    return this.#owners.get(id)?.owner ?? null
  }

  /** Its process died: the next one knows nothing. */
  forget(): void {
    this.#owners.clear()
  }
}
