/** Models that are wrong on purpose: the suite has to tell each from the servers. */
import type { MakeStream } from "../../../sim/conformance/model.ts"
import { type Proposal, type Proposed, type StreamConfig, StreamModel } from "../../../sim/substitutes/stream.ts"

const other = (replicas: 1 | 3): 1 | 3 => (replicas === 1 ? 3 : 1)

/** Remembers an id whatever became of its message. */
class RemembersRefused extends StreamModel {
  readonly #refused = new Set<string>()

  override propose(...args: Parameters<StreamModel["propose"]>): Proposed {
    const id = args[4]?.messageId ?? ""
    if (this.#refused.has(id)) return { _tag: "Duplicate", seq: this.lastSeq }
    const proposed = super.propose(...args)
    if (proposed._tag === "Refused" && id !== "") this.#refused.add(id)
    return proposed
  }
}

/** Uses the sequences of what was purged again. */
class ReusesSequences extends StreamModel {
  override purge(_prefix: string, beforeSeq: number): void {
    this.loseTail(Math.max(0, Math.min(beforeSeq, this.lastSeq + 1) - 1))
  }
}

/** Counts only what is stored, not what is on its way. */
class ForgetsFlight extends StreamModel {
  readonly #late: Array<Proposal> = []

  override propose(...args: Parameters<StreamModel["propose"]>): Proposed {
    const proposed = super.propose(...args)
    if (proposed._tag !== "Proposed") return proposed
    this.drop(proposed.proposal)
    this.#late.push(proposed.proposal)
    return proposed
  }
}

const without =
  (setting: keyof StreamConfig): MakeStream =>
  (config) => {
    const { [setting]: _, ...rest } = config
    return new StreamModel({ name: config.name, replicas: config.replicas, duplicateWindowMs: config.duplicateWindowMs, ...rest })
  }

/** What is wrong with it, and whether it is so on one server and on three. */
export const brokenModels: ReadonlyArray<{ readonly wrong: string; readonly make: MakeStream; readonly on: ReadonlyArray<1 | 3> }> = [
  {
    wrong: "looks at what it is asked in the order of the other number of servers",
    make: (config) => new StreamModel({ ...config, replicas: other(config.replicas) }),
    on: [1, 3],
  },
  { wrong: "remembers the id of what it refused", make: (config) => new RemembersRefused(config), on: [1, 3] },
  { wrong: "uses the sequences of what was purged again", make: (config) => new ReusesSequences(config), on: [1, 3] },
  { wrong: "does not count what is on its way", make: (config) => new ForgetsFlight(config), on: [3] },
  { wrong: "keeps every value of a key", make: without("lastOnly"), on: [1, 3] },
  { wrong: "leaves no marker", make: without("markerMs"), on: [1, 3] },
  { wrong: "has no limit", make: without("bytesMax"), on: [1, 3] },
  {
    wrong: "remembers ids for ever",
    make: (config) => new StreamModel({ ...config, duplicateWindowMs: Number.POSITIVE_INFINITY }),
    on: [1, 3],
  },
  { wrong: "lets records be deleted", make: without("denyDelete"), on: [1, 3] },
]
