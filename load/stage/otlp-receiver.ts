/**
 * A small collector: takes spans over OTLP as JSON, and keeps them as they came.
 */
import { createServer } from "node:http"

/** A span as OTLP has it, as far as it is looked at. */
interface SpanJson {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: Readonly<Record<string, string>> }>
}

interface RequestJson {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: SpanJson["attributes"] }
    readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<SpanJson> }>
  }>
}

/** A span that was told, with who told it. */
export interface HeardSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly service: string
  readonly name: string
  readonly fromMs: number
  readonly toMs: number
  readonly attributes: Readonly<Record<string, string>>
}

const millis = (nanos: string): number => Number(BigInt(nanos) / 1_000n) / 1_000

const plain = (attributes: SpanJson["attributes"]): Readonly<Record<string, string>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]))

const heardOf = (
  service: string,
  { traceId, spanId, parentSpanId, name, startTimeUnixNano, endTimeUnixNano, attributes }: SpanJson,
): HeardSpan => ({
  traceId,
  spanId,
  parentId: parentSpanId,
  service,
  name,
  fromMs: millis(startTimeUnixNano),
  toMs: millis(endTimeUnixNano),
  attributes: plain(attributes),
})

/** Listens on a free port of this machine until it is stopped. */
export const startReceiver = async () => {
  const spans: Array<HeardSpan> = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (piece) => {
      body += String(piece)
    })
    request.on("end", () => {
      // Whoever sends here is a process of ours.
      const { resourceSpans } = JSON.parse(body) as RequestJson
      for (const { resource, scopeSpans } of resourceSpans) {
        const service = plain(resource.attributes)["service.name"] ?? ""
        for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => heardOf(service, span)))
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the receiver has no address")
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  return { spans, url: `http://127.0.0.1:${address.port}`, stop }
}
