/**
 * Arbitrary values of a Schema's fields, from what its JSON Schema says of them: whatever a command's spec declares can be drawn without another word. What is drawn is always valid.
 */
import { Schema } from "effect"
import fc from "fast-check"

interface Json {
  readonly $ref?: string
  readonly type?: string
  readonly const?: unknown
  readonly enum?: ReadonlyArray<unknown>
  readonly anyOf?: ReadonlyArray<Json>
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: Json
  readonly properties?: Readonly<Record<string, Json>>
  readonly required?: ReadonlyArray<string>
}

/** Arbitraries by the name that a field type is published under, where its own is better than what follows from its pattern. */
export type Named = Readonly<Record<string, fc.Arbitrary<unknown>>>

/** How numbers and lists are drawn: whole numbers between two bounds, and of how many items at most. */
export interface Sizes {
  readonly whole: (min: number | undefined, max: number | undefined) => fc.Arbitrary<number>
  readonly itemsMax: number
}

const drawing = (definitions: Readonly<Record<string, Json>>, named: Named, sizes: Sizes) => {
  /** Of a list no two items are the same, nor about the same location or channel. */
  const selector = (item: unknown): string => {
    if (typeof item !== "object" || item === null) return JSON.stringify(item)
    return JSON.stringify(Reflect.get(item, "location") ?? Reflect.get(item, "channel") ?? item)
  }
  const of = (json: Json): fc.Arbitrary<unknown> => {
    if (json.$ref !== undefined) {
      const name = json.$ref.split("/").at(-1) ?? ""
      return named[name] ?? of(definitions[name] ?? {})
    }
    if (json.const !== undefined) return fc.constant(json.const)
    if (json.enum !== undefined) return fc.constantFrom(...json.enum)
    if (json.anyOf !== undefined) return fc.oneof(...json.anyOf.map(of))
    if (json.type === "integer") return sizes.whole(json.minimum, json.maximum)
    if (json.type === "boolean") return fc.boolean()
    if (json.type === "array") {
      const { minItems = 0, maxItems = sizes.itemsMax, items = {} } = json
      return fc.uniqueArray(of(items), { selector, minLength: minItems, maxLength: Math.min(maxItems, sizes.itemsMax) })
    }
    if (json.type === "object") return fieldsOf(json)
    if (json.type === "string" && json.pattern !== undefined) return fc.stringMatching(new RegExp(json.pattern))
    if (json.type === "string")
      return fc.string({ unit: "grapheme", minLength: json.minLength ?? 0, maxLength: Math.min(40, json.maxLength ?? 40) })
    throw new Error(`nothing is known to draw for ${JSON.stringify(json)}: say it by name`)
  }
  const fieldsOf = ({ properties = {}, required = [] }: Json): fc.Arbitrary<object> =>
    fc.record(Object.fromEntries(Object.entries(properties).map(([name, json]) => [name, of(json)])), { requiredKeys: [...required] })
  return of
}

/** Values of a Schema of an object. */
export const arbitraryOf = <A>(schema: Schema.Constraint, named: Named, sizes: Sizes): fc.Arbitrary<A> => {
  const document = Schema.toJsonSchemaDocument(schema)
  const is = Schema.is(schema as Schema.Codec<A>)
  return drawing(
    document.definitions as Readonly<Record<string, Json>>,
    named,
    sizes,
  )(document.schema as Json).filter((value): value is A => is(value))
}
