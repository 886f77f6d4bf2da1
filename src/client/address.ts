/**
 * Who connects and where to, checked when it is given: a mistake of the program is a TypeError or a RangeError that names the option, at once, and never a server that doesn't answer. No secret is in what is thrown.
 */
import { fieldPath } from "../domain/field-path.ts"
import { checkCallback, checkNames, isRecord } from "./options.ts"

const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? "a list" : typeof value
}

const schemes: ReadonlySet<string> = new Set(["nats:", "tls:"])

/** `host`, `host:port`, or either behind nats:// or tls://. */
export const isServer = (server: string): boolean => {
  const text = server.includes("://") ? server : `nats://${server}`
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return schemes.has(protocol) && hostname !== "" && !/\s/.test(server)
}

const checkServers = (servers: unknown): void => {
  if (!Array.isArray(servers)) throw new TypeError(`servers is ${kindOf(servers)}: it must be a list, such as ["nats://127.0.0.1:14222"]`)
  if (servers.length === 0) throw new RangeError("servers is empty: it must name a server, such as nats://127.0.0.1:14222")
  for (const [place, server] of servers.entries()) {
    if (typeof server !== "string")
      throw new TypeError(`${fieldPath("servers", place)} is ${kindOf(server)}: it must be text, such as nats://127.0.0.1:14222`)
    // A URL may hold a password, so it isn't repeated.
    if (!isServer(server))
      throw new RangeError(
        `${fieldPath("servers", place)} is no address of a server: it must be such as nats://127.0.0.1:14222 or tls://nats.example:4222`,
      )
  }
}

const shapes = "{ user, password }, { nkeySeed } or { credsFile }"
const loginNames: ReadonlyArray<ReadonlyArray<string>> = [["user", "password"], ["nkeySeed"], ["credsFile"]]

/** Whether it has these, as text, and nothing else: of two logins at once only one would be used, and nobody could say which was meant. */
const isLogin = (login: Readonly<Record<string, unknown>>, names: ReadonlyArray<string>): boolean =>
  Object.keys(login).length === names.length && names.every((name) => typeof login[name] === "string")

const checkLogin = (login: unknown): void => {
  if (!isRecord(login)) throw new TypeError(`login is ${kindOf(login)}: it must be ${shapes}`)
  if (loginNames.some((names) => isLogin(login, names))) return
  throw new TypeError(`login has ${Object.keys(login).join(", ") || "nothing"}: it must be ${shapes}, each of them text`)
}

const tlsNames = ["caFile", "certFile", "keyFile"]

const checkTls = (tls: unknown): void => {
  if (tls === undefined) return
  if (!isRecord(tls)) throw new TypeError(`tls is ${kindOf(tls)}: it must be { caFile, certFile, keyFile }, as far as they are needed`)
  checkNames(tls, tlsNames, "tls")
  for (const name of tlsNames)
    if (tls[name] !== undefined && typeof tls[name] !== "string")
      throw new TypeError(`tls.${name} is ${kindOf(tls[name])}: it must be the path of a file`)
}

/** Throws a TypeError or a RangeError that names the option which can't be one. `names`: which there are. */
export const checkAddress = (options: unknown, names: ReadonlyArray<string>): void => {
  if (!isRecord(options)) throw new TypeError(`the options to connect with are ${kindOf(options)}: they must be { servers, sender, login }`)
  checkNames(options, names)
  checkServers(options.servers)
  if (typeof options.sender !== "string")
    throw new TypeError(`sender is ${kindOf(options.sender)}: it must be the name that the login is for`)
  checkLogin(options.login)
  checkTls(options.tls)
  checkCallback("onWaiting", options.onWaiting)
}
