/**
 * Redis with an append-only file: a Lua script takes a unit if it is there, and notes the reservation by its id.
 *
 * As its advocates would have it: the script is loaded once and called by its hash, and the client sends whatever is asked for without waiting for what was asked before. With `always`, Redis writes and
 * fsyncs once for all that it took in one turn.
 */
import { createClient } from "@redis/client"
import { type Ground, plentyQty, scarceQty, scarceSku } from "./ground.ts"
import { findProgram, startOutside } from "./outside.ts"
import type { Peer, StartPeer, Taken } from "./peer.ts"

const how = "redis-server is Debian's package redis-server (apt-get install redis-server), or name one with --redis-server"

const stockKey = (sku: number): string => `s:${sku}`
const reservationKey = (reservation: number): string => `r:${reservation}`

/** An id that is known was had: the same again takes nothing more. */
const script = `
if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
local left = tonumber(redis.call('GET', KEYS[1]) or '0')
local qty = tonumber(ARGV[1])
if left < qty then return 0 end
redis.call('DECRBY', KEYS[1], qty)
redis.call('SET', KEYS[2], KEYS[1] .. ':' .. ARGV[1])
return 1`

const keysAtOnce = 5_000

/** A client that reconnects would send again what may have been done: whatever breaks the connection ends the arm. */
const clientAt = (port: number) => createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy: false } })
type Client = ReturnType<typeof clientAt>

const inParts = async (count: number, each: (numbers: ReadonlyArray<number>) => Promise<void>): Promise<void> => {
  for (let from = 0; from < count; from += keysAtOnce)
    await each(Array.from({ length: Math.min(keysAtOnce, count - from) }, (_, n) => from + n))
}

const makeStock = async (client: Client, ground: Ground): Promise<void> => {
  await inParts(ground.skus, async (numbers) => {
    await client.mSet(numbers.map((sku) => [stockKey(sku), String(plentyQty)] as [string, string]))
  })
  await client.set(stockKey(scarceSku(ground)), String(scarceQty))
}

const takenOf = async (client: Client, ground: Ground): Promise<Taken> => {
  let qty = 0
  let oversoldSkus = 0
  const count = (left: number, was: number): number => {
    if (left < 0) oversoldSkus++
    qty += was - left
    return was - left
  }
  await inParts(ground.skus, async (numbers) => {
    for (const left of await client.mGet(numbers.map(stockKey))) count(Number(left), plentyQty)
  })
  const scarce = count(Number(await client.get(stockKey(scarceSku(ground)))), scarceQty)
  // All other keys are those of SKUs.
  return { qty, reservations: (await client.dbSize()) - ground.skus - 1, scarceQty: scarce, oversoldSkus }
}

export const startRedisPeer =
  (appendfsync: "everysec" | "always"): StartPeer =>
  async ({ ground, program }): Promise<Peer> => {
    const path = await findProgram("redis-server", program, how)
    const settings = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", appendfsync]
    const server = await startOutside({
      name: "redis",
      path,
      args: (port, folder) => ["--port", String(port), "--dir", folder, ...settings],
    })
    const client = clientAt(server.port)
    client.on("error", () => undefined)
    await client.connect()
    await makeStock(client, ground)
    const hash = await client.scriptLoad(script)
    return {
      reserve: async (sku, reservation) =>
        (await client.evalSha(hash, { keys: [stockKey(sku), reservationKey(reservation)], arguments: ["1"] })) === 1,
      taken: () => takenOf(client, ground),
      pids: () => [server.pid],
      stages: null,
      stop: async () => {
        client.destroy()
        await server.stop()
      },
    }
  }
