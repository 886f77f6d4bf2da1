/** What the journals say after an upgrade: how often each command was decided, and how each partition left the stream of the build before. */
import { Effect, Stream } from "effect"
import type { EngineConfig } from "../../src/nats/layer.ts"
import { engineLayer } from "../../src/nats/layer.ts"
import { Journals } from "../../src/ports/broker.ts"
import { engineCodec } from "../../src/wire/codec.ts"

export interface JournalsSeen {
  /** Times each id was decided anew, by sender and id. */
  readonly decided: ReadonlyMap<string, number>
  readonly partitions: ReadonlyArray<{ readonly hadRawCursor: boolean; readonly moved: number }>
}

const readOne = (partition: number, decided: Map<string, number>) =>
  Journals.use((journals) =>
    Effect.gen(function* () {
      const endSeq = yield* journals.endSeq(partition)
      let hadRawCursor = false
      let moved = 0
      yield* Stream.runForEach(journals.read(partition, 1, endSeq), (records) =>
        Effect.sync(() => {
          for (const { bytes } of records) {
            const read = engineCodec.decodeRecord(bytes)
            if (read._tag !== "Record") throw new Error(`a record is ${read._tag}`)
            hadRawCursor ||= read.record.cursor.stream === "raw"
            for (const entry of read.record.entries) {
              if (entry._tag === "Moved") moved++
              if (entry._tag !== "Message") continue
              for (const { command, decision } of entry.decided)
                if (command !== null && decision._tag !== "Repeated") decided.set(command.id, (decided.get(command.id) ?? 0) + 1)
            }
          }
        }),
      )
      return { hadRawCursor, moved }
    }),
  )

export const readJournals = (config: EngineConfig, partitions: number): Promise<JournalsSeen> => {
  const decided = new Map<string, number>()
  const read = Effect.forEach(
    Array.from({ length: partitions }, (_, partition) => partition),
    (partition) => readOne(partition, decided),
  )
  return Effect.runPromise(Effect.map(Effect.provide(read, engineLayer(config)), (found) => ({ decided, partitions: found })))
}
