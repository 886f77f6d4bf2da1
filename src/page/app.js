/**
 * The page: who looks, what is shown of which SKU, and how old it is. It asks its own gateway alone, and changes nothing anywhere.
 */
import { render } from "preact"
import { useEffect, useMemo, useRef, useState } from "preact/hooks"
import { ask, keepKey, keyFromAddress, usePolled } from "./asking.js"
import { Partitions, Verdict } from "./cluster.js"
import { clusterNow, nobodyAnswers } from "./cluster-now.js"
import { html } from "./html.js"
import { Senders, Shortages } from "./lists.js"
import { duration, timeOfDay } from "./numbers.js"
import { isOut, outagesAfter } from "./outages.js"
import { Quarantine } from "./quarantine.js"
import { Sku } from "./sku.js"
import { ThemeChoice, useTheme } from "./theme.js"

/** @import { ClusterNow, ClusterSaid, CountsSaid } from "./shapes.ts" */
/** @import { Refused } from "./asking.js" */
/** @import { Outage } from "./outages.js" */

const clusterPath = "v1/cluster"
/** What the gateway says where no worker answers it. */
const noAnswer = "NoAnswer"
/** An outage is shown within five seconds: the workers have one of them to answer, and this is the pause between two looks. */
const clusterEveryMs = 1_000
/** Milliseconds without an answer after which it is said that what is shown is old. */
const oldMs = 3_500

/** @param {{ enter: (key: string) => void, why: string }} props */
const Entry = ({ enter, why }) => {
  const [refused, setRefused] = useState(why)
  const submit = async (/** @type {SubmitEvent & { currentTarget: HTMLFormElement }} */ event) => {
    event.preventDefault()
    const key = String(new FormData(event.currentTarget).get("key") ?? "").trim()
    const answer = ask(clusterPath, key)
    await answer.then(
      () => enter(key),
      (/** @type {Refused} */ { message, detail }) => setRefused(detail === "" ? message : `${message}: ${detail}`),
    )
  }
  return html`
    <main class="alone">
      <h1>Holdfast</h1>
      <p>Give an API key of a sender with the role <b>reader</b> or <b>operator</b>. A key without any scope is enough: this page only looks. It is kept in this tab until you close it.</p>
      <form onSubmit=${submit}>
        <label for="key">API key</label>
        <div class="row">
          <input id="key" name="key" type="password" autocomplete="off" spellcheck=${false} required />
          <button class="main" type="submit">Look</button>
        </div>
        <p class=${refused === "" ? "unseen" : "notice bad"} role="alert">${refused}</p>
      </form>
    </main>
  `
}

/** The SKU that the address names after `#sku=`, so that it can be linked to. */
const skuOfAddress = () => new URLSearchParams(location.hash.slice(1)).get("sku") ?? ""

const useSku = () => {
  const [sku, setSku] = useState(skuOfAddress)
  useEffect(() => {
    const changed = () => {
      if (location.hash === "" || location.hash.startsWith("#sku=")) setSku(skuOfAddress())
    }
    addEventListener("hashchange", changed)
    return () => removeEventListener("hashchange", changed)
  }, [])
  return /** @type {const} */ ([
    sku,
    (/** @type {string} */ asked) => {
      location.hash = `sku=${encodeURIComponent(asked)}`
      document.getElementById("sku")?.scrollIntoView()
    },
  ])
}

/** Draws anew every second, so that what says how old something is stays true. */
const useSeconds = () => {
  const [nowMs, setNowMs] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return nowMs
}

/** @param {{ refused: Refused | null, heardMs: number, nowMs: number }} props */
const Staleness = ({ refused, heardMs, nowMs }) => {
  const isOld = heardMs > 0 && nowMs - heardMs > oldMs
  if (refused === null && !isOld) return html`<div role="status"></div>`
  const why =
    refused === null ? "the gateway has not answered yet" : `${refused.message}${refused.detail === "" ? "" : ` (${refused.detail})`}`
  const since = heardMs === 0 ? "nothing was heard yet" : `what is below is of ${timeOfDay(heardMs)}, ${duration(nowMs - heardMs)} ago`
  return html`<div role="status"><p class="notice bad">▲ ${why}: ${since}</p></div>`
}

/** @param {{ theme: string, choose: (theme: string) => void, heardMs: number, leave: () => void }} props */
const Bar = ({ theme, choose, heardMs, leave }) => html`
  <header class="bar">
    <a class="skip" href="#verdict">To the content</a>
    <span class="brand">Holdfast</span>
    <nav aria-label="Parts of this page">
      <a href="#sku">SKU</a>
      <a href="#partitions">Partitions</a>
      <a href="#shortages">Shortages</a>
      <a href="#quarantine">Quarantine</a>
      <a href="#senders">Senders</a>
    </nav>
    <div class="ends">
      <span class="clock">${heardMs === 0 ? "" : `as of ${timeOfDay(heardMs)}`}</span>
      <${ThemeChoice} theme=${theme} choose=${choose} />
      <button onClick=${leave}>Forget key</button>
    </div>
  </header>
`

/**
 * The cluster as it is now, or was when it was last heard of; null: nothing was heard yet. Where its gateway is there and no worker answers, everything is out.
 * @param {string} key
 */
const useCluster = (key) => {
  const { answer, heardMs, refused } = usePolled(clusterPath, key, clusterEveryMs)
  const said = /** @type {ClusterSaid | null} */ (answer)
  const counts = /** @type {CountsSaid | undefined} */ (said?.partitions)
  const isSilent = refused?.code === noAnswer
  const cluster = useMemo(() => {
    if (said === null || counts === undefined) return null
    return isSilent ? nobodyAnswers(counts) : clusterNow(said)
  }, [said, isSilent])
  return { cluster, heardMs, refused }
}

/**
 * The outages that were seen since the page was opened.
 * @param {ClusterNow | null} cluster
 */
const useOutages = (cluster) => {
  const [outages, setOutages] = useState(/** @type {ReadonlyArray<Outage>} */ ([]))
  useEffect(() => {
    if (cluster !== null) setOutages((known) => outagesAfter(known, cluster.partitions, Date.now()))
  }, [cluster])
  return outages
}

/** @param {{ key_: string, leave: (why: string) => void }} props */
const Board = ({ key_, leave }) => {
  const [theme, choose] = useTheme()
  const { cluster, heardMs, refused } = useCluster(key_)
  const [sku, look] = useSku()
  const nowMs = useSeconds()
  const outages = useOutages(cluster)
  const seen = useRef(/** @type {ReadonlyArray<string>} */ ([]))
  if (sku !== "" && !seen.current.includes(sku)) seen.current = [sku, ...seen.current]
  useEffect(() => {
    if (refused?.status === 401) leave(`${refused.message}${refused.detail === "" ? "" : `: ${refused.detail}`}`)
  }, [refused])
  const isBroken = refused !== null || cluster?.partitions.some(isOut) === true
  useEffect(() => {
    document.title = isBroken ? "▲ Holdfast" : "Holdfast"
  }, [isBroken])
  const known = [...new Set([...seen.current, ...(cluster?.shortages ?? []).map((one) => one.sku)])]
  const quarantined = (cluster?.partitions ?? []).reduce((sum, one) => sum + one.quarantined, 0)
  return html`
    <div>
      <${Bar} theme=${theme} choose=${choose} heardMs=${heardMs} leave=${() => leave("")} />
      <main>
        <${Staleness} refused=${refused} heardMs=${heardMs} nowMs=${nowMs} />
        ${cluster !== null && html`<${Verdict} cluster=${cluster} outages=${outages} nowMs=${nowMs} />`}
        <${Sku} sku=${sku} look=${look} known=${known} key_=${key_} />
        ${cluster !== null && html`<${Partitions} cluster=${cluster} />`}
        <div class="columns">
          ${cluster !== null && html`<${Shortages} cluster=${cluster} look=${look} />`}
          <${Quarantine} many=${quarantined} key_=${key_} />
          ${cluster !== null && html`<${Senders} cluster=${cluster} />`}
        </div>
      </main>
      <footer>This page only looks. Commands are sent over NATS or HTTP, or with <code>holdfast send</code>.</footer>
    </div>
  `
}

const Page = () => {
  const [key, setKey] = useState(keyFromAddress)
  const [why, setWhy] = useState("")
  const enter = (/** @type {string} */ given) => {
    keepKey(given)
    setKey(given)
  }
  const leave = (/** @type {string} */ reason) => {
    keepKey(null)
    setWhy(reason)
    setKey(null)
  }
  return key === null ? html`<${Entry} enter=${enter} why=${why} />` : html`<${Board} key_=${key} leave=${leave} />`
}

const holder = document.getElementById("page")
if (holder !== null) render(html`<${Page} />`, holder)
