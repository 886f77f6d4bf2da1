/**
 * What a cluster of the release before leaves to this one: a journal for each partition whose records are of version 1 and whose cursor is of the stream that senders wrote to, and
 * that stream, which still takes messages until ingresses begin.
 */
import { sha256 } from "../../src/wire/hash.ts"
import { sealOf } from "../../src/wire/sealed.ts"
import { worldStartMs } from "../world/world.ts"
import type { Server } from "./server.ts"

/** How long ago the earlier release began. */
const agoMs = 60_000

const sealed = (record: object): Uint8Array => {
  const text = JSON.stringify(record).slice(0, -1)
  const bytes = Buffer.from(text, "utf8")
  return new Uint8Array(Buffer.from(`${text}${sealOf(bytes, bytes.length)}`, "utf8"))
}

/** The beginning of a journal as that release wrote it: who began it, and who claimed it. */
const beginning = (partition: number): ReadonlyArray<Uint8Array> => {
  const envelope = {
    partition,
    incarnation: `former-${partition}`,
    owner: `former-${partition}-owner`,
    cursor: { seq: 0, digest: "" },
    publishedSeq: 0,
    entries: [],
  }
  const genesis = sealed({ v: 1, kind: "genesis", ...envelope, epoch: 0, atMs: worldStartMs - agoMs, prevSeq: 0, prevHash: "" })
  const claim = { v: 1, kind: "claim", ...envelope, epoch: 1, atMs: worldStartMs - agoMs, prevSeq: 1, prevHash: sha256(genesis) }
  return [genesis, sealed(claim)]
}

/** Leaves all that to a world that begins. */
export const beginFormer = (server: Server, partitions: number): void => {
  server.openFormer()
  for (let partition = 0; partition < partitions; partition++) {
    for (const [at, bytes] of beginning(partition).entries()) server.putRecord(partition, `former-${partition}-owner.${at}.${at}`, bytes)
    server.putIncarnation(partition, `former-${partition}`)
  }
}
