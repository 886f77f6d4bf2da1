/**
 * What somebody with the administrator's credentials can do to a journal behind Holdfast's back: delete it and make it anew, put another's records into it,
 * restore it from a copy.
 */
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream"
import { connect } from "@nats-io/transport-node"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { StoredRecord } from "../../src/engine/records.ts"
import { Journals } from "../../src/ports/broker.ts"
import { journalStream, journalSubject } from "../../src/wire/subjects.ts"
import type { Rig } from "./rig.ts"

/** A journal as it is, to be restored later. */
export const copyOf = (rig: Rig, partition: number): Promise<ReadonlyArray<StoredRecord>> =>
  rig.asWorker(
    Effect.gen(function* () {
      const journals = yield* Journals
      const read = yield* Stream.runCollect(journals.read(partition, 1, yield* journals.endSeq(partition)))
      return read.flat()
    }),
  )

const asAdmin = async <A>(rig: Rig, act: (jsm: JetStreamManager, js: JetStreamClient) => Promise<A>): Promise<A> => {
  const { user, password } = rig.server.credentials.admin
  const nc = await connect({ servers: rig.server.url, user, pass: password })
  try {
    return await act(await jetstreamManager(nc), jetstream(nc))
  } finally {
    await nc.close()
  }
}

/** Deletes the journal and makes it anew, with these records in it. */
export const replaceJournal = (rig: Rig, partition: number, records: ReadonlyArray<StoredRecord>): Promise<void> =>
  asAdmin(rig, async (jsm, js) => {
    const { config } = await jsm.streams.info(journalStream("sku", partition))
    await jsm.streams.delete(journalStream("sku", partition))
    await jsm.streams.add(config)
    for (const { messageId, bytes } of records) await js.publish(journalSubject("sku", partition), bytes, { msgID: messageId })
  })

/** Writes the last of these records at the journal's end, whoever owns it. */
export const intrude = (rig: Rig, partition: number, records: ReadonlyArray<StoredRecord>): Promise<void> =>
  asAdmin(rig, async (_, js) => {
    await js.publish(journalSubject("sku", partition), records.at(-1)?.bytes, { msgID: "an-intruder" })
  })
