/** The simulated ports of the shell mode, on one and on three simulated servers, held to the contract suites of the real ones. */
import type { Broker } from "../../contract/broker-under-test.ts"
import { channelLinkContract } from "../../contract/channel-link.ts"
import { clusterContract } from "../../contract/cluster.ts"
import { commandsContract } from "../../contract/commands.ts"
import { journalsContract } from "../../contract/journals.ts"
import { outboundContract } from "../../contract/outbound.ts"
import { questionsContract } from "../../contract/questions.ts"
import { snapshotsContract } from "../../contract/snapshots.ts"
import { contractBroker } from "./contract-broker.ts"

for (const replicas of [1, 3] as const) {
  const name = `${replicas} simulated`
  const running = contractBroker(8, replicas)
  const broker: Broker = () => running
  commandsContract(name, broker, 0)
  journalsContract(name, broker, 1, replicas === 1 ? "unknown" : "duplicate")
  outboundContract(name, broker, 2)
  questionsContract(name, broker)
  snapshotsContract(name, broker, [3, 4, 5])
  clusterContract(name, broker, [6, 7])
  channelLinkContract(name, broker)
}
