import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { orderCommandTypes } from "../../src/client/orders.ts"
import type { AnyCommandSpec } from "../../src/domain/define.ts"
import { CommandClass, partitionOf, type SenderId, skuToken, tokenHash } from "../../src/domain/names.ts"
import { classOf as classOfOrder } from "../../src/domain/order/decide.ts"
import { RefusalReason } from "../../src/domain/refusals.ts"
import { type CommandType, classOf } from "../../src/domain/sku/commands.ts"
import { DiscrepancyKind } from "../../src/domain/sku/events.ts"
import { skuKind } from "../../src/domain/sku/index.ts"
import { BusyWhy } from "../../src/engine/words.ts"
import * as limits from "../../src/limits.ts"
import { decodeDoorAnswer, NotStoredReason } from "../../src/wire/answers.ts"
import { decodeBody } from "../../src/wire/body.ts"
import { commandSchemas, readCommandJson } from "../../src/wire/commands.ts"
import { decodeAts } from "../../src/wire/feed.ts"
import { decodeOrderBodyFrom } from "../../src/wire/order-commands.ts"
import { decodeOrderReply } from "../../src/wire/order-replies.ts"
import {
  atsPageDefault,
  atsPageMax,
  decodeAnswer,
  parseQuestion,
  quarantinePageDefault,
  quarantinePageMax,
} from "../../src/wire/questions.ts"
import { decodeReply } from "../../src/wire/replies.ts"
import { protocolText } from "../../tools/protocol.ts"

const text = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8")
/** The document's JSON blocks by the kind their fence names. */
const blocks = [...text.matchAll(/^```json(?: (\w+))?\n([\s\S]*?)^```$/gm)].map((found) => ({ kind: found[1] ?? "", json: found[2] ?? "" }))
const blocksOf = (kind: string): ReadonlyArray<string> => blocks.filter((block) => block.kind === kind).map((block) => block.json)
/** The cells of the table under a heading. */
const tableOf = (heading: string): ReadonlyArray<ReadonlyArray<string>> => {
  const section = text.split(/^##+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? ""
  const rows = [...section.matchAll(/^\| (.+) \|$/gm)].map((found) => (found[1] ?? "").split(" | "))
  return rows.slice(2)
}
const bare = (cell: string | undefined): string => (cell ?? "").replaceAll("`", "")
const bytesOf = (json: string): Uint8Array => new TextEncoder().encode(json)

describe("what is generated in docs/PROTOCOL.md", () => {
  it("is what the commands' declarations make of it now: npm run generate", () => {
    expect(protocolText(text)).toBe(text)
  })

  it("takes in a command that nobody has written about yet, among the others of its class", () => {
    const invented: AnyCommandSpec = { ...(skuKind.command.ReceiveStock as AnyCommandSpec), type: "Invented" }
    const made = protocolText(text, [...(skuKind.commands as ReadonlyArray<AnyCommandSpec>), invented])
    expect(made).toContain("\n| `Invented` | `stock` | `location`, `qty` | `reference` |\n")
    expect(made.slice(made.indexOf("other commands of class stock"), made.indexOf("### Class `policy`"))).toContain(
      "`Invented`. Fact: units arrived at a location. `location`: where; ",
    )
  })
})

describe("the table of commands about orders", () => {
  it("names every type that a channel sends, with what stands in a line, and none that only SKUs send", () => {
    const rows = tableOf("Orders").filter(([type]) => orderCommandTypes.some((known) => known === bare(type)))
    expect(rows.map(([type]) => bare(type)).sort()).toEqual([...orderCommandTypes].sort())
    expect(rows.find(([type]) => bare(type) === "PlaceOrder")?.slice(2)).toEqual([
      "`order`, `fill`, `holdMs`, `lines` (in each `sku`, `qty`)",
      "`minQty` in `lines`, `locations` in `lines`",
    ])
    expect(text).not.toContain("`NoteLine`")
  })
})

describe("the JSON examples of docs/PROTOCOL.md", () => {
  it("are each of a kind that is decoded here", () => {
    expect(new Set(blocks.map((block) => block.kind))).toEqual(
      new Set(["command", "order", "reply", "orderreply", "door", "ats", "page", "about", "answer"]),
    )
  })

  it("of commands are accepted, and there is one of every type", () => {
    const types = blocksOf("command").map((json) => {
      const body = decodeBody(bytesOf(json))
      expect(body, json).toMatchObject({ _tag: "Commands", commands: [{ _tag: "Command" }] })
      return (JSON.parse(json) as { readonly type: string }).type
    })
    expect([...new Set(types)].sort()).toEqual(Object.keys(classOf).sort())
  })

  it("of commands about orders are accepted, and there is one of every type that is sent: a channel names none, an operator does", () => {
    const types = blocksOf("order").map((json) => {
      const { type } = JSON.parse(json) as { readonly type: keyof typeof classOfOrder }
      expect(json.includes('"channel"')).toBe(classOfOrder[type] === "operator")
      const body = decodeOrderBodyFrom(bytesOf(json), "web" as SenderId)
      expect(body, json).toMatchObject({ _tag: "Commands", commands: [{ _tag: "Command" }] })
      return type
    })
    expect([...new Set(types)].sort()).toEqual([...orderCommandTypes].sort())
    for (const json of blocksOf("orderreply")) expect({ v: 1, ...decodeOrderReply(bytesOf(json)) }).toEqual(JSON.parse(json))
  })

  it("of what is heard are decoded whole: no field of them is unknown", () => {
    const whole = (json: string, decoded: object | undefined) => expect({ v: 1, ...decoded }).toEqual(JSON.parse(json))
    for (const json of blocksOf("reply")) whole(json, decodeReply(bytesOf(json)))
    for (const json of blocksOf("ats")) whole(json, decodeAts(bytesOf(json)))
    for (const json of blocksOf("answer")) whole(json, decodeAnswer(bytesOf(json)))
    expect(
      blocksOf("answer")
        .map((json) => decodeAnswer(bytesOf(json))?.answer)
        .sort(),
    ).toEqual([
      "ats",
      "invalid",
      "notAllowed",
      "order",
      "quarantine",
      "reservation",
      "stock",
      "topology",
      "unknownOrder",
      "unknownReservation",
      "unknownSku",
      "worker",
    ])
    for (const json of blocksOf("about"))
      expect(parseQuestion(["reservation", "A"], bytesOf(json))).toMatchObject({ question: "reservation", sku: "A" })
    for (const json of blocksOf("door")) whole(json, decodeDoorAnswer(bytesOf(json)))
    expect(blocksOf("door").map((json) => decodeDoorAnswer(bytesOf(json))?.answer)).toEqual(["stored", "busy", "notStored", "notStored"])
    for (const json of blocksOf("page")) expect(parseQuestion(["ats"], bytesOf(json))).toMatchObject({ question: "atsPage" })
  })

  it("of outcomes show every one", () => {
    const outcomes = blocksOf("reply").flatMap((json) => decodeReply(bytesOf(json))?.decisions.map((said) => said.outcome) ?? [])
    expect(new Set(outcomes)).toEqual(new Set(["accepted", "refused", "expired", "quarantined", "dropped"]))
  })
})

describe("the tables of docs/PROTOCOL.md", () => {
  it("describe every refusal, in order of precedence", () => {
    expect(tableOf("Refusals").map(([reason]) => bare(reason))).toEqual([...RefusalReason])
  })

  it("describe every reason why something is not stored, and say which refusals an ingress answers so", () => {
    expect(tableOf("Not stored").map(([reason]) => bare(reason))).toEqual([...NotStoredReason])
    const atTheDoor = tableOf("Refusals").map(([reason, , , said]) => [bare(reason), bare(said).replaceAll("|", "").trim()])
    const words = atTheDoor.filter(([, said]) => said !== "")
    expect(words.every(([, said]) => NotStoredReason.some((known) => known === said))).toBe(true)
    expect(words.map(([reason]) => reason)).toEqual(RefusalReason.slice(0, RefusalReason.indexOf("IdReused")))
  })

  it("describe every class, kind of discrepancy and reason to come back", () => {
    for (const word of [...CommandClass, ...DiscrepancyKind, ...BusyWhy]) expect(text).toContain(`\`${word}\``)
  })

  it("give every type its class and its fields: without one that is required it is none, without one that is optional it is", () => {
    const rows = tableOf("Fields of each type")
    expect(rows.map(([type]) => bare(type)).sort()).toEqual(Object.keys(classOf).sort())
    const common = ["v", "type", "id", "sku", "issuedAtMs", "deadlineMs"]
    const namesIn = (cell: string | undefined) =>
      [...(cell ?? "").replace(/\(.*?\)/g, "").matchAll(/`(\w+)`/g)].map(([, name]) => name ?? "")
    for (const [type, commandClass, required, optional = ""] of rows) {
      const kind = bare(type) as CommandType
      expect(bare(commandClass)).toBe(classOf[kind])
      // A policy's own version is the one that lies deeper.
      const free = kind === "SetPolicy" ? [] : namesIn(optional)
      const named = [...namesIn(required), ...free]
      const fields = Object.keys(commandSchemas[kind].fields).filter((name) => !common.includes(name))
      expect(named.sort(), kind).toEqual(fields.sort())
      for (const json of blocksOf("command").filter((one) => JSON.parse(one).type === kind)) {
        const given = JSON.parse(json) as Record<string, unknown>
        const without = (name: string) => readCommandJson(Object.fromEntries(Object.entries(given).filter(([key]) => key !== name)))
        for (const name of namesIn(required)) {
          const isOfOther = kind === "RecordSale" && name === (given.mode === "taken" ? "reservation" : "location")
          if (!isOfOther) expect(without(name), `${kind} without ${name}`).toMatchObject({ refusal: { field: name }, detail: "missing" })
        }
        for (const name of free) expect(without(name), `${kind} without ${name}`).toMatchObject({ type: kind })
      }
    }
  })

  it("spell SKUs, hashes and partitions as the code does", () => {
    const rows = tableOf("SKUs as subject tokens")
    expect(rows.length).toBeGreaterThan(3)
    for (const [sku, token, hash, partition] of rows) {
      expect(skuToken(bare(sku))).toBe(bare(token))
      expect(tokenHash(bare(token))).toBe(Number(hash))
      expect(partitionOf(bare(sku), 16)).toBe(Number(partition))
    }
  })

  it("give every limit its value", () => {
    const rows = tableOf("Limits")
    expect(rows.length).toBeGreaterThan(10)
    for (const [, value, name] of rows) expect(Reflect.get(limits, bare(name)), name).toBe(Number((value ?? "").replaceAll(",", "")))
  })

  it("and text give the sizes of pages", () => {
    expect(text).toContain(
      `\`limit\` is ${atsPageDefault} unless said and at most ${atsPageMax.toLocaleString("en")} for ATS, ${quarantinePageDefault} and at most ${quarantinePageMax} for quarantine.`,
    )
  })
})
