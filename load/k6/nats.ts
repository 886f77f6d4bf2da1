/**
 * k6 plays a profile over NATS's WebSocket listener: `k6 run -e HOLDFAST_CONNECTION=FILE -e HOLDFAST_WS=ws://host:9222 load/k6/nats.ts`, where FILE is the connection.json of a running `npm start` (the senders' logins).
 * docs/LOAD.md says more.
 *
 * Each virtual user is one connection that lives as long as the profile, through which its share of the shoppers comes: in k6 an iteration lasts as long as its socket.
 */
import exec from "k6/execution"
import type { Options } from "k6/options"
import { setTimeout } from "k6/timers"
import { arrivedBy, lengthMs } from "../play/arrivals.ts"
import { type Shopper, Shoppers } from "../play/shoppers.ts"
import type { Heard, Wanted } from "../play/wanted.ts"
import { type Answer, NatsConnection } from "./nats-connection.ts"
import { count, countRepeat, newRun, preparation, profile, seed, sender, thresholds } from "./shared.ts"

interface ConnectionFile {
  readonly websocketUrl: string | null
  readonly credentials: { readonly senders: Readonly<Record<string, { readonly user: string; readonly password: string }>> }
}
const file = JSON.parse(open(__ENV.HOLDFAST_CONNECTION ?? "../../.cache/holdfast/connection.json")) as ConnectionFile
const url = __ENV.HOLDFAST_WS ?? file.websocketUrl ?? "ws://127.0.0.1:9222"
const connections = Number(__ENV.CONNECTIONS ?? 8)
const patienceMs = 20_000

export const options: Options = {
  scenarios: {
    connections: {
      executor: "per-vu-iterations",
      vus: connections,
      iterations: 1,
      maxDuration: `${lengthMs(profile) + 4 * profile.shopper.thinkMs + 120_000}ms`,
    },
  },
  thresholds,
}

const classOf = {
  Reserve: "sell",
  Confirm: "sell",
  Release: "sell",
  PlaceOrder: "sell",
  ConfirmOrder: "sell",
  CancelOrder: "sell",
  SetPolicy: "policy",
  ReceiveStock: "stock",
  Fulfil: "stock",
} as const

/** Decisions of one command, as a reply has them. `stored` comes before the decision of a fact, and isn't one. */
interface Reply {
  readonly decisions?: ReadonlyArray<Record<string, unknown>>
  readonly answer?: string
}

const isFinal = (body: string): boolean => (JSON.parse(body) as Reply).answer !== "stored"

const heardOf = (answer: Answer | undefined): Heard => {
  if (answer === undefined) return { outcome: "undecided", why: "no answer in time", decision: "" }
  if (answer === null) return { outcome: "busy", why: "nobody was there to hear it", decision: "" }
  const reply = JSON.parse(answer) as Reply
  const [decided] = reply.decisions ?? []
  if (decided === undefined)
    return reply.answer === "busy"
      ? { outcome: "busy", why: "busy", decision: "" }
      : { outcome: "error", why: answer.slice(0, 200), decision: "" }
  const { repeated: _, ...said } = decided
  if (said.outcome === "accepted") return { outcome: "accepted", why: "", decision: JSON.stringify(said) }
  if (said.outcome === "refused") return { outcome: "refused", why: String(said.reason), decision: JSON.stringify(said) }
  return { outcome: "error", why: String(said.outcome), decision: "" }
}

const ask = async (connection: NatsConnection, as: string, wanted: Wanted, issuedAtMs: number): Promise<Heard> => {
  const { type, id, ...input } = wanted
  const about = typeof input.order === "string" ? `order.${input.order}` : `sku.${String(input.sku)}`
  const body = JSON.stringify({ v: 1, type, id, issuedAtMs, ...input })
  return heardOf(await connection.request(`hf.cmd.${as}.${classOf[type]}.${about}`, body, patienceMs, isFinal))
}

const openAs = (as: string, name: string): Promise<NatsConnection> => {
  const login = file.credentials.senders[as]
  return login === undefined ? Promise.reject(new Error(`the file has no login of ${as}`)) : NatsConnection.open(url, login, as, name)
}

const atOnce = 64

/** Policies and units for every SKU; what it returns every virtual user is given. */
export async function setup(): Promise<{ readonly run: string }> {
  const run = newRun()
  const all = preparation(run)
  const doors = { planner: await openAs("planner", run), warehouse: await openAs("warehouse", run) }
  for (let from = 0; from < all.length; from += atOnce) {
    const heard = await Promise.all(all.slice(from, from + atOnce).map(({ as, wanted }) => ask(doors[as], as, wanted, Date.now())))
    const failed = heard.find(({ outcome }) => outcome !== "accepted")
    if (failed !== undefined) exec.test.abort(`the sale could not be prepared: ${failed.outcome} ${failed.why}`)
  }
  doors.planner.close()
  doors.warehouse.close()
  return { run }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

const timed = async (connection: NatsConnection, wanted: Wanted, issuedAtMs: number): Promise<Heard> => {
  const startMs = Date.now()
  const heard = await ask(connection, sender, wanted, issuedAtMs)
  count(heard, Date.now() - startMs)
  return heard
}

const shop = async (connection: NatsConnection, { first, after, asksAgain }: Shopper): Promise<void> => {
  const issuedAtMs = Date.now()
  const heard = await timed(connection, first, issuedAtMs)
  // The same bytes again: the id is remembered for as long as its date says.
  if (asksAgain) countRepeat(heard, await timed(connection, first, issuedAtMs))
  if (heard.outcome !== "accepted" || after === null) return
  await pause(after.afterMs)
  await timed(connection, after.wanted, Date.now())
}

const tickMs = 10

/** One connection, and its share of the shoppers. */
export default async function connection({ run }: { readonly run: string }): Promise<void> {
  const me = exec.vu.idInTest
  const name = `${run}-${me}`
  const open = await openAs(sender, name)
  const shoppers = new Shoppers(profile, `${seed}-${me}`, name)
  const startMs = Date.now()
  const shopping: Array<Promise<void>> = []
  let came = 0
  for (;;) {
    const elapsedMs = Date.now() - startMs
    // Each of so many connections has every so-manieth shopper.
    const due = Math.floor((arrivedBy(profile, elapsedMs) + me) / connections)
    for (; came < due; came++) shopping.push(shop(open, shoppers.next()))
    if (elapsedMs >= lengthMs(profile)) break
    await pause(tickMs)
  }
  await Promise.all(shopping)
  open.close()
}
