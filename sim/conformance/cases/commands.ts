/** Cases of the commands stream, which ingresses write: stored by partition as it comes, full at times, purged by partition. */
import type { Case, CaseStream, Step } from "../case.ts"

const stores = (partition: number, body: string, id?: string): Step => ({
  do: "publish",
  subject: `hf.q.sku.${partition}`,
  body,
  ...(id === undefined ? {} : { id }),
})
const with_ = (overrides: Omit<CaseStream, "kind">): readonly [CaseStream] => [{ kind: "commands", ...overrides }]
const commands = with_({})

export const commandsCases: ReadonlyArray<Case> = [
  {
    name: "what an ingress stores keeps its subject, and what senders publish is taken by nobody there",
    streams: commands,
    steps: [
      stores(4, "1"),
      { do: "publish", subject: "hf.q.sku.4", headers: "Z: 2\nZ: 3", body: "é\n" },
      { do: "publish", subject: "hf.cmd.web.sell.A", body: "3" },
      { do: "publish", subject: "hf.q.sku.4.A", body: "3" },
      { do: "at", seq: 1 },
      { do: "at", seq: 2 },
      { do: "last", subject: "hf.q.sku.4" },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "no header gives what an ingress stored a time to live, or a rollup",
    streams: commands,
    steps: [
      { do: "publish", subject: "hf.q.sku.0", body: "1", ttlMs: 1_000 },
      { do: "publish", subject: "hf.q.sku.0", body: "1", headers: "Nats-Rollup: all" },
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "what an ingress stores twice with one id is stored twice, once the shortest window is over",
    streams: commands,
    steps: [stores(0, "1", "x"), { do: "pass", ms: 600 }, stores(0, "1", "x"), { do: "info" }],
    differs: false,
  },
  {
    name: "a full commands stream refuses every partition, and has room again when one of them was purged",
    streams: with_({ messagesMax: 2 }),
    steps: [
      stores(0, "1"),
      stores(1, "2"),
      stores(0, "3"),
      stores(2, "3"),
      { do: "purge", filter: "hf.q.sku.0", before: 2 },
      stores(2, "3"),
      stores(2, "4"),
      { do: "info" },
    ],
    differs: false,
  },
  {
    name: "a partition of the commands stream is purged below a sequence: the others stay, and no sequence is used again",
    streams: commands,
    steps: [
      ...[0, 1, 0, 1, 0].map((partition, i) => stores(partition, String(i))),
      { do: "purge", filter: "hf.q.sku.0", before: 5 },
      { do: "info" },
      { do: "next", seq: 1, filter: "hf.q.sku.0" },
      { do: "read", from: 1, filter: "hf.q.sku.1" },
      { do: "read", from: 1, filter: "hf.q.sku.*" },
      { do: "purge", filter: "hf.q.sku.*" },
      stores(0, "next"),
      { do: "info" },
    ],
    differs: false,
  },
]
