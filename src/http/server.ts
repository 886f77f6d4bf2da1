/**
 * The gateway as a server that listens: its interface, its pages, its bounds on whoever connects.
 *
 * Headers, bodies, connections and how slowly any of it may come are bounded here and in reading.ts, before anything is made of a request. What breaks the rules of HTTP itself is answered on the bare connection.
 */
import { createServer, type Server } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { Socket } from "node:net"
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer, Schema, type Scope } from "effect"
import { HttpRouter, HttpServer, type HttpServerError } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import {
  httpBodyMsMax,
  httpConnectionsMax,
  httpHeaderBytesMax,
  httpHeadersMsMax,
  httpIdleMsMax,
  skuBytesMax,
  ticketCharsMax,
} from "../limits.ts"
import { GatewayApi } from "./api.ts"
import { edgeLayer } from "./edge.ts"
import { eventsLayer } from "./events.ts"
import type { FeedBounds } from "./feed.ts"
import type { Gateway } from "./gateway.ts"
import { handlersLayer, type Readiness } from "./handlers.ts"
import { pagePaths, pagesLayer, type StaticPage } from "./pages.ts"
import { type ProblemName, problemBody, problemMediaType } from "./problems.ts"

/** The address can't be listened on. Choose another with HOLDFAST_GATEWAY_HOST and HOLDFAST_GATEWAY_PORT. */
export class GatewayUnavailable extends Schema.TaggedError<GatewayUnavailable>()("GatewayUnavailable", {
  address: Schema.String,
  cause: Schema.String,
}) {
  override get message(): string {
    return `the gateway can't listen at ${this.address}: ${this.cause}. Choose another address with HOLDFAST_GATEWAY_HOST and HOLDFAST_GATEWAY_PORT, or end what listens there`
  }
}

/** A certificate and its key, in PEM. */
export interface Tls {
  readonly cert: string
  readonly key: string
}

/** Where a gateway listens, and what it is given beside its parts. */
export interface GatewayOptions {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  /** Null: plain HTTP, for loopback or behind a proxy that ends TLS. */
  readonly tls: Tls | null
  readonly readiness: Effect.Effect<Readiness>
  /** A page of its own. */
  readonly files: ReadonlyArray<StaticPage>
  /** Other than usual, for tests. */
  readonly feedBounds?: FeedBounds
}

/** What Node's parser found, as a problem. */
const problemOfParser: Readonly<Record<string, ProblemName>> = {
  HPE_HEADER_OVERFLOW: "HeadersTooLarge",
  ERR_HTTP_REQUEST_TIMEOUT: "TooSlow",
}

/** Answers on the bare connection what never became a request. */
const refuseUnparsed = (error: Error & { readonly code?: string }, socket: Socket): void => {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy()
    return
  }
  const name = problemOfParser[error.code ?? ""] ?? "Incomplete"
  const body = JSON.stringify(problemBody(name))
  const { status } = problemBody(name)
  socket.end(
    `HTTP/1.1 ${status} ${status === 431 ? "Request Header Fields Too Large" : status === 408 ? "Request Timeout" : "Bad Request"}\r\nContent-Type: ${problemMediaType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

const boundedServer = (tls: Tls | null): Server => {
  const bounds = {
    maxHeaderSize: httpHeaderBytesMax,
    headersTimeout: httpHeadersMsMax,
    // A body is cut by reading.ts, with an answer; this ends what is not even read.
    requestTimeout: httpHeadersMsMax + 2 * httpBodyMsMax,
    keepAliveTimeout: httpIdleMsMax,
    connectionsCheckingInterval: 1_000,
  }
  const server = tls === null ? createServer(bounds) : createTlsServer({ ...bounds, ...tls, minVersion: "TLSv1.2" })
  server.maxConnections = httpConnectionsMax
  server.on("clientError", (error, socket) => refuseUnparsed(error, socket as Socket))
  return server
}

const routesOf = (gateway: Gateway, { readiness, files, feedBounds }: GatewayOptions) =>
  HttpApiBuilder.layer(GatewayApi).pipe(
    Layer.provide(eventsLayer(gateway, feedBounds)),
    Layer.provide(handlersLayer(gateway, readiness)),
    Layer.merge(pagesLayer(files)),
    Layer.provide(edgeLayer(gateway, pagePaths(files))),
  )

/** Names in an address: a SKU percent-encoded, or a ticket. */
const routerConfig = { maxParamLength: Math.max(ticketCharsMax, 3 * skuBytesMax) + 1 }

/** Milliseconds for which answers that are under way are waited for when it ends. */
const leaveMs = 2_000

/** Listens until the scope closes. Returns where. */
export const serveGateway = (gateway: Gateway, options: GatewayOptions): Effect.Effect<string, GatewayUnavailable, Scope.Scope> => {
  const { host, port, tls } = options
  const server = NodeHttpServer.layer(() => boundedServer(tls), { host, port, gracefulShutdownTimeout: leaveMs })
  // Of handlers that are listed at run time the compiler can't say what they need: they need nothing, as the first start shows.
  const app = HttpRouter.serve(routesOf(gateway, options), { disableLogger: true, disableListenLog: true, routerConfig }).pipe(
    Layer.provideMerge(server),
  ) as Layer.Layer<HttpServer.HttpServer, HttpServerError.ServeError>
  return Layer.build(app).pipe(
    Effect.mapError(
      ({ cause }) => new GatewayUnavailable({ address: `${host}:${port}`, cause: cause instanceof Error ? cause.message : String(cause) }),
    ),
    Effect.map((built) =>
      HttpServer.formatAddress(Context.get(built, HttpServer.HttpServer).address).replace(/^http:/, tls === null ? "http:" : "https:"),
    ),
  )
}
