/**
 * Lanes of the workers: who reigned over which partition in which epoch, who was dead or stopped, and which faults fell when. One lane a worker,
 * one row a partition inside; what a stopped worker still believes stays drawn under the bar, because that is what makes it a zombie.
 */
import type { Absence, Reign, SeedResult, Timeline } from "../result.ts"
import { capped, html, type Markup } from "./markup.ts"
import { duration, moment, plural } from "./numbers.ts"
import { drawnSpans, px } from "./scale.ts"
import { andMore, drawing, legend } from "./section.ts"
import { chart, type Frame, healing, timeAxis } from "./time-frame.ts"

const rowHeight = 15
const laneGap = 16
const lanesTop = 64
const rowsMax = 120
const roles = ["frozen", "claiming", "serving"] as const

interface Lane {
  readonly worker: string
  readonly partitions: ReadonlyArray<number>
  readonly reigns: ReadonlyArray<Reign>
  readonly absences: ReadonlyArray<Absence>
  readonly top: number
}

/** Names with numbers in them in the order of the numbers: `w2` before `w10`. */
const byName = (a: string, b: string): number => {
  const numbers = [a, b].map((name) => Number(/\d+/.exec(name)?.[0] ?? 0))
  const difference = (numbers[0] ?? 0) - (numbers[1] ?? 0)
  return difference !== 0 ? difference : a < b ? -1 : Number(a > b)
}

const lanesOf = ({ reigns, absences }: Timeline): ReadonlyArray<Lane> => {
  const workers = [...new Set([...reigns, ...absences].map(({ worker }) => worker))].sort(byName)
  let top = lanesTop
  return workers.map((worker) => {
    const own = reigns.filter((reign) => reign.worker === worker)
    const partitions = [...new Set(own.map(({ partition }) => partition))].sort((a, b) => a - b)
    const lane = { worker, partitions, reigns: own, absences: absences.filter((absence) => absence.worker === worker), top }
    top += Math.max(1, partitions.length) * rowHeight + laneGap
    return lane
  })
}

const laneHeight = (lane: Lane): number => Math.max(1, lane.partitions.length) * rowHeight

const reignBars = (lane: Lane, partition: number, row: number, frame: Frame): ReadonlyArray<Markup> => {
  const own = lane.reigns.filter((reign) => reign.partition === partition)
  return roles.flatMap((role) =>
    drawnSpans(
      own.filter((reign) => reign.role === role),
      ({ fromMs, toMs }) => [fromMs, toMs],
      frame.x,
    ).map(({ from, to, first, count }) => {
      const label = `e${first.epoch}`
      const fits = role === "serving" && count === 1 && to - from > 8 + label.length * 6.5
      const many = count > 1 ? `, and ${plural(count - 1, "reign")} more within this bar` : ""
      const words = `${first.worker}, partition ${partition}: ${role} in epoch ${first.epoch}, ${moment(first.fromMs)} to ${moment(first.toMs)}${many}`
      return html`<rect x="${px(from)}" y="${row + 1}" width="${px(to - from)}" height="${rowHeight - 2}" class="reign ${role}"><title>${words}</title></rect>${
        fits && html`<text x="${px(from + 4)}" y="${row + 11}" class="epoch">${label}</text>`
      }`
    }),
  )
}

const absenceBars = (lane: Lane, frame: Frame): ReadonlyArray<Markup> =>
  (["paused", "crashed"] as const).flatMap((kind) =>
    drawnSpans(
      lane.absences.filter((absence) => absence.kind === kind),
      ({ fromMs, toMs }) => [fromMs, toMs],
      frame.x,
    ).map(({ from, to, first, count }) => {
      const words = `${lane.worker} ${kind} from ${moment(first.fromMs)} for ${duration(first.toMs - first.fromMs)}${count > 1 ? `, ${plural(count, "time")} within this bar` : ""}`
      return html`<rect x="${px(from)}" y="${lane.top - 3}" width="${px(to - from)}" height="${laneHeight(lane) + 6}" class="absence ${kind}"><title>${words}</title></rect>`
    }),
  )

const laneBody = (lane: Lane, frame: Frame): Markup => html`
<text x="0" y="${lane.top + 11}" class="heading">${lane.worker}</text>
<rect x="${chart.left}" y="${lane.top}" width="${chart.right - chart.left}" height="${laneHeight(lane)}" class="lane"/>
${lane.partitions.map((partition, index) => {
  const row = lane.top + index * rowHeight
  return html`<text x="${chart.left - 8}" y="${row + 11}" class="tick end">p${partition}</text>${reignBars(lane, partition, row, frame)}`
})}
${absenceBars(lane, frame)}`

const faultTicks = (timeline: Timeline, frame: Frame): Markup => html`
<text x="0" y="40" class="heading">faults</text>
${drawnSpans(timeline.faults, ({ atMs }) => [atMs, atMs], frame.x).map(({ from, to, first, count }) => {
  const words =
    count === 1 ? `${first.family} at ${moment(first.atMs)}` : `${plural(count, "fault")} from ${moment(first.atMs)}, first ${first.family}`
  return html`<rect x="${px(from)}" y="28" width="${px(to - from)}" height="16" class="fault-tick"><title>${words}</title></rect>`
})}`

/**
 * How long more than one worker believed that it served the same partition, summed over partitions: what leases can't prevent, and fencing has
 * to make harmless.
 */
const rivalMs = (reigns: ReadonlyArray<Reign>): number => {
  const edges = new Map<number, Array<readonly [number, number]>>()
  for (const { partition, role, fromMs, toMs } of reigns) {
    if (role !== "serving" || toMs <= fromMs) continue
    const own = edges.get(partition) ?? []
    own.push([fromMs, 1], [toMs, -1])
    edges.set(partition, own)
  }
  let sumMs = 0
  for (const own of edges.values()) {
    let serving = 0
    let sinceMs = 0
    for (const [atMs, change] of own.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
      if (serving > 1) sumMs += atMs - sinceMs
      serving += change
      sinceMs = atMs
    }
  }
  return sumMs
}

/** The lanes of a seed. `shown` is its place in the report. */
export const swimLanes = (seed: SeedResult, timeline: Timeline, frame: Frame, shown: number): Markup => {
  const lanes = lanesOf(timeline)
  const fitting = lanes.filter((lane) => (lane.top - lanesTop) / rowHeight < rowsMax)
  const { first, left } = capped(lanes, Math.max(1, fitting.length))
  const last = first.at(-1)
  const bottom = last === undefined ? lanesTop : last.top + laneHeight(last) + 8
  const rivals = rivalMs(timeline.reigns)
  const crashes = timeline.absences.filter(({ kind }) => kind === "crashed").length
  const desc = `${plural(lanes.length, "worker")}, ${plural(timeline.reigns.length, "stretch", "stretches")} of reigns, ${plural(crashes, "crash", "crashes")}, ${plural(
    timeline.absences.length - crashes,
    "pause",
  )}.`
  const zombies = rivals > 0 && html`<p>For ${duration(rivals)} in all, more than one worker believed that it owned a partition.</p>`
  return html`${legend([
    ["serving", "serving (e: epoch)"],
    ["claiming", "claiming"],
    ["frozen", "frozen: an append of unknown end"],
    ["crashed", "crashed"],
    ["paused", "paused"],
    ["fault-tick", "faults"],
    ["healing", "faults end"],
  ])}${drawing({
    id: `lanes-${shown}`,
    title: `Workers and their reigns, seed ${seed.seed}`,
    desc,
    width: chart.width,
    height: bottom + 44,
    marks: frame.marks,
    body: [
      html`<text x="${chart.right}" y="14" class="reading" data-series="time"> </text>`,
      faultTicks(timeline, frame),
      ...first.map((lane) => laneBody(lane, frame)),
      healing(frame, 24, bottom, false),
      timeAxis(frame, bottom),
    ],
  })}${andMore(left)}${zombies}`
}
