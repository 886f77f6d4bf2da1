/**
 * What a contract suite is given: the ports of a worker, those of senders, and the means to do to the broker what outsiders do.
 *
 * Every broker that the runtime or the simulator runs on passes the same suites. A suite keeps to the partitions it is given, so that
 * several can share one broker.
 */
import { type Effect, type Scope, Stream } from "effect"
import { partitionOf } from "../../src/domain/names.ts"
import type { Cluster, Commands, Journals, Outbound, Questions, Snapshots } from "../../src/ports/broker.ts"
import type { Heard, SenderLink } from "../../src/ports/channel.ts"
import type { BrokerUnavailable } from "../../src/ports/errors.ts"

export type WorkerPorts = Cluster | Commands | Journals | Outbound | Questions | Snapshots

export interface BrokerUnderTest {
  /** Prepared, with so many partitions. */
  readonly partitions: number
  /** As a worker. */
  readonly asWorker: <A, E>(effect: Effect.Effect<A, E, WorkerPorts | Scope.Scope>) => Promise<A>
  /** As another worker, over connections of its own. */
  readonly asOtherWorker: <A, E>(effect: Effect.Effect<A, E, WorkerPorts | Scope.Scope>) => Promise<A>
  /** Stores a message in the commands stream of a partition, whoever stores there. Fails where it isn't acknowledged. */
  readonly store: (partition: number, body: Uint8Array) => Effect.Effect<{ readonly seq: number }, BrokerUnavailable>
  /** As a channel called `web` or `shop`, or a warehouse called `dock`. */
  readonly asSender: <A, E>(sender: "web" | "shop" | "dock", effect: Effect.Effect<A, E, SenderLink | Scope.Scope>) => Promise<A>
}

/** A broker that is started before the first test of a suite that asks for it, and stays until the last. */
export type Broker = () => BrokerUnderTest

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (body: Uint8Array): string => new TextDecoder().decode(body)

const isSaid = (heard: Heard) => heard._tag === "Said"

/** What is said to a sender under a prefix, without what the server says of its publishes. */
export const saidUnder = (link: SenderLink["Service"], prefix: string) =>
  link.replies(prefix).pipe(Stream.map((arrived) => arrived.filter(isSaid)))

/** A SKU of this partition, one for each `index`. Plain, so that it is its own token. */
export const skuIn = (partition: number, partitions: number, index = 0): string => {
  let found = -1
  for (let i = 0; ; i++) {
    const sku = `SKU-${i}`
    if (partitionOf(sku, partitions) === partition && ++found === index) return sku
  }
}
