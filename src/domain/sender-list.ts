/**
 * The senders of a cluster as an operator writes them in one line: `web=channel,dock=warehouse,ops=operator+reader`.
 */
import { assert } from "../assert.ts"
import { isSender, type SenderId } from "./names.ts"
import { Role, type SenderAccess } from "./roles.ts"

/** The senders that a line names, or what is wrong with the line. */
export interface SenderList {
  readonly senders: ReadonlyArray<SenderAccess>
  /** What is wrong with it, each in words; empty: nothing. */
  readonly problems: ReadonlyArray<string>
}

const isRole = (text: string): text is Role => Role.some((role) => role === text)

const rolesOf = (name: string, text: string, problems: Array<string>): ReadonlyArray<Role> => {
  const roles = text.split("+").map((role) => role.trim())
  for (const role of roles) {
    if (!isRole(role)) problems.push(`${name} has the role "${role}"; there are ${Role.join(", ")}`)
  }
  if (roles.includes("bulk") && !roles.includes("channel"))
    problems.push(`${name} has the role bulk, which says how a channel sells, and isn't one`)
  return [...new Set(roles.filter(isRole))]
}

/** Reads such a line. Everything wrong with it is said, not the first alone. */
export const parseSenders = (text: string): SenderList => {
  const problems: Array<string> = []
  const senders = new Map<SenderId, SenderAccess>()
  for (const one of text.split(",").map((part) => part.trim())) {
    const [name = "", roles, ...more] = one.split("=").map((part) => part.trim())
    if (roles === undefined || more.length > 0) problems.push(`"${one}" is not <sender>=<role>[+<role>…]`)
    else if (!isSender(name))
      problems.push(`"${name}" can't name a sender: 1 to 32 characters of a-z 0-9 _ -, the first a letter or a digit`)
    else if (senders.has(name)) problems.push(`${name} stands there twice`)
    else senders.set(name, { sender: name, roles: rolesOf(name, roles, problems) })
  }
  return { senders: [...senders.values()], problems }
}

/** A line that was written here, not by an operator. */
export const sendersOf = (text: string): ReadonlyArray<SenderAccess> => {
  const { senders, problems } = parseSenders(text)
  assert(problems.length === 0, `a list of senders is one: ${problems.join("; ")}`)
  return senders
}

/** The line that names these senders. */
export const sendersText = (senders: ReadonlyArray<SenderAccess>): string =>
  senders.map(({ sender, roles }) => `${sender}=${roles.join("+")}`).join(",")
