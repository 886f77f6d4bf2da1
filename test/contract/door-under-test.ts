/**
 * What the suites of `Door` and `Desk` are given: the ports of two ingresses and of an owner, and senders with any client they like.
 */
import type { Effect, Scope } from "effect"
import type { Desk, Door } from "../../src/ports/door.ts"

export interface Said {
  readonly path: string
  readonly body: string
  /** As they come, the sender's own choice. */
  readonly headers?: Readonly<Record<string, string>>
  /** Where the sender wants to be answered, whatever it may hear. */
  readonly reply?: string
}

export interface DoorUnderTest {
  /** Prepared, with so many partitions. */
  readonly partitions: number
  readonly asIngress: <A, E>(effect: Effect.Effect<A, E, Door | Desk | Scope.Scope>) => Promise<A>
  readonly asOtherIngress: <A, E>(effect: Effect.Effect<A, E, Door | Desk | Scope.Scope>) => Promise<A>
  /** As a worker. */
  readonly asOwner: <A, E>(effect: Effect.Effect<A, E, Desk | Scope.Scope>) => Promise<A>
  /** As a channel called `web` or `shop`. Resolves when the server has all of it. */
  readonly publish: (sender: "web" | "shop", said: ReadonlyArray<Said>) => Promise<void>
  /** As such a channel: the answer on its own inbox, or null when the server says that nobody is there. */
  readonly ask: (sender: "web" | "shop", path: string, body: string) => Promise<string | null>
}

export type DoorOf = () => DoorUnderTest
