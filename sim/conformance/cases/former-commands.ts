/**
 * Cases of the commands stream of earlier releases, in which senders stored their commands themselves: how subjects are stored, ids that senders set, a full stream, purging by
 * partition. An upgrade drains it, and the simulator models it.
 */
import type { Case, CaseStream, Publish, Step } from "../case.ts"

const subject = "hf.cmd.web.sell.A"
/** What the eight partitions make of it; its own case says so. */
const partitionOfA = "hf.p.4.>"
const minuteMs = 60_000

const command = (sku: string, body: string, id?: string): Publish => ({
  subject: `hf.cmd.web.sell.${sku}`,
  body,
  ...(id === undefined ? {} : { id }),
})
const sends = (sku: string, body: string, id?: string): Step => ({ do: "publish", ...command(sku, body, id) })
const with_ = (overrides: Omit<CaseStream, "kind">): readonly [CaseStream] => [{ kind: "formerCommands", ...overrides }]
const commands = with_({})
const withIds = with_({ duplicateWindowMs: minuteMs })

const tokens = ["A", "B", "a-b_c", "SKU1", "SKU2", "SKU3", "%C3%A4", "%41", "%2E", "0", "x".repeat(300), "ä", "€-❄", "a%2Fb", "="]

const subjects: ReadonlyArray<Case> = [
  {
    name: "a command is stored under its partition, which is the hash of the token as it is spelled",
    streams: commands,
    steps: [
      ...tokens.map((token) => sends(token, "1")),
      ...tokens.map((_, i): Step => ({ do: "at", seq: i + 1 })),
      { do: "last", subject: "hf.p.4.web.sell.A" },
      { do: "last", subject },
    ],
    differs: false,
  },
  {
    name: "tokens that many SKUs have are hashed as the domain hashes them",
    streams: commands,
    steps: [
      { do: "send", messages: Array.from({ length: 64 }, (_, i) => command(`SKU-${i * 37}`, String(i))) },
      ...[0, 1, 2, 3, 4, 5, 6, 7].map((partition): Step => ({ do: "read", from: 1, filter: `hf.p.${partition}.>` })),
    ],
    differs: false,
  },
  {
    name: "a subject with fewer or more tokens is taken by nobody",
    streams: commands,
    steps: [
      { do: "publish", subject: "hf.cmd.web.sell", body: "1" },
      { do: "publish", subject: "hf.cmd.web.sell.A.B", body: "1" },
      { do: "publish", subject: "hf.p.4.web.sell.A", body: "1" },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "headers and body are stored as they came, a repeated header and an empty body too",
    streams: commands,
    steps: [
      { do: "publish", subject, headers: "Hf-Reply: r.1\nZ: 2\nZ: 3\nA: 1", body: "é\n" },
      { do: "publish", subject },
      { do: "at", seq: 1 },
      { do: "at", seq: 2 },
    ],
    differs: false,
  },
  {
    name: "an expectation of a subject is one of the subject as it is stored",
    streams: commands,
    steps: [
      sends("A", "1"),
      sends("B", "2"),
      { do: "publish", subject, body: "3", lastSubjectSeq: 0 },
      { do: "publish", subject, body: "4", lastSubjectSeq: 1, lastSubjectFilter: subject },
      { do: "publish", subject, body: "5", lastSubjectSeq: 0, lastSubjectFilter: subject },
      { do: "publish", subject, body: "6", lastSubjectSeq: 3 },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "no sender's header gives a command a time to live, or a rollup",
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
    name: "an id counts for the whole stream, so one sender can use up another's",
    streams: withIds,
    steps: [
      sends("A", "1", "x"),
      { do: "publish", subject: "hf.cmd.shop.sell.B", body: "2", id: "x" },
      { do: "at", seq: 1 },
      { do: "at", seq: 2 },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "an id is forgotten after the window of the commands stream",
    streams: commands,
    steps: [sends("A", "1", "x"), { do: "pass", ms: 600 }, sends("A", "1", "x"), { do: "info" }],
    differs: false,
  },
  {
    name: "the window begins with the original, and a duplicate does not prolong it",
    streams: with_({ duplicateWindowMs: 3_000 }),
    steps: [
      sends("A", "1", "x"),
      { do: "pass", ms: 1_700 },
      sends("A", "1", "x"),
      { do: "pass", ms: 2_000 },
      sends("A", "1", "x"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "an id is still known when its message was purged",
    streams: withIds,
    steps: [sends("A", "1", "x"), { do: "purge", filter: partitionOfA, before: 2 }, { do: "info" }, sends("A", "1", "x"), { do: "info" }],
    differs: false,
  },
  {
    name: "an id is known when its message was deleted, until the server is started again",
    streams: withIds,
    only: 1,
    steps: [
      sends("A", "1", "x"),
      sends("A", "2", "y"),
      { do: "delete", seq: 1 },
      sends("A", "1", "x"),
      { do: "restart" },
      sends("A", "1", "x"),
      sends("A", "2", "y"),
      { do: "info" },
    ],
    differs: false,
  },
]

const limits: ReadonlyArray<Case> = [
  {
    name: "a full stream refuses what is new, knows what it holds, and has room again after a purge",
    streams: with_({ messagesMax: 2, duplicateWindowMs: minuteMs }),
    steps: [
      sends("A", "1", "x"),
      sends("A", "2", "y"),
      sends("A", "3", "z"),
      sends("A", "1", "x"),
      { do: "publish", subject, body: "4", lastSeq: 1 },
      { do: "publish", subject, body: "4", lastSeq: 2, id: "w" },
      { do: "purge", filter: partitionOfA, before: 2 },
      sends("A", "3", "z"),
      sends("A", "5", "v"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "what is on its way counts into the limit",
    streams: with_({ messagesMax: 2 }),
    steps: [
      { do: "hold" },
      { do: "send", messages: [command("A", "1"), command("B", "2"), command("C", "3")] },
      { do: "release" },
      sends("D", "4"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    // A message of this subject takes 30 bytes, 17 of its stored subject, and its body; headers take 4 more than they are sent in.
    name: "bytes are counted with the stored subject and the frames around a message and its headers",
    streams: with_({ bytesMax: 2 * 47 + 20 }),
    steps: [sends("A", "1234567890"), sends("A", "12345678901"), sends("A", "1234567890"), sends("A", ""), { do: "info" }],
    differs: false,
  },
  {
    name: "headers count as they are sent: one byte less and they don't fit",
    streams: with_({ bytesMax: 47 + 4 + 12 + 13 }),
    steps: [
      { do: "publish", subject, headers: "Hf-Reply: r1", body: "" },
      { do: "publish", subject, headers: "Hf-Reply: r", body: "" },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "bytes on their way count into the limit",
    streams: with_({ bytesMax: 2 * 47 + 20 }),
    steps: [
      { do: "hold" },
      { do: "send", messages: [command("A", "1234567890"), command("A", "12345678901"), command("A", "1234567890")] },
      { do: "release" },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a message larger than allowed is refused, headers counted, before anything else is looked at",
    streams: with_({ messageBytesMax: 100, duplicateWindowMs: minuteMs }),
    steps: [
      sends("A", "x".repeat(100)),
      sends("A", "x".repeat(101)),
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
    name: "one partition is purged below a sequence: the others stay, and no sequence is used again",
    streams: commands,
    steps: [
      ...["A", "B", "A", "B", "A"].map((sku, i) => sends(sku, String(i))),
      { do: "purge", filter: partitionOfA, before: 5 },
      { do: "info" },
      { do: "at", seq: 1 },
      { do: "at", seq: 2 },
      { do: "next", seq: 1, filter: partitionOfA },
      { do: "next", seq: 6, filter: partitionOfA },
      { do: "read", from: 1, filter: partitionOfA },
      { do: "read", from: 1, filter: ">" },
      { do: "purge", filter: partitionOfA, before: 1 },
      { do: "info" },
      { do: "purge", filter: ">" },
      { do: "info" },
      sends("A", "next"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a purge of what is at the end leaves the end where it is",
    streams: commands,
    steps: [
      sends("B", "1"),
      sends("A", "2"),
      { do: "purge", filter: partitionOfA, before: 100 },
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
      sends("A", "1"),
      { do: "purge", filter: partitionOfA, before: 2 },
      { do: "publish", subject, body: "2", lastSubjectSeq: 1 },
      { do: "publish", subject, body: "2", lastSubjectSeq: 0 },
      { do: "info" },
    ],
    differs: false,
  },
]

export const formerCommandsCases: ReadonlyArray<Case> = [...subjects, ...ids, ...limits, ...purges]
