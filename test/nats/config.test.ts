/** The server's configuration: each sender's borders, word for word. */
import { describe, expect, it } from "vitest"
import { type ServerOptions, senderPermissions, serverConfig } from "../../src/nats/config.ts"

const options: ServerOptions = {
  serverName: "one",
  host: "127.0.0.1",
  port: 4222,
  monitorPort: 8222,
  storeDir: 'C:\\store "x"',
  syncAlways: true,
  websocketPort: 9222,
  engine: { user: "engine", password: "e" },
  worker: { user: "worker", password: "w" },
  archivist: { user: "archivist", password: "a" },
  admin: { user: "admin", password: "d" },
  senders: [{ name: "web", kind: "channel", login: { user: "web", password: "p" } }],
}

describe("a sender's permissions", () => {
  it("are its own name, its kind's classes, its questions and its inbox; the feed only for channels", () => {
    expect(senderPermissions("web", "channel")).toEqual({
      publish: ["hf.cmd.web.sell.>", "hf.get.web.>"],
      subscribe: ["hf.ats.web.>", "hf.reply.web.>"],
    })
    expect(senderPermissions("dock", "warehouse")).toEqual({
      publish: ["hf.cmd.dock.stock.>", "hf.get.dock.>"],
      subscribe: ["hf.reply.dock.>"],
    })
    expect(senderPermissions("desk", "merchandiser").publish).toEqual(["hf.cmd.desk.policy.>", "hf.get.desk.>"])
    expect(senderPermissions("ops", "operator").publish).toEqual(["hf.cmd.ops.operator.>", "hf.cmd.ops.policy.>", "hf.get.ops.>"])
  })

  it("are given to no name that could reach beyond its token", () => {
    for (const name of ["", "*", ">", "a.b", "Web", "a b"])
      expect(() => senderPermissions(name, "channel")).toThrow("one plain subject token")
  })
})

describe("a configuration", () => {
  it("quotes what it is given, keeps the interface strict, and syncs where it is asked to", () => {
    const text = serverConfig(options)
    expect(text).toContain('store_dir: "C:\\\\store \\"x\\""')
    expect(text).toContain("strict: true")
    expect(text).toContain("sync_interval: always")
    expect(text).toContain('websocket { listen: "127.0.0.1:9222", no_tls: true }')
    expect(serverConfig({ ...options, syncAlways: false })).not.toContain("sync_interval")
  })

  it("refuses a line break in what it quotes", () => {
    expect(() => serverConfig({ ...options, serverName: "a\nb" })).toThrow("one line of text")
  })
})
