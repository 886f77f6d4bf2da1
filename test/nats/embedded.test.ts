/** The embedded server: it is ours as long as we live, keeps what it stored and who may connect, and ends with us. */
import { spawn } from "node:child_process"
import { mkdtemp, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect } from "@nats-io/transport-node"
import { afterEach, beforeAll, describe, expect, it } from "vitest"
import { startEmbedded } from "../../src/nats/embedded.ts"
import { isServerVersionTried, natsServerBinary, parseVersion } from "../../src/nats/server-binary.ts"
import { isAlive, until } from "../processes.ts"
import { senders, startTimeoutMs } from "./nats-broker.ts"

const toClose: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const close of toClose.splice(0)) await close()
})

beforeAll(() => natsServerBinary(), startTimeoutMs)

const starter = (folder: string): string => `
  const { startEmbedded } = await import(${JSON.stringify(new URL("../../src/nats/embedded.ts", import.meta.url).href)})
  const server = await startEmbedded({ storeDir: ${JSON.stringify(folder)}, senders: [] })
  console.log(server.pid())
  setInterval(() => undefined, 1000)
`

describe("an embedded server", () => {
  it("ends when its parent is killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-orphan-"))
    toClose.push(() => rm(folder, { recursive: true, force: true }))
    const parent = spawn(process.execPath, ["--input-type=module", "-e", starter(folder)], { stdio: ["ignore", "pipe", "inherit"] })
    const pid = await new Promise<number>((resolve) => parent.stdout.on("data", (chunk: Buffer) => resolve(Number(chunk.toString()))))
    expect(isAlive(pid)).toBe(true)
    parent.kill("SIGKILL")
    await until(() => !isAlive(pid))
  })

  it("keeps its store, its users and its port when it is started again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-store-"))
    toClose.push(() => rm(folder, { recursive: true, force: true }))
    const first = await startEmbedded({ storeDir: folder, senders })
    const { pid, url } = first
    const before = pid()
    await first.restart()
    expect(first.pid()).not.toBe(before)
    await (await connect({ servers: url, user: "web", pass: first.credentials.senders.web?.password ?? "" })).close()
    await first.stop()
    const second = await startEmbedded({ storeDir: folder, senders })
    toClose.push(() => second.stop())
    expect(second.credentials).toEqual(first.credentials)
    expect((await stat(second.connectionFile)).mode & 0o077).toBe(0)
    expect((await stat(join(folder, "nats-server.conf"))).mode & 0o077).toBe(0)
  })

  it("leaves nothing behind of a temporary folder, and can be stopped twice", async () => {
    const server = await startEmbedded({ senders: [] })
    await server.stop()
    await server.stop()
    expect(isAlive(server.pid())).toBe(false)
    await expect(stat(server.storeDir)).rejects.toThrow()
  })

  it("listens for WebSockets where it is asked to", async () => {
    const server = await startEmbedded({ senders: [], websocketPort: 0 })
    toClose.push(() => server.stop())
    const socket = new WebSocket(server.websocketUrl ?? "")
    const heard = await new Promise<string>((resolve, reject) => {
      socket.addEventListener("message", async (event) =>
        resolve(event.data instanceof Blob ? await event.data.text() : String(event.data)),
      )
      socket.addEventListener("error", () => reject(new Error("no WebSocket")))
    })
    socket.close()
    expect(heard).toMatch(/^INFO /)
  })
})

describe("the server's binary", () => {
  it("is of a version that is tried", async () => {
    expect(await natsServerBinary()).toContain("nats-server")
    for (const [text, tried] of [
      ["nats-server: v2.14.5", false],
      ["nats-server: v2.14.6", true],
      ["nats-server: v2.15.2", true],
      ["nats-server: v2.16.0", false],
      ["nats-server: v2.9.99", false],
      ["nats-server: v3.0.0", false],
    ] as const) {
      const version = parseVersion(text)
      expect(version !== undefined && isServerVersionTried(version)).toBe(tried)
    }
    expect(parseVersion("nats-server: unknown")).toBeUndefined()
  })
})
