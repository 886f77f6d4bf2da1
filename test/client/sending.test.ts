import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CommandSender, ofSkus } from "../../src/client/command-sender.ts"
import { type CommandAnswer, completeCommand, type Sendable, sendable } from "../../src/client/commands.ts"
import type { SendFailure } from "../../src/client/errors.ts"
import { manualEnvironment } from "./manual-environment.ts"
import { type Fate, UnreliableCluster } from "./unreliable-cluster.ts"

type Action =
  | { readonly submit: number; readonly kind: "reserve" | "sale" | "taken"; readonly isFaulty: boolean }
  | { readonly meet: number; readonly fate: Fate }
  | { readonly hear: number; readonly isLost: boolean }
  | "decideStored"
  | "wait"

const fates: ReadonlyArray<Fate> = ["taken", "taken", "taken", "lost", "busy", "nobody", "old", "fault"]
const which = fc.nat({ max: 7 })
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      submit: fc.nat({ max: 1 }),
      kind: fc.constantFrom("reserve" as const, "sale" as const, "taken" as const),
      isFaulty: fc.nat({ max: 9 }).map((drawn) => drawn === 0),
    }),
  },
  { weight: 5, arbitrary: fc.record({ meet: which, fate: fc.constantFrom(...fates) }) },
  { weight: 5, arbitrary: fc.record({ hear: which, isLost: fc.nat({ max: 4 }).map((drawn) => drawn === 0) }) },
  { weight: 1, arbitrary: fc.constant<Action>("decideStored") },
  { weight: 3, arbitrary: fc.constant<Action>("wait") },
)

/** One command that was sent, and what its caller was told. */
interface Told {
  readonly sendable: Sendable
  readonly decisions: Array<CommandAnswer>
  readonly failures: Array<SendFailure>
}

const play = (actions: ReadonlyArray<Action>, patienceMs: number) => {
  const environment = manualEnvironment()
  const cluster = new UnreliableCluster()
  const sender = new CommandSender(environment, { inFlightMax: 8, retryMs: 200, retryMsMax: 800 }, cluster.publish, ofSkus)
  const told: Array<Told> = []
  const submit = (kind: "reserve" | "sale" | "taken", reservation: string, isFaulty: boolean) => {
    const command =
      kind === "reserve"
        ? completeCommand("Reserve", { sku: "A", reservation, qty: 1, holdMs: 1_000 }, environment)
        : kind === "sale"
          ? completeCommand("RecordSale", { sku: "A", mode: "owed", reservation, qty: 1 }, environment)
          : completeCommand("RecordSale", { sku: "A", mode: "taken", location: "L", qty: 1 }, environment)
    const made = sendable(command, 4)
    if ("outcome" in made) throw new Error("it can travel")
    if (isFaulty) cluster.faulty.add(made.id)
    const one: Told = { sendable: made, decisions: [], failures: [] }
    told.push(one)
    const waiter = { decided: (d: CommandAnswer) => one.decisions.push(d), failed: (f: SendFailure) => one.failures.push(f), settled: null }
    sender.submit(made, patienceMs, waiter)
  }
  const perform = (next: Action): void => {
    if (next === "decideStored") cluster.decideStored()
    else if (next === "wait") environment.advance(150)
    else if ("submit" in next) submit(next.kind, `o${next.submit}`, next.isFaulty)
    else if ("meet" in next) cluster.meet(next.meet, next.fate)
    else cluster.hear(sender, next.hear, next.isLost)
    environment.endTurn()
  }
  for (const next of actions) perform(next)
  // From now on nothing is lost.
  for (let rounds = 0; rounds < 500 && !(cluster.isIdle && sender.undecided === 0); rounds++) {
    cluster.meet(0, "taken")
    while (cluster.hear(sender, 0, false)) environment.endTurn()
    if (rounds % 3 === 0) cluster.decideStored()
    if (cluster.isIdle) environment.advance(1_000)
  }
  return { told, cluster, sender, environment }
}

/** What must be true of what each caller was told, whatever happened. */
const expectTruth = ({ told, cluster }: ReturnType<typeof play>) => {
  for (const { sendable: command, decisions, failures } of told) {
    expect(decisions.length + failures.length).toBe(1)
    const outcome = decisions[0]?.outcome
    if (outcome === "busy" || outcome === "notStored") expect(cluster.decided).not.toContain(command.id)
    if (outcome === "accepted") expect(cluster.decided).toContain(command.id)
    if (outcome === "notStored") expect(cluster.faulty).toContain(command.id)
  }
}

describe("whatever is lost, late, refused or in disorder", () => {
  it("with patience: every command is decided, and those of a lane in the order they were sent", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const played = play(
          actions.map((one) => (typeof one === "object" && "submit" in one ? { ...one, isFaulty: false } : one)),
          1e9,
        )
        expectTruth(played)
        expect(played.told.every(({ decisions }) => decisions[0]?.outcome === "accepted")).toBe(true)
        for (const lane of new Set(played.told.map(({ sendable: { lane: of } }) => of))) {
          const sent = played.told.filter((one) => one.sendable.lane === lane).map((one) => one.sendable.id)
          const places = sent.map((id) => played.cluster.decided.indexOf(id))
          expect(places).toEqual([...places].sort((a, b) => a - b))
        }
        expect(played.environment.timers()).toBe(0)
      }),
      { numRuns: 1_000 },
    )
  })

  it("without patience: nobody is told busy or not stored of what was taken, and everybody is told once", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), fc.integer({ min: 50, max: 1_500 }), (actions, patienceMs) => {
        const played = play(actions, patienceMs)
        expectTruth(played)
        expect(played.sender.undecided).toBe(0)
      }),
      { numRuns: 500 },
    )
  })
})
