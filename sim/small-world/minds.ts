/**
 * Every distinct state that a worker's partition was ever in, each kept once, and what each input makes of it.
 *
 * The engine is deterministic: one state and one input give one state and one list of outputs. A world of two workers meets the same pair of them
 * in thousands of arrangements of everything else, so each pair is stepped once, on a copy, and remembered. What is explored is the real `step`
 * all the same; only its repetition is saved.
 */
import type { ProtocolRules } from "../../src/engine/protocol.ts"
import { emptyPartition, makeStep } from "../../src/kinds/sku/partition.ts"
import type { SkuEngineCodec, SkuInput, SkuOutput, SkuPartition } from "../../src/kinds/sku/types.ts"
import { copyState, fingerprint } from "./plain-state.ts"

/** One state of a partition. Never stepped itself: whoever wants to know what comes of it steps a copy. */
export interface Mind {
  readonly id: number
  readonly partition: SkuPartition
  /** What inputs make of it, by the input's key. */
  readonly known: Map<string, Stepped>
}

/** What an input came to. */
export interface Stepped {
  readonly mind: Mind
  readonly outputs: ReadonlyArray<SkuOutput>
}

/** The minds of one exploration. */
export interface Minds {
  /** A partition that knows nothing yet. */
  readonly newborn: Mind
  /** `key` names the input: equal keys must mean equal inputs. */
  readonly step: (mind: Mind, key: string, input: () => SkuInput) => Stepped
  /** Distinct states, and steps really taken. */
  readonly counts: () => { readonly minds: number; readonly steps: number }
}

export const createMinds = (options: {
  readonly codec: SkuEngineCodec
  readonly rules: ProtocolRules
  readonly snapshotEveryRecords: number
}): Minds => {
  const engineStep = makeStep(options)
  const minds = new Map<string, Mind>()
  let steps = 0
  const intern = (partition: SkuPartition): Mind => {
    // Which sender's memory is swept next is left out: nothing in it is old enough to be swept, which takes a day.
    if (partition.reign !== null) partition.reign.nextSenderToForget = 0
    // The exact text would do as the key; its hash keeps a million of them in memory.
    const key = options.codec.sha256(fingerprint(partition))
    const seen = minds.get(key)
    if (seen !== undefined) return seen
    const mind: Mind = { id: minds.size, partition, known: new Map() }
    minds.set(key, mind)
    return mind
  }
  const newborn = intern(emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords: options.snapshotEveryRecords }))
  const step = (mind: Mind, key: string, input: () => SkuInput): Stepped => {
    const seen = mind.known.get(key)
    if (seen !== undefined) return seen
    const partition = copyState(mind.partition)
    const outputs = engineStep(partition, input())
    steps += 1
    const stepped: Stepped = { mind: intern(partition), outputs }
    mind.known.set(key, stepped)
    return stepped
  }
  return { newborn, step, counts: () => ({ minds: minds.size, steps }) }
}
