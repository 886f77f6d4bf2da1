/**
 * The names under which Holdfast is observed: metrics, spans and the log lines that an operator may want to find again. Dashboards and
 * alerts are written against these; changing one is a breaking change.
 */

/** Every metric of Holdfast's own. Durations are in seconds, as Prometheus wants them. */
export const metricName = {
  lagMessages: "holdfast_partition_lag_messages",
  lagOldestSeconds: "holdfast_partition_lag_oldest_seconds",
  decisions: "holdfast_decisions_total",
  refusals: "holdfast_refusals_total",
  batchCommands: "holdfast_batch_commands",
  batchBytes: "holdfast_batch_bytes",
  appendSeconds: "holdfast_append_seconds",
  appendsUnknown: "holdfast_appends_unknown_total",
  takeovers: "holdfast_takeovers_total",
  fencedAppends: "holdfast_fenced_appends_total",
  stepDowns: "holdfast_step_downs_total",
  holdsExpired: "holdfast_holds_expired_total",
  quarantined: "holdfast_quarantined",
  openHolds: "holdfast_open_holds",
  shortUnits: "holdfast_short_units",
  memoryShare: "holdfast_memory_share",
  clockOffset: "holdfast_clock_offset_seconds",
  repliesSent: "holdfast_replies_sent_total",
  feedSent: "holdfast_feed_sent_total",
  alarms: "holdfast_alarms_total",
  halted: "holdfast_partition_halted",
  unreadable: "holdfast_partition_unreadable",
  owned: "holdfast_partition_owned",
  journalBytes: "holdfast_journal_bytes",
  journalFirstRecord: "holdfast_journal_first_record",
  journalLastRecord: "holdfast_journal_last_record",
  archiveBytes: "holdfast_archive_bytes",
  archivedRecord: "holdfast_archive_last_record",
  ingressTaken: "holdfast_ingress_taken_total",
  ingressStored: "holdfast_ingress_stored_total",
  ingressBusy: "holdfast_ingress_busy_total",
  ingressNotStored: "holdfast_ingress_not_stored_total",
  ingressDoorsClosed: "holdfast_ingress_doors_closed_total",
  ingressDefects: "holdfast_ingress_defects_total",
  ingressWaiting: "holdfast_ingress_waiting",
  ingressOldestSeconds: "holdfast_ingress_oldest_seconds",
  unserved: "holdfast_partition_unserved_seconds",
  underWay: "holdfast_commands_under_way",
  underWayOldestSeconds: "holdfast_commands_under_way_oldest_seconds",
  carried: "holdfast_commands_carried_total",
  returns: "holdfast_returns_total",
} as const

/** Spans of what waits for the broker. Nothing per command has one. */
export const spanName = {
  append: "holdfast.append",
} as const

/** Log messages of a partition's and a worker's life, so that whoever searches logs has one spelling for each. */
export const logLine = {
  serving: "partition serves",
  steppedDown: "partition stepped down: its state is thrown away",
  reignEnded: "partition given up: its state is kept, and it follows on",
  halted: "partition halted: nobody serves it until an operator resumes it",
  newerRelease:
    "a newer release writes this journal: this worker can't read it, and leaves the partition to those who can until it is replaced",
  outOfReach:
    "commands of this partition lie where this worker has no login: it leaves the partition to those who have one until it is started with it",
  alarm: "alarm",
  leaseTaken: "lease taken",
  leaseLost: "lease lost",
  leaseLapsed: "lease not renewed in time: nothing more is decided under it",
  claimEnded: "claim given up before it served: the partition follows on with all that it knows",
  draining: "draining: finishing what is in flight, saying all that was decided",
  drained: "drained",
  drainUnfinished: "drain timed out: what was decided and not said is said by the next owner",
  catchingUp: "catching up with the journal",
  caughtUp: "caught up with the journal",
  joined: "worker joined",
  ingressOpen: "ingress opened its doors",
  ingressBroke: "the ingress broke; it starts again, and whoever waits for its answer asks again",
  ingressDrained: "ingress drained: all that was taken is handed over or stored",
  ingressUnfinished: "ingress: drain timed out; what was under way is asked for again by its senders",
  unreadableFrame: "what an ingress handed over can't be read, and is not taken",
  unreadableCarried: "what another partition's owner said can't be read, and is not taken: it is asked for again",
  notGuaranteed: "NOT GUARANTEED by the broker",
  membersChanged: "workers changed",
} as const
