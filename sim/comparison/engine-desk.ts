/**
 * One partition of the real engine with everything around it healthy: a journal in memory that confirms at once, a commands stream that delivers at once.
 *
 * Who asks is answered in the same moment; lag is put around it by whoever uses it. The decisions, the journal and the feed are the production code's own.
 */
import { assert, unreachable } from "../../src/assert.ts"
import type { SenderId } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { classOf } from "../../src/domain/sku/commands.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { emptyPartition, makeStep } from "../../src/kinds/sku/partition.ts"
import type { AtsValue, SkuHeardDecision, SkuInput, SkuOutput, SkuPartition, SkuStep } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { storedAlone } from "../../src/workload/stored-alone.ts"

/** Without the time, which the desk adds. */
type Answer = SkuInput extends infer One ? (One extends unknown ? Omit<One, "nowMs" | "wallMs"> : never) : never

/** What came of one command: its decision, and the ATS values that changed with it. */
export interface Decided {
  readonly said: SkuHeardDecision
  readonly feed: ReadonlyArray<AtsValue>
}

const utf8 = new TextEncoder()

export class EngineDesk {
  readonly journal: Array<StoredRecord> = []
  readonly #partition: SkuPartition
  readonly #step: SkuStep
  readonly #unanswered: Array<SkuOutput> = []
  #nowMs: number
  #commandSeq = 0
  #said: Array<SkuHeardDecision> = []
  #feed: Array<AtsValue> = []

  /** `startMs`: the time since 1970 at which its owner claims the partition. */
  constructor(startMs: number) {
    this.#nowMs = startMs
    // One partition, and no snapshot: nothing is ever recovered here.
    this.#partition = emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords: Number.MAX_SAFE_INTEGER })
    this.#step = makeStep({ codec: engineCodec, rules: protocolRules })
    this.#put({ _tag: "SnapshotMissing" })
    this.#put({ _tag: "BrokerTimeSeen", brokerMs: this.#nowMs })
    this.#put({ _tag: "Claim", owner: "comparison", incarnation: "comparison" })
    this.#settle()
    assert(this.#partition.phase === "serving", "the engine serves once its claim is journaled")
  }

  /** Stores the command at this time (milliseconds since 1970, never falling) and returns what was decided and journaled. */
  decide(sender: string, command: Command, nowMs: number): Decided {
    this.#nowMs = Math.max(this.#nowMs, nowMs)
    const seq = ++this.#commandSeq
    this.#put({ _tag: "BrokerTimeSeen", brokerMs: this.#nowMs })
    const sent = { sender: sender as SenderId, class: classOf[command.type], key: command.sku, reply: `c.${seq}`, publishedMs: this.#nowMs }
    this.#put({ _tag: "CommandsArrived", messages: [storedAlone(0, seq, sent, utf8.encode(engineCodec.commandText(command)))] })
    this.#settle()
    const [said] = this.#said
    assert(said !== undefined && this.#said.length === 1, "one command has one decision, said at once")
    const feed = this.#feed
    this.#said = []
    this.#feed = []
    return { said, feed }
  }

  #put(answer: Answer): void {
    this.#unanswered.push(...this.#step(this.#partition, { ...answer, nowMs: this.#nowMs, wallMs: this.#nowMs } as SkuInput))
  }

  #settle(): void {
    for (let output = this.#unanswered.shift(); output !== undefined; output = this.#unanswered.shift()) this.#answer(output)
  }

  /** As a healthy broker would. What only a journal of former owners, a snapshot or a passing second brings about never comes. */
  #answer(output: SkuOutput): void {
    switch (output._tag) {
      case "FollowJournal":
        return this.#put({ _tag: "RecordsRead", records: this.journal.slice(output.fromSeq - 1) })
      case "ReadRecords":
        return this.#put({ _tag: "RecordsRead", records: this.journal.slice(output.fromSeq - 1, output.toSeq) })
      case "ReadRecalled":
        return this.#put({ _tag: "RecalledRead", seq: output.seq, record: this.journal[output.seq - 1] ?? null })
      case "ReadForRepublish":
        return this.#put({ _tag: "RepublishRead", records: this.journal.slice(output.fromSeq - 1, output.toSeq) })
      case "ReadClaimBasis":
        return this.#put({
          _tag: "ClaimBasisRead",
          ask: output.ask,
          basis: { endSeq: this.journal.length, incarnation: null, witness: null, halt: null },
        })
      case "Append": {
        assert(output.expectedSeq === this.journal.length, "a lone owner expects the end of its journal")
        const seq = this.journal.push({ seq: output.expectedSeq + 1, messageId: output.messageId, bytes: output.bytes })
        return this.#put({ _tag: "AppendAcked", messageId: output.messageId, seq, duplicate: false })
      }
      case "SendReplies":
        for (const reply of output.replies) this.#said.push(...reply.decisions)
        return this.#put({ _tag: "RepliesSent", seq: output.seq })
      case "SendFeed":
        this.#feed.push(...output.values)
        return this.#put({ _tag: "FeedSent", group: output.group })
      case "Halted":
      case "SteppedDown":
        throw new Error(`the engine stopped: ${JSON.stringify(output)}`)
      case "StopFollowing":
      case "StoreIncarnation":
      case "ReadJournalEnd":
      case "ReadCommands":
      case "PauseReading":
      case "ResumeReading":
      case "ReadCommandAt":
      case "PurgeCommands":
      case "SayBusy":
      case "Throttle":
      case "WatchFeed":
      case "StoreWitness":
      case "StoreChunk":
      case "PublishSnapshot":
      case "DiscardSnapshot":
      case "ContinueSoon":
      case "ClaimEnded":
      case "ReignEnded":
      case "Serving":
      case "ClearHalt":
      case "BatchConfirmed":
      case "Alarm":
      case "SendCarried":
      case "SendReturns":
        return
      default:
        return unreachable(output)
    }
  }
}
