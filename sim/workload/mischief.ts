/**
 * Messages that must be refused or wait for a person, whoever sends them by mistake or on purpose: bytes that are no command, an id with other content, another channel's
 * reservation, the wrong class, a SKU spelled another way, a time in the future, stock of a SKU that looks like another, sales that nobody believes on a channel's word. What each must be answered with is known beforehand.
 */

import { type Sku, skuToken } from "../../src/domain/names.ts"
import { type Command, isFact } from "../../src/domain/sku/commands.ts"
import { bodyBytesMax, qtyMax, saleQtyMax } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { commandSubject } from "../../src/wire/subjects.ts"
import type { Cluster } from "../cluster.ts"
import type { Asked, Sender } from "../nodes/sender.ts"
import { type Details, type Family, type Key, keyOf, pickByName } from "../world/chance.ts"
import { EventKind } from "../world/world.ts"

/** Reasons of which one must be the answer; `quarantined`: it must wait for a person, who drops it; `notStored …`: it must not be taken, for that reason. */
type Expected = ReadonlyArray<string>

/** How ids of sales begin that a person who looks at them drops. */
export const untoldId = "untold."

const encoder = new TextEncoder()
const hourMs = 3_600_000

type Mischief = (sender: Sender, asked: Asked, family: Details, cluster: Cluster) => Mischievous

interface Mischievous {
  readonly subject: string
  readonly body: Uint8Array
  readonly expected: Expected
  /** The reply subject that it names, if it isn't one of its own. Nobody may hear anything then. */
  readonly replySubject?: string
}

const bodyOf = (command: object): Uint8Array => encoder.encode(JSON.stringify({ v: 1, ...command }))
const subjectOf = (sender: Sender, asked: Asked): string =>
  commandSubject(sender.name, asked.send.class, "sku", skuToken(asked.command.sku))

/** The token of a SKU in a spelling that isn't its canonical one: the first character escaped. */
const otherSpelling = (sku: string): string => `%${sku.charCodeAt(0).toString(16).toUpperCase()}${skuToken(sku.slice(1))}`

/** A sale that is told and not believed. */
const untold = (name: string, sku: Sku, qty: number, family: Details, { world, drawn }: Cluster): ReturnType<Mischief> => {
  // Where there is little room for them, several at once.
  const many = drawn.quarantine === "short" ? 1 + family.below(4) : 1
  const told = Array.from({ length: many }, () => {
    const id = `${untoldId}${family.below(1 << 30)}`
    return { v: 1, type: "RecordSale", id, sku, issuedAtMs: world.nowMs, mode: "taken", location: "DC1", qty }
  })
  return {
    subject: commandSubject(name, "sell", "sku", skuToken(sku)),
    body: encoder.encode(JSON.stringify(many === 1 ? told[0] : told)),
    expected: ["quarantined"],
  }
}

/** The same id, asking for something else. */
const withOtherContent = (command: Command): object => {
  // Never zero: that is no quantity, and no command.
  if ("qty" in command && command.qty !== undefined) return { ...command, qty: command.qty === -1 ? -2 : command.qty + 1 }
  if ("reservation" in command) return { ...command, reservation: "another" }
  if ("policy" in command) return { ...command, policy: { ...command.policy, version: 1 + (command.policy.version ?? 0) } }
  return "quarantined" in command ? { ...command, quarantined: "999999999-0" } : command
}

const mischiefs: ReadonlyArray<Mischief> = [
  (sender, asked) => ({
    subject: subjectOf(sender, asked),
    body: encoder.encode('{"v":1,"type":'),
    expected: ["notStored form"],
  }),
  (sender, asked) => ({
    subject: subjectOf(sender, asked),
    body: encoder.encode("[]"),
    expected: ["notStored form"],
  }),
  (sender, asked) => ({
    subject: subjectOf(sender, asked),
    body: bodyOf({ ...asked.command, v: 99 }),
    expected: ["notStored form"],
  }),
  (sender, asked) => ({
    subject: subjectOf(sender, asked),
    body: bodyOf({ ...asked.command, type: "Steal" }),
    expected: ["notStored form"],
  }),
  (sender, asked, family) => ({
    subject: subjectOf(sender, asked),
    // Where the command was too old its id is free, and later by its date than the floor it would be a new command.
    body: bodyOf({ ...withOtherContent(asked.command), issuedAtMs: asked.command.issuedAtMs + family.below(asked.tooOld ? 1 : 1_000) }),
    // A shipment that was told before with other content is refused for that, and nothing is remembered under its own id: of another reservation it is a new command.
    expected: asked.command.type === "Fulfil" && asked.outcome === "refused" ? ["IdReused", "UnknownReservation"] : ["IdReused"],
  }),
  // A fact ahead of time is taken: the player's fast tills tell some.
  (sender, asked, family, { world }) => {
    const { sku } = asked.command
    const release = { type: "Release", sku, reservation: "nobodys", reason: "cancelled" }
    const ahead = isFact(asked.command) ? release : asked.command
    return {
      subject: isFact(asked.command) ? commandSubject("web", "sell", "sku", skuToken(sku)) : subjectOf(sender, asked),
      body: bodyOf({ ...ahead, id: `ahead.${family.below(1 << 30)}`, issuedAtMs: world.nowMs + 60 * hourMs }),
      expected: ["IssuedAhead"],
    }
  },
  (sender, asked) => ({
    subject: commandSubject(sender.name, asked.send.class === "stock" ? "sell" : "stock", "sku", skuToken(asked.command.sku)),
    body: sameBody(asked),
    expected: ["notStored class"],
  }),
  (sender, asked) => ({
    subject: commandSubject(sender.name, asked.send.class, "sku", otherSpelling(asked.command.sku)),
    body: sameBody(asked),
    expected: ["notStored token"],
  }),
  // More than one sale may be of; of a SKU that its sender doesn't sell; of one that nobody knows.
  (_sender, asked, family, cluster) =>
    untold("web", asked.command.sku, saleQtyMax + 1 + family.below(qtyMax - saleQtyMax), family, cluster),
  (_sender, asked, family, cluster) => ({
    ...untold("ops", asked.command.sku, 1, family, cluster),
    // An operator may not sell: a real server wouldn't let it publish that, and the door doesn't take it.
    expected: ["notStored class"],
  }),
  (_sender, _asked, family, cluster) => untold("web", `nowhere-${family.below(1 << 30)}` as Sku, 1, family, cluster),
  (sender, asked, family, { senders, world }) => {
    // Somebody else's reservation, released by a channel that never made it.
    const thief = senders.get(sender.name === "web" ? "wholesale" : "web") ?? sender
    const isTheirs = sender.name === "web" || sender.name === "wholesale" || sender.name === "marketplace"
    const reservation = isTheirs && "reservation" in asked.command ? asked.command.reservation : "nobodys"
    const { sku } = asked.command
    // A fact may be of a clock that is fast; this is no fact.
    const issuedAtMs = Math.min(asked.command.issuedAtMs, world.nowMs)
    const command = { type: "Release", id: `theft.${family.below(1 << 30)}`, sku, issuedAtMs, reservation, reason: "cancelled" }
    return {
      subject: commandSubject(thief.name, "sell", "sku", skuToken(sku)),
      body: bodyOf(command),
      expected: ["UnknownReservation", "UnknownSku"],
    }
  },
]

/** A sale that is told twice over in one body with what its sender asked: a fact beside what may be refused. */
const saleBeside = (sku: Sku, family: Details, { world }: Cluster): string =>
  JSON.stringify({
    v: 1,
    type: "RecordSale",
    id: `beside.${family.below(1 << 30)}`,
    sku,
    issuedAtMs: world.nowMs,
    mode: "taken",
    location: "DC1",
    qty: 1,
  })

/** What is said of the release of a reservation that nobody has. */
const undecidable: Expected = ["UnknownReservation", "UnknownSku"]

const releaseOf = (sku: Sku, family: Details, { world }: Cluster): string =>
  JSON.stringify({
    v: 1,
    type: "Release",
    id: `odd.${family.below(1 << 30)}`,
    sku,
    issuedAtMs: world.nowMs,
    reservation: "nobodys",
    reason: "cancelled",
  })

/** Whether some ingress believes in another number of partitions: to it an array over two may be of one. */
const isMiscounted = ({ standalones, drawn }: Cluster): boolean =>
  standalones.some(({ ingress }) => ingress.partitions !== drawn.partitions)

/** A SKU that belongs to another partition. Itself where there is one partition only. */
const skuElsewhere = (sku: Sku, cluster: Cluster): Sku => {
  for (let number = 0; number < 64; number++) {
    const other = `elsewhere-${number}` as Sku
    if (cluster.partitionOf(other) !== cluster.partitionOf(sku)) return other
  }
  return sku
}

/** What follows the class in the path of a subject and leads to no actor, with what the door says of it: no SKU's token, and no kind. */
const oddPaths: ReadonlyArray<readonly [string, Expected]> = [
  ...["*", ">", "*.>", "a.b", "%41", "%zz", "", "a%"].map((token) => [`sku.${token}`, ["notStored token"]] as const),
  ...["*", ">", "*.A", "sku%", "SKU.A", "", ".A", "A"].map((kind) => [kind, ["notStored kind"]] as const),
  // An order's, and what is sent there is about a SKU.
  ["order.FS-00001", ["notStored form"]],
  ["sku", ["notStored token"]],
]
/** What makes a SKU look like another that is stocked. */
const oddEnds = ["\u00a0", " ", "\u200b", "e\u0301", "\ufeff"]
/** Reply subjects of somebody else, of nobody, and of more than one. */
const forgedReplies = [
  "hf.reply.warehouse.warehouse.1",
  "hf.reply.>",
  "hf.q.sku.0",
  "hf.hand.sku.0.somebody",
  "hf.reply.web.*",
  "hf.reply.web.>",
  "hf.reply.web.a.*",
  "_INBOX.somebody.1",
]

/** What a server that takes whatever is published would let through: subjects, sizes, arrays and reply subjects of any form. */
const doorMischiefs: ReadonlyArray<Mischief> = [
  (_sender, asked, family, cluster) => {
    const [path, expected] = oddPaths[family.below(oddPaths.length)] ?? ["", []]
    return { subject: `hf.cmd.web.sell.${path}`, body: encoder.encode(releaseOf(asked.command.sku, family, cluster)), expected }
  },
  (_sender, asked) => ({
    subject: commandSubject("web", "sell", "sku", skuToken(asked.command.sku)),
    body: new Uint8Array(bodyBytesMax + 1).fill(0x20),
    expected: ["notStored size"],
  }),
  (_sender, { command: { sku } }, family, cluster) => ({
    subject: commandSubject("web", "sell", "sku", skuToken(sku)),
    body: encoder.encode(`[${saleBeside(sku, family, cluster)},${releaseOf(sku, family, cluster)}]`),
    expected: ["notStored mixed"],
  }),
  (_sender, { command }, family, { world }) => {
    const sku = `${command.sku}${oddEnds[family.below(oddEnds.length)]}`
    const told = { id: `unclear.${family.below(1 << 30)}`, sku, issuedAtMs: world.nowMs, location: "DC1", qty: 1 }
    return {
      subject: commandSubject("warehouse", "stock", "sku", skuToken(sku)),
      body: bodyOf({ type: "ReceiveStock", ...told }),
      expected: ["notStored form"],
    }
  },
  (_sender, { command: { sku } }, family, cluster) => {
    const other = skuElsewhere(sku, cluster)
    return {
      subject: commandSubject("web", "sell", "sku", skuToken(sku)),
      body: encoder.encode(`[${releaseOf(sku, family, cluster)},${releaseOf(other, family, cluster)}]`),
      expected: other === sku ? undecidable : isMiscounted(cluster) ? ["notStored partition", ...undecidable] : ["notStored partition"],
    }
  },
  (_sender, { command: { sku } }, family, cluster) => ({
    subject: commandSubject("web", "sell", "sku", skuToken(sku)),
    body: encoder.encode(releaseOf(sku, family, cluster)),
    expected: ["UnknownReservation", "UnknownSku"],
    replySubject: forgedReplies[family.below(forgedReplies.length)] ?? "",
  }),
]

/** The command as its sender sent it, byte for byte. */
const sameBody = (asked: Asked): Uint8Array => encoder.encode(engineCodec.commandText(asked.command))

const allMischiefs = [...mischiefs, ...doorMischiefs]

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
      const key = keyOf("look", world.sinceStartMs)
      if (this.#family.draw(1, 6, 1, key) > 0) this.#make(key, this.#family.details(key))
      this.start()
    })
  }

  #make(key: Key, details: Details): void {
    const senders = [...this.#cluster.senders.values()].filter(({ asked }) => asked.size > 0)
    const sender = pickByName(details, senders, ({ name }) => name)
    if (sender === undefined) return
    const answered = [...sender.asked.values()].filter(({ outcome }) => outcome === "accepted" || outcome === "refused")
    const asked = pickByName(details, answered, ({ command }) => `${command.sku} ${command.id}`)
    const mischief = allMischiefs[details.below(allMischiefs.length)]
    if (asked === undefined || mischief === undefined) return
    this.#cluster.faults.note("malformed", 0, "a message that must be refused")
    const { subject, body, expected, replySubject } = mischief(sender, asked, details, this.#cluster)
    const name = subject.split(".")[2] ?? sender.name
    this.#cluster.senders.get(name)?.sendRaw(key, subject, body, expected, replySubject)
  }
}
