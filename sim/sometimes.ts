/**
 * Rare states that a suite of seeds must reach: each is listed here, so that one which is never reached fails, even if its line never ran.
 */

export interface Sometime {
  readonly name: string
  readonly what: string
}

export const sometimesCatalogue = [
  { name: "zombie-append-refused", what: "a worker whose reign was over tried to append, and the journal refused it" },
  { name: "two-believe-they-own", what: "two workers served the same partition at once, as far as they knew" },
  { name: "timed-out-and-stored", what: "an append got no answer, and was stored" },
  { name: "timed-out-and-not-stored", what: "an append got no answer, and was not stored" },
  { name: "stored-after-giving-up", what: "an append was stored after its worker had given up waiting for it" },
  { name: "retry-answered-duplicate", what: "an append sent again was answered as a duplicate" },
  { name: "retry-answered-wrong-sequence", what: "an append sent again was refused because the first had been stored" },
  { name: "refused-while-in-process", what: "an append was refused because the same one was still on its way" },
  { name: "retry-after-the-window", what: "a command came again after its decision, and got the same one" },
  { name: "retry-decided-by-a-new-owner", what: "a command that one owner had decided came again to the next" },
  { name: "takeover-with-unsaid-replies", what: "an owner died with decisions journaled and not said, and the next said them" },
  { name: "takeover-in-a-sale", what: "a partition changed hands while commands were waiting" },
  { name: "claim-lost-to-a-rival", what: "two claimed at once, and one had to read on and claim anew" },
  { name: "snapshot-loaded", what: "a worker began with a snapshot" },
  { name: "snapshot-far-behind", what: "a snapshot was loaded that lay more than 50 records behind its journal" },
  { name: "snapshot-discarded", what: "a snapshot was thrown away because it wasn't what the journal says" },
  { name: "expiry-beat-confirm", what: "a payment came too late: the hold had expired" },
  { name: "confirm-beat-expiry", what: "a payment came within the last second of its hold" },
  { name: "deadline-passed", what: "a command was decided too late for its sender, and answered as expired" },
  { name: "last-unit-contested", what: "three or more channels were refused what one of them had just got the last of" },
  { name: "sold-out", what: "a SKU's stock reached exactly nothing to sell, and a reserve was refused" },
  { name: "clock-back-during-a-lease", what: "a serving worker's clock jumped back" },
  { name: "clock-ahead-alarm", what: "a clock ran further ahead than is believed, and expired nothing early" },
  { name: "leader-lost-in-an-append", what: "a journal lost its leader while a record was on its way" },
  {
    name: "former-leader-told-a-claimant",
    what: "whoever led a journal before told a claimant an end before what was confirmed, as if it still did",
  },
  {
    name: "former-leader-told-an-owner",
    what: "whoever led a journal before told an owner with an append of unknown outcome an end before what was confirmed",
  },
  { name: "died-before-an-append", what: "a worker died with a batch decided and not yet handed to the journal" },
  { name: "died-in-an-append", what: "a worker died while a record of its own was on its way" },
  { name: "died-before-its-replies", what: "a worker died with a record confirmed and its replies unsaid" },
  { name: "died-before-its-feed", what: "a worker died with replies said and the feed not" },
  { name: "full-batch", what: "a record decided as many messages as one may" },
  { name: "batch-of-one", what: "a record decided a single message" },
  { name: "poison-isolated", what: "a command was quarantined while the same record decided others" },
  { name: "quarantine-settled", what: "an operator replayed or dropped a quarantined command" },
  { name: "commands-tail-lost", what: "the commands stream lost its tail below a cursor, and reading started again" },
  { name: "halted-on-damage", what: "a partition halted on a damaged journal, and an operator let it go on" },
  { name: "cut-outlived-the-lease", what: "a worker was cut off for longer than its lease while it served" },
  { name: "feed-repaired", what: "an older value landed in the feed after a newer one, and was overwritten" },
  { name: "stale-feed-turned-away", what: "a channel turned away a value older than the one it had" },
  { name: "drained", what: "a worker left, and had said everything it had decided" },
  {
    name: "state-outlived-its-reign",
    what: "a worker lost its lease while it served, followed on with its state, and served again",
  },
  {
    name: "older-release-stepped-aside",
    what: "a worker met records of a newer release, and left its partition to those who can read them",
  },
  { name: "id-reused", what: "an id came with other content, and was refused" },
  { name: "shortage", what: "a fact took more than was spare, and a shortage was journaled" },
  { name: "sold-beyond-stock", what: "a channel sold without asking what was not there, and was owed it" },
  { name: "shortage-covered", what: "goods came that a sale had waited for, and nobody else was given them" },
  { name: "shipment-told-twice", what: "a shipment came under a second id, and was answered with what the first came to" },
  { name: "fact-ahead-of-time", what: "a fact came from a clock that is fast, and was taken" },
  { name: "nobody-at-the-door", what: "a message found no ingress that heard its sender, and the server said so" },
  { name: "door-closed", what: "an ingress gave up the subscription of a sender that was over its bound" },
  { name: "busy-in-a-queue", what: "a sender was told to come back because enough of it waited, at an ingress or an owner" },
  { name: "busy-without-an-owner", what: "a selling command was turned away because nobody was known to decide it" },
  { name: "busy-for-a-full-stream", what: "a fact was turned away because the commands stream was full, and nothing of it can be there" },
  { name: "busy-at-an-ending-door", what: "a message reached an ingress that was about to end" },
  { name: "too-old-at-the-door", what: "a message was not taken because nobody could say that it was young enough" },
  { name: "given-back-by-a-reign", what: "a reign ended, and gave back what it had taken and not decided" },
  { name: "stored-again-when-unknown", what: "it was unknown whether a message had been stored, and the same bytes were handed out again" },
  { name: "handed-over-in-memory", what: "an ingress handed messages to the owner inside its own process" },
  { name: "handed-over-by-a-frame", what: "an ingress handed messages to an owner elsewhere" },
  { name: "facts-held-off", what: "as many facts of a sender waited for a person as may, and the doors were told to take no more of them" },
  { name: "no-room-in-quarantine", what: "a command was refused because as many wait in quarantine as may" },
  {
    name: "stored-tail-lost-unread",
    what: "an ingress was told that a message is stored, and the stream lost it before anybody read it: noticed by its serial",
  },
  { name: "array-decided", what: "an array of several commands was decided" },
  { name: "wrong-partition-refused", what: "an ingress with another number of partitions passed a message to an owner that isn't its own" },
  { name: "all-at-once", what: "an election, a zombie, and a full batch within five seconds of a sale" },
] as const satisfies ReadonlyArray<Sometime>

/** States that only other profiles than the flash sale reach. */
export const sometimesElsewhere = [
  { name: "purged", what: "commands below a verified cursor were purged" },
  { name: "floor-refused", what: "a retry older than what is remembered was refused as too old, or a fact quarantined" },
  { name: "journal-loss-detected", what: "a journal lost acknowledged records, and its partition halted" },
  {
    name: "line-ended-by-its-sku",
    what: "a SKU ended the hold of an order's line by itself: the order's partition was out for longer than the grace",
  },
  { name: "order-lost-its-line", what: "an order was told that a SKU ended a line's hold by itself" },
  { name: "order-forgotten", what: "an order was forgotten, some minutes after its end" },
  { name: "forgotten-order-asked-for", what: "a command came for an order that was forgotten, and was told how that had ended" },
] as const satisfies ReadonlyArray<Sometime>

/** States of worlds with orders: what the profile of that name has to reach. */
export const sometimesOfOrders = [
  { name: "order-paid", what: "an order was paid, and all its lines were made lasting" },
  { name: "order-expired", what: "an order's hold was over before anybody paid" },
  { name: "order-refused-for-its-lines", what: "an order was refused because a line had too little, or did not answer" },
  { name: "order-told-of-a-line", what: "an order was told of a line that was shipped, or given up, without its doing" },
  { name: "paid-too-late", what: "a payment came after its order's hold, and was refused" },
  { name: "asked-before-the-answer", what: "a command about an order came again before it was answered" },
  { name: "answered-to-several", what: "one answer went to several who had asked" },
  { name: "busy-with-an-order", what: "a command was told to come back because another of its order was not answered" },
  { name: "carried-again", what: "a command between actors was asked for again" },
  { name: "carried-again-by-a-new-owner", what: "the owner that carried a command was gone, and the next asked for it" },
  { name: "carried-and-decided-before", what: "a command between actors came again after its decision, and got the same one" },
  { name: "orders-from-a-snapshot", what: "an owner of orders began with a snapshot of them" },
  { name: "order-undecidable", what: "a command about an order could not be decided, and waits for a person" },
  { name: "no-room-for-an-order", what: "a command about an order could not be decided, and there was no room for it to wait" },
  { name: "order-still-undecidable", what: "an operator had a command about an order decided again, and it still could not be" },
  { name: "order-replayed", what: "an operator had a command about an order decided again, and it was" },
  { name: "order-begun-by-a-replay", what: "an order was placed, paid or cancelled by an operator's replay, and answered later" },
  { name: "order-dropped", what: "an operator dropped a command about an order" },
  { name: "order-settled-after-its-retry", what: "an operator settled what had been asked again and decided meanwhile" },
  { name: "order-settled-twice", what: "a second operator found nothing any more where a command about an order had waited" },
  { name: "order-told-by-a-replay", what: "an order was told of a line by an operator's replay: it could not take that in before" },
  { name: "order-settled-by-a-new-owner", what: "a command about an order was put into quarantine by one owner, and settled by the next" },
] as const satisfies ReadonlyArray<Sometime>

export type SometimeName =
  | (typeof sometimesCatalogue)[number]["name"]
  | (typeof sometimesElsewhere)[number]["name"]
  | (typeof sometimesOfOrders)[number]["name"]

/** What one seed reached. */
export class Sometimes {
  readonly counts: Record<string, number> = {}

  hit(name: SometimeName): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1
  }
}
