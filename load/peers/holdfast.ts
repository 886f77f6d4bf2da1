/**
 * Holdfast as anybody would run it: a nats-server, `serve` with its defaults, and the client library. Its SKUs are put into its journals before the worker starts, written by its own engine: a million facts and
 * policies through the front door would take longer than all that is measured.
 */
import { connect, type SenderClient } from "../../src/channel.ts"
import { partitionOf, type Sku, skuToken } from "../../src/domain/names.ts"
import { sendersOf } from "../../src/domain/sender-list.ts"
import { plainLine } from "../../src/domain/sku/policy.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { loginOf, startWorker } from "../end-to-end/arms.ts"
import { countOf } from "../end-to-end/worker-page.ts"
import { makeStockJournal } from "../recovery/journal.ts"
import { storeJournal } from "../recovery/store-journal.ts"
import { until } from "../stage/stage.ts"
import { reserveCommand } from "./commands.ts"
import { type Ground, plentyQty, scarceQty, scarceSku, skuName } from "./ground.ts"
import type { Peer, PeerOptions, StartPeer, Taken } from "./peer.ts"

/** Those of the journals that are written here. */
export const senders = sendersOf("web=channel,dc=warehouse,boss=merchandiser")

/** Of the machine's memory, what a worker's heap may take: with a million SKUs it needs more than Node gives it unless told. */
const heapShare = "--max-old-space-size-percentage=30"
/** Longer than the default: on a machine that has more to do than its cores can, a lease lost and taken again would be measured, and not what a decision costs. */
const leaseTtlMs = "20000"
const readyMs = 300_000
const answerMs = 60_000

/** The SKUs of each partition. */
export const skusByPartition = ({ skus }: Ground, partitions: number): ReadonlyArray<ReadonlyArray<Sku>> => {
  const found = Array.from({ length: partitions }, (): Array<Sku> => [])
  for (let n = 0; n < skus; n++) found[partitionOf(skuToken(skuName(n)), partitions)]?.push(skuName(n))
  return found
}

const fillJournals = async (server: EmbeddedServer, { ground, partitions }: PeerOptions): Promise<void> => {
  for (const [partition, skus] of skusByPartition(ground, partitions).entries()) {
    if (skus.length === 0) continue
    const records: Array<StoredRecord> = []
    const keep = (record: StoredRecord) => void records.push(record)
    makeStockJournal({ partition, partitions, startMs: Date.now() }, skus, { qty: plentyQty, channels: ["web"] }, keep)
    await storeJournal(server, partitions, partition, records)
  }
}

const stockScarce = async (server: EmbeddedServer, ground: Ground): Promise<void> => {
  const as = (sender: string) => connect({ servers: [server.url], sender, login: loginOf(server, sender), timeoutMs: answerMs })
  const [dock, planner] = await Promise.all([as("dc"), as("boss")])
  const sku = skuName(scarceSku(ground))
  await dock.receiveStock({ sku, location: "DC1", qty: scarceQty })
  await planner.setPolicy({ sku, policy: { version: 1, channels: [plainLine("web", 0)], safety: [], sourcing: ["DC1"] } })
  await Promise.all([dock.close(), planner.close()])
}

/** What the owners say of all that the channel may sell, as of their journals. */
const takenOf = async (channel: SenderClient, ground: Ground): Promise<Taken> => {
  const watch = channel.ats.subscribe({ onValue: () => undefined })
  await watch.ready
  const scarce = skuName(scarceSku(ground))
  let [qty, scarceTaken, known, oversoldSkus] = [0, 0, 0, 0]
  for (const { sku, ats } of watch.all()) {
    known++
    if (ats < 0) oversoldSkus++
    if (sku === scarce) scarceTaken = scarceQty - ats
    qty += (sku === scarce ? scarceQty : plentyQty) - ats
  }
  await watch.close()
  if (known !== ground.skus + 1) throw new Error(`the owners tell of ${known} SKUs, and ${ground.skus + 1} were put there`)
  return { qty, reservations: null, scarceQty: scarceTaken, oversoldSkus }
}

/** Reserves through the client library, as a channel's program would. Whatever is no decision rejects. */
export const reserver =
  (channel: SenderClient) =>
  async (sku: number, reservation: number): Promise<boolean> => {
    const said = await channel.send(reserveCommand(skuName(sku), reservation, Date.now()))
    if (said.outcome === "accepted") return true
    if (said.outcome === "refused" && said.reason === "InsufficientStock") return false
    throw new Error(`a reservation was answered ${JSON.stringify(said)}`)
  }

export const startHoldfastPeer =
  (syncAlways: boolean): StartPeer =>
  async (options): Promise<Peer> => {
    const server = await startEmbedded({ senders, syncAlways })
    await fillJournals(server, options)
    process.env.NODE_OPTIONS = heapShare
    const run = { partitions: options.partitions, profileFolder: undefined, settings: { HOLDFAST_LEASE_TTL_MS: leaseTtlMs } }
    const worker = startWorker(server, run)
    const pages = await worker.pages
    const page = (path: string) => fetch(`${pages}${path}`, { headers: { connection: "close" } }).then((answer) => answer.text())
    const isReady = () =>
      page("/ready").then(
        (text) => (JSON.parse(text) as { readonly ready: boolean }).ready,
        () => false,
      )
    await until("the worker serves", isReady, readyMs)
    await stockScarce(server, options.ground)
    const login = loginOf(server, "web")
    const channel = await connect({ servers: [server.url], sender: "web", login, inFlightMax: options.inFlightMax, timeoutMs: answerMs })
    return {
      reserve: reserver(channel),
      taken: () => takenOf(channel, options.ground),
      pids: () => [worker.pid, server.pid()],
      stages: { parts: { worker: worker.pid, server: server.pid() }, count: async () => countOf(await page("/metrics")) },
      stop: async () => {
        await channel.close()
        await worker.end()
        await server.stop()
      },
    }
  }
