/**
 * A chart of lines over time, with what it says in words and as a table: whoever can't see it misses nothing. What is drawn is decided by whoever uses it.
 */
import { useEffect, useRef, useState } from "preact/hooks"
import uPlot from "uplot"
import { changes } from "./history.js"
import { html } from "./html.js"
import { timeOfDay } from "./numbers.js"
import { onColours } from "./theme.js"

/** @import { Look } from "./history.js" */

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {(look: Look) => number | null} of
 */

/** Told apart by more than their colour. */
const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [1, 2]]
/** Colours that there are. */
const colours = 6
const heightPx = 180
/** Steps of the axes that read well: seconds to an hour, and whole units. */
const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600]
const unitSteps = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat()
/** Rows of a table at most: newer ones come first. */
const rowsMax = 60

/**
 * A colour of the style sheet as a canvas takes it.
 * @param {HTMLElement} element
 * @param {string} name
 */
const colourOf = (element, name) => {
  const probe = document.createElement("i")
  probe.style.color = `var(${name})`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

/**
 * @param {HTMLElement} element
 * @param {ReadonlyArray<Line>} lines
 * @param {boolean} isStepped
 * @param {(value: number) => string} words
 * @returns {uPlot.Options}
 */
const optionsOf = (element, lines, isStepped, words) => {
  const [muted, rule] = [colourOf(element, "--muted"), colourOf(element, "--rule")]
  const font = "12px system-ui, sans-serif"
  const axis = { stroke: muted, font, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 } }
  const stepped = uPlot.paths.stepped?.({ align: 1 })
  return {
    width: Math.max(200, element.clientWidth),
    height: heightPx,
    legend: { show: false },
    cursor: { sync: { key: "sku" }, drag: { x: false, y: false }, points: { show: false } },
    scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.08)] } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((at) => timeOfDay(at * 1_000)), space: 90, size: 34, incrs: timeSteps },
      { ...axis, values: (_, splits) => splits.map(words), size: 64, incrs: unitSteps },
    ],
    series: [
      {},
      ...lines.map(({ name }, place) => ({
        label: name,
        stroke: colourOf(element, `--serie-${place % colours}`),
        width: 2,
        dash: dashes[place % dashes.length] ?? [],
        points: { show: !isStepped, size: 5 },
        spanGaps: !isStepped,
        ...(isStepped && stepped !== undefined ? { paths: stepped } : {}),
      })),
    ],
  }
}

/**
 * @param {ReadonlyArray<Look>} looks
 * @param {ReadonlyArray<Line>} lines
 * @returns {uPlot.AlignedData}
 */
const dataOf = (looks, lines) => [looks.map(({ atMs }) => atMs / 1_000), ...lines.map(({ of }) => looks.map(of))]

/** @param {{ lines: ReadonlyArray<Line>, looks: ReadonlyArray<Look>, isStepped: boolean, words: (value: number) => string, says: string }} props */
const Drawn = ({ lines, looks, isStepped, words, says }) => {
  const holder = useRef(/** @type {HTMLDivElement | null} */ (null))
  const drawn = useRef(/** @type {uPlot | null} */ (null))
  const newest = useRef(looks)
  newest.current = looks
  const names = lines.map(({ name }) => name).join()
  useEffect(() => {
    const element = holder.current
    if (element === null) return undefined
    const draw = () => {
      drawn.current?.destroy()
      drawn.current = new uPlot(optionsOf(element, lines, isStepped, words), dataOf(newest.current, lines), element)
    }
    draw()
    const forget = onColours(draw)
    const sized = new ResizeObserver(() => drawn.current?.setSize({ width: Math.max(200, element.clientWidth), height: heightPx }))
    sized.observe(element)
    return () => {
      forget()
      sized.disconnect()
      drawn.current?.destroy()
      drawn.current = null
    }
  }, [names, isStepped])
  useEffect(() => drawn.current?.setData(dataOf(looks, lines)), [looks])
  return html`<div class="drawn" role="img" aria-label=${says} ref=${holder}></div>`
}

/** @param {{ place: number }} props */
const Swatch = ({ place }) => html`
  <svg viewBox="0 0 26 8" aria-hidden="true">
    <line class=${`serie-${place % colours}`} x1="0" y1="4" x2="26" y2="4" stroke-dasharray=${(dashes[place % dashes.length] ?? []).join(" ")} />
  </svg>
`

/** @param {{ title: string, lines: ReadonlyArray<Line>, looks: ReadonlyArray<Look>, words: (value: number) => string }} props */
const Table = ({ title, lines, looks, words }) => {
  const rows = changes(looks, (look) => lines.map(({ of }) => of(look)))
  return html`
    <div class="scroll long" tabindex="0" role="region" aria-label=${`${title}, as a table`}>
      <table>
        <caption>Every change that is known, the newest first${rows.length > rowsMax ? `: ${rowsMax} of ${rows.length}` : ""}</caption>
        <thead>
          <tr><th scope="col">Time</th>${lines.map(({ name }) => html`<th scope="col" class="num">${name}</th>`)}</tr>
        </thead>
        <tbody>
          ${rows
            .slice(0, rowsMax)
            .map(
              ({ atMs, row }) =>
                html`<tr key=${atMs}><th scope="row" class="num">${timeOfDay(atMs)}</th>${row.map((value) => html`<td class="num">${value === null ? "" : words(value)}</td>`)}</tr>`,
            )}
        </tbody>
      </table>
    </div>
  `
}

/**
 * The newest value of a line that there is.
 * @param {ReadonlyArray<Look>} looks
 * @param {Line} line
 */
const newestOf = (looks, { of }) => {
  for (let place = looks.length - 1; place >= 0; place--) {
    const look = looks[place]
    const value = look === undefined ? null : of(look)
    if (value !== null) return value
  }
  return null
}

/** @param {{ title: string, lines: ReadonlyArray<Line>, looks: ReadonlyArray<Look>, isStepped?: boolean, words: (value: number) => string }} props */
export const Chart = ({ title, lines, looks, isStepped = true, words }) => {
  const [isOpen, setOpen] = useState(false)
  const values = lines.map((line) => ({ name: line.name, value: newestOf(looks, line) }))
  const now = values.map(({ name, value }) => `${name} ${value === null ? "nothing yet" : words(value)}`).join(", ")
  return html`
    <div class="chart">
      <h3>${title}</h3>
      <ul class="legend">
        ${values.map(({ name, value }, place) => html`<li><${Swatch} place=${place} />${name} <b>${value === null ? "–" : words(value)}</b></li>`)}
      </ul>
      <${Drawn} lines=${lines} looks=${looks} isStepped=${isStepped} words=${words} says=${`${title} over time. Now: ${now}. The table below tells every change.`} />
      <details onToggle=${(/** @type {{ currentTarget: HTMLDetailsElement }} */ { currentTarget }) => setOpen(currentTarget.open)}>
        <summary>${title}, as a table</summary>
        ${isOpen && html`<${Table} title=${title} lines=${lines} looks=${looks} words=${words} />`}
      </details>
    </div>
  `
}
