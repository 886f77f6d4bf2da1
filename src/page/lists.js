/**
 * What needs somebody: units that were sold and are not there, and senders that are near what may be remembered of them.
 */
import { html } from "./html.js"
import { count } from "./numbers.js"

/** @import { ClusterNow, SenderNow } from "./shapes.ts" */

/** @param {{ cluster: ClusterNow, look: (sku: string) => void }} props */
export const Shortages = ({ cluster: { shortages, shortQty }, look }) => html`
  <section id="shortages" aria-labelledby="shortages-title">
    <h2 id="shortages-title">Shortages</h2>
    ${
      shortages.length === 0
        ? html`<p class="quiet">Everything that was sold is there.</p>`
        : html`
            <p class="lead"><span class="word bad">▲ ${count(shortQty)}</span> units were sold by channels that sell without asking and are not there. Goods that come are theirs first.</p>
            <div class="scroll long" tabindex="0" role="region" aria-label="Shortages">
              <table>
                <thead><tr><th scope="col">SKU</th><th scope="col" class="num">Units</th><th scope="col" class="num">Partition</th></tr></thead>
                <tbody>
                  ${shortages.map(
                    ({ sku, qty, partition }) => html`
                      <tr key=${sku}>
                        <th scope="row"><button class="link" onClick=${() => look(sku)}>${sku}</button></th>
                        <td class="num">${count(qty)}</td>
                        <td class="num">${partition}</td>
                      </tr>
                    `,
                  )}
                </tbody>
              </table>
            </div>
          `
    }
  </section>
`

/** Thousandths of its bound from which a sender is near it, and at which it is told to come back. */
const nearPerMille = 800
const fullPerMille = 1_000

/** @param {number} perMille */
const toneOf = (perMille) => (perMille >= fullPerMille ? "bad" : perMille >= nearPerMille ? "warn" : "")

/** @param {SenderNow} sender */
const Sender = ({ sender, perMille, kind, partition }) => {
  const tone = toneOf(perMille)
  const word = tone === "bad" ? "▲ full" : tone === "warn" ? "◆ near" : ""
  return html`
    <tr class=${tone}>
      <th scope="row">${sender}</th>
      <td class="num">${perMille < 10 ? "under 1" : count(Math.round(perMille / 10))} %</td>
      <td><meter min="0" max="1000" low="800" high="990" optimum="0" value=${perMille} aria-label=${`Memory of ${sender}`}></meter> <span class=${`word ${tone}`}>${word}</span></td>
      <td class="wide">${kind} ${partition}</td>
    </tr>
  `
}

/** @param {{ cluster: ClusterNow }} props */
export const Senders = ({ cluster: { senders } }) => html`
  <section id="senders" aria-labelledby="senders-title">
    <h2 id="senders-title">Senders and their bounds</h2>
    ${
      senders.length === 0
        ? html`<p class="quiet">Nothing is remembered of anybody yet.</p>`
        : html`
            <p class="lead">How much is remembered of each sender's decisions, where it is most, as a share of its bound. Whoever is full is told to come back; others notice nothing.</p>
            <div class="scroll long" tabindex="0" role="region" aria-label="Senders and their bounds">
              <table>
                <thead><tr><th scope="col">Sender</th><th scope="col" class="num">Of its bound</th><th scope="col"><span class="unseen">Drawn</span></th><th scope="col" class="wide">In partition</th></tr></thead>
                <tbody>${senders.map((one) => html`<${Sender} key=${one.sender} ...${one} />`)}</tbody>
              </table>
            </div>
          `
    }
  </section>
`
