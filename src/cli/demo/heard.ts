/**
 * What a channel heard, of decisions and of what is stored, written down as it happens: the witness that the journals are held against.
 *
 * One file for each partition, so that an audit can take one partition after another. Written straight from what arrives, before the client
 * library or anybody else has looked at it.
 */
import { closeSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import type { AtsValue } from "../../kinds/sku/types.ts"
import type { OrderReplyBody } from "../../wire/order-replies.ts"
import type { ReplyBody } from "../../wire/replies.ts"

/** A line of such a file. */
export type HeardLine =
  | { readonly kind: "stored"; readonly commands: ReadonlyArray<{ readonly sku: string; readonly id: string }> }
  /** A reply as it came, under its whole suffix. */
  | { readonly kind: "reply"; readonly suffix: string; readonly reply: ReplyBody }
  /** The same about orders, in the file of a partition of theirs. */
  | { readonly kind: "orderReply"; readonly suffix: string; readonly reply: OrderReplyBody }
  /** An ATS value that the channel accepted. */
  | { readonly kind: "ats"; readonly value: Pick<AtsValue, "channel" | "sku" | "ats" | "version"> }

/** Whose partition a file is about: the number of one of SKUs, or `order-` and that of one of orders. */
export type HeardOf = number | `order-${number}`

/** The name of the file for what `sender` heard about a partition. */
export const heardFile = (sender: string, partition: HeardOf): string => `${sender}.${partition}.ndjson`

const bufferedCharsMax = 65_536

/** Writes the lines of one sender. Throws what the file system says: a witness with gaps is none. */
export class HeardWriter {
  readonly #folder: string
  readonly #sender: string
  readonly #buffers = new Map<HeardOf, string>()
  readonly #files = new Map<HeardOf, number>()

  constructor(folder: string, sender: string) {
    this.#folder = folder
    this.#sender = sender
  }

  /** `line` is the text of a {@link HeardLine}. */
  write(partition: HeardOf, line: string): void {
    const buffered = `${this.#buffers.get(partition) ?? ""}${line}\n`
    this.#buffers.set(partition, buffered)
    if (buffered.length > bufferedCharsMax) this.#flush(partition)
  }

  close(): void {
    for (const partition of [...this.#buffers.keys()]) this.#flush(partition)
    for (const file of this.#files.values()) closeSync(file)
    this.#files.clear()
  }

  #flush(partition: HeardOf): void {
    let file = this.#files.get(partition)
    if (file === undefined) {
      file = openSync(join(this.#folder, heardFile(this.#sender, partition)), "a")
      this.#files.set(partition, file)
    }
    writeSync(file, this.#buffers.get(partition) ?? "")
    this.#buffers.delete(partition)
  }
}
