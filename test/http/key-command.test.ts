/** `holdfast key` against a gateway that runs: made, listed, exchanged and revoked keys, and what of them is in their file. */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { runCommandLine } from "../../src/cli/commands.ts"
import { KeyRing } from "../../src/http/key-ring.ts"
import { SenderRates } from "../../src/http/rates.ts"
import { serveGateway } from "../../src/http/server.ts"
import { until } from "../processes.ts"
import { metering } from "./no-meter.ts"

let folder: string
let path: string
let url: string
let ring: KeyRing
const scope = Scope.makeUnsafe()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-keys-"))
  path = join(folder, "keys.json")
  vi.stubEnv("HOLDFAST_API_KEYS_FILE", path)
  ring = new KeyRing(path)
  const senders = { names: [], as: () => Effect.undefined }
  url = await serveGateway(
    { senders, keys: ring, rates: new SenderRates(10_000), meter: metering().meter },
    { host: "127.0.0.1", port: 0, tls: null, readiness: Effect.succeed({ ready: true, missing: [] }), files: [] },
  ).pipe(Scope.provide(scope), Effect.runPromise)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await rm(folder, { recursive: true, force: true })
})

/** What is printed on standard output while `work` goes on. */
const printedBy = async (work: () => Promise<unknown>): Promise<string> => {
  let out = ""
  const written = (text: string | Uint8Array, ...more: ReadonlyArray<unknown>): boolean => {
    out += text
    const told = more.at(-1)
    if (typeof told === "function") told()
    return true
  }
  const spies = [vi.spyOn(process.stdout, "write").mockImplementation(written), vi.spyOn(process.stderr, "write").mockReturnValue(true)]
  try {
    await work()
    return out.trim()
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

const key = (...args: ReadonlyArray<string>): Promise<void> =>
  Effect.runPromise(runCommandLine(["key", ...args]).pipe(Effect.provide(NodeServices.layer)))

/** What a command prints, or the failure that it ends with. */
const run = (...args: ReadonlyArray<string>): Promise<string> => printedBy(() => key(...args))

/** What a gateway says to a key: `Ticket` where it holds, for the ticket that is asked for is none. */
const answerTo = async (shown: string): Promise<string> => {
  const answer = await fetch(`${url}/v1/tickets/none`, { headers: { authorization: `Bearer ${shown}` } })
  return ((await answer.json()) as { readonly code: string }).code
}

describe("holdfast key", () => {
  let first: string
  let second: string

  it("makes a key that a running gateway takes, and keeps no secret of it in a file that is its owner's alone", async () => {
    first = await run("add", "--sender", "web", "--scope", "sell")
    expect(first).toMatch(/^hfk_[0-9a-f]{12}_[\w-]{43}$/)
    await until(async () => (await answerTo(first)) === "Ticket")
    expect(await answerTo(first.replace(/.$/, (last) => (last === "A" ? "B" : "A")))).toBe("KeyUnknown")
    const kept = await readFile(path, "utf8")
    expect(kept).toContain(first.slice(4, 16))
    expect(kept).not.toContain(first.slice(17))
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it("has a second one beside it, and no third; both are listed without what is kept of their secrets", async () => {
    second = await run("add", "--sender", "web", "--scope", "sell")
    await until(async () => (await answerTo(second)) === "Ticket")
    expect(await answerTo(first)).toBe("Ticket")
    await expect(run("add", "--sender", "web")).rejects.toThrow("web has 2 valid keys, as many as it may: revoke one first")
    const [one, two] = JSON.parse(await run("list", "--json"))
    expect([one, two]).toMatchObject([first, second].map((text) => ({ id: text.slice(4, 16), sender: "web", scopes: ["sell"] })))
    expect(one).not.toHaveProperty("hash")
    expect(await run("list")).toMatch(new RegExp(`^hfk_${one.id}_… +web +sell +\\S+$`, "m"))
  })

  it("revokes one: the gateway refuses it without a start, takes the other on, and there is room for the next", async () => {
    expect(await run("revoke", first)).toBe(`${first.slice(4, 16)} is revoked`)
    await until(async () => (await answerTo(first)) === "KeyRevoked")
    expect(await answerTo(second)).toBe("Ticket")
    await expect(run("revoke", first.slice(0, 16))).rejects.toThrow("there is no valid key")
    const third = await run("add", "--sender", "web")
    await until(async () => (await answerTo(third)) === "Ticket")
  })

  it("loses no change of two that are made at once", async () => {
    const made = await printedBy(() => Promise.all(["till", "shop", "market"].map((sender) => key("add", "--sender", sender))))
    const listed = JSON.parse(await run("list", "--json")) as ReadonlyArray<{ readonly id: string }>
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(made.split("\n").map((text) => text.slice(4, 16))))
    expect(made.split("\n")).toHaveLength(3)
  })

  it("says what is in the way where another command was ended while it changed the file", async () => {
    await writeFile(`${path}.lock`, "")
    await expect(run("revoke", second)).rejects.toThrow(`delete ${path}.lock`)
    await rm(`${path}.lock`)
    expect(await answerTo(second)).toBe("Ticket")
  })

  it("whose file is damaged leaves the keys as they were, and says so", async () => {
    const kept = await readFile(path, "utf8")
    await writeFile(path, kept.slice(0, -20))
    await until(async () => (await answerTo(second)) === "Ticket" && ring.problem !== null)
    expect(ring.problem).toBe(`the API keys at ${path} can't be read: it is no JSON`)
    expect(await answerTo(first)).toBe("KeyRevoked")
    await expect(run("list")).rejects.toThrow(`the API keys at ${path} can't be read: it is no JSON`)
    await writeFile(path, kept)
    await until(async () => (await answerTo(second)) === "Ticket" && ring.problem === null)
  })
})
