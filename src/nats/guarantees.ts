/**
 * What the servers promise, in words, where it is less than Holdfast needs to keep its own promises through the loss of a machine or of power.
 *
 * Read from each server's monitoring page. What can't be read counts as not kept.
 */
import type { StreamConfig, StreamInfo } from "@nats-io/jetstream"
import { isServerVersionTried, parseVersion, serverVersionBelow, serverVersionMin } from "./server-binary.ts"
import { readVarz, type Varz } from "./server-pages.ts"

const replicasWanted = 3

const ofVersion = (name: string, version: string): ReadonlyArray<string> => {
  const parsed = parseVersion(version)
  return parsed !== undefined && isServerVersionTried(parsed)
    ? []
    : [`server ${name} is ${version}; Holdfast is tried on ${serverVersionMin.join(".")} to below ${serverVersionBelow.join(".")}`]
}

const ofServer = (varz: Varz): ReadonlyArray<string> => {
  const config = varz.jetstream?.config ?? {}
  const warnings = [...ofVersion(varz.server_name, varz.version)]
  if (config.sync_always !== true) {
    const interval = config.sync_interval === undefined ? "an unknown time" : `${config.sync_interval / 1_000_000_000} s`
    warnings.push(
      `server ${varz.server_name} acknowledges before it has synced to disk (sync_interval ${interval}): power loss can lose what was confirmed. Set jetstream { sync_interval: always }`,
    )
  }
  if (config.strict !== true) {
    warnings.push(
      `server ${varz.server_name} does not say that its JetStream API is strict: a sender could then purge commands by naming the API as the reply of its publish. Set jetstream { strict: true }`,
    )
  }
  return warnings
}

/** What is looked at of a stream, which may not be made yet. */
export interface StreamLooks {
  readonly config: Pick<Partial<StreamConfig>, "name" | "num_replicas">
  readonly cluster?: StreamInfo["cluster"]
}

/** Names of the servers that hold the stream. Empty for a server that isn't in a cluster. */
const peersOf = (info: StreamLooks): ReadonlyArray<string> => {
  const names = [info.cluster?.leader, ...(info.cluster?.replicas ?? []).map((peer) => peer.name)]
  return names.filter((name): name is string => name !== undefined && name !== "")
}

const ofReplicas = (infos: ReadonlyArray<StreamLooks>): ReadonlyArray<string> => {
  const few = infos.filter((info) => (info.config.num_replicas ?? 1) < replicasWanted)
  const [first] = few
  if (first === undefined) return []
  const names = few.length === infos.length ? "every stream" : few.map((info) => info.config.name).join(", ")
  return [
    `${names} has ${first.config.num_replicas} replica${first.config.num_replicas === 1 ? "" : "s"}, not ${replicasWanted}: the loss of a disk can lose it. Run three servers and set HOLDFAST_REPLICAS=3, or nats stream edit --replicas=${replicasWanted} for streams that exist`,
  ]
}

/** What is not guaranteed, in words; empty if everything is. `connectedVersion` is of the server this process is connected to. */
export const guaranteesMissing = async (
  infos: ReadonlyArray<StreamLooks>,
  monitorUrls: ReadonlyArray<string>,
  connected: { readonly name: string; readonly version: string },
): Promise<ReadonlyArray<string>> => {
  const read = await Promise.all(monitorUrls.map(readVarz))
  const pages = read.filter((page) => typeof page !== "string")
  const warnings = [...ofReplicas(infos), ...read.filter((page) => typeof page === "string"), ...pages.flatMap(ofServer)]
  const known = new Set(pages.map((page) => page.server_name))
  const unread = new Set([...infos.flatMap(peersOf), connected.name].filter((name) => !known.has(name)))
  if (!known.has(connected.name)) warnings.push(...ofVersion(connected.name, connected.version))
  for (const name of unread)
    warnings.push(
      `sync_interval and strict of server ${name} can't be read, and count as not kept. Give the address of its monitoring page (HOLDFAST_NATS_MONITOR_URL)`,
    )
  return warnings
}
