/**
 * TigerBeetle, one replica: each SKU is an account whose debits may not exceed its credits, stock that came is credited, and a reservation is a pending transfer with a timeout.
 *
 * As its advocates would have it: all that waits goes in one batch of up to as many as fit a message, one batch under way, and accounts that everybody's transfers touch cost nothing more.
 */

import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { Client, CreateTransferResult, Transfer } from "tigerbeetle-node"
import { type Ask, Asks, answered } from "./asks.ts"
import { holdMs } from "./commands.ts"
import { type Ground, plentyQty, scarceQty, scarceSku } from "./ground.ts"
import { findProgram, startOutside } from "./outside.ts"
import { NotHere, type Peer, type StartPeer, type Taken } from "./peer.ts"

type Bindings = typeof import("tigerbeetle-node")

const how =
  "TigerBeetle's server is one binary, of its releases (github.com/tigerbeetle/tigerbeetle), not older than the client in package.json: put it on the PATH, or name it in TIGERBEETLE or with --tigerbeetle"

/** Transfers or accounts of one message. */
const batchMax = 8_189
const ledger = 1
const code = 1

/** Where goods come from, and where they go; SKUs have the numbers after these. */
const outside = 1n
const sold = 2n
const accountOf = (sku: number): bigint => BigInt(sku) + 3n
/** Ids of transfers: those of stock lie above all reservations'. */
const stockIds = 1n << 64n

const transferOf = (fields: Partial<Transfer>): Transfer => ({
  id: 0n,
  debit_account_id: 0n,
  credit_account_id: 0n,
  amount: 1n,
  pending_id: 0n,
  user_data_128: 0n,
  user_data_64: 0n,
  user_data_32: 0,
  timeout: 0,
  ledger,
  code,
  flags: 0,
  timestamp: 0n,
  ...fields,
})

const accountWith = (id: bigint, flags: number) => ({
  id,
  debits_pending: 0n,
  debits_posted: 0n,
  credits_pending: 0n,
  credits_posted: 0n,
  user_data_128: 0n,
  user_data_64: 0n,
  user_data_32: 0,
  reserved: 0,
  ledger,
  code,
  flags,
  timestamp: 0n,
})

const inParts = async (count: number, each: (numbers: ReadonlyArray<number>) => Promise<void>): Promise<void> => {
  for (let from = 0; from < count; from += batchMax)
    await each(Array.from({ length: Math.min(batchMax, count - from) }, (_, n) => from + n))
}

const qtyOf = (sku: number, ground: Ground): number => (sku === scarceSku(ground) ? scarceQty : plentyQty)

const allMade = (made: number, results: ReadonlyArray<{ readonly status: number }>): void => {
  const other = results.find(({ status }) => status !== made)
  if (other !== undefined) throw new Error(`TigerBeetle made no account or stock: status ${other.status}`)
}

const makeStock = async (client: Client, bindings: Bindings, ground: Ground): Promise<void> => {
  const { AccountFlags, CreateAccountStatus, CreateTransferStatus } = bindings
  allMade(CreateAccountStatus.created, await client.createAccounts([accountWith(outside, 0), accountWith(sold, 0)]))
  await inParts(ground.skus + 1, async (skus) => {
    const accounts = skus.map((sku) => accountWith(accountOf(sku), AccountFlags.debits_must_not_exceed_credits))
    allMade(CreateAccountStatus.created, await client.createAccounts(accounts))
    const stock = skus.map((sku) =>
      transferOf({
        id: stockIds + BigInt(sku),
        debit_account_id: outside,
        credit_account_id: accountOf(sku),
        amount: BigInt(qtyOf(sku, ground)),
      }),
    )
    allMade(CreateTransferStatus.created, await client.createTransfers(stock))
  })
}

const takenOf = async (client: Client, ground: Ground): Promise<Taken> => {
  let qty = 0
  let oversoldSkus = 0
  let scarce = 0
  await inParts(ground.skus + 1, async (skus) => {
    for (const { id, debits_pending, debits_posted, credits_posted } of await client.lookupAccounts(skus.map(accountOf))) {
      const taken = debits_pending + debits_posted
      qty += Number(taken)
      if (taken > credits_posted) oversoldSkus++
      if (id === accountOf(scarceSku(ground))) scarce = Number(taken)
    }
  })
  // Each transfer is of one unit, so what is pending there is how many there are.
  const [account] = await client.lookupAccounts([sold])
  return { qty, reservations: Number(account?.credits_pending ?? Number.NaN), scarceQty: scarce, oversoldSkus }
}

const loadBindings = async (): Promise<Bindings> => {
  try {
    return await import("tigerbeetle-node")
  } catch (cause) {
    throw new NotHere(`its client does not load here: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

const decider =
  (client: Client, { TransferFlags, CreateTransferStatus }: Bindings) =>
  async (batch: ReadonlyArray<Ask>): Promise<ReadonlyArray<boolean>> => {
    const transfers = batch.map(({ sku, reservation }) =>
      transferOf({
        id: BigInt(reservation),
        debit_account_id: accountOf(sku),
        credit_account_id: sold,
        timeout: holdMs / 1_000,
        flags: TransferFlags.pending,
      }),
    )
    const results: ReadonlyArray<CreateTransferResult> = await client.createTransfers(transfers)
    return results.map(({ status }) => {
      if (status === CreateTransferStatus.created || status === CreateTransferStatus.exists) return true
      if (status === CreateTransferStatus.exceeds_credits) return false
      throw new Error(`TigerBeetle answered a transfer with status ${status}`)
    })
  }

const serve = async (asks: Asks, decide: (batch: ReadonlyArray<Ask>) => Promise<ReadonlyArray<boolean>>): Promise<void> => {
  for (;;) {
    const batch = await asks.take()
    await answered(batch, () => decide(batch))
  }
}

export const startTigerBeetlePeer: StartPeer = async ({ ground, program }): Promise<Peer> => {
  const path = await findProgram("tigerbeetle", program ?? process.env.TIGERBEETLE, how)
  const bindings = await loadBindings()
  const server = await startOutside({
    name: "tigerbeetle",
    path,
    prepare: async (folder) => {
      await promisify(execFile)(path, ["format", "--cluster=0", "--replica=0", "--replica-count=1", `${folder}/data`])
    },
    args: (port, folder) => ["start", `--addresses=127.0.0.1:${port}`, "--cache-grid=512MiB", `${folder}/data`],
  })
  const client = bindings.createClient({ cluster_id: 0n, replica_addresses: [`127.0.0.1:${server.port}`] })
  try {
    await makeStock(client, bindings, ground)
  } catch (cause) {
    client.destroy()
    await server.stop()
    throw cause instanceof bindings.RequestError ? new NotHere(`${cause.message} ${how}`) : cause
  }
  const asks = new Asks(batchMax)
  void serve(asks, decider(client, bindings))
  return {
    reserve: (sku, reservation) => asks.ask(sku, reservation),
    taken: () => takenOf(client, ground),
    pids: () => [server.pid],
    stages: null,
    stop: async () => {
      client.destroy()
      await server.stop()
    },
  }
}
