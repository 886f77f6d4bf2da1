import { type ChildProcess, spawn } from "node:child_process"
import { jetstreamManager } from "@nats-io/jetstream"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { afterAll, beforeAll, expect, it } from "vitest"
import { freePort } from "../../src/free-ports.ts"
import { ledInfo } from "../../src/nats/led-info.ts"
import { natsServerBinary } from "../../src/nats/server-binary.ts"
import { startTimeoutMs } from "./nats-broker.ts"

let child: ChildProcess | undefined
let nc: NatsConnection
beforeAll(async () => {
  const port = await freePort()
  // Without JetStream: who answers for a stream is this test.
  child = spawn(await natsServerBinary(), ["-a", "127.0.0.1", "-p", String(port)], { stdio: "ignore" })
  nc = await connect({ servers: `127.0.0.1:${port}`, waitOnFirstConnect: true, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
}, startTimeoutMs)
afterAll(async () => {
  await nc.close()
  child?.kill("SIGKILL")
})

/** Answers for a stream, each time so many milliseconds late. */
const member = (stream: string, lastSeq: number, leader: string | undefined, lateMs: number): void => {
  nc.subscribe(`$JS.API.STREAM.INFO.${stream}`, {
    callback: (_, message) => {
      const cluster = { name: "three", ...(leader === undefined ? {} : { leader }) }
      setTimeout(() => message.respond(JSON.stringify({ config: {}, state: { last_seq: lastSeq }, cluster })), lateMs)
    },
  })
}

const endOf = async (stream: string): Promise<number> => {
  const lookups = await jetstreamManager(nc, { checkAPI: false })
  return (await ledInfo({ nc, lookups }, stream)).state.last_seq
}

it("is the leader's, also where a member that sees none is quicker each time", async () => {
  member("QUICK", 18, undefined, 0)
  member("QUICK", 23, "server-2", 100)
  expect(await endOf("QUICK")).toBe(23)
})

it("is nobody's where no leader answers", async () => {
  member("NONE", 18, undefined, 0)
  member("NONE", 23, undefined, 20)
  await expect(endOf("NONE")).rejects.toThrow("who answered for stream NONE sees no leader of it")
})
