/** Cases of the commands stream, which ingresses write: stored by partition as it comes, ids, full at times, purged by partition. */
import type { Case, CaseStream, Publish, Step } from "../case.ts"

const subjectOf = (partition: number): string => `hf.q.sku.${partition}`
const message = (partition: number, body: string, id?: string): Publish => ({
  subject: subjectOf(partition),
  body,
  ...(id === undefined ? {} : { id }),
})
const stores = (partition: number, body: string, id?: string): Step => ({ do: "publish", ...message(partition, body, id) })
const with_ = (overrides: Omit<CaseStream, "kind">): readonly [CaseStream] => [{ kind: "commands", ...overrides }]
const commands = with_({})
const withIds = with_({ duplicateWindowMs: 60_000 })
const subject = subjectOf(4)

const subjects: ReadonlyArray<Case> = [
  {
    name: "what an ingress stores keeps its subject, and what senders publish is taken by nobody there",
    streams: commands,
    steps: [
      stores(4, "1"),
      { do: "publish", subject, headers: "Hf-Reply: r.1\nZ: 2\nZ: 3\nA: 1", body: "é\n" },
      { do: "publish", subject },
      { do: "publish", subject: "hf.cmd.web.sell.A", body: "3" },
      { do: "publish", subject: "hf.q.sku.4.A", body: "3" },
      { do: "publish", subject: "hf.q.sku", body: "3" },
      ...[1, 2, 3].map((seq): Step => ({ do: "at", seq })),
      { do: "last", subject },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "no header gives what an ingress stored a time to live, or a rollup",
    streams: commands,
    steps: [
      { do: "publish", subject, body: "1", ttlMs: 1_000 },
      { do: "publish", subject, body: "1", headers: "Nats-Rollup: all" },
      { do: "info" },
    ],
    differs: false,
  },
]

const ids: ReadonlyArray<Case> = [
  {
    name: "what an ingress stores twice with one id is stored twice, once the shortest window is over",
    streams: commands,
    steps: [stores(0, "1", "x"), { do: "pass", ms: 600 }, stores(0, "1", "x"), { do: "info" }],
    differs: false,
  },
  {
    name: "an id counts for the whole stream, so what is for one partition can use up another's",
    streams: withIds,
    steps: [stores(4, "1", "x"), stores(5, "2", "x"), { do: "at", seq: 1 }, { do: "at", seq: 2 }, { do: "info" }],
    differs: false,
  },
  {
    name: "the window begins with the original, and a duplicate does not prolong it",
    streams: with_({ duplicateWindowMs: 3_000 }),
    steps: [
      stores(4, "1", "x"),
      { do: "pass", ms: 1_700 },
      stores(4, "1", "x"),
      { do: "pass", ms: 2_000 },
      stores(4, "1", "x"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "an id is still known when its message was purged",
    streams: withIds,
    steps: [stores(4, "1", "x"), { do: "purge", filter: subject, before: 2 }, { do: "info" }, stores(4, "1", "x"), { do: "info" }],
    differs: false,
  },
  {
    name: "an id is known when its message was deleted, until the server is started again",
    streams: withIds,
    only: 1,
    steps: [
      stores(4, "1", "x"),
      stores(4, "2", "y"),
      { do: "delete", seq: 1 },
      stores(4, "1", "x"),
      { do: "restart" },
      stores(4, "1", "x"),
      stores(4, "2", "y"),
      { do: "info" },
    ],
    differs: false,
  },
]

const limits: ReadonlyArray<Case> = [
  {
    name: "a full commands stream refuses every partition, and has room again when one of them was purged",
    streams: with_({ messagesMax: 2 }),
    steps: [
      stores(0, "1"),
      stores(1, "2"),
      stores(0, "3"),
      stores(2, "3"),
      { do: "purge", filter: subjectOf(0), before: 2 },
      stores(2, "3"),
      stores(2, "4"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a full stream refuses what is new, knows what it holds, and has room again after a purge",
    streams: with_({ messagesMax: 2, duplicateWindowMs: 60_000 }),
    steps: [
      stores(4, "1", "x"),
      stores(4, "2", "y"),
      stores(4, "3", "z"),
      stores(4, "1", "x"),
      { do: "publish", subject, body: "4", lastSeq: 1 },
      { do: "publish", subject, body: "4", lastSeq: 2, id: "w" },
      { do: "purge", filter: subject, before: 2 },
      stores(4, "3", "z"),
      stores(4, "5", "v"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "what is on its way counts into the limit",
    streams: with_({ messagesMax: 2 }),
    steps: [
      { do: "hold" },
      { do: "send", messages: [message(0, "1"), message(1, "2"), message(2, "3")] },
      { do: "release" },
      stores(3, "4"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    // A message takes 30 bytes, the 10 of its subject, and its body; headers take 4 more than they are sent in.
    name: "bytes are counted with the subject and the frames around a message and its headers",
    streams: with_({ bytesMax: 2 * 40 + 20 }),
    steps: [stores(4, "1234567890"), stores(4, "12345678901"), stores(4, "1234567890"), stores(4, ""), { do: "info" }],
    differs: false,
  },
  {
    name: "headers count as they are sent: one byte less and they don't fit",
    streams: with_({ bytesMax: 40 + 4 + 12 + 13 }),
    steps: [
      { do: "publish", subject, headers: "Hf-Reply: r1", body: "" },
      { do: "publish", subject, headers: "Hf-Reply: r", body: "" },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "bytes on their way count into the limit",
    streams: with_({ bytesMax: 2 * 40 + 20 }),
    steps: [
      { do: "hold" },
      { do: "send", messages: [message(4, "1234567890"), message(4, "12345678901"), message(4, "1234567890")] },
      { do: "release" },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a message larger than allowed is refused, headers counted, before anything else is looked at",
    streams: with_({ messageBytesMax: 100, duplicateWindowMs: 60_000 }),
    steps: [
      stores(4, "x".repeat(100)),
      stores(4, "x".repeat(101)),
      { do: "publish", subject, headers: "A: b", body: "x".repeat(82) },
      { do: "publish", subject, headers: "A: b", body: "x".repeat(83) },
      { do: "publish", subject, id: "known", body: "1" },
      { do: "publish", subject, id: "known", lastSeq: 99, ttlMs: 1, body: "x".repeat(100) },
      { do: "info" },
    ],
    differs: false,
  },
]

const purges: ReadonlyArray<Case> = [
  {
    name: "a partition of the commands stream is purged below a sequence: the others stay, and no sequence is used again",
    streams: commands,
    steps: [
      ...[0, 1, 0, 1, 0].map((partition, i) => stores(partition, String(i))),
      { do: "purge", filter: subjectOf(0), before: 5 },
      { do: "info" },
      { do: "at", seq: 1 },
      { do: "at", seq: 2 },
      { do: "next", seq: 1, filter: subjectOf(0) },
      { do: "next", seq: 6, filter: subjectOf(0) },
      { do: "read", from: 1, filter: subjectOf(1) },
      { do: "read", from: 1, filter: "hf.q.sku.*" },
      { do: "purge", filter: subjectOf(0), before: 1 },
      { do: "info" },
      { do: "purge", filter: "hf.q.sku.*" },
      { do: "info" },
      stores(0, "next"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a purge of what is at the end leaves the end where it is",
    streams: commands,
    steps: [
      stores(5, "1"),
      stores(4, "2"),
      { do: "purge", filter: subject, before: 100 },
      { do: "info" },
      { do: "publish", subject, body: "3", lastSeq: 2 },
      { do: "publish", subject, body: "4", lastSubjectSeq: 0 },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a purged subject is expected at 0 again",
    streams: commands,
    steps: [
      stores(4, "1"),
      { do: "purge", filter: subject, before: 2 },
      { do: "publish", subject, body: "2", lastSubjectSeq: 1 },
      { do: "publish", subject, body: "2", lastSubjectSeq: 0 },
      { do: "info" },
    ],
    differs: false,
  },
]

export const commandsCases: ReadonlyArray<Case> = [...subjects, ...ids, ...limits, ...purges]
