/**
 * The API keys of an own nats-server, for development: one for each of its senders, made at the first start. They are kept like its logins, in the clear and for the owner of the folder alone, so that whoever tries things
 * out finds them.
 */
import { readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { SenderAccess } from "../domain/roles.ts"
import { classesOf } from "../domain/roles.ts"
import { readKeysText } from "../http/key-ring.ts"
import { addKey, type KeysFile, noKeys } from "../http/keys.ts"

const folder = join(".cache", "holdfast")
/** What gateways read. */
export const ownKeysFile = join(folder, "api-keys.json")
/** What people read: the address of the gateway, and the keys. */
export const ownGatewayFile = join(folder, "gateway.json")

/** What is kept for people. */
interface OwnGateway {
  readonly url: string
  readonly keys: Readonly<Record<string, string>>
}

/** The keys of a file; none yet where there is no file. Throws what is wrong with one that there is. */
export const keysIn = async (path: string): Promise<KeysFile> => {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null
    throw error
  })
  return text === null ? noKeys() : readKeysText(text)
}

/** Writes the file whole, for its owner alone: whoever reads it sees the one before or this one. */
export const writeKeys = async (path: string, content: object): Promise<void> => {
  const beside = `${path}.${process.pid}.tmp`
  await writeFile(beside, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  await rename(beside, path)
}

/** A key for each sender that had none, and the file for people with all that are known. */
export const makeOwnKeys = async (senders: ReadonlyArray<SenderAccess>, url: string): Promise<void> => {
  let file = await keysIn(ownKeysFile)
  const known = await readFile(ownGatewayFile, "utf8").then(
    (text) => (JSON.parse(text) as OwnGateway).keys,
    () => ({}) as OwnGateway["keys"],
  )
  const keys: Record<string, string> = { ...known }
  for (const { sender, roles } of senders) {
    if (keys[sender] !== undefined) continue
    const added = addKey(file, { sender, scopes: classesOf(roles) }, new Date().toISOString())
    if (added === null) continue
    file = added.file
    keys[sender] = added.text
  }
  await writeKeys(ownKeysFile, file)
  await writeKeys(ownGatewayFile, { url, keys } satisfies OwnGateway)
}
