/** A login from a creds file, as an operator of accounts issues it. */
import { spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { nkeys } from "@nats-io/transport-node"
import { Effect, Schedule } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { senderInbox } from "../../src/nats/config.ts"
import { openLink } from "../../src/nats/connection.ts"
import { startEmbedded } from "../../src/nats/embedded.ts"
import { natsServerBinary } from "../../src/nats/server-binary.ts"
import { startTimeoutMs } from "./nats-broker.ts"

let folder = ""
beforeAll(async () => {
  await natsServerBinary()
  folder = await mkdtemp(join(tmpdir(), "holdfast-creds-"))
}, startTimeoutMs)
afterAll(() => rm(folder, { recursive: true, force: true }))

const user = nkeys.createUser()

/** A server without an operator looks at the seed's signature only, so any text will do for the JWT. */
const credsOf = (seed: string): string =>
  `-----BEGIN NATS USER JWT-----\nabc.def.ghi\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`

const open = (url: string, credsFile: string) => openLink({ servers: [url] }, { credsFile }, senderInbox("web"), "web")

describe("a login from a creds file", () => {
  it("connects with the seed in it; a file that isn't there is named", async () => {
    const { url, stop } = await startEmbedded({ senders: [] })
    await stop()
    const [config, creds] = [join(folder, "nats-server.conf"), join(folder, "web.creds")]
    await writeFile(config, `listen: "${new URL(url).host}"\nauthorization { users: [ { nkey: "${user.getPublicKey()}" } ] }\n`)
    await writeFile(creds, credsOf(new TextDecoder().decode(user.getSeed())), { mode: 0o600 })
    const server = spawn(await natsServerBinary(), ["-c", config], { stdio: "ignore" })
    try {
      const connected = open(url, creds).pipe(
        Effect.retry({ while: ({ cause }) => !/authorization/i.test(cause), schedule: Schedule.spaced("20 millis") }),
        Effect.map((link) => link.nc.isClosed()),
      )
      expect(await Effect.runPromise(Effect.scoped(connected))).toBe(false)
      const missing = await Effect.runPromise(Effect.scoped(Effect.flip(open(url, join(folder, "none.creds")))))
      expect(missing).toMatchObject({ _tag: "BrokerUnavailable", operation: expect.stringContaining("none.creds") })
    } finally {
      server.kill("SIGKILL")
    }
  })
})
