/**
 * How the cluster is, in one sentence, in figures, and partition by partition. What is an outage is said by its gateway; here it is only shown, first and in red, with a word and a mark beside the colour.
 */
import { useState } from "preact/hooks"
import { html } from "./html.js"
import { count, counted, duration, timeOfDay } from "./numbers.js"
import { isOut, nameOf } from "./outages.js"

/** @import { ClusterNow, PartitionNow } from "./shapes.ts" */
/** @import { Outage } from "./outages.js" */

/** Milliseconds that a stored command may wait before it is shown as late. */
const lateMs = 5_000

/** @param {ClusterNow} cluster */
const sentence = ({ partitions }) => {
  const out = partitions.filter(isOut)
  if (out.length === 0) return `All ${count(partitions.length)} partitions are served`
  return `${count(out.length)} of ${count(partitions.length)} partitions ${out.length === 1 ? "is" : "are"} not served`
}

/** @param {{ name: string, value: string, tone?: string }} props */
const Tile = ({ name, value, tone = "" }) => html`<div class=${`tile ${tone}`}><dt>${name}</dt><dd>${value}</dd></div>`

/** @param {{ cluster: ClusterNow }} props */
const Tiles = ({ cluster: { partitions, workers, shortQty } }) => {
  /** @param {(partition: PartitionNow) => number | null} of */
  const sum = (of) => partitions.reduce((all, one) => all + (of(one) ?? 0), 0)
  const oldestMs = Math.max(0, ...partitions.map((one) => (one.waiting === 0 ? 0 : (one.oldestMs ?? 0))))
  const silent = workers.filter(({ state }) => state === null).length
  const quarantined = sum((one) => one.quarantined)
  return html`
    <dl class="tiles">
      <${Tile} name=${silent > 0 ? `workers, ${silent} of them silent` : "workers"} value=${count(workers.length)} tone=${silent > 0 ? "warn" : ""} />
      <${Tile} name="commands stored and not decided" value=${count(sum((one) => one.waiting))} />
      <${Tile} name="the oldest of them has waited" value=${oldestMs === 0 ? "none" : duration(oldestMs)} tone=${oldestMs > lateMs ? "warn" : ""} />
      <${Tile} name="holds that can expire" value=${count(sum((one) => one.openHolds))} />
      <${Tile} name="units sold and not there" value=${count(shortQty)} tone=${shortQty > 0 ? "bad" : ""} />
      <${Tile} name="commands in quarantine" value=${count(quarantined)} tone=${quarantined > 0 ? "warn" : ""} />
    </dl>
  `
}

/**
 * "sku 1, 3 and order 1": partitions by their kind, as a sentence names them.
 * @param {ReadonlyArray<Outage>} outages
 */
const namesOf = (outages) => {
  /** @type {Map<string, Array<string>>} */
  const byKind = new Map()
  for (const { name } of outages) {
    const [kind = "", number = ""] = name.split(" ")
    byKind.set(kind, [...(byKind.get(kind) ?? []), number])
  }
  return [...byKind].map(([kind, numbers]) => `${kind} ${numbers.join(", ")}`).join(" and ")
}

/**
 * Those together that began and ended together for one reason.
 * @param {ReadonlyArray<Outage>} outages
 */
const together = (outages) => {
  /** @type {Map<string, Array<Outage>>} */
  const groups = new Map()
  for (const outage of outages) {
    const key = `${outage.sinceMs} ${outage.endMs} ${outage.detail}`
    groups.set(key, [...(groups.get(key) ?? []), outage])
  }
  return [...groups].flatMap(([key, [first, ...others]]) =>
    first === undefined ? [] : { ...first, key, name: namesOf([first, ...others]) },
  )
}

/** @param {{ outages: ReadonlyArray<Outage>, nowMs: number }} props */
const Outages = ({ outages, nowMs }) => {
  const open = together(outages.filter(({ endMs }) => endMs === null))
  const past = together(outages.filter(({ endMs }) => endMs !== null))
  const many = outages.filter(({ endMs }) => endMs !== null).length
  return html`
    <div>
      ${
        open.length > 0 &&
        html`<ul class="past">
        ${open.map(({ key, name, detail, sinceMs }) => html`<li key=${key}><span class="word bad">▲ ${name}</span>: ${detail}, seen for ${duration(Math.max(0, nowMs - sinceMs))}</li>`)}
      </ul>`
      }
      ${
        past.length > 0 &&
        html`<details>
        <summary>${counted(many, "outage")} that ended since this page was opened</summary>
        <ul class="past">
          ${past.map(({ key, name, detail, sinceMs, endMs }) => html`<li key=${key}>${timeOfDay(sinceMs)} ${name}: ${detail}; served again after ${duration((endMs ?? sinceMs) - sinceMs)}</li>`)}
        </ul>
      </details>`
      }
    </div>
  `
}

/** @param {{ cluster: ClusterNow, outages: ReadonlyArray<Outage>, nowMs: number }} props */
export const Verdict = ({ cluster, outages, nowMs }) => {
  const isBroken = cluster.partitions.some(isOut)
  return html`
    <section class=${isBroken ? "verdict broken" : "verdict"} aria-labelledby="verdict">
      <h1 id="verdict">${isBroken ? "▲ " : ""}${sentence(cluster)}</h1>
      <p class="unseen" role="alert">${isBroken ? `Outage: ${cluster.partitions.filter(isOut).map(nameOf).join(", ")}` : ""}</p>
      <p class="unseen" role="status">${isBroken ? "" : sentence(cluster)}</p>
      <${Outages} outages=${outages} nowMs=${nowMs} />
      <${Tiles} cluster=${cluster} />
    </section>
  `
}

/** @type {Readonly<Record<PartitionNow["state"], { readonly word: string, readonly tone: string }>>} */
const states = {
  served: { word: "served", tone: "good" },
  unsure: { word: "◆ unsure", tone: "warn" },
  halted: { word: "▲ halted", tone: "bad" },
  silent: { word: "▲ silent", tone: "bad" },
  takeover: { word: "▲ takeover", tone: "bad" },
  unowned: { word: "▲ no owner", tone: "bad" },
}

/** @param {{ partition: PartitionNow }} props */
const Row = ({ partition }) => {
  const { word, tone } = states[partition.state]
  const row = tone === "good" ? "" : tone
  return html`
    <tr class=${row}>
      <th scope="row" class="num">${partition.partition}</th>
      <td><span class=${`word ${tone}`}>${word}</span></td>
      <td>${partition.owner ?? "nobody"}</td>
      <td class="num">${count(partition.epoch)}</td>
      <td class="num wide">${count(partition.seq)}</td>
      <td class="num">${count(partition.waiting)}</td>
      <td class="num">${partition.waiting === 0 ? "" : duration(partition.oldestMs)}</td>
      <td class="num wide">${count(partition.standbys)}</td>
    </tr>
  `
}

/** Partitions of a kind up to which all are shown at once. */
const shownMax = 24

/** @param {{ title: string, partitions: ReadonlyArray<PartitionNow> }} props */
const Kind = ({ title, partitions }) => {
  const [isAll, setAll] = useState(partitions.length <= shownMax)
  // Those that need somebody come first where not all are shown.
  const shown = isAll
    ? partitions
    : [...partitions.filter((one) => one.state !== "served"), ...partitions.filter((one) => one.state === "served")].slice(0, shownMax)
  return html`
    <div>
      <div class="scroll" tabindex="0" role="region" aria-label=${title}>
        <table class="partitions">
          <caption>${title}</caption>
          <thead>
            <tr>
              <th scope="col" class="num"><span aria-hidden="true">#</span><span class="unseen">Partition</span></th>
              <th scope="col">State</th>
              <th scope="col">Owner</th>
              <th scope="col" class="num">Epoch</th>
              <th scope="col" class="num wide">Record</th>
              <th scope="col" class="num">Waiting</th>
              <th scope="col" class="num">Oldest</th>
              <th scope="col" class="num wide">Standbys</th>
            </tr>
          </thead>
          <tbody>${shown.map((partition) => html`<${Row} key=${partition.partition} partition=${partition} />`)}</tbody>
        </table>
      </div>
      ${partitions.length > shownMax && html`<button onClick=${() => setAll(!isAll)}>${isAll ? "Show fewer" : `Show all ${count(partitions.length)}`}</button>`}
    </div>
  `
}

/** @param {{ cluster: ClusterNow }} props */
export const Partitions = ({ cluster: { partitions, workers } }) => html`
  <section id="partitions" aria-labelledby="partitions-title">
    <h2 id="partitions-title">Partitions</h2>
    <p class="lead">
      Each has one owner, who decides everything about its SKUs or orders. Workers:${" "}
      ${workers.map(
        ({ worker, state, owns }, place) =>
          html`${place > 0 ? ", " : ""}${worker} <span class=${state === null ? "word bad" : ""}>(${state === null ? "▲ does not answer" : state === "joined" ? `owns ${owns}` : `${state}, owns ${owns}`})</span>`,
      )}
    </p>
    <div class="columns">
      <${Kind} title="Partitions of SKUs" partitions=${partitions.filter(({ kind }) => kind === "sku")} />
      <${Kind} title="Partitions of orders" partitions=${partitions.filter(({ kind }) => kind === "order")} />
    </div>
  </section>
`
