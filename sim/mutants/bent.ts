/** Mutants between the node and the engine: an answer misread, a question asked otherwise. */
import type { SkuInput, SkuOutput, SkuStep } from "../../src/kinds/sku/types.ts"
import { bites } from "./marker.ts"
import type { Mutant } from "./mutant.ts"

/** An answer that says that the sequence was wrong, taken for a yes. */
const wrongSequenceIsYes =
  (step: SkuStep): SkuStep =>
  (partition, input) => {
    const pending = partition.inFlight?.pending
    const isWrongSequence = input._tag === "AppendUnknown" && /^(10071|10164) /.test(input.cause)
    if (!isWrongSequence || pending?.messageId !== input.messageId) return step(partition, input)
    bites()
    const { messageId, nowMs } = input
    const acked: SkuInput = { _tag: "AppendAcked", messageId, seq: pending.expectedSeq + 1, duplicate: false, nowMs }
    return step(partition, acked)
  }

const retryAtOnce =
  (step: SkuStep): SkuStep =>
  (partition, input) => {
    const { inFlight } = partition
    if (input._tag !== "AppendUnknown" || inFlight === null || inFlight.pending.messageId !== input.messageId) return step(partition, input)
    bites()
    const { expectedSeq, messageId } = inFlight.pending
    return [{ _tag: "Append", expectedSeq, messageId, bytes: inFlight.bytes }]
  }

/** Commands read from those that are new now, instead of from the cursor on. */
const readFromNew =
  (step: SkuStep): SkuStep =>
  (partition, input) => {
    const outputs = step(partition, input)
    if (input._tag !== "CommandAtRead") return outputs
    return outputs.map((output): SkuOutput => {
      const isBehind = output._tag === "ReadCommands" && output.fromSeq <= input.lastSeq
      return isBehind && bites() ? { ...output, fromSeq: input.lastSeq + 1 } : output
    })
  }

export const bent: ReadonlyArray<Mutant> = [
  {
    name: "wrong-sequence-is-success",
    breaks: "takes 'wrong last sequence' for an acknowledgement",
    guarantee: "INV-3",
    expected: ["heard-means-journaled", "replies", "chain", "acknowledged-appends", "halts"],
    profile: "last-unit",
    families: ["jitter", "leases", "pauses", "spikes"],
    drawn: { leaseTtlMs: 1_000, faultChance: 60 },
    budget: 30,
    bent: wrongSequenceIsYes,
  },
  {
    name: "unbounded-retry",
    breaks: "sends a record again at once whatever the answer was, without looking and without pausing",
    guarantee: "INV-7",
    expected: ["retry-storm"],
    profile: "last-unit",
    families: ["jitter", "elections"],
    drawn: { faultChance: 100 },
    budget: 20,
    bent: retryAtOnce,
  },
  {
    name: "reading-from-new",
    breaks: "begins to read commands at the end of their stream instead of behind its cursor",
    guarantee: "INV-7",
    expected: ["messages-decided", "completeness", "one-answer"],
    profile: "last-unit",
    families: ["jitter", "crashes", "handovers"],
    drawn: { faultChance: 25 },
    budget: 20,
    bent: readFromNew,
  },
]
