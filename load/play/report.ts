/**
 * A run as one HTML file without anything from elsewhere: what channels saw and what the servers said, on one axis of time. Drawn by uPlot, which is put into the file.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { type Played, playedText, type Threshold } from "./verdict.ts"

const require = createRequire(import.meta.url)
const library = (file: string): string => readFileSync(require.resolve(`uplot/dist/${file}`), "utf8")

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

interface Line {
  readonly label: string
  readonly values: ReadonlyArray<number | null>
  readonly colour: string
}
interface Chart {
  readonly title: string
  readonly unit: string
  readonly lines: ReadonlyArray<Line>
}

/** Everything on the seconds of the channels; what the servers say of a second stands at the nearest. */
const chartsOf = ({ seconds, server }: Played): { readonly x: ReadonlyArray<number>; readonly charts: ReadonlyArray<Chart> } => {
  const x = seconds.map(({ atMs }) => atMs / 1_000)
  const bySecond = new Map(server.map((one) => [Math.round(one.atMs / 1_000), one]))
  const told = (pick: (one: (typeof server)[number]) => number) =>
    x.map((at) => {
      const one = bySecond.get(at)
      return one === undefined ? null : pick(one)
    })
  const seen = (pick: (one: (typeof seconds)[number]) => number) => seconds.map(pick)
  return {
    x,
    charts: [
      {
        title: "What came, and what was answered",
        unit: "a second",
        lines: [
          { label: "shoppers came", values: seen(({ arrived }) => arrived), colour: "#8a8f98" },
          { label: "accepted", values: seen(({ accepted }) => accepted), colour: "#2e7d32" },
          { label: "refused", values: seen(({ refused }) => refused), colour: "#c77700" },
          { label: "busy, undecided or wrong", values: seen(({ others }) => others), colour: "#c62828" },
          { label: "decided, by the workers", values: told((one) => one.decidedPerSecond), colour: "#1565c0" },
        ],
      },
      {
        title: "How long an answer took",
        unit: "ms",
        lines: [
          { label: "half", values: seen(({ p50Ms }) => p50Ms), colour: "#2e7d32" },
          { label: "99 of 100", values: seen(({ p99Ms }) => p99Ms), colour: "#c77700" },
          { label: "an append, by the workers", values: told((one) => one.appendMs), colour: "#1565c0" },
          { label: "this generator was late", values: seen(({ lateMs }) => lateMs), colour: "#8a8f98" },
        ],
      },
      {
        title: "Inside the workers",
        unit: "",
        lines: [
          { label: "cores used", values: told((one) => one.cores), colour: "#6a1b9a" },
          { label: "oldest that waits, s", values: told((one) => one.lagSeconds), colour: "#c62828" },
          { label: "open holds, thousands", values: told((one) => one.openHolds / 1_000), colour: "#00838f" },
        ],
      },
      {
        title: "What the workers keep",
        unit: "MB",
        lines: [
          { label: "in use on the heap", values: told((one) => one.heapBytes / 1e6), colour: "#2e7d32" },
          { label: "memory of the processes", values: told((one) => one.residentBytes / 1e6), colour: "#c77700" },
          { label: "journals on disk", values: told((one) => one.journalBytes / 1e6), colour: "#1565c0" },
        ],
      },
    ],
  }
}

const draw = `
const dark = matchMedia("(prefers-color-scheme: dark)").matches
const ink = dark ? "#d7dae0" : "#30343b", grid = dark ? "#3a3f47" : "#e2e5ea"
const axis = { stroke: ink, grid: { stroke: grid }, ticks: { stroke: grid } }
const plots = data.charts.map(({ title, unit, lines }, at) => new uPlot({
  title: title + (unit === "" ? "" : ", " + unit), width: document.body.clientWidth - 16, height: 260, cursor: { sync: { key: "run" } },
  scales: { x: { time: false } }, axes: [{ ...axis, values: (_, all) => all.map((s) => s + " s") }, { ...axis, size: 64 }],
  series: [{ label: "second" }, ...lines.map(({ label, colour }) => ({ label, stroke: colour, width: 1.5, points: { show: false } }))],
}, [data.x, ...lines.map(({ values }) => values)], document.getElementById("charts")))
addEventListener("resize", () => plots.forEach((plot) => plot.setSize({ width: document.body.clientWidth - 16, height: 260 })))`

const style = `:root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;margin:1rem;max-width:70rem}
pre{white-space:pre-wrap}table{border-collapse:collapse}td,th{padding:.2rem .7rem .2rem 0;text-align:left}.no{color:#c62828;font-weight:600}`

const thresholdRow = ({ what, found, asked, isKept }: Threshold): string =>
  `<tr><td class="${isKept ? "" : "no"}">${isKept ? "kept" : "NOT KEPT"}</td><td>${escaped(what)}</td><td>${escaped(found)}</td><td>${escaped(asked)}</td></tr>`

/** The whole file. */
export const reportHtml = (played: Played, kept: ReadonlyArray<Threshold>): string => {
  const data = JSON.stringify(chartsOf(played)).replaceAll("<", "\\u003c")
  const title = `${played.profile} over ${played.over}${played.isPartial ? " (partial)" : ""}`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escaped(title)}</title>
<style>${library("uPlot.min.css")}${style}</style></head><body>
<h1>${escaped(title)}</h1><p>${escaped(played.startedAt)}</p>
<table><thead><tr><th></th><th>What</th><th>Found</th><th>Asked</th></tr></thead><tbody>${kept.map(thresholdRow).join("")}</tbody></table>
<div id="charts"></div>
<pre>${escaped(playedText(played, kept))}</pre>
<script>${library("uPlot.iife.min.js")}</script><script>const data = ${data};${draw}</script>
</body></html>
`
}
