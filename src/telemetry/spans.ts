/**
 * Every span that Holdfast tells: its name, who tells it, from when until when, whose child it is, and its attributes. What is told is made from an entry here, and docs/TRACES.md's table is written from it. Changing a name is a
 * breaking change.
 *
 * An attribute may name a SKU, an order or a command's id: spans are of single commands. No quantity, no price, and nothing that a person is named by.
 */
import type { Exporter } from "./catalogue.ts"
import { spanName } from "./names.ts"

/** What a span is of, in OpenTelemetry's words. */
export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer"

/** One span. */
interface SpanSpec {
  readonly name: string
  readonly kind: SpanKind
  readonly by: ReadonlyArray<Exporter>
  /** From when until when. */
  readonly lasts: string
  readonly parent: string
  /** Each attribute, and what it says. */
  readonly attributes: Readonly<Record<string, string>>
}

const inGroups = "of several, with blanks between them"
const place = {
  "holdfast.kind": "`sku` or `order`",
  "holdfast.partition": "the partition of that kind",
} as const
const record = { "holdfast.record": "the sequence of the record in the partition's journal" } as const
const sender = { "holdfast.sender": "the sender; of what partitions carry to each other `@` with kind and partition" } as const

const specs = {
  request: {
    name: spanName.request,
    kind: "server",
    by: ["gateway", "worker", "supervisor"],
    lasts: "from an HTTP request's headers to its answer. Of a stream of events, to its beginning",
    parent: "the span of the request's `traceparent`; without one it begins a trace",
    attributes: {
      "http.request.method": "its method",
      "http.route": "the address as the interface declares it",
      "http.response.status_code": "the status; absent where the client went away",
      "error.type": "the status from 500 on, or `aborted`",
    },
  },
  ingress: {
    name: spanName.ingress,
    kind: "consumer",
    by: ["worker", "ingress"],
    lasts: "from a message's arrival at an ingress until its owner has it, or the commands stream",
    parent: "the sender's span",
    attributes: {
      ...place,
      ...sender,
      "holdfast.class": "the class of its commands",
      "holdfast.ingress": "`handedOver` or `stored`",
      "holdfast.outcome": "`heard`, `unheard`, `unknown` or `stored`",
    },
  },
  decide: {
    name: spanName.decide,
    kind: "consumer",
    by: ["worker"],
    lasts: "from publishing, by the broker's clock, until the record is confirmed; of a line of an order from when its order asked for it",
    parent: "the sender's span; of what a partition carries to another, the span of the record that carries it",
    attributes: {
      ...place,
      ...record,
      ...sender,
      "holdfast.epoch": "the epoch of the reign that decided",
      "holdfast.channel": "for whom a partition's command is decided",
      "holdfast.types": `types of its commands, ${inGroups}`,
      "holdfast.commands": `their ids, ${inGroups}`,
      "holdfast.about": `SKUs or orders that they are about, ${inGroups}`,
      "holdfast.outcomes": `\`Accepted\`, \`Begun\`, … or the reason of a refusal, ${inGroups}`,
    },
  },
  append: {
    name: spanName.append,
    kind: "client",
    by: ["worker"],
    lasts: "from handing the record over until it is confirmed",
    parent: "`holdfast.decide` or `holdfast.return` of that record",
    attributes: { ...place, ...record },
  },
  return: {
    name: spanName.return,
    kind: "consumer",
    by: ["worker"],
    lasts: "as `holdfast.append` of the record in which an order takes what its lines came to",
    parent: "the span of the record that carried them. It has a link to each line's `holdfast.decide`",
    attributes: {
      ...place,
      ...record,
      "holdfast.epoch": "the epoch of the reign that took it",
      "holdfast.returned": `where it was decided, as kind/partition/record, ${inGroups}`,
      "holdfast.outcomes": `what each came to, ${inGroups}`,
    },
  },
  reply: {
    name: spanName.reply,
    kind: "producer",
    by: ["worker"],
    lasts: "from the record's confirmation until the server has the reply",
    parent: "`holdfast.decide`. Of an order: of the record in which it began, though the answer stands in a later one",
    attributes: { ...place, ...record },
  },
  feed: {
    name: spanName.feed,
    kind: "producer",
    by: ["worker"],
    lasts: "from handing a SKU's new ATS over to the feed until the feed has it; one for each channel",
    parent: "`holdfast.decide`",
    attributes: {
      ...place,
      ...record,
      "holdfast.channel": "the channel that is told",
      "holdfast.about": "the SKU",
      "holdfast.ats": "what it is told",
    },
  },
  project: {
    name: spanName.project,
    kind: "consumer",
    by: ["projector"],
    lasts: "from when a batch with the record is taken until its rows are committed in Postgres",
    parent: "`holdfast.decide` or `holdfast.return` of that record",
    attributes: { ...place, ...record, "holdfast.records": "records of the batch that was committed with it" },
  },
} as const satisfies Readonly<Record<string, SpanSpec>>

/** The name of a span in code. */
export type SpanKey = keyof typeof specs
type AttributeOf<Key extends SpanKey> = Extract<keyof (typeof specs)[Key]["attributes"], string>
/** All of them, without what the compiler knows of each. */
export const allSpans: ReadonlyArray<SpanSpec> = Object.values(specs)

/** A place in a trace. */
export interface SpanPlace {
  readonly traceId: string
  readonly spanId: string
}

/** A span that is over, as a collector hears of it. */
export interface ToldSpan extends SpanPlace {
  /** Undefined: it begins the trace. */
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: SpanKind
  /** Milliseconds since 1970, with fractions. */
  readonly fromMs: number
  readonly toMs: number
  readonly attributes: Readonly<Record<string, string | number>>
  readonly links: ReadonlyArray<SpanPlace>
  readonly isError: boolean
}

/** What a span is made of beside what its entry says. */
export interface SpanMade<Key extends SpanKey> extends Omit<ToldSpan, "name" | "kind" | "attributes" | "links" | "isError"> {
  readonly attributes: Readonly<Partial<Record<AttributeOf<Key>, string | number>>>
  /** Instead of the entry's: `{method} {route}` stands for both. */
  readonly name?: string
  readonly links?: ReadonlyArray<SpanPlace>
  readonly isError?: boolean
}

/** A span as its entry says, ended the moment it is made. It never ends before it begins, whatever the clocks say. */
export const spanOf = <Key extends SpanKey>(key: Key, made: SpanMade<Key>): ToldSpan => {
  const { name, kind } = specs[key]
  return {
    name,
    kind,
    links: [],
    isError: false,
    ...made,
    fromMs: Math.min(made.fromMs, made.toMs),
    attributes: made.attributes as ToldSpan["attributes"],
  }
}
