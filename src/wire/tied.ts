/**
 * Ties a schema to the type it stands for: a member, a field or a value that only one of the two has is an error of the compiler.
 *
 * That one is assignable to the other isn't enough: what the schema doesn't know is written, acknowledged, and can't be read again. Types alone; at run time nothing happens.
 */

/** A type with every optional field required, at any depth: so that a field that only one of two types may have makes them differ. */
type AllRequired<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends ReadonlyArray<infer Item>
    ? ReadonlyArray<AllRequired<Item>>
    : { readonly [Field in keyof T]-?: AllRequired<T[Field]> }

type Assignable<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

/** Whether two types have the same members, with the same fields. */
type Same<A, B> = Assignable<A, B> extends true ? Assignable<AllRequired<A>, AllRequired<B>> : false

/** `tied<A, B>()` compiles only where the two are the same. */
export const tied = <A, B>(..._: Same<A, B> extends true ? [] : [never]): void => undefined
