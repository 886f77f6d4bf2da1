/** A gateway over a real cluster, asked with fetch as any program would. */
import { readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { addKey, type KeysFile, revokeKey } from "../../src/http/keys.ts"
import { RealCluster, startTimeoutMs } from "../integration/real-cluster.ts"
import { until } from "../processes.ts"
import { type RealGateway, startGateway } from "./real-gateway.ts"

let cluster: RealCluster
let gateway: RealGateway

beforeAll(async () => {
  cluster = await RealCluster.start()
  cluster.startWorker(new URL("./undecidable-orders.ts", import.meta.url))
  gateway = await startGateway(cluster.server)
}, startTimeoutMs)
afterAll(async () => {
  await gateway?.stop()
  await cluster?.stop()
})

interface Heard {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

const ask = async (path: string, as: string | null, init: RequestInit = {}, at = gateway.url): Promise<Heard> => {
  const headers = new Headers(init.headers)
  if (as !== null) headers.set("authorization", `Bearer ${gateway.keys[as] ?? as}`)
  const answer = await fetch(`${at}${path}`, { ...init, headers })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text === "" ? {} : JSON.parse(text) }
}

const send = (
  type: string,
  as: string | null,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  at = gateway.url,
): Promise<Heard> =>
  ask(
    `/v1/commands/${type}`,
    as,
    {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", prefer: "wait=25", ...headers },
    },
    at,
  )

let count = 0
const nextId = (): string => `t${++count}`

const stocked = async (sku: string, qty: number): Promise<void> => {
  const line = { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
  // Asked again while the cluster begins.
  for (;;) {
    const policy = await send(
      "SetPolicy",
      "planner",
      { sku, policy: { channels: [line], safety: [], sourcing: [] } },
      { "idempotency-key": `policy-${sku}` },
    )
    if (policy.status === 200) break
  }
  expect(await send("ReceiveStock", "warehouse", { sku, location: "L", qty }, { "idempotency-key": nextId() })).toMatchObject({
    status: 200,
  })
}

const reserve = (sku: string, qty = 1) => ({ sku, reservation: nextId(), qty, holdMs: 60_000 })

describe("a program that sells", () => {
  it("hears the decision, and the same one when it asks again", async () => {
    await stocked("A", 20)
    const [body, key] = [reserve("A", 2), { "idempotency-key": nextId() }]
    const first = await send("Reserve", "web", body, key)
    expect(first).toMatchObject({ status: 200, body: { id: key["idempotency-key"], sku: "A", outcome: "accepted", qty: 2 } })
    const again = await send("Reserve", "web", body, key)
    expect(again).toMatchObject({ status: 200, body: { ...first.body, repeated: true } })
  })

  it("is refused with a problem whose type leads to a page of this gateway", async () => {
    const refused = await send("Reserve", "web", reserve("A", 99), { "idempotency-key": nextId() })
    expect(refused).toMatchObject({ status: 409, body: { type: "/problems/InsufficientStock", code: "InsufficientStock", ats: 18 } })
    expect(refused.headers.get("content-type")).toBe("application/problem+json")
    const page = await fetch(`${gateway.url}${refused.body.type}`)
    expect(page.status).toBe(200)
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'")
  })

  it("hears IdReused, as the owner decides it, where a key comes again with another body", async () => {
    const [body, key] = [reserve("A", 1), { "idempotency-key": nextId() }]
    await send("Reserve", "web", body, key)
    expect(await send("Reserve", "web", { ...body, qty: 2 }, key)).toMatchObject({ status: 422, body: { code: "IdReused", field: "qty" } })
  })

  it("sends many of several SKUs and kinds at once, each with its own answer", async () => {
    await stocked("B", 1)
    const many = [
      { type: "Reserve", id: nextId(), ...reserve("B") },
      { type: "Reserve", id: nextId(), ...reserve("B") },
      { type: "PlaceOrder", id: nextId(), order: nextId(), fill: "whole", holdMs: 60_000, lines: [{ sku: "A", qty: 1 }] },
      { type: "ReceiveStock", id: nextId(), sku: "A", location: "L", qty: 1 },
      { type: "Nonsense", id: nextId() },
    ]
    const init = { method: "POST", body: JSON.stringify(many), headers: { "content-type": "application/json", prefer: "wait=25" } }
    const { status, body } = await ask("/v1/commands", "web", init)
    expect(status).toBe(200)
    const results = body.results as ReadonlyArray<{ status: number; problem?: { code: string } }>
    expect(results.map((result) => [result.status, result.problem?.code])).toEqual([
      [200, undefined],
      [409, "InsufficientStock"],
      [200, undefined],
      [403, "KeyScope"],
      [400, "UnknownType"],
    ])
  })

  it("asks what stands: ATS of one, of some and of all, its reservation, its order", async () => {
    const held = reserve("A", 1)
    await send("Reserve", "web", held, { "idempotency-key": nextId() })
    const order = nextId()
    await send(
      "PlaceOrder",
      "web",
      { order, fill: "whole", holdMs: 60_000, lines: [{ sku: "A", qty: 1 }] },
      { "idempotency-key": nextId() },
    )
    const one = await ask("/v1/ats/A", "web")
    expect(one).toMatchObject({ status: 200, body: { channel: "web", sku: "A" } })
    expect(await ask("/v1/ats?sku=A&sku=nobodys", "web")).toMatchObject({
      body: { values: [{ sku: "A" }], notSold: ["nobodys"], unanswered: [], next: null },
    })
    const skus: Array<unknown> = []
    for (let at: string | null = "/v1/ats"; at !== null; ) {
      const { body } = await ask(at, "web")
      skus.push(...(body.values as ReadonlyArray<{ sku: string }>).map(({ sku }) => sku))
      at = body.next === null ? null : `/v1/ats?cursor=${body.next}`
    }
    expect(skus.sort()).toEqual(["A", "B"])
    expect(await ask(`/v1/skus/A/reservations/${held.reservation}`, "web")).toMatchObject({ status: 200, body: { status: "held" } })
    expect(await ask(`/v1/orders/${order}`, "web")).toMatchObject({ status: 200, body: { phase: "held" } })
    expect(await ask("/v1/skus/A/reservations/none", "web")).toMatchObject({ status: 404, body: { code: "UnknownReservation" } })
    expect(await ask("/v1/skus/A/stock", "warehouse")).toMatchObject({ status: 200, body: { sku: "A" } })
    expect(await ask("/v1/skus/A/policy", "planner")).toMatchObject({ status: 200, body: { policy: { version: 1 } } })
    expect(await ask("/v1/skus/A/stock", "web")).toMatchObject({ status: 403, body: { code: "NotAllowed" } })
    expect(await ask("/v1/cluster", "operator")).toMatchObject({ status: 200, body: { partitions: { sku: 4, order: 4 } } })
  })
  it("asks how its feed keeps up with what is decided, if it may ask for the stock", async () => {
    await stocked("FED", 20)
    const asked = () => ask("/v1/skus/FED/feed", "operator", { headers: { prefer: "wait=25" } })
    const told = async () =>
      ((await asked()).body.told as ReadonlyArray<{ channel: string; ats: number; lagMs: number | null }> | undefined)?.[0]
    await until(async () => (await told())?.ats === 20)
    await send("Reserve", "web", reserve("FED", 2), { "idempotency-key": nextId() })
    await until(async () => (await told())?.ats === 18)
    expect(await told()).toMatchObject({ channel: "web", lagMs: expect.any(Number) })
    expect(await ask("/v1/skus/FED/feed", "web")).toMatchObject({ status: 403, body: { code: "NotAllowed" } })
    expect(await ask("/v1/skus/FED/why?channel=web", "operator")).toMatchObject({ status: 404, body: { code: "PastNotHere" } })
  })
})

interface Entry {
  readonly quarantined: string
  readonly command: { readonly id: string; readonly channel?: string; readonly order?: string }
}

/** What lies in quarantine of a command's id, by all pages of its kind. */
const entryOf = async (kind: string, id: string): Promise<Entry | undefined> => {
  const entries: Array<Entry> = []
  for (let cursor: unknown = ""; cursor !== null; ) {
    const { body } = await ask(`/v1/quarantine?kind=${kind}${cursor === "" ? "" : `&cursor=${cursor}`}`, "operator")
    entries.push(...(body.quarantined as ReadonlyArray<Entry>))
    cursor = body.next
  }
  return entries.find(({ command }) => command.id === id)
}

describe("quarantine", () => {
  it("is listed in pages, and settled with a reason", async () => {
    const id = nextId()
    const long = await send("RecordSale", "web", { sku: "A", mode: "taken", qty: 5_000, location: "L" }, { "idempotency-key": id })
    expect(long).toMatchObject({ status: 202, body: { outcome: "quarantined" } })
    const entry = await entryOf("sku", id)
    const drop = { sku: "A", quarantined: entry?.quarantined, reason: "a slip of the till" }
    expect(await send("DropQuarantined", "operator", drop, { "idempotency-key": nextId() })).toMatchObject({ status: 200 })
    // Its sender asks at the place that it was given.
    expect(await ask(long.headers.get("location") ?? "", "web")).toMatchObject({
      status: 409,
      body: { code: "Dropped", detail: "a slip of the till" },
    })
  })

  it("has what is about orders too: an operator, who says whose the order is, has it decided again or drops it, and its channel hears of it", async () => {
    await writeFile(join(cluster.folder, "undecidable"), "")
    const place = (order: string) => ({ order, fill: "whole", holdMs: 60_000, lines: [{ sku: "A", qty: 1 }] })
    const [again, dropped] = [nextId(), nextId()]
    const stuck = await Promise.all(
      [again, dropped].map((id) => send("PlaceOrder", "web", place(`stuck-${id}`), { "idempotency-key": id })),
    )
    for (const { status, body } of stuck) expect([status, body.outcome]).toEqual([202, "quarantined"])
    const settle = async (type: string, id: string, more: object, as = "operator") => {
      const entry = await entryOf("order", id)
      const { channel, order } = entry?.command ?? {}
      return send(type, as, { channel, order, quarantined: entry?.quarantined, ...more }, { "idempotency-key": nextId() })
    }
    expect(await settle("ReplayOrderCommand", again, {})).toMatchObject({ status: 409, body: { code: "StillUndecidable" } })
    await rm(join(cluster.folder, "undecidable"))
    expect(await settle("ReplayOrderCommand", again, { channel: "shop" })).toMatchObject({ status: 404, body: { code: "NotQuarantined" } })
    expect(await settle("ReplayOrderCommand", again, {}, "web")).toMatchObject({ status: 403, body: { code: "KeyScope" } })
    expect(await settle("ReplayOrderCommand", again, { channel: undefined })).toMatchObject({ status: 400, body: { field: "channel" } })
    expect(await settle("ReplayOrderCommand", again, {})).toMatchObject({ status: 200, body: { order: `stuck-${again}` } })
    expect(await settle("DropOrderCommand", dropped, { reason: "placed elsewhere" })).toMatchObject({ status: 200 })
    const [placed, given] = await Promise.all(stuck.map(({ headers }) => ask(headers.get("location") ?? "", "web")))
    expect(placed).toMatchObject({ status: 200, body: { outcome: "accepted", order: `stuck-${again}` } })
    expect(given).toMatchObject({ status: 409, body: { code: "Dropped", detail: "placed elsewhere" } })
  })
})

describe("bad input", () => {
  const good = () => ({ sku: "A", reservation: nextId(), qty: 1, holdMs: 60_000 })
  const post = (body: string, headers: Readonly<Record<string, string>> = {}) =>
    send("Reserve", "web", body, { "idempotency-key": nextId(), ...headers })

  it("is answered with what is wrong and where", async () => {
    expect(await post(JSON.stringify({ ...good(), qty: 0 }))).toMatchObject({ status: 400, body: { code: "InvalidField", field: "qty" } })
    expect(await post(JSON.stringify({ ...good(), qty: "1" }))).toMatchObject({ status: 400, body: { code: "InvalidField", field: "qty" } })
    expect(await post("[]")).toMatchObject({ status: 400, body: { code: "Malformed" } })
    expect(await post(JSON.stringify({ ...good(), colour: 1 }))).toMatchObject({
      status: 400,
      body: { code: "InvalidField", field: "colour" },
    })
    expect(await post(JSON.stringify({ ...good(), type: "Confirm" }))).toMatchObject({ status: 400, body: { field: "type" } })
    expect(await post('{"sku":"A","sku":"B"}')).toMatchObject({ status: 400, body: { code: "Malformed", field: "sku" } })
    expect(await post(`${"[".repeat(30_000)}${"]".repeat(30_000)}`)).toMatchObject({ status: 400, body: { code: "Malformed" } })
    expect(await post(`{"a":"${"x".repeat(70_000)}"}`)).toMatchObject({ status: 413, body: { code: "TooLarge" } })
    expect(await post("{}", { "content-type": "text/plain" })).toMatchObject({ status: 415, body: { code: "MediaType" } })
    expect(await post(JSON.stringify({ ...good(), id: "other" }))).toMatchObject({ status: 400, body: { field: "id" } })
    expect(await send("Reserve", "web", good())).toMatchObject({ status: 400, body: { field: "id" } })
    expect(await send("Nonsense", "web", good())).toMatchObject({ status: 404, body: { code: "NotFound" } })
    const got = await ask("/v1/commands/Reserve", "web")
    expect([got.status, got.headers.get("allow")]).toEqual([405, "POST"])
    expect(await ask("/v1/ats/%zz", "web")).toMatchObject({ status: 404, body: { code: "NotFound" } })
    expect(await ask("/v1/ats?nonsense=1", "web")).toMatchObject({ status: 400, body: { code: "QueryInvalid" } })
  })

  it("finds keys missing, unknown and without the scope, and forged tickets and cursors of no use", async () => {
    expect(await ask("/v1/ats", null)).toMatchObject({ status: 401, body: { code: "KeyMissing" } })
    expect(await ask("/v1/ats", `hfk_${"0".repeat(12)}_${"a".repeat(43)}`)).toMatchObject({ status: 401, body: { code: "KeyUnknown" } })
    const other = gateway.keys.web?.replace(/.$/, (last) => (last === "A" ? "B" : "A")) ?? ""
    expect(await ask("/v1/ats", other)).toMatchObject({ status: 401, body: { code: "KeyUnknown" } })
    expect(await send("ReceiveStock", "web", { sku: "A", location: "L", qty: 1 }, { "idempotency-key": nextId() })).toMatchObject({
      status: 403,
      body: { code: "KeyScope" },
    })
    expect(await ask("/v1/ats?cursor=0.4.0.0.AAAAAAAAAAAAAAAAAAAAAA", "web")).toMatchObject({ status: 400, body: { code: "Cursor" } })
    expect(await ask("/v1/tickets/abc.AAAAAAAAAAAAAAAAAAAAAA", "web")).toMatchObject({ status: 400, body: { code: "Ticket" } })
    expect(await ask("/v1/events/ats", "web", { headers: { "last-event-id": "forged" } })).toMatchObject({
      status: 400,
      body: { code: "HeaderInvalid" },
    })
  })

  it("of another's key does nothing with what is not its sender's, whatever the key was made for", async () => {
    const file = JSON.parse(await readFile(gateway.keysPath, "utf8")) as KeysFile
    const added = addKey(file, { sender: "warehouse" as never, scopes: ["sell", "operator"] }, new Date().toISOString())
    await writeFile(gateway.keysPath, JSON.stringify(added?.file))
    const as = added?.text ?? ""
    await stocked("MINE", 1)
    await until(async () => (await ask("/v1/skus/MINE/stock", as)).status === 200)
    const held = reserve("MINE")
    expect(await send("Reserve", "web", held, { "idempotency-key": nextId() })).toMatchObject({ status: 200 })
    const { sku, reservation } = held
    const no = { status: 403, body: { code: "NotAllowed" } }
    expect(await send("Confirm", as, { sku, reservation }, { "idempotency-key": nextId() })).toMatchObject(no)
    expect(await send("DropQuarantined", as, { sku, quarantined: "1-0", reason: "x" }, { "idempotency-key": nextId() })).toMatchObject(no)
    for (const path of ["/v1/quarantine", "/v1/cluster"]) expect([path, await ask(path, as)]).toMatchObject([path, no])
    expect(await ask("/v1/ats/MINE", as)).toMatchObject({ status: 409, body: { code: "NotSoldHere" } })
    expect(await ask(`/v1/skus/MINE/reservations/${reservation}`, as)).toMatchObject({ status: 404, body: { code: "UnknownReservation" } })
    expect(await ask(`/v1/skus/MINE/reservations/${reservation}`, "web")).toMatchObject({ status: 200, body: { status: "held" } })
    await writeFile(gateway.keysPath, JSON.stringify(file))
  })

  it("of one sender too fast is 429 with a time to come back, and another sender is not touched", async () => {
    const slow = await gateway.another({ perSecond: 2 })
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask("/v1/ats/A", "web", {}, slow.url)))
    const limited = answers.find(({ status }) => status === 429)
    expect(limited?.body).toMatchObject({ code: "TooManyRequests" })
    expect(Number(limited?.headers.get("retry-after"))).toBeGreaterThanOrEqual(1)
    expect(await ask("/v1/skus/A/stock", "warehouse", {}, slow.url)).toMatchObject({ status: 200 })
  })
})

/** Reads a stream of events until `isEnough` of its text. */
const readEvents = async (
  path: string,
  headers: Readonly<Record<string, string>>,
  isEnough: (text: string) => boolean,
): Promise<string> => {
  const stop = new AbortController()
  const answer = await fetch(`${gateway.url}${path}`, {
    headers: { authorization: `Bearer ${gateway.keys.web}`, ...headers },
    signal: stop.signal,
  })
  let text = ""
  const decoder = new TextDecoder()
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece, { stream: true })
    if (isEnough(text)) break
  }
  stop.abort()
  return text
}
const idsIn = (text: string): ReadonlyArray<string> => [...text.matchAll(/^id: (.+)$/gm)].map(([, id = ""]) => id)

describe("the feed as events", () => {
  it("begins with current values, goes on with what changes, and goes on from there for whoever comes back", async () => {
    const first = await readEvents("/v1/events/ats?sku=A", {}, (text) => text.includes("event: live"))
    expect(first).toContain("event: current")
    expect(first).toMatch(/"channel":"web","sku":"A"/)
    expect(first).not.toContain('"sku":"B"')
    const last = idsIn(first).at(-1) ?? ""
    await send("Reserve", "web", reserve("A", 1), { "idempotency-key": nextId() })
    const resumed = await readEvents("/v1/events/ats?sku=A", { "last-event-id": last }, (text) => idsIn(text).length > 0)
    expect(resumed).not.toContain("event: current")
    expect(resumed).toMatch(/event: ats\ndata: \{[^\n]*"sku":"A"/)
    const elsewhere = await readEvents("/v1/events/ats", { "last-event-id": "another-7" }, (text) => text.includes("event: live"))
    expect(elsewhere).toContain("event: current")
  })
})

describe("keys", () => {
  it("that are revoked are refused at once, and their streams end", async () => {
    const file = JSON.parse(await readFile(gateway.keysPath, "utf8")) as KeysFile
    const stream = readEvents("/v1/events/ats", {}, () => false)
    await until(() => gateway.seen.streams > 0)
    const id = gateway.keys.web?.slice(4, 16) ?? ""
    await writeFile(gateway.keysPath, JSON.stringify(revokeKey(file, id, new Date().toISOString())))
    await until(async () => (await ask("/v1/ats", "web")).body.code === "KeyRevoked")
    await stream
    await writeFile(gateway.keysPath, JSON.stringify(file))
    await until(async () => (await ask("/v1/ats", "web")).status === 200)
  })
})

interface ClusterSeen {
  readonly workers?: ReadonlyArray<{
    readonly partitions: ReadonlyArray<{ readonly kind?: string; readonly partition: number; readonly role: string }>
  }>
}

/** How many workers own partitions of SKUs. */
const owners = async (): Promise<number> => {
  const { workers = [] } = (await ask("/v1/cluster", "operator")).body as ClusterSeen
  return workers.filter(({ partitions }) => partitions.some(({ role, kind = "sku" }) => role === "owner" && kind === "sku")).length
}

describe("a takeover", () => {
  it("leaves commands undecided with a place to ask, where their one decision is heard afterwards", async () => {
    const skus = ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"]
    await Promise.all(skus.map((sku) => stocked(sku, 5)))
    cluster.startWorker()
    await until(async () => (await owners()) === 2)
    const facts = skus.map((sku) => ({ body: { sku, location: "L", qty: 1 }, key: { "idempotency-key": nextId(), prefer: "wait=1" } }))
    const sales = skus.map((sku) => ({ body: reserve(sku), key: { "idempotency-key": nextId(), prefer: "wait=1" } }))
    await cluster.killWorker()
    const told = facts.map(({ body, key }) => send("ReceiveStock", "warehouse", body, key))
    const sold = await Promise.all(sales.map(({ body, key }) => send("Reserve", "web", body, key)))
    const undecided = (await Promise.all(told)).filter(({ status }) => status === 202)
    // What is stored for the partitions of the one that died waits for their new owner.
    expect(undecided.length).toBeGreaterThan(0)
    for (const { body, headers } of undecided) {
      expect(headers.get("location")).toBe(body.ask)
      let heard = await ask(String(body.ask), "warehouse")
      await until(async () => {
        if (heard.status !== 200) heard = await ask(String(body.ask), "warehouse")
        return heard.status === 200
      })
      expect(heard.body).toMatchObject({ id: body.id, outcome: "accepted" })
    }
    for (const [at, { body, key }] of sales.entries()) {
      const again = await send("Reserve", "web", body, { ...key, prefer: "wait=25" })
      expect(again).toMatchObject({ status: 200, body: { outcome: "accepted", qty: 1 } })
      if (sold[at]?.status === 200) expect(again.body).toMatchObject({ ...sold[at].body, repeated: true })
    }
    // Told twice and asked about, each fact counts once: 5 and 1, one of them held.
    expect(await ask("/v1/ats/C1", "web", { headers: { prefer: "wait=25" } })).toMatchObject({ body: { ats: 5 } })
  })
})
