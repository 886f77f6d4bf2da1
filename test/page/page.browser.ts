/**
 * The page in a real Chromium, over a gateway that says what each test wants: who may look, what an outage looks like and how soon, a SKU as it changes, and whether everybody can use it.
 */
import type { Browser, BrowserContext, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { seriousFindings, startChromium } from "../../tools/chromium.ts"
import {
  cluster,
  type FakeGateway,
  figures,
  followed,
  healthy,
  partition,
  pastOf,
  rightKey,
  says,
  startFakeGateway,
  stockOf,
} from "./fake-gateway.ts"

let browser: Browser
let gateway: FakeGateway
let context: BrowserContext
let page: Page
/** What the browser complained of: a policy that was broken, an error in a module. */
let complaints: Array<string>

beforeAll(async () => {
  browser = await startChromium()
  gateway = await startFakeGateway()
})
afterAll(async () => {
  await browser?.close()
  await gateway?.close()
})

const opened = async (options: Parameters<Browser["newContext"]>[0] = {}): Promise<void> => {
  context = await browser.newContext(options)
  page = await context.newPage()
  complaints = []
  page.on("console", (message) => {
    // What a gateway refuses is told by the browser too; the page shows it.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(error.message))
}

beforeEach(async () => {
  Object.assign(gateway.says, says())
  await opened()
})
afterEach(async () => {
  expect(complaints).toEqual([])
  await context.close()
})

const withKey = (rest = "") => page.goto(`${gateway.url}/#key=${rightKey}${rest}`)
const verdict = () => page.locator("#verdict")

describe("who may look", () => {
  it("is asked for a key, which is kept for this tab alone and sent nowhere else", async () => {
    await page.goto(gateway.url)
    await page.getByLabel("API key").fill("wrong")
    await page.getByRole("button", { name: "Look" }).click()
    await page.getByRole("alert").getByText("isn't one of this gateway's").waitFor()
    await page.getByLabel("API key").fill(rightKey)
    await page.keyboard.press("Enter")
    await verdict().getByText("All 8 partitions are served").waitFor()
    await page.reload()
    await verdict().getByText("All 8 partitions are served").waitFor()
    expect(page.url()).not.toContain(rightKey)
    const other = await context.newPage()
    await other.goto(gateway.url)
    await other.getByLabel("API key").waitFor()
    await page.getByRole("button", { name: "Forget key" }).click()
    await page.getByLabel("API key").waitFor()
    expect(await page.evaluate("sessionStorage.length + document.cookie.length")).toBe(0)
  })

  it("a key in the address is taken from it at once", async () => {
    await withKey("&sku=TEA-POT")
    await verdict().getByText("All 8 partitions").waitFor()
    expect(page.url()).toBe(`${gateway.url}/#sku=TEA-POT`)
  })

  it("a key that is revoked is asked for anew, and why is said", async () => {
    await withKey()
    await verdict().waitFor()
    gateway.says.cluster = { status: 401, title: "The API key was revoked", code: "KeyRevoked" }
    await page.getByRole("alert").getByText("The API key was revoked").waitFor()
    await page.getByLabel("API key").waitFor()
  })
})

describe("an outage", () => {
  it("is seen within five seconds, in words beside the red, and told as over when it is", async () => {
    await withKey()
    await verdict().getByText("All 8 partitions are served").waitFor()
    const dead = healthy()
    gateway.says.cluster = { ...dead, workers: dead.workers.filter(({ worker }) => worker !== "worker-2") }
    const beganMs = performance.now()
    await verdict().getByText("4 of 8 partitions are not served").waitFor()
    expect(performance.now() - beganMs).toBeLessThan(5_000)
    expect(await page.locator(".partitions tr.bad").count()).toBe(4)
    expect(await page.locator(".partitions tr.bad").first().innerText()).toContain("silent")
    expect(await page.getByRole("alert").innerText()).toContain("sku 1")
    await page.getByText("sku 1, 3 and order 1, 3: its owner worker-2 does not answer").waitFor()
    expect(await page.title()).toContain("▲")
    gateway.says.cluster = cluster((worker, kind, at) =>
      worker === "worker-1" ? partition(kind, at, { epoch: 4, holder: worker }) : followed(kind, at),
    )
    await verdict().getByText("All 8 partitions are served").waitFor()
    await page.getByText("4 outages that ended since this page was opened").waitFor()
    expect(await page.title()).toBe("Holdfast")
  })

  it("names why a partition is halted", async () => {
    gateway.says.cluster = cluster((_, kind, at) =>
      partition(kind, at, at === 3 ? { phase: "halted", halt: "JournalCut: records are missing", figures: null } : {}),
    )
    await withKey()
    await page.getByText("JournalCut: records are missing").first().waitFor()
  })

  it("of everybody at once is seen too, and so is a gateway that doesn't answer", async () => {
    await withKey()
    await verdict().getByText("All 8").waitFor()
    gateway.says.cluster = { status: 503, title: "Nobody in the cluster answered in time", code: "NoAnswer" }
    await verdict().getByText("8 of 8 partitions are not served").waitFor()
    await page.getByRole("status").getByText("Nobody in the cluster answered in time").waitFor()
    await context.setOffline(true)
    await page.getByRole("status").getByText("the gateway does not answer").waitFor()
    await context.setOffline(false)
    gateway.says.cluster = healthy()
    await verdict().getByText("All 8").waitFor()
  })
})

describe("a SKU", () => {
  it("is drawn as it changes, and told in a table beside each chart", async () => {
    gateway.says.stocks.set("TEA-POT", stockOf("TEA-POT", 30))
    await withKey()
    await page.getByLabel("Show SKU").fill("TEA-POT")
    await page.keyboard.press("Enter")
    await page.getByRole("img", { name: /Available to sell over time. Now: shop 25, web 30/ }).waitFor()
    gateway.says.stocks.set("TEA-POT", { ...stockOf("TEA-POT", 12), seq: 1_300 })
    gateway.says.feed = { sku: "TEA-POT", told: [{ channel: "web", ats: 12, version: 1_300, atMs: Date.now() - 40, lagMs: 35 }] }
    await page.getByRole("img", { name: /Now: shop 7, web 12/ }).waitFor()
    await page.getByText("Available to sell, as a table").click()
    const table = page.getByRole("region", { name: "Available to sell, as a table" })
    await table.getByRole("cell", { name: "30" }).waitFor()
    const channels = page.getByRole("region", { name: "What each channel may sell" })
    await channels.getByRole("cell", { name: "35 ms" }).waitFor()
    expect(page.url()).toContain("#sku=TEA-POT")
  })

  it("has the last half hour at once where there are tables, in charts and their tables, and says from where", async () => {
    gateway.says.stocks.set("TEA-POT", stockOf("TEA-POT", 30))
    gateway.says.past = pastOf(0, [2_400, 61], [600, 54], [120, 47])
    await withKey("&sku=TEA-POT")
    await page
      .getByText(/^What was before this page was opened is from the tables, up to record 1,200 of partition 2 .*: all there was;/)
      .waitFor()
    await page.getByText("Available to sell, as a table").click()
    const rows = page.getByRole("region", { name: "Available to sell, as a table" }).locator("tbody tr")
    const told = async () => (await rows.allInnerTexts()).map((row) => row.trim().split(/\s+/).at(-1))
    await expect.poll(told).toEqual(["30", "47", "54", "61"])
    // What stood when the half hour began is told as of then.
    await page.getByRole("img", { name: /Stock over time\. Now: on hand 100, reserved 70, offered 30/ }).waitFor()
  })

  it("leaves a gap for what the tables don't know yet, and says how much that is", async () => {
    gateway.says.stocks.set("TEA-POT", stockOf("TEA-POT", 30))
    gateway.says.past = pastOf(3, [600, 54])
    await withKey("&sku=TEA-POT")
    await page.getByText(/3 records that followed are not in it yet; from then on/).waitFor()
    await page.getByRole("img", { name: /Now: shop 25, web 30/ }).waitFor()
  })

  it("begins with now where nobody can say what was before", async () => {
    gateway.says.stocks.set("TEA-POT", stockOf("TEA-POT", 30))
    await withKey("&sku=TEA-POT")
    await page.getByText("Drawn since this page began to look: This gateway can't ask the past").waitFor()
    await page.getByRole("img", { name: /Now: shop 25, web 30/ }).waitFor()
  })

  it("says why a channel may sell so much, and why it might then", async () => {
    const step = {
      seq: 1_204,
      place: 0,
      atMs: 1_764_000_000_000,
      reason: null,
      ats: { before: 40, after: 30 },
      said: "web reserved 10 units",
    }
    gateway.says.stocks.set("TEA-POT", stockOf("TEA-POT", 30))
    await withKey("&sku=TEA-POT")
    await page.getByRole("button", { name: "Why may web sell 30?" }).click()
    await page.getByRole("region", { name: "Why web may sell so much" }).getByText("This gateway can't ask the past").waitFor()
    await page.getByRole("button", { name: "Close" }).click()
    gateway.says.why = (at) => ({
      sentences: [at === null ? "web may sell 30" : `web might sell 40 at ${at}`],
      steps: [step],
      earlier: 3,
      before: "9-0",
      known: { source: "tables", partition: 2, seq: 1_206, atMs: 1_764_000_000_000, behind: 12 },
    })
    await page.getByRole("button", { name: "Why may web sell 30?" }).click()
    const why = page.getByRole("region", { name: "Why web may sell so much" })
    await why.getByText("web reserved 10 units").waitFor()
    await why.getByText("40 → 30").waitFor()
    await why
      .getByText(/^Read from the tables, up to record 1,206 of partition 2 .*; 12 records that followed are not in it yet\.$/)
      .waitFor()
    await why.locator("tbody button").click()
    await why.getByText("web might sell 40 at 1764000000000").waitFor()
    await why.getByRole("button", { name: "Back to now" }).click()
    await why.getByText("web may sell 30").waitFor()
  })

  it("that nobody knows is said to be so; its name can't become markup", async () => {
    await withKey(`&sku=${encodeURIComponent("<img src=x onerror=alert(1)>")}`)
    await page.getByText("Nobody has told anything about this SKU").waitFor()
    expect(await page.locator("#page img").count()).toBe(0)
  })
})

/** A cluster with everything that needs somebody. */
const unwell = () =>
  cluster((worker, kind, at) => {
    if (kind === "sku" && at === 1) return partition(kind, at, { phase: "following", figures: null, holder: null })
    if (worker !== "worker-1") return followed(kind, at)
    const many = figures({
      waiting: { count: 1_280, oldestAgeMs: 7_400 },
      quarantined: at === 0 && kind === "sku" ? 1 : 0,
      openHolds: 5_021,
      shortQty: kind === "sku" ? 12 : null,
      short: kind === "sku" ? [{ sku: `LAMP-${at}`, qty: 12 }] : [],
      memory: [
        { sender: "marketplace", perMille: 1_000 },
        { sender: "web", perMille: 850 },
        { sender: "shop", perMille: 4 },
      ],
    })
    return partition(kind, at, { figures: many })
  })

const quarantined = {
  kind: "sku",
  partition: 0,
  quarantined: [
    {
      quarantined: "17",
      sender: "warehouse",
      cause: "the count is below what is reserved",
      atMs: 1_764_000_000_000,
      command: { type: "ReceiveStock", sku: "LAMP-0" },
    },
  ],
  next: null,
}

describe("what needs somebody", () => {
  it("is listed: shortages that lead to their SKU, quarantine, senders near their bounds", async () => {
    gateway.says.cluster = unwell()
    gateway.says.quarantine = quarantined
    gateway.says.stocks.set("LAMP-0", stockOf("LAMP-0", 3))
    await withKey()
    await page.getByText("the count is below what is reserved").waitFor()
    expect(await page.locator("#senders tbody tr").allInnerTexts()).toEqual([
      expect.stringContaining("▲ full"),
      expect.stringContaining("◆ near"),
      expect.stringContaining("under 1 %"),
    ])
    await page.getByRole("button", { name: "LAMP-0" }).click()
    await page.getByRole("img", { name: /Now: shop 0, web 3/ }).waitFor()
  })

  it("says whose key it takes where this one may not look into quarantine", async () => {
    gateway.says.cluster = unwell()
    gateway.says.quarantine = {
      status: 403,
      title: "The sender may not do that",
      detail: "one of the roles operator is needed",
      code: "NotAllowed",
    }
    await withKey()
    await page.getByText("one of the roles operator is needed").waitFor()
  })
})

describe("everybody can use it", () => {
  it.each([
    ["light", { width: 1_280, height: 900 }],
    ["dark", { width: 1_280, height: 900 }],
    ["light", { width: 390, height: 844 }],
  ] as const)("in %s at %j: axe finds nothing serious, and nothing is wider than the screen", async (colorScheme, viewport) => {
    await context.close()
    await opened({ colorScheme, viewport })
    gateway.says.cluster = unwell()
    gateway.says.quarantine = quarantined
    gateway.says.stocks.set("LAMP-0", { ...stockOf("LAMP-0", 3), shortQty: 12 })
    await withKey("&sku=LAMP-0")
    await page.getByRole("img", { name: /Now: shop 0, web 3/ }).waitFor()
    await page.getByText("Stock, as a table").click()
    expect(await seriousFindings(page)).toEqual([])
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true)
  })

  it("with the keyboard alone, and the theme that is chosen is kept", async () => {
    await page.goto(gateway.url)
    await page.keyboard.press("Tab")
    await page.keyboard.type(rightKey)
    await page.keyboard.press("Enter")
    await verdict().waitFor()
    await page.getByLabel("Theme").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect.poll(() => page.evaluate("document.documentElement.dataset.theme")).toBe("dark")
    await page.reload()
    await verdict().waitFor()
    expect(await page.evaluate("document.documentElement.dataset.theme")).toBe("dark")
    await page.getByRole("region", { name: "Partitions of SKUs" }).focus()
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe("Partitions of SKUs")
  })
})
