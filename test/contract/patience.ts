/**
 * A broker whose workers ask again what was left unanswered.
 *
 * The adapters wait for an answer as long as a worker should, a third of a second for a lease of a second: a machine with much else to do takes longer,
 * and a worker then asks again. What a suite says of a broker's answers is meant of those that came.
 */
import { Context, Effect, Schedule, type Scope } from "effect"
import { Cluster, Commands, Journals, Outbound, Questions, Snapshots } from "../../src/ports/broker.ts"
import type { BrokerUnderTest, WorkerPorts } from "./broker-under-test.ts"

const isUnanswered = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "BrokerUnavailable"

/** Asks until there is an answer. Only for what may be repeated. The test's own time limit ends what never comes. */
export const answered = <A, E, R>(asked: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(asked, { while: isUnanswered, schedule: Schedule.spaced("20 millis") })

/** The port, each of its effects asked until it is answered. All that fails with BrokerUnavailable may be repeated; an append never does. */
const patient = <Port extends object>(port: Port): Port => {
  const asking = Object.entries(port).map(([name, method]: [string, unknown]) => {
    if (typeof method !== "function") return [name, method]
    const ask = (...args: ReadonlyArray<unknown>): unknown => {
      const asked: unknown = method(...args)
      return Effect.isEffect(asked) ? answered(asked) : asked
    }
    return [name, ask]
  })
  return Object.fromEntries(asking) as Port
}

const patiently = <A, E>(effect: Effect.Effect<A, E, WorkerPorts | Scope.Scope>): Effect.Effect<A, E, WorkerPorts | Scope.Scope> =>
  Effect.gen(function* () {
    const ports = Context.make(Cluster, patient(yield* Cluster)).pipe(
      Context.add(Commands, patient(yield* Commands)),
      Context.add(Journals, patient(yield* Journals)),
      Context.add(Outbound, patient(yield* Outbound)),
      Context.add(Questions, yield* Questions),
      Context.add(Snapshots, patient(yield* Snapshots)),
    )
    return yield* Effect.provide(effect, ports)
  })

/** The same broker, asked until it answers. */
export const patientBroker = (broker: BrokerUnderTest): BrokerUnderTest => ({
  ...broker,
  asWorker: (effect) => broker.asWorker(patiently(effect)),
  asOtherWorker: (effect) => broker.asOtherWorker(patiently(effect)),
})
