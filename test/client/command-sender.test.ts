import { describe, expect, it } from "vitest"
import { CommandSender, type SenderLimits } from "../../src/client/command-sender.ts"
import { type CommandInput, completeCommand, type Decision, type SaidDecision, type Sendable, sendable } from "../../src/client/commands.ts"
import type { SendFailure } from "../../src/client/errors.ts"
import { allocationsMax, bodyBytesMax, commandsPerMessageMax } from "../../src/limits.ts"
import { BrokerUnavailable, Busy, NotPermitted } from "../../src/ports/errors.ts"
import { type ManualEnvironment, manualEnvironment } from "./manual-environment.ts"

type Failure = Busy | NotPermitted | BrokerUnavailable

interface Published {
  readonly class: string
  readonly token: string
  readonly body: string
  readonly suffix: string
  readonly done: (failure: Failure | null) => void
}

interface Fixture {
  readonly environment: ManualEnvironment
  readonly sender: CommandSender
  readonly published: Array<Published>
  readonly submit: (command: Sendable, timeoutMs?: number) => Asked
}

interface Asked {
  decisions: Array<Decision>
  failures: Array<SendFailure>
  settled: Array<Decision>
}

const defaults: SenderLimits = { inFlightMax: 1_000, retryMs: 1_000, retryMsMax: 8_000 }
const partitions = 8

const fixture = (limits: Partial<SenderLimits> = {}): Fixture => {
  const environment = manualEnvironment()
  const published: Array<Published> = []
  const sender = new CommandSender(environment, { ...defaults, ...limits }, (message, done) => published.push({ ...message, done }))
  const submit = (command: Sendable, timeoutMs = 30_000): Asked => {
    const asked: Asked = { decisions: [], failures: [], settled: [] }
    sender.submit(command, timeoutMs, {
      decided: (decision) => asked.decisions.push(decision),
      failed: (failure) => asked.failures.push(failure),
      settled: (decision) => asked.settled.push(decision),
    })
    return asked
  }
  return { environment, sender, published, submit }
}

const at = <T>(items: ReadonlyArray<T>, index: number): T => {
  const item = items[index]
  if (item === undefined) throw new Error(`expected at least ${index + 1} items, got ${items.length}`)
  return item
}

const environmentOfIds = manualEnvironment()
const reserve = (input: Partial<CommandInput<"Reserve">> = {}): Sendable => {
  const command = completeCommand("Reserve", { sku: "A", reservation: "r1", qty: 1, holdMs: 60_000, ...input }, environmentOfIds)
  const ready = sendable(command, partitions)
  if ("outcome" in ready) throw new Error(`expected a command that can travel, got ${JSON.stringify(ready)}`)
  return ready
}

const said = (command: { readonly id: string; readonly sku: string }, outcome: object = { outcome: "accepted" }): SaidDecision =>
  ({ id: command.id, sku: command.sku, ...outcome }) as SaidDecision

describe("batching", () => {
  it("commands of one turn, one partition and one class: one message with an array in the order given", () => {
    const { environment, published, submit } = fixture()
    const commands = [reserve(), reserve(), reserve()]
    for (const command of commands) submit(command)
    expect(published).toHaveLength(0)
    environment.endTurn()
    expect(published.map((message) => [message.class, message.token])).toEqual([["sell", "A"]])
    expect(JSON.parse(at(published, 0).body).map((command: { id: string }) => command.id)).toEqual(commands.map((command) => command.id))
  })

  it("a lone command: an object", () => {
    const { environment, published, submit } = fixture()
    const command = reserve()
    submit(command)
    environment.endTurn()
    expect(at(published, 0).body).toBe(command.text)
  })

  it("another class or another partition: another message", () => {
    const { environment, published, submit } = fixture()
    submit(reserve({ sku: "A" }))
    submit(reserve({ sku: "B" }))
    submit(sendable(completeCommand("ReceiveStock", { sku: "A", location: "L", qty: 1 }, environmentOfIds), partitions) as Sendable)
    environment.endTurn()
    expect(new Set(published.map((message) => `${message.class} ${message.token}`))).toEqual(new Set(["sell A", "sell B", "stock A"]))
  })

  it("more commands than a message may hold: several messages, none lost, in order", () => {
    const { environment, published, submit } = fixture()
    const commands = Array.from({ length: commandsPerMessageMax * 2 + 1 }, () => reserve())
    for (const command of commands) submit(command)
    environment.endTurn()
    const ids = published.flatMap((message) => {
      const body: unknown = JSON.parse(message.body)
      return (Array.isArray(body) ? body : [body]).map((command: { id: string }) => command.id)
    })
    expect(published).toHaveLength(3)
    expect(ids).toEqual(commands.map((command) => command.id))
  })

  it("commands that together are too long for a message: every body within its bound", () => {
    const { environment, published, submit } = fixture()
    const locations = Array.from({ length: allocationsMax }, (_, index) => `${"L".repeat(60)}${index}`)
    for (let i = 0; i < 120; i++) submit(reserve({ locations }))
    environment.endTurn()
    expect(published.length).toBeGreaterThan(1)
    for (const message of published) expect(Buffer.byteLength(message.body)).toBeLessThanOrEqual(bodyBytesMax)
  })

  it("commands that come out of another's decision: gathered in the next turn", () => {
    const { environment, sender, published, submit } = fixture()
    const first = reserve()
    sender.submit(first, 30_000, { decided: () => void [submit(reserve()), submit(reserve())], failed: () => {}, settled: null })
    environment.endTurn()
    sender.heardReply("1", [said(first)])
    environment.endTurn()
    expect(published).toHaveLength(2)
    expect(JSON.parse(at(published, 1).body)).toHaveLength(2)
  })
})

describe("decisions", () => {
  it("a reply with the id and SKU of a command: its decision, whatever the order of the reply", () => {
    const { environment, sender, submit } = fixture()
    const [a, b] = [reserve(), reserve()]
    const [askedA, askedB] = [submit(a), submit(b)]
    environment.endTurn()
    sender.heardReply("1", [said(b, { outcome: "refused", reason: "InsufficientStock", ats: 0 }), said(a)])
    expect(askedA.decisions).toEqual([{ id: a.id, sku: "A", outcome: "accepted" }])
    expect(askedB.decisions).toEqual([{ id: b.id, sku: "A", outcome: "refused", reason: "InsufficientStock", ats: 0 }])
    expect(sender.undecided).toBe(0)
  })

  it("the same answer twice: told once", () => {
    const { environment, sender, submit } = fixture()
    const command = reserve()
    const asked = submit(command)
    environment.endTurn()
    sender.heardReply("1", [said(command)])
    sender.heardReply("1", [said(command)])
    expect(asked.decisions).toHaveLength(1)
  })

  it("one refusal for the whole message: every command of it gets it", () => {
    const { environment, sender, submit } = fixture()
    const asked = [submit(reserve()), submit(reserve())]
    environment.endTurn()
    sender.heardReply("1", [{ id: null, sku: null, outcome: "refused", reason: "Malformed" }])
    expect(asked.map((one) => one.decisions[0])).toMatchObject([
      { outcome: "refused", reason: "Malformed" },
      { outcome: "refused", reason: "Malformed" },
    ])
  })

  it("one nameless refusal among others: the command at its place", () => {
    const { environment, sender, submit } = fixture()
    const [a, b] = [reserve(), reserve()]
    const [askedA, askedB] = [submit(a), submit(b)]
    environment.endTurn()
    sender.heardReply("1", [said(a), { id: null, sku: null, outcome: "refused", reason: "InvalidField" }])
    expect(askedA.decisions[0]).toMatchObject({ outcome: "accepted" })
    expect(askedB.decisions[0]).toMatchObject({ id: b.id, outcome: "refused", reason: "InvalidField" })
  })

  it("the same id asked twice at once with the same content: sent once, both told", () => {
    const { environment, sender, published, submit } = fixture()
    const command = reserve()
    const asked = [submit(command), submit(command)]
    environment.endTurn()
    expect(at(published, 0).body).toBe(command.text)
    sender.heardReply("1", [said(command)])
    expect(asked.map((one) => one.decisions.length)).toEqual([1, 1])
  })

  it("the same id asked twice at once with other content: refused as the owner would", () => {
    const { submit } = fixture()
    submit(reserve({ id: "x", issuedAtMs: 5 }))
    expect(submit(reserve({ id: "x", issuedAtMs: 5, qty: 2 })).decisions).toEqual([
      { id: "x", sku: "A", outcome: "refused", reason: "IdReused" },
    ])
  })

  it("a late answer to an id that was given up and used anew: not the new one's", () => {
    const { environment, sender, submit } = fixture()
    const old = reserve({ id: "x", issuedAtMs: 5 })
    submit(old, 500)
    environment.advance(500)
    const asked = submit(reserve({ id: "x", issuedAtMs: 5, qty: 2 }))
    environment.endTurn()
    sender.heardReply("1", [said(old)])
    expect(asked.decisions).toEqual([])
  })
})

describe("retry", () => {
  it("no answer within retryMs: the same bytes again, at doubled distances up to the limit", () => {
    const { environment, published, submit } = fixture()
    const command = reserve()
    submit(command, 60_000)
    environment.endTurn()
    const sentAtMs = [0]
    for (let elapsedMs = 0; elapsedMs < 40_000; elapsedMs += 500) {
      const before = published.length
      environment.advance(500)
      if (published.length > before) sentAtMs.push(elapsedMs + 500)
    }
    expect(new Set(published.map((message) => message.body))).toEqual(new Set([command.text]))
    expect(sentAtMs).toEqual([0, 1_000, 3_000, 7_000, 15_000, 23_000, 31_000, 39_000])
  })

  it("an answer to any of the sendings: decided, and not sent any more", () => {
    const { environment, sender, published, submit } = fixture()
    const command = reserve()
    const asked = submit(command)
    environment.advance(1_000)
    expect(published).toHaveLength(2)
    sender.heardReply("1", [said(command)])
    expect(asked.decisions).toHaveLength(1)
    environment.advance(20_000)
    expect(published).toHaveLength(2)
    expect(environment.timers()).toBe(0)
  })

  it("commands of one message: sent again together", () => {
    const { environment, published, submit } = fixture()
    submit(reserve())
    submit(reserve())
    environment.endTurn()
    environment.advance(1_500)
    expect(published.map((message) => message.body)).toEqual([at(published, 0).body, at(published, 0).body])
  })

  it("a publish whose outcome is unknown: sent again, answered later", () => {
    const { environment, sender, published, submit } = fixture()
    const command = reserve()
    const asked = submit(command)
    environment.endTurn()
    at(published, 0).done(new BrokerUnavailable({ operation: "publish", cause: "no responders" }))
    expect(asked.failures).toEqual([])
    environment.advance(1_000)
    sender.heardReply("2", [said(command)])
    expect(asked.decisions).toHaveLength(1)
  })

  it("patience at its end: AnswerUnknown, which says what was last heard and that asking again is safe", () => {
    const { environment, published, submit } = fixture()
    const command = reserve()
    const asked = submit(command, 1_500)
    environment.endTurn()
    at(published, 0).done(new BrokerUnavailable({ operation: "publish", cause: "no responders" }))
    environment.advance(1_500)
    expect(asked.decisions).toEqual([])
    expect(asked.failures).toHaveLength(1)
    expect(asked.failures[0]).toMatchObject({ _tag: "AnswerUnknown" })
    expect(asked.failures[0]?.cause).toContain("no responders")
    expect(asked.failures[0]?.cause).toContain(`asking again with id ${command.id} and issuedAtMs ${command.issuedAtMs} is safe`)
  })

  it("a reply that can't be read: asked again, and said when patience ends", () => {
    const { environment, sender, submit } = fixture()
    const asked = submit(reserve(), 500)
    environment.endTurn()
    sender.heardReply("1", undefined)
    environment.advance(500)
    expect(asked.failures[0]?.cause).toContain("can't be read")
  })
})

describe("back-pressure", () => {
  it("a full commands stream: busy for every command of the message", () => {
    const { environment, sender, published, submit } = fixture()
    const command = reserve()
    const asked = [submit(command), submit(reserve())]
    environment.endTurn()
    at(published, 0).done(new Busy({ cause: "maximum messages exceeded" }))
    expect(at(asked, 0).decisions).toEqual([{ id: command.id, sku: "A", outcome: "busy" }])
    expect(at(asked, 1).decisions).toMatchObject([{ outcome: "busy" }])
    expect(sender.undecided).toBe(0)
  })

  it("full at a retry, when the first sending may have been stored: not busy, waits for the answer", () => {
    const { environment, sender, published, submit } = fixture()
    const command = reserve()
    const asked = submit(command)
    environment.advance(1_000)
    at(published, 1).done(new Busy({ cause: "maximum messages exceeded" }))
    expect(asked.decisions).toEqual([])
    sender.heardReply("1", [said(command)])
    expect(asked.decisions).toMatchObject([{ outcome: "accepted" }])
  })

  it("full at every sending: busy once the last of them is known", () => {
    const { environment, published, submit } = fixture()
    const asked = submit(reserve())
    environment.advance(1_000)
    at(published, 1).done(new Busy({ cause: "full" }))
    at(published, 0).done(new Busy({ cause: "full" }))
    expect(asked.decisions).toMatchObject([{ outcome: "busy" }])
  })

  it("more calls than inFlightMax: the rest waits, in order, and is sent as decisions come", () => {
    const { environment, sender, published, submit } = fixture({ inFlightMax: 2 })
    const commands = [reserve(), reserve(), reserve(), reserve()]
    const asked = commands.map((command) => submit(command))
    environment.endTurn()
    expect(published).toHaveLength(1)
    expect(JSON.parse(at(published, 0).body)).toHaveLength(2)
    sender.heardReply("1", [said(at(commands, 0)), said(at(commands, 1))])
    environment.endTurn()
    expect(JSON.parse(at(published, 1).body).map((command: { id: string }) => command.id)).toEqual([at(commands, 2).id, at(commands, 3).id])
    sender.heardReply("2", [said(at(commands, 2)), said(at(commands, 3))])
    expect(asked.every((one) => one.decisions.length === 1)).toBe(true)
  })

  it("patience at its end before there was room: busy, for it never left", () => {
    const { environment, submit } = fixture({ inFlightMax: 1 })
    submit(reserve())
    const command = reserve()
    const asked = submit(command, 200)
    environment.advance(200)
    expect(asked.decisions).toEqual([{ id: command.id, sku: "A", outcome: "busy" }])
  })

  it("no permission: fails, and nothing is sent again", () => {
    const { environment, published, submit } = fixture()
    const asked = submit(reserve())
    environment.endTurn()
    at(published, 0).done(new NotPermitted({ operation: "publish", cause: "violation" }))
    expect(asked.failures).toMatchObject([{ _tag: "NotPermitted" }])
    environment.advance(60_000)
    expect(published).toHaveLength(1)
  })
})

describe("quarantine", () => {
  it("a provisional answer, later the final one: decided by the first, settled by the second, once", () => {
    const { environment, sender, submit } = fixture()
    const command = reserve()
    const asked = submit(command)
    environment.endTurn()
    sender.heardReply("1", [said(command, { outcome: "quarantined", quarantined: "17-0" })])
    expect(asked.decisions).toMatchObject([{ outcome: "quarantined" }])
    sender.heardReply("1", [said(command, { outcome: "quarantined", quarantined: "17-0" })])
    sender.heardReply("1", [said(command, { outcome: "dropped", reason: "nonsense" })])
    sender.heardReply("1", [said(command, { outcome: "dropped", reason: "nonsense" })])
    expect(asked.decisions).toHaveLength(1)
    expect(asked.settled).toMatchObject([{ outcome: "dropped", reason: "nonsense" }])
  })
})

describe("close", () => {
  it("commands under way: waits for their decisions, those still waiting for room included", () => {
    const { environment, sender, submit } = fixture({ inFlightMax: 1 })
    const [a, b] = [reserve(), reserve()]
    submit(a)
    submit(b)
    let idle = false
    sender.close(() => {
      idle = true
    })
    environment.endTurn()
    sender.heardReply("1", [said(a)])
    environment.endTurn()
    expect(idle).toBe(false)
    sender.heardReply("2", [said(b)])
    expect(idle).toBe(true)
    expect(environment.timers()).toBe(0)
  })

  it("a command after that: refused as never sent", () => {
    const { sender, submit } = fixture()
    sender.close(() => {})
    expect(submit(reserve()).failures).toMatchObject([{ _tag: "ClientClosed" }])
  })

  it("a command that nobody waits for any more: not sent again, and not waited for", () => {
    const { environment, sender, published } = fixture()
    const command = reserve()
    const waiter = { decided: () => {}, failed: () => {}, settled: null }
    sender.submit(command, 30_000, waiter)
    environment.endTurn()
    sender.forgo(command, waiter)
    environment.advance(10_000)
    expect(published).toHaveLength(1)
    expect(sender.undecided).toBe(0)
  })
})
