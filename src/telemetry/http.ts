/**
 * The pages a worker serves for those who run it: /metrics for Prometheus, /ready for who watches the cluster, /worker and /live for an orchestrator.
 *
 * Plain node:http: four pages without parameters need no router, and importing one costs a tenth of a second at every start.
 */
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect, Schema, type Scope } from "effect"
import { Registry } from "prom-client"

/** The address can't be listened on. Choose another with HOLDFAST_HTTP_HOST and HOLDFAST_HTTP_PORT. */
export class HttpUnavailable extends Schema.TaggedError<HttpUnavailable>()("HttpUnavailable", {
  address: Schema.String,
  cause: Schema.String,
}) {}

/** What the pages show. */
export interface TelemetryPages {
  /** The text of /metrics. Asked at every scrape. */
  readonly metrics: () => Promise<string>
  /** Whether the whole cluster is, as this worker sees it, and what to say about it. Asked at every request. */
  readonly readiness: () => { readonly ready: boolean }
  /** Whether this worker alone is. */
  readonly worker: () => { readonly ready: boolean }
}

const answer = (response: ServerResponse, status: number, contentType: string, body: string) => {
  response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" })
  response.end(body)
}

const json = "application/json"

const page = async (pages: TelemetryPages, path: string, response: ServerResponse): Promise<void> => {
  switch (path) {
    case "/metrics":
      return answer(response, 200, Registry.PROMETHEUS_CONTENT_TYPE, await pages.metrics())
    case "/ready":
    case "/worker": {
      const said = path === "/ready" ? pages.readiness() : pages.worker()
      return answer(response, said.ready ? 200 : 503, json, `${JSON.stringify(said)}\n`)
    }
    case "/live":
      return answer(response, 200, json, '{"live":true}\n')
    default:
      return answer(response, 404, json, '{"pages":["/metrics","/ready","/worker","/live"]}\n')
  }
}

const handle = (pages: TelemetryPages, server: Server) =>
  server.on("request", (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, json, '{"allowed":["GET","HEAD"]}\n')
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/"
    page(pages, path, response).catch((cause: unknown) => answer(response, 500, json, `${JSON.stringify({ error: String(cause) })}\n`))
  })

const urlOf = ({ address, family, port }: AddressInfo): string => `http://${family === "IPv6" ? `[${address}]` : address}:${port}`

/** Serves the pages until the scope closes. Returns where; port 0 is a free one. */
export const serveTelemetry = (
  pages: TelemetryPages,
  at: { readonly host: string; readonly port: number },
): Effect.Effect<string, HttpUnavailable, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Server, HttpUnavailable>((resume) => {
      const server = createServer()
      handle(pages, server)
      server.once("error", (error) => resume(Effect.fail(new HttpUnavailable({ address: `${at.host}:${at.port}`, cause: error.message }))))
      server.listen(at.port, at.host, () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        // A scraper's idle connection would keep the server, and so the process, from ending.
        server.closeAllConnections()
      }),
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      return address === null || typeof address === "string" ? `http://${at.host}:${at.port}` : urlOf(address)
    }),
  )
