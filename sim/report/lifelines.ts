/**
 * Commands of one SKU as lines of time: sent, stored by the server, decided by the owner, heard by the sender. What never came ends in a cross.
 */
import type { Lifeline } from "../result.ts"
import { html, type Markup, nothing, shortened } from "./markup.ts"
import { moment, plural } from "./numbers.ts"
import { px } from "./scale.ts"
import { drawing, legend } from "./section.ts"
import { chart, type Frame, frameOf, timeAxis } from "./time-frame.ts"

const rowHeight = 20
const top = 34
const outcomeWidth = 280

interface Leg {
  readonly kind: "to-stored" | "to-decided" | "to-heard"
  readonly fromMs: number
  readonly toMs: number
}

const reached = (line: Lifeline): ReadonlyArray<number> => [
  line.sentMs,
  ...[line.storedMs, line.decidedMs, line.heardMs].filter((atMs) => atMs !== null),
]

const legsOf = (line: Lifeline): ReadonlyArray<Leg> => {
  const legs: Array<Leg> = []
  let fromMs = line.sentMs
  for (const [kind, toMs] of [
    ["to-stored", line.storedMs],
    ["to-decided", line.decidedMs],
    ["to-heard", line.heardMs],
  ] as const) {
    if (toMs === null) continue
    legs.push({ kind, fromMs, toMs })
    fromMs = toMs
  }
  return legs
}

const words = (line: Lifeline): string => {
  const at = (name: string, atMs: number | null): string => (atMs === null ? `never ${name}` : `${name} ${moment(atMs)}`)
  const sendings = line.sendings > 1 ? `, ${line.sendings} sendings` : ""
  return `${line.type} ${line.id} of ${line.sender}: sent ${moment(line.sentMs)}${sendings}, ${at("stored", line.storedMs)}, ${at("decided", line.decidedMs)}, ${at("heard", line.heardMs)}`
}

const row = (line: Lifeline, index: number, frame: Frame): Markup => {
  const y = top + index * rowHeight
  const middle = y + rowHeight / 2
  const end = frame.x(Math.max(...reached(line)))
  const missing = line.heardMs === null
  const seq = line.seq === null ? "" : ` #${line.seq}`
  return html`<g><title>${words(line)}</title>
<rect x="0" y="${y}" width="${chart.width}" height="${rowHeight}" class="row-${index % 2 === 0 ? "even" : "odd"}"/>
<text x="${chart.left - 8}" y="${middle + 4}" class="label end">${shortened(`${line.sender} ${line.id}`, 20)}</text>
${legsOf(line).map(
  (leg) =>
    html`<rect x="${px(frame.x(leg.fromMs))}" y="${px(middle - 3)}" width="${px(Math.max(1, frame.x(leg.toMs) - frame.x(leg.fromMs)))}" height="6" class="leg ${leg.kind}"/>`,
)}
<circle cx="${px(frame.x(line.sentMs))}" cy="${middle}" r="3.5" class="sent"/>
${
  missing
    ? html`<path d="M${px(end + 4)} ${middle - 4}l8 8m0 -8l-8 8" class="never"/>`
    : html`<circle cx="${px(end)}" cy="${middle}" r="4" class="heard"/>`
}
<text x="${px(Math.min(end, chart.width - outcomeWidth) + 18)}" y="${middle + 4}" class="small">${shortened(
    `${line.type}${line.sendings > 1 ? ` ×${line.sendings}` : ""}${seq} ${line.outcome ?? (missing ? "not heard" : "")}`,
    44,
  )}</text></g>`
}

/** The lines of these commands, in order of sending, with the moment in question marked. `id` is unique on the page; nothing without commands. */
export const lifelineChart = (id: string, title: string, lines: ReadonlyArray<Lifeline>, atMs: number): Markup => {
  if (lines.length === 0) return nothing
  const sorted = [...lines].sort((a, b) => a.sentMs - b.sentMs)
  const moments = [...sorted.flatMap(reached), atMs]
  const fromMs = Math.min(...moments)
  const lastMs = Math.max(...moments)
  // Room at the right, where the words of the last ones stand.
  const frame = frameOf(fromMs, lastMs + (lastMs - fromMs) * 0.36, 0, id)
  const bottom = top + sorted.length * rowHeight
  const at = px(frame.x(atMs))
  return html`${legend([
    ["sent", "sent"],
    ["to-stored", "until stored"],
    ["to-decided", "until decided"],
    ["to-heard", "until heard"],
    ["heard", "heard"],
    ["never", "never heard"],
    ["in-question", "the moment in question"],
  ])}${drawing({
    id,
    title,
    desc: `${plural(lines.length, "command")}, ${plural(lines.filter(({ heardMs }) => heardMs === null).length, "answer")} not heard.`,
    width: chart.width,
    height: bottom + 44,
    marks: frame.marks,
    body: [
      html`<text x="${chart.right}" y="14" class="reading" data-series="time"> </text>`,
      ...sorted.map((line, index) => row(line, index, frame)),
      html`<line x1="${at}" x2="${at}" y1="${top - 8}" y2="${bottom}" class="in-question"/>`,
      timeAxis(frame, bottom),
    ],
  })}`
}
