/**
 * How the page asks its gateway: with the key of whoever looks, again and again, and what it makes of no answer.
 *
 * The key is in this tab's session alone. It is sent as a header and to this gateway only, and never stands in an address.
 */
import { useEffect, useState } from "preact/hooks"

/** @import { ProblemSaid } from "./shapes.ts" */

const keyName = "holdfast.key"

/**
 * Takes a key that was given in the address after `#key=`, which is how a gateway for development hands it over, and removes it from there: no server was sent it, and nobody reads it over a shoulder.
 * @returns {string | null}
 */
export const keyFromAddress = () => {
  const hash = new URLSearchParams(location.hash.slice(1))
  const key = hash.get("key")
  if (key === null) return sessionStorage.getItem(keyName)
  hash.delete("key")
  history.replaceState(null, "", `${location.pathname}${hash.size === 0 ? "" : `#${hash}`}`)
  sessionStorage.setItem(keyName, key)
  return key
}

/** @param {string | null} key */
export const keepKey = (key) => {
  if (key === null) sessionStorage.removeItem(keyName)
  else sessionStorage.setItem(keyName, key)
}

/** What the gateway refused, in its own words; status 0: it did not answer. */
export class Refused extends Error {
  /** @param {ProblemSaid & { readonly retryAfterMs?: number }} problem */
  constructor({ status, title, detail = "", code = "", retryAfterMs = 0 }) {
    super(title)
    this.status = status
    this.detail = detail
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

/** Milliseconds after which an answer is not waited for any longer. */
const usualPatienceMs = 4_000

/** @param {Response} response */
const problemOf = async (response) => {
  const retryAfterMs = Number(response.headers.get("retry-after") ?? "0") * 1_000
  /** @type {Partial<ProblemSaid>} */
  const said = await response.json().catch(() => ({}))
  return new Refused({ title: `the gateway answered ${response.status}`, ...said, status: response.status, retryAfterMs })
}

/**
 * Asks once. Rejects with Refused alone.
 * @template A
 * @param {string} path Relative to the page.
 * @param {string} key
 * @param {number} patienceMs
 * @returns {Promise<A>}
 */
export const ask = async (path, key, patienceMs = usualPatienceMs) => {
  // A second is long for a worker that is alive: what has not answered by then is shown as silent.
  const headers = { authorization: `Bearer ${key}`, prefer: "wait=1" }
  const asked = fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(patienceMs) })
  const response = await asked.catch(() => {
    throw new Refused({ status: 0, title: "the gateway does not answer" })
  })
  if (!response.ok) throw await problemOf(response)
  return await response.json().catch(() => {
    throw new Refused({ status: 0, title: "the gateway's answer was cut off" })
  })
}

/**
 * @template A
 * @typedef {object} Polled
 * @property {A | null} answer The newest answer.
 * @property {number} heardMs When it came, by this machine's clock; 0: none did.
 * @property {Refused | null} refused Why the newest attempt had none.
 */

/** @type {Polled<never>} */
const nothingYet = { answer: null, heardMs: 0, refused: null }

/**
 * Asks again and again, a while after each answer; null: nothing is asked.
 * @template A
 * @param {string | null} path
 * @param {string} key
 * @param {number} everyMs
 * @returns {Polled<A>}
 */
export const usePolled = (path, key, everyMs) => {
  const [polled, setPolled] = useState(/** @type {Polled<A>} */ (nothingYet))
  useEffect(() => {
    setPolled(nothingYet)
    if (path === null) return undefined
    let isOver = false
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer
    const again = async () => {
      /** @type {Partial<Polled<A>>} */
      const found = await ask(path, key).then(
        (answer) => ({ answer: /** @type {A} */ (answer), heardMs: Date.now(), refused: null }),
        (refused) => ({ refused }),
      )
      if (isOver) return
      setPolled((before) => ({ ...before, ...found }))
      timer = setTimeout(again, Math.max(everyMs, found.refused?.retryAfterMs ?? 0))
    }
    again()
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [path, key, everyMs])
  return polled
}
