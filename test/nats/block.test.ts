/** Messages that are published as one block are spelled as the server's protocol has them. */
import { describe, expect, it } from "vitest"
import { blockOf } from "../../src/nats/block.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe("a block of messages", () => {
  it("has each message with its subject and its length in bytes, in their order", () => {
    const block = blockOf([
      { subject: "hf.reply.web.1", body: bytes('{"sku":"Größe"}') },
      { subject: "hf.reply.pos.2", body: bytes("") },
      { subject: "hf.reply.web.3", body: bytes("a\r\nb") },
    ])
    expect(new TextDecoder().decode(block)).toBe(
      'PUB hf.reply.web.1 17\r\n{"sku":"Größe"}\r\nPUB hf.reply.pos.2 0\r\n\r\nPUB hf.reply.web.3 4\r\na\r\nb\r\n',
    )
  })

  it("says where to answer, where that is wanted", () => {
    const block = blockOf([{ subject: "hf.feed.1.web.A", body: bytes("{}"), reply: "_INBOX.engine.x.1" }])
    expect(new TextDecoder().decode(block)).toBe("PUB hf.feed.1.web.A _INBOX.engine.x.1 2\r\n{}\r\n")
  })
})
