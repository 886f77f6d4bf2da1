/** Three real servers of one cluster on this machine, each on ports of its own. */
import { freePorts } from "../../src/free-ports.ts"
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"

/** A port found free may be taken by another before a server listens on it. */
const startAttempts = 5

/** Starts `server-0` to `server-2`, which share their secrets, and waits until all are ready. */
export const startThreeServers = async (
  senders: EmbeddedOptions["senders"],
  others: Omit<EmbeddedOptions, "senders" | "cluster" | "credentials" | "storeDir" | "port"> = {},
  attempt = 1,
): Promise<ReadonlyArray<EmbeddedServer>> => {
  const ports = await freePorts(3)
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`)
  const started: Array<EmbeddedServer> = []
  try {
    for (const [i, port] of ports.entries()) {
      const [first] = started
      const cluster = { serverName: `server-${i}`, port, routes }
      started.push(await startEmbedded({ ...others, senders, cluster, ...(first === undefined ? {} : { credentials: first.credentials }) }))
    }
    await Promise.all(started.map((server) => server.ready()))
    return started
  } catch (error) {
    await Promise.all(started.map((server) => server.stop()))
    if (attempt === startAttempts) throw error
    return startThreeServers(senders, others, attempt + 1)
  }
}
