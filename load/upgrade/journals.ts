/** What the journals say after an upgrade: how often each command was decided anew, and how often each answer that was owed was given. */
import { Effect, Stream } from "effect"
import type { Kind } from "../../src/domain/kinds.ts"
import { isInternal } from "../../src/domain/names.ts"
import type { JournalRecord } from "../../src/engine/records.ts"
import { type EngineConfig, engineLayer } from "../../src/nats/layer.ts"
import { Journals } from "../../src/ports/broker.ts"
import { engineCodec, orderCodec } from "../../src/wire/codec.ts"

export interface JournalsSeen {
  /** Times each command was decided anew, by sender and id. */
  readonly decided: ReadonlyMap<string, number>
  /** Of those that began something and were to be answered later: times each was answered. */
  readonly answered: ReadonlyMap<string, number>
  /** Who wrote records: one name for each reign. */
  readonly owners: ReadonlySet<string>
}

/** What is no decision of its own: an answer again, or a command that waits for the answer to the first of its id. */
const isAgain: ReadonlySet<string> = new Set(["Repeated", "Pending"])

class Seen implements JournalsSeen {
  readonly decided = new Map<string, number>()
  readonly answered = new Map<string, number>()
  readonly owners = new Set<string>()

  take({ owner, entries }: JournalRecord): void {
    this.owners.add(owner)
    for (const entry of entries) {
      if (entry._tag === "Answered") this.#count(this.answered, `${entry.sender} ${entry.id}`, 1)
      // What partitions of ours send one another is the audit's.
      if (entry._tag !== "Message" || isInternal(entry.sender)) continue
      for (const { command, decision } of entry.decided) {
        if (command === null || isAgain.has(decision._tag)) continue
        this.#count(this.decided, `${entry.sender} ${command.id}`, 1)
        if (decision._tag === "Begun") this.#count(this.answered, `${entry.sender} ${command.id}`, 0)
      }
    }
  }

  #count(times: Map<string, number>, name: string, by: number): void {
    times.set(name, (times.get(name) ?? 0) + by)
  }
}

/** Reads one journal to its end. Throws where this build can't read a record. */
const readJournal = (seen: Seen, kind: Kind, partition: number) =>
  Journals.use((journals) =>
    Effect.gen(function* () {
      const { decodeRecord } = kind === "sku" ? engineCodec : orderCodec
      const endSeq = yield* journals.endSeq(partition)
      yield* Stream.runForEach(journals.read(partition, 1, endSeq), (records) =>
        Effect.sync(() => {
          for (const { seq, bytes } of records) {
            const read = decodeRecord(bytes)
            if (read._tag !== "Record") throw new Error(`record ${seq} of the journal ${kind} ${partition} is ${read._tag}: ${read.cause}`)
            // Of whichever kind: only what all kinds have is looked at.
            seen.take(read.record as JournalRecord)
          }
        }),
      )
    }),
  )

/** Reads all journals of both kinds. `access`: to what is stored. */
export const readJournals = async (access: Omit<EngineConfig, "kind">, partitions: number): Promise<JournalsSeen> => {
  const seen = new Seen()
  for (const kind of ["sku", "order"] as const) {
    const all = Array.from({ length: partitions }, (_, partition) => readJournal(seen, kind, partition))
    await Effect.runPromise(Effect.provide(Effect.all(all), engineLayer({ ...access, kind })))
  }
  return seen
}
