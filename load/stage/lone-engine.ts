/**
 * One owner of one partition, alone in this process with whoever hands it commands: the shipped engine and codec, whose every append is stored at once and whose every reply is heard.
 *
 * For what is measured of the engine, or of what it journals. Time is the caller's; nothing goes over a network. A halt throws.
 */
import type { CommandClass, EpochMs, SenderId, Sku } from "../../src/domain/names.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { emptyPartition, makeStep } from "../../src/kinds/sku/partition.ts"
import type { SkuHeardDecision, SkuInput, SkuOutput, SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"

/** Records that a reign is told of what came before it: genesis, and its claim. */
const firstRecords = 2

/** A message's body, and a SKU that it is about. */
export interface MessageText {
  readonly sku: string
  readonly text: string
}

export interface LoneEngine {
  /** The caller's clock, and the broker's. */
  nowMs: EpochMs
  /** Messages that were told to come back. */
  readonly busy: number
  /** The decisions of the newest reply. */
  readonly lastSaid: ReadonlyArray<SkuHeardDecision>
  /** How often each outcome was said, refusals by their reason. */
  readonly outcomes: ReadonlyMap<string, number>
  readonly put: (input: SkuInput) => void
  /** Hands over messages about the SKU, each a body as text. */
  readonly hand: (texts: ReadonlyArray<string>, sender?: string, commandClass?: CommandClass) => void
  /** The same of messages about any SKUs, each with one that it is about. */
  readonly handAbout: (messages: ReadonlyArray<MessageText>, sender?: string, commandClass?: CommandClass) => void
}

/** The outcome in one word: that of a refusal is its reason. */
const wordOf = (said: SkuHeardDecision): string => (said.outcome === "refused" ? said.reason : said.outcome)

const messageOf = (text: string, sku: string, sender: string, commandClass: CommandClass, publishedMs: EpochMs): SkuTakenMessage => {
  const body = new TextEncoder().encode(text)
  return {
    sender: sender as SenderId,
    class: commandClass,
    bulk: false,
    key: sku as Sku,
    reply: "r",
    publishedMs,
    trace: null,
    bytes: body.length,
    body: engineCodec.decodeBody(body),
  }
}

class Alone implements LoneEngine {
  nowMs: EpochMs
  busy = 0
  lastSaid: ReadonlyArray<SkuHeardDecision> = []
  readonly outcomes = new Map<string, number>()
  readonly #step = makeStep({ codec: engineCodec, rules: protocolRules })
  readonly #partition = emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords: Number.MAX_SAFE_INTEGER })
  readonly #sku: string
  readonly #onRecord: (record: StoredRecord) => void
  readonly #onStep: (step: () => ReadonlyArray<SkuOutput>) => ReadonlyArray<SkuOutput>
  #journalSeq = 0
  readonly #first: Array<StoredRecord> = []

  constructor(nowMs: EpochMs, { sku = "A", onRecord = () => undefined, onStep = (step) => step() }: Watched) {
    this.nowMs = nowMs
    this.#sku = sku
    this.#onRecord = onRecord
    this.#onStep = onStep
  }

  readonly put = (input: SkuInput): void => {
    for (const output of this.#onStep(() => this.#step(this.#partition, input))) this.#answer(output)
  }

  readonly hand = (texts: ReadonlyArray<string>, sender?: string, commandClass?: CommandClass): void =>
    this.handAbout(
      texts.map((text) => ({ sku: this.#sku, text })),
      sender,
      commandClass,
    )

  readonly handAbout = (messages: ReadonlyArray<MessageText>, sender = "web", commandClass: CommandClass = "sell"): void => {
    const { nowMs } = this
    const taken = messages.map(({ text, sku }) => messageOf(text, sku, sender, commandClass, nowMs))
    this.put({ _tag: "CommandsHanded", nowMs, messages: taken })
  }

  #answer(output: SkuOutput): void {
    const { nowMs } = this
    if (output._tag === "Append") {
      const seq = ++this.#journalSeq
      const record = { seq, messageId: output.messageId, bytes: output.bytes }
      if (seq <= firstRecords) this.#first.push(record)
      this.#onRecord(record)
      this.put({ _tag: "AppendAcked", nowMs, messageId: output.messageId, seq, duplicate: false })
    } else if (output._tag === "ReadClaimBasis")
      this.put({ _tag: "ClaimBasisRead", nowMs, ask: output.ask, basis: { endSeq: 0, incarnation: null, witness: null, halt: null } })
    else if (output._tag === "ReadForRepublish")
      this.put({ _tag: "RepublishRead", nowMs, records: this.#first.slice(output.fromSeq - 1, output.toSeq) })
    else if (output._tag === "SendFeed") this.put({ _tag: "FeedSent", nowMs, group: output.group })
    else if (output._tag === "SayBusy") this.busy += output.messages.length
    else if (output._tag === "Halted") throw new Error(output.halt.detail)
    else if (output._tag === "SendReplies") {
      for (const { decisions } of output.replies) {
        this.lastSaid = decisions
        for (const said of decisions) this.outcomes.set(wordOf(said), (this.outcomes.get(wordOf(said)) ?? 0) + 1)
      }
      this.put({ _tag: "RepliesSent", nowMs, seq: output.seq })
    }
  }
}

export interface Watched {
  /** What the SKU is called. Default: `A`. */
  readonly sku?: string
  /** Hears of every record once it is stored. */
  readonly onRecord?: (record: StoredRecord) => void
  /** Takes a step, and may measure it. */
  readonly onStep?: (step: () => ReadonlyArray<SkuOutput>) => ReadonlyArray<SkuOutput>
}

/** An owner that serves from `nowMs` on, with one channel (`web`) that sells one SKU, of which `stockQty` units are there. */
export const serveAlone = (nowMs: EpochMs, stockQty: number, watched: Watched = {}): LoneEngine => {
  const engine = new Alone(nowMs, watched)
  const { sku = "A" } = watched
  engine.put({ _tag: "SnapshotMissing", nowMs })
  engine.put({ _tag: "BrokerTimeSeen", nowMs, brokerMs: nowMs })
  engine.put({ _tag: "Claim", nowMs, owner: "load", incarnation: "load" })
  const channel = '{"channel":"web","priority":0,"bufferQty":0,"bufferPercent":0,"floorQty":0,"fenceQty":0}'
  const policy = `{"version":1,"channels":[${channel}],"safety":[],"sourcing":[]}`
  engine.hand(
    [`{"v":1,"type":"ReceiveStock","id":"s","sku":"${sku}","issuedAtMs":${nowMs},"location":"DC1","qty":${stockQty}}`],
    "dc",
    "stock",
  )
  engine.hand([`{"v":1,"type":"SetPolicy","id":"p","sku":"${sku}","issuedAtMs":${nowMs},"policy":${policy}}`], "plan", "policy")
  return engine
}
