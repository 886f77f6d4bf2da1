/**
 * Every metric of Holdfast's own: name, type, unit, what it says, its labels and how many values each may have, and which processes tell it. Whatever is counted is made from an entry here
 * (making.ts), docs/METRICS.md is written from it, and rules and dashboards may name nothing else. Changing a name is a breaking change.
 *
 * A label has a bound that is said: names of the configuration, closed lists, partitions. Never a SKU, an id, or anything else that a sender chooses.
 */
import { batchCommandsMax, doorPingEveryMs, latencyPairsMax, recordBytesMax } from "../limits.ts"

/** The processes that tell metrics: each serves a page `/metrics` of its own. */
export const Exporter = ["worker", "ingress", "gateway", "projector", "supervisor"] as const
export type Exporter = (typeof Exporter)[number]

/** What a metric is, in the words of Prometheus. */
export type MetricType = "counter" | "gauge" | "histogram"

/** What a value is counted in. `ratio`: 0 to 1. `sequence`: a place in a journal. `one`: 1 or 0. */
export type MetricUnit = "seconds" | "bytes" | "ratio" | "sequence" | "one" | "count"

/** One metric. */
export interface MetricSpec {
  readonly name: string
  readonly type: MetricType
  readonly unit: MetricUnit
  /** One sentence. */
  readonly help: string
  /** Each label, and which values it can have. Beside these each metric has `worker`: the process that tells it. */
  readonly labels: Readonly<Record<string, string>>
  readonly by: ReadonlyArray<Exporter>
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: ReadonlyArray<number>
}

const kind = "kinds of actors: `sku`, `order`"
const partition = "partitions of the kind: `HOLDFAST_PARTITIONS`, `HOLDFAST_ORDER_PARTITIONS`"
const ofPartition = { kind, partition } as const
const sender = "senders of `HOLDFAST_SENDERS`"
const location = `locations heard of first, none and \`other\`: ${latencyPairsMax} pairs with the sender at most`
const worker = ["worker"] as const
const doors = ["worker", "ingress"] as const
/** The gateway inside a `serve` is in the supervisor where workers are processes of their own. */
const gateways = ["worker", "gateway", "supervisor"] as const
/** Whoever has something to tell a collector. */
const spanTellers = ["worker", "ingress", "gateway", "projector", "supervisor"] as const
const httpRoute = "addresses of the interface and of its pages, and `none`"

/** Seconds: a local append takes some 0.2 ms, a replicated one with fsync some 5 ms, and the time-out is 5 s. */
const appendBuckets = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5] as const
/** Seconds: from an answer on one machine to a takeover. */
const latencyBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] as const
const powersOfTwo = (from: number, max: number): ReadonlyArray<number> => {
  const powers: Array<number> = []
  for (let power = from; power < max; power *= 2) powers.push(power)
  return [...powers, max]
}

const metrics = {
  // What waits
  lagMessages: {
    name: "holdfast_partition_lag_messages",
    type: "gauge",
    unit: "count",
    help: "Messages stored and not decided yet, of partitions this worker serves. While a server catches up it may be too low; it is not 0 while something waits.",
    labels: ofPartition,
    by: worker,
  },
  lagOldestSeconds: {
    name: "holdfast_partition_lag_oldest_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Seconds since the oldest message that is not decided was stored, or was published and waits in this process's ingress; 0 if there is none.",
    labels: ofPartition,
    by: doors,
  },
  unserved: {
    name: "holdfast_partition_unserved_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Seconds for which nobody has served the partition, as this process sees it; 0 while it is served. An ingress counts from when it last heard an owner, once that is two seconds ago.",
    labels: ofPartition,
    by: doors,
  },
  owned: {
    name: "holdfast_partition_owned",
    type: "gauge",
    unit: "one",
    help: "1 where this worker serves the partition. Summed over all workers, each partition should be 1.",
    labels: ofPartition,
    by: worker,
  },
  halted: {
    name: "holdfast_partition_halted",
    type: "gauge",
    unit: "one",
    help: "1 while nobody may serve the partition until an operator resumes it.",
    labels: ofPartition,
    by: worker,
  },
  unreadable: {
    name: "holdfast_partition_unreadable",
    type: "gauge",
    unit: "one",
    help: "1 where this worker leaves the partition to others, because a newer release writes its journal.",
    labels: ofPartition,
    by: worker,
  },
  // What is decided
  decisions: {
    name: "holdfast_decisions_total",
    type: "counter",
    unit: "count",
    help: "Commands decided, by outcome. A repeated decision (a duplicate that was answered) is counted as repeated, whatever it was.",
    labels: { outcome: "`accepted`, `refused`, `repeated`, `expired`, `quarantined`" },
    by: worker,
  },
  refusals: {
    name: "holdfast_refusals_total",
    type: "counter",
    unit: "count",
    help: "Commands refused, by reason.",
    labels: { reason: "reasons of a refusal in docs/PROTOCOL.md" },
    by: worker,
  },
  commands: {
    name: "holdfast_commands_total",
    type: "counter",
    unit: "count",
    help: "Commands by their type and what became of them. Of an order, its answer; unread where the type is not known, or the command began before this process did.",
    labels: { type: "types of commands in docs/PROTOCOL.md, and `unread`", outcome: "as above, and `dropped`" },
    by: worker,
  },
  ordersEnded: {
    name: "holdfast_orders_ended_total",
    type: "counter",
    unit: "count",
    help: "Orders that ended, by how.",
    labels: { ending: "`refused`, `cancelled`, `expired`, `fulfilled`" },
    by: worker,
  },
  batchCommands: {
    name: "holdfast_batch_commands",
    type: "histogram",
    unit: "count",
    help: "Commands decided by one journal record.",
    labels: {},
    by: worker,
    buckets: powersOfTwo(1, batchCommandsMax),
  },
  batchBytes: {
    name: "holdfast_batch_bytes",
    type: "histogram",
    unit: "bytes",
    help: "Bytes of one journal record.",
    labels: {},
    by: worker,
    buckets: powersOfTwo(512, recordBytesMax),
  },
  replySeconds: {
    name: "holdfast_reply_seconds",
    type: "histogram",
    unit: "seconds",
    help: `Seconds from the publishing of a command, by the broker's clock, to when the server has its reply. Of an order, to its answer. A door knows of a command that it isn't older than the ping before it, sent every ${doorPingEveryMs} ms: so much too long at most, or short by the way of the quickest stamp.`,
    labels: { kind, sender, location },
    by: worker,
    buckets: latencyBuckets,
  },
  feedSeconds: {
    name: "holdfast_feed_seconds",
    type: "histogram",
    unit: "seconds",
    help: "Seconds from the publishing of the command that last changed a SKU, by the broker's clock, to when the feed has the channel's new ATS; by the location that the command was about.",
    labels: { channel: "channels that a policy names, as `sender`", location },
    by: worker,
    buckets: latencyBuckets,
  },
  feedStaleness: {
    name: "holdfast_feed_staleness_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Seconds since the oldest value was handed over to the feed that it doesn't have yet, of partitions this worker serves; 0 if it has all.",
    labels: { channel: "channels that a policy names, as `sender`" },
    by: worker,
  },
  unsaidRecords: {
    name: "holdfast_unsaid_records",
    type: "gauge",
    unit: "count",
    help: "Records that are confirmed and whose replies or feed are not known to be out, of partitions this worker serves.",
    labels: ofPartition,
    by: worker,
  },
  repliesSent: {
    name: "holdfast_replies_sent_total",
    type: "counter",
    unit: "count",
    help: "Reply messages that the server has.",
    labels: {},
    by: worker,
  },
  feedSent: {
    name: "holdfast_feed_sent_total",
    type: "counter",
    unit: "count",
    help: "ATS values that the feed has.",
    labels: {},
    by: worker,
  },
  // What is journaled
  appendSeconds: {
    name: "holdfast_append_seconds",
    type: "histogram",
    unit: "seconds",
    help: "Seconds from handing a journal record over to knowing that it is stored.",
    labels: {},
    by: worker,
    buckets: appendBuckets,
  },
  appendsUnknown: {
    name: "holdfast_appends_unknown_total",
    type: "counter",
    unit: "count",
    help: "Appends whose outcome was unknown until the journal was read.",
    labels: ofPartition,
    by: worker,
  },
  fencedAppends: {
    name: "holdfast_fenced_appends_total",
    type: "counter",
    unit: "count",
    help: "Reigns given up because another owner's record, or a witness of one, was met: this one was a zombie.",
    labels: ofPartition,
    by: worker,
  },
  takeovers: {
    name: "holdfast_takeovers_total",
    type: "counter",
    unit: "count",
    help: "Times this worker became a partition's owner.",
    labels: ofPartition,
    by: worker,
  },
  stepDowns: {
    name: "holdfast_step_downs_total",
    type: "counter",
    unit: "count",
    help: "Times this worker gave up a partition, by reason, and what became of its state: kept (it follows on, and can serve again at once), or thrownAway (it has to be read again).",
    labels: {
      ...ofPartition,
      reason: "`Fenced`, `SnapshotDiscarded`, `NewerRelease`, `Halted`; of what keeps its state `Drained`, `LeaseLost`, `Fenced`",
      state: "`kept`, `thrownAway`",
    },
    by: worker,
  },
  halts: {
    name: "holdfast_halts_total",
    type: "counter",
    unit: "count",
    help: "Times this worker halted a partition because what it read could not be, by reason.",
    labels: { ...ofPartition, reason: "reasons of a halt in docs/OPERATIONS.md" },
    by: worker,
  },
  pauseSeconds: {
    name: "holdfast_pause_seconds",
    type: "histogram",
    unit: "seconds",
    help: "How long this process stood still, each time that was a tenth of a second or more: its machine, its memory, or too much work at once.",
    labels: {},
    by: [...doors, "supervisor"],
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
  },
  journalBytes: {
    name: "holdfast_journal_bytes",
    type: "gauge",
    unit: "bytes",
    help: "Bytes of the journal's stream on one server, of partitions this worker serves; looked at every 15 s, as the next four are.",
    labels: ofPartition,
    by: worker,
  },
  journalFirstRecord: {
    name: "holdfast_journal_first_record",
    type: "gauge",
    unit: "sequence",
    help: "The first record that the journal's stream still holds; what was before is archived.",
    labels: ofPartition,
    by: worker,
  },
  journalLastRecord: {
    name: "holdfast_journal_last_record",
    type: "gauge",
    unit: "sequence",
    help: "The last record of the journal.",
    labels: ofPartition,
    by: worker,
  },
  archiveBytes: {
    name: "holdfast_archive_bytes",
    type: "gauge",
    unit: "bytes",
    help: "Bytes of the archive of the partition, where this worker is told of its folder.",
    labels: ofPartition,
    by: worker,
  },
  archivedRecord: {
    name: "holdfast_archive_last_record",
    type: "gauge",
    unit: "sequence",
    help: "The last record that is archived, where this worker is told of the archive's folder.",
    labels: ofPartition,
    by: worker,
  },
  snapshotAge: {
    name: "holdfast_snapshot_age_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Seconds since this worker wrote, or began with, the partition's newest snapshot; absent where there is none, or nobody here knows.",
    labels: ofPartition,
    by: worker,
  },
  snapshotCommands: {
    name: "holdfast_snapshot_behind_commands",
    type: "gauge",
    unit: "count",
    help: "Commands in the journal behind the newest snapshot, of partitions this worker serves: what a worker that begins with it has to replay.",
    labels: ofPartition,
    by: worker,
  },
  durabilityWarnings: {
    name: "holdfast_durability_warnings",
    type: "gauge",
    unit: "count",
    help: "What the servers did not guarantee when this worker started: its log names each, and so does holdfast topology.",
    labels: {},
    by: worker,
  },
  // What stands
  holdsExpired: {
    name: "holdfast_holds_expired_total",
    type: "counter",
    unit: "count",
    help: "Holds ended because their time was up.",
    labels: {},
    by: worker,
  },
  openHolds: {
    name: "holdfast_open_holds",
    type: "gauge",
    unit: "count",
    help: "Holds that are open, of partitions this worker serves. Of orders: those that something is due of by itself, such as a hold's end.",
    labels: ofPartition,
    by: worker,
  },
  holdsOverdue: {
    name: "holdfast_open_holds_overdue_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Seconds since the end of the open hold that should have ended first, of partitions this worker serves; 0 while none is over.",
    labels: ofPartition,
    by: worker,
  },
  openOrders: {
    name: "holdfast_open_orders",
    type: "gauge",
    unit: "count",
    help: "Orders that have not ended, of partitions of orders this worker serves.",
    labels: ofPartition,
    by: worker,
  },
  underWay: {
    name: "holdfast_commands_under_way",
    type: "gauge",
    unit: "count",
    help: "Commands that the partition's actors sent to others (an order's lines to their SKUs, what became of a line to its order) and whose decision has not come back, of partitions this worker serves.",
    labels: ofPartition,
    by: worker,
  },
  underWayOldestSeconds: {
    name: "holdfast_commands_under_way_oldest_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Seconds for which the oldest command under way has had no decision, 0 if there is none, of partitions this worker serves.",
    labels: ofPartition,
    by: worker,
  },
  carried: {
    name: "holdfast_commands_carried_total",
    type: "counter",
    unit: "count",
    help: "Commands that the partition's actors sent to others, by attempt: the first, or again because no decision had come back.",
    labels: { ...ofPartition, attempt: "`first`, `again`" },
    by: worker,
  },
  returns: {
    name: "holdfast_returns_total",
    type: "counter",
    unit: "count",
    help: "Decisions of commands between actors: said to who asked (said), and heard by who did (heard), repeated ones included.",
    labels: { ...ofPartition, what: "`said`, `heard`" },
    by: worker,
  },
  quarantined: {
    name: "holdfast_quarantined",
    type: "gauge",
    unit: "count",
    help: "Commands in quarantine, waiting for an operator, of partitions this worker serves.",
    labels: ofPartition,
    by: worker,
  },
  shortUnits: {
    name: "holdfast_short_units",
    type: "gauge",
    unit: "count",
    help: "Units sold without asking that are not there, of partitions this worker serves; holdfast stock says whose.",
    labels: ofPartition,
    by: worker,
  },
  shortSkus: {
    name: "holdfast_short_skus",
    type: "gauge",
    unit: "count",
    help: "SKUs of which units are owed that are not there, of partitions this worker serves.",
    labels: ofPartition,
    by: worker,
  },
  memoryRatio: {
    name: "holdfast_memory_ratio",
    type: "gauge",
    unit: "ratio",
    help: "How full the fullest memory of any sender is, as a share of its bound, of partitions this worker serves; at 1 that sender has to wait.",
    labels: ofPartition,
    by: worker,
  },
  clockOffset: {
    name: "holdfast_clock_offset_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Seconds by which this worker's clock is ahead of the broker's, as the owner of the partition last saw it; nothing depends on it.",
    labels: ofPartition,
    by: worker,
  },
  alarms: {
    name: "holdfast_alarms_total",
    type: "counter",
    unit: "count",
    help: "Alarms, by what they tell.",
    labels: {
      ...ofPartition,
      partition: `${partition}, and \`all\` where an alarm is about none in particular`,
      alarm: "kinds of alarms in docs/OPERATIONS.md",
    },
    by: worker,
  },
  // The doors
  ingressTaken: {
    name: "holdfast_ingress_taken_total",
    type: "counter",
    unit: "count",
    help: "Messages of senders taken, to be handed over or stored.",
    labels: { sender },
    by: doors,
  },
  ingressStored: {
    name: "holdfast_ingress_stored_total",
    type: "counter",
    unit: "count",
    help: "Messages of senders stored.",
    labels: { sender },
    by: doors,
  },
  ingressBusy: {
    name: "holdfast_ingress_busy_total",
    type: "counter",
    unit: "count",
    help: "Messages of senders answered busy by the ingress, by reason.",
    labels: { sender, reason: "`queue`, `owner`, `full`, `ending`, `order`" },
    by: doors,
  },
  ingressNotStored: {
    name: "holdfast_ingress_not_stored_total",
    type: "counter",
    unit: "count",
    help: "Messages of senders not taken for what they are, by reason.",
    labels: { sender, reason: "reasons of `notStored` in docs/PROTOCOL.md" },
    by: doors,
  },
  ingressDoorsClosed: {
    name: "holdfast_ingress_doors_closed_total",
    type: "counter",
    unit: "count",
    help: "Times a sender's subscription was given up for a while, by reason (bound: over its rate; queue: an owner holds enough of it).",
    labels: { sender, reason: "`bound`, and as above" },
    by: doors,
  },
  ingressDefects: {
    name: "holdfast_ingress_defects_total",
    type: "counter",
    unit: "count",
    help: "Messages that made the ingress throw: always a defect.",
    labels: {},
    by: doors,
  },
  ingressWaiting: {
    name: "holdfast_ingress_waiting",
    type: "gauge",
    unit: "count",
    help: "Messages that wait in this process's ingress, to be handed over (sell) or stored (keep).",
    labels: { ...ofPartition, what: "`sell`, `keep`" },
    by: doors,
  },
  ingressOldestSeconds: {
    name: "holdfast_ingress_oldest_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Seconds since the oldest message in this process's ingress was published, at most; 0 if there is none.",
    labels: ofPartition,
    by: doors,
  },
  // The HTTP gateway
  httpRequests: {
    name: "holdfast_http_requests_total",
    type: "counter",
    unit: "count",
    help: "HTTP requests answered, by route, method and status.",
    labels: { route: httpRoute, method: "methods of HTTP that a server knows", status: "statuses of the interface" },
    by: gateways,
  },
  httpRequestSeconds: {
    name: "holdfast_http_request_duration_seconds",
    type: "histogram",
    unit: "seconds",
    help: "Seconds from a request's headers to its answer. Of a stream of events, to its beginning.",
    labels: { route: httpRoute },
    by: gateways,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  httpTurnedAway: {
    name: "holdfast_http_turned_away_total",
    type: "counter",
    unit: "count",
    help: "Requests let in no further, by why.",
    labels: { why: "`KeyMissing`, `KeyUnknown`, `KeyRevoked`, `KeyScope`, `TooManyRequests`, `TooManyStreams`" },
    by: gateways,
  },
  httpCommands: {
    name: "holdfast_http_commands_total",
    type: "counter",
    unit: "count",
    help: "Commands sent through this gateway, by what became of them.",
    labels: { became: "`accepted`, `undecided`, or the name of a problem: docs/PROBLEMS.md" },
    by: gateways,
  },
  httpEventStreams: {
    name: "holdfast_http_event_streams",
    type: "gauge",
    unit: "count",
    help: "Streams of events that are open.",
    labels: {},
    by: gateways,
  },
  httpEventStreamsDropped: {
    name: "holdfast_http_event_streams_dropped_total",
    type: "counter",
    unit: "count",
    help: "Clients of the feed that were dropped, by why: more waited for them than may, or they read nothing.",
    labels: { why: "`behind`, `stalled`" },
    by: gateways,
  },
  // The projection
  projectionLagRecords: {
    name: "holdfast_projection_lag_records",
    type: "gauge",
    unit: "count",
    help: "Records in the journal that Postgres doesn't have, as the projector last saw both ends.",
    labels: ofPartition,
    by: ["projector"],
  },
  projectionLagSeconds: {
    name: "holdfast_projection_lag_seconds",
    type: "gauge",
    unit: "seconds",
    help: "How far behind the journal Postgres is: the age of the first record that it doesn't have; 0 if it has all.",
    labels: ofPartition,
    by: ["projector"],
  },
  projectionRecords: {
    name: "holdfast_projection_records_total",
    type: "counter",
    unit: "count",
    help: "Records written into Postgres.",
    labels: ofPartition,
    by: ["projector"],
  },
  projectionFailures: {
    name: "holdfast_projection_failures_total",
    type: "counter",
    unit: "count",
    help: "Transactions of the projector that did not commit, or whose outcome was unknown, and were begun again.",
    labels: { reason: "`conflict`, `unknown`, `away`, `other`" },
    by: ["projector"],
  },
  // Worker processes under one supervisor
  processesWanted: {
    name: "holdfast_worker_processes",
    type: "gauge",
    unit: "count",
    help: "Worker processes that `serve --processes` keeps running.",
    labels: {},
    by: ["supervisor"],
  },
  processesReady: {
    name: "holdfast_worker_processes_ready",
    type: "gauge",
    unit: "count",
    help: "Those of them that say they are ready.",
    labels: {},
    by: ["supervisor"],
  },
  processRestarts: {
    name: "holdfast_worker_process_restarts_total",
    type: "counter",
    unit: "count",
    help: "Worker processes that were started again: those that ended by themselves, and those that a rolling restart ended.",
    labels: { why: "`ended`, `asked`" },
    by: ["supervisor"],
  },
  // Traces
  spansSent: {
    name: "holdfast_spans_sent_total",
    type: "counter",
    unit: "count",
    help: "Spans that the collector has; 0 for ever where none is named.",
    labels: {},
    by: spanTellers,
  },
  spansDropped: {
    name: "holdfast_spans_dropped_total",
    type: "counter",
    unit: "count",
    help: "Spans that no collector will hear of, by why: more waited than may, for it is away or slow (full); it did not take them (refused).",
    labels: { reason: "`full`, `refused`" },
    by: spanTellers,
  },
  projectionOldestHold: {
    name: "holdfast_projection_oldest_hold_seconds",
    type: "gauge",
    unit: "seconds",
    help: "How long the oldest hold that Postgres knows as open has been; 0: none is. Absent while Postgres can't be asked.",
    labels: {},
    by: ["projector"],
  },
  // The page itself
  collectFailures: {
    name: "holdfast_collect_failures_total",
    type: "counter",
    unit: "count",
    help: "Metrics that could not be told in a scrape: they are missing in it, and all others are there. Always a defect.",
    labels: { metric: "the metrics of this page" },
    by: Exporter,
  },
} as const satisfies Readonly<Record<string, MetricSpec>>

/** Every metric, by the name it has in the code. */
export const catalogue: typeof metrics = metrics
/** The name of a metric in code. */
export type MetricKey = keyof typeof metrics
/** The labels of a metric. */
export type LabelOf<Key extends MetricKey> = Extract<keyof (typeof metrics)[Key]["labels"], string>
/** The metrics of a type. */
export type KeyOfType<Type extends MetricType> = { [Key in MetricKey]: (typeof metrics)[Key]["type"] extends Type ? Key : never }[MetricKey]

/** All of them, without what the compiler knows of each. */
export const allMetrics: ReadonlyArray<MetricSpec> = Object.values(metrics)
/** Their names, by the name in the code. */
export const metricName = Object.fromEntries(Object.entries(metrics).map(([key, { name }]) => [key, name])) as {
  readonly [Key in MetricKey]: (typeof metrics)[Key]["name"]
}
