/** The parts of a gateway that need no cluster: keys, tickets, rates, the feed of many clients, and the interface as a document. */
import { readFileSync } from "node:fs"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { RefusalReason } from "../../src/domain/refusals.ts"
import { answerTo } from "../../src/http/answering.ts"
import { bodyOf, offered } from "../../src/http/bodies.ts"
import { ChannelFeed, FeedClient } from "../../src/http/feed.ts"
import { addKey, keyShown, keysById, noKeys, revokeKey, sealed, unsealed } from "../../src/http/keys.ts"
import { openapiDocument, policyOfScripts } from "../../src/http/pages.ts"
import { problems } from "../../src/http/problems.ts"
import { SenderRates } from "../../src/http/rates.ts"
import { askedBy, ticketOf } from "../../src/http/tickets.ts"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { keysPerSenderMax } from "../../src/limits.ts"
import { openapiText, problemsText } from "../../tools/openapi.ts"

const web = { sender: "web" as never, scopes: ["sell"] as const }

describe("API keys", () => {
  it("are kept as digests, and known again by their secret alone", () => {
    const added = addKey(noKeys(), web, "now")
    if (added === null) throw new Error("there is room")
    const byId = keysById(added.file)
    expect(JSON.stringify(added.file)).not.toContain(added.text.slice(17))
    expect(keyShown(byId, added.text)).toMatchObject({ _tag: "Valid", key: { sender: "web", scopes: ["sell"] } })
    for (const wrong of ["", "hfk_", `${added.text}A`, added.text.slice(0, -1), `hfk_${added.id}_${"A".repeat(43)}`])
      expect(keyShown(byId, wrong)).toEqual({ _tag: "Unknown" })
  })

  it("are two a sender at most, so that one can take the place of the other; a revoked one makes room", () => {
    let file = noKeys()
    for (let made = 0; made < keysPerSenderMax; made++) file = addKey(file, web, "now")?.file ?? file
    expect(addKey(file, web, "now")).toBeNull()
    const id = file.keys[0]?.id ?? ""
    const revoked = revokeKey(file, id, "now")
    expect(revokeKey(revoked ?? file, id, "now")).toBeNull()
    expect(addKey(revoked ?? file, web, "now")).not.toBeNull()
  })
})

describe("what is sealed", () => {
  it("holds for its sender and its purpose alone", () => {
    const { seal } = noKeys()
    const whole = sealed(seal, "ats", "web", "0.4.7.1")
    expect(unsealed(seal, "ats", "web", whole)).toBe("0.4.7.1")
    expect(unsealed(seal, "ats", "shop", whole)).toBeUndefined()
    expect(unsealed(seal, "ticket", "web", whole)).toBeUndefined()
    expect(unsealed(noKeys().seal, "ats", "web", whole)).toBeUndefined()
    expect(unsealed(seal, "ats", "web", whole.replace("7", "8"))).toBeUndefined()
  })

  it("is a command that a ticket asks about, or none where it is too long for an address", () => {
    const asked = { kind: "sku", command: { type: "Reserve", id: "1", sku: "Ä/b" } } as const
    const ticket = ticketOf("s", "web", asked) ?? ""
    expect(askedBy("s", "web", ticket)).toEqual(asked)
    expect(askedBy("s", "shop", ticket)).toBeUndefined()
    const noise = Array.from({ length: 20_000 }, (_, at) => ((at * 7919) % 36).toString(36) + ((at * 104_729) % 97)).join("")
    expect(ticketOf("s", "web", { kind: "sku", command: { noise } })).toBeUndefined()
  })
})

it("a rate is paid for as time passes, and a larger request than a second's worth afterwards", () => {
  const rates = new SenderRates(10)
  expect(rates.spend("web", 10, 0)).toBe(0)
  expect(rates.spend("web", 1, 0)).toBe(100)
  expect(rates.spend("shop", 1, 0)).toBe(0)
  expect(rates.spend("web", 1, 100)).toBe(0)
  expect(rates.spend("web", 30, 1_100)).toBe(0)
  expect(rates.spend("web", 1, 2_100)).toBe(1_100)
})

const value = (sku: string, version: number) => ({ channel: "web", sku, ats: 1, version, delta: 0, cause: "Reserved", atMs: 1 }) as AtsValue
const bounds = { waitingMax: 3, keptMax: 4, stalledMs: 100 }
const clientOf = (dropped: Array<string>, wanted: ReadonlySet<string> | null = null) =>
  new FeedClient(wanted, bounds, 0, (why) => dropped.push(why))

describe("a feed at a gateway", () => {
  it("hands whoever comes back what came after the event that it read last, of its SKUs", async () => {
    const feed = new ChannelFeed("f", bounds)
    feed.heard(value("A", 1))
    const { lastId } = feed
    feed.heard(value("A", 2))
    feed.heard(value("B", 3))
    const back = clientOf([], new Set(["A"]))
    expect(feed.join(back, lastId)).toBe(true)
    const text = await Effect.runPromise(back.take(() => 0))
    expect([text.includes('"version":2'), text.includes('"sku":"B"'), text.includes('"version":1')]).toEqual([true, false, false])
  })

  it("says that it no longer knows what came after one of long ago, of another gateway, or of none", () => {
    const feed = new ChannelFeed("f", bounds)
    const { lastId } = feed
    for (let version = 1; version <= 6; version++) feed.heard(value("A", version))
    for (const id of [lastId, "g-1", "f-99", undefined]) expect(feed.join(clientOf([]), id)).toBe(false)
  })

  it("drops a client that is behind or takes nothing, and no other", () => {
    const [slow, deaf, good]: [Array<string>, Array<string>, Array<string>] = [[], [], []]
    const feed = new ChannelFeed("f", bounds)
    const reading = clientOf(good)
    feed.join(clientOf(slow), undefined)
    feed.join(reading, undefined)
    for (let version = 1; version <= 4; version++) {
      feed.heard(value("A", version))
      Effect.runSync(reading.take(() => 90))
    }
    feed.join(clientOf(deaf), undefined)
    feed.dropStalled(101)
    expect([slow, deaf, good]).toEqual([["behind"], ["stalled"], []])
  })
})

describe("the interface", () => {
  it("has an address for every command that senders may send, made from its declaration", () => {
    const { paths } = openapiDocument()
    for (const command of offered) {
      expect(paths[`/v1/commands/${command.spec.type}`]?.post).toBeDefined()
      expect(Object.keys(bodyOf(command).ast)).not.toHaveLength(0)
    }
    expect(offered.map(({ spec }) => spec.type)).not.toContain("NoteLine")
  })

  it("has a problem with a status and a remedy for every refusal", () => {
    for (const reason of RefusalReason) expect(problems[reason].status).toBeGreaterThanOrEqual(400)
    for (const { title, remedy, status } of Object.values(problems)) {
      expect(remedy.length).toBeGreaterThan(0)
      expect(title.length).toBeGreaterThan(0)
      expect(status).toBeLessThan(504)
    }
  })

  it("says of what may be otherwise later that the refused id keeps its answer, and that a new one is needed", () => {
    const mayChange = ["UnknownSku", "NotSoldHere", "InsufficientStock", "PolicyOutdated", "UnknownReservation", "QtyExceedsOpen"] as const
    for (const reason of mayChange) expect(problems[reason].remedy).toMatch(/takes a new id \(a new `Idempotency-Key`\)/)
  })

  it("is as docs/openapi.json and docs/PROBLEMS.md have it", () => {
    const doc = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8")
    expect(doc("openapi.json")).toBe(openapiText())
    expect(doc("PROBLEMS.md")).toBe(problemsText())
  })

  it("repeats of a command only names that are names", () => {
    const about = { kind: "sku", command: { id: "1", sku: {}, issuedAtMs: 1 }, sender: "web", seal: "s" } as const
    const answer = answerTo({ outcome: "notStored", reason: "form", cause: "InvalidField", field: "sku" }, about)
    expect(answer.body).not.toHaveProperty("sku")
    expect(answer).toMatchObject({ status: 400, body: { id: "1", field: "sku" } })
  })

  it("lets a page that is made elsewhere run its own scripts and no others", () => {
    expect(policyOfScripts("<script>a()</script><script>b()</script>").match(/sha256-/g)).toHaveLength(2)
    expect(policyOfScripts("<script>a()</script>")).not.toContain("script-src 'unsafe-inline'")
  })
})
