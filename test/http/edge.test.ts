/** What holds of a gateway whoever is behind it: over senders that a test plays. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { KeyRing } from "../../src/http/key-ring.ts"
import { addKey, noKeys } from "../../src/http/keys.ts"
import { SenderRates } from "../../src/http/rates.ts"
import { serveGateway } from "../../src/http/server.ts"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { AnswerUnknown, BrokerUnavailable } from "../../src/ports/errors.ts"
import type { RequestTraces } from "../../src/ports/request-traces.ts"
import type { ActingSender, Asking, CommandHeard, FeedListener, Senders } from "../../src/ports/senders.ts"
import { textOf, until } from "../processes.ts"
import { metering } from "./no-meter.ts"

const { seen, meter } = metering()
const sent: Array<{ readonly kind: string; readonly command: object; readonly asking: Asking }> = []
let answer: () => Effect.Effect<CommandHeard, AnswerUnknown> = () => Effect.succeed({ outcome: "accepted" } as CommandHeard)
/** Of what requests a trace is kept. */
let begin: RequestTraces["begin"] = () => undefined
let listener: FeedListener | null = null
const values: Array<AtsValue> = []

const never = () => Effect.die("not asked in these tests")
const acting = (sender: string): ActingSender => ({
  sender,
  send: (kind, command, asking) =>
    Effect.suspend(() => {
      sent.push({ kind, command, asking })
      return answer()
    }),
  lost: Effect.never,
  partitions: never,
  ats: never,
  atsPage: never,
  stock: never,
  reservation: never,
  order: never,
  quarantine: never,
  workers: never,
  follow: (follower) =>
    Effect.sync(() => {
      listener = follower
      return { ready: Effect.void, all: () => values.values() }
    }),
})
const senders: Senders["Service"] = {
  names: ["web"],
  as: (sender) =>
    sender === "gone"
      ? Effect.fail(new BrokerUnavailable({ operation: "connect", cause: "no server" }))
      : Effect.succeed(sender === "nobody" ? undefined : acting(sender)),
}

let folder: string
let url: string
const keys: Record<string, string> = {}
const scope = Scope.makeUnsafe()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-edge-"))
  let file = noKeys()
  for (const sender of ["web", "shop", "gone", "nobody"]) {
    const added = addKey(file, { sender: sender as never, scopes: ["sell"] }, "now")
    if (added === null) throw new Error("there is room")
    file = added.file
    keys[sender] = added.text
  }
  await writeFile(join(folder, "keys.json"), JSON.stringify(file))
  const traces: RequestTraces = { begin: (...request) => begin(...request) }
  const parts = { senders, keys: new KeyRing(join(folder, "keys.json")), rates: new SenderRates(10_000), meter, bodyMs: 100, traces }
  url = await serveGateway(parts, {
    host: "127.0.0.1",
    port: 0,
    tls: null,
    readiness: Effect.succeed({ ready: false, missing: ["workers: none answers"] }),
    files: [],
    feedBounds: { waitingMax: 50, keptMax: 100, stalledMs: 60_000 },
  }).pipe(Scope.provide(scope), Effect.runPromise)
})
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await rm(folder, { recursive: true, force: true })
})

const reserve = { sku: "A", reservation: "r", qty: 1, holdMs: 60_000 }
const post = (as: string, headers: Readonly<Record<string, string>> = {}, signal: AbortSignal | null = null) =>
  fetch(`${url}/v1/commands/Reserve`, {
    method: "POST",
    signal,
    body: JSON.stringify(reserve),
    headers: { authorization: `Bearer ${keys[as]}`, "content-type": "application/json", "idempotency-key": "k1", ...headers },
  })
const get = (path: string, as: string) => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${keys[as]}` } })

/** What is said to a request that is written by hand. */
const rawly = (request: string): { readonly socket: Socket; readonly said: () => string; readonly ended: Promise<void> } => {
  const { port } = new URL(url)
  const socket = connect(Number(port), "127.0.0.1")
  const said = textOf(socket)
  const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()))
  socket.on("error", () => undefined)
  socket.write(request)
  return { socket, said, ended }
}

describe("a command without an answer in time", () => {
  it("has a place to ask, where the very same command is put to its owner again, for its own sender alone", async () => {
    answer = () => Effect.fail(new AnswerUnknown({ cause: "no answer came" }))
    const first = await post("web", { prefer: "wait=2" })
    const place = first.headers.get("location") ?? ""
    expect([first.status, await first.json()]).toMatchObject([202, { id: "k1", sku: "A", outcome: "unknown", ask: place }])
    answer = () => Effect.succeed({ outcome: "accepted", qty: 1 } as CommandHeard)
    const asked = await get(place, "web")
    expect([asked.status, await asked.json()]).toMatchObject([200, { id: "k1", sku: "A", outcome: "accepted", qty: 1 }])
    const [one, two] = sent.slice(-2)
    expect(two?.command).toEqual(one?.command)
    expect(one?.asking.timeoutMs).toBe(2_000)
    expect(await (await get(place, "shop")).json()).toMatchObject({ code: "Ticket" })
  })

  it("that surely nobody took is busy, and says when to come back", async () => {
    answer = () => Effect.succeed({ outcome: "busy", retryAfterMs: 1_500, why: "owner" })
    const busy = await post("web")
    expect([busy.status, busy.headers.get("retry-after"), await busy.json()]).toMatchObject([503, "2", { code: "Busy", why: "owner" }])
    answer = () => Effect.succeed({ outcome: "busy", retryAfterMs: 250, why: "queue" })
    expect((await post("web")).status).toBe(429)
  })
})

it("a trace goes along, sampled or not, and what is none does not", async () => {
  answer = () => Effect.succeed({ outcome: "accepted" } as CommandHeard)
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
  for (const given of [traceparent, traceparent.replace(/01$/, "00")]) {
    await post("web", { traceparent: given })
    expect(sent.at(-1)?.asking).toMatchObject({ traceparent: given })
  }
  for (const given of ["nonsense", `ff${traceparent.slice(2)}`, `${traceparent}-x`, traceparent.replace(/-b.*-/, `-${"0".repeat(16)}-`)]) {
    expect((await post("web", { traceparent: given })).status).toBe(200)
    expect(sent.at(-1)?.asking).not.toHaveProperty("traceparent")
  }
})

describe("a request that is traced", () => {
  const given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
  const own = "00-0af7651916cd43dd8448eb211c80319c-1111111111111111-01"

  it("has its own span go along with its commands, and ends with the status of its answer", async () => {
    answer = () => Effect.succeed({ outcome: "accepted" } as CommandHeard)
    const told: Array<unknown> = []
    begin = (...request) => {
      told.push(request)
      return { traceparent: own, ended: (status) => told.push(status) }
    }
    onTestFinished(() => {
      begin = () => undefined
    })
    await post("web", { traceparent: given })
    expect(sent.at(-1)?.asking).toMatchObject({ traceparent: own })
    await post("web", { traceparent: "nonsense", authorization: "Bearer nobody's" })
    await get("/v1/nothing", "web")
    await get("/live", "web")
    expect(told).toEqual([["/v1/commands/Reserve", "POST", given], 200, ["/v1/commands/Reserve", "POST", undefined], 401])
  })

  it("whose client went away ends without one", async () => {
    const told: Array<number | null> = []
    begin = () => ({ traceparent: own, ended: (status) => told.push(status) })
    onTestFinished(() => {
      begin = () => undefined
    })
    answer = () => Effect.never
    const asked = sent.length
    const leaving = new AbortController()
    const left = post("web", {}, leaving.signal).catch(() => undefined)
    await until(() => sent.length > asked)
    leaving.abort()
    await left
    await until(() => told.length > 0)
    expect(told).toEqual([null])
  })
})

describe("what can't be answered", () => {
  it("says what is missing: the login of a sender, the cluster, readiness", async () => {
    expect(await (await post("nobody")).json()).toMatchObject({ status: 403, code: "NoLogin" })
    const gone = await post("gone")
    expect([gone.status, gone.headers.get("retry-after"), await gone.json()]).toMatchObject([503, "1", { code: "Unreachable" }])
    const ready = await fetch(`${url}/ready`)
    expect([ready.status, await ready.json()]).toEqual([503, { ready: false, missing: ["workers: none answers"] }])
    expect((await fetch(`${url}/live`)).status).toBe(200)
  })

  it("is a defect of ours told as a problem, without what was sent", async () => {
    answer = () => Effect.die(new Error("a secret"))
    const broken = await post("web")
    const text = await broken.text()
    expect([broken.status, JSON.parse(text)]).toMatchObject([500, { code: "Defect" }])
    expect(text).not.toContain("secret")
  })
})

/** A value as the feed tells it. Its names are checked where they come from, not here. */
const told = (sku: string, version: number, cause: string): AtsValue =>
  // As above.
  ({ channel: "web", sku, ats: 1, version, delta: 0, cause, atMs: 1 }) as unknown as AtsValue

describe("who breaks off or is slow", () => {
  const head = (length: number) =>
    `POST /v1/commands/Reserve HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${keys.web}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`

  it("with a body that doesn't come is told so, and the connection ends", async () => {
    const { said, ended } = rawly(`${head(100)}{`)
    await ended
    expect(said()).toMatch(/^HTTP\/1\.1 408 /)
    expect(said()).toContain("/problems/TooSlow")
  })

  it("with headers that are too large is told so", async () => {
    const { said, ended } = rawly(`GET /live HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(40_000)}\r\n\r\n`)
    await ended
    expect(said()).toMatch(/^HTTP\/1\.1 431 /)
    expect(said()).toContain("/problems/HeadersTooLarge")
  })

  it("with a length beyond the bound is refused before anything is read", async () => {
    const { said } = rawly(head(10_000_000))
    await until(() => said().includes("/problems/TooLarge"))
  })

  it("without a length is refused at the byte that is too much, and a piece at a time gets no more time", async () => {
    const pieces = head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked")
    const endless = rawly(`${pieces}${`10000\r\n${" ".repeat(0x10000)}\r\n`.repeat(2)}`)
    await endless.ended
    expect(endless.said()).toContain("/problems/TooLarge")
    const slow = rawly(pieces)
    const dripping = setInterval(() => slow.socket.write("1\r\n \r\n"), 20)
    await slow.ended
    clearInterval(dripping)
    expect(slow.said()).toMatch(/^HTTP\/1\.1 408 /)
  })

  it("with a stream of events that it never reads is dropped and counted, and others go on", async () => {
    const deaf = rawly(`GET /v1/events/ats HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${keys.web}\r\n\r\n`)
    await until(() => deaf.said().includes("event: live"))
    deaf.socket.pause()
    const reader = await get("/v1/events/ats", "web")
    let read = ""
    const reading = (async () => {
      const decoder = new TextDecoder()
      for await (const piece of reader.body ?? []) read = (read + decoder.decode(piece, { stream: true })).slice(-20_000)
    })().catch(() => undefined)
    await until(() => seen.streams === 2)
    let version = 0
    await until(() => {
      listener?.onValue(told("A", ++version, "x".repeat(200_000)))
      return seen.dropped.length > 0
    })
    expect(seen.dropped).toEqual(["behind"])
    await until(() => seen.streams === 1)
    listener?.onValue(told("B", 1, "Last"))
    await until(() => read.includes('"sku":"B"'))
    deaf.socket.destroy()
    await reader.body?.cancel().catch(() => undefined)
    void reading
  })
})

describe("pages for people", () => {
  it("are served under strict policies, and load nothing from elsewhere", async () => {
    for (const path of ["/", "/problems", "/problems/InsufficientStock", "/plain.css", "/openapi.json"]) {
      const page = await fetch(`${url}${path}`)
      expect([path, page.status]).toEqual([path, 200])
      expect(page.headers.get("content-security-policy")).toContain("script-src 'self'")
    }
    expect((await fetch(`${url}/problems/Nonsense`)).status).toBe(404)
    const reference = await fetch(`${url}/reference`)
    const html = await reference.text()
    expect(reference.headers.get("content-security-policy")).toMatch(/script-src 'sha256-[^ ]+' 'sha256-[^ ]+'; /)
    expect(html).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)="https?:/)
  })
})
