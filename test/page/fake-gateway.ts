/**
 * A gateway that says what a test tells it to, and serves the page as the real one does: for what the page makes of answers that a real cluster gives only when it is unwell.
 */
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { pageFiles } from "../../src/http/page-files.ts"
import type {
  ClusterSaid,
  FeedSaid,
  FiguresSaid,
  PartitionSaid,
  PastSaid,
  ProblemSaid,
  QuarantineSaid,
  StockSaid,
  WhySaid,
} from "../../src/page/shapes.ts"

/** As strict as a gateway's own, and strings may not become markup at all. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

export const rightKey = "hfk_0123456789ab_right"

/** What it says. A test changes it at will. */
export interface Says {
  cluster: ClusterSaid | ProblemSaid
  stocks: Map<string, StockSaid>
  feed: FeedSaid
  quarantine: QuarantineSaid | ProblemSaid
  why: (at: string | null) => WhySaid | ProblemSaid
  past: PastSaid | ProblemSaid
}

export const figures = (over: Partial<FiguresSaid> = {}): FiguresSaid => ({
  waiting: { count: 0, oldestAgeMs: 0 },
  quarantined: 0,
  openHolds: 0,
  shortQty: 0,
  short: [],
  memory: [],
  ...over,
})

export const partition = (kind: string, at: number, over: Partial<PartitionSaid> = {}): PartitionSaid => ({
  kind,
  partition: at,
  phase: "serving",
  epoch: 3,
  confirmedSeq: 1_204 + at,
  caughtUp: true,
  figures: figures(),
  holder: "worker-1",
  halt: null,
  ...over,
})

export const followed = (kind: string, at: number, holder: string | null = "worker-1"): PartitionSaid =>
  partition(kind, at, { phase: "following", figures: null, holder })

const counts = { sku: 4, order: 4 }
const kinds = ["sku", "order"] as const
const all = (of: (kind: string, at: number) => PartitionSaid): ReadonlyArray<PartitionSaid> =>
  kinds.flatMap((kind) => Array.from({ length: counts[kind] }, (_, at) => of(kind, at)))

/** Two workers; the first owns the even partitions, unless told otherwise. */
export const cluster = (of: (worker: string, kind: string, at: number) => PartitionSaid): ClusterSaid => ({
  partitions: counts,
  workers: ["worker-1", "worker-2"].map((worker) => ({
    worker,
    ready: true,
    state: "joined",
    members: ["worker-1", "worker-2"],
    partitions: all((kind, at) => of(worker, kind, at)),
  })),
})

const ownerOf = (at: number): string => (at % 2 === 0 ? "worker-1" : "worker-2")

export const healthy = (): ClusterSaid =>
  cluster((worker, kind, at) => (ownerOf(at) === worker ? partition(kind, at, { holder: worker }) : followed(kind, at, ownerOf(at))))

export const stockOf = (sku: string, ats: number): StockSaid => ({
  sku,
  partition: 2,
  seq: 1_206,
  atMs: 1_764_000_000_000,
  offered: ats,
  openReservations: 40 - Math.min(40, ats),
  shortQty: 0,
  policy: { version: 7 },
  locations: [
    { location: "DC1", onHand: 100, reserved: 100 - ats, damaged: 0, inspection: 0, exposed: 0, safety: 0, available: ats, short: 0 },
  ],
  ats: [
    { channel: "shop", ats: Math.max(0, ats - 5) },
    { channel: "web", ats },
  ],
})

const notHere: ProblemSaid = { status: 404, title: "This gateway can't ask the past", code: "PastNotHere" }

/** How a SKU stood, from so many seconds before now on: what two channels could sell of it. */
export const pastOf = (behind: number, ...points: ReadonlyArray<readonly [secondsAgo: number, ats: number]>): PastSaid => {
  const nowMs = Date.now()
  return {
    atMs: behind === 0 ? nowMs : nowMs - 60_000,
    channels: ["shop", "web"],
    points: points.map(([secondsAgo, ats]) => ({
      atMs: nowMs - secondsAgo * 1_000,
      onHand: 100,
      reserved: 100 - ats,
      offered: ats,
      ats: [null, ats],
    })),
    known: { source: "tables", partition: 2, seq: 1_200, atMs: nowMs - 60_000, behind },
  }
}

export const says = (): Says => ({
  cluster: healthy(),
  stocks: new Map(),
  feed: { sku: "TEA-POT", told: [] },
  quarantine: { kind: "sku", partition: 0, quarantined: [], next: null },
  why: () => notHere,
  past: notHere,
})

/** Started, and where. */
export interface FakeGateway {
  readonly url: string
  readonly says: Says
  readonly close: () => Promise<void>
}

const unknownSku: ProblemSaid = { status: 404, title: "Nobody has told anything about this SKU", code: "UnknownSku" }
const unknownKey: ProblemSaid = { status: 401, title: "The API key isn't one of this gateway's", code: "KeyUnknown" }

const answerTo = (url: URL, key: string | undefined, { cluster: seen, stocks, feed, quarantine, why, past }: Says): object => {
  if (key !== `Bearer ${rightKey}`) return unknownKey
  const { pathname: path } = url
  const [, sku = "", about] = /^\/v1\/skus\/([^/]+)\/(stock|feed|why|past)$/.exec(path) ?? []
  if (about === "feed") return feed
  if (about === "past") return past
  if (about === "why") return why(url.searchParams.get("at"))
  if (about === "stock") return stocks.get(decodeURIComponent(sku)) ?? unknownSku
  if (path === "/v1/cluster") return seen
  const kind = url.searchParams.get("kind")
  return "status" in quarantine || quarantine.kind === kind ? quarantine : { ...quarantine, kind, quarantined: [] }
}

export const startFakeGateway = async (): Promise<FakeGateway> => {
  const said = says()
  const files = new Map(pageFiles().map((file) => [file.path as string, file]))
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://gateway")
    const file = files.get(url.pathname)
    if (file !== undefined) {
      response.writeHead(200, { "content-type": file.contentType, "content-security-policy": policy, "x-content-type-options": "nosniff" })
      response.end(file.body)
      return
    }
    const answer = answerTo(url, request.headers.authorization, said)
    const status = "status" in answer ? Number(answer.status) : 200
    response.writeHead(status, { "content-type": status === 200 ? "application/json" : "application/problem+json" })
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}`, says: said, close }
}
