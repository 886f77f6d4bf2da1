/**
 * The faulty TCP proxies: toxiproxy as a process of its own, built once from a module that pins it, told over its HTTP interface what to do to what passes. Decides nothing.
 */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { freePort } from "../../../src/free-ports.ts"
import { goProgram } from "../../../tools/go-program.ts"
import { until } from "../../stage/stage.ts"

const pinned = fileURLToPath(new URL("../../../tools/toxiproxy", import.meta.url))

/** The program, built if it isn't there yet. */
const toxiproxy = (): string =>
  goProgram({
    name: "toxiproxy",
    version: /Shopify\/toxiproxy\/v2 v([0-9.]+)/.exec(readFileSync(join(pinned, "go.mod"), "utf8"))?.[1] ?? "unknown",
    module: pinned,
    package: "github.com/Shopify/toxiproxy/v2/cmd/server",
    takes: "a minute",
  })

/** Towards the server, or back from it. */
export type Way = "upstream" | "downstream"

/** What is done to all that passes one way. Bytes that `timeout` kept back are never sent later: its connections close when it ends. */
export type Toxic =
  | { readonly type: "timeout"; readonly attributes: { readonly timeout: 0 } }
  | { readonly type: "latency"; readonly attributes: { readonly latency: number; readonly jitter: number } }
  | { readonly type: "reset_peer"; readonly attributes: { readonly timeout: number } }
  | { readonly type: "slow_close"; readonly attributes: { readonly delay: number } }

export interface Proxies {
  /** A way to `upstream` (host:port); returns where it begins. */
  readonly add: (name: string, upstream: string) => Promise<string>
  /** Does it to a proxy, on connections that are there and on new ones; the result undoes it. */
  readonly spoil: (name: string, way: Way, toxic: Toxic) => Promise<() => Promise<void>>
  /** Closes all connections of a proxy and takes new ones at once. */
  readonly cut: (name: string) => Promise<void>
  readonly stop: () => Promise<void>
}

const host = "127.0.0.1"
const startPatienceMs = 20_000

/** Starts it. `adopt`: told its process id, so that it never outlives this process. */
export const startProxies = async (seed: number, adopt: (pid: number) => void): Promise<Proxies> => {
  const program = toxiproxy()
  const port = await freePort()
  const child = spawn(program, ["-host", host, "-port", String(port), "-seed", String(seed)], {
    stdio: "ignore",
    detached: true,
    env: { ...process.env, LOG_LEVEL: "error" },
  })
  const ended = new Promise<void>((done) => child.once("exit", () => done()))
  if (child.pid !== undefined) adopt(child.pid)
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`http://${host}:${port}${path}`, {
      method,
      headers: { "content-type": "application/json", "user-agent": "holdfast-chaos" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`toxiproxy: ${method} ${path}: ${answer.status} ${text}`)
    return text === "" ? null : JSON.parse(text)
  }
  const stop = async () => {
    child.kill("SIGKILL")
    await ended
  }
  const isThere = () => {
    if (child.exitCode !== null) throw new Error(`toxiproxy ended by itself with code ${child.exitCode}`)
    return ask("GET", "/proxies").then(
      () => true,
      () => false,
    )
  }
  await until("toxiproxy answers", isThere, startPatienceMs).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return {
    add: async (name, upstream) => {
      const made = (await ask("POST", "/proxies", { name, upstream, listen: `${host}:0`, enabled: true })) as { readonly listen: string }
      return made.listen
    },
    spoil: async (name, stream, toxic) => {
      const of = `${toxic.type}-${stream}`
      await ask("POST", `/proxies/${name}/toxics`, { name: of, stream, toxicity: 1, ...toxic })
      return async () => void (await ask("DELETE", `/proxies/${name}/toxics/${of}`))
    },
    cut: async (name) => {
      await ask("POST", `/proxies/${name}`, { enabled: false })
      await ask("POST", `/proxies/${name}`, { enabled: true })
    },
    stop,
  }
}
