/**
 * What a client sent, read within bounds before anything is made of it: a body's bytes, how long it wants to wait, whose trace it is.
 *
 * A body is bounded in bytes and in time before it is parsed, and parsed strictly (wire/json.ts): no key twice, nothing nested deeply. What a command is in it is not decided here.
 */
import type { Readable } from "node:stream"
import { NodeHttpServerRequest } from "@effect/platform-node"
import { Effect } from "effect"
import type { HttpServerRequest, HttpServerResponse } from "effect/http"
import { readTraceparent } from "../domain/traces.ts"
import { httpBodyMsMax, httpWaitMs, httpWaitMsMax } from "../limits.ts"
import { parseStrictJson } from "../wire/json.ts"
import { problemResponse } from "./problems.ts"

type Response = HttpServerResponse.HttpServerResponse
type Request = HttpServerRequest.HttpServerRequest

/** Ends the connection with the answer: what is still to come of the body is not waited for. */
const closing = { connection: "close" }

const collected = (message: Readable, bytesMax: number): Effect.Effect<Buffer, Response> =>
  Effect.callback<Buffer, Response>((resume) => {
    const pieces: Array<Buffer> = []
    let bytes = 0
    const stop = () => {
      message.off("data", onData).off("end", onEnd).off("close", onBroken).off("error", onBroken)
    }
    const done = (result: Effect.Effect<Buffer, Response>) => {
      stop()
      resume(result)
    }
    const onData = (piece: Buffer) => {
      bytes += piece.length
      if (bytes <= bytesMax) pieces.push(piece)
      else done(Effect.fail(tooLarge(bytesMax)))
    }
    const onEnd = () => done(Effect.succeed(Buffer.concat(pieces)))
    const onBroken = () => done(Effect.fail(problemResponse("Incomplete", {}, closing)))
    message.on("data", onData).once("end", onEnd).once("close", onBroken).once("error", onBroken)
    return Effect.sync(stop)
  })

const tooLarge = (bytesMax: number): Response =>
  problemResponse(
    "TooLarge",
    { detail: `it has more than ${bytesMax} bytes; send fewer commands in a request. Nothing was taken` },
    closing,
  )

const isJson = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(contentType.trim())

/** The JSON of a request's body, of at most so many bytes; or the answer that says why there is none. */
export const readJson = (request: Request, bytesMax: number, bodyMs = httpBodyMsMax): Effect.Effect<unknown, Response> =>
  Effect.suspend(() => {
    const { headers } = request
    const encoding = headers["content-encoding"]
    if (!isJson(headers["content-type"]) || (encoding !== undefined && encoding !== "identity"))
      return Effect.fail(problemResponse("MediaType", { field: encoding === undefined ? "content-type" : "content-encoding" }))
    // What a client says of the length is taken only where it says too much.
    if (Number(headers["content-length"] ?? "0") > bytesMax) return Effect.fail(tooLarge(bytesMax))
    return collected(NodeHttpServerRequest.toIncomingMessage(request), bytesMax).pipe(
      Effect.timeoutOrElse({ duration: bodyMs, orElse: () => Effect.fail(problemResponse("TooSlow", {}, closing)) }),
      Effect.flatMap((bytes) => {
        const parsed = parseStrictJson(bytes)
        if (parsed._tag === "Parsed") return Effect.succeed(parsed.value)
        const { cause, key, at } = parsed
        const where = at === undefined ? "" : `, at character ${at}`
        return Effect.fail(
          problemResponse("Malformed", {
            detail: `the body is ${cause.startsWith("not") ? "" : "no JSON of ours: "}${cause}${where}. Nothing was taken`,
            field: key,
          }),
        )
      }),
    )
  })

/** Whether a value is an object of JSON. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Milliseconds that the client prefers to wait (RFC 7240). A preference that can't be read is none. */
export const waitMsOf = (request: Request): number => {
  const found = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(request.headers.prefer ?? "")
  return found === null ? httpWaitMs : Math.min(Math.max(1, Number(found[1]) * 1_000), httpWaitMsMax)
}

/** The trace that the client says the request belongs to; undefined if it names none, or what W3C has us ignore. */
export const traceOf = ({ headers: { traceparent } }: Request): string | undefined =>
  traceparent === undefined ? undefined : (readTraceparent(traceparent) ?? undefined)
