/**
 * Why a channel may sell as many units as it may: the number in sentences, and the commands that led to it, each of which leads to why it was so then. Asked when somebody wants to know, and not again by itself: it reads journals.
 */
import { useEffect, useState } from "preact/hooks"
import { ask, Refused } from "./asking.js"
import { html } from "./html.js"
import { count, counted, timeOfDay } from "./numbers.js"

/** @import { KnownSaid, StepSaid, WhySaid } from "./shapes.ts" */

/** Milliseconds that reading journals may take: longer than any other answer. */
const patienceMs = 20_000

/**
 * Which answer is wanted.
 * @typedef {{ readonly atMs: number | null, readonly before: string | null }} Wanted
 */

/** @type {Wanted} */
const now = { atMs: null, before: null }

/**
 * @param {string} sku
 * @param {string} channel
 * @param {Wanted} wanted
 */
const pathOf = (sku, channel, { atMs, before }) => {
  const query = new URLSearchParams({ channel })
  if (atMs !== null) query.set("at", String(atMs))
  if (before !== null) query.set("before", before)
  return `v1/skus/${encodeURIComponent(sku)}/why?${query}`
}

/**
 * Where an answer is from, and up to which record.
 * @param {KnownSaid} known
 */
export const knownWords = ({ source, partition, seq, atMs, behind }) => {
  const upTo = `the ${source}, up to record ${count(seq)} of partition ${partition} (${timeOfDay(atMs)})`
  if (behind === 0) return `${upTo}: all there was`
  return behind === null ? upTo : `${upTo}; ${counted(behind, "record")} that followed ${behind === 1 ? "is" : "are"} not in it yet`
}

/** @param {{ step: StepSaid, then: (atMs: number) => void }} props */
const Step = ({ step, then }) => {
  const changed = step.ats === null || step.ats.before === step.ats.after ? "" : `${count(step.ats.before)} → ${count(step.ats.after)}`
  return html`
    <tr class=${step.reason === null ? "" : "warn"}>
      <td class="num"><button class="link" onClick=${() => then(step.atMs)} title="Why it was so then">${timeOfDay(step.atMs)}</button></td>
      <td class="cause">${step.said}</td>
      <td class="num">${changed}</td>
      <td class="num wide">${count(step.seq)}</td>
    </tr>
  `
}

/** @param {{ why: WhySaid, wanted: Wanted, want: (wanted: Wanted) => void }} props */
const Told = ({ why, wanted, want }) => html`
  <div>
    <ul class="sentences">${why.sentences.map((sentence) => html`<li key=${sentence}>${sentence}</li>`)}</ul>
    <div class="scroll long" tabindex="0" role="region" aria-label="What led to it">
      <table>
        <caption>What led to it, refused commands too${why.earlier > 0 ? `; ${count(why.earlier)} steps before these` : ""}. A time leads to why it was so then</caption>
        <thead>
          <tr><th scope="col" class="num">Time</th><th scope="col">What</th><th scope="col" class="num">ATS</th><th scope="col" class="num wide">Record</th></tr>
        </thead>
        <tbody>
          ${why.steps.toReversed().map((step) => html`<${Step} key=${`${step.seq}-${step.place}`} step=${step} then=${(/** @type {number} */ atMs) => want({ atMs, before: null })} />`)}
        </tbody>
      </table>
    </div>
    <p class="quiet">Read from ${knownWords(why.known)}.</p>
    <p class="ask">
      ${why.before !== null && html`<button onClick=${() => want({ atMs: wanted.atMs, before: why.before })}>Steps before these</button>`}
      ${(wanted.atMs !== null || wanted.before !== null) && html`<button onClick=${() => want(now)}>Back to now</button>`}
    </p>
  </div>
`

/** @param {{ sku: string, channel: string, key_: string, close: () => void }} props */
export const Why = ({ sku, channel, key_, close }) => {
  const [wanted, want] = useState(now)
  const [why, setWhy] = useState(/** @type {WhySaid | null} */ (null))
  const [refused, setRefused] = useState(/** @type {Refused | null} */ (null))
  useEffect(() => {
    let isOver = false
    setRefused(null)
    ask(pathOf(sku, channel, wanted), key_, patienceMs).then(
      (said) => !isOver && setWhy(/** @type {WhySaid} */ (said)),
      (error) => !isOver && error instanceof Refused && setRefused(error),
    )
    return () => {
      isOver = true
    }
  }, [sku, channel, wanted, key_])
  const when = wanted.atMs === null ? "now" : `at ${timeOfDay(wanted.atMs)}`
  return html`
    <div class="why" role="region" aria-label=${`Why ${channel} may sell so much`} aria-live="polite">
      <h3>Why ${channel} may sell so much, ${when} <button onClick=${close}>Close</button></h3>
      ${refused !== null && html`<p class="notice">${refused.message}${refused.detail === "" ? "" : `: ${refused.detail}`}. <code>holdfast why ${sku} --channel ${channel}</code> says it too.</p>`}
      ${why === null && refused === null && html`<p class="quiet">Reading the past …</p>`}
      ${why !== null && refused === null && html`<${Told} why=${why} wanted=${wanted} want=${want} />`}
    </div>
  `
}
