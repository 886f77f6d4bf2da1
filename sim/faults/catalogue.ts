/**
 * Every family of faults: its name, what it does, and which entries of the fault catalogue it stands for. A world draws which are switched on.
 *
 * Ids: N network, P process, J JetStream, C clock, S snapshot, L lease, W workload.
 */

export interface FaultFamily {
  readonly name: string
  readonly ids: string
  readonly what: string
  /** Only where a profile asks for it: what it does is not survived, but has to be noticed. */
  readonly isSpecial?: true
}

export const faultFamilies = [
  { name: "jitter", ids: "N3", what: "every message takes a different time, so messages overtake one another" },
  { name: "spikes", ids: "N3", what: "now and then a message takes seconds" },
  { name: "lost-requests", ids: "N1", what: "what was sent never arrives" },
  { name: "lost-answers", ids: "N6 J2", what: "it arrived and was done, and the answer is lost" },
  { name: "duplicates", ids: "N2", what: "a message arrives a second time, up to seconds later" },
  { name: "channel-lag", ids: "N4", what: "everything to and from one sender takes much longer for a while" },
  { name: "cuts", ids: "N5", what: "a worker or a sender is cut off, in one direction or both" },
  { name: "crash-points", ids: "P1", what: "a worker dies between two outputs of a step, or between two steps" },
  { name: "crashes", ids: "P1", what: "a worker dies at any time" },
  { name: "pauses", ids: "P2", what: "a worker is stopped for longer than its lease, and goes on as a zombie" },
  { name: "stalls", ids: "P3", what: "a worker does nothing for up to a second" },
  { name: "poison", ids: "P4", what: "deciding a certain command throws" },
  { name: "undecidable-orders", ids: "P4", what: "deciding certain commands about orders throws, for a while or until faults end" },
  { name: "releases", ids: "P5", what: "workers of two releases run side by side" },
  { name: "handovers", ids: "P5", what: "a worker drains and leaves, as in a rolling restart" },
  { name: "elections", ids: "J1", what: "a stream has no leader for up to ten seconds; what was on its way is dropped or stored unheard" },
  {
    name: "former-leaders",
    ids: "J1",
    what: "a journal's leader is cut off, and tells some workers for up to twenty seconds where the journal ended then, while another leads it",
  },
  { name: "outages", ids: "J1 J8", what: "all servers are away for up to five seconds" },
  { name: "late-appends", ids: "J3", what: "an append arrives long after its worker gave up waiting" },
  { name: "forgotten-ids", ids: "J8", what: "a journal's window of message ids is empty" },
  { name: "lost-commands", ids: "J5", what: "the commands stream loses its unsynced tail and uses the sequences again" },
  {
    name: "trimmed-commands",
    ids: "J11",
    what: "somebody sets the commands stream to drop what is oldest, decided or not",
    isSpecial: true,
  },
  { name: "lost-journal", ids: "J5", what: "a journal loses its unsynced tail", isSpecial: true },
  { name: "corrupt-records", ids: "J10", what: "a record is read damaged, or one is missing from what is read" },
  { name: "full-stream", ids: "J11", what: "the commands stream is full for a while" },
  { name: "leases", ids: "J12 L1", what: "a lease is gone before its time, or given to two" },
  {
    name: "unserved-orders",
    ids: "L1",
    what: "nobody gets the lease of a partition of orders, for longer than SKUs hold its orders' lines",
    isSpecial: true,
  },
  {
    name: "clocks",
    ids: "C1",
    what: "workers' clocks are wrong, by seconds or an hour, and run fast or slow; wall clocks are set while they serve",
  },
  { name: "broker-clock", ids: "C2", what: "the clock of the servers is set, forward or back, by up to nine seconds", isSpecial: true },
  { name: "ingress-crashes", ids: "P1", what: "an ingress of its own dies at any time, or drains, and begins anew under another name" },
  {
    name: "ingress-pauses",
    ids: "P2 P3",
    what: "an ingress of its own stands still for up to twelve seconds, and reads then what came meanwhile",
  },
  { name: "door-cuts", ids: "N5", what: "an ingress's connection to the senders is cut, and the last of what was in it is lost" },
  {
    name: "store-faults",
    ids: "J3 J11",
    what: "the commands stream is full for one message, or one is stored long after its ingress gave up waiting",
  },
  { name: "partition-counts", ids: "W1", what: "an ingress believes in another number of partitions" },
  { name: "snapshots", ids: "S1", what: "a snapshot is torn, damaged, another partition's, older, or ahead of its journal" },
  {
    name: "malformed",
    ids: "W1",
    what: "messages that can't be decoded, in the wrong class, about another's reservation, or an id with other content",
  },
] as const satisfies ReadonlyArray<FaultFamily>

export type FaultName = (typeof faultFamilies)[number]["name"]
