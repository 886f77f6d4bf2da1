/**
 * The shipped codec, made to fit a replay in what lies in quarantine: an operator's command finds a quarantined command by the name the trace gave it,
 * and a command that could not be decided then can't be decided now.
 *
 * Why it could not be decided (a defect, long mended) is in no trace, so it is not decided again: a trap in place of its fields throws while it is
 * decided, in the records where the trace says so. So is what was beyond the bounds of its sender's word: which roles it had is in no trace either. Texts, and the hashes that ids are bound to, stay as they were sent.
 */
import type { Command } from "../../src/domain/sku/commands.ts"
import type { SkuDecodedBody, SkuDecodedCommand, SkuEngineCodec } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import type { TraceCommand, TraceRecord } from "./commands.ts"

/** What the engine gives as its cause when a fact is older than its floor: such a one is quarantined by a rule, which is applied again. */
const belowFloor = "issued below the floor"
/** A place that nothing is ever quarantined at: the first record of a journal is its genesis. */
const nowhere = "1-0"
/** What the engine looks at before it decides. */
const head: ReadonlySet<string> = new Set(["type", "id", "sku", "issuedAtMs", "deadlineMs"])

export class Quarantine {
  /** Names of places here, by those in the trace. */
  readonly #places = new Map<string, string>()
  /** Canonical texts of what was ever quarantined, by its place in the trace. */
  readonly #texts = new Map<string, string>()
  readonly #trapped = new Set<string>()
  /** Operators' commands as they were sent, by those that name a place here: ids are bound to what was sent. */
  readonly #asSent = new WeakMap<Command, Command>()
  /** Canonical texts that can't be decided in the present record. */
  #undecidable = new Set<string>()
  #isArmed = false
  /** Commands that were quarantined because the trace says so. */
  sprung = 0

  /** A record is about to be decided. */
  begin(record: TraceRecord): void {
    this.#undecidable = new Set()
    for (const { commands } of record.messages) for (const one of commands) this.#expect(one)
  }

  #expect({ command, decision }: TraceCommand): void {
    if (command === null) return
    if (decision.outcome === "quarantined") {
      const text = engineCodec.commandText(command)
      this.#trapped.add(text)
      this.#texts.set(decision.quarantined, text)
      if (!decision.cause.startsWith(belowFloor)) this.#undecidable.add(text)
    }
    if (decision.outcome === "refused" && decision.reason === "LimitReached" && decision.field === "quarantine") {
      const text = engineCodec.commandText(command)
      this.#trapped.add(text)
      this.#undecidable.add(text)
    }
    if (command.type === "ReplayQuarantined" && decision.outcome === "refused" && decision.reason === "StillUndecidable") {
      const text = this.#texts.get(command.quarantined)
      if (text !== undefined) this.#undecidable.add(text)
    }
  }

  /** A command was quarantined: its place in the trace, and its place here. */
  placed(inTrace: string, here: string): void {
    this.#places.set(inTrace, here)
  }

  /** The place here of what lies at a place in the trace. */
  placeOf(inTrace: string): string {
    return this.#places.get(inTrace) ?? nowhere
  }

  readonly codec: SkuEngineCodec = {
    ...engineCodec,
    decodeBatch: (stored) => {
      const decoded = engineCodec.decodeBatch(stored)
      if (decoded._tag !== "Batch") return decoded
      const messages = decoded.batch.messages.map((message) => ({ ...message, body: this.#fittedIn(message.body) }))
      return { ...decoded, batch: { ...decoded.batch, messages } }
    },
    // Taken right before a command is decided, and before nothing else.
    contentHash: (command) => {
      this.#isArmed = false
      const hash = engineCodec.contentHash(this.#asSent.get(command) ?? command)
      this.#isArmed = this.#undecidable.has(engineCodec.commandText(command))
      return hash
    },
    encodeEntry: (entry, texts) => {
      this.#isArmed = false
      return engineCodec.encodeEntry(entry, texts)
    },
  }

  #fittedIn(body: SkuDecodedBody): SkuDecodedBody {
    return body._tag === "Commands" ? { ...body, commands: body.commands.map((one) => this.#fitted(one)) } : body
  }

  #fitted(decoded: SkuDecodedCommand): SkuDecodedCommand {
    if (decoded._tag !== "Command") return decoded
    const { command, text } = decoded
    if (command.type === "ReplayQuarantined" || command.type === "DropQuarantined") {
      const fitted = { ...command, quarantined: this.placeOf(command.quarantined) }
      this.#asSent.set(fitted, command)
      return { _tag: "Command", text, command: fitted }
    }
    return this.#trapped.has(text) ? { _tag: "Command", text, command: this.#withTraps(command) } : decoded
  }

  #withTraps(command: Command): Command {
    const fitted = { ...command }
    for (const [name, value] of Object.entries(command)) {
      if (head.has(name)) continue
      const get = () => {
        if (!this.#isArmed) return value
        this.#isArmed = false
        this.sprung++
        throw new Error("it could not be decided when the trace was made")
      }
      Object.defineProperty(fitted, name, { get, enumerable: true })
    }
    return fitted
  }
}
