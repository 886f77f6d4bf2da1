/**
 * Markup as a type of its own, so that text from a run can't become markup: whatever is put into `html` is escaped, unless it came out of
 * `html` itself. What it writes is well-formed XML as much as HTML, if its caller closes what it opens.
 */

/** A piece of markup whose data is escaped already. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Part = Markup | string | number | false | null | ReadonlyArray<Part>

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

/** Control characters as their pictures: XML can't hold them, and a reader should see that they were there. */
const pictured = (control: string): string => {
  if (control === "\n" || control === "\t") return control
  const code = control.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? "\u2421" : "\ufffd"
}

/** Text as it may stand between tags and in quoted attributes. Marks that turn the direction of writing are replaced: they could disguise a line. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[&<>"']/g, (found) => entities[found] ?? "")
    .replace(/\p{Cc}/gu, pictured)
    .replace(/[\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g, "\ufffd")

const written = (part: Part): string => {
  if (part instanceof Markup) return part.text
  if (typeof part === "string") return escaped(part)
  if (typeof part === "number") return String(part)
  return part === false || part === null ? "" : part.map(written).join("")
}

/** A template whose values are escaped. Lists are written one after another; `false` and `null` are nothing. */
export const html = (strings: TemplateStringsArray, ...parts: ReadonlyArray<Part>): Markup =>
  new Markup(strings.map((string, index) => string + (index < parts.length ? written(parts[index] ?? null) : "")).join(""))

export const nothing = new Markup("")

/**
 * JSON as the content of a script element. No `<` is left in it, so that neither `</script>` nor `<!--` of the data can end or change the element;
 * it parses to the same value.
 */
export const jsonInScript = (value: unknown): Markup =>
  new Markup(
    JSON.stringify(value)
      .replace(/</g, "\\u003c")
      .replace(/[\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16)}`),
  )

/** The first `max` of a list, and how many are left over. */
export const capped = <A>(list: ReadonlyArray<A>, max: number): { readonly first: ReadonlyArray<A>; readonly left: number } => ({
  first: list.slice(0, max),
  left: Math.max(0, list.length - max),
})

/** A long text from a run, cut with a mark that says so. */
export const shortened = (text: string, charsMax: number): string => (text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`)
