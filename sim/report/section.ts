/**
 * The pieces that every part of the page is made of: a section with a heading, a table with a caption, an image with a title, a folded part.
 */
import { html, type Markup, nothing } from "./markup.ts"
import { counted } from "./numbers.ts"

/** A part of the page. `id` is what the contents at the top point to. */
export const section = (id: string, title: string, lead: string | Markup, body: Markup): Markup => html`
<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
<p class="lead">${lead}</p>
${body}
</section>`

/** A column: its heading, and whether numbers stand in it, which are set flush right. */
export interface Column {
  readonly title: string
  readonly numeric?: boolean
}

export interface Row {
  /** The first one names the row. */
  readonly cells: ReadonlyArray<Markup | string>
  /** `bad` and `warn` stand out; `mark` is the row in question. */
  readonly tone?: "bad" | "warn" | "mark"
}

const cell = (column: Column, content: Markup | string, index: number): Markup => {
  const kind = column.numeric === true ? html` class="num"` : nothing
  return index === 0 ? html`<th scope="row"${kind}>${content}</th>` : html`<td${kind}>${content}</td>`
}

/** A table in a frame that scrolls sideways by itself, so that the page never does. `left` rows were cut. */
export const table = (caption: string, columns: ReadonlyArray<Column>, rows: ReadonlyArray<Row>, left = 0): Markup => html`
<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col"${column.numeric === true ? html` class="num"` : nothing}>${column.title}</th>`)}</tr></thead>
<tbody>${rows.map(
  (row) => html`
<tr${row.tone === undefined ? nothing : html` class="${row.tone}"`}>${columns.map((column, index) => cell(column, row.cells[index] ?? "", index))}</tr>`,
)}</tbody>
</table></div>${andMore(left)}`

/** The line under a list that was cut. */
export const andMore = (left: number): Markup => (left === 0 ? nothing : html`<p class="more">… and ${counted(left)} more</p>`)

export interface Drawing {
  /** Unique on the page. */
  readonly id: string
  readonly title: string
  /** What is to be seen, for those who don't see it. */
  readonly desc: string
  readonly width: number
  readonly height: number
  /** Attributes for the script, as `data-…` names without the prefix. */
  readonly marks?: Readonly<Record<string, string | number>>
  readonly body: ReadonlyArray<Markup>
}

/** An image, in a frame that scrolls sideways where the page is too narrow for its words to be read. */
export const drawing = (drawn: Drawing): Markup => html`
<div class="scroll" tabindex="0" role="region" aria-label="${drawn.title}"><svg id="${drawn.id}" role="img" aria-labelledby="${drawn.id}-t ${drawn.id}-d" viewBox="0 0 ${
  drawn.width
} ${drawn.height}" width="${drawn.width}" height="${drawn.height}"${Object.entries(drawn.marks ?? {}).map(
  ([name, value]) => html` data-${name}="${value}"`,
)}>
<title id="${drawn.id}-t">${drawn.title}</title>
<desc id="${drawn.id}-d">${drawn.desc}</desc>
${drawn.body}
</svg></div>`

/** A part that is closed until it is asked for; on paper it is as the reader left it. */
export const folded = (summary: string, body: Markup): Markup => html`
<details><summary>${summary}</summary>
${body}
</details>`

export const tag = (tone: "good" | "bad" | "warn" | "plain", text: string): Markup => html`<span class="tag ${tone}">${text}</span>`

/** What the marks of a drawing mean: pairs of a class of the drawing and a word. */
export const legend = (entries: ReadonlyArray<readonly [string, string]>): Markup =>
  html`<ul class="legend">${entries.map(([kind, text]) => html`<li><i class="key ${kind}"></i>${text}</li>`)}</ul>`
