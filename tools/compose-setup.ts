/**
 * `npm run compose:setup`: makes what deploy/compose needs and nobody else may have: an authority with certificates, passwords, nkeys, API keys, and the configuration of the servers with
 * the hashes of those. Written to deploy/compose/generated, for the owner of the folder alone. What is there already is never replaced: the cluster was made with it.
 */
import { randomBytes } from "node:crypto"
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { nkeys } from "@nats-io/transport-node"
import { hashSync } from "bcryptjs"
import { scriptOptions } from "../load/stage/options.ts"
import { classesOf, type SenderAccess } from "../src/domain/roles.ts"
import { sendersOf, sendersText } from "../src/domain/sender-list.ts"
import { addKey, type KeysFile, noKeys } from "../src/http/keys.ts"
import { certify, makeAuthority } from "./certificates.ts"

const example = fileURLToPath(new URL("../deploy/nats/nats-server.conf", import.meta.url))
const folderDefault = fileURLToPath(new URL("../deploy/compose/generated", import.meta.url))

/** Who sends, as the example of the servers' configuration has them. `web` logs in with an nkey, the others with passwords. */
const senders = sendersOf("web=channel,shop=channel,dock=warehouse,desk=merchandiser,ops=operator+reader")
const servers = ["nats-1", "nats-2", "nats-3"]
/** Logins with a password, by what stands for their hash in the example. */
const passwordsOf = {
  engine: "REPLACE.WITH.THE.BCRYPT.HASH.OF.A.LONG.RANDOM.PASSWORD",
  archivist: "REPLACE.WITH.THE.BCRYPT.HASH.OF.THE.ARCHIVISTS.PASSWORD",
  keeper: "REPLACE.WITH.THE.BCRYPT.HASH.OF.THE.KEEPERS.PASSWORD",
  ingress: "REPLACE.WITH.THE.BCRYPT.HASH.OF.THE.INGRESSES.PASSWORD",
  door: "REPLACE.WITH.THE.BCRYPT.HASH.OF.ANOTHER.PASSWORD",
  shop: "REPLACE.WITH.THE.BCRYPT.HASH.OF.THE.SHOPS.PASSWORD",
  dock: "REPLACE.WITH.THE.BCRYPT.HASH.OF.THE.DOCKS.PASSWORD",
  desk: "REPLACE.WITH.THE.BCRYPT.HASH.OF.THE.DESKS.PASSWORD",
  ops: "REPLACE.WITH.THE.BCRYPT.HASH.OF.THE.OPERATORS.PASSWORD",
  admin: "REPLACE.WITH.THE.BCRYPT.HASH.OF.THE.ADMINS.PASSWORD",
} as const
type Login = keyof typeof passwordsOf
const webKey = "UREPLACEWITHTHEPUBLICNKEYOFTHEWEBSHOP"

const bcryptRounds = 11
/** The user of the image: it owns nothing. */
const nobodysId = 10_001

const secret = (): string => randomBytes(24).toString("base64url")

/** The authority's own key lies apart: no container is given it. */
const authorityKey = (folder: string): string => join(folder, "..", "authority-key.pem")

const makeCertificates = (folder: string): void => {
  mkdirSync(folder, { mode: 0o700 })
  const authority = { key: authorityKey(folder), certificate: join(folder, "ca.pem") }
  makeAuthority(authority, "Holdfast compose authority")
  certify(authority, join(folder, "server"), "server", [...servers, "localhost", "127.0.0.1"])
  certify(authority, join(folder, "route"), "route", [...servers, "localhost", "127.0.0.1"])
  certify(authority, join(folder, "gateway"), "gateway", ["gateway", "localhost", "127.0.0.1"])
}

/** The example with everybody's public half in it. */
const serverConfiguration = (passwords: Readonly<Record<Login, string>>, webPublicKey: string): string => {
  let text = readFileSync(example, "utf8").replaceAll(webKey, webPublicKey)
  for (const [login, placeholder] of Object.entries(passwordsOf))
    text = text.replaceAll(`$2a$11$${placeholder}`, hashSync(passwords[login as Login], bcryptRounds))
  return text
}

const environmentFile = (variables: Readonly<Record<string, string>>): string =>
  `${Object.entries(variables)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n")}\n`

const cluster = {
  HOLDFAST_NATS_URL: servers.map((name) => `tls://${name}:4222`).join(","),
  HOLDFAST_NATS_MONITOR_URL: servers.map((name) => `http://${name}:8222`).join(","),
  HOLDFAST_SENDERS: sendersText(senders),
}

/** One API key for each sender, for all that its roles may send. */
const makeKeys = (of: ReadonlyArray<SenderAccess>): { readonly file: KeysFile; readonly keys: Readonly<Record<string, string>> } => {
  let file = noKeys()
  const keys: Record<string, string> = {}
  for (const { sender, roles } of of) {
    const added = addKey(file, { sender, scopes: classesOf(roles) }, new Date().toISOString())
    if (added === null) throw new Error(`${sender} has too many keys`)
    file = added.file
    keys[sender] = added.text
  }
  return { file, keys }
}

/** Whom the containers run as: who owns the files, or, for root, nobody in particular. */
const containerUser = (): { readonly uid: number; readonly gid: number } => {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  return uid === 0 ? { uid: nobodysId, gid: nobodysId } : { uid, gid }
}

/** Gives everything in a folder to the containers' user, where it is somebody else. */
const giveAway = (folder: string, uid: number, gid: number): void => {
  if (process.getuid?.() !== 0) return
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) chownSync(join(folder, name), uid, gid)
  chownSync(folder, uid, gid)
}

const makeAll = (folder: string): void => {
  const own = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 })
  const json = (name: string, value: unknown) => own(name, `${JSON.stringify(value, null, 2)}\n`)
  makeCertificates(join(folder, "tls"))
  const passwords = Object.fromEntries(Object.keys(passwordsOf).map((login) => [login, secret()])) as Record<Login, string>
  const web = nkeys.createUser()
  const postgres = secret()
  own("nats-server.conf", serverConfiguration(passwords, web.getPublicKey()))
  own(
    "worker.env",
    environmentFile({
      ...cluster,
      HOLDFAST_ENGINE_USER: "engine",
      HOLDFAST_ENGINE_PASSWORD: passwords.engine,
      HOLDFAST_DOOR_USER: "door",
      HOLDFAST_DOOR_PASSWORD: passwords.door,
    }),
  )
  own(
    "ingress.env",
    environmentFile({
      ...cluster,
      HOLDFAST_INGRESS_USER: "ingress",
      HOLDFAST_INGRESS_PASSWORD: passwords.ingress,
      HOLDFAST_DOOR_USER: "door",
      HOLDFAST_DOOR_PASSWORD: passwords.door,
    }),
  )
  own(
    "archivist.env",
    environmentFile({
      HOLDFAST_NATS_URL: cluster.HOLDFAST_NATS_URL,
      HOLDFAST_ARCHIVE_USER: "archivist",
      HOLDFAST_ARCHIVE_PASSWORD: passwords.archivist,
    }),
  )
  own("postgres.env", environmentFile({ POSTGRES_USER: "holdfast", POSTGRES_DB: "holdfast", POSTGRES_PASSWORD: postgres }))
  own("projector.env", environmentFile({ HOLDFAST_POSTGRES_URL: `postgres://holdfast:${postgres}@postgres:5432/holdfast` }))
  own("grafana.env", environmentFile({ GF_SECURITY_ADMIN_PASSWORD: secret() }))
  const login = (sender: "shop" | "dock" | "desk" | "ops") => ({ user: sender, password: passwords[sender] })
  json("logins.json", {
    web: { nkeySeed: new TextDecoder().decode(web.getSeed()) },
    shop: login("shop"),
    dock: login("dock"),
    desk: login("desk"),
    ops: login("ops"),
  })
  const { file, keys } = makeKeys(senders)
  json("api-keys.json", file)
  json("keys.json", keys)
  const { uid, gid } = containerUser()
  own("compose.env", environmentFile({ HOLDFAST_UID: String(uid), HOLDFAST_GID: String(gid) }))
  json("people.json", { keeper: passwords.keeper, admin: passwords.admin })
  giveAway(folder, uid, gid)
}

if (import.meta.main) {
  const { folder } = scriptOptions(
    "Makes certificates, passwords, keys and the servers' configuration for deploy/compose. Needs openssl on the PATH.",
    {
      folder: { fallback: folderDefault, help: "where they are written; a folder that isn't there yet" },
    },
  )
  if (existsSync(folder)) {
    console.error(
      `${folder} is there already: the cluster was made with it, so nothing was changed. Remove it to make everything anew, with the volumes of the cluster.`,
    )
    process.exit(1)
  }
  const draft = `${folder}.draft`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true, mode: 0o700 })
  makeAll(draft)
  renameSync(draft, folder)
  console.log(
    `${folder} is made. The senders' API keys are in keys.json there; next: docker compose --env-file deploy/compose/generated/compose.env -f deploy/compose/compose.yaml up`,
  )
}
