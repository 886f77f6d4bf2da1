/** The example of a production configuration: the server reads it, and it gives everybody what the generated one gives. */
import { spawn } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { nkeys } from "@nats-io/transport-node"
import { Effect, Schedule } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sendersOf } from "../../src/domain/sender-list.ts"
import {
  archivistPermissions,
  doorPermissions,
  enginePermissions,
  ingressPermissions,
  type Permissions,
  senderInbox,
  senderPermissions,
} from "../../src/nats/config.ts"
import { openLink } from "../../src/nats/connection.ts"
import { startEmbedded } from "../../src/nats/embedded.ts"
import { natsServerBinary } from "../../src/nats/server-binary.ts"
import { startTimeoutMs } from "./nats-broker.ts"

const file = new URL("../../deploy/nats/nats-server.conf", import.meta.url)
let folder = ""
beforeAll(async () => {
  await natsServerBinary()
  folder = await mkdtemp(join(tmpdir(), "holdfast-deploy-"))
}, startTimeoutMs)
afterAll(() => rm(folder, { recursive: true, force: true }))

const user = nkeys.createUser()

/** The example without what only its reader has: certificates, which are read at once, and the servers it is a cluster with. */
const filledIn = async (port: number): Promise<string> =>
  (await readFile(file, "utf8"))
    .replaceAll(/^( *)(?:tls|cluster) \{[\s\S]*?^\1\}$/gm, "")
    .replaceAll("UREPLACEWITHTHEPUBLICNKEYOFTHEWEBSHOP", user.getPublicKey())
    .replace("0.0.0.0:4222", `127.0.0.1:${port}`)
    .replace("0.0.0.0:8222", "127.0.0.1:-1")

const env = () => ({ ...process.env, NATS_SERVER_NAME: "nats-1", NATS_STORE_DIR: folder })

describe("the example configuration", () => {
  it("is one that the server accepts, once certificates and keys are filled in; the nkey's owner connects and nobody else", async () => {
    const config = join(folder, "nats-server.conf")
    const { url, stop } = await startEmbedded({ senders: [] })
    await stop()
    await writeFile(config, await filledIn(Number(new URL(url).port)))
    const server = spawn(await natsServerBinary(), ["-c", config], { env: env(), stdio: "ignore" })
    try {
      const open = (nkeySeed: string) => openLink({ servers: [url] }, { nkeySeed }, senderInbox("web"), "web")
      const asOwner = open(new TextDecoder().decode(user.getSeed())).pipe(
        Effect.retry({ while: ({ cause }) => !/authorization/i.test(cause), schedule: Schedule.spaced("20 millis") }),
        Effect.map((link) => link.nc.isClosed()),
      )
      expect(await Effect.runPromise(Effect.scoped(asOwner))).toBe(false)
      const asStranger = Effect.flip(open(new TextDecoder().decode(nkeys.createUser().getSeed())))
      expect((await Effect.runPromise(Effect.scoped(asStranger))).cause).toMatch(/authorization violation/i)
    } finally {
      server.kill("SIGKILL")
    }
  })

  it("gives everybody the permissions that the generated one does, and syncs before it acknowledges", async () => {
    const text = await readFile(file, "utf8")
    const senders = sendersOf("web=channel,shop=channel,dock=warehouse,desk=merchandiser,ops=operator+reader")
    const ofSenders = senders.map(({ sender, roles }) => senderPermissions(sender, roles))
    const list = (subjects: ReadonlyArray<string>) => JSON.stringify(subjects).replaceAll(",", ", ")
    for (const { publish, subscribe, neverPublish } of [
      ...ofSenders,
      doorPermissions,
      ingressPermissions,
      enginePermissions,
      archivistPermissions,
    ] satisfies ReadonlyArray<Permissions>) {
      const deny = neverPublish === undefined ? "" : `, deny: ${list(neverPublish)}`
      expect(text).toContain(`publish: { allow: ${list(publish)}${deny} }`)
      expect(text).toContain(`subscribe: { allow: ${list(subscribe)} }`)
    }
    expect(text).toMatch(/^ {2}sync_interval: always$/m)
    expect(text).toMatch(/^ {2}strict: true$/m)
    expect(text).toMatch(/^ping_interval: 2s\nping_max: 2$/m)
  })
})
