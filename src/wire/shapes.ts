/**
 * Looks at parsed JSON field by field, faster than a schema's decoder would: what chunks of snapshots are read with.
 *
 * Each shape is tied to a type: a field that the type gains, one that may be absent too, doesn't compile until it is read.
 */

/** Whether a value is what a field holds. What reads more than a type has reads that type too; what reads less doesn't compile in its place. */
export type Is<T> = ((value: unknown) => boolean) & { readonly reads?: (value: T) => void }

/** A text. */
export const text: Is<string> = (value) => typeof value === "string"
/** A whole number that is exact. */
export const whole: Is<number> = (value) => Number.isSafeInteger(value)
/** Bytes. */
export const bytes: Is<Uint8Array> = (value) => value instanceof Uint8Array
/** Null, or something else. */
export const nullOr =
  <T>(is: Is<T>): Is<T | null> =>
  (value) =>
    value === null || is(value)
/** A word of a list. */
export const oneOf = <Word extends string>(words: ReadonlyArray<Word>): Is<Word> => {
  const known: ReadonlySet<unknown> = new Set(words)
  return (value) => known.has(value)
}
/** A list of which each item is read. */
export const listOf =
  <T>(is: Is<T>): Is<ReadonlyArray<T>> =>
  (value) => {
    if (!Array.isArray(value)) return false
    for (const item of value) if (!is(item)) return false
    return true
  }

type Optional<T> = { [Field in keyof T]-?: Record<never, never> extends Pick<T, Field> ? Field : never }[keyof T]
/** A reader for each of these fields. */
type ObjectFields<T, Names extends keyof T> = { readonly [Field in Names]-?: Is<Exclude<T[Field], undefined>> }
/** The fields that an object always has, and those that it may have. */
type ObjectShape<T> = [Optional<T>] extends [never]
  ? readonly [fields: ObjectFields<T, keyof T>]
  : readonly [fields: ObjectFields<T, Exclude<keyof T, Optional<T>>>, others: ObjectFields<T, Optional<T>>]

/** An object with all fields of its type. What else it has is passed over. */
export const object = <T>(...[fields, others]: ObjectShape<T>): Is<T> => {
  const required = Object.entries<Is<never>>(fields)
  const optional = Object.entries<Is<never>>(others ?? {})
  return (value) => {
    if (typeof value !== "object" || value === null) return false
    const given = value as Readonly<Record<string, unknown>>
    for (const [name, is] of required) if (!is(given[name])) return false
    for (const [name, is] of optional) if (given[name] !== undefined && !is(given[name])) return false
    return true
  }
}

/** The member of a union whose field `Tag` is `Word`, without that field. */
export type UnionMember<T, Tag extends keyof T, Word> = T extends Readonly<Record<Tag, Word>> ? Omit<T, Tag> : never

/** An object whose field `tag` says which of a union's members it is. */
export const byTag = <T, Tag extends keyof T & string>(
  tag: Tag,
  kinds: { readonly [Word in T[Tag] & string]: Is<UnionMember<T, Tag, Word>> },
): Is<T> => {
  const known: ReadonlyMap<unknown, Is<never>> = new Map(Object.entries<Is<never>>(kinds))
  return (value) =>
    typeof value === "object" && value !== null && known.get((value as Readonly<Record<string, unknown>>)[tag])?.(value) === true
}

/** An object with the fields of another, of which nothing is known yet. `Names`: those that are read, which has to be all of them. */
export type Unread<T, Names extends keyof T> = [keyof T] extends [Names] ? { readonly [Field in Names]?: unknown } : never
