/**
 * Commands that nobody could decide. They are walked through only when their number has changed: that is told with the cluster, for nothing.
 */
import { useEffect, useState } from "preact/hooks"
import { ask, Refused } from "./asking.js"
import { html } from "./html.js"
import { count, timeOfDay } from "./numbers.js"

/** @import { QuarantinedNow, QuarantineSaid } from "./shapes.ts" */

/** Pages of quarantine that are read for one look, of each kind. What is beyond is only counted. */
const pagesMax = 64

/**
 * @param {QuarantineSaid} page
 * @returns {ReadonlyArray<QuarantinedNow>}
 */
const commandsOf = ({ kind, partition, quarantined }) =>
  quarantined.map(({ quarantined: id, sender, onBehalf, cause, atMs, command }) => ({
    kind,
    partition,
    id,
    sender: onBehalf === undefined ? sender : `${onBehalf} (through ${sender})`,
    type: String(command.type),
    about: String(command.sku ?? command.order ?? ""),
    cause,
    atMs,
  }))

/**
 * Everything that lies there of one kind, page by page.
 * @param {string} kind
 * @param {string} key
 */
const walk = async (kind, key) => {
  /** @type {Array<QuarantinedNow>} */
  const found = []
  let cursor = ""
  for (let pages = 0; pages < pagesMax; pages++) {
    /** @type {QuarantineSaid} */
    const page = await ask(`v1/quarantine?kind=${kind}${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`, key)
    found.push(...commandsOf(page))
    if (page.next === null) break
    cursor = page.next
  }
  return found
}

/** @param {{ commands: ReadonlyArray<QuarantinedNow>, many: number }} props */
const Table = ({ commands, many }) => html`
  <div>
    <p class="lead"><span class="word warn">◆ ${count(many)}</span> could not be decided by anybody. <code>holdfast quarantine</code> replays or drops them.</p>
    <div class="scroll long" tabindex="0" role="region" aria-label="Commands in quarantine">
      <table>
        <thead>
          <tr><th scope="col">Command</th><th scope="col">Sender</th><th scope="col" class="num">Since</th><th scope="col">Why</th></tr>
        </thead>
        <tbody>
          ${commands.map(
            (one) => html`
              <tr key=${`${one.kind} ${one.partition} ${one.id}`}>
                <th scope="row">${one.type} <code>${one.about}</code></th>
                <td>${one.sender}</td>
                <td class="num">${timeOfDay(one.atMs)}</td>
                <td class="cause">${one.cause}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  </div>
`

/** @param {{ many: number, key_: string }} props */
export const Quarantine = ({ many, key_ }) => {
  const [commands, setCommands] = useState(/** @type {ReadonlyArray<QuarantinedNow>} */ ([]))
  const [refused, setRefused] = useState(/** @type {Refused | null} */ (null))
  useEffect(() => {
    let isOver = false
    const read = async () => {
      const found = await Promise.all([walk("sku", key_), walk("order", key_)])
      if (isOver) return
      setCommands(found.flat())
      setRefused(null)
    }
    if (many === 0) setCommands([])
    else
      read().catch((error) => {
        if (!isOver && error instanceof Refused) setRefused(error)
      })
    return () => {
      isOver = true
    }
  }, [many, key_])
  return html`
    <section id="quarantine" aria-labelledby="quarantine-title">
      <h2 id="quarantine-title">Quarantine</h2>
      ${many === 0 && html`<p class="quiet">Every command could be decided.</p>`}
      ${many > 0 && refused !== null && html`<p class="notice" role="status">${count(many)} commands lie in quarantine; they can't be shown: ${refused.message}${refused.detail === "" ? "" : `. ${refused.detail}`}</p>`}
      ${many > 0 && refused === null && html`<${Table} commands=${commands} many=${many} />`}
    </section>
  `
}
