/** What may come when nothing waits for it is passed over, without a word and without a change. */
import { expect, it } from "vitest"
import { mayComeLate } from "../../src/engine/late.ts"
import type { SkuInput } from "../../src/kinds/sku/types.ts"
import { serving, Worker } from "./rig.ts"

/** All fields of an input but those that each has; what stands in them is nobody's. */
type Late<Tag extends SkuInput["_tag"]> = Readonly<
  Record<Exclude<keyof Extract<SkuInput, { readonly _tag: Tag }>, "_tag" | "nowMs">, unknown>
>

/** An input of each kind as nobody asked for it; undefined: it is heard at any time. */
const examples: { readonly [Tag in SkuInput["_tag"]]: Late<Tag> | undefined } = {
  SnapshotRead: { manifest: {}, chunks: [] },
  SnapshotMissing: {},
  SnapshotNewer: { version: 2 },
  RecordsRead: { records: [] },
  Claim: { owner: "late", incarnation: "late" },
  ClaimBasisRead: { ask: 99, basis: {} },
  ClaimBasisNewer: { ask: 99, cause: "late" },
  ReadFailed: { what: "CommandAt" },
  AppendAcked: { messageId: "late", seq: 9, duplicate: false },
  AppendUnknown: { messageId: "late", cause: "late" },
  JournalEndRead: { endSeq: 1, record: null },
  CommandsArrived: { messages: [] },
  CommandsHanded: undefined,
  ReturnsHeard: { returns: [] },
  ReadingBroke: undefined,
  CommandAtRead: { seq: 999, message: null, firstSeq: 1, lastSeq: 1_000, nextSeq: null, fill: 0 },
  BrokerTimeSeen: undefined,
  WitnessStored: { stands: null },
  WitnessUnread: { unread: { _tag: "Damaged", cause: "late" } },
  HaltCleared: {},
  RepliesSent: { seq: 999 },
  FeedSent: { group: 999 },
  FeedFailed: { group: 999 },
  FeedSeen: { channel: "nobody", key: "none", version: 1, shown: 0 },
  RepublishRead: { records: [] },
  RecalledRead: { seq: 999, record: null },
  ChunkStored: { snapshot: "late", index: 0 },
  SnapshotFailed: { snapshot: "late", cause: "late" },
  Tick: undefined,
  Continue: {},
  Drain: undefined,
  LeaseLost: undefined,
}

it.each(Object.entries(examples))("%s", (tag, fields) => {
  expect(mayComeLate[tag as SkuInput["_tag"]]).not.toBe("")
  if (fields === undefined) return
  for (const worker of [serving(10), new Worker(serving(10).broker, "b").follow()]) {
    worker.settle()
    const { phase, confirmedSeq, cursor } = worker.partition
    const outputs = worker.put({ _tag: tag, ...fields } as Parameters<Worker["put"]>[0])
    // A follower may well be asked to become owner.
    if (tag === "Claim" && phase === "following") continue
    expect(outputs).toEqual([])
    expect(worker.partition).toMatchObject({ phase, confirmedSeq, cursor })
  }
})
