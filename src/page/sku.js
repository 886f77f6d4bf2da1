/**
 * One SKU: what is there, what is promised, and what each channel may sell of it, as its owner says and as the feed told the channel; drawn over the last half hour, as far as the tables know it and since the page began to look.
 */
import { useEffect, useMemo, useState } from "preact/hooks"
import { ask, Refused, usePolled } from "./asking.js"
import { Chart } from "./chart.js"
import { channelsOf, drawnLooks, looksAfter } from "./history.js"
import { html } from "./html.js"
import { count, duration, timeOfDay } from "./numbers.js"
import { knownWords, Why } from "./why.js"

/** @import { FeedSaid, PastSaid, StockSaid, ToldSaid } from "./shapes.ts" */
/** @import { Line } from "./chart.js" */
/** @import { Look } from "./history.js" */

const everyMs = 1_000
/** Milliseconds that the past may take: longer than any other answer. */
const pastPatienceMs = 20_000

/** @type {ReadonlyArray<Line>} */
const stockLines = [
  { name: "on hand", of: ({ onHand }) => onHand },
  { name: "reserved", of: ({ reserved }) => reserved },
  { name: "offered", of: ({ offered }) => offered },
]

/** @type {ReadonlyArray<Line>} */
const reservationLines = [{ name: "open reservations", of: ({ reservations }) => reservations }]

/**
 * A line for each channel.
 * @param {ReadonlyArray<string>} channels
 * @param {(look: Look) => Readonly<Record<string, number>>} numbers
 * @returns {ReadonlyArray<Line>}
 */
const linesOf = (channels, numbers) => channels.map((channel) => ({ name: channel, of: (look) => numbers(look)[channel] ?? null }))

/** @param {{ channel: string, ats: number, told: ToldSaid | undefined, ask: (channel: string) => void }} props */
const Channel = ({ channel, ats, told, ask }) => html`
  <tr>
    <th scope="row">${channel}</th>
    <td class="num">${count(ats)}</td>
    <td class="num">${told === undefined ? html`<span class="quiet">not heard</span>` : count(told.ats)}</td>
    <td class="num">${told === undefined ? "" : told.lagMs === null ? html`<span class="quiet">no change yet</span>` : duration(told.lagMs)}</td>
    <td class="num wide">${told === undefined ? "" : timeOfDay(told.atMs)}</td>
    <td><button class="link" onClick=${() => ask(channel)} aria-label=${`Why may ${channel} sell ${ats}?`}>why</button></td>
  </tr>
`

/** @param {{ stock: StockSaid, told: ReadonlyArray<ToldSaid>, ask: (channel: string) => void }} props */
const Channels = ({ stock: { ats }, told, ask }) => html`
  <div class="scroll" tabindex="0" role="region" aria-label="What each channel may sell">
    <table>
      <caption>Available to sell (ATS), by channel</caption>
      <thead>
        <tr>
          <th scope="col">Channel</th>
          <th scope="col" class="num">Owner says</th>
          <th scope="col" class="num">Feed told</th>
          <th scope="col" class="num">Feed's lag</th>
          <th scope="col" class="num wide">Changed at</th>
          <th scope="col"><span class="unseen">Why</span></th>
        </tr>
      </thead>
      <tbody>
        ${ats.map(
          ({ channel, ats: units }) =>
            html`<${Channel} key=${channel} channel=${channel} ats=${units} told=${told.find((one) => one.channel === channel)} ask=${ask} />`,
        )}
        ${ats.length === 0 && html`<tr><td colspan="6">No policy lets a channel sell it.</td></tr>`}
      </tbody>
    </table>
  </div>
`

/** @param {{ stock: StockSaid }} props */
const Locations = ({ stock: { locations } }) => html`
  <div class="scroll" tabindex="0" role="region" aria-label="Stock at each location">
    <table>
      <caption>Stock, by location. Set aside: safety stock, damaged, in inspection, or listed where nobody asks first</caption>
      <thead>
        <tr>
          <th scope="col">Location</th>
          <th scope="col" class="num">On hand</th>
          <th scope="col" class="num">Reserved</th>
          <th scope="col" class="num">Set aside</th>
          <th scope="col" class="num">Available</th>
        </tr>
      </thead>
      <tbody>
        ${locations.map(
          (at) => html`
            <tr key=${at.location} class=${at.short > 0 ? "bad" : ""}>
              <th scope="row">${at.location}${at.short > 0 ? html` <span class="word bad">▲ ${count(at.short)} short</span>` : ""}</th>
              <td class="num">${count(at.onHand)}</td>
              <td class="num">${count(at.reserved)}</td>
              <td class="num">${count(at.safety + at.damaged + at.inspection + at.exposed)}</td>
              <td class="num">${count(at.available)}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  </div>
`

/** @param {{ stock: StockSaid }} props */
const Facts = ({ stock }) => html`
  <dl class="facts">
    <div><dt>Offered</dt><dd>${count(stock.offered)}</dd></div>
    <div><dt>Open reservations</dt><dd>${count(stock.openReservations)}</dd></div>
    <div><dt>Sold and not there</dt><dd class=${stock.shortQty > 0 ? "word bad" : ""}>${stock.shortQty > 0 ? "▲ " : ""}${count(stock.shortQty)}</dd></div>
    <div><dt>Policy</dt><dd>${stock.policy === null ? "none" : `version ${count(stock.policy.version)}`}</dd></div>
    <div><dt>As of</dt><dd>partition ${stock.partition}, record ${count(stock.seq)}, ${timeOfDay(stock.atMs)}</dd></div>
  </dl>
`

/**
 * What is known of the time before the page was opened: the answer, or why there is none; neither: it is still asked for.
 * @typedef {{ readonly said: PastSaid | null, readonly refused: Refused | null }} Before
 */

/** @type {Before} */
const notAsked = { said: null, refused: null }

/**
 * Asks once how the SKU stood before. Where nobody can say, the charts begin now, as they would have.
 * @param {string} path
 * @param {string} key
 */
const useBefore = (path, key) => {
  const [before, setBefore] = useState(notAsked)
  useEffect(() => {
    let isOver = false
    setBefore(notAsked)
    ask(path, key, pastPatienceMs).then(
      (said) => !isOver && setBefore({ said: /** @type {PastSaid} */ (said), refused: null }),
      (error) => !isOver && error instanceof Refused && setBefore({ said: null, refused: error }),
    )
    return () => {
      isOver = true
    }
  }, [path, key])
  return before
}

/** @param {Before} before */
const beforeWords = ({ said, refused }) => {
  if (said !== null) return `What was before this page was opened is from ${knownWords(said.known)}; from then on, as it was seen.`
  if (refused === null) return "What was before this page was opened is being asked for."
  return `Drawn since this page began to look: ${refused.message}${refused.detail === "" ? "" : ` (${refused.detail})`}.`
}

/** @param {{ stock: StockSaid, told: ReadonlyArray<ToldSaid>, looks: ReadonlyArray<Look>, before: Before, key_: string }} props */
const Seen = ({ stock, told, looks: seen, before, key_ }) => {
  const [asked, ask] = useState("")
  const looks = useMemo(() => drawnLooks(before.said, seen), [before.said, seen])
  const channels = channelsOf(looks)
  return html`
    <div>
      <${Facts} stock=${stock} />
      <div class="columns">
        <${Chart} title="Available to sell" lines=${linesOf(channels, ({ ats }) => ats)} looks=${looks} words=${count} />
        <${Chart} title="Stock" lines=${stockLines} looks=${looks} words=${count} />
        <${Chart} title="Feed's lag" lines=${linesOf(channels, ({ lagMs }) => lagMs)} looks=${looks} isStepped=${false} words=${duration} />
        <${Chart} title="Reservations" lines=${reservationLines} looks=${looks} words=${count} />
        <${Channels} stock=${stock} told=${told} ask=${ask} />
        <${Locations} stock=${stock} />
      </div>
      ${asked !== "" && html`<${Why} key=${asked} sku=${stock.sku} channel=${asked} key_=${key_} close=${() => ask("")} />`}
      <p class="lead">${beforeWords(before)} Nobody keeps how many reservations were open, nor the feed's lag, which is the time from a decision until this gateway heard of it in the channel's feed: they are drawn since this page began to look.</p>
    </div>
  `
}

/** @param {{ refused: import("./asking.js").Refused, heardMs: number }} props */
const Refusal = ({ refused, heardMs }) => {
  const detail = refused.detail === "" ? "" : `: ${refused.detail}`
  const old = heardMs === 0 ? "" : `. What is below is of ${timeOfDay(heardMs)}`
  return html`<p class="notice" role="status">${refused.message}${detail}${old}</p>`
}

/** @param {{ sku: string, key_: string }} props */
const Followed = ({ sku, key_ }) => {
  const path = `v1/skus/${encodeURIComponent(sku)}`
  const stock = usePolled(`${path}/stock`, key_, everyMs)
  const feed = usePolled(`${path}/feed`, key_, everyMs)
  const said = /** @type {StockSaid | null} */ (stock.answer)
  const told = /** @type {FeedSaid | null} */ (feed.answer)?.told ?? []
  const before = useBefore(`${path}/past`, key_)
  const [looks, setLooks] = useState(/** @type {ReadonlyArray<Look>} */ ([]))
  useEffect(() => {
    if (said !== null) setLooks((before) => looksAfter(before, said, told, stock.heardMs))
  }, [said])
  return html`
    <div>
      ${stock.refused !== null && html`<${Refusal} refused=${stock.refused} heardMs=${stock.heardMs} />`}
      ${said !== null && html`<${Seen} stock=${said} told=${told} looks=${looks} before=${before} key_=${key_} />`}
      ${said === null && stock.refused === null && html`<p class="quiet">Asking its owner …</p>`}
    </div>
  `
}

/** @param {{ sku: string, look: (sku: string) => void, known: ReadonlyArray<string>, key_: string }} props */
export const Sku = ({ sku, look, known, key_ }) => {
  const submit = (/** @type {SubmitEvent & { currentTarget: HTMLFormElement }} */ event) => {
    event.preventDefault()
    const asked = String(new FormData(event.currentTarget).get("sku") ?? "").trim()
    if (asked !== "") look(asked)
  }
  return html`
    <section id="sku" aria-labelledby="sku-title">
      <h2 id="sku-title">${sku === "" ? "A SKU" : html`<span>SKU <code>${sku}</code></span>`}</h2>
      <form class="ask" onSubmit=${submit}>
        <label for="sku-asked">Show SKU</label>
        <input id="sku-asked" name="sku" list="sku-known" maxlength="128" autocomplete="off" spellcheck=${false} value=${sku} required />
        <datalist id="sku-known">${known.map((one) => html`<option value=${one}></option>`)}</datalist>
        <button class="main" type="submit">Show</button>
      </form>
      ${sku === "" ? html`<p class="quiet">Its stock, reservations and what each channel may sell of it, as it changes.</p>` : html`<${Followed} key=${sku} sku=${sku} key_=${key_} />`}
    </section>
  `
}
