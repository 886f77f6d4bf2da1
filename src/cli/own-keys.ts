/**
 * The API keys of an own nats-server, for development: one for each of its senders, made at the first start. They are kept like its logins, in the clear and for the owner of the folder alone, so that whoever tries things
 * out finds them.
 */
import { open, readFile, rename, rm, writeFile } from "node:fs/promises"
import { Effect, Schedule, type Scope } from "effect"
import type { SenderAccess } from "../domain/roles.ts"
import { classesOf } from "../domain/roles.ts"
import { readKeysText } from "../http/key-ring.ts"
import { addKey, type KeysFile, keyShown, keysById, noKeys } from "../http/keys.ts"
import { keysHeldLookMs, keysHeldLooksMax } from "../limits.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { inOwnFolder, ownFolder } from "./own-folder.ts"
import { messageOf } from "./setting-files.ts"

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

const unchanged = (path: string, why: string) =>
  new CommandFailed({ code: exitCode.failed, message: `the API keys at ${path} can't be changed: ${why}` })

const isHeldByAnother = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "EEXIST"

/** Keeps the file of keys from other commands until the scope closes. Whoever changes it reads it first: of two at once, one would write the other's change away, and a key that was revoked would hold again. */
export const holdKeys = (path: string): Effect.Effect<void, CommandFailed, Scope.Scope> => {
  const lock = `${path}.lock`
  const take = Effect.tryPromise({
    try: async () => (await open(lock, "wx", 0o600)).close(),
    catch: (error) => ({ isHeld: isHeldByAnother(error), cause: messageOf(error) }),
  }).pipe(
    Effect.retry({ while: ({ isHeld }) => isHeld, times: keysHeldLooksMax, schedule: Schedule.spaced(keysHeldLookMs) }),
    Effect.mapError(({ isHeld, cause }) =>
      unchanged(path, isHeld ? `another command is changing them. If none runs, it was ended halfway: delete ${lock}` : cause),
    ),
  )
  return Effect.acquireRelease(take, () => Effect.promise(() => rm(lock, { force: true })))
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

/** Where keys are kept: for gateways, and for people. */
type KeyFiles = Pick<ReturnType<typeof inOwnFolder>, "keys" | "gateway">

const makeKeys = async (files: KeyFiles, senders: ReadonlyArray<SenderAccess>, url: string): Promise<OwnGateway> => {
  let file = await keysIn(files.keys)
  const known = await keptBefore(files.gateway)
  const byId = keysById(file)
  // Those of another file of keys are nobody's here. One that was revoked stays what it is: who revoked it wants no other.
  const kept = (text: string | undefined): string | undefined =>
    text === undefined || keyShown(byId, text)._tag === "Unknown" ? undefined : text
  const make = (wanted: Parameters<typeof addKey>[1]): string | undefined => {
    const added = addKey(file, wanted, new Date().toISOString())
    file = added?.file ?? file
    return added?.text
  }
  const keys: Record<string, string> = {}
  for (const { sender, roles } of senders) {
    const key = kept(known.keys?.[sender]) ?? make({ sender, scopes: classesOf(roles) })
    if (key !== undefined) keys[sender] = key
  }
  const looking = senders.find(({ sender }) => sender === pageSender)?.sender
  const pageKey = kept(known.page?.split(pageMark)[1]) ?? (looking === undefined ? undefined : make({ sender: looking, scopes: [] }))
  const made: OwnGateway = { url, page: pageKey === undefined ? url : pageOf(url, pageKey), keys }
  await writeKeys(files.keys, file)
  await writeKeys(files.gateway, made)
  return made
}

/**
 * A key for each sender that had none and one for the page in the file that the gateway reads, and the file for people with all that are known, which is returned. No other command changes the former meanwhile.
 */
export const makeOwnKeys = (files: KeyFiles, senders: ReadonlyArray<SenderAccess>, url: string): Effect.Effect<OwnGateway, CommandFailed> =>
  Effect.scoped(
    Effect.andThen(
      holdKeys(files.keys),
      Effect.tryPromise({ try: () => makeKeys(files, senders, url), catch: (error) => unchanged(files.keys, messageOf(error)) }),
    ),
  )
