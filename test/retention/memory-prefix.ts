/** A journal in memory as the archivist sees it: it can be purged, and a purge can fail before or after it was done. */
import { Effect, Layer, Stream } from "effect"
import { JournalPrefix } from "../../src/ports/archive.ts"
import { BrokerUnavailable } from "../../src/ports/errors.ts"
import type { Broker } from "../engine/rig.ts"

/** Thrown where a test ends the archiver: nothing of it runs on. */
export class Killed extends Error {
  override readonly name = "Killed"
}

export class MemoryPrefix {
  readonly broker: Broker
  firstSeq = 1
  mayPurge = true
  /** Ends the archiver at its next purge. */
  kill: "before the purge" | "after the purge" | null = null

  constructor(broker: Broker) {
    this.broker = broker
  }

  /** What the stream still holds. */
  held() {
    return this.broker.journal.filter(({ seq }) => seq >= this.firstSeq)
  }

  readonly layer: Layer.Layer<JournalPrefix> = Layer.succeed(JournalPrefix, {
    partitions: Effect.succeed(1),
    held: () =>
      Effect.sync(() => ({
        firstSeq: this.firstSeq,
        lastSeq: this.broker.journal.length,
        bytes: this.held().reduce((sum, { bytes }) => sum + bytes.length, 0),
        mayPurge: this.mayPurge,
      })),
    at: (_, seq) => Effect.sync(() => this.held().find((record) => record.seq === seq) ?? null),
    read: (_, fromSeq, toSeq) => {
      const records = this.held().filter(({ seq }) => seq >= fromSeq && seq <= toSeq)
      return records.length < toSeq - fromSeq + 1
        ? Stream.fail(new BrokerUnavailable({ operation: "read", cause: "a record is not there" }))
        : Stream.fromIterable(records.map((record) => [record]))
    },
    snapshot: () =>
      Effect.sync(() => {
        const { manifest, chunks } = this.broker
        return manifest === null ? null : { manifest, chunks: chunks.get(manifest.id) ?? [] }
      }),
    purge: (_, belowSeq) =>
      Effect.sync(() => {
        const { kill } = this
        this.kill = null
        if (kill === "before the purge") throw new Killed()
        this.firstSeq = Math.max(this.firstSeq, belowSeq)
        if (kill === "after the purge") throw new Killed()
      }),
  })
}
