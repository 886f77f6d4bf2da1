/**
 * Reads how many partitions a cluster was made with, for tools that look at one and must not create anything.
 */
import { Effect } from "effect"
import { BrokerUnavailable, type LoginRefused, TopologyMismatch } from "../ports/errors.ts"
import { engineInbox, ingressInbox } from "./config.ts"
import { type Login, openLink, type ServerAddress } from "./connection.ts"
import { describe, isStreamMissing } from "./errors.ts"
import { commandsStream, notedPartitions } from "./subjects.ts"

const noCluster = new TopologyMismatch({
  what: "commands stream",
  expected: `a stream ${commandsStream} that Holdfast made`,
  found: "none",
  remedy: "start a worker (holdfast serve) to create the cluster, or name another server with HOLDFAST_NATS_URL",
})

/** Logs in to the account of the engine, as a worker or an ingress. Fails with TopologyMismatch if there is no cluster. */
export const foundPartitions = (
  address: ServerAddress,
  login: { readonly engine: Login } | { readonly ingress: Login },
): Effect.Effect<number, TopologyMismatch | BrokerUnavailable | LoginRefused> =>
  Effect.scoped(
    Effect.gen(function* () {
      const [who, inbox] = "engine" in login ? [login.engine, engineInbox] : [login.ingress, ingressInbox]
      const link = yield* openLink(address, who, inbox, "holdfast tool")
      const info = yield* Effect.tryPromise({
        try: () => link.jsm.streams.info(commandsStream),
        catch: (error) =>
          isStreamMissing(error) ? noCluster : new BrokerUnavailable({ operation: "look at the commands stream", cause: describe(error) }),
      })
      const partitions = notedPartitions(info.config.metadata)
      return partitions === undefined ? yield* noCluster : partitions
    }),
  )
