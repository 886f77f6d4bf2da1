/** What a gateway says is missing where the nats-server under it goes away and comes back: the connection, and not the workers, of whom nobody can be heard then. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { startGateway } from "../../src/cli/gateway-parts.ts"
import { ownSenders } from "../../src/cli/own-server.ts"
import { addKey, noKeys } from "../../src/http/keys.ts"
import { readyProbeMs } from "../../src/limits.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { HttpMeter } from "../../src/ports/http-meter.ts"
import { startTimeoutMs } from "../nats/nats-broker.ts"
import { until } from "../processes.ts"
import { metering } from "./no-meter.ts"

const settings = { host: "127.0.0.1", port: 0, requestsPerSecond: 1_000, traceRatio: 0, keysFile: null, loginsFile: null, tls: null }
const scope = Scope.makeUnsafe()
let folder: string
let server: EmbeddedServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-ready-"))
  await writeFile(join(folder, "keys.json"), JSON.stringify(addKey(noKeys(), { sender: "web" as never, scopes: ["sell"] }, "now")?.file))
  server = await startEmbedded({ storeDir: join(folder, "nats"), senders: ownSenders })
}, startTimeoutMs)
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

const start = () =>
  startGateway(settings, [server.url], server.credentials.senders, join(folder, "keys.json")).pipe(
    Effect.provideService(HttpMeter, metering().meter),
    Scope.provide(scope),
    Effect.runPromise,
  )

const missing = async (url: string): Promise<string> => {
  const answer = await fetch(`${url}/ready`)
  expect(answer.status).toBe(503)
  const said = (await answer.json()) as { readonly missing: ReadonlyArray<string> }
  return said.missing.join("; ")
}

it("names the workers where the server is there, its connection once that is gone, at once, and the workers again when it is back", async () => {
  const { url } = await start()
  await until(async () => (await missing(url)) === "workers: none answers")
  await server.kill("SIGKILL")
  await until(async () => (await missing(url)).startsWith("nats: the connection is lost"))
  // What was said last is kept for so long; what is said behind it was looked at anew.
  const endMs = performance.now() + 2 * readyProbeMs
  await until(async () => {
    // Whoever asked the workers and waited would say that none answers.
    expect(await missing(url)).toMatch(/^nats: the connection is lost/)
    return performance.now() > endMs
  })
  await server.restart()
  await until(async () => (await missing(url)) === "workers: none answers")
}, 60_000)

it("started while there is no server: says so before it has given up connecting, and why afterwards", async () => {
  await server.kill("SIGKILL")
  const { url } = await start()
  expect(await missing(url)).toBe("nats: there is no connection yet")
  await until(async () => (await missing(url)).startsWith("nats: no server within"))
}, 60_000)
