/**
 * The API keys that hold now: read from their file, and read again whenever it changes, so that a key that was revoked is refused at once by every gateway that reads the file.
 *
 * A file that can't be read any more lets nobody in who wasn't let in before, and `problem` says why. What was last read stays: a gateway must not shut everybody out because a file is being replaced.
 */
import { createHash } from "node:crypto"
import { readFile, stat } from "node:fs/promises"
import { Schema } from "effect"
import { keysFileBytesMax, keysReadMs } from "../limits.ts"
import { firstIssueOf } from "../wire/fields.ts"
import { KeysFile, keyShown, keysById, type ShownKey, type StoredKey } from "./keys.ts"

const decode = Schema.decodeUnknownSync(KeysFile)

/** The file of a text. Throws what is wrong with it, in words for people. */
export const readKeysText = (text: string): KeysFile => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new Error("it is no JSON")
  }
  try {
    return decode(json)
  } catch (error) {
    throw new Error(Schema.isSchemaError(error) ? firstIssueOf(error) : String(error))
  }
}

/** The keys of a file, as of now. */
export class KeyRing {
  readonly #path: string
  #keys: ReadonlyMap<string, StoredKey> = new Map()
  #seal = ""
  #stamp = ""
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | null = null
  /** Why the file can't be used; null: it can. */
  problem: string | null = "it was not read yet"

  constructor(path: string) {
    this.#path = path
  }

  /** What tickets and cursors are sealed with. */
  get seal(): string {
    return this.#seal
  }

  /** Whose key that is, as of a file read a moment ago at the latest. */
  async shown(text: string, nowMs: number): Promise<ShownKey> {
    await this.refresh(nowMs)
    return keyShown(this.#keys, text)
  }

  /** Whether a key still holds, as of the last look. */
  holds(id: string): boolean {
    return this.#keys.get(id)?.revokedAt === undefined && this.#keys.has(id)
  }

  /** Looks whether the file has changed, unless that was looked at a moment ago. */
  async refresh(nowMs: number): Promise<void> {
    if (nowMs - this.#lookedAtMs < keysReadMs) return
    this.#looking ??= this.#look().finally(() => {
      this.#lookedAtMs = nowMs
      this.#looking = null
    })
    await this.#looking
  }

  async #look(): Promise<void> {
    try {
      const { mtimeNs, size, ino } = await stat(this.#path, { bigint: true })
      if (size > keysFileBytesMax) throw new Error(`it has more than ${keysFileBytesMax} bytes`)
      const stamp = `${mtimeNs} ${size} ${ino}`
      if (stamp === this.#stamp && this.problem === null) return
      const file = readKeysText(await readFile(this.#path, "utf8"))
      this.#keys = keysById(file)
      this.#seal = createHash("sha256").update(file.seal, "utf8").digest("base64url")
      this.#stamp = stamp
      this.problem = null
    } catch (error) {
      this.problem = `the API keys at ${this.#path} can't be read: ${error instanceof Error ? error.message : String(error)}`
    }
  }
}
