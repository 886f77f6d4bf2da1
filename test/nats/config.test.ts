/** The server's configuration: each sender's borders, word for word. */
import { describe, expect, it } from "vitest"
import { sendersOf } from "../../src/domain/sender-list.ts"
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
  ingress: { user: "ingress", password: "i" },
  door: { user: "door", password: "d" },
  archivist: { user: "archivist", password: "a" },
  admin: { user: "admin", password: "m" },
  senders: sendersOf("web=channel").map((access) => ({ ...access, login: { user: "web", password: "p" } })),
}

describe("a sender's permissions", () => {
  it("are its own name, its roles' classes, its questions and its inbox; the feed only for channels", () => {
    expect(senderPermissions("web", ["channel", "bulk"])).toEqual({
      publish: ["hf.cmd.web.sell.>", "hf.get.web.>"],
      subscribe: ["hf.ats.web.>", "hf.reply.web.>"],
    })
    expect(senderPermissions("dock", ["warehouse"])).toEqual({
      publish: ["hf.cmd.dock.stock.>", "hf.get.dock.>"],
      subscribe: ["hf.reply.dock.>"],
    })
    expect(senderPermissions("desk", ["merchandiser"]).publish).toEqual(["hf.cmd.desk.policy.>", "hf.get.desk.>"])
    expect(senderPermissions("ops", ["operator", "reader"]).publish).toEqual([
      "hf.cmd.ops.operator.>",
      "hf.cmd.ops.policy.>",
      "hf.get.ops.>",
    ])
  })

  it("are given to no name that could reach beyond its token", () => {
    for (const name of ["", "*", ">", "a.b", "Web", "a b"])
      expect(() => senderPermissions(name, ["channel"])).toThrow("one plain subject token")
  })
})

describe("those between senders and what is stored", () => {
  it("have a login in each account, and neither may say more than its side of it", () => {
    const text = serverConfig(options)
    const [engine = "", channels = ""] = text.slice(text.indexOf("accounts {")).split("  CHANNELS {")
    expect(engine).toContain(
      'user: "ingress", password: "i", permissions: { publish: { allow: ["hf.hand.*.*.*", "hf.q.sku.*", "$JS.API.STREAM.INFO.HF_STORED_SKU", "$JS.API.STREAM.INFO.HF_STORED_ORDER"] }, subscribe: { allow: ["hf.owner.*.*", "_INBOX.ingress.>"] } }',
    )
    expect(channels).toContain(
      'user: "door", password: "d", permissions: { publish: { allow: ["hf.reply.>"] }, subscribe: { allow: ["hf.cmd.>", "hf.get.>", "_INBOX.door.>"] } }',
    )
    expect(channels).not.toContain("jetstream")
    expect(text).not.toContain("allow_responses")
    expect(text.match(/exports|imports/g)).toEqual(["exports", "imports"])
  })
})

describe("a configuration", () => {
  it("quotes what it is given, keeps the interface strict, and syncs where it is asked to", () => {
    const text = serverConfig(options)
    expect(text).toContain('store_dir: "C:\\\\store \\"x\\""')
    expect(text).toContain("strict: true")
    expect(text).toContain("sync_interval: always")
    expect(text).toMatch(/^ping_interval: 2s\nping_max: 2$/m)
    expect(text).toContain('websocket { listen: "127.0.0.1:9222", no_tls: true }')
    expect(serverConfig({ ...options, syncAlways: false })).not.toContain("sync_interval")
  })

  it("refuses a line break in what it quotes", () => {
    expect(() => serverConfig({ ...options, serverName: "a\nb" })).toThrow("one line of text")
  })
})
