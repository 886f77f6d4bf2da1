/**
 * `npm run page:shots [-- --out DIR]`: the page during a flash sale on a real nats-server, with a worker killed: how soon each of three screens (desktop, dark, phone) shows the outage and its end, what axe finds, and pictures to
 * look at. Ends with code 0 if every screen showed the outage within five seconds and axe found nothing serious, with 3 otherwise.
 */
import { mkdir } from "node:fs/promises"
import { Effect, Exit, Scope } from "effect"
import { partitionOf } from "../src/domain/names.ts"
import { outageToldMsMax } from "../src/limits.ts"
import { startPostgres } from "../src/postgres/embedded.ts"
import { temporaryFolder } from "../src/temporary-folder.ts"
import { startChromium } from "../tools/chromium.ts"
import { type Rig, type RigWorker, until, withRig } from "./chaos/rig.ts"
import { pageOver } from "./page/gateway.ts"
import { found, lookers, seesItOver, seesOutage, shoot } from "./page/looking.ts"
import { beginSale, hotSku, stock } from "./page/sale.ts"
import { scriptOptions } from "./stage/options.ts"

const values = scriptOptions("The page during a flash sale with a worker killed: pictures, and how soon the outage is seen.", {
  out: { fallback: "page-shots", help: "the folder for the pictures" },
  seconds: { fallback: "20", help: "of sale before the kill", whole: 5 },
  buyers: { fallback: "4", help: "who buy at a time in each channel", whole: 1 },
})

/** Milliseconds for what must come, however busy the machine is. */
const patienceMs = 60_000

interface Seen {
  readonly screen: string
  readonly seenMs: number
  readonly overMs: number
  readonly findings: ReadonlyArray<string>
  readonly picture: string
}

const ownerOf = async (rig: Rig, sku: string): Promise<RigWorker> => {
  let owner: string | null | undefined
  await until(`${sku} is owned`, async () => {
    owner = (await rig.look()).owners[partitionOf(sku, rig.options.partitions)]
    return owner !== null
  })
  const worker = rig.workers.find(({ name }) => name === owner)
  if (worker === undefined) throw new Error(`nobody owns ${sku}`)
  return worker
}

const play = async (rig: Rig, address: string): Promise<ReadonlyArray<Seen>> => {
  const browser = await startChromium()
  try {
    await stock(rig)
    const sale = await beginSale(rig, Number(values.buyers))
    // Half of the sale is over before anybody looks: that half the page has from the tables.
    const half = () => new Promise((resolve) => setTimeout(resolve, (Number(values.seconds) * 1_000) / 2))
    await half()
    const looking = await lookers(browser, address, hotSku)
    await half()
    for (const looker of looking) await shoot(looker, values.out, "-before")
    const worker = await ownerOf(rig, hotSku)
    console.log(`${sale.decided()} purchases; ${worker.name}, which owns ${hotSku}, is killed`)
    const killedMs = performance.now()
    worker.signal("SIGKILL")
    const seen = await Promise.all(
      looking.map(async (looker) => {
        const seenMs = await seesOutage(looker, killedMs, patienceMs)
        return { looker, seenMs, picture: await shoot(looker, values.out, "") }
      }),
    )
    const over = await Promise.all(
      seen.map(async ({ looker, ...one }) => ({ looker, ...one, overMs: await seesItOver(looker, killedMs, patienceMs) })),
    )
    await sale.stop()
    const all: Array<Seen> = []
    for (const { looker, seenMs, overMs, picture } of over) {
      await shoot(looker, values.out, "-after")
      all.push({ screen: looker.name, seenMs, overMs, picture, findings: await found(looker) })
    }
    return all
  } finally {
    await browser.close()
  }
}

await mkdir(values.out, { recursive: true })
const temporary = temporaryFolder("holdfast-page-")
const { path: folder } = temporary
const database = await startPostgres({ isFleeting: true })
const seen = await withRig({ partitions: 8, workers: 3, leaseTtlMs: 6_000 }, async (rig) => {
  const scope = await Effect.runPromise(Scope.make())
  try {
    await rig.startProjector(database.url)
    return await play(rig, await Effect.runPromise(Scope.provide(pageOver(rig, folder, "looker", database.url), scope)))
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await temporary.remove()
  }
}).finally(() => database.stop())
for (const { screen, seenMs, overMs, findings, picture } of seen) {
  const serious = findings.length === 0 ? "axe: nothing serious" : `axe: ${findings.join("; ")}`
  console.log(`${screen.padEnd(8)} outage seen after ${Math.round(seenMs)} ms, over after ${Math.round(overMs)} ms; ${serious}; ${picture}`)
}
process.exitCode = seen.every(({ seenMs, findings }) => seenMs <= outageToldMsMax && findings.length === 0) ? 0 : 3
