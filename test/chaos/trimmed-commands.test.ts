/** Somebody sets the commands stream to drop what is oldest while no worker is there to read it: what was acknowledged and is gone is named, wherever an operator looks. */
import { DiscardPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream"
import { expect, it } from "vitest"
import { type Rig, until, withRig } from "../../load/chaos/rig.ts"
import { putOnSale } from "../../load/chaos/traffic.ts"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import type { SkuStoredBatch } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { commandsStream, storedOf } from "../../src/wire/subjects.ts"
import { encodeBatch } from "../../src/wire/taken.ts"
import { connectAs } from "../nats/raw-client.ts"
import { leaseTtlMs, timeoutMs } from "./small.ts"

const sku = "A" as Sku

/** A stored message with one fact, as an ingress of another process writes it. */
const storedFact = (serial: number): Uint8Array => {
  const fact = { v: 1, type: "ReceiveStock", id: `later-${serial}`, sku, issuedAtMs: Date.now(), location: "main", qty: 1 }
  const text = JSON.stringify(fact)
  const message = {
    sender: "dock" as SenderId,
    class: "stock",
    bulk: false,
    key: sku,
    reply: null,
    publishedMs: Date.now(),
    trace: null,
  } as const
  const body = engineCodec.decodeBody(new TextEncoder().encode(text))
  const batch: SkuStoredBatch = {
    ingress: "elsewhere",
    serial,
    acknowledged: serial - 1,
    messages: [{ ...message, bytes: text.length, body }],
  }
  return encodeBatch(batch)
}

/** Stores three facts while no worker runs, and has the stream keep the newest message alone for a moment. */
const dropUnder = async (rig: Rig): Promise<ReadonlyArray<number>> => {
  const [worker] = rig.workers
  const admin = await connectAs(rig.server, "admin")
  try {
    const [js, jsm] = [jetstream(admin), await jetstreamManager(admin)]
    await worker?.stop()
    const seqs: Array<number> = []
    for (const serial of [1, 2, 3]) seqs.push((await js.publish(storedOf("sku", 0), storedFact(serial))).seq)
    const { config } = await jsm.streams.info(commandsStream("sku"))
    await jsm.streams.update(commandsStream("sku"), { ...config, discard: DiscardPolicy.Old, max_msgs: 1 })
    await jsm.streams.update(commandsStream("sku"), config)
    await rig.startWorker(worker?.name ?? "")
    return seqs
  } finally {
    await admin.close()
  }
}

it(
  "halts the partition with the range, the audit names it, and a resume decides what is left",
  () =>
    withRig({ partitions: 1, workers: 1, leaseTtlMs }, async (rig) => {
      const [planner, dock] = await Promise.all([rig.open("planner"), rig.open("dock")])
      await putOnSale(planner, dock, [sku], 100)
      const onHand = async () => {
        const stock = await dock.stock(sku)
        return stock.answer === "stock" ? stock.offered : 0
      }
      expect(await onHand()).toBe(100)
      const [first = 0, second = 0] = await dropUnder(rig)
      let halt = ""
      await until("the partition is halted", async () => {
        halt = (await rig.look()).halts[0] ?? ""
        return halt !== ""
      })
      expect(halt).toMatch(/^CommandsTrimmed: /)
      expect(halt).toContain(`from ${first} to ${second}`)
      await until("the metric shows it", async () => ((await rig.workers[0]?.metric("holdfast_partition_halted")) ?? 0) > 0)
      const before = await rig.holdfast("audit")
      expect(before).toMatchObject({ code: 3, printed: expect.stringContaining(`${first} to ${second} are gone`) as unknown })
      expect(await rig.holdfast("resume", "0", "--by", "ops", "--reason", "told again")).toMatchObject({ code: 0 })
      await until("what is left is decided", async () => (await onHand()) === 101)
      const after = await rig.holdfast("audit")
      expect(after).toMatchObject({ code: 3, printed: expect.stringContaining("2 messages of ingress elsewhere") as unknown })
      expect(after.printed).toContain(`${first} to ${second} is lost`)
      await Promise.all([planner.close(), dock.close()])
    }),
  timeoutMs,
)
