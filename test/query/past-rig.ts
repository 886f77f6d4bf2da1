/**
 * A SKU's life played on the engine itself, and its past as journals in memory tell it: through the adapter that reads journals, so that this is tried too.
 */
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { JournalRoom } from "../../src/ports/archive.ts"
import { Journals } from "../../src/ports/broker.ts"
import { BrokerUnavailable } from "../../src/ports/errors.ts"
import type { Past } from "../../src/ports/past.ts"
import { journalPast } from "../../src/retention/journal-past.ts"
import { Broker, json, startMs, Worker } from "../engine/rig.ts"

const notThere = new BrokerUnavailable({ operation: "append", cause: "read only" })

/** The journal of SKUs of a broker's one partition; the others are empty, and purged below `firstSeq`. */
const journalOf = (broker: Broker, firstSeq: number) => {
  const held = () => broker.journal.filter(({ seq }) => seq >= firstSeq)
  const journals = Layer.succeed(Journals, {
    append: () => Effect.die("read only"),
    endSeq: () => Effect.sync(() => broker.journal.length),
    at: (_: number, seq: number) => Effect.sync(() => held().find((record) => record.seq === seq) ?? null),
    read: (_: number, fromSeq: number, toSeq: number) =>
      Stream.fromIterable(held().filter(({ seq }) => seq >= fromSeq && seq <= toSeq)).pipe(Stream.map((record) => [record])),
    follow: () => Stream.fail(notThere),
  })
  const room = Layer.succeed(JournalRoom, {
    held: () => Effect.sync(() => ({ firstSeq, lastSeq: broker.journal.length, bytes: 0, mayPurge: true })),
  })
  return Layer.merge(journals, room)
}

/** The past of a broker's partition of SKUs, and of another's of orders. */
export const pastOf = (broker: Broker, orders: Broker = new Broker(), firstSeq = 1): Layer.Layer<Past> => {
  const ports = { sku: journalOf(broker, firstSeq), order: journalOf(orders, 1) }
  return journalPast({ sku: 1, order: 1 }, (kind) => (effect) => Effect.provide(effect, ports[kind]))
}

/** Whoever asks asks then: later than anything that is played. */
export const askedMs = startMs + 30 * 86_400_000

/** Asks about the past of a broker; what it is refused with is told as its reason. */
export const ask = <A, E extends { readonly _tag: string }>(
  broker: Broker,
  asked: Effect.Effect<A, E, Past>,
  firstSeq = 1,
): Promise<A | string> =>
  Effect.runPromise(
    Effect.andThen(TestClock.setTime(askedMs), asked).pipe(
      Effect.provide(Layer.merge(pastOf(broker, new Broker(), firstSeq), TestClock.layer())),
      Effect.catch((error) => Effect.succeed("reason" in error ? String(error.reason) : error._tag)),
    ),
  )

/** What may happen next. */
export type Action =
  | { readonly type: "reserve"; readonly qty: number; readonly sender: Seller; readonly partial: boolean }
  | { readonly type: "confirm" | "release" | "fulfil"; readonly sender: Seller; readonly nth: number }
  | { readonly type: "receive" | "count"; readonly qty: number }
  | { readonly type: "policy"; readonly bufferQty: number; readonly bufferPercent: number; readonly fenceQty: number }
  | { readonly type: "wait"; readonly ms: number }
type Seller = "web" | "shop"

const sender = fc.constantFrom<Seller>("web", "shop")

/** Something that may happen; without policies where they are not to change. */
export const actionOf = (withPolicies: boolean): fc.Arbitrary<Action> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constant("reserve" as const), qty: fc.integer({ min: 1, max: 9 }), sender, partial: fc.boolean() }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constantFrom("confirm" as const, "release" as const, "fulfil" as const), sender, nth: fc.nat(4) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constantFrom("receive" as const, "count" as const), qty: fc.integer({ min: 1, max: 9 }) }),
    },
    {
      weight: withPolicies ? 1 : 0,
      arbitrary: fc.record({ type: fc.constant("policy" as const), bufferQty: fc.nat(4), bufferPercent: fc.nat(30), fenceQty: fc.nat(9) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.constantFrom(1_000, 70_000) }) },
  )

export const holdMs = 60_000

/** A SKU's life. Every action has a record, and so a time, of its own. */
export class Life {
  readonly broker = new Broker()
  readonly worker = new Worker(this.broker).serve()
  readonly #reservations: Array<string> = []

  constructor(qty: number, bufferQty: number, bufferPercent: number) {
    this.send("dc", "ReceiveStock", { location: "L", qty })
    this.policy(bufferQty, bufferPercent, 0)
  }

  send(from: string, type: Parameters<typeof json>[0], fields: Record<string, unknown>): void {
    const { worker } = this
    worker.tick(1).settle()
    worker.send(from, json(type, { issuedAtMs: worker.nowMs, ...fields }), { brokerMs: worker.nowMs })
    worker.settle()
  }

  policy(bufferQty: number, bufferPercent: number, fenceQty: number): void {
    const line = { priority: 0, bufferQty, bufferPercent, floorQty: 0 }
    const channels = [
      { channel: "web", ...line, fenceQty },
      { channel: "shop", ...line, priority: 1, fenceQty: 0 },
    ]
    this.send("boss", "SetPolicy", { policy: { channels, safety: [], sourcing: [] } })
  }

  #known(nth: number): string {
    return this.#reservations.at(-1 - nth) ?? "r0"
  }

  do(next: Action): void {
    switch (next.type) {
      case "reserve": {
        const reservation = `r${this.#reservations.length}`
        this.#reservations.push(reservation)
        return this.send(next.sender, "Reserve", { reservation, qty: next.qty, holdMs, partial: next.partial })
      }
      case "confirm":
        return this.send(next.sender, "Confirm", { reservation: this.#known(next.nth) })
      case "release":
        return this.send(next.sender, "Release", { reservation: this.#known(next.nth), reason: "other" })
      case "fulfil":
        return this.send("dc", "Fulfil", { channel: next.sender, reservation: this.#known(next.nth), location: "L" })
      case "receive":
        return this.send("dc", "ReceiveStock", { location: "L", qty: next.qty })
      case "count":
        return this.send("dc", "AdjustStock", { location: "L", qty: -next.qty, reason: "count" })
      case "policy":
        return this.policy(next.bufferQty, next.bufferPercent, next.fenceQty)
      case "wait":
        this.worker.tick(next.ms).settle()
    }
  }
}
