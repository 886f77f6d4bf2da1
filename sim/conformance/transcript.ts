/** The lines in which an answer is written down, alike for model and servers: what is not in them is not compared. */
import type { ApiError } from "../substitutes/stream.ts"
import type { Publish } from "./case.ts"

/** Bodies longer than this are told by their length. */
const bodyCharsMax = 40

export const nobodyLine = "no responders"
export const silenceLine = "no answer"

export const errorLine = ({ code, errCode, description }: ApiError): string => `${code} ${errCode} ${description}`
export const answerLine = (seq: number, isDuplicate: boolean): string => `stored as ${seq}${isDuplicate ? ", duplicate" : ""}`
export const infoLine = (count: number, firstSeq: number, lastSeq: number): string => `holds ${count} from ${firstSeq} to ${lastSeq}`

/** A stored message. `headers` are its lines. */
export const messageLine = (seq: number, subject: string, headers: string, body: string): string => {
  const told = body.length > bodyCharsMax ? `${body.length} characters` : JSON.stringify(body)
  return `#${seq} ${subject} ${told}${headers === "" ? "" : ` ${JSON.stringify(headers)}`}`
}

/** All that was read, in order. */
export const readLines = (messages: ReadonlyArray<string>): ReadonlyArray<string> => [`reads ${messages.length}`, ...messages]

/** All headers of a message, in the order in which they are sent, as `name: value` lines. */
export const headerLines = (publish: Publish): string => {
  const { headers, id, lastSeq, lastSubjectSeq, lastSubjectFilter, ttlMs } = publish
  const lines = headers === undefined ? [] : headers.split("\n")
  if (id !== undefined) lines.push(`Nats-Msg-Id: ${id}`)
  if (lastSeq !== undefined) lines.push(`Nats-Expected-Last-Sequence: ${lastSeq}`)
  if (lastSubjectSeq !== undefined) lines.push(`Nats-Expected-Last-Subject-Sequence: ${lastSubjectSeq}`)
  if (lastSubjectFilter !== undefined) lines.push(`Nats-Expected-Last-Subject-Sequence-Subject: ${lastSubjectFilter}`)
  if (ttlMs !== undefined) lines.push(`Nats-TTL: ${ttlMs % 1_000 === 0 ? `${ttlMs / 1_000}s` : `${ttlMs}ms`}`)
  return lines.join("\n")
}
