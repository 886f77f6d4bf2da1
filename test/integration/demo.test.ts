import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process"
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Look } from "../../src/cli/demo/look.ts"
import type { Verdict } from "../../src/cli/demo/verdict.ts"
import { isAlive, textOf, until } from "../processes.ts"

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

interface Run {
  readonly child: ChildProcess
  readonly said: () => string
  /** On standard error. */
  readonly toldSoFar: () => string
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
}

let folder = ""
const running = new Set<ChildProcess>()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-test-"))
})

afterEach(async () => {
  for (const child of running) child.kill("SIGKILL")
  running.clear()
  await rm(folder, { recursive: true, force: true })
})

/** A demo whose temporary folders are made in this test's own. */
const demo = (...args: ReadonlyArray<string>): Run => {
  const tables = args.includes("--postgres") ? [] : ["--no-postgres"]
  const child = spawn(process.execPath, [main, "demo", ...tables, ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  })
  return watched(child)
}

/** Ended with its test, if it still runs then. */
const watched = (child: ChildProcessByStdio<null, Readable, Readable>): Run => {
  running.add(child)
  const [out, err] = [textOf(child.stdout), textOf(child.stderr)]
  const ended = new Promise<Awaited<Run["ended"]>>((resolve) => {
    child.once("close", (code) => {
      running.delete(child)
      resolve({ code, out: out(), err: err() })
    })
  })
  return { child, said: out, toldSoFar: err, ended }
}

const kept = async (): Promise<ReadonlyArray<string>> => (await readdir(folder)).filter((name) => name.startsWith("holdfast-demo-"))

/** What a shell in the test's folder says to these lines, as they would be pasted. */
const pasted = (lines: ReadonlyArray<string>): Run => {
  const ports = { HOLDFAST_OWN_NATS_PORT: "0", HOLDFAST_HTTP_PORT: "0", HOLDFAST_GATEWAY_PORT: "0" }
  return watched(
    spawn("sh", ["-c", lines.join("\n")], { cwd: folder, env: { ...process.env, ...ports }, stdio: ["ignore", "pipe", "pipe"] }),
  )
}

/** Serves what a demo left, as it says, and asks its first question again: the answer is the one that it gave. */
const asksAgain = async (look: Look | null): Promise<void> => {
  const { name, start, asked } = look ?? expect.fail("nothing is left to look at")
  expect(asked.map(({ command }) => / (why|availability|history|backtest) |curl /.exec(command)?.[0].trim())).toEqual([
    "why",
    "availability",
    "history",
    "backtest",
    "curl",
  ])
  const serving = pasted([name, `exec ${start} --no-postgres`])
  await until(() => serving.toldSoFar().includes("every partition is served"))
  const [first] = asked
  const told = (answer: unknown) => {
    const { ats, version, sentences } = answer as { ats: number; version: number; sentences: ReadonlyArray<string> }
    // The first sentence names the moment at which it was asked.
    return { ats, version, sentences: sentences.slice(1) }
  }
  const again = await pasted([name, `${first?.command} --json`]).ended
  expect({ code: again.code, answer: told(JSON.parse(again.out)) }).toEqual({ code: 0, answer: told(first?.answer) })
  serving.child.kill("SIGTERM")
  expect((await serving.ended).code).toBe(0)
}

/** `name pid, name pid, ...` as the demo says them. */
const processesOf = (out: string): ReadonlyArray<readonly [name: string, pid: number]> =>
  (/^Process ids: (.*)$/m.exec(out)?.[1] ?? "").split(", ").map((pair) => {
    const [name = "", pid = ""] = pair.split(" ")
    return [name, Number(pid)]
  })

/** Dates with times, other names, a byte order mark, quoted delimiters, every kind of row. */
const ordersFile = (lines: number): string => {
  const day = (i: number) => `${String(1 + Math.floor(i / 40)).padStart(2, "0")}.03.2026 ${9 + (i % 8)}:${String(i % 60).padStart(2, "0")}`
  const sales = Array.from(
    { length: lines },
    (_, i) => `B${1000 + Math.floor(i / 3)};"Art; ${i % 7}";${1 + (i % 4)};${day(i)};K${i % 11};x`,
  )
  const odd = [
    `C2000;"Art; 1";-1;${day(lines)};K1;given back`,
    `C2001;"never sold";-3;${day(lines)};K2;of a sale before the file`,
    `B9000;POST;1;${day(lines)};K1;postage`,
    `B9001;"Art; 2";-2;${day(lines)};;broken`,
    `B9002;"Art; 3";x;${day(lines)};K1;no quantity`,
    `B9003;"Art; 3";1;32.13.2026 9:00;K1;no date`,
    `B9004;"Art; 4";1;${day(lines)};K1;once`,
    `B9004;"Art; 4";2;${day(lines)};K1;and again`,
  ]
  return `\uFEFFBeleg;Artikel;Menge;"Verkauft am";Kunde;Text\n${[...sales, ...odd].join("\n")}\n`
}

describe("the demo", () => {
  it("plays a flash sale, loses a worker in the middle, and finds nothing oversold, lost or contradicted", async () => {
    const sized = ["--orders-count", "250", "--seconds", "4", "--skus", "12", "--seed", "7"]
    const { code, out, err } = await demo(...sized, "--json", "--look", "--postgres").ended
    expect({ code, err }).toEqual({ code: 0, err: "" })
    const verdict: Verdict & { readonly look: Look | null } = JSON.parse(out)
    expect(verdict).toMatchObject({
      ok: true,
      broken: [],
      units: { oversoldQty: 0, heldQty: 0 },
      commands: { lost: 0, contradicted: 0, unanswered: 0 },
      facts: { discrepancyQtyBy: {}, shortagesFound: 0 },
    })
    expect(verdict.kill?.takeoverMs).toBeGreaterThan(0)
    expect(verdict.kill?.partitions.length).toBeGreaterThan(0)
    const { receivedQty, adjustedQty, soldQty, onHandQty } = verdict.units
    expect(receivedQty + adjustedQty - soldQty).toBe(onHandQty)
    const { sent, accepted, refused, tooLate, quarantined, dropped, unanswered, heardAgain, journaled } = verdict.commands
    expect(accepted + refused + tooLate + quarantined + dropped + unanswered).toBe(sent)
    expect(Object.values(verdict.commands.refusedBy).reduce((sum, count) => sum + count, 0)).toBe(refused)
    expect(verdict.audit.answersHeard).toBe(sent - unanswered + heardAgain)
    expect(journaled).toBeGreaterThanOrEqual(sent - unanswered)
    // An audit that looked at nothing would have found nothing.
    expect(verdict.audit.answersHeard).toBeGreaterThanOrEqual(verdict.commands.sent)
    // Of what is stored, which sales are not.
    expect(verdict.audit.checked.completeness).toBeGreaterThan(0)
    expect(verdict.audit.checked.replies).toBeGreaterThan(0)
    expect(verdict.audit.unchecked.replies).toBe(0)
    expect(verdict.audit.checked.feed).toBeGreaterThan(0)
    expect(await kept()).toEqual([])
    await asksAgain(verdict.look)
  })

  it("plays orders under other names, with times, and says what became of every row", async () => {
    const orders = join(folder, "orders.csv")
    const stock = join(folder, "stock.csv")
    await writeFile(orders, ordersFile(240))
    await writeFile(stock, `Art,Bestand,Ort\n"Art; 0",40,nord\n"Art; 0",20,sued\n"Art; 1",35,nord\n"Art; 2",30,nord\n`)
    const columns = "invoice=Beleg,sku=Artikel,quantity=Menge,date=Verkauft am,customer=Kunde,description=Text"
    const files = ["--orders", orders, "--columns", columns, "--date-format", "DD.MM.YYYY H:mm", "--stock", stock]
    const named = ["--stock-columns", "sku=Art,quantity=Bestand,location=Ort"]
    const meant = ["--no-goods", "POST", "--below-zero", "count"]
    const { code, out, err } = await demo(...files, ...named, ...meant, "--kill-at", "0.3", "--partitions", "3").ended
    expect({ code, err }).toEqual({ code: 0, err: "" })
    expect(out).toMatch(/used +invoice "Beleg", sku "Artikel"[\s\S]*SIGKILL/)
    expect(out).toMatch(/sales +241 /)
    expect(out).toMatch(/added to others +1 +the same SKU/)
    expect(out).toMatch(/no goods +1 +POST 1/)
    expect(out).toMatch(/adjustments +1 /)
    expect(out).toMatch(/unusable +2 +Invalid/)
    expect(out).toMatch(/together +248 +all rows of the file/)
    expect(out).toMatch(/SIGKILL to worker-\d/)
    expect(out).toMatch(/oversold +0\n +lost +0\n +contradicted +0\n +unanswered +0/)
    expect(await kept()).toEqual([])
  })

  it("that is interrupted ends all its processes, removes its folder and ends with 130", async () => {
    const run = demo("--orders-count", "4000", "--seconds", "60")
    await until(() => /selling/.test(run.said()))
    const processes = processesOf(run.said())
    expect(processes.map(([name]) => name)).toEqual(
      expect.arrayContaining(["nats-server", "worker-1", "worker-2", "web", "marketplace", "pos", "wholesale", "warehouse", "planner"]),
    )
    expect(processes.filter(([, pid]) => !isAlive(pid))).toEqual([])
    run.child.kill("SIGINT")
    const { code } = await run.ended
    expect(code).toBe(130)
    await until(() => processes.every(([, pid]) => !isAlive(pid)))
    expect(await kept()).toEqual([])
  })

  it("takes its processes with it even when it is killed", async () => {
    const run = demo("--orders-count", "4000", "--seconds", "60")
    await until(() => /selling/.test(run.said()))
    const processes = processesOf(run.said())
    run.child.kill("SIGKILL")
    await run.ended
    await until(() => processes.every(([, pid]) => !isAlive(pid)))
  })

  it("keeps its folder and says where when it can't go on", async () => {
    const run = demo("--orders-count", "4000", "--seconds", "60")
    await until(() => /selling/.test(run.said()))
    const planner = processesOf(run.said()).find(([name]) => name === "planner")?.[1] ?? 0
    process.kill(planner, "SIGKILL")
    const { code, err } = await run.ended
    expect(code).toBe(1)
    const [left] = await kept()
    expect(err).toContain(join(folder, left ?? "no folder"))
    expect(err).toMatch(/planner: its process ended \(SIGKILL\)/)
  })

  it.each([
    [
      "options that contradict each other",
      ["--kill-at", "0.5", "--workers", "1", "--stock", "s.csv"],
      /--stock: only with --orders\n--kill-at: needs/,
    ],
    ["an unknown option", ["--speed", "9"], /speed/],
    ["a file that isn't there", ["--orders", "no-such-file.csv"], /no-such-file\.csv can't be read/],
  ] as const)("is not begun with %s", async (_, args, why) => {
    const { code, out, err } = await demo(...args).ended
    expect(code).toBe(2)
    expect(out + err).toMatch(why)
    expect(await kept()).toEqual([])
  })

  it("says what is made of a file, and plays nothing, where only that is asked for", async () => {
    const orders = join(folder, "orders.csv")
    await writeFile(
      orders,
      "order_id,status,sku,quantity,order_date\n1,paid,A,2,2026-03-02\n2,cancelled,A,3,2026-03-02\n3,paid,A,x,2026-03-02\n",
    )
    const { code, out, err } = await demo("--orders", orders, "--dry-run").ended
    expect({ code, err }).toEqual({ code: 0, err: "" })
    expect(out).toMatch(/sales +1 +2 units\n/)
    expect(out).toMatch(/not sold: cancelled 1\n/)
    expect(out).toMatch(/line 4: quantity "x": 3,paid,A,x/)
    expect(out).toMatch(/Nothing was played/)
    expect(out).not.toMatch(/nats-server|Verdict/)
  })

  it.each([
    [
      "an order file without a usable row",
      "order_id,sku,quantity,order_date\n1,A,x,2026-03-02\n",
      "sku,qty\nA,1\n",
      /--orders: .*1 InvalidQuantity.*--columns quantity=NAME/,
    ],
    [
      "a stock file without one",
      "order_id,sku,quantity,order_date\n1,A,1,2026-03-02\n",
      "sku,qty\nA,-1\n",
      /--stock: .*1 NegativeQuantity.*--stock-columns/,
    ],
  ] as const)("is not begun with %s", async (_, orderText, stockText, why) => {
    const [orders, stock] = [join(folder, "orders.csv"), join(folder, "stock.csv")]
    await writeFile(orders, orderText)
    await writeFile(stock, stockText)
    const { code, err } = await demo("--orders", orders, "--stock", stock).ended
    expect(code).toBe(2)
    expect(err).toMatch(why)
    expect(await kept()).toEqual([])
  })

  it("is not begun with dates that can be read in two ways, and names the option that says which", async () => {
    const orders = join(folder, "orders.csv")
    await writeFile(orders, "InvoiceNo,StockCode,Quantity,InvoiceDate\n1,A,1,2/3/2026\n")
    const { code, err } = await demo("--orders", orders).ended
    expect(code).toBe(2)
    expect(err).toMatch(/2\/3\/2026.*--date-format/)
  })
})
