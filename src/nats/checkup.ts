/**
 * What a cluster looks like from outside, for whoever has to judge whether it is set as Holdfast's promises need it. Looks, and changes nothing: no stream is made, and what is tried
 * is tried on names that don't exist.
 */
import type { StreamInfo } from "@nats-io/jetstream"
import { Effect } from "effect"
import { BrokerUnavailable, type LoginRefused } from "../ports/errors.ts"
import { journalStream } from "../wire/subjects.ts"
import { doorInbox, engineInbox } from "./config.ts"
import { type Link, type Login, openLink, type ServerAddress } from "./connection.ts"
import { describe, isForbidden, isStreamMissing } from "./errors.ts"
import { type Account, readAccount, readVarz, type Varz } from "./server-pages.ts"
import { engineAccount, sendersAccount } from "./subjects.ts"

/** One server's page, and when it was read by this machine's clock, with the time that took. */
export interface PageSeen {
  readonly url: string
  /** A text: why it can't be read. */
  readonly read: Varz | string
  readonly askedAtMs: number
  readonly answeredAtMs: number
}

/** A cluster as the engine's login and the servers' pages show it. */
export interface ClusterSeen {
  readonly connected: { readonly name: string; readonly version: string; readonly maxPayloadBytes: number }
  readonly pages: ReadonlyArray<PageSeen>
  /** Null: there is no page to read. A text: why it can't be read. */
  readonly accounts: { readonly engine: Account | string; readonly senders: Account | string } | null
  /** Every stream of the engine's account; a text: why they can't be listed. */
  readonly streams: ReadonlyArray<StreamInfo> | string
  /** Whether the engine's login could purge a journal; a text: why that isn't known. */
  readonly mayPurgeJournals: boolean | string
}

const listStreams = async ({ jsm }: Link): Promise<ReadonlyArray<StreamInfo> | string> => {
  const found: Array<StreamInfo> = []
  try {
    for await (const info of jsm.streams.list()) found.push(info)
    return found
  } catch (error) {
    return describe(error)
  }
}

/** A partition that no cluster has: whoever may purge journals is told that there is none, and nothing can be lost by asking. */
const nobodysPartition = 999_999

const mayPurge = async ({ jsm }: Link): Promise<boolean | string> => {
  try {
    await jsm.streams.purge(journalStream("sku", nobodysPartition))
    return true
  } catch (error) {
    if (isStreamMissing(error)) return true
    return isForbidden(error) ? false : describe(error)
  }
}

const lookAtPage = async (url: string): Promise<PageSeen> => {
  const askedAtMs = Date.now()
  const read = await readVarz(url)
  return { url, read, askedAtMs, answeredAtMs: Date.now() }
}

const look = async (link: Link, monitorUrls: ReadonlyArray<string>): Promise<ClusterSeen> => {
  const info = link.nc.info
  const pages = await Promise.all(monitorUrls.map(lookAtPage))
  const readable = pages.find(({ read }) => typeof read !== "string")?.url
  const [streams, mayPurgeJournals] = await Promise.all([listStreams(link), mayPurge(link)])
  return {
    connected: { name: info?.server_name ?? "?", version: info?.version ?? "?", maxPayloadBytes: info?.max_payload ?? 0 },
    pages,
    accounts:
      readable === undefined
        ? null
        : { engine: await readAccount(readable, engineAccount), senders: await readAccount(readable, sendersAccount) },
    streams,
    mayPurgeJournals,
  }
}

/** Looks at a cluster with the engine's login. Fails if no server answers or the login is refused. */
export const lookAtCluster = (
  address: ServerAddress,
  engine: Login,
  monitorUrls: ReadonlyArray<string>,
): Effect.Effect<ClusterSeen, BrokerUnavailable | LoginRefused> =>
  Effect.scoped(
    Effect.flatMap(openLink(address, engine, engineInbox, "holdfast doctor"), (link) =>
      Effect.tryPromise({
        try: () => look(link, monitorUrls),
        catch: (error) => new BrokerUnavailable({ operation: "look at the cluster", cause: describe(error) }),
      }),
    ),
  )

/** Whether the door's login is let in. Fails as {@link lookAtCluster} does. */
export const tryDoor = (address: ServerAddress, door: Login): Effect.Effect<void, BrokerUnavailable | LoginRefused> =>
  Effect.scoped(Effect.asVoid(openLink(address, door, doorInbox, "holdfast doctor")))
