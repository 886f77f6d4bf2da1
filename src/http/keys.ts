/**
 * API keys: what one looks like, what of it is kept, and whose it is. Pure: the file they are kept in is read and written elsewhere.
 *
 * A key's secret has 256 bits of chance, so one round of SHA-256 is enough to keep it by: there is nothing to guess. What is shown of a key afterwards is its id, which stands in the key in the clear.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { Schema } from "effect"
import { SenderField } from "../domain/fields.ts"
import { CommandClass } from "../domain/names.ts"
import { apiKeyCharsMax, keysPerSenderMax } from "../limits.ts"

const idPattern = /^[0-9a-f]{12}$/
const keyPattern = /^hfk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/

/** One key as it is kept. */
const StoredKey = Schema.Struct({
  id: Schema.String.check(Schema.isPattern(idPattern)),
  sender: SenderField,
  /** The classes of command that may be sent with it. Whatever they are, the sender's own permissions hold as well. */
  scopes: Schema.Array(Schema.Literals(CommandClass)),
  /** SHA-256 of the secret, in hex. */
  hash: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)),
  createdAt: Schema.String,
  revokedAt: Schema.optionalKey(Schema.String),
})
/** A key as its file has it: hashed. */
export interface StoredKey extends Schema.Schema.Type<typeof StoredKey> {}

/** All keys of a cluster's gateways, as their file has them. `seal`: what tickets and cursors are sealed with, so that any of the gateways opens what another gave. */
export const KeysFile = Schema.Struct({
  v: Schema.Literal(1),
  seal: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{43}$/)),
  keys: Schema.Array(StoredKey),
})
export interface KeysFile extends Schema.Schema.Type<typeof KeysFile> {}

const secretBytes = 32

/** No keys yet. */
export const noKeys = (): KeysFile => ({ v: 1, seal: randomBytes(secretBytes).toString("base64url"), keys: [] })

const hashOf = (secret: string): Buffer => createHash("sha256").update(secret, "utf8").digest()

/** Keys of a sender that are valid. */
const validKeys = ({ keys }: KeysFile, sender: string): ReadonlyArray<StoredKey> =>
  keys.filter((key) => key.sender === sender && key.revokedAt === undefined)

/** A key that was just made: `text` is shown once and kept nowhere. Null: the sender has as many as it may. */
export const addKey = (
  file: KeysFile,
  { sender, scopes }: Pick<StoredKey, "sender" | "scopes">,
  now: string,
): { readonly file: KeysFile; readonly text: string; readonly id: string } | null => {
  if (validKeys(file, sender).length >= keysPerSenderMax) return null
  const id = randomBytes(6).toString("hex")
  const secret = randomBytes(secretBytes).toString("base64url")
  const key: StoredKey = { id, sender, scopes, hash: hashOf(secret).toString("hex"), createdAt: now }
  return { file: { ...file, keys: [...file.keys, key] }, text: `hfk_${id}_${secret}`, id }
}

/** The file with that key revoked; null: there is no valid key of that id. */
export const revokeKey = (file: KeysFile, id: string, now: string): KeysFile | null => {
  if (!file.keys.some((key) => key.id === id && key.revokedAt === undefined)) return null
  return { ...file, keys: file.keys.map((key) => (key.id === id && key.revokedAt === undefined ? { ...key, revokedAt: now } : key)) }
}

/** What a key that was shown is. */
export type ShownKey =
  | { readonly _tag: "Valid"; readonly key: StoredKey }
  | { readonly _tag: "Revoked" }
  /** It is none, or none of these. Which of both is not said: whoever guesses learns nothing. */
  | { readonly _tag: "Unknown" }

/** All keys of a file, by their ids. */
export const keysById = ({ keys }: KeysFile): ReadonlyMap<string, StoredKey> => new Map(keys.map((key) => [key.id, key]))

const nobodys = Buffer.alloc(32)

/** Whose key a text is. The secret is compared in constant time, and of an id that there isn't the same is done as of one that there is. */
export const keyShown = (byId: ReadonlyMap<string, StoredKey>, text: string): ShownKey => {
  const parts = text.length > apiKeyCharsMax ? null : keyPattern.exec(text)
  const key = byId.get(parts?.[1] ?? "")
  const isSecret = timingSafeEqual(hashOf(parts?.[2] ?? ""), key === undefined ? nobodys : Buffer.from(key.hash, "hex"))
  if (key === undefined || !isSecret) return { _tag: "Unknown" }
  return key.revokedAt === undefined ? { _tag: "Valid", key } : { _tag: "Revoked" }
}

const sealChars = 22

/** What a text is sealed with for one sender and one purpose: nobody else can make it, and for nothing else does it hold. */
export const sealed = (seal: string, purpose: string, sender: string, text: string): string =>
  `${text}.${createHmac("sha256", seal).update(`${purpose}\n${sender}\n${text}`, "utf8").digest("base64url").slice(0, sealChars)}`

/** The text that was sealed; undefined: it was not, or for another sender or purpose. */
export const unsealed = (seal: string, purpose: string, sender: string, whole: string): string | undefined => {
  const end = whole.length - sealChars - 1
  if (end < 0) return undefined
  const text = whole.slice(0, end)
  const [given, right] = [Buffer.from(whole, "utf8"), Buffer.from(sealed(seal, purpose, sender, text), "utf8")]
  return given.length === right.length && timingSafeEqual(given, right) ? text : undefined
}
