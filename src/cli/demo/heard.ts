/**
 * What a channel heard, of decisions and of what is stored, written down as it happens: the witness that the journals are held against.
 *
 * One file for each partition, so that an audit can take one partition after another. Written straight from what arrives, before the client
 * library or anybody else has looked at it.
 */

import { closeSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import type { AtsValue } from "../../kinds/sku/types.ts"
import type { ReplyBody } from "../../wire/replies.ts"

/** A line of such a file. */
export type HeardLine =
  | { readonly kind: "stored"; readonly commands: ReadonlyArray<{ readonly sku: string; readonly id: string }> }
  /** A reply as it came, under its whole suffix. */
  | { readonly kind: "reply"; readonly suffix: string; readonly reply: ReplyBody }
  /** An ATS value that the channel accepted. */
  | { readonly kind: "ats"; readonly value: Pick<AtsValue, "channel" | "sku" | "ats" | "version"> }

/** The name of the file for what `sender` heard about a partition's SKUs. */
export const heardFile = (sender: string, partition: number): string => `${sender}.${partition}.ndjson`

const bufferedCharsMax = 65_536

/** Writes the lines of one sender. Throws what the file system says: a witness with gaps is none. */
export class HeardWriter {
  readonly #folder: string
  readonly #sender: string
  readonly #buffers = new Map<number, string>()
  readonly #files = new Map<number, number>()

  constructor(folder: string, sender: string) {
    this.#folder = folder
    this.#sender = sender
  }

  /** `line` is the text of a {@link HeardLine}. */
  write(partition: number, line: string): void {
    const buffered = `${this.#buffers.get(partition) ?? ""}${line}\n`
    this.#buffers.set(partition, buffered)
    if (buffered.length > bufferedCharsMax) this.#flush(partition)
  }

  close(): void {
    for (const partition of [...this.#buffers.keys()]) this.#flush(partition)
    for (const file of this.#files.values()) closeSync(file)
    this.#files.clear()
  }

  #flush(partition: number): void {
    let file = this.#files.get(partition)
    if (file === undefined) {
      file = openSync(join(this.#folder, heardFile(this.#sender, partition)), "a")
      this.#files.set(partition, file)
    }
    writeSync(file, this.#buffers.get(partition) ?? "")
    this.#buffers.delete(partition)
  }
}
