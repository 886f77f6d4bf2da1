/**
 * What checkers that judge any kind of actor have to know of one: whose a command is, whether it tells what already happened, and what a decision means for its sender. Written apart from the kinds
 * themselves, on purpose.
 */
import type { CommandClass } from "../domain/names.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { FloorClass, JournaledDecision, RememberedDecision } from "../engine/records.ts"
import type { Where } from "./findings.ts"

/** A kind of actor, as far as it is judged like any other. */
export interface Judged<K extends KindTypes = KindTypes> {
  /** The field of a command that finds its actor, where it is one: no content that an id is bound to. */
  readonly keyField: string
  /** The actor a command is for. */
  readonly keyOf: (command: K["command"]) => string
  /** What findings name of what it is about. */
  readonly placeOf: (command: K["command"]) => Pick<Where, "sku" | "order">
  /** Whether a command tells what already happened: no deadline counts for it, and it has room of its own in quarantine. */
  readonly isFact: (command: K["command"]) => boolean
  /** The place in quarantine that an operator's command settles; null: it settles none. */
  readonly settles: (command: K["command"]) => string | null
  /** What a decision means for its sender. Not asked of what is answered later. */
  readonly meaningOf: (decision: JournaledDecision<K>) => RememberedDecision<K>
  /** Under what a command is remembered beside its id, and of what quantity; null: nothing. */
  readonly secondName: (partition: number, command: K["command"]) => { readonly name: string; readonly qty: number | undefined } | null
  /** What an answer speaks of: the id, the actor where answers of this kind name it ("" otherwise), and whether it was given before. */
  readonly saidOf: (said: K["said"]) => { readonly id: string; readonly about: string; readonly repeated: boolean }
  /** The actor of that key as such an answer names it. */
  readonly aboutOf: (key: string) => string
  /** What the answer to a command says of an outcome: with what it is about, where that is a field as any other. */
  readonly answerOf: (outcome: RememberedDecision<K>, command: K["command"]) => object
  /** What findings name of what a sender's answer is about. */
  readonly placeOfSaid: (sender: string, said: K["said"]) => Pick<Where, "sku" | "order">
}

/** The class whose floor a command falls under: sale notices are facts among the commands of a channel. */
export const floorClassOf = <K extends KindTypes>(kind: Judged<K>, command: K["command"], sentAs: CommandClass): FloorClass =>
  sentAs === "sell" && kind.isFact(command) ? "sale" : sentAs
