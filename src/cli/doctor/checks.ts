/**
 * What a doctor makes of what was seen: a line for each setting that a promise rests on. Pure: what is looked at, and how, stands in looks.ts.
 *
 * What could not be looked at is `unknown`, never `ok`.
 */
import type { PartitionCounts } from "../../domain/kinds.ts"
import { clockOffMsMax, payloadBytesMax } from "../../limits.ts"
import type { ClusterSeen, PageSeen } from "../../nats/checkup.ts"
import { isServerVersionTried, parseVersion, serverVersionBelow, serverVersionMin } from "../../nats/server-binary.ts"
import type { Account, Varz } from "../../nats/server-pages.ts"
import { allStreams, firstDifference } from "../../nats/streams.ts"
import { engineAccount, sendersAccount } from "../../nats/subjects.ts"

/** One setting. `wrong` breaks a promise, or will; `unknown` could not be looked at; `none` isn't used here. */
export interface Check {
  /** The same for every run, for scripts. */
  readonly name: string
  readonly state: "ok" | "wrong" | "unknown" | "none"
  readonly found: string
  /** What is promised that rests on it. */
  readonly promise: string
  /** What to do; null where nothing has to be done. */
  readonly remedy: string | null
}

/** What a check is about, before it was looked at. */
export interface Subject {
  readonly name: string
  readonly promise: string
  readonly remedy: string
}

/** It is as it has to be. */
export const ok = ({ name, promise }: Subject, found: string): Check => ({ name, promise, state: "ok", found, remedy: null })
/** It breaks the promise, or will. */
export const wrong = ({ name, promise, remedy }: Subject, found: string): Check => ({ name, promise, state: "wrong", found, remedy })
/** It could not be looked at, and `found` says why. */
export const unknown = ({ name, promise, remedy }: Subject, found: string): Check => ({ name, promise, state: "unknown", found, remedy })
/** Nothing of the kind is used here. */
export const unused = ({ name, promise }: Subject, found: string): Check => ({ name, promise, state: "none", found, remedy: null })

const perServer: Readonly<Record<"version" | "sync" | "strict" | "ping" | "payload" | "clock" | "disk", Subject>> = {
  version: {
    name: "server version",
    promise: "the broker behaves as it was tried",
    remedy: `run nats-server ${serverVersionMin.join(".")} to below ${serverVersionBelow.join(".")}`,
  },
  sync: {
    name: "sync to disk",
    promise: "what was confirmed outlives the loss of power",
    remedy: "set jetstream { sync_interval: always } at this server",
  },
  strict: {
    name: "strict interface",
    promise: "no sender can purge what others sent",
    remedy: "set jetstream { strict: true } at this server; it is the default",
  },
  ping: {
    name: "pings",
    promise: "a process that stands still gets no share of the traffic after 6 s",
    remedy: "set ping_interval: 2s and ping_max: 2 at this server",
  },
  payload: {
    name: "message size",
    promise: "a journal record fits one message",
    remedy: `remove max_payload from this server's configuration, or set it to ${payloadBytesMax} or more`,
  },
  clock: {
    name: "clock",
    promise: "holds end when it was told, and senders' dates are believed",
    remedy: "let NTP set the clocks of this machine and of the server's",
  },
  disk: {
    name: "room on disk",
    promise: "facts are taken, and journals grow, until somebody archives",
    remedy: "archive and purge (holdfast archive), raise max_file_store, or give the server a larger disk",
  },
}

/** Share of a server's room for streams above which somebody should act. */
const diskShareMax = 0.8
const pingAllMsMax = 6_000

const version = (found: string): Check => {
  const parsed = parseVersion(found)
  return parsed !== undefined && isServerVersionTried(parsed) ? ok(perServer.version, found) : wrong(perServer.version, found)
}

const sync = ({ jetstream }: Varz): Check => {
  const { sync_always: always, sync_interval: interval } = jetstream?.config ?? {}
  if (always === true) return ok(perServer.sync, "always")
  return wrong(perServer.sync, interval === undefined ? "not said" : `every ${interval / 1e9} s, and acknowledges before`)
}

const strict = ({ jetstream }: Varz): Check =>
  jetstream?.config?.strict === true ? ok(perServer.strict, "on") : wrong(perServer.strict, "not said to be on")

const pings = ({ ping_interval: interval, ping_max: most }: Varz): Check => {
  if (interval === undefined || most === undefined) return unknown(perServer.ping, "not said")
  const allMs = (interval / 1e6) * (most + 1)
  const found = `every ${interval / 1e9} s, ${most} without an answer`
  return allMs <= pingAllMsMax ? ok(perServer.ping, found) : wrong(perServer.ping, found)
}

const payload = (bytes: number): Check =>
  bytes >= payloadBytesMax ? ok(perServer.payload, `${bytes} bytes`) : wrong(perServer.payload, `${bytes} bytes`)

/** Milliseconds by which a server's clock is certainly apart from this machine's; null: it doesn't say its time. */
const clockOffMs = ({ now }: Varz, { askedAtMs, answeredAtMs }: PageSeen): number | null => {
  const serverMs = Date.parse(now ?? "")
  if (Number.isNaN(serverMs)) return null
  if (serverMs < askedAtMs) return serverMs - askedAtMs
  return Math.max(0, serverMs - answeredAtMs)
}

const clock = (varz: Varz, page: PageSeen): Check => {
  const offMs = clockOffMs(varz, page)
  if (offMs === null) return unknown(perServer.clock, "not said")
  const found = offMs === 0 ? "as here" : `${Math.abs(offMs)} ms ${offMs < 0 ? "behind" : "ahead of"} this machine's`
  return Math.abs(offMs) <= clockOffMsMax ? ok(perServer.clock, found) : wrong(perServer.clock, found)
}

const disk = ({ jetstream }: Varz): Check => {
  const [used, room] = [jetstream?.stats?.storage, jetstream?.config?.max_storage]
  if (used === undefined || room === undefined || room <= 0) return unknown(perServer.disk, "not said")
  const found = `${used} of ${room} bytes used`
  return used / room <= diskShareMax ? ok(perServer.disk, found) : wrong(perServer.disk, found)
}

const named = (check: Check, server: string): Check => ({ ...check, name: `${check.name} of ${server}` })

const pageSubject: Subject = {
  name: "monitoring page",
  promise: "what a server guarantees can be read, and counts",
  remedy: "set `http` at every server and name all of them in HOLDFAST_NATS_MONITOR_URL, separated by commas",
}

const page = (seen: PageSeen): ReadonlyArray<Check> => {
  const { read, url } = seen
  if (typeof read === "string") return [wrong(pageSubject, read)]
  const checks = [version(read.version), sync(read), strict(read), pings(read), clock(read, seen), disk(read)]
  return [...checks, ...(read.max_payload === undefined ? [] : [payload(read.max_payload)])].map((check) =>
    named(check, read.server_name || url),
  )
}

/** What each server says of itself. */
export const serverChecks = ({ connected, pages }: ClusterSeen): ReadonlyArray<Check> => {
  if (pages.length > 0) return pages.flatMap(page)
  const of = (check: Check) => named(check, connected.name)
  return [
    of(version(connected.version)),
    of(payload(connected.maxPayloadBytes)),
    wrong(pageSubject, "none is named: sync, strict, pings and clocks can't be looked at"),
  ]
}

const bordersSubject: Subject = {
  name: "border between the accounts",
  promise: "what a sender publishes reaches no stream, and no answer a subject that isn't the sender's",
  remedy: `leave the accounts as deploy/nats has them: no JetStream in ${sendersAccount}, no export of ${engineAccount} but the stream hf.ats.>, no import but it`,
}
const feedSubject = "hf.ats.>"
/** Subjects that the server itself shares with every account, under its own account's name. */
const isServers = ({ subject }: { readonly subject: string }): boolean => subject.startsWith("$SYS.") || subject === "$JS.API.>"

const openBorders = (engine: Account, senders: Account): ReadonlyArray<string> => [
  ...(senders.jetstream_enabled ? [`JetStream is enabled in ${sendersAccount}`] : []),
  ...(engine.jetstream_enabled ? [] : [`JetStream is not enabled in ${engineAccount}`]),
  ...(engine.exports ?? [])
    .filter((one) => !(one.subject === feedSubject && one.type === "stream"))
    .map((one) => `${engineAccount} exports the ${one.type} ${one.subject}`),
  ...(senders.exports ?? []).map((one) => `${sendersAccount} exports the ${one.type} ${one.subject}`),
  ...[senders, engine].flatMap((account) =>
    (account.imports ?? [])
      .filter((one) => !isServers(one) && !(account === senders && one.subject === feedSubject && one.type === "stream"))
      .map((one) => `${account.account_name} imports the ${one.type} ${one.subject}`),
  ),
  ...((senders.imports ?? []).some((one) => one.subject === feedSubject) ? [] : [`${sendersAccount} doesn't import ${feedSubject}`]),
]

const borders = ({ accounts }: ClusterSeen): Check => {
  if (accounts === null) return unknown(bordersSubject, "there is no monitoring page to read")
  const { engine, senders } = accounts
  if (typeof engine === "string") return unknown(bordersSubject, engine)
  if (typeof senders === "string") return unknown(bordersSubject, senders)
  const open = openBorders(engine, senders)
  return open.length === 0 ? ok(bordersSubject, "the feed alone") : wrong(bordersSubject, open.join("; "))
}

const purgeSubject: Subject = {
  name: "who may purge journals",
  promise: "no worker's mistake can lose a journal",
  remedy: "take $JS.API.STREAM.PURGE of the journals from the engine's login: only the archivist's may, as in deploy/nats",
}

const purge = ({ mayPurgeJournals }: ClusterSeen): Check => {
  if (typeof mayPurgeJournals === "string") return unknown(purgeSubject, mayPurgeJournals)
  return mayPurgeJournals ? wrong(purgeSubject, "the engine's login may") : ok(purgeSubject, "not the engine's login")
}

/** What stands between senders and what is stored. */
export const borderChecks = (seen: ClusterSeen): ReadonlyArray<Check> => [borders(seen), purge(seen)]

const streamSubject = (name: string): Subject => ({
  name: `stream ${name}`,
  promise: "nothing that was stored is lost, doubled or read before it is safe",
  remedy: `set it back (nats stream edit ${name}), with a login of your own`,
})
const replicasSubject: Subject = {
  name: "replicas",
  promise: "what was confirmed outlives the loss of a disk",
  remedy: "run three servers, set HOLDFAST_REPLICAS=3, and nats stream edit --replicas=3 for streams that exist",
}
const currentSubject: Subject = {
  name: "replicas that are current",
  promise: "one more server may be lost",
  remedy: "start the servers that are away; look at nats stream report, and at the disk and network of a server that stays behind",
}
const replicasWanted = 3

/** Streams whose sizes are somebody's to choose are compared without them. */
const anySize = { commandsBytesMax: -1, commandsMessagesMax: -1 }

type Listed = Exclude<ClusterSeen["streams"], string>

const streamDifferences = (streams: Listed, partitions: PartitionCounts, replicas: number): ReadonlyArray<Check> =>
  allStreams(partitions, replicas, anySize).flatMap((spec) => {
    const subject = streamSubject(spec.config.name)
    const found = streams.find(({ config }) => config.name === spec.config.name)
    if (found === undefined)
      return [
        wrong(
          { ...subject, remedy: "start a worker, which makes what is missing; if it held anything, first read OPERATIONS, Runbooks" },
          "none",
        ),
      ]
    const difference = firstDifference(spec, found.config)
    return difference === undefined
      ? []
      : [wrong(subject, `${difference.setting} is ${difference.found}, and has to be ${difference.expected}`)]
  })

const replicaCount = (ours: Listed, isOneServer: boolean): Check => {
  const few = ours.filter(({ config }) => config.num_replicas < replicasWanted)
  if (few.length === 0) return ok(replicasSubject, `${replicasWanted} of every stream, or more`)
  const which = few.length === ours.length ? "every stream" : few.map(({ config }) => config.name).join(", ")
  return wrong(replicasSubject, `${few[0]?.config.num_replicas} of ${which}${isOneServer ? "; there is one server" : ""}`)
}

const replicasCurrent = (ours: Listed): Check => {
  const behind = ours.flatMap(({ config, cluster }) =>
    (cluster?.replicas ?? [])
      .filter(({ current, offline }) => !current || offline === true)
      .map(({ name, offline }) => `${config.name} at ${name}${offline === true ? ", which is away" : ""}`),
  )
  return behind.length === 0 ? ok(currentSubject, "all") : wrong(currentSubject, behind.slice(0, 8).join("; "))
}

/** How each stream is set, by how the cluster's number of partitions says there have to be. */
export const streamChecks = ({ streams }: ClusterSeen, partitions: PartitionCounts, replicas: number): ReadonlyArray<Check> => {
  const subject = { ...streamSubject("settings"), name: "streams" }
  if (typeof streams === "string") return [unknown(subject, streams)]
  const names = new Set(allStreams(partitions, replicas, anySize).map(({ config }) => config.name))
  const ours = streams.filter(({ config }) => names.has(config.name))
  const different = streamDifferences(streams, partitions, replicas)
  const servers = new Set(ours.flatMap(({ cluster }) => [cluster?.leader, ...(cluster?.replicas ?? []).map(({ name }) => name)]))
  return [
    ...(different.length === 0 ? [ok(subject, `${names.size} of ${names.size} as they have to be`)] : different),
    replicaCount(ours, servers.size <= 1),
    replicasCurrent(ours),
  ]
}
