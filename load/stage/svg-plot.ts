/**
 * Charts as one SVG file without anything from elsewhere: lines over a common axis, with a legend beside each. Decides nothing but where things stand. Colours are told apart on light and on dark grounds, and lines by their marks too.
 */

export interface PlotLine {
  readonly label: string
  /** Null: there is none. */
  readonly values: ReadonlyArray<number | null>
  readonly isDashed?: boolean
}

export interface PlotChart {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly x: ReadonlyArray<number>
  /** Whether steps of an axis are tenfold. An axis that begins with 0 has its 0 where a tenth of the next stands. */
  readonly xLog: boolean
  readonly yLog: boolean
  readonly lines: ReadonlyArray<PlotLine>
}

const colours = ["#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#8c564b", "#e377c2", "#17becf", "#bcbd22", "#7f7f7f"]
const size = { width: 960, height: 340, left: 80, right: 300, top: 40, bottom: 50 }
const markers = ["circle", "square", "diamond"] as const

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

/** As `1,000,000`, or `0.05`. */
const numberText = (value: number): string =>
  Math.abs(value) >= 10 || value === 0 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(2)))

interface Scale {
  readonly at: (value: number) => number
  readonly ticks: ReadonlyArray<number>
}

const tenfolds = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: Math.round(Math.log10(to / from)) + 1 }, (_, n) => from * 10 ** n)

const logScale = (values: ReadonlyArray<number>, begin: number, end: number): Scale => {
  const positive = values.filter((value) => value > 0)
  const least = Math.min(...positive)
  const hasZero = values.some((value) => value <= 0)
  const low = 10 ** Math.floor(Math.log10(least)) / (hasZero ? 10 : 1)
  const high = 10 ** Math.max(Math.log10(low) + 1, Math.ceil(Math.log10(Math.max(...positive)) - 1e-9))
  const at = (value: number) => begin + ((end - begin) * Math.log10(Math.max(low, value) / low)) / Math.log10(high / low)
  const ticks = tenfolds(low, high)
  return { at, ticks: hasZero ? [0, ...ticks.slice(1)] : ticks }
}

const tickCount = 5
const linearScale = (values: ReadonlyArray<number>, begin: number, end: number): Scale => {
  const most = Math.max(...values, Number.MIN_VALUE)
  const step = niceStep(most / tickCount)
  const high = Math.ceil(most / step - 1e-9) * step
  const ticks = Array.from({ length: Math.round(high / step) + 1 }, (_, n) => n * step)
  return { at: (value) => begin + ((end - begin) * value) / high, ticks }
}

const niceStep = (rough: number): number => {
  const tenfold = 10 ** Math.floor(Math.log10(rough))
  return ([1, 2, 5, 10].find((nice) => nice * tenfold >= rough - 1e-12) ?? 10) * tenfold
}

const scaleOf = (values: ReadonlyArray<number>, isLog: boolean, begin: number, end: number): Scale =>
  (isLog ? logScale : linearScale)(values, begin, end)

const marker = (kind: (typeof markers)[number], x: number, y: number, colour: string): string => {
  if (kind === "circle") return `<circle cx="${x}" cy="${y}" r="3.5" fill="${colour}"/>`
  const turned = kind === "diamond" ? ` transform="rotate(45 ${x} ${y})"` : ""
  return `<rect x="${x - 3}" y="${y - 3}" width="6" height="6" fill="${colour}"${turned}/>`
}

const fixed = (value: number): number => Number(value.toFixed(1))

const lineSvg = (line: PlotLine, place: number, x: Scale, y: Scale, xs: ReadonlyArray<number>): string => {
  const colour = colours[place % colours.length] ?? "#000"
  const kind = markers[place % markers.length] ?? "circle"
  const points = line.values.flatMap((value, at) =>
    value === null || !Number.isFinite(value) ? [] : [{ x: fixed(x.at(xs[at] ?? 0)), y: fixed(y.at(value)), value }],
  )
  const dash = line.isDashed === true ? ' stroke-dasharray="6 4"' : ""
  const path = points.map(({ x: px, y: py }) => `${px},${py}`).join(" ")
  const legendY = size.top + 8 + place * 20
  const legendX = size.width - size.right + 20
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`,
    ...points.map((one) => `<g><title>${escaped(line.label)}: ${numberText(one.value)}</title>${marker(kind, one.x, one.y, colour)}</g>`),
    `<line x1="${legendX}" y1="${legendY}" x2="${legendX + 24}" y2="${legendY}" stroke="${colour}" stroke-width="2"${dash}/>`,
    marker(kind, legendX + 12, legendY, colour),
    `<text x="${legendX + 32}" y="${legendY + 4}">${escaped(line.label)}</text>`,
  ].join("\n")
}

const axesSvg = (chart: PlotChart, x: Scale, y: Scale): string => {
  const [right, bottom] = [size.width - size.right, size.height - size.bottom]
  const grid = y.ticks.map((tick) => {
    const at = fixed(y.at(tick))
    return `<line class="grid" x1="${size.left}" y1="${at}" x2="${right}" y2="${at}"/><text x="${size.left - 8}" y="${at + 4}" text-anchor="end">${numberText(tick)}</text>`
  })
  const ticks = chart.x.map((value) => {
    const at = fixed(x.at(value))
    return `<line class="grid" x1="${at}" y1="${bottom}" x2="${at}" y2="${bottom + 5}"/><text x="${at}" y="${bottom + 18}" text-anchor="middle">${numberText(value)}</text>`
  })
  return [
    ...grid,
    ...ticks,
    `<text x="${(size.left + right) / 2}" y="${size.height - 10}" text-anchor="middle">${escaped(chart.xLabel)}</text>`,
    `<text x="${size.left - 8}" y="${size.top - 14}" text-anchor="end" class="unit">${escaped(chart.yLabel)}</text>`,
  ].join("\n")
}

const chartSvg = (chart: PlotChart, place: number): string => {
  const values = chart.lines.flatMap((line) => line.values.filter((value): value is number => value !== null && Number.isFinite(value)))
  const title = `<text x="${size.left}" y="${size.top - 14}" class="title">${escaped(chart.title)}</text>`
  const frame = (inside: string) => `<g transform="translate(0 ${place * size.height})">\n${title}\n${inside}\n</g>`
  if (values.length === 0) return frame(`<text x="${size.left}" y="${size.top + 20}">nothing was measured</text>`)
  const x = scaleOf(chart.x, chart.xLog, size.left, size.width - size.right)
  const y = scaleOf(values, chart.yLog, size.height - size.bottom, size.top)
  return frame([axesSvg(chart, x, y), ...chart.lines.map((line, at) => lineSvg(line, at, x, y, chart.x))].join("\n"))
}

const style = `text{font:12px system-ui,sans-serif;fill:#30343b}.title{font-size:15px;font-weight:600}.unit{font-size:11px}.grid{stroke:#c9ced6;stroke-width:1}
rect.ground{fill:#fff}@media(prefers-color-scheme:dark){text{fill:#d7dae0}.grid{stroke:#3a3f47}rect.ground{fill:#16181d}}`

/** The whole file: one chart under the other. */
export const plotSvg = (title: string, charts: ReadonlyArray<PlotChart>): string => {
  const height = Math.max(1, charts.length) * size.height
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" width="${size.width}" height="${height}" role="img">
<title>${escaped(title)}</title><style>${style}</style><rect class="ground" width="100%" height="100%"/>
${charts.map(chartSvg).join("\n")}
</svg>
`
}
