/** The command line as an operator types it, against a real server and a real worker. */
import { once } from "node:events"
import { mkdtemp, mkdtempDisposable, rm, writeFile } from "node:fs/promises"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { natsLayer } from "../../src/nats/layer.ts"
import { Cluster } from "../../src/ports/broker.ts"
import { saidCodec } from "../../src/wire/said.ts"
import { RealCluster, startTimeoutMs } from "./real-cluster.ts"

/** Takes connections, and says nothing. */
const silentServer = async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return { url: `nats://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void server.close() }
}

let cluster: RealCluster
const patience = { timeout: 120_000, interval: 250 }
const json = (out: string) => JSON.parse(out)

const isServed = async (): Promise<boolean> => {
  const { code, out } = await cluster.ask(["topology", "--json"])
  return code === 0 && json(out).partitions.every(({ owner }: { readonly owner: string | null }) => owner !== null)
}

beforeAll(async () => {
  cluster = await RealCluster.start()
  cluster.startWorker()
  await vi.waitUntil(isServed, patience)
}, startTimeoutMs)
afterAll(() => cluster.stop())

describe("holdfast send, stock and ats", () => {
  it("a policy, a receipt, a hold: accepted, and shown by stock and ats", async () => {
    expect(await cluster.run(["send", "SetPolicy", "--sku", "A", "--channels", "web"])).toMatchObject({ code: 0 })
    expect(await cluster.run(["send", "ReceiveStock", "--sku", "A", "--location", "berlin", "--qty", "10"])).toMatchObject({ code: 0 })
    const held = await cluster.run(["send", "Reserve", "--sku", "A", "--qty", "3", "--reservation", "r1"])
    expect(held.out).toMatch(/^accepted {2}Reserve A r1: 3 units \(3 at berlin\); until /)
    const stock = json((await cluster.run(["stock", "A", "--json"])).out)
    expect(stock).toMatchObject({ sku: "A", offered: 7, locations: [{ location: "berlin", onHand: 10, reserved: 3, available: 7 }] })
    expect(json((await cluster.run(["ats", "--json"])).out)).toMatchObject([{ sku: "A", ats: 7 }])
  })

  it("a hold asked for again as its message says, by its id: the same one again, and its reservation is named", async () => {
    const hold = ["send", "Reserve", "--sku", "A", "--qty", "1", "--id", "cart-1", "--issued-at-ms", String(Date.now())]
    const first = await cluster.run(hold)
    expect(first.out).toMatch(/^accepted {2}Reserve A cart-1: 1 unit .*\[id cart-1\]/)
    expect((await cluster.run(hold)).out).toMatch(/^accepted \(again\) {2}Reserve A cart-1: 1 unit[ ;]/)
    expect(await cluster.run(["send", "Release", "--sku", "A", "--reservation", "cart-1", "--reason", "other"])).toMatchObject({ code: 0 })
  })

  it("what is sold beyond stock: owed and seen, and covered by what comes before anybody else is offered it", async () => {
    const send = (type: string, ...flags: ReadonlyArray<string>) => cluster.run(["send", type, "--sku", "BO", ...flags])
    const stock = async () => json((await cluster.run(["stock", "BO", "--json"])).out)
    await send("SetPolicy", "--channels", "web")
    await send("ReceiveStock", "--location", "w1", "--qty", "2")
    const sold = await send("RecordSale", "--mode", "owed", "--qty", "5", "--reservation", "m1")
    expect(sold.out).toContain("SHORTAGE: 3 units owed that aren't there")
    await send("RecordSale", "--mode", "owed", "--qty", "1", "--reservation", "m2")
    expect(await stock()).toMatchObject({
      offered: 0,
      shortQty: 4,
      shortages: [
        { reservation: "m1", qty: 3 },
        { reservation: "m2", qty: 1 },
      ],
    })
    expect((await cluster.run(["stock", "BO"])).out).toContain("4 OWED AND NOT THERE")
    expect(json((await cluster.run(["ats", "BO", "--json"])).out)).toMatchObject([{ ats: 0, shortQty: 4 }])
    await send("ReceiveStock", "--location", "w1", "--qty", "4")
    expect(await stock()).toMatchObject({ offered: 0, shortQty: 0, locations: [{ onHand: 6, reserved: 6, available: 0 }] })
    expect((await send("Reserve", "--qty", "4")).out).toContain("InsufficientStock; 0 were to be had")
  })

  it("ats --watch: the current value, then every change, until a signal ends it", async () => {
    const reserve = () => cluster.run(["send", "Reserve", "--sku", "A", "--qty", "1", "--reservation", "watched"])
    const { code, out } = await cluster.watch(["ats", "A", "--watch", "--json"], 2, reserve)
    expect(code).toBe(0)
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => json(line).ats),
    ).toEqual([7, 6])
    expect(await cluster.run(["send", "Release", "--sku", "A", "--reservation", "watched", "--reason", "other"])).toMatchObject({ code: 0 })
  })

  it("a refusal: its reason, and an exit code of its own", async () => {
    const { code, out, err } = await cluster.run(["send", "Reserve", "--sku", "A", "--qty", "300"])
    expect(code).toBe(10)
    expect(out).toContain("InsufficientStock; 7 were to be had")
    expect(err).toBe("holdfast: 1 of 1 not accepted\n")
  })

  it("many commands on standard input: a decision each, in order", async () => {
    const lines = ["s1", "s2"].map((reservation) => JSON.stringify({ type: "Reserve", sku: "A", reservation, qty: 1, holdMs: 600_000 }))
    const { code, out } = await cluster.run(["send", "--body", "-", "--json"], { input: lines.join("\n") })
    expect(code).toBe(0)
    const pairs: ReadonlyArray<{ readonly command: { readonly reservation: string }; readonly decision: { readonly outcome: string } }> =
      json(out)
    expect(pairs.map(({ command, decision }) => [command.reservation, decision.outcome])).toEqual([
      ["s1", "accepted"],
      ["s2", "accepted"],
    ])
  })

  it("a field out of its range, an unknown type, a sender nobody knows: usage, with what to do", async () => {
    expect(await cluster.run(["send", "Reserve", "--sku", "A", "--qty", "0"])).toMatchObject({
      code: 2,
      err: expect.stringContaining('"qty"'),
    })
    expect(await cluster.run(["send", "--body", '{"type":"Buy","sku":"A"}'])).toMatchObject({
      code: 2,
      err: expect.stringContaining("the types are"),
    })
    expect(await cluster.run(["stock", "A", "--as", "nobody"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("choose one with --as"),
    })
  })

  it("a class that the sender's credentials don't allow: said, with whom to send it as", async () => {
    const { code, out } = await cluster.run(["send", "ReceiveStock", "--sku", "A", "--location", "L", "--qty", "1", "--as", "web"])
    expect(code).toBe(2)
    expect(out).toMatch(
      /^not permitted {2}ReceiveStock A: web may not send stock commands, .*use --as with a warehouse's name \(of `npm start`: warehouse\)/,
    )
  })

  it("one of several that its sender may not send: the others' decisions are told all the same", async () => {
    const body = [
      { type: "Reserve", sku: "A", reservation: "beside", qty: 1, holdMs: 1 },
      { type: "ReceiveStock", sku: "A", location: "L", qty: 1 },
    ]
    const { code, out } = await cluster.run(["send", "--as", "web", "--json", "--body", JSON.stringify(body)])
    expect(code).toBe(2)
    expect(json(out)).toMatchObject([{ decision: { outcome: "accepted" } }, { notPermitted: { sender: "web" } }])
  })

  it.each(["0", "-1"])("a patience of %s ms: usage", async (ms) => {
    const ran = await cluster.run(["send", "Reserve", "--sku", "A", "--qty", "1", `--timeout-ms=${ms}`])
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining("timeout-ms") })
  })

  it("a server that stands still: as long as it was told to wait, and says for what it waited", async () => {
    await using silent = await silentServer()
    const env = { HOLDFAST_NATS_URL: silent.url, HOLDFAST_SENDER: "web", HOLDFAST_SENDER_PASSWORD: "x" }
    const ran = await cluster.run(["send", "Reserve", "--sku", "A", "--qty", "1", "--timeout-ms", "1500"], { env })
    expect(ran).toMatchObject({ code: 4, err: expect.stringContaining(`connect to ${silent.url} as web: no server within 1500 ms`) })
  })

  it("stock, as a channel: not allowed, and said as whom it is", async () => {
    const { code, err } = await cluster.run(["stock", "A", "--as", "web"])
    expect(code).toBe(2)
    expect(err).toContain("it takes one of the roles warehouse, merchandiser, operator, reader; name another sender with --as")
  })

  it("a SKU that a terminal could take for something else: in quotes, wherever it stands", async () => {
    const sku = "B \u202e1"
    expect((await cluster.run(["stock", sku])).out).toMatch(/^"B \\u202e1": nobody has told/)
    const sold = await cluster.run(["send", "Reserve", "--sku", sku, "--qty", "1", "--reservation", "odd"])
    expect(sold.out).toMatch(/^refused {2}Reserve "B \\u202e1" odd: /)
  })

  it("a deadline shorter than any way: said at once, with its code, and that it is too short", async () => {
    const ran = await cluster.run(["send", "Reserve", "--sku", "A", "--qty", "1", "--deadline-ms", "1", "--timeout-ms", "60000"])
    expect(ran.out).toMatch(
      /^notStored {2}Reserve A .*: its deadline of 1 ms had passed when it came: it was up to \d+ ms old\. It is too short: /,
    )
    expect(ran.code).toBe(11)
  })

  it("what a channel may sell, asked by nobody who sells: usage, with what to do", async () => {
    const ran = await cluster.run(["ats", "A", "--as", "operator"])
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining("name another sender with --as") })
  })

  it("a SKU or an order that isn't there: said, by the exit code too", async () => {
    const answers: ReadonlyArray<readonly [string, string, RegExp]> = [
      ["stock", "NOBODY", /nobody has told anything about it yet/],
      ["order", "NOPE", /^NOPE: no such order of web is kept/],
      ["ats", "NOBODY", /^web doesn't sell NOBODY/],
    ]
    for (const [question, name, said] of answers)
      expect(await cluster.run([question, name])).toMatchObject({ code: 7, out: expect.stringMatching(said) as unknown, err: "" })
    const { code, out } = await cluster.run(["order", "NOPE", "--json"])
    expect([code, json(out)]).toEqual([7, expect.objectContaining({ answer: "unknownOrder" })])
    expect(await cluster.run(["quarantine", "list"])).toMatchObject({ code: 0 })
  })

  it("a server named by the environment, with a login: used", async () => {
    const { url, credentials } = cluster.server
    const env = { HOLDFAST_NATS_URL: url, HOLDFAST_SENDER: "web", HOLDFAST_SENDER_PASSWORD: credentials.senders.web?.password ?? "" }
    expect(await cluster.run(["ats", "A"], { env })).toMatchObject({ code: 0 })
    expect(await cluster.run(["stock", "A"], { env: { HOLDFAST_NATS_URL: url, HOLDFAST_SENDER: "web" } })).toMatchObject({
      code: 2,
      err: expect.stringContaining("HOLDFAST_SENDER_PASSWORD"),
    })
  })
})

describe("a command line that can't be used", () => {
  const long = "x".repeat(300)
  /** Nothing listens there: what is checked before connecting ends with 2 all the same. */
  const env = { HOLDFAST_NATS_URL: "nats://127.0.0.1:1", HOLDFAST_SENDER: "web", HOLDFAST_SENDER_PASSWORD: "x" }

  it.each<[ReadonlyArray<string>, string, string]>([
    [["stock", ""], '<sku>: "": it is empty, and a SKU has 1 to 128 bytes of UTF-8', "  <sku>    Which SKU"],
    [["ats", ""], '<sku>: "": it is empty, and a SKU has 1 to 128 bytes of UTF-8', "  <sku>    Only this SKU"],
    [["stock", long], "(300 characters): it has 300 bytes of UTF-8, and a SKU has 1 to 128", "  <sku>    Which SKU"],
    [["stock", "A\u001b[31m"], '<sku>: "A\\u001b[31m": it holds the control character U+001B at its character 2', "  <sku>"],
    [["export", "--sku", "A\n"], '--sku: "A\\n": it holds the control character U+000A', "  --sku SKU    Only this SKU"],
    [["stock", "A", "--as", "We b"], '--as: "We b": it holds U+0057 at its character 1', "  --as SENDER    Who asks"],
    [["export", "--partition", "-1"], "--partition: -1: it takes a whole number from 0 to 1,023", "  --partition N"],
    [["resume", "2000", "--reason", "x"], "<partition>: 2000: it takes a whole number from 0 to 1,023", "  <partition>"],
    [["resume", "1", "--reason", "y".repeat(257)], "it has 257 characters, and takes 1 to 256", "  --reason"],
    [["quarantine", "replay", "foo"], "<id>: foo: an id in quarantine is a record's number, a dash and a place", "  <id>"],
    [["archive", "restore", "--partition", "x"], "--partition: x: it takes a whole number in plain digits", "  --partition N    Which"],
    [["send", "Reserve", "--sku", "A", "--qty", "9".repeat(20)], "--qty: 99999999999999999999: it is too large a number", "  --qty UNITS"],
    [["export", "--partition=-99999999999999999999"], "--partition: -99999999999999999999: it is too small a number", "  --partition N"],
    [["audit", "--violations", "-1"], "--violations: -1: it takes a whole number from 0", "  --violations"],
    [["send", "Reserv", "--sku", "A"], "<type>: Reserv is none of the words it takes; did you mean Reserve?", "  <type>"],
    [
      ["send", "Reserve", "--hold", "5"],
      "there is no flag --hold; did you mean --hold-ms?",
      "  --hold-ms MS    Reserve: how long the hold lasts",
    ],
    [["quarantine", "lst"], "there is no command lst; did you mean list?", "  list    List what is in quarantine"],
    [["sennd"], "there is no command sennd; did you mean send?", "  send    Send commands"],
    [["stock"], "<sku> is missing", "  <sku>    Which SKU"],
    [["audit", "--violations", "5", "--violations", "6"], "--violations is given twice, and may be given once", "  --violations N"],
    [["audit", "--json", "--json", "--json"], "--json is given 3 times, and may be given once", "  --json    Print JSON"],
    [["--json", "audit"], "--json stands behind the command: holdfast audit --json", "  --json    Print JSON"],
    [["--violations=5", "audit"], "--violations stands behind the command: holdfast audit --violations N", "  --violations N"],
    [["quarantine", "--json", "list"], "--json stands behind the command: holdfast quarantine list --json", "  --json    Print JSON"],
  ])("%j: what is wrong, its line of help, and where the rest is; nothing more", async (args, what, line) => {
    const { code, out, err } = await cluster.run(args, { env })
    expect([code, out]).toEqual([2, ""])
    const [first = "", second = "", third] = err.split("\n")
    expect(first).toContain(what)
    expect(second.startsWith(line)).toBe(true)
    expect(third).toMatch(/^see holdfast .*--help$/)
    expect(err.trimEnd().split("\n")).toHaveLength(3)
  })

  it.each<[ReadonlyArray<string>, string]>([
    [["--archive", "/x", "audit"], "holdfast <command> --archive /x"],
    [["quarantine", "--partition", "3", "list"], "holdfast quarantine <command> --partition 3"],
  ])("%j, whose flag's value was taken for the command: one sentence, with the line to type", async (args, line) => {
    const { code, out, err } = await cluster.run(args, { env })
    expect([code, out]).toEqual([2, ""])
    expect(err).toMatch(/^holdfast: a flag and its value stand behind the command: .*\nsee holdfast.* --help\n$/)
    expect(err).toContain(`${line}\n`)
  })

  it("a flag of the binary itself may stand before the command", async () => {
    expect(await cluster.run(["--log-level", "info", "stock"], { env })).toMatchObject({
      code: 2,
      err: expect.stringContaining("<sku> is missing"),
    })
  })

  it.each([
    ["audit", "--archive"],
    ["topology", "--archive"],
    ["export", "--partition", "0", "--archive"],
    ["archive", "restore", "--partition", "0", "--dir"],
  ])("%s %s: an archive to read from that isn't there, or is no folder", async (...args) => {
    const flag = args.at(-1)
    expect(await cluster.run([...args, "/not/there"], { env })).toMatchObject({
      code: 2,
      out: "",
      err: `holdfast: ${flag}: /not/there is not there\n`,
    })
    const file = fileURLToPath(import.meta.url)
    expect(await cluster.run([...args, file], { env })).toMatchObject({ code: 2, err: expect.stringContaining("is no folder") })
  })

  it("a server's address that can't be one: the variable is named", async () => {
    for (const url of ["http://x:1", "nats://a b", "nats://a:1,"])
      expect(await cluster.run(["stock", "A"], { env: { ...env, HOLDFAST_NATS_URL: url } })).toMatchObject({
        code: 2,
        out: "",
        err: "holdfast: HOLDFAST_NATS_URL: expected nats://host:port, several separated by commas\n",
      })
  })

  it("JSON that the protocol would refuse: named, and nothing sent", async () => {
    const body = '{"type":"Reserve","sku":"A","sku":"B","reservation":"r","qty":1,"holdMs":1}'
    expect(await cluster.run(["send", "--body", body], { env })).toMatchObject({
      code: 2,
      err: 'holdfast: --body: "sku" stands twice in one object\n',
    })
    const policy = ["send", "SetPolicy", "--sku", "A", "--policy", '{"channels":[],"safety":[],"sourcing":[],"version":1e1}']
    expect(await cluster.run(policy, { env })).toMatchObject({ code: 2, err: expect.stringContaining("with an exponent (1e1)") })
  })

  it("a field out of its range: named, with the range and the value", async () => {
    const ran = await cluster.run(["send", "Reserve", "--sku", "A", "--qty", "0"], { env })
    expect(ran).toMatchObject({ code: 2, err: 'holdfast: "qty" is out of its range (1 to 1000000000): 0\n' })
    const body = JSON.stringify([
      { type: "Confirm", sku: "A", reservation: "r" },
      { type: "Confirm", sku: "A", reservation: "a b" },
    ])
    expect((await cluster.run(["send", "--body", body], { env })).err).toMatch(
      /^holdfast: command 2 of 2: "reservation" is out of its range \(1 to 64 /,
    )
  })
})

describe("holdfast quarantine", () => {
  it("a fact too old to be told from a repeat: listed, and dropped with a reason", async () => {
    const old = ["send", "ReceiveStock", "--sku", "Q", "--location", "berlin", "--qty", "1", "--issued-at-ms", "1000"]
    expect(await cluster.run(old)).toMatchObject({ code: 13 })
    const [one] = json((await cluster.ask(["quarantine", "list", "--json"])).out)
    expect(one).toMatchObject({ sender: "warehouse", command: { type: "ReceiveStock", sku: "Q" } })
    expect(await cluster.run(["quarantine", "drop", one.quarantined, "--reason", "a repeat"])).toMatchObject({ code: 0 })
    expect((await cluster.ask(["quarantine", "list"])).out).toBe("Nothing is in quarantine.\n")
    expect(await cluster.run(["quarantine", "replay", one.quarantined])).toMatchObject({ code: 10 })
  })
})

describe("holdfast audit and export", () => {
  it("journals as they should be: 0, with the sums", async () => {
    const { code, out } = await cluster.ask(["audit", "--json"])
    expect(code).toBe(0)
    expect(json(out)).toMatchObject({ ok: true, partitions: 4, totals: { receivedQty: 16, oversoldQty: 0 } })
  })

  it("one SKU: header, its commands, a hash at the end", async () => {
    const { code, out } = await cluster.ask(["export", "--sku", "A", "--json"])
    const lines = out.trimEnd().split("\n").map(json)
    expect(code).toBe(0)
    expect(lines.at(0)).toMatchObject({ line: "header", format: 1, partitions: 4, sku: "A" })
    expect(lines.filter(({ line }) => line === "command").map(({ command }) => command.type)).toEqual(
      expect.arrayContaining(["SetPolicy", "ReceiveStock", "Reserve"]),
    )
    expect(lines.at(-1)).toMatchObject({ line: "end", stateHash: expect.stringMatching(/^[\w-]{43}$/) })
  })

  it("neither a SKU nor a partition, or one that isn't there: usage", async () => {
    expect(await cluster.run(["export"])).toMatchObject({ code: 2 })
    expect(await cluster.run(["export", "--partition", "4"])).toMatchObject({ code: 2, err: expect.stringContaining("0 to 3") })
  })
})

describe("holdfast quarantine replay", () => {
  it("a sale that leaves units short: said, and how many", async () => {
    const sale = ["send", "RecordSale", "--sku", "QS", "--mode", "owed", "--qty", "7", "--reservation", "q1", "--issued-at-ms", "1000"]
    expect(await cluster.run(["send", "SetPolicy", "--sku", "QS", "--channels", "web"])).toMatchObject({ code: 0 })
    expect(await cluster.run(sale)).toMatchObject({ code: 13 })
    const [one] = json((await cluster.ask(["quarantine", "list", "--json"])).out)
    const replayed = await cluster.run(["quarantine", "replay", one.quarantined])
    expect(replayed).toMatchObject({ code: 0, out: expect.stringContaining("QS is now short of 7 units that are sold and not there") })
  })
})

describe("holdfast resume", () => {
  it("a partition that isn't halted: nothing to resume", async () => {
    expect(await cluster.run(["resume", "1", "--reason", "why not"])).toMatchObject({ code: 1, err: expect.stringContaining("not halted") })
  })

  it("a halted partition: shown as such, served by nobody, and served again once an operator says so", async () => {
    const { url, monitorUrl, credentials } = cluster.server
    const access = { servers: [url], monitorUrls: [monitorUrl], engine: credentials.engine, door: credentials.door }
    await cluster.stopWorker()
    const halt = { reason: "ChainBroken", detail: "for a test", atMs: Date.now(), resume: null } as const
    await Effect.runPromise(
      Cluster.use((marks) => marks.putHalt(1, halt, 0)).pipe(Effect.provide(natsLayer({ kind: "sku", ...access }, saidCodec))),
    )
    cluster.startWorker()
    const others = async () =>
      json((await cluster.ask(["topology", "--json"])).out).partitions.filter(({ kind }: { readonly kind: string }) => kind === "sku")
    await expect
      .poll(async () => (await others()).filter(({ owner }: { readonly owner: string | null }) => owner !== null).length, patience)
      .toBe(3)
    expect((await others())[1]).toMatchObject({ owner: null, halt: "ChainBroken: for a test" })
    const resumed = await cluster.run(["resume", "1", "--by", "ada", "--reason", "looked at it"])
    expect(resumed).toMatchObject({ code: 0, out: expect.stringContaining("It goes on; the reason is journaled.") })
    await expect.poll(isServed, patience).toBe(true)
    const exported = (await cluster.ask(["export", "--partition", "1"])).out.trimEnd().split("\n").map(json)
    expect(exported.filter(({ line }) => line === "resumed")).toMatchObject([
      { by: "ada", reason: "looked at it", haltReason: "ChainBroken" },
    ])
  })
})

describe("a cluster that isn't there", () => {
  it("the port of the own server taken by another: refused, with all ways out", async () => {
    await using taken = await silentServer()
    const folder = await mkdtemp(join(tmpdir(), "holdfast-taken-"))
    const env = { HOLDFAST_OWN_NATS_PORT: new URL(taken.url).port, HOLDFAST_HTTP_PORT: "0" }
    const ran = await cluster.run(["serve"], { env, folder })
    expect(ran).toMatchObject({
      code: 1,
      err: expect.stringContaining("HOLDFAST_OWN_NATS_PORT, or name that server with HOLDFAST_NATS_URL"),
    })
    await rm(folder, { recursive: true })
  })

  it("the own server's folder is a file: refused, with the setting that names another", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-file-"))
    await writeFile(join(folder.path, "file"), "")
    for (const named of ["file", "file/below"]) {
      const env = { HOLDFAST_OWN_FOLDER: join(folder.path, named), HOLDFAST_OWN_NATS_PORT: "0", HOLDFAST_HTTP_PORT: "0" }
      expect(await cluster.run(["serve"], { env })).toMatchObject({
        code: 2,
        err: expect.stringContaining("name another with HOLDFAST_OWN_FOLDER"),
      })
    }
  })

  it("no server is named and none was left in this folder: usage, with both ways out", async () => {
    const elsewhere = await cluster.run(["stock", "A"], {
      env: { HOLDFAST_NATS_URL: "nats://127.0.0.1:1", HOLDFAST_SENDER: "web", HOLDFAST_SENDER_PASSWORD: "x" },
    })
    expect(elsewhere).toMatchObject({ code: 4, err: expect.stringContaining("nats://127.0.0.1:1") })
  })
})
