/**
 * k6 plays a profile over HTTP: `k6 run -e HOLDFAST_GATEWAY=FILE load/k6/http.ts`, where FILE is the gateway.json of a running `npm start` (its address and a key for each sender). docs/LOAD.md says more.
 */
import exec from "k6/execution"
import http from "k6/http"
import type { Options } from "k6/options"
import { setTimeout } from "k6/timers"
import { Shoppers } from "../play/shoppers.ts"
import type { Heard, Wanted } from "../play/wanted.ts"
import { count, countRepeat, newRun, preparation, profile, seed, sender, thresholds } from "./shared.ts"

const gateway = JSON.parse(open(__ENV.HOLDFAST_GATEWAY ?? "../../.cache/holdfast/gateway.json")) as {
  readonly url: string
  readonly keys: Readonly<Record<string, string>>
}

export const options: Options = {
  scenarios: {
    shoppers: {
      executor: "ramping-arrival-rate",
      startRate: 0,
      timeUnit: "1s",
      preAllocatedVUs: 64,
      maxVUs: 4_096,
      // Those who came last think and pay after the profile's end.
      gracefulStop: `${2 * profile.shopper.thinkMs + 30_000}ms`,
      stages: profile.stages.map(({ forMs, toPerSecond }) => ({ duration: `${forMs}ms`, target: Math.round(toPerSecond) })),
    },
  },
  thresholds,
}

const ask = async ({ type, id, ...input }: Wanted, as: string): Promise<Heard> => {
  const headers = {
    authorization: `Bearer ${gateway.keys[as]}`,
    "content-type": "application/json",
    "idempotency-key": id,
    prefer: "wait=20",
  }
  const answer = await http.asyncRequest("POST", `${gateway.url}/v1/commands/${type}`, JSON.stringify(input), {
    headers,
    tags: { name: type },
  })
  if (answer.status === 429 || answer.status === 503) return { outcome: "busy", why: `HTTP ${answer.status}`, decision: "" }
  if (answer.status === 0) return { outcome: "undecided", why: answer.error, decision: "" }
  const { repeated: _, ...said } = answer.json() as Record<string, unknown>
  if (answer.status === 200) return { outcome: "accepted", why: "", decision: JSON.stringify(said) }
  if (answer.status === 202) return { outcome: "undecided", why: String(said.outcome), decision: "" }
  // A refusal by the SKU's owner says which units or order it is about; the gateway's own problems don't.
  if (said.sku !== undefined || said.order !== undefined)
    return { outcome: "refused", why: String(said.code), decision: JSON.stringify(said) }
  return { outcome: "error", why: `HTTP ${answer.status} ${String(said.code)}`, decision: "" }
}

const atOnce = 32

/** Policies and units for every SKU; what it returns every iteration is given. */
export async function setup(): Promise<{ readonly run: string }> {
  const run = newRun()
  const all = preparation(run)
  for (let from = 0; from < all.length; from += atOnce) {
    const heard = await Promise.all(all.slice(from, from + atOnce).map(({ as, wanted }) => ask(wanted, as)))
    const failed = heard.find(({ outcome }) => outcome !== "accepted")
    if (failed !== undefined) exec.test.abort(`the sale could not be prepared: ${failed.outcome} ${failed.why}`)
  }
  return { run }
}

const timed = async (wanted: Wanted): Promise<Heard> => {
  const startMs = Date.now()
  const heard = await ask(wanted, sender)
  count(heard, Date.now() - startMs)
  return heard
}

let shoppers: Shoppers | undefined

/** One shopper. */
export default async function shop({ run }: { readonly run: string }): Promise<void> {
  const me = exec.vu.idInTest
  shoppers ??= new Shoppers(profile, `${seed}-${me}`, `${run}-${me}`)
  const { first, after, asksAgain } = shoppers.next()
  const heard = await timed(first)
  if (asksAgain) countRepeat(heard, await timed(first))
  if (heard.outcome !== "accepted" || after === null) return
  await new Promise<void>((done) => setTimeout(done, after.afterMs))
  await timed(after.wanted)
}
