/**
 * How rows become one statement, however many they are: a list for each column, unnested by the database. And the row guard: what it may write over.
 */
import { type ColumnType, columnOf, type Table } from "./tables.ts"

const quoted = (name: string): string => `"${name}"`

/** What needs no quotes in a list of the database's. */
const plain = /^[A-Za-z0-9_.:-]+$/

const itemOf = (value: unknown, type: ColumnType): string => {
  if (value === null || value === undefined) return "NULL"
  if (type === "int8" || type === "int4" || type === "int2") return String(value)
  if (type === "bool") return value === true ? "t" : "f"
  const text = String(value)
  // A text that reads NULL would be none.
  if (type !== "jsonb" && plain.test(text) && text.length !== 4) return text
  return `"${text.includes("\\") || text.includes('"') ? text.replace(/["\\]/g, "\\$&") : text}"`
}

/** A column of the rows, as the database's own spelling of a list. */
const listOf = (rows: ReadonlyArray<object>, field: string, type: ColumnType): string => {
  let list = "{"
  for (let i = 0; i < rows.length; i++) list += `${i === 0 ? "" : ","}${itemOf(Reflect.get(rows[i] ?? {}, field), type)}`
  return `${list}}`
}

/** One statement for any number of rows of a table; the same text each time, so that it is prepared once. */
export interface Insert {
  readonly text: string
  readonly listsOf: (rows: ReadonlyArray<object>) => Array<string>
}

/**
 * Inserts rows of a table. The row guard: a row that is there gives way to one that a newer record made, and to nothing else; where rows are written once, to nothing. So it doesn't matter who sends a
 * statement, when, or how often.
 */
export const insertOf = ({ name, columns, key, isState }: Table): Insert => {
  const names = columns.map(([field]) => quoted(columnOf(field)))
  // The parameter is text to the driver: it is sent as it is.
  const lists = columns.map(([, type], at) => `$${at + 1}::text::${type}[]`)
  const keys = key.map((field) => quoted(columnOf(field))).join(", ")
  const changes = columns
    .filter(([field]) => !key.includes(field))
    .map(([field]) => `${quoted(columnOf(field))} = excluded.${quoted(columnOf(field))}`)
  const guard = isState ? `do update set ${changes.join(", ")} where ${quoted(name)}."seq" < excluded."seq"` : "do nothing"
  return {
    text: `insert into ${quoted(name)} (${names.join(", ")}) select * from unnest(${lists.join(", ")}) on conflict (${keys}) ${guard}`,
    listsOf: (rows) => columns.map(([field, type]) => listOf(rows, field, type)),
  }
}
