/**
 * The names under which Holdfast is observed beside its metrics (catalogue.ts): spans, and the log lines that an operator may want to find again. Changing one is a breaking change.
 */

/** Spans (spans.ts says what each is). That of a request is called by its method and its address, as OpenTelemetry has it. */
export const spanName = {
  request: "{method} {route}",
  ingress: "holdfast.ingress",
  decide: "holdfast.decide",
  append: "holdfast.append",
  return: "holdfast.return",
  reply: "holdfast.reply",
  feed: "holdfast.feed",
  project: "holdfast.project",
} as const

/** Log messages of a partition's and a worker's life, so that whoever searches logs has one spelling for each. */
export const logLine = {
  serving: "partition serves",
  steppedDown: "partition stepped down: its state is thrown away",
  reignEnded: "partition given up: its state is kept, and it follows on",
  halted: "partition halted: nobody serves it until an operator resumes it",
  newerRelease:
    "a newer release writes this journal: this worker can't read it, and leaves the partition to those who can until it is replaced",
  alarm: "alarm",
  decided: "a traced message was decided",
  spansWait: "the collector of spans can't be reached: as many as may wait for it, and more are dropped. Nothing else waits",
  spansTaken: "the collector of spans can be reached again",
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
  allServed: "every partition is served",
} as const
