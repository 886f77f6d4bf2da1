/**
 * Commands that no one can decide: looking at their quantity while they are decided throws, until a healed release is rolled out.
 *
 * Planted through the codec the engine is given: it hands out such a command with a trap in place of its quantity, armed by taking the command's
 * hash, which the engine does right before it decides. Everything else may look at it.
 */
import type { SkuDecodedBody, SkuDecodedCommand, SkuEngineCodec, SkuStep, SkuTakenMessage } from "../../src/kinds/sku/types.ts"

export class Poison {
  /** Canonical texts of the commands that can't be decided. */
  readonly #texts = new Set<string>()
  #armed = false

  /** Makes a command undecidable, by its canonical text. */
  add(text: string): void {
    this.#texts.add(text)
  }

  /** A release that decides them all is rolled out. */
  heal(): void {
    this.#texts.clear()
    this.#armed = false
  }

  /** The codec with traps in it. */
  codec(codec: SkuEngineCodec): SkuEngineCodec {
    return {
      ...codec,
      // What was decided without looking at the quantity may be written down.
      encodeEntry: (entry, texts) => {
        this.#armed = false
        return codec.encodeEntry(entry, texts)
      },
      commandText: (command) => {
        this.#armed = false
        return codec.commandText(command)
      },
      encodeChunk: (chunk) => {
        this.#armed = false
        return codec.encodeChunk(chunk)
      },
      decodeBatch: (body) => {
        const decoded = codec.decodeBatch(body)
        if (this.#texts.size === 0 || decoded._tag !== "Batch") return decoded
        return { ...decoded, batch: { ...decoded.batch, messages: decoded.batch.messages.map(this.handed) } }
      },
      contentHash: (command) => {
        this.#armed = false
        const hash = codec.contentHash(command)
        this.#armed = this.#texts.size > 0 && this.#texts.has(codec.commandText(command))
        return hash
      },
    }
  }

  /** A step that leaves no trap armed behind it: checkers look at what the engine holds between two steps. */
  around(step: SkuStep): SkuStep {
    return (partition, input) => {
      const effects = step(partition, input)
      this.#armed = false
      return effects
    }
  }

  /** A message that an ingress hands over or stored, with traps in it. */
  readonly handed = (message: SkuTakenMessage): SkuTakenMessage =>
    this.#texts.size === 0 ? message : { ...message, body: this.#trappedIn(message.body) }

  #trappedIn(decoded: SkuDecodedBody): SkuDecodedBody {
    if (this.#texts.size === 0 || decoded._tag !== "Commands") return decoded
    return { ...decoded, commands: decoded.commands.map((one) => this.#trapped(one)) }
  }

  #trapped(decoded: SkuDecodedCommand): SkuDecodedCommand {
    if (decoded._tag !== "Command" || !this.#texts.has(decoded.text) || !("qty" in decoded.command)) return decoded
    const { qty } = decoded.command
    const spring = () => {
      if (!this.#armed) return qty
      this.#armed = false
      throw new Error("a planted defect: this command can't be decided")
    }
    const command = Object.defineProperty({ ...decoded.command }, "qty", { get: spring, enumerable: true })
    return { ...decoded, command }
  }
}
