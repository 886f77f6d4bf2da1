/**
 * The one place where what the NATS client throws is read: everything else of nats/ knows only the tagged errors of the ports.
 *
 * Server errors are told apart by their numbers, never by their text, where they have one: those about a login have none.
 */
import { JetStreamApiError } from "@nats-io/jetstream"
import { errors as natsErrors } from "@nats-io/transport-node"
import { BrokerUnavailable, NotPermitted } from "../ports/errors.ts"

/** Error numbers of JetStream that mean something to us. */
const code = {
  streamNameInUse: 10058,
  streamNotFound: 10059,
  wrongLastSequence: 10071,
  /** The same, when the write that was ahead is not applied yet (three servers). */
  wrongLastSequenceInFlight: 10164,
  /** A stream that discards what is new is full. */
  streamFull: 10077,
  insufficientResources: 10023,
  noSpaceLeft: 10047,
  /** More was published to the stream than it has taken up yet; this one was dropped before that. */
  tooManyRequests: 10167,
  accountFull: 10002,
  memoryFull: 10028,
  streamsMax: 10027,
  streamBytesMax: 10122,
} as const

const fullCodes: ReadonlySet<number> = new Set([
  code.streamFull,
  code.insufficientResources,
  code.noSpaceLeft,
  code.accountFull,
  code.memoryFull,
  code.tooManyRequests,
])

const apiCode = (error: unknown): number | undefined => {
  if (error instanceof JetStreamApiError) return error.code
  return error instanceof Error && error.cause !== undefined ? apiCode(error.cause) : undefined
}

/** What happened, for people: the chain of causes in one line, with the server's error number where there is one. */
export const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const number = error instanceof JetStreamApiError ? ` (${error.code})` : ""
  const text = error.message === "" ? error.name : error.message
  if (error.cause === undefined) return `${text}${number}`
  const cause = describe(error.cause)
  return cause.startsWith(text) ? cause : `${text}${number}: ${cause}`
}

export const isStreamMissing = (error: unknown): boolean => apiCode(error) === code.streamNotFound
export const isNameInUse = (error: unknown): boolean => apiCode(error) === code.streamNameInUse

/** A guarded write met another one: nothing was stored by it. */
export const isConflict = (error: unknown): boolean => {
  const found = apiCode(error)
  return found === code.wrongLastSequence || found === code.wrongLastSequenceInFlight
}

/** There is no room to store: on a disk, in an account, or in a stream that keeps what it has. */
export const isFull = (error: unknown): boolean => {
  const found = apiCode(error)
  return found !== undefined && fullCodes.has(found)
}

/** A stream can't be created because the servers or the account have no room for it: that does not pass by itself. */
export const isNoRoom = (error: unknown): boolean => {
  const found = apiCode(error)
  return (
    found === code.noSpaceLeft ||
    found === code.accountFull ||
    found === code.memoryFull ||
    found === code.streamsMax ||
    found === code.streamBytesMax
  )
}

/** What a server says that did not get a login within its own time (`authorization.timeout`, two seconds by default): it, the way to it or the client was too slow. The client takes it for a refused one. */
const loginLate = /authentication timeout/i

/** The server doesn't know who connects, or not with this secret: asking again changes nothing. */
export const isLoginRefused = (error: unknown): boolean => {
  if (error instanceof natsErrors.AuthorizationError) return !loginLate.test(error.message)
  if (error instanceof natsErrors.UserAuthenticationExpiredError) return true
  return error instanceof Error && error.cause !== undefined && isLoginRefused(error.cause)
}

const permissionViolation = (error: unknown): Error | undefined => {
  if (error instanceof natsErrors.PermissionViolationError) return error
  return error instanceof Error && error.cause !== undefined ? permissionViolation(error.cause) : undefined
}

/** The login may not publish there. */
export const isForbidden = (error: unknown): boolean => permissionViolation(error) !== undefined

/** What a sender is told when its question, or its listening, failed. */
export const senderFailure =
  (operation: string) =>
  (error: unknown): NotPermitted | BrokerUnavailable => {
    const violation = permissionViolation(error)
    if (violation !== undefined) return new NotPermitted({ operation, cause: violation.message })
    return new BrokerUnavailable({ operation, cause: describe(error) })
  }
