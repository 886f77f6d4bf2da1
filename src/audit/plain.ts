/**
 * Plain values compared and named by their content: the order of an object's fields says nothing, that of a list does.
 */

/** One text for all values of equal content. Fields that are undefined count as absent. */
export const textOf = (value: unknown): string => {
  if (value === undefined) return "null"
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(textOf).join(",")}]`
  let text = ""
  for (const name of Object.keys(value).sort()) {
    const field: unknown = Reflect.get(value, name)
    if (field !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${textOf(field)}`
  }
  return `{${text}}`
}

/** Whether both have the same content. */
export const same = (left: unknown, right: unknown): boolean => {
  if (left === right) return true
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  for (const name of Object.keys(left)) if (!same(Reflect.get(left, name), Reflect.get(right, name))) return false
  for (const name of Object.keys(right)) if (Reflect.get(right, name) !== undefined && Reflect.get(left, name) === undefined) return false
  return true
}
