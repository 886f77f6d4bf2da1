/** Cases of a journal: appends guarded by the stream's last sequence, retried, sent at once, on their way while another is refused. */
import type { Case, CaseStream, Publish, Step } from "../case.ts"

const journal: readonly [CaseStream] = [{ kind: "journal" }]
const subject = "hf.journal.sku.0"

/** An append as the engine makes it: a body, an id, and what the journal's last sequence has to be. */
const append = (lastSeq: number, id: string, body = id): Publish => ({ subject, body, id, lastSeq })
const appends = (lastSeq: number, id: string, body = id): Step => ({ do: "publish", ...append(lastSeq, id, body) })

const retries: ReadonlyArray<Case> = [
  {
    name: "a stored append that is sent again is a duplicate on three servers and a wrong last sequence on one",
    streams: journal,
    steps: [appends(0, "a.1.0"), appends(0, "a.1.0"), { do: "info" }, { do: "at", seq: 1 }],
    differs: true,
  },
  {
    name: "the same, when others have appended since",
    streams: journal,
    steps: [appends(0, "a.1.0"), appends(1, "a.1.1"), appends(2, "a.1.2"), appends(0, "a.1.0"), appends(1, "a.1.1"), { do: "info" }],
    differs: true,
  },
  {
    name: "an append with another id and the same expectation is a wrong last sequence, which names the last",
    streams: journal,
    steps: [appends(0, "a.1.0"), appends(0, "b.1.0"), appends(7, "b.1.7"), { do: "info" }],
    differs: false,
  },
  {
    name: "a refused append does not make its id known",
    streams: journal,
    steps: [appends(4, "a"), appends(0, "a"), { do: "publish", subject, id: "a", body: "once more" }, { do: "info" }],
    differs: false,
  },
  {
    name: "a known id without an expectation is a duplicate, whatever it is said of",
    streams: journal,
    steps: [appends(0, "a"), { do: "publish", subject, id: "a", body: "another body" }, { do: "at", seq: 1 }, { do: "at", seq: 2 }],
    differs: false,
  },
  {
    name: "an id is known in its own stream only",
    streams: [{ kind: "journal" }, { kind: "otherJournal" }],
    steps: [
      appends(0, "a"),
      { do: "use", kind: "otherJournal" },
      { do: "publish", subject: "hf.journal.sku.1", id: "a", lastSeq: 0, body: "a" },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "an empty id is none",
    streams: journal,
    steps: [
      { do: "publish", subject, headers: "Nats-Msg-Id: ", body: "a" },
      { do: "publish", subject, headers: "Nats-Msg-Id: ", body: "b" },
      { do: "info" },
    ],
    differs: false,
  },
]

const flight: ReadonlyArray<Case> = [
  {
    name: "appends sent at once are all stored, each expecting the one before",
    streams: journal,
    steps: [{ do: "send", messages: [0, 1, 2, 3, 4].map((seq) => append(seq, `a.${seq}`)) }, { do: "info" }, { do: "at", seq: 5 }],
    differs: false,
  },
  {
    name: "appends on their way count as stored for those behind them",
    streams: journal,
    steps: [
      appends(0, "a.0"),
      { do: "hold" },
      { do: "send", messages: [append(1, "a.1"), append(2, "a.2"), append(1, "b.1"), append(9, "b.9"), append(3, "a.3")] },
      { do: "release" },
      { do: "read", from: 1, filter: subject },
    ],
    differs: false,
  },
  {
    name: "an append that is sent again while it is on its way is refused on three servers, and one tells it apart no more",
    streams: journal,
    steps: [
      { do: "hold" },
      { do: "send", messages: [append(0, "a.0"), append(0, "a.0")] },
      { do: "release" },
      appends(0, "a.0"),
      { do: "info" },
    ],
    differs: true,
  },
  {
    name: "an id on its way is refused on three servers and a duplicate on one, if nothing is expected",
    streams: journal,
    steps: [
      { do: "hold" },
      {
        do: "send",
        messages: [
          { subject, id: "a", body: "a" },
          { subject, id: "a", body: "a" },
          { subject, body: "b" },
        ],
      },
      { do: "release" },
      { do: "publish", subject, id: "a", body: "a" },
      { do: "info" },
    ],
    differs: true,
  },
  {
    name: "of two owners who append at once the second is refused, and told the sequence of the first",
    streams: journal,
    steps: [
      appends(0, "genesis"),
      { do: "hold" },
      { do: "send", messages: [append(1, "a.1"), append(1, "b.1")] },
      { do: "release" },
      { do: "at", seq: 2 },
      { do: "info" },
    ],
    differs: false,
  },
]

const borders: ReadonlyArray<Case> = [
  {
    name: "a journal's prefix is purged; its end stays where it is, and a mark past the end moves nothing",
    streams: journal,
    steps: [
      appends(0, "a"),
      appends(1, "b"),
      { do: "purge", filter: subject, before: 2 },
      { do: "info" },
      { do: "at", seq: 1 },
      appends(2, "c"),
      { do: "purge", filter: subject, before: 9 },
      { do: "info" },
      appends(3, "d"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a record is not deleted",
    streams: journal,
    steps: [appends(0, "a"), { do: "delete", seq: 1 }, { do: "delete", seq: 9 }, { do: "at", seq: 1 }],
    differs: false,
  },
  {
    name: "a stream nothing was ever stored in begins and ends at 0",
    streams: journal,
    steps: [{ do: "info" }, { do: "at", seq: 1 }, { do: "last", subject }, { do: "next", seq: 1, filter: subject }],
    differs: false,
  },
  {
    name: "a subject that no stream takes is answered by nobody",
    streams: journal,
    steps: [{ do: "publish", subject: "hf.journal.sku.77", body: "a", lastSeq: 0 }, { do: "info" }],
    differs: false,
  },
  {
    name: "a wildcard reaches the records of a journal in order, from any sequence",
    streams: journal,
    steps: [
      ...[0, 1, 2].map((seq) => appends(seq, `a.${seq}`)),
      { do: "read", from: 2, filter: subject },
      { do: "read", from: 4, filter: subject },
      { do: "at", seq: 4 },
    ],
    differs: false,
  },
  {
    name: "a rollup is not permitted",
    streams: journal,
    steps: [
      appends(0, "a"),
      { do: "publish", subject, headers: "Nats-Rollup: all", body: "b" },
      { do: "publish", subject, headers: "Nats-Rollup: sub", id: "b", lastSeq: 1, body: "b" },
      appends(1, "b"),
      { do: "info" },
    ],
    differs: false,
  },
]

const losses: ReadonlyArray<Case> = [
  {
    name: "records and their ids outlive the sudden end of the one server",
    streams: journal,
    only: 1,
    steps: [
      appends(0, "a.0"),
      appends(1, "a.1"),
      { do: "restart" },
      { do: "info" },
      appends(1, "a.1"),
      { do: "publish", subject, id: "a.1", body: "a.1" },
      appends(2, "a.2"),
      { do: "read", from: 1, filter: subject },
    ],
    differs: false,
  },
  {
    name: "records and their ids outlive a change of leader",
    streams: journal,
    only: 3,
    steps: [
      appends(0, "a.0"),
      appends(1, "a.1"),
      { do: "stepDown" },
      appends(1, "a.1"),
      appends(1, "b.1"),
      appends(2, "a.2"),
      { do: "stepDown" },
      { do: "send", messages: [append(2, "a.2"), append(3, "a.3"), append(4, "a.4")] },
      { do: "read", from: 1, filter: subject },
    ],
    differs: false,
  },
  {
    name: "what was on its way when the leader died was never answered, and the retry tells whether it is stored",
    streams: journal,
    only: 3,
    steps: [
      appends(0, "a.0"),
      { do: "hold" },
      { do: "send", messages: [append(1, "a.1")] },
      { do: "loseLeader" },
      appends(1, "a.1"),
      { do: "untilLeader" },
      appends(1, "a.1"),
      appends(2, "a.2"),
      { do: "read", from: 1, filter: subject },
    ],
    differs: false,
    races: "Whether the two that remain got the append before its leader died is up to the network between them.",
  },
  {
    name: "what a leader got that stood still arrives late or never: it is judged by what was stored meanwhile",
    streams: journal,
    only: 3,
    steps: [
      appends(0, "a.0"),
      { do: "freezeLeader" },
      { do: "send", messages: [append(1, "a.1"), { subject, body: "unguarded" }] },
      { do: "untilLeader" },
      appends(1, "b.1"),
      { do: "thawLeader" },
      appends(1, "a.1"),
      appends(2, "b.2"),
      { do: "read", from: 1, filter: subject },
    ],
    differs: false,
    races: "Whether the former leader hears of the new one before it looks at what it got, and passes it on, is up to its own threads.",
  },
]

export const journalCases: ReadonlyArray<Case> = [...retries, ...flight, ...borders, ...losses]
