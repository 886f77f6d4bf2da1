import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Layer } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { HeardWriter } from "../../../src/cli/demo/heard.ts"
import { recordingLink } from "../../../src/cli/demo/recording-link.ts"
import { Client } from "../../../src/client/client.ts"
import { openSenderClient } from "../../../src/client/promises.ts"
import { acceptAll, fakeLink } from "../../client/fake-link.ts"

/** A channel whose link is recorded, and how to read the lines once it is closed. */
const recorded = async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-heard-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const writer = new HeardWriter(folder, "web")
  const link = fakeLink()
  const channel = await openSenderClient(Client.layer({ retryMs: 5 }).pipe(Layer.provide(recordingLink(writer)), Layer.provide(link.layer)))
  const lines = async () => {
    await channel.close()
    writer.close()
    const texts = readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), "utf8").trimEnd().split("\n"))
    return texts.map((line) => JSON.parse(line) as { readonly kind: string; readonly suffix?: string; readonly commands?: unknown })
  }
  return { link, channel, lines }
}

describe("what a recorded link writes down", () => {
  it("of a fact: that it is stored once it is said to be, and the reply", async () => {
    const { link, channel, lines } = await recorded()
    link.onPublish = ({ suffix, body }) => {
      link.door(suffix, { answer: "stored", partition: 0, seq: 1 })
      link.reply(suffix, acceptAll(body))
    }
    const { id } = await channel.recordSale({ sku: "A", mode: "taken", qty: 1, location: "L" })
    const written = await lines()
    expect(written.map(({ kind }) => kind)).toEqual(["stored", "reply"])
    expect(written[0]?.commands).toEqual([{ sku: "A", id }])
    expect(written[1]?.suffix).toBe(link.published[0]?.suffix)
  })

  it("of a command that is handed over, and of one that was not taken at first: the reply alone", async () => {
    const { link, channel, lines } = await recorded()
    link.onPublish = ({ suffix, body }) => {
      if (link.published.length === 1) link.door(suffix, { answer: "busy", retryAfterMs: 1, why: "owner" })
      else if (link.published.length === 2) link.nobodyTakes(suffix)
      else link.reply(suffix, acceptAll(body))
    }
    await channel.reserve({ sku: "A", reservation: "r1", qty: 1, holdMs: 1_000 })
    expect((await lines()).map(({ kind }) => kind)).toEqual(["reply"])
  })
})
