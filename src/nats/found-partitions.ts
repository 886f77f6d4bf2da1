/**
 * Reads how many partitions a cluster was made with, for tools that look at one and must not create anything.
 */
import { Effect } from "effect"
import { forEachKind, type Kind, type PartitionCounts } from "../domain/kinds.ts"
import { BrokerUnavailable, type LoginRefused, TopologyMismatch } from "../ports/errors.ts"
import { commandsStream } from "../wire/subjects.ts"
import { engineInbox, ingressInbox } from "./config.ts"
import { type Link, type Login, openLink, type ServerAddress } from "./connection.ts"
import { describe, isStreamMissing } from "./errors.ts"
import { notedPartitions } from "./subjects.ts"

const noCluster = (kind: Kind) =>
  new TopologyMismatch({
    what: `commands stream of kind ${kind}`,
    expected: `a stream ${commandsStream(kind)} that Holdfast made`,
    found: "none",
    remedy: "start a worker (holdfast serve) to create the cluster, or name another server with HOLDFAST_NATS_URL",
  })

const countOf = (link: Link, kind: Kind): Effect.Effect<number, TopologyMismatch | BrokerUnavailable> =>
  Effect.tryPromise({
    try: () => link.jsm.streams.info(commandsStream(kind)),
    catch: (error) =>
      isStreamMissing(error)
        ? noCluster(kind)
        : new BrokerUnavailable({ operation: "look at the commands stream", cause: describe(error) }),
  }).pipe(
    Effect.flatMap(({ config }) => {
      const partitions = notedPartitions(config.metadata)
      return partitions === undefined ? Effect.fail(noCluster(kind)) : Effect.succeed(partitions)
    }),
  )

/** Logs in to the account of the engine, as a worker or an ingress. Fails with TopologyMismatch if there is no cluster. */
export const foundPartitions = (
  address: ServerAddress,
  login: { readonly engine: Login } | { readonly ingress: Login },
): Effect.Effect<PartitionCounts, TopologyMismatch | BrokerUnavailable | LoginRefused> =>
  Effect.scoped(
    Effect.gen(function* () {
      const [who, inbox] = "engine" in login ? [login.engine, engineInbox] : [login.ingress, ingressInbox]
      const link = yield* openLink(address, who, inbox, "holdfast tool")
      return yield* Effect.all(forEachKind((kind) => countOf(link, kind)))
    }),
  )
