/**
 * INV-7 where orders are decided: what nobody could decide waits at one place, within the room that its sender has there, until an operator settles it, once, in a record that says so. What is dropped never does anything,
 * before or after. Whoever sent it hears in the end what the journal says came of it, and of what was dropped nothing else.
 *
 * Read from the journals by its own lines, beside the auditor's checker `quarantine`, and held against what senders heard.
 */

import { orderOfChannel } from "../../src/domain/order/names.ts"
import type { OrderDecidedCommand, OrderEntry, OrderHeardDecision, OrderKind, OrderSettledEntry } from "../../src/kinds/order/types.ts"
import { boundsDrawn } from "../memory-drawn.ts"
import { decidedIn, ordersWritten, type Written } from "./both-journals.ts"
import type { Given, MakeChecker } from "./checker.ts"
import { isAsideFor } from "./order-answers.ts"

/** A command, whoever asks for it again. */
const nameOf = (sender: string, { channel, order, id }: Readonly<Record<"channel" | "order" | "id", string>>): string =>
  `${sender} ${channel} ${order} ${id}`

/** What is at a place in a journal's quarantine. */
interface Waits {
  readonly sender: string
  readonly name: string
}

/** What an operator means. */
interface Asked {
  readonly place: string
  readonly order: string
}

/** What the journals say became of a command that waited, in one word. */
interface Fate {
  /** Each decision of it that counts, and where it stands. */
  readonly decided: Array<{ readonly word: string; readonly where: string }>
  isDropped: boolean
}

const heardWord = (said: OrderHeardDecision): string => (said.outcome === "refused" ? `refused ${said.reason}` : said.outcome)

/** How a decision counts; null: it says nothing yet, or nothing new. */
const wordOf = ({ decision }: OrderDecidedCommand): string | null => {
  switch (decision._tag) {
    case "Accepted":
      return "accepted"
    case "TooLate":
      return "expired"
    case "Dropped":
      return "dropped"
    case "Refused":
      return isAsideFor(decision.refusal) ? null : `refused ${decision.refusal.reason}`
    // Of what begins the answer counts.
    case "Begun":
    case "Pending":
    case "Repeated":
    case "Quarantined":
      return null
  }
}

/** The place that an operator's command names, and whose order it says waits there; null: it settles nothing. */
const settles = ({ command, decision }: OrderDecidedCommand): Asked | null =>
  command !== null && "quarantined" in command && decision._tag === "Accepted"
    ? { place: command.quarantined, order: orderOfChannel(command.channel, command.order) }
    : null

class Journals {
  readonly #given: Given
  readonly #bounds: ReturnType<typeof boundsDrawn>
  /** What waits now, by journal and place; and what ever did. */
  readonly waiting = new Map<string, Waits>()
  readonly #settled = new Set<string>()
  readonly fates = new Map<string, Fate>()
  /** Commands that did something: events of theirs are in a journal. */
  readonly #begun = new Map<string, string>()

  constructor(given: Given) {
    this.#given = given
    this.#bounds = boundsDrawn(given.cluster.drawn)
  }

  #broken(signature: string, detail: string, { id, seq }: Written<unknown>): void {
    this.#given.found({ class: "safety", signature, detail: `record ${seq} of journal ${id}: ${detail}`, partition: id, seq })
  }

  #fateOf(name: string): Fate {
    const known = this.fates.get(name)
    if (known !== undefined) return known
    const fate: Fate = { decided: [], isDropped: false }
    this.fates.set(name, fate)
    return fate
  }

  read(written: Written<{ readonly entries: ReadonlyArray<OrderEntry> }>): void {
    const asked: Array<Asked> = []
    for (const entry of written.record.entries) {
      if (entry._tag === "Message")
        for (const one of entry.decided) {
          const meant = settles(one)
          if (meant !== null) asked.push(meant)
          if (one.decision._tag === "Quarantined") this.#enters(written, entry.sender, one, one.decision.quarantined)
        }
      if (entry._tag === "Settled") this.#leaves(written, entry, asked)
      this.#noteDecisions(written, entry)
    }
    for (const { place } of asked)
      this.#broken("settled without its record", `an operator's word on ${place} was accepted, and settled nothing`, written)
  }

  #enters(written: Written<unknown>, sender: string, { command }: OrderDecidedCommand, place: string): void {
    if (command === null) return
    this.#given.checked()
    const key = `${written.id} ${place}`
    const name = nameOf(sender, command)
    const known = this.waiting.get(key)
    if (known !== undefined && known.name !== name)
      this.#broken("two commands at one place", `${name} and ${known.name} at ${place}`, written)
    if (known !== undefined) return
    if (this.#settled.has(key)) this.#broken("said to wait where it was settled", `${name} at ${place}`, written)
    this.waiting.set(key, { sender, name })
    this.#fateOf(name)
    const here = [...this.waiting].filter(([one]) => one.startsWith(`${written.id} `)).map(([, waits]) => waits)
    if (here.filter((waits) => waits.name === name).length > 1) this.#broken("one command at two places", `${name} at ${place}`, written)
    const ofSender = here.filter((waits) => waits.sender === sender).length
    const { quarantined, quarantinedPerSender } = this.#bounds
    if (here.length > quarantined || ofSender > quarantinedPerSender)
      this.#broken("more in quarantine than may be", `${ofSender} of ${sender}, ${here.length} in all`, written)
  }

  #leaves(written: Written<unknown>, { quarantined: place, sender, decided: { command } }: OrderSettledEntry, asked: Array<Asked>): void {
    this.#given.checked()
    const key = `${written.id} ${place}`
    const waits = this.waiting.get(key)
    const name = command === null ? "nothing" : nameOf(sender, command)
    if (waits === undefined) {
      const what = this.#settled.has(key) ? "settled twice" : "settled where nothing waits"
      this.#broken(what, `${name} at ${place}`, written)
    } else if (waits.name !== name) this.#broken("settled as another command", `${waits.name} at ${place}, as ${name}`, written)
    this.waiting.delete(key)
    this.#settled.add(key)
    const at = asked.findIndex((one) => one.place === place)
    const [meant] = at < 0 ? [] : asked.splice(at, 1)
    const order = command === null ? "" : orderOfChannel(command.channel, command.order)
    if (meant === undefined) this.#broken("settled by nobody", `${name} at ${place}`, written)
    else if (meant.order !== order)
      this.#broken("settled by another name", `${name} at ${place}, where an operator meant ${meant.order}`, written)
  }

  #noteDecisions({ id, seq }: Written<unknown>, entry: OrderEntry): void {
    const where = `record ${seq} of journal ${id}`
    if (entry._tag === "Answered" && "order" in entry.outcome && entry.outcome.order !== undefined) {
      const name = nameOf(entry.sender, { channel: entry.sender, order: entry.outcome.order, id: entry.id })
      this.fates.get(name)?.decided.push({ word: heardWord({ id: entry.id, ...entry.outcome }), where })
      return
    }
    if (entry._tag !== "Message" && entry._tag !== "Settled") return
    for (const one of decidedIn<OrderKind>(entry)) {
      const { command, decision } = one
      if (command === null) continue
      const name = nameOf(entry.sender, command)
      const word = wordOf(one)
      if (decision._tag === "Begun") this.#begun.set(name, where)
      if (word === null) continue
      const fate = this.fates.get(name)
      fate?.decided.push({ word, where })
      if (decision._tag === "Dropped" && fate !== undefined) fate.isDropped = true
    }
  }

  /** What is said of what ever waited, once everything was read. */
  judge(heard: ReadonlyMap<string, ReadonlyArray<string>>): void {
    const { found, checked } = this.#given
    for (const [name, { decided, isDropped }] of this.fates) {
      checked()
      const broken = (signature: string, detail: string) => found({ class: "safety", signature, detail: `${name}: ${detail}` })
      const said = decided.map(({ word, where }) => `${word} in ${where}`).join(", then ")
      const begun = this.#begun.get(name)
      if (isDropped && (decided.length > 1 || begun !== undefined))
        broken("dropped and decided", begun === undefined ? said : `${said}; begun in ${begun}`)
      else if (decided.length > 1) broken("what waited was decided twice", said)
      const words = new Set(decided.map(({ word }) => word))
      for (const word of heard.get(name) ?? [])
        if (!words.has(word)) broken("heard of what waited is what no journal says", `heard ${word}, and it was ${said || "never decided"}`)
    }
  }
}

export const orderQuarantine: MakeChecker = (given) => {
  const { cluster } = given
  /** What senders heard of their commands, but for what says nothing of them. */
  const heard = new Map<string, Array<string>>()
  cluster.orderAudience.add({
    replyHeard: (sender, _suffix, { decisions }) => {
      for (const said of decisions) {
        if (said.id === null || said.outcome === "quarantined" || (said.outcome === "refused" && isAsideFor(said))) continue
        if (!("order" in said) || said.order === undefined) continue
        const name = nameOf(sender, { channel: sender, order: said.order, id: said.id })
        heard.set(name, [...(heard.get(name) ?? []), heardWord(said)])
      }
    },
  })
  return {
    name: "order-quarantine",
    finish: ({ lossy }) => {
      // A journal that lost records may have lost what was heard of.
      if (!cluster.hasOrders || lossy.size > 0) return
      const journals = new Journals(given)
      for (const written of ordersWritten(cluster)) journals.read(written)
      journals.judge(heard)
    },
  }
}
