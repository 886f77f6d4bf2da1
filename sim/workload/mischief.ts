/**
 * Messages that must be refused or wait for a person, whoever sends them by mistake or on purpose: bytes that are no command, an id with other content, another channel's
 * reservation, the wrong class, a SKU spelled another way, a time in the future, sales that nobody believes on a channel's word. What each must be answered with is known beforehand.
 */
import { type Sku, skuToken } from "../../src/domain/names.ts"
import { qtyMax, saleQtyMax } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { commandSubject } from "../../src/wire/subjects.ts"
import type { Cluster } from "../cluster.ts"
import type { Asked, Sender } from "../nodes/sender.ts"
import type { Family } from "../world/chance.ts"
import { EventKind } from "../world/world.ts"

/** Reasons of which one must be the answer; `quarantined`: it must wait for a person, who drops it. */
type Expected = ReadonlyArray<string>

/** How ids of sales begin that a person who looks at them drops. */
export const untoldId = "untold."

const encoder = new TextEncoder()
const hourMs = 3_600_000

type Mischief = (
  sender: Sender,
  asked: Asked,
  family: Family,
  cluster: Cluster,
) => { subject: string; body: Uint8Array; expected: Expected }

const bodyOf = (command: object): Uint8Array => encoder.encode(JSON.stringify({ v: 1, ...command }))
const subjectOf = (sender: Sender, asked: Asked): string => commandSubject(sender.name, asked.send.class, skuToken(asked.command.sku))

/** The token of a SKU in a spelling that isn't its canonical one: the first character escaped. */
const otherSpelling = (sku: string): string => `%${sku.charCodeAt(0).toString(16).toUpperCase()}${skuToken(sku.slice(1))}`

/** A sale that is told and not believed. */
const untold = (name: string, sku: Sku, qty: number, family: Family, { world }: Cluster): ReturnType<Mischief> => {
  const told = { id: `${untoldId}${family.below(1 << 30)}`, sku, issuedAtMs: world.nowMs, mode: "taken", location: "DC1", qty }
  return {
    subject: commandSubject(name, "sell", skuToken(sku)),
    body: bodyOf({ type: "RecordSale", ...told }),
    expected: ["quarantined"],
  }
}

const mischiefs: ReadonlyArray<Mischief> = [
  (sender, asked) => ({ subject: subjectOf(sender, asked), body: encoder.encode('{"v":1,"type":'), expected: ["Malformed"] }),
  (sender, asked) => ({ subject: subjectOf(sender, asked), body: encoder.encode("[]"), expected: ["TooManyCommands"] }),
  (sender, asked) => ({ subject: subjectOf(sender, asked), body: bodyOf({ ...asked.command, v: 99 }), expected: ["UnsupportedVersion"] }),
  (sender, asked) => ({ subject: subjectOf(sender, asked), body: bodyOf({ ...asked.command, type: "Steal" }), expected: ["UnknownType"] }),
  (sender, asked, family) => ({
    subject: subjectOf(sender, asked),
    body: bodyOf({ ...asked.command, issuedAtMs: asked.command.issuedAtMs + 1 + family.below(1_000) }),
    expected: ["IdReused"],
  }),
  (sender, asked, family, { world }) => ({
    subject: subjectOf(sender, asked),
    body: bodyOf({ ...asked.command, id: `ahead.${family.below(1 << 30)}`, issuedAtMs: world.nowMs + 60 * hourMs }),
    expected: ["IssuedAhead"],
  }),
  (sender, asked) => ({
    subject: commandSubject(sender.name, asked.send.class === "stock" ? "sell" : "stock", skuToken(asked.command.sku)),
    body: sameBody(asked),
    expected: ["WrongClass", "IdReused"],
  }),
  (sender, asked) => ({
    subject: commandSubject(sender.name, asked.send.class, otherSpelling(asked.command.sku)),
    body: sameBody(asked),
    expected: ["NotCanonical"],
  }),
  // More than one sale may be of; of a SKU that its sender doesn't sell; of one that nobody knows.
  (_sender, asked, family, cluster) =>
    untold("web", asked.command.sku, saleQtyMax + 1 + family.below(qtyMax - saleQtyMax), family, cluster),
  (_sender, asked, family, cluster) => untold("ops", asked.command.sku, 1, family, cluster),
  (_sender, _asked, family, cluster) => untold("web", `nowhere-${family.below(1 << 30)}` as Sku, 1, family, cluster),
  (sender, asked, family, { senders }) => {
    // Somebody else's reservation, released by a channel that never made it.
    const thief = senders.get(sender.name === "web" ? "wholesale" : "web") ?? sender
    const isTheirs = sender.name === "web" || sender.name === "wholesale" || sender.name === "marketplace"
    const reservation = isTheirs && "reservation" in asked.command ? asked.command.reservation : "nobodys"
    const { sku, issuedAtMs } = asked.command
    const command = { type: "Release", id: `theft.${family.below(1 << 30)}`, sku, issuedAtMs, reservation, reason: "cancelled" }
    return {
      subject: commandSubject(thief.name, "sell", skuToken(sku)),
      body: bodyOf(command),
      expected: ["UnknownReservation", "UnknownSku"],
    }
  },
]

/** The command as its sender sent it, byte for byte. */
const sameBody = (asked: Asked): Uint8Array => encoder.encode(engineCodec.commandText(asked.command))

/** Makes mischief while the faults last. */
export class Mischiefs {
  readonly #cluster: Cluster
  readonly #family: Family

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#family = cluster.chance.family("malformed")
  }

  /** Begins, every few hundred milliseconds. */
  start(): void {
    const { world, drawn } = this.#cluster
    if (!this.#family.isOn) return
    world.in(drawn.faultEveryMs, EventKind.send, null, () => {
      if (this.#family.draw(1, 6) > 0) this.#make()
      this.start()
    })
  }

  #make(): void {
    const senders = [...this.#cluster.senders.values()].filter(({ asked }) => asked.size > 0)
    const sender = senders[this.#family.below(Math.max(1, senders.length))]
    if (sender === undefined) return
    const answered = [...sender.asked.values()].filter(({ outcome }) => outcome === "accepted" || outcome === "refused")
    const asked = answered[this.#family.below(Math.max(1, answered.length))]
    const mischief = mischiefs[this.#family.below(mischiefs.length)]
    if (asked === undefined || mischief === undefined) return
    this.#cluster.faults.note("malformed", 0, "a message that must be refused")
    const { subject, body, expected } = mischief(sender, asked, this.#family, this.#cluster)
    const name = subject.split(".")[2] ?? sender.name
    this.#cluster.senders.get(name)?.sendRaw(subject, body, expected)
  }
}
