/**
 * Plain values compared and named by their content: the order of an object's fields says nothing, that of a list does.
 */

/** One text for all values of equal content. Fields that are undefined count as absent. */
export const textOf = (value: unknown): string => {
  if (value === undefined) return "null"
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(textOf).join(",")}]`
  const fields: Array<string> = []
  for (const [name, field] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (field !== undefined) fields.push(`${JSON.stringify(name)}:${textOf(field)}`)
  }
  return `{${fields.join(",")}}`
}

/** Whether both have the same content. */
export const same = (left: unknown, right: unknown): boolean => left === right || textOf(left) === textOf(right)
