/** Raw requests to a stream, and their answers in the lines of a transcript. No client library judges an answer before it is written down. */
import { jetstream, jetstreamManager } from "@nats-io/jetstream"
import { headers, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node"
import type { Publish } from "../../../sim/conformance/case.ts"
import { answerLine, errorLine, headerLines, messageLine, nobodyLine, silenceLine } from "../../../sim/conformance/transcript.ts"
import { answerMsMax } from "./servers.ts"

/** How long a request may take that is refused at once, if there is anybody to refuse it. */
const probeMsMax = 3_000

interface ApiAnswer {
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string }
  readonly seq?: number
  readonly duplicate?: boolean
  readonly message?: { readonly seq: number; readonly subject: string; readonly hdrs?: string; readonly data?: string }
}

const asHeaders = (lines: string): MsgHdrs | undefined => {
  if (lines === "") return undefined
  const found = headers()
  for (const line of lines.split("\n")) {
    const at = line.indexOf(": ")
    found.append(line.slice(0, at), line.slice(at + 2))
  }
  return found
}

const linesOf = (found: MsgHdrs | undefined): string => {
  const lines: Array<string> = []
  for (const [name, values] of found ?? []) for (const value of values) lines.push(`${name}: ${value}`)
  return lines.join("\n")
}

/** `NATS/1.0`, then a line each, then an empty one. */
const linesOfText = (text: string): string =>
  text
    .split("\r\n")
    .slice(1)
    .filter((line) => line !== "")
    .join("\n")

const causes = (error: unknown): ReadonlyArray<Error> => (error instanceof Error ? [error, ...causes(error.cause)] : [])
export const isNobody = (error: unknown): boolean => causes(error).some(({ name }) => name.startsWith("NoResponders"))
/** No answer in time, or none ever: the connection went with its server. */
const isSilence = (error: unknown): boolean =>
  causes(error).some(
    ({ name, message }) => name === "TimeoutError" || name.startsWith("ClosedConnection") || message === "connection closed",
  )

const refusal = ({ code, err_code, description }: NonNullable<ApiAnswer["error"]>): string =>
  errorLine({ code, errCode: err_code, description })

/** Sends a message at once, and resolves to what is answered to it. */
export const publish = async (connection: NatsConnection, message: Publish): Promise<string> => {
  const found = asHeaders(headerLines(message))
  const options = { timeout: answerMsMax, ...(found === undefined ? {} : { headers: found }) }
  try {
    const { error, seq, duplicate } = (await connection.request(message.subject, message.body ?? "", options)).json<ApiAnswer>()
    return error === undefined ? answerLine(seq ?? 0, duplicate === true) : refusal(error)
  } catch (error) {
    if (isNobody(error)) return nobodyLine
    if (isSilence(error)) return silenceLine
    throw error
  }
}

/** Resolves when the leader has looked at all that was sent before: this is refused at once, and in order. */
export const probe = async (connection: NatsConnection, subject: string): Promise<void> => {
  const expected = headers()
  expected.set("Nats-Expected-Stream", "none")
  await connection.request(subject, "", { headers: expected, timeout: probeMsMax })
}

const api = async (connection: NatsConnection, what: string, stream: string, body: unknown): Promise<ApiAnswer> =>
  (await connection.request(`$JS.API.STREAM.${what}.${stream}`, JSON.stringify(body), { timeout: answerMsMax })).json<ApiAnswer>()

/** One stored message. */
export const look = async (connection: NatsConnection, stream: string, query: unknown): Promise<string> => {
  const { error, message } = await api(connection, "MSG.GET", stream, query)
  if (error !== undefined) return refusal(error)
  if (message === undefined) throw new Error("neither a message nor an error")
  const text = (coded: string | undefined) => Buffer.from(coded ?? "", "base64").toString()
  return messageLine(message.seq, message.subject, linesOfText(text(message.hdrs)), text(message.data))
}

/** A purge, a deletion, or a leader's step down. */
export const change = async (connection: NatsConnection, what: string, stream: string, body: unknown): Promise<string> => {
  const { error } = await api(connection, what, stream, body)
  return error === undefined ? "done" : refusal(error)
}

/** All that a consumer of a name of its own has to deliver. Rejects if the consumer's server can't be asked yet. */
export const read = async (
  connection: NatsConnection,
  stream: string,
  name: string,
  from: number | "latest",
  filter: string,
): Promise<ReadonlyArray<string>> => {
  const manager = await jetstreamManager(connection)
  const start =
    from === "latest"
      ? ({ deliver_policy: "last_per_subject" } as const)
      : ({ deliver_policy: "by_start_sequence", opt_start_seq: from } as const)
  const made = await manager.consumers.add(stream, {
    name,
    filter_subject: filter,
    ack_policy: "none",
    mem_storage: true,
    num_replicas: 1,
    ...start,
  })
  const messages: Array<string> = []
  if (made.num_pending === 0) return messages
  const consumer = await jetstream(connection).consumers.get(stream, made.name)
  for await (const message of await consumer.fetch({ max_messages: made.num_pending, expires: answerMsMax }))
    messages.push(messageLine(message.seq, message.subject, linesOf(message.headers), message.string()))
  return messages
}
