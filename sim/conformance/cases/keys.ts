/** Cases of streams that keep the newest of every subject: keys with a time to live, snapshots, guards by subject. */
import type { Case, CaseStream, Publish, PublishStep, Step } from "../case.ts"

const keys: readonly [CaseStream] = [{ kind: "keys" }]
const snapshots: readonly [CaseStream] = [{ kind: "snapshots" }]
const all = "$KV.HF_LEASES.>"

const key = (name: string, body: string, lastSubjectSeq?: number, ttlMs?: number): Publish => ({
  subject: `$KV.HF_LEASES.${name}`,
  body,
  ...(lastSubjectSeq === undefined ? {} : { lastSubjectSeq }),
  ...(ttlMs === undefined ? {} : { ttlMs }),
})
const puts = (name: string, body: string, lastSubjectSeq?: number, ttlMs?: number): PublishStep => ({
  do: "publish",
  ...key(name, body, lastSubjectSeq, ttlMs),
})
const last = (name: string): Step => ({ do: "last", subject: `$KV.HF_LEASES.${name}` })
const deletes = (name: string, lastSubjectSeq?: number): Step => ({ ...puts(name, "", lastSubjectSeq), headers: "KV-Operation: DEL" })

const values: ReadonlyArray<Case> = [
  {
    name: "a key is created at 0, updated at its revision, deleted by a marker, and created anew at the marker's revision",
    streams: keys,
    steps: [
      puts("lease.0", "a", 0),
      puts("lease.0", "b", 0),
      puts("lease.0", "b", 1),
      puts("lease.0", "c", 1),
      deletes("lease.0", 1),
      deletes("lease.0", 2),
      last("lease.0"),
      puts("lease.0", "d", 0),
      puts("lease.0", "d", 3),
      last("lease.0"),
      last("lease.1"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "only the newest of each key stays: the others leave holes, and the first moves on when it is replaced",
    streams: keys,
    steps: [
      puts("a", "1"),
      puts("b", "1"),
      puts("b", "2"),
      puts("a", "2"),
      { do: "info" },
      { do: "at", seq: 1 },
      { do: "at", seq: 2 },
      { do: "at", seq: 3 },
      { do: "next", seq: 1, filter: all },
      { do: "read", from: 1, filter: all },
      { do: "read", from: "latest", filter: all },
      { do: "read", from: 4, filter: all },
      { do: "read", from: "latest", filter: "$KV.HF_LEASES.b" },
      puts("b", "3"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a key is not deleted by its sequence, but may be purged",
    streams: keys,
    steps: [
      puts("a", "1"),
      puts("b", "1"),
      { do: "delete", seq: 1 },
      { do: "purge", filter: "$KV.HF_LEASES.a" },
      { do: "info" },
      last("a"),
      puts("a", "2", 1),
      puts("a", "2", 0),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "chunks of a snapshot are replaced one by one, and purged together",
    streams: snapshots,
    steps: [
      ...[0, 1, 2].map((index): Step => ({ do: "publish", subject: `hf.snap.sku.3.s1.${index}`, body: `chunk ${index}` })),
      { do: "publish", subject: "hf.snap.sku.3.manifest", body: "s1", lastSubjectSeq: 0 },
      { do: "publish", subject: "hf.snap.sku.3.manifest", body: "s2", lastSubjectSeq: 0 },
      { do: "publish", subject: "hf.snap.sku.3.s1.1", body: "chunk 1 again" },
      { do: "publish", subject: "hf.snap.sku.33.s1.1", body: "another partition's" },
      { do: "read", from: 1, filter: "hf.snap.sku.3.s1.*" },
      { do: "purge", filter: "hf.snap.sku.3.s1.*" },
      { do: "read", from: 1, filter: ">" },
      { do: "publish", subject: "hf.snap.sku.3.manifest", body: "s2", lastSubjectSeq: 4 },
      { do: "publish", subject: "hf.snap.sku.3.s1", body: "taken by nobody" },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a stream full of last values takes a newer one on one server, and no more on three",
    streams: [{ kind: "snapshots", messagesMax: 2 }],
    steps: [
      { do: "publish", subject: "hf.snap.sku.0.s.0", body: "1" },
      { do: "publish", subject: "hf.snap.sku.0.s.1", body: "1" },
      { do: "publish", subject: "hf.snap.sku.0.s.1", body: "2" },
      { do: "publish", subject: "hf.snap.sku.0.s.2", body: "1" },
      { do: "info" },
    ],
    differs: true,
  },
  {
    // A message takes 30 bytes, 17 of its subject, and its body: both fill the stream to its last byte.
    name: "the same for bytes, if the newer value is no longer",
    streams: [{ kind: "snapshots", bytesMax: 2 * 57 }],
    steps: [
      { do: "publish", subject: "hf.snap.sku.0.s.0", body: "1234567890" },
      { do: "publish", subject: "hf.snap.sku.0.s.1", body: "1234567890" },
      { do: "publish", subject: "hf.snap.sku.0.s.1", body: "12345678901" },
      { do: "publish", subject: "hf.snap.sku.0.s.1", body: "abcdefghij" },
      { do: "read", from: 1, filter: ">" },
    ],
    differs: true,
  },
]

const endings: ReadonlyArray<Case> = [
  {
    name: "a key whose time is up leaves a marker, in its place and with a sequence of its own",
    streams: keys,
    steps: [
      puts("lease.0", "a", 0, 1_000),
      puts("lease.1", "b", 0),
      { do: "until", lastSeq: 3 },
      last("lease.0"),
      { do: "at", seq: 1 },
      { do: "info" },
      { do: "read", from: "latest", filter: all },
      puts("lease.0", "a", 1, 1_000),
      puts("lease.0", "c", 0, 1_000),
      puts("lease.0", "c", 3, 60_000),
      last("lease.0"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a key that is renewed lives on, and one that is written without a time to live stays for ever",
    streams: keys,
    steps: [
      puts("renewed", "a", 0, 1_000),
      puts("renewed", "a", 1, 60_000),
      puts("permanent", "a", 0, 1_000),
      puts("permanent", "a", 3),
      puts("left", "a", 0, 1_000),
      { do: "until", lastSeq: 6 },
      { do: "read", from: 1, filter: all },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a marker ends too, and leaves nothing",
    streams: [{ kind: "keys", markerMs: 1_000 }],
    steps: [
      puts("a", "1", 0, 1_000),
      { do: "until", lastSeq: 2 },
      last("a"),
      { do: "until", count: 0 },
      { do: "info" },
      puts("a", "2", 2),
      puts("a", "2", 0),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a time to live counts in whole seconds, and is at least one",
    streams: keys,
    steps: [puts("a", "1", 0, 500), puts("a", "1", 0, 1_900), { do: "until", lastSeq: 2 }, last("a"), { do: "info" }],
    differs: false,
  },
  {
    name: "a deletion with a time to live ends by a marker as well",
    streams: keys,
    steps: [
      puts("a", "1"),
      { ...puts("a", "", 1, 1_000), headers: "KV-Operation: DEL" },
      { do: "until", lastSeq: 3 },
      last("a"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a purge marker of a key-value store with a time to live ends without another",
    streams: keys,
    steps: [
      puts("b", "1"),
      { ...puts("a", "", 0, 1_000), headers: "KV-Operation: PURGE\nNats-Rollup: sub" },
      { do: "until", count: 1 },
      last("a"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a key renewed in its last moment is acknowledged on three servers, and then gone",
    streams: keys,
    only: 3,
    steps: [
      puts("a", "1", 0, 1_000),
      { do: "hold" },
      { do: "send", messages: [key("a", "2", 1, 60_000)] },
      { do: "pass", ms: 1_600 },
      { do: "release" },
      { do: "until", lastSeq: 3 },
      last("a"),
      { do: "info" },
    ],
    differs: false,
  },
]

const guards: ReadonlyArray<Case> = [
  {
    name: "writes of one key that are sent at once, each expecting the one before: all pass on one server, the first on three",
    streams: keys,
    steps: [
      { do: "hold" },
      { do: "send", messages: [key("a", "1", 0), key("a", "2", 1), key("a", "3", 2), key("b", "1", 0)] },
      { do: "release" },
      { do: "read", from: 1, filter: all },
    ],
    differs: true,
  },
  {
    name: "a guarded write is refused without a number while any write of its subject is on its way on three servers",
    streams: keys,
    steps: [
      puts("a", "1"),
      { do: "hold" },
      { do: "send", messages: [key("a", "2"), key("a", "3", 1), key("a", "3", 2), key("a", "4")] },
      { do: "release" },
      puts("a", "5", 2),
      { do: "info" },
    ],
    differs: true,
  },
  {
    name: "a guard by a filter does not see a write on its way on three servers: the guarded one lands behind it",
    streams: keys,
    steps: [
      { do: "hold" },
      { do: "send", messages: [key("d.a", "unguarded"), { ...key("d.b", "guarded", 0), lastSubjectFilter: "$KV.HF_LEASES.d.>" }] },
      { do: "release" },
      { do: "read", from: 1, filter: all },
    ],
    differs: true,
  },
  {
    name: "two spellings of one filter do not see each other on three servers, one spelling sees itself",
    streams: keys,
    steps: [
      { do: "hold" },
      {
        do: "send",
        messages: [
          { ...key("d.a", "by >", 0), lastSubjectFilter: "$KV.HF_LEASES.d.>" },
          { ...key("d.b", "by *", 0), lastSubjectFilter: "$KV.HF_LEASES.d.*" },
          { ...key("d.c", "by > again", 0), lastSubjectFilter: "$KV.HF_LEASES.d.>" },
        ],
      },
      { do: "release" },
      { do: "read", from: 1, filter: all },
    ],
    differs: true,
  },
  {
    name: "a filter is expected at the newest of all that it takes, and need not take what is written",
    streams: keys,
    steps: [
      puts("d.a", "1"),
      puts("d.b", "2"),
      puts("e", "3"),
      { ...puts("e", "4", 1), lastSubjectFilter: "$KV.HF_LEASES.d.*" },
      { ...puts("e", "4", 2), lastSubjectFilter: "$KV.HF_LEASES.d.*" },
      { ...puts("e", "5", 0), lastSubjectFilter: "$KV.HF_LEASES.f.*" },
      { do: "info" },
    ],
    differs: false,
  },
]

const order: ReadonlyArray<Case> = [
  {
    name: "one server names the last sequence of the subject first, three that of the stream",
    streams: keys,
    steps: [puts("a", "1"), puts("b", "1"), { ...puts("a", "2", 9), lastSeq: 7 }, { ...puts("a", "2", 1), lastSeq: 7 }, { do: "info" }],
    differs: true,
  },
  {
    name: "a time to live that is too short is refused last on one server and first on three",
    streams: keys,
    steps: [
      { ...puts("a", "1"), id: "x" },
      { ...puts("a", "2", 9, 500), id: "x" },
      { ...puts("a", "2", 1, 500), id: "x" },
      puts("a", "2", 1, 500),
      { do: "info" },
    ],
    differs: true,
  },
  {
    name: "where no time to live is allowed, one that is too short is invalid on one server and disabled on three",
    streams: [{ kind: "commands", duplicateWindowMs: 60_000, messagesMax: 1 }],
    steps: [
      { do: "publish", subject: "hf.q.sku.0", id: "x", body: "1" },
      { do: "publish", subject: "hf.q.sku.0", ttlMs: 500 },
      { do: "publish", subject: "hf.q.sku.0", id: "x", ttlMs: 500 },
      { do: "publish", subject: "hf.q.sku.0", id: "x", ttlMs: 1_000 },
      { do: "publish", subject: "hf.q.sku.0", lastSeq: 7, ttlMs: 1_000 },
    ],
    differs: true,
  },
  {
    name: "a known id comes before a rollup that is not permitted, and so does a wrong last sequence",
    streams: [{ kind: "commands", duplicateWindowMs: 60_000, messagesMax: 1 }],
    steps: [
      { do: "publish", subject: "hf.q.sku.0", id: "x", body: "1" },
      { do: "publish", subject: "hf.q.sku.0", headers: "Nats-Rollup: all", id: "x" },
      { do: "publish", subject: "hf.q.sku.0", headers: "Nats-Rollup: all", lastSeq: 7 },
      { do: "publish", subject: "hf.q.sku.0", headers: "Nats-Rollup: all" },
    ],
    differs: false,
  },
]

export const keysCases: ReadonlyArray<Case> = [...values, ...endings, ...guards, ...order]
