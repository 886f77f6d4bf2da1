/**
 * A journal as a busy owner would have written it, made by the engine itself: full batches of a library's messages, from a broker that says yes to
 * everything at once.
 */
import { type CommandClass, partitionOf, type SenderId, type Sku } from "../../src/domain/names.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { emptyPartition, makeStep } from "../../src/kinds/sku/partition.ts"
import type { SkuInput, SkuOutput, SkuPartition, SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import { commandsPerMessageMax } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"

export interface JournalPlan {
  readonly partition: number
  readonly partitions: number
  readonly commands: number
  readonly skus: number
  /** When the first command was issued: the last comes some minutes later. */
  readonly startMs: number
}

const encoder = new TextEncoder()
/** Messages of a batch: as many commands as a record may decide. */
const messagesPerBatch = 16
const batchMs = 60
/** Records that a reign is told of what came before it: genesis, and its claim. */
const firstRecords = 2

const step = makeStep({ codec: engineCodec, rules: protocolRules })

/** An owner alone with its journal: what it is handed it decides, and every record is stored at once. */
export class Author {
  readonly partition: SkuPartition
  readonly #onRecord: (record: StoredRecord, commands: number) => void
  #nowMs: number
  #messages = 0
  #decided = 0
  readonly #first: Array<StoredRecord> = []

  constructor(plan: Pick<JournalPlan, "partition" | "partitions" | "startMs">, onRecord: (record: StoredRecord, commands: number) => void) {
    const { partition, partitions } = plan
    this.#nowMs = plan.startMs
    this.#onRecord = onRecord
    this.partition = emptyPartition({ partition, partitions, snapshotEveryRecords: Number.MAX_SAFE_INTEGER })
    this.#put({ _tag: "SnapshotMissing", nowMs: this.#nowMs })
    this.#put({ _tag: "BrokerTimeSeen", nowMs: this.#nowMs, brokerMs: this.#nowMs })
    this.#put({ _tag: "Claim", nowMs: this.#nowMs, owner: "author", incarnation: "author" })
  }

  #put(input: SkuInput): void {
    for (const output of step(this.partition, input)) this.#perform(output)
  }

  #perform(output: SkuOutput): void {
    const nowMs = this.#nowMs
    switch (output._tag) {
      case "ReadClaimBasis":
        return this.#put({
          _tag: "ClaimBasisRead",
          nowMs,
          ask: output.ask,
          basis: { endSeq: 0, incarnation: null, witness: null, halt: null },
        })
      case "Append": {
        const { messageId, bytes, expectedSeq } = output
        const commands = this.#commandsInFlight()
        this.#decided += commands
        if (expectedSeq < firstRecords) this.#first.push({ seq: expectedSeq + 1, messageId, bytes })
        this.#onRecord({ seq: expectedSeq + 1, messageId, bytes }, commands)
        return this.#put({ _tag: "AppendAcked", nowMs, messageId, seq: expectedSeq + 1, duplicate: false })
      }
      case "ReadForRepublish":
        return this.#put({ _tag: "RepublishRead", nowMs, records: this.#first.slice(output.fromSeq - 1, output.toSeq) })
      case "SendReplies":
        return this.#put({ _tag: "RepliesSent", nowMs, seq: output.seq })
      case "SendFeed":
        return this.#put({ _tag: "FeedSent", nowMs, group: output.group })
      case "Halted":
        throw new Error(output.halt.detail)
      default:
        return
    }
  }

  /** Commands that its records decide. */
  get decided(): number {
    return this.#decided
  }

  #commandsInFlight(): number {
    const entries = this.partition.inFlight?.record.entries ?? []
    return entries.reduce((sum, entry) => sum + (entry._tag === "Message" ? entry.decided.length : 0), 0)
  }

  send(sender: string, commandClass: CommandClass, sku: Sku, bodies: ReadonlyArray<string>): SkuTakenMessage {
    const sent = encoder.encode(`[${bodies.join(",")}]`)
    return {
      sender: sender as SenderId,
      class: commandClass,
      bulk: false,
      key: sku,
      reply: `c.${++this.#messages}`,
      publishedMs: this.#nowMs,
      trace: null,
      bytes: sent.length,
      body: engineCodec.decodeBody(sent),
    }
  }

  get nowMs(): number {
    return this.#nowMs
  }

  decide(messages: ReadonlyArray<SkuTakenMessage>, afterMs = batchMs): void {
    this.#nowMs += afterMs
    this.#put({ _tag: "BrokerTimeSeen", nowMs: this.#nowMs, brokerMs: this.#nowMs })
    // With the first it notes that nothing has to be said again of a reign before it.
    this.#put({ _tag: "Tick", nowMs: this.#nowMs, wallMs: this.#nowMs })
    this.#put({ _tag: "CommandsHanded", nowMs: this.#nowMs, messages })
  }
}

const skusOf = ({ partition, partitions, skus }: JournalPlan): ReadonlyArray<Sku> => {
  const found: Array<Sku> = []
  for (let n = 0; found.length < skus; n++) {
    const sku = `SKU-${n.toString(36).padStart(6, "0")}` as Sku
    if (partitionOf(sku, partitions) === partition) found.push(sku)
  }
  return found
}

const named = (type: string, id: string, sku: Sku, issuedAtMs: number, rest: string): string =>
  `{"v":1,"type":"${type}","id":"${id}","sku":"${sku}","issuedAtMs":${issuedAtMs},${rest}}`

const policyOf = (channels: ReadonlyArray<string>): string => {
  const lines = channels.map(
    (channel, priority) => `{"channel":"${channel}","priority":${priority},"bufferQty":0,"bufferPercent":0,"floorQty":0,"fenceQty":0}`,
  )
  return `"policy":{"version":1,"channels":[${lines.join(",")}],"safety":[],"sourcing":["DC1"]}`
}

const inMessages = <T>(items: ReadonlyArray<T>): ReadonlyArray<ReadonlyArray<T>> =>
  Array.from({ length: Math.ceil(items.length / commandsPerMessageMax) }, (_, i) =>
    items.slice(i * commandsPerMessageMax, (i + 1) * commandsPerMessageMax),
  )

/** What every SKU begins with: units at one location, and channels that sell them. */
export interface Stocked {
  readonly qty: number
  readonly channels: ReadonlyArray<string>
}

const stockUp = (author: Author, skus: ReadonlyArray<Sku>, startMs: number, { qty, channels }: Stocked): void => {
  const policy = policyOf(channels)
  const all = inMessages(skus)
  for (let from = 0; from < all.length; from += messagesPerBatch / 2)
    author.decide(
      all.slice(from, from + messagesPerBatch / 2).flatMap((some) => {
        const first = some[0] as Sku
        const received = some.map((sku) => named("ReceiveStock", "s", sku, startMs, `"location":"DC1","qty":${qty}`))
        const set = some.map((sku) => named("SetPolicy", "p", sku, startMs, policy))
        return [author.send("dc", "stock", first, received), author.send("boss", "policy", first, set)]
      }),
    )
}

/** Makes a journal in which these SKUs of one partition are stocked and put on sale, and hands over each record; returns the state it comes to. */
export const makeStockJournal = (
  plan: Pick<JournalPlan, "partition" | "partitions" | "startMs">,
  skus: ReadonlyArray<Sku>,
  stocked: Stocked,
  onRecord: (record: StoredRecord) => void,
): SkuPartition => {
  const author = new Author(plan, onRecord)
  stockUp(author, skus, plan.startMs, stocked)
  // An owner that holds commands back would make a journal in which some of it is missing.
  if (author.decided < 2 * skus.length)
    throw new Error(`${skus.length} SKUs were to be stocked, and ${author.decided} commands were decided`)
  return author.partition
}

/** Two thirds reserve, and a third confirm half of that. */
const traffic = (n: number, sku: Sku, issuedAtMs: number): ReadonlyArray<string> => {
  const id = n.toString(36).padStart(8, "0")
  const reserve = named("Reserve", `c-${id}`, sku, issuedAtMs, `"reservation":"r-${id}","qty":1,"holdMs":86400000`)
  return n % 2 === 0 ? [reserve] : [reserve, named("Confirm", `k-${id}`, sku, issuedAtMs, `"reservation":"r-${id}"`)]
}

/** Makes a journal of so many commands and hands over each record with the number of those that it decided; returns the state it comes to. */
export const makeJournal = (plan: JournalPlan, onRecord: (record: StoredRecord, commands: number) => void): SkuPartition => {
  const author = new Author(plan, onRecord)
  const skus = skusOf(plan)
  stockUp(author, skus, plan.startMs, { qty: 100_000_000, channels: ["web", "pos"] })
  let batch: Array<SkuTakenMessage> = []
  let bodies: Array<string> = []
  let first = skus[0] as Sku
  for (let n = 0, made = 0; made < plan.commands; n++) {
    const sku = skus[(n * 7_919) % skus.length] as Sku
    const some = traffic(n, sku, plan.startMs)
    if (bodies.length + some.length > commandsPerMessageMax) {
      batch.push(author.send("web", "sell", first, bodies))
      bodies = []
      if (batch.length === messagesPerBatch) {
        author.decide(batch)
        batch = []
      }
    }
    if (bodies.length === 0) first = sku
    bodies.push(...some)
    made += some.length
  }
  if (bodies.length > 0) batch.push(author.send("web", "sell", first, bodies))
  author.decide(batch)
  // An owner that holds commands back would make an empty journal, which is replayed in no time.
  if (author.decided < plan.commands) throw new Error(`the journal was to hold ${plan.commands} commands and holds ${author.decided}`)
  return author.partition
}
