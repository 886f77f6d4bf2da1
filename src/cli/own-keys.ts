/**
 * The API keys of an own nats-server, for development: one for each of its senders, made at the first start. They are kept like its logins, in the clear and for the owner of the folder alone, so that whoever tries things
 * out finds them.
 */
import { readFile, rename, writeFile } from "node:fs/promises"
import type { SenderAccess } from "../domain/roles.ts"
import { classesOf } from "../domain/roles.ts"
import { readKeysText } from "../http/key-ring.ts"
import { addKey, type KeysFile, noKeys } from "../http/keys.ts"
import { inOwnFolder, ownFolder } from "./own-folder.ts"

const own = inOwnFolder(ownFolder)
/** What gateways read. */
export const ownKeysFile = own.keys
/** What people read: the address of the gateway, and the keys. */
export const ownGatewayFile = own.gateway

/** What is kept for people. `page`: the address to open in a browser. What follows `#` stays there: no server is sent it. */
interface OwnGateway {
  readonly url: string
  readonly page: string
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

const pageMark = "/#key="

/** The address of the page with the key that it needs. */
const pageOf = (url: string, key: string): string => `${url}${pageMark}${key}`

/** Who looks at the page of an own gateway, with a key that can't send anything. */
const pageSender = "operator"

/** What was kept for people; what can't be read was nothing. */
const keptBefore = (file: string): Promise<Partial<OwnGateway>> =>
  readFile(file, "utf8").then(
    (text) => JSON.parse(text) as OwnGateway,
    () => ({}),
  )

/** A key for each sender that had none and one for the page, and the file for people with all that are known, which is returned. */
export const makeOwnKeys = async (senders: ReadonlyArray<SenderAccess>, url: string, folder = ownFolder): Promise<OwnGateway> => {
  const files = inOwnFolder(folder)
  let file = await keysIn(files.keys)
  const known = await keptBefore(files.gateway)
  const make = (wanted: Parameters<typeof addKey>[1]): string | undefined => {
    const added = addKey(file, wanted, new Date().toISOString())
    file = added?.file ?? file
    return added?.text
  }
  const keys: Record<string, string> = { ...known.keys }
  for (const { sender, roles } of senders) {
    const key = keys[sender] ?? make({ sender, scopes: classesOf(roles) })
    if (key !== undefined) keys[sender] = key
  }
  const looking = senders.find(({ sender }) => sender === pageSender)?.sender
  const pageKey = known.page?.split(pageMark)[1] ?? (looking === undefined ? undefined : make({ sender: looking, scopes: [] }))
  const made: OwnGateway = { url, page: pageKey === undefined ? url : pageOf(url, pageKey), keys }
  await writeKeys(files.keys, file)
  await writeKeys(files.gateway, made)
  return made
}
