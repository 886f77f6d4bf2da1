/**
 * A checker of a simulated world hears what happens and reports what should not have happened. Each is one file. What journals alone can show is judged in src/audit; these judge
 * what only the simulated world knows.
 */

import type { OrderKind } from "../../src/kinds/order/types.ts"
import type { Cluster } from "../cluster.ts"
import type { Audience, Observer } from "../nodes/observer.ts"
import type { FailureClass } from "../result.ts"

/** Something found. Place is 0 or null where it isn't about a record or a SKU. */
export interface Found {
  readonly class: FailureClass
  /** Without numbers and names. */
  readonly signature: string
  readonly detail: string
  readonly partition?: number
  readonly seq?: number
  readonly sku?: string
}

/** What a checker may ask and has to use. */
export interface Given {
  readonly cluster: Cluster
  readonly found: (found: Found) => void
  /** Something was looked at. */
  readonly checked: (things?: number) => void
  /** A stall or a loss that its cause excuses. */
  readonly excused: (what: string) => void
}

/** How the world ended. */
export interface Ending {
  /** Whether everything came to rest within the bound, but for partitions that halted because their journals lost records. */
  readonly converged: boolean
  /** Partitions whose journal lost records: nothing is promised there but a halt. */
  readonly lossy: ReadonlySet<number>
}

export interface Checker extends Partial<Observer> {
  readonly name: string
  /** When the world has come to rest, or should have. */
  readonly finish?: (ending: Ending) => void
}

export type MakeChecker = (given: Given) => Checker

/** Whether a partition is halted, unanswered by an operator, and its journal lost records. Only both together excuse that it stands still. */
export const isHaltedByLoss = (cluster: Cluster, lossy: ReadonlySet<number>, partition: number): boolean => {
  const { halt } = cluster.server.marks(partition)
  return lossy.has(partition) && halt !== null && halt.resume === null
}

/** What a checker hears of partitions of SKUs it hears of those of orders too: of a slot it asks its journal's number alone, and whose actors it holds is nothing to it. */
export const hearOfBoth = (orders: Audience<OrderKind>, { alarmed, halted }: Pick<Required<Checker>, "alarmed" | "halted">): void =>
  orders.add({
    alarmed: (slot, kind, detail) => alarmed(slot as never, kind, detail),
    halted: (slot, halt) => halted(slot as never, halt),
  })
