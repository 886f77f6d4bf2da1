/**
 * What the checkers of a world are told while it runs: everything that was said, heard, stored or lost, at the moment it happened.
 */

import type { SenderId } from "../../src/domain/names.ts"
import type { KindTypes } from "../../src/engine/kind.ts"
import type { Partition } from "../../src/engine/partition.ts"
import type { AlarmKind, BatchStats, Halt, Output, ReignEndReason, StepDownReason } from "../../src/engine/protocol.ts"
import type { JournalRecord, Reply, StoredRecord } from "../../src/engine/records.ts"
import type { Throttled } from "../../src/engine/words.ts"
import type { AtsValue, SkuKind, SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import type { DoorAnswer } from "../../src/wire/answers.ts"
import type { Entered, Published } from "../substitutes/channels.ts"
import type { AppendAnswer } from "../substitutes/server.ts"
import type { Ingress } from "./ingress.ts"
import type { Slot } from "./slot.ts"

/** An output of a partition, of whatever kind. */
export type OutputOf<Tag extends Output["_tag"]> = Extract<Output, { readonly _tag: Tag }>

/** The nodes make these calls, each before its effect leaves the node. Those of one kind of actors are told apart from those of another: of a partition, its number among all journals of the world. */
export interface Observer<K extends KindTypes = SkuKind> {
  /** A record is stored, whoever hears of it. */
  recordStored(partition: number, stored: StoredRecord): void
  /** A slot hears what the broker stamped at a renewal of its lease. */
  timeHeard(slot: Slot<K>, brokerMs: number): void
  /** A slot hands an append over, for the first time or again. */
  appendBegun(slot: Slot<K>, output: OutputOf<"Append">): void
  /** The server's answer to an append, whether it arrives or not. */
  appendAnswered(slot: Slot<K>, output: OutputOf<"Append">, answer: AppendAnswer): void
  /** An append whose publisher gave up waiting. */
  appendTimedOut(slot: Slot<K>, output: OutputOf<"Append">): void
  /** A slot is told where its journal ends, and which record a witness saw beside it, 0 for none: just before it takes that in. */
  endTold(slot: Slot<K>, endSeq: number, witnessSeq: number): void
  /** A slot begins to say a reply. */
  replySaid(slot: Slot<K>, reply: Reply<K>): void
  /** The server has a reply, and passes it on to whoever listens. */
  replyLeft(slot: Slot<K>, reply: Reply<K>): void
  feedSaid(slot: Slot<K>, value: K["value"]): void
  serving(slot: Slot<K>, partition: Partition<K>): void
  confirmed(slot: Slot<K>, seq: number, record: JournalRecord<K>, stats: BatchStats): void
  alarmed(slot: Slot<K>, kind: AlarmKind, detail: string): void
  steppedDown(slot: Slot<K>, reason: StepDownReason, detail: string): void
  /** A reign ended, and the slot follows on with its state. */
  reignEnded(slot: Slot<K>, reason: ReignEndReason): void
  halted(slot: Slot<K>, halt: Halt): void
  crashed(worker: string, at: string, serving: boolean): void
  /** An owner tells the doors to hold a sender off. */
  throttled(slot: Slot<K>, sender: SenderId, of: Throttled): void
  /** A sender heard a reply, a decision in it for the first time or again. */
  replyHeard(sender: string, suffix: string, reply: Reply<K>): void
  /** A journal lost acknowledged records after `afterSeq`. */
  journalLost(partition: number, afterSeq: number, count: number): void
  /** A receiver accepted a value of the feed; `stale` ones it turned away. */
  feedAccepted(channel: string, value: AtsValue, stale: boolean): void
  /** A slot sends commands that its actors' events carry, and decisions back to whoever carried their commands; whether these arrive or not. */
  carriedSaid(slot: Slot<K>, output: OutputOf<"SendCarried">): void
  returnsSaid(slot: Slot<K>, output: OutputOf<"SendReturns">): void

  // At the door.

  /** A sender publishes a message: an attempt with a suffix of its own. */
  published(message: Published): void
  /** The server takes a message of a sender and writes it to an ingress's connection; undefined: nobody is there, and its sender is told. */
  entered(message: Published, entered: Entered | undefined): void
  /** An ingress reads a message from its connection. */
  doorRead(ingress: Ingress, message: Entered): void
  /** An ingress, or a reign, answers a message instead of deciding it, or before. */
  doorSaid(by: string, sender: string, suffix: string, answer: DoorAnswer): void
  doorHeard(sender: string, suffix: string, answer: DoorAnswer): void
  doorClosed(ingress: Ingress, sender: SenderId): void
  /** Messages leave an ingress for an owner of SKUs; bytes leave it for the commands stream of either kind, once or again. `id`: of the partition's journal among all of the world. */
  handedOver(ingress: Ingress, partition: number, messages: ReadonlyArray<SkuTakenMessage>): void
  storing(ingress: Ingress, id: number, bytes: Uint8Array): void
}

const kinds = [
  "recordStored",
  "timeHeard",
  "appendBegun",
  "appendAnswered",
  "appendTimedOut",
  "endTold",
  "replySaid",
  "replyLeft",
  "feedSaid",
  "serving",
  "confirmed",
  "alarmed",
  "steppedDown",
  "reignEnded",
  "halted",
  "crashed",
  "throttled",
  "replyHeard",
  "journalLost",
  "feedAccepted",
  "carriedSaid",
  "returnsSaid",
  "published",
  "entered",
  "doorRead",
  "doorSaid",
  "doorHeard",
  "doorClosed",
  "handedOver",
  "storing",
] as const satisfies ReadonlyArray<keyof Observer>

/** Passes on what happens to everybody who asked for that kind of it, in the order in which they came. */
export class Audience<K extends KindTypes = SkuKind> {
  readonly #hearers = new Map<string, Array<(...told: ReadonlyArray<never>) => void>>(kinds.map((kind) => [kind, []]))
  /** What the nodes are given. */
  readonly observer: Observer<K>

  constructor() {
    const passOn = (kind: string) => {
      const hearers = this.#hearers.get(kind) ?? []
      return (...told: ReadonlyArray<never>) => {
        for (const hear of hearers) hear(...told)
      }
    }
    // Every kind of the list above is given a function that passes on whatever it is told.
    this.observer = Object.fromEntries(kinds.map((kind) => [kind, passOn(kind)])) as unknown as Observer<K>
  }

  add(hearer: Partial<Observer<K>>): void {
    for (const kind of kinds) {
      const hear = hearer[kind] as ((...told: ReadonlyArray<never>) => void) | undefined
      if (hear !== undefined) this.#hearers.get(kind)?.push(hear.bind(hearer))
    }
  }
}
