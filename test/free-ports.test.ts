import { readFile } from "node:fs/promises"
import { createServer, type Server } from "node:net"
import { describe, expect, it } from "vitest"
import { choiceBelow, freePorts } from "../src/free-ports.ts"

const listening = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(port, "127.0.0.1", () => resolve(server))
  })

describe("free ports", () => {
  it("are different, and each can be listened at", async () => {
    const ports = await freePorts(50)
    expect(new Set(ports).size).toBe(50)
    const servers = await Promise.all(ports.map(listening))
    await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  })

  it("are none that the system gives to outgoing connections, wherever there are enough others", async () => {
    const range = await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8").catch(() => "49152")
    const below = choiceBelow(Number.parseInt(range, 10)) ?? 65_536
    expect((await freePorts(50)).filter((port) => port >= below)).toEqual([])
  })

  it.each([
    [32_768, 32_768],
    [49_152, 32_768],
    [20_000, 20_000],
    [16_000, null],
    [1_024, null],
  ])("lie below %i where outgoing connections begin there: %s", (outgoing, below) => {
    expect(choiceBelow(outgoing)).toBe(below)
  })
})
