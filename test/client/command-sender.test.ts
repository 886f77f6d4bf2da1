import { describe, expect, it } from "vitest"
import { CommandSender, ofSkus, type SenderLimits } from "../../src/client/command-sender.ts"
import {
  type CommandAnswer,
  type CommandInput,
  completeCommand,
  type HeardDecision,
  type Sendable,
  sendable,
} from "../../src/client/commands.ts"
import type { SendFailure } from "../../src/client/errors.ts"
import type { CommandClass } from "../../src/domain/names.ts"
import type { CommandType } from "../../src/domain/sku/commands.ts"
import { allocationsMax, bodyBytesMax, commandsPerMessageMax } from "../../src/limits.ts"
import { type ManualEnvironment, manualEnvironment } from "./manual-environment.ts"

interface Published {
  readonly class: CommandClass
  readonly token: string
  readonly body: string
  readonly suffix: string
}

interface Fixture {
  readonly environment: ManualEnvironment
  readonly sender: CommandSender
  readonly published: Array<Published>
  readonly submit: (command: Sendable, timeoutMs?: number) => Asked
  isConnected: boolean
}

interface Asked {
  decisions: Array<CommandAnswer>
  failures: Array<SendFailure>
  settled: Array<CommandAnswer>
}

const defaults: SenderLimits = { inFlightMax: 1_000, retryMs: 1_000, retryMsMax: 8_000 }
const partitions = 8

const fixture = (limits: Partial<SenderLimits> = {}): Fixture => {
  const environment = manualEnvironment()
  const published: Array<Published> = []
  const made: Fixture = {
    environment,
    published,
    isConnected: true,
    sender: new CommandSender(
      environment,
      { ...defaults, ...limits },
      (message) => {
        if (made.isConnected) published.push(message)
        return made.isConnected
      },
      ofSkus,
    ),
    submit: (command, timeoutMs = 30_000) => {
      const asked: Asked = { decisions: [], failures: [], settled: [] }
      made.sender.submit(command, timeoutMs, {
        decided: (decision) => asked.decisions.push(decision),
        failed: (failure) => asked.failures.push(failure),
        settled: (decision) => asked.settled.push(decision),
      })
      return asked
    },
  }
  return made
}

const at = <T>(items: ReadonlyArray<T>, index: number): T => {
  const item = items[index]
  if (item === undefined) throw new Error(`expected at least ${index + 1} items, got ${items.length}`)
  return item
}

const environmentOfIds = manualEnvironment()
const ready = <Type extends CommandType>(type: Type, input: CommandInput<Type>): Sendable => {
  const made = sendable(completeCommand(type, input, environmentOfIds), partitions)
  if ("outcome" in made) throw new Error(`expected a command that can travel, got ${JSON.stringify(made)}`)
  return made
}
let reservations = 0
/** Of a reservation of its own, unless said. */
const reserve = (input: Partial<CommandInput<"Reserve">> = {}): Sendable =>
  ready("Reserve", { sku: "A", reservation: `r${++reservations}`, qty: 1, holdMs: 60_000, ...input })
const confirm = (reservation: string, sku = "A"): Sendable => ready("Confirm", { sku, reservation })
const receive = (sku = "A"): Sendable => ready("ReceiveStock", { sku, location: "L", qty: 1 })

/** The ids of each message's commands, in the order of its body. */
const idsOf = (published: ReadonlyArray<Published>): ReadonlyArray<ReadonlyArray<string>> =>
  published.map(({ body }) => {
    const parsed: unknown = JSON.parse(body)
    return (Array.isArray(parsed) ? parsed : [parsed]).map((command: { readonly id: string }) => command.id)
  })

const busy = (retryAfterMs: number) => ({ answer: "busy", retryAfterMs, why: "queue" }) as const
const stored = { answer: "stored", partition: 0, seq: 1 } as const
const form = (at?: number) =>
  ({ answer: "notStored", reason: "form", cause: "InvalidField", field: "qty", ...(at === undefined ? {} : { at }) }) as const

const said = (command: Pick<Sendable, "id" | "about">, outcome: object = { outcome: "accepted" }): HeardDecision =>
  ({ id: command.id, sku: command.about, ...outcome }) as HeardDecision

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
    submit(receive())
    environment.endTurn()
    expect(new Set(published.map((message) => `${message.class} ${message.token}`))).toEqual(new Set(["sell A", "sell B", "stock A"]))
  })

  it("a channel's fact and its commands: never in one message, for facts are stored and the others are not", () => {
    const { environment, published, submit } = fixture()
    const [a, fact, b] = [reserve(), ready("RecordSale", { sku: "A", mode: "taken", location: "L", qty: 1 }), reserve()]
    for (const command of [a, fact, b]) submit(command)
    environment.endTurn()
    expect(published.map((message) => message.class)).toEqual(["sell", "sell"])
    expect(new Set(idsOf(published).map((ids) => ids.join()))).toEqual(new Set([`${a.id},${b.id}`, fact.id]))
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
      { id: "x", sku: "A", outcome: "refused", reason: "IdReused", field: "id" },
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

  it("patience at its end: AnswerUnknown, which says that asking again is safe", () => {
    const { environment, submit } = fixture()
    const command = reserve()
    const asked = submit(command, 1_500)
    environment.advance(1_500)
    expect(asked.decisions).toEqual([])
    expect(asked.failures).toMatchObject([{ _tag: "AnswerUnknown" }])
    expect(asked.failures[0]).not.toHaveProperty("stored", true)
    expect(asked.failures[0]?.cause).toContain(
      `asking again with id ${command.id}, issuedAtMs ${command.issuedAtMs}, reservation ${command.reservation} is safe`,
    )
  })

  it("a reply that can't be read: asked again, and said when patience ends", () => {
    const { environment, sender, submit } = fixture()
    const asked = submit(reserve(), 500)
    environment.endTurn()
    sender.heardNonsense("1")
    environment.advance(500)
    expect(asked.failures[0]?.cause).toContain("can't be read")
  })
})

describe("busy", () => {
  it("within the caller's patience: the same bytes again, not before the time that was told", () => {
    const { environment, sender, published, submit } = fixture()
    const command = reserve()
    const asked = submit(command)
    environment.endTurn()
    sender.heardAnswer("1", busy(200))
    environment.advance(199)
    expect(published).toHaveLength(1)
    environment.advance(101)
    expect(published.map(({ body }) => body)).toEqual([command.text, command.text])
    sender.heardReply("2", [said(command)])
    expect(asked.decisions).toMatchObject([{ outcome: "accepted" }])
    expect(environment.timers()).toBe(0)
  })

  it("till beyond the caller's patience: told at once, with the time to come back", () => {
    const { environment, sender, submit } = fixture()
    const command = reserve()
    const asked = [submit(command, 1_000), submit(reserve(), 1_000)]
    environment.endTurn()
    sender.heardAnswer("1", busy(5_000))
    expect(at(asked, 0).decisions).toEqual([{ id: command.id, sku: "A", outcome: "busy", retryAfterMs: 5_000, why: "queue" }])
    expect(at(asked, 1).decisions).toMatchObject([{ outcome: "busy" }])
    expect(sender.undecided).toBe(0)
  })

  it("at every sending until patience ends: busy, and nobody is left to answer", () => {
    const { environment, sender, published, submit } = fixture()
    const asked = submit(reserve(), 1_000)
    for (let elapsedMs = 0; elapsedMs < 1_000; elapsedMs += 50) {
      environment.advance(50)
      const last = published.at(-1)
      if (last !== undefined) sender.heardAnswer(last.suffix, busy(100))
    }
    expect(asked.decisions).toMatchObject([{ outcome: "busy", retryAfterMs: 100 }])
    expect(published.length).toBeGreaterThan(5)
  })

  it("at a retry, when the first sending may have been taken: not busy, waits for the answer", () => {
    const { environment, sender, submit } = fixture()
    const command = reserve()
    const asked = submit(command, 10_000)
    environment.advance(1_000)
    sender.heardAnswer("2", busy(60_000))
    expect(asked.decisions).toEqual([])
    sender.heardReply("1", [said(command)])
    expect(asked.decisions).toMatchObject([{ outcome: "accepted" }])
  })

  it("at a retry, and the first sending never answered: AnswerUnknown, not busy", () => {
    const { environment, sender, submit } = fixture()
    const asked = submit(reserve(), 3_000)
    environment.advance(1_000)
    sender.heardAnswer("2", busy(60_000))
    environment.advance(2_000)
    expect(asked).toMatchObject({ decisions: [], failures: [{ _tag: "AnswerUnknown" }] })
  })

  it("said twice of one message: counts once", () => {
    const { environment, sender, submit } = fixture()
    const asked = submit(reserve(), 2_000)
    environment.advance(1_000)
    sender.heardAnswer("2", busy(60_000))
    sender.heardAnswer("2", busy(60_000))
    expect(asked.decisions).toEqual([])
  })
})

describe("nobody takes it", () => {
  it("again at growing distances up to retryMs, and taken at last: decided", () => {
    const { environment, sender, published, submit } = fixture()
    const command = reserve()
    const asked = submit(command)
    const sentAtMs: Array<number> = []
    for (let elapsedMs = 0; elapsedMs < 4_000; elapsedMs += 10) {
      const before = published.length
      environment.advance(10)
      const last = published.at(-1)
      if (last === undefined || published.length === before) continue
      sentAtMs.push(elapsedMs)
      sender.heardNobody(last.suffix)
    }
    const distances = sentAtMs.slice(1).map((sentMs, i) => sentMs - (sentAtMs[i] ?? 0))
    expect(distances.slice(0, 5)).toEqual([50, 100, 200, 400, 800])
    expect(Math.max(...distances)).toBe(1_000)
    environment.advance(1_000)
    sender.heardReply(String(published.length), [said(command)])
    expect(asked.decisions).toMatchObject([{ outcome: "accepted" }])
  })

  it("until patience ends: busy, for it surely was not taken", () => {
    const { environment, sender, published, submit } = fixture()
    const asked = submit(reserve(), 1_000)
    for (let i = 0; i < 200; i++) {
      environment.advance(5)
      const last = published.at(-1)
      if (last !== undefined) sender.heardNobody(last.suffix)
    }
    expect(asked).toMatchObject({ decisions: [{ outcome: "busy", why: "nobody" }], failures: [] })
  })

  it("no connection: nothing is published, and once there is one it is", () => {
    const all = fixture()
    all.isConnected = false
    const command = reserve()
    const asked = all.submit(command)
    all.environment.advance(500)
    expect(all.published).toEqual([])
    all.isConnected = true
    all.environment.advance(1_000)
    all.sender.heardReply(at(all.published, 0).suffix, [said(command)])
    expect(asked.decisions).toMatchObject([{ outcome: "accepted" }])
  })

  it("no connection until patience ends: busy", () => {
    const all = fixture()
    all.isConnected = false
    const asked = all.submit(reserve(), 700)
    all.environment.advance(700)
    expect(asked).toMatchObject({ decisions: [{ outcome: "busy", why: "connection" }], failures: [] })
  })

  it("too old when it came to the door: sent again", () => {
    const { environment, sender, published, submit } = fixture()
    const command = reserve()
    submit(command)
    environment.endTurn()
    sender.heardAnswer("1", { answer: "notStored", reason: "age" })
    environment.advance(100)
    expect(published.map(({ body }) => body)).toEqual([command.text, command.text])
  })

  it("one of an array whose own deadline has passed: told so at once, and the others go on without it", () => {
    const { environment, sender, published, submit } = fixture()
    const [a, hasty, b] = [reserve(), reserve({ deadlineMs: 10 }), reserve()]
    const [, asked] = [a, hasty, b].map((command) => submit(command))
    environment.endTurn()
    const why = { reason: "age", field: "deadlineMs", detail: "10 ms had passed when it came: it was up to 40 ms old", at: 1 } as const
    sender.heardAnswer("1", { answer: "notStored", ...why })
    expect(asked?.decisions).toEqual([{ id: hasty.id, sku: "A", outcome: "notStored", ...why }])
    environment.endTurn()
    expect(idsOf(published.slice(1)).flat()).toEqual([a.id, b.id])
  })

  it("one of an array whose deadline has passed, an earlier sending of it unanswered: goes alone from then on, so that it keeps nobody out", () => {
    const { environment, sender, published, submit } = fixture()
    const [a, hasty, b] = [reserve(), reserve({ deadlineMs: 10 }), reserve()]
    for (const command of [a, hasty, b]) submit(command)
    environment.endTurn()
    environment.advance(2_000)
    expect(published).toHaveLength(2)
    sender.heardAnswer("2", { answer: "notStored", reason: "age", at: 1 })
    environment.advance(4_000)
    expect(new Set(idsOf(published.slice(2)).map((ids) => ids.join()))).toEqual(new Set([a.id, hasty.id, b.id]))
  })
})

describe("not stored", () => {
  it("a lone command at fault: its caller is told why, and it is never sent again", () => {
    const { environment, sender, published, submit } = fixture()
    const command = reserve()
    const asked = submit(command)
    environment.endTurn()
    sender.heardAnswer("1", form(0))
    expect(asked.decisions).toEqual([
      { id: command.id, sku: "A", outcome: "notStored", reason: "form", cause: "InvalidField", field: "qty", at: 0 },
    ])
    environment.advance(60_000)
    expect(published).toHaveLength(1)
  })

  it("one of an array at fault: the others go again at once, without it, in their order", () => {
    const { environment, sender, published, submit } = fixture()
    const commands = [reserve(), reserve(), reserve()]
    const asked = commands.map((command) => submit(command))
    environment.endTurn()
    sender.heardAnswer("1", form(1))
    environment.endTurn()
    expect(at(asked, 1).decisions).toMatchObject([{ outcome: "notStored" }])
    expect(idsOf(published)[1]).toEqual([at(commands, 0).id, at(commands, 2).id])
    sender.heardReply("2", [said(at(commands, 0)), said(at(commands, 2))])
    expect(asked.map((one) => one.decisions.length)).toEqual([1, 1, 1])
  })

  it.each([form(), { answer: "notStored", reason: "partition", at: 1 } as const])(
    "an array of which it isn't said which is at fault: each goes alone (%o)",
    (answer) => {
      const { environment, sender, published, submit } = fixture()
      const [a, b, c] = [reserve(), reserve(), reserve()]
      const asked = [a, b, c].map((command) => submit(command))
      environment.endTurn()
      sender.heardAnswer("1", answer)
      environment.endTurn()
      expect(idsOf(published).slice(1)).toEqual([[a.id], [b.id], [c.id]])
      sender.heardAnswer("3", form())
      sender.heardReply("2", [said(a)])
      sender.heardReply("4", [said(c)])
      expect(asked.map((one) => one.decisions[0]?.outcome)).toEqual(["accepted", "notStored", "accepted"])
    },
  )

  it("at a retry, when the first sending may have been taken: not sent again, and its answer is waited for", () => {
    const { environment, sender, published, submit } = fixture()
    const command = reserve()
    const asked = submit(command, 10_000)
    environment.advance(1_000)
    sender.heardAnswer("2", form(0))
    environment.advance(8_000)
    expect(published).toHaveLength(2)
    expect(asked).toMatchObject({ decisions: [], failures: [] })
    sender.heardReply("1", [said(command)])
    expect(asked.decisions).toMatchObject([{ outcome: "accepted" }])
  })

  it("a sender that may not: fails as not permitted", () => {
    const { environment, sender, submit } = fixture()
    const asked = submit(reserve())
    environment.endTurn()
    sender.heardAnswer("1", { answer: "notStored", reason: "sender" })
    expect(asked.failures).toMatchObject([{ _tag: "NotPermitted" }])
  })
})

describe("stored", () => {
  it("keeps waiting, and asks again only late", () => {
    const { environment, sender, published, submit } = fixture()
    const command = receive()
    const asked = submit(command, 60_000)
    environment.endTurn()
    sender.heardAnswer("1", stored)
    environment.advance(7_900)
    expect(published).toHaveLength(1)
    environment.advance(100)
    expect(published).toHaveLength(2)
    environment.advance(7_900)
    expect(published).toHaveLength(2)
    sender.heardReply("1", [said(command)])
    expect(asked.decisions).toMatchObject([{ outcome: "accepted" }])
  })

  it("patience at its end: AnswerUnknown, which says that it is stored and will be decided", () => {
    const { environment, sender, submit } = fixture()
    const asked = submit(receive(), 2_000)
    environment.endTurn()
    sender.heardAnswer("1", stored)
    environment.advance(2_000)
    expect(asked.failures).toMatchObject([{ _tag: "AnswerUnknown", stored: true }])
    expect(asked.failures[0]?.cause).toContain("will be decided")
  })

  it("and busy at a retry: still waits, for it will be decided", () => {
    const { environment, sender, submit } = fixture()
    const asked = submit(receive(), 60_000)
    environment.endTurn()
    sender.heardAnswer("1", stored)
    environment.advance(8_000)
    sender.heardAnswer("2", busy(600_000))
    expect(asked).toMatchObject({ decisions: [], failures: [] })
  })
})

describe("order", () => {
  it("a command of the reservation of one under way: waits for its answer", () => {
    const { environment, sender, published, submit } = fixture()
    const first = reserve({ reservation: "o1" })
    submit(first)
    environment.endTurn()
    const second = confirm("o1")
    submit(second)
    environment.advance(500)
    expect(idsOf(published)).toEqual([[first.id]])
    sender.heardReply("1", [said(first)])
    environment.endTurn()
    expect(idsOf(published)[1]).toEqual([second.id])
  })

  it("of one that is sent in the same turn: travels in the same message, behind it", () => {
    const { environment, published, submit } = fixture()
    const commands = [reserve({ reservation: "o1" }), confirm("o1"), ready("Release", { sku: "A", reservation: "o1", reason: "other" })]
    for (const command of commands) submit(command)
    environment.endTurn()
    expect(idsOf(published)).toEqual([commands.map(({ id }) => id)])
  })

  it("of one that is sent again: travels behind it then", () => {
    const { environment, sender, published, submit } = fixture()
    const [first, second] = [reserve({ reservation: "o1" }), confirm("o1")]
    submit(first)
    environment.endTurn()
    submit(second)
    sender.heardAnswer("1", busy(100))
    environment.advance(200)
    expect(idsOf(published)).toEqual([[first.id], [first.id, second.id]])
  })

  it("where the message is full: waits", () => {
    const { environment, sender, published, submit } = fixture()
    const many = Array.from({ length: commandsPerMessageMax - 1 }, () => reserve())
    const [first, second] = [reserve({ reservation: "o1" }), confirm("o1")]
    for (const command of [...many, first, second]) submit(command)
    environment.endTurn()
    expect(published).toHaveLength(1)
    sender.heardReply("1", [said(first)])
    environment.endTurn()
    expect(idsOf(published)[1]).toEqual([second.id])
  })

  it("other reservations of the same SKU: don't wait", () => {
    const { environment, published, submit } = fixture()
    submit(reserve({ reservation: "o1" }))
    environment.endTurn()
    submit(reserve({ reservation: "o2" }))
    submit(confirm("o1", "B"))
    environment.endTurn()
    expect(published).toHaveLength(3)
  })

  it("commands without a reservation: wait for the last of their SKU and class", () => {
    const { environment, published, submit } = fixture()
    const [a, b, other] = [receive("A"), receive("A"), receive("B")]
    submit(a)
    environment.endTurn()
    submit(b)
    submit(other)
    environment.endTurn()
    expect(idsOf(published)).toEqual([[a.id], [other.id]])
  })

  it("a fact behind a fact: `stored` is answer enough", () => {
    const { environment, sender, published, submit } = fixture()
    const [a, b] = [receive(), receive()]
    submit(a)
    environment.endTurn()
    submit(b)
    sender.heardAnswer("1", stored)
    environment.endTurn()
    expect(idsOf(published)).toEqual([[a.id], [b.id]])
  })

  it("a command behind a fact of its reservation: waits for the decision, for it would overtake what is stored", () => {
    const { environment, sender, published, submit } = fixture()
    const sale = ready("RecordSale", { sku: "A", mode: "owed", qty: 1, reservation: "o1" })
    submit(sale)
    environment.endTurn()
    submit(ready("Release", { sku: "A", reservation: "o1", reason: "other" }))
    sender.heardAnswer("1", stored)
    environment.endTurn()
    expect(published).toHaveLength(1)
    sender.heardReply("1", [said(sale)])
    environment.endTurn()
    expect(published).toHaveLength(2)
  })

  it("the one before it given up, or forgone: goes on", () => {
    const { environment, sender, published, submit } = fixture()
    const waiter = { decided: () => {}, failed: () => {}, settled: null }
    const [a, b, c] = [reserve({ reservation: "o1" }), confirm("o1"), confirm("o1")]
    submit(a, 500)
    environment.endTurn()
    sender.submit(b, 30_000, waiter)
    submit(c)
    environment.advance(500)
    expect(idsOf(published)).toEqual([[a.id], [b.id, c.id]])
    sender.forgo(b, waiter)
    environment.advance(2_000)
    expect(idsOf(published).at(-1)).toEqual([c.id])
  })

  it("patience at its end behind one that isn't answered: busy, for it never left", () => {
    const { environment, submit } = fixture()
    submit(reserve({ reservation: "o1" }))
    environment.endTurn()
    const asked = submit(confirm("o1"), 200)
    environment.advance(200)
    expect(asked.decisions).toMatchObject([{ outcome: "busy", why: "client" }])
  })
})

describe("back-pressure", () => {
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
    expect(asked.decisions).toMatchObject([{ id: command.id, sku: "A", outcome: "busy", why: "client" }])
  })

  it("no permission: fails, and nothing is sent again", () => {
    const { environment, sender, published, submit } = fixture()
    const asked = submit(reserve())
    environment.endTurn()
    sender.heardNotPermitted("sell", "A", "violation")
    expect(asked.failures).toMatchObject([{ _tag: "NotPermitted" }])
    environment.advance(60_000)
    expect(published).toHaveLength(1)
  })

  it("no permission any more at a retry: the first sending may have been taken, so it isn't said that nothing was", () => {
    const { environment, sender, submit } = fixture()
    const command = reserve()
    const asked = submit(command, 3_000)
    environment.advance(1_000)
    sender.heardNotPermitted("sell", "A", "violation")
    expect(asked).toMatchObject({ decisions: [], failures: [] })
    sender.heardReply("1", [said(command)])
    expect(asked.decisions).toMatchObject([{ outcome: "accepted" }])
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
