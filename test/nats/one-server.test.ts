/** The live layers of the ports on one real server, held to the contract suites. */
import { afterAll, beforeAll } from "vitest"
import type { Broker } from "../contract/broker-under-test.ts"
import { channelLinkContract } from "../contract/channel-link.ts"
import { clusterContract } from "../contract/cluster.ts"
import { commandsContract } from "../contract/commands.ts"
import { journalsContract } from "../contract/journals.ts"
import { outboundContract } from "../contract/outbound.ts"
import { patientBroker } from "../contract/patience.ts"
import { questionsContract } from "../contract/questions.ts"
import { snapshotsContract } from "../contract/snapshots.ts"
import { answerAtTheDoor, type NatsBroker, startBroker, startTimeoutMs } from "./nats-broker.ts"

let running: NatsBroker | undefined
let answering: { readonly close: () => Promise<void> } | undefined
beforeAll(async () => {
  running = await startBroker({ partitions: 8 })
  answering = await answerAtTheDoor(running.server)
}, startTimeoutMs)
afterAll(async () => {
  await answering?.close()
  await running?.close()
})

const broker: Broker = () => {
  if (running === undefined) throw new Error("the server did not start")
  return patientBroker(running)
}

commandsContract("one server", broker, 0)
journalsContract("one server", broker, 1, "unknown")
outboundContract("one server", broker, 2)
questionsContract("one server", broker)
snapshotsContract("one server", broker, [3, 4, 5])
clusterContract("one server", broker, [6, 7])
channelLinkContract("one server", broker)
