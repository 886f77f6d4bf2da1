/**
 * What Postgres, or the way to it, says is wrong, as an error that says what to do about it.
 */
import { DatabaseMismatch, DatabaseUnavailable } from "../ports/errors.ts"

/** What is known of a failure by its code: what to do, and whether somebody has to do it before trying again is of use. */
interface Known {
  readonly remedy: string
  readonly isLasting: boolean
}

const lasting = (remedy: string): Known => ({ remedy, isLasting: true })
const passing = (remedy: string): Known => ({ remedy, isLasting: false })

const unreachable = passing(
  "Start Postgres, or set HOLDFAST_POSTGRES_URL to where it is; what was decided meanwhile is written when it is back",
)
const again = passing("It is tried again from what the tables say")
const login = lasting("Put the right user and password into HOLDFAST_POSTGRES_URL")
const room = lasting("Make room for the database; it goes on by itself then")

/** By SQLSTATE, and by what the driver and the system call it. */
const known: Readonly<Record<string, Known>> = {
  "28P01": login,
  "28000": login,
  "3D000": lasting("Create that database, or name another in HOLDFAST_POSTGRES_URL"),
  "42501": lasting("Give the user of HOLDFAST_POSTGRES_URL the right to create and write in the schema holdfast, or let its owner project"),
  "25006": lasting(
    "It is a standby, or made read-only: name the primary in HOLDFAST_POSTGRES_URL, or switch default_transaction_read_only off",
  ),
  "53100": room,
  "53200": room,
  "53300": passing("Allow it more connections (max_connections), or end others; it is tried again"),
  "40001": again,
  "40P01": again,
  "55P03": again,
  "57014": again,
  "57P01": unreachable,
  "57P02": unreachable,
  "57P03": unreachable,
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  EPIPE: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ETIMEDOUT: unreachable,
  CONNECT_TIMEOUT: unreachable,
  CONNECTION_CLOSED: unreachable,
  CONNECTION_ENDED: unreachable,
  CONNECTION_DESTROYED: unreachable,
}

const codeOf = (error: unknown): string => {
  const code: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined
  return typeof code === "string" ? code : ""
}

/** Whether a failure is of the connection rather than of what was asked: then nothing that is left of the connection is of use. So is one that is read-only: a user or a database that may write again says so to new ones alone. */
export const isOfConnection = (error: unknown): boolean => {
  const code = codeOf(error)
  if (code === "25006") return true
  return code !== "" && (!/^[0-9A-Z]{5}$/.test(code) || code.startsWith("08") || code.startsWith("57P") || code === "EPIPE")
}

const unknown = passing("It is tried again; if it stays so, look at the log of Postgres")

/** A failure of `operation`. What is ours already stays as it is. */
export const databaseError = (operation: string, error: unknown): DatabaseUnavailable | DatabaseMismatch => {
  if (error instanceof DatabaseUnavailable || error instanceof DatabaseMismatch) return error
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  const { remedy, isLasting } = known[code] ?? unknown
  return new DatabaseUnavailable({ operation, cause: code === "" ? message : `${message} (${code})`, remedy, isLasting })
}
