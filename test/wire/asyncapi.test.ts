import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { Ajv } from "ajv"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CommandClass, type CommandId, type Sku } from "../../src/domain/names.ts"
import { RefusalReason } from "../../src/domain/refusals.ts"
import { BusyWhy } from "../../src/engine/words.ts"
import { type DoorAnswer, decodeDoorAnswer, encodeDoorAnswer, NotStoredReason } from "../../src/wire/answers.ts"
import { commandText } from "../../src/wire/canonical.ts"
import { commandSchemas } from "../../src/wire/commands.ts"
import { decodeReply, encodeReply } from "../../src/wire/replies.ts"
import { asyncapiPath, asyncapiText } from "../../tools/asyncapi.ts"
import { command, reply } from "./arbitraries.ts"

const require = createRequire(import.meta.url)
const text = readFileSync(asyncapiPath, "utf8")
const document = JSON.parse(text) as {
  readonly asyncapi: string
  readonly components: { readonly schemas: Readonly<Record<string, object>>; readonly messages: Readonly<Record<string, object>> }
}

/** The specification brings draft 7 along with it, so ajv must not know it already. Formats are annotations here: what it calls uri or email is not what is tested. */
const newAjv = () => new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false, allErrors: true })

const validatorOf = (name: string) => {
  const ajv = newAjv()
  ajv.addSchema({ $id: "document", ...document })
  const validate = ajv.getSchema(`document#/components/schemas/${name}`)
  if (validate === undefined) throw new Error(`no schema ${name}`)
  return validate
}

describe("docs/asyncapi.json", () => {
  it("is what the Schemas make of it now", () => {
    expect(text).toBe(asyncapiText())
  })

  it("is a valid AsyncAPI document", () => {
    const schema = require("@asyncapi/specs/schemas/3.0.0.json") as object
    const validate = newAjv().compile(schema)
    const valid = validate(document)
    expect(validate.errors ?? []).toEqual([])
    expect(valid).toBe(true)
    expect(document.asyncapi).toBe("3.0.0")
  })

  it("refers to nothing that isn't in it", () => {
    for (const [, path] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
      const found = (path ?? "").split("/").reduce<unknown>((at, key) => Reflect.get(Object(at), key), document)
      expect(found, path).toBeTypeOf("object")
    }
  })

  it("has a message for every type of command, and the classes there are", () => {
    for (const type of Object.keys(commandSchemas)) expect(document.components.messages).toHaveProperty(type)
    expect(JSON.stringify(document)).toContain(JSON.stringify(CommandClass))
  })

  it("has schemas that take every command and reply there can be", () => {
    const validators = new Map(Object.keys(commandSchemas).map((type) => [type, validatorOf(type)]))
    fc.assert(
      fc.property(command, (one) => {
        const validate = validators.get(one.type)
        expect(validate?.(JSON.parse(commandText(one))), JSON.stringify(validate?.errors)).toBe(true)
      }),
    )
    const validateReply = validatorOf("Reply")
    fc.assert(
      fc.property(reply, (said) => {
        expect(validateReply(JSON.parse(new TextDecoder().decode(encodeReply(said)))), JSON.stringify(validateReply.errors)).toBe(true)
      }),
    )
  })

  it("has schemas that take every answer of a door there can be", () => {
    const answers: ReadonlyArray<readonly [string, ReadonlyArray<DoorAnswer>]> = [
      ["StoredAnswer", [{ answer: "stored", partition: 0, seq: 1 }]],
      ["BusyAnswer", BusyWhy.map((why) => ({ answer: "busy", retryAfterMs: 0, why }))],
      [
        "NotStoredAnswer",
        [
          ...NotStoredReason.map((reason) => ({ answer: "notStored", reason }) as const),
          ...RefusalReason.map(
            (cause) => ({ answer: "notStored", reason: "form", cause, field: "", at: 0, id: "c" as CommandId, sku: "s" as Sku }) as const,
          ),
        ],
      ],
    ]
    for (const [name, said] of answers) {
      const validate = validatorOf(name)
      for (const answer of said) {
        expect(validate(JSON.parse(new TextDecoder().decode(encodeDoorAnswer(answer)))), JSON.stringify(validate.errors)).toBe(true)
        expect(decodeDoorAnswer(encodeDoorAnswer(answer))).toEqual(answer)
      }
    }
  })

  it("leaves open what a newer release may say more of, and so does the decoder of this one", () => {
    const decision = { id: "c", sku: "A", outcome: "refused", reason: "NotInThisRelease", field: "sku" }
    const said = { v: 1, partition: 0, seq: 1, epoch: 1, decisions: [decision] }
    const validateReply = validatorOf("Reply")
    expect(validateReply(said), JSON.stringify(validateReply.errors)).toBe(true)
    expect(decodeReply(new TextEncoder().encode(JSON.stringify(said)))?.decisions).toEqual([decision])
    const answer = { v: 1, answer: "notStored", reason: "form", cause: "NotInThisRelease", more: 1 }
    expect(validatorOf("NotStoredAnswer")(answer)).toBe(true)
    expect(decodeDoorAnswer(new TextEncoder().encode(JSON.stringify(answer)))).toEqual({
      answer: "notStored",
      reason: "form",
      cause: "NotInThisRelease",
    })
    for (const reason of RefusalReason) expect(text).toContain(`"${reason}"`)
    expect(validateReply({ ...said, decisions: [{ ...decision, reason: "" }] })).toBe(false)
  })

  it("has schemas that refuse what is refused: an unknown field, a fact's deadline, a sale taken from nowhere", () => {
    const head = { v: 1, id: "c", sku: "s", issuedAtMs: 1 }
    const reserve = { ...head, type: "Reserve", reservation: "o", qty: 1, holdMs: 1 }
    expect(validatorOf("Reserve")(reserve)).toBe(true)
    for (const change of [{ more: 1 }, { qty: 0 }, { qty: 1.5 }, { id: "a b" }, { v: 2 }])
      expect(validatorOf("Reserve")({ ...reserve, ...change })).toBe(false)
    expect(validatorOf("ReceiveStock")({ ...head, type: "ReceiveStock", location: "l", qty: 1, deadlineMs: 5 })).toBe(false)
    expect(validatorOf("AdjustStock")({ ...head, type: "AdjustStock", location: "l", qty: 0, reason: "count" })).toBe(false)
    expect(validatorOf("RecordSale")({ ...head, type: "RecordSale", mode: "taken", qty: 1 })).toBe(false)
  })
})
