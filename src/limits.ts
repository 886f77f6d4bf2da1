/**
 * Every limit of Holdfast, with its unit, its reason and its relation to the others, asserted when this file is loaded.
 * Nothing here reads the environment: what an operator may change is in config.ts, and is checked against these.
 */
import { assert } from "./assert.ts"

// Names and numbers of the domain

/** Bytes of a SKU in UTF-8. Its token is at most three times as long, so the longest subject still fits NATS comfortably. */
export const skuBytesMax = 128
/** Characters of a sender's (channel's, warehouse's, operator's) name: one subject token. */
export const senderCharsMax = 32
/** Characters of a command id, reservation id, location or reference. */
export const idCharsMax = 64
/** Units one command may move. Sums over every location and reservation stay exact integers by far. */
export const qtyMax = 1_000_000_000
/**
 * Units one `RecordSale` may tell of, from a sender without the role `bulk`. It happened already, so no stock bounds it: whatever it says comes off what all channels may sell. A thousand
 * is far more than a till or a marketplace order of one line sells, and little beside the stock of a SKU that sells in such numbers; what is beyond is looked at by a person first.
 */
export const saleQtyMax = 1_000
/** Units one location may hold of one SKU, whatever is received. */
export const onHandMax = 1_000_000_000_000
/** Locations one SKU may be stocked at: bounds the work of one ATS. */
export const locationsPerSkuMax = 256
/** Channels a policy may name: bounds the work of one ATS. */
export const channelsPerPolicyMax = 64
/** Channels of one SKU that its policy doesn't name and that are told so whenever all are told. Whom an older policy dropped was told by then. */
export const straysMax = 64
/** Locations a Reserve may ask for, and an allocation may be split over. */
export const allocationsMax = 16
/** Open reservations of one SKU. A hot SKU has a million; this is where we stop. */
export const openReservationsPerSkuMax = 4_000_000
/** SKUs of one partition. */
export const skusPerPartitionMax = 4_000_000
/** Milliseconds a hold may be asked for: 30 days. */
export const holdMsMax = 30 * 24 * 3_600_000
/** Milliseconds of a command's deadline: 1 day. */
export const deadlineMsMax = 24 * 3_600_000
/** Lines of one order. The largest invoice of the public retail file has 593. */
export const orderLinesMax = 1_000
/** Bytes that one event of an order adds for each line, beyond what the line's own SKU and locations have: as a line, as the command it carries, and as a line of an answer. */
export const orderLineBytesMax = 256
/** Milliseconds within which every line of an order has to have answered; then it is refused, and what it has goes back. */
export const orderPlacingMsMax = 10_000
/**
 * Milliseconds by which a SKU's hold for a line outlives the order's own: as long may a confirmation be on its way to the SKU, an outage of the order's partition included, before the SKU's own timer could come
 * first. What that timer is for is an order whose partition is gone: units are bound for nobody so much longer.
 */
export const orderGraceMs = 15 * 60_000
/** Milliseconds an order's hold may be asked for. */
export const orderHoldMsMax = 29 * 24 * 3_600_000
/** Milliseconds for which an order of which nothing is left to do is kept all the same: so long, whoever confirms it too late is told of each line what to refund; afterwards, that it is over. */
export const orderKeptMs = 10 * 60_000
/** Order books that a partition holds: all those of some thousand channels. */
export const orderBooksPerPartitionMax = 1_048_576
/** Orders that a book holds. */
export const ordersPerBookMax = 65_536
/** Characters of free text (a reason an operator gives). */
export const textCharsMax = 256

/** Actors that the orders of one channel are split over, by their ids. One writer decides all orders of a book; more books spread a channel's orders over more partitions. */
export const orderBooksPerChannel = 256
/** Commands that the actors of one partition have sent to others and whose decision has not come back. Some 300 bytes each. */
export const underWayMax = 65_536
/** Milliseconds after which a command under way is asked for again, the first time, the second, …, and every further time. */
export const askAgainMs: ReadonlyArray<number> = [1_000, 2_000, 4_000, 5_000]
/** Commands under way that are asked for again in one tick. The others are in the next. */
export const askedAgainMax = 2_048
/** Commands under way to one partition that its sender keeps at hand, to ask another owner of that partition at once. Beyond it they are asked for again in their turn. */
export const carriedAtHandMax = 2_048
/** Milliseconds for which the oldest command under way of a partition may have no answer before somebody is told. */
export const carriedStuckMs = 30_000
/** Milliseconds between two entries that raise the floor of a partition which sends to this one. */
export const settledEveryMs = 1_000
/** Reply subjects that are kept of one command whose answer is owed: of whoever asked last. */
export const owedRepliesMax = 8
/** Milliseconds after which who is told that another command of its order is not answered yet may come back: a round through two journals or so. */
export const owedBusyMs = 100

// Files of orders and stock levels, which are read whole

/** Bytes of such a file. The public Online Retail file, a year of a shop, has 45 MB. */
export const orderFileBytesMax = 128 * 1_048_576
/** Rows of it that are played: each becomes several commands in memory, a kilobyte or two. */
export const orderFileRowsMax = 1_000_000
/** Columns of a header; rows are read no further. Wide exports have a hundred. */
export const fileColumnsMax = 1_000
/** Characters a quoted field may go on for after the end of its line. A note in an order has a few hundred; beyond this, the quote was none. */
export const quotedCharsMax = 65_536
/** Lines among which the header is looked for: reports put a few lines of their own above it. */
export const headerLinesMax = 20
/** Characters of others' own text in a message. */
export const quotedTextCharsMax = 80
/** Characters of a name that is told as it is: the longest there is, a reservation's of two ids and a number. What is longer is no name, and is shortened. */
export const nameCharsMax = 2 * idCharsMax + 12

// Messages

/** Bytes of a command message's body; what is longer is refused before it is parsed. */
export const bodyBytesMax = 65_536
/** Commands in one message. */
export const commandsPerMessageMax = 128
/** Operators' commands in one message, a sender's or a stored one: each settles a command that may be as large as a message, and a message is decided whole. */
export const operatorCommandsPerMessageMax = 4
/**
 * Bytes that a line of an order of {@link orderLinesMax} may take in its command on average, with all that JSON puts around it: of the largest quantities with a SKU of 17 bytes, of usual ones with one of 29. An order of
 * fewer lines may have longer ones. Larger bodies would not do: where the last line of an order answers, its lines are told of in an event, in the answer and in what is given back, and that has to fit two thirds of
 * a record (domain/order/bounds.ts).
 */
export const orderLineBodyBytes = 65
/** Bytes of a message in the commands stream: what an ingress writes of at most {@link commandsPerMessageMax} commands and {@link bodyBytesMax} bytes of theirs. */
export const storedMessageBytesMax = 262_144
/** Characters of a reply suffix, and tokens in it. */
export const replySuffixCharsMax = 96
export const replySuffixTokensMax = 3

// The HTTP gateway

/** Bytes of the body of an HTTP request: of one command, and of many. */
export const httpCommandBytesMax = bodyBytesMax
export const httpBodyBytesMax = 1_048_576
/** Commands of one HTTP request. They travel in as many messages as their partitions need. */
export const httpCommandsMax = 1_000
/** Bytes of a request's line and headers together. A ticket is in the line. */
export const httpHeaderBytesMax = 32_768
/** Milliseconds within which the headers, and the whole of a body, must have come. Shops are near, and a body is small. */
export const httpHeadersMsMax = 10_000
export const httpBodyMsMax = 15_000
/** Milliseconds a connection is kept for the next request. */
export const httpIdleMsMax = 65_000
/** Connections of one gateway. */
export const httpConnectionsMax = 10_000
/** Milliseconds a request waits for a decision or an answer, unless it says otherwise, and at most. Proxies cut at 30 or 60 s. */
export const httpWaitMs = 5_000
export const httpWaitMsMax = 25_000
/** Characters of a ticket: what is asked with it is in it, and it stands in a URL. A larger command is asked for by sending it again. */
export const ticketCharsMax = 8_192
/** Bytes of a ticket's command once it is unpacked. */
export const ticketBytesMax = bodyBytesMax
/** SKUs of one question about ATS. */
export const httpSkusMax = 100
/** Milliseconds a gateway tries to reach a server for a request, and asks whether the cluster is there before it says that it isn't ready. */
export const gatewayConnectMs = 3_000
export const readyProbeMs = 1_000
/** Milliseconds that whoever asks whether a gateway is ready waits for its connection to be made. */
export const readyConnectMs = 500
/** Milliseconds a sender's connection is kept after its last request. */
export const gatewayIdleMs = 10 * 60_000
/** Characters of a request's API key: ours have 68. */
export const apiKeyCharsMax = 256
/** Keys that one sender has at a time: the one in use, and the one that comes after it. */
export const keysPerSenderMax = 2
/** Bytes of the file of API keys. */
export const keysFileBytesMax = 4 * 1_048_576
/** Milliseconds after which a key that was revoked is refused, at the latest. */
export const keysReadMs = 250
/** Milliseconds between two looks at whether another command still changes the file of API keys, and how often it is looked. */
export const keysHeldLookMs = 50
export const keysHeldLooksMax = 40
/** Streams of events of one sender at one gateway. */
export const eventStreamsPerSenderMax = 100
/** Events that wait for one client of the feed. Whoever has more to read is dropped, and comes back to where it was. */
export const eventsWaitingMax = 4_096
/** Newest events of a channel that a gateway keeps for whoever comes back. */
export const eventsKeptMax = 16_384
/** Milliseconds without an event after which a client is sent a comment, so that nobody on the way cuts the connection. */
export const eventsQuietMs = 15_000
/** Milliseconds for which a client may read nothing though there is something to read. */
export const eventsStalledMsMax = 30_000
/** Milliseconds a channel's feed is heard after its last client has gone. */
export const feedIdleMs = 30_000
/** Channels and SKUs whose feed a gateway listens to for people who compare, at once, and milliseconds for which it does after it was last asked. */
export const toldWatchedMax = 256
export const toldIdleMs = 10_000
/** Milliseconds a gateway reads the past for one question, those before it in line included. */
export const pastAnswerMsMax = 15_000
/** Such questions at once, of a gateway that asks tables. */
export const pastQuestionsMax = 4
/** Minutes of a SKU's past that a gateway tells in one answer, where nothing is said and at most. */
export const latelyMinutes = 30
export const latelyMinutesMax = 1_440
/** Moments of it that are told at most. */
export const latelyPointsMax = 1_800

// Records

/** Bytes of one journal record. */
export const recordBytesMax = 900_000
/** The server's default `max_payload`; a record must fit with its headers. */
export const payloadBytesMax = 1_048_576
/** Reservations that one record may cover of what they are short of. More wait for the next, and nothing is offered to others before. */
export const coversPerRecordMax = 256
/** Command messages one record may decide. */
export const batchMessagesMax = 2_048
/** Commands one record may decide: bounds the pause and the record. */
export const batchCommandsMax = 2_048
/** Due holds one record may expire beside deciding commands; twice as many where it does nothing else. */
export const batchExpiriesMax = 1_024
/** Worst-case bytes of one command's entry beyond twice its own canonical bytes (a policy stands in its command and in its event): its events name every allocation. */
export const entryOverheadBytesMax = 4_608
/** Bytes of a record that saying an owed answer takes at the worst, beside the answer: who asked for what, and to which reply subjects it goes. */
export const answeredBytesMax = 3_072
/** Bytes of a decision that comes back from another actor: what one command's events take at the worst, spelled as it is said. */
export const returnedOutcomeBytesMax = entryOverheadBytesMax
/** Bytes that a decision which came back takes of a record at the worst, with all that its actor makes of it. */
export const returnedBytesMax = 850_000
/** Bytes of a record that decisions which came back take beside other things: more wait for the next. */
export const returnsBytesMax = 225_000
/** Bytes of a record kept for its envelope. */
export const recordEnvelopeBytesMax = 4_096

// Memory of a partition

/** Records under way that are read for packed decisions which are asked for again, of 900 kB at most; and milliseconds before one that could not be read is asked for again. */
export const recalledRecordsMax = 4
export const recallAgainMs = 200
/**
 * Newest decisions of one sender and idempotency class in one partition that are held as they are, some 300 bytes each: a retry of these seconds reads nothing. Older ones are packed. Of decisions about
 * orders, which tell of each line, so many decisions and lines together.
 */
export const recentPerSenderMax = 131_072
/** Decisions of one sender and class, and ended reservations of it, that are remembered for the whole horizon; above either that sender's floor rises. 180 MB packed, each. */
export const rememberedPlenty = 4_000_000
/** Milliseconds for which a command is remembered however much its sender sends: a floor that rises for want of memory never lies nearer to now. */
export const commandHorizonMinMs = 15 * 60_000
/**
 * Decisions of one sender and class, or ended reservations of it, at which that sender is told to come back before anything more of it is decided: what a build that decides so many a
 * second (more than this one was measured to) decides within the horizon that always holds. Packed, at most 45 bytes each: 2.4 GB outside the heap for decisions, and for ended reservations half as
 * much where each takes two commands.
 */
export const decisionsPerSecondMax = 60_000
/** Decisions that are remembered of one sender in a partition: the highest rate for the shortest horizon. */
export const rememberedPerSenderMax = (commandHorizonMinMs / 1_000) * decisionsPerSecondMax
/** Milliseconds between two words to ingresses that a sender has to be throttled for want of memory, and between two looks at how full memories are. */
export const throttleEveryMs = 1_000
export const memoryLookMs = 1_000
/** Share of such a bound from which it is told that memory runs short. */
export const memoryShortShare = 0.8
/** Milliseconds a command (not a fact) is remembered: retries older than this are refused as too old. */
export const commandHorizonMs = 24 * 3_600_000
/** Milliseconds a fact is remembered: offline tills report this late. At least 72 hours. */
export const factHorizonMs = 96 * 3_600_000
/** Width in milliseconds of the steps in which a floor rises: what is forgotten is forgotten a step at a time. */
export const floorStepMs = 1_000
/** Milliseconds `issuedAtMs` may lie after the journaled time. */
export const issuedAheadMsMax = 5 * 60_000
/** Commands in quarantine of one partition, and of one sender in it, from which ingresses take no facts of that sender, or of whoever has any there: it hears `busy` until there is room. */
export const quarantinedMax = 10_000
export const quarantinedPerSenderMax = 1_000
/** Facts of one sender that may be on their way by the time it is throttled: what one ingress lets wait, and what an owner has read and not decided. */
export const factsUnderWayMax = 16_384
/** Facts that are kept there, of one sender and in all: what is stored by then is quarantined beyond the bounds at which its sender is throttled. Some kB each at most. */
export const factsKeptPerSenderMax = quarantinedPerSenderMax + factsUnderWayMax
export const factsKeptMax = 65_536
/** Senders one partition keeps floors and decisions for. */
export const sendersPerPartitionMax = 1_024
/** Command messages a partition holds that it has not decided; above it reading pauses. */
export const arrivedMessagesMax = 8_192
export const arrivedBytesMax = 32 * 1_048_576
/** Commands handed over to a partition and not decided: some hundred milliseconds of what one decides. A sender's share is this over the senders that have something waiting. */
export const handedCommandsMax = 32_768
/** What a sender may always have waiting, however many others there are. */
export const handedPerSenderMin = 256
/** Bytes of the same, of all senders. */
export const handedBytesMax = 32 * 1_048_576
/** Milliseconds after which somebody who was told `busy` may come back, at least and at most. */
export const busyMsMin = 10
export const busyMsMax = 2_000
/** Ingresses of which a partition remembers how far they are taken: lives of ingresses, in weeks of rolling restarts. */
export const ingressesRememberedMax = 4_096
/** Bytes of decided commands kept in their stream, over all partitions: what a reset can go back to. */
export const commandsKeptBytes = 64 * 1_048_576
/** Share of the commands stream above which nothing decided is kept. */
export const commandsFillMax = 0.5
/** Former cursors a partition remembers to find the last common message after the commands stream lost its tail. */
export const cursorsRememberedMax = 4_096

// Time

/**
 * Milliseconds a worker's wall clock may differ from the broker's, in either direction, before an alarm is raised. No decision depends on that clock; but whoever sets
 * it so sets others, and senders' clocks are believed.
 */
export const clockOffMsMax = 2_000
/** Milliseconds for which it must have been so. Longer than between two renewals of a lease. */
export const clockOffForMs = 3_000
/** Milliseconds for which the best bound of the broker's time is kept at least, and twice that at most: so long a broker's clock that was set back is not followed. Several renewals fall into it. */
export const brokerClockWindowMs = 10_000
/** Millionth parts by which a steady clock may run fast: as fast as a kernel lets one be slewed. Believed of it is so much less. */
export const steadyClockFastPpmMax = 500
/** Milliseconds without a confirmed record after which a witness is written, and between checks of the cursor's digest. */
export const cursorCheckMs = 1_000
/** Milliseconds for which a look at the cursor's message stands good for a purge up to it, from when it was asked for: far shorter than a server that lost its tail takes to start, be found and use the same sequences again. A later answer is good for reading on, and the next look purges. */
export const purgeLookMs = 1_000
/** Milliseconds an append may take before its outcome is unknown. */
export const appendTimeoutMs = 5_000
/** Milliseconds for which a server that leads a stream may take itself for its leader without hearing from a majority: ten of silence, and it looks every ten. The servers' own figures, not to be set. */
export const leaderAloneMsMax = 20_000
/**
 * Milliseconds for which a journal has to end before what was confirmed, at every asking, before it is believed that its tail is lost: for longer than any former leader, which may lack the
 * newest records, can go on answering. A real loss is found so much later; nobody decides anything meanwhile.
 */
export const formerLeaderMs = 30_000

// Questions

/**
 * Questions a second of one sender that one worker looks at, and as many at once; beyond it the sender's subscription is dropped for a moment. More than a shop's pages ask for, and
 * at some 25 µs each a fortieth of a core: what all senders of a cluster may cost a worker is their number times that. A KiB asked, and 4 KiB answered, cost as much as a question.
 */
export const questionsPerSecond = 1_000
export const questionBytes = 1_024
export const answerBytesPerQuestion = 4_096
/** SKUs walked for a page of ATS that cost as much as a question. */
export const skusWalkedPerQuestion = 256
/** Questions' worth that is answered in one turn of the event loop: bounds what they hold up. */
export const questionsPerTurn = 32
/** Milliseconds a dropped subscription stays dropped at least: its bucket has then filled for as long. */
export const questionsClosedMs = 250
/** SKUs and senders that an owner names of one partition where it tells how it is: the first of a longer list. */
export const figureListMax = 16
/** Bytes of a question's body; what is longer is no question. */
export const questionBytesMax = 4_096
/** Bytes of answers that wait for a record to be confirmed, over all senders: beyond it what is asked isn't answered, and asked again. */
export const answersWaitingBytesMax = 16 * 1_048_576

// The door

/**
 * Messages of one sender that may be on their way to an ingress and wait in it untold: a sender's burst of as many always finds somebody. Asked for in steps, another when as many were told: what
 * the server pushes at once stands in the socket before everybody's messages. A flood of 300,000 a second beside a probe: with 1,024, 4,096 and no such bound the probe's median was 0.9 to
 * 11, 0.9 to 1.7, and 5 to 3,000 ms, its worst case 53 to 133, 177 to 195, and 660 to 3,000 ms.
 */
export const doorCreditMessages = 2_048
export const doorCreditStepMessages = 512
/**
 * Bytes of senders' messages that are taken in one turn of the event loop, each counted for so many at least: a few milliseconds of decoding and deciding, so that a flood holds up neither
 * another sender's command nor what comes from the broker. A flood of 60,000 a second beside a probe, on a machine with three times as much to do as it has cores: the probe's median was
 * 170 to 430 ms with slices of 32 to 128 short messages, 1,500 ms without such a bound. Full messages of the client library count for what they are: with a quarter of this they were slower.
 */
export const doorSliceBytes = 65_536
export const doorSliceMessageBytesMin = 1_024
/** Worker processes under one supervisor: each is a core's work, and a machine that has more starts another supervisor. */
export const processesMax = 64
/** Milliseconds in which a worker process has to answer for its pages; one that doesn't is missing in the merged page. */
export const childPageMs = 3_000
/** Milliseconds before a worker process that ended by itself is started again; doubled each time it ends within a minute, up to the second. */
export const childStartAgainMs = 500
export const childStartAgainMsMax = 15_000
/** Milliseconds that a projector or an archivist beside a worker gets to end before it is killed: a batch of rows, or a request, is done by then. Either may be killed at any time, so nothing is lost by it. */
export const besideEndMs = 5_000
/** Milliseconds that a worker process gets to end beyond what it gives itself for draining and for giving its leases back, before its supervisor kills it: for closing its connections. What it leaves unsaid, its partitions' next owners say. */
export const childEndMs = 5_000
/** Milliseconds that a worker process gets to be ready when others wait for it to be restarted. */
export const childReadyMs = 120_000

/** Milliseconds between two pings on the senders' connection, and pings under way: what bounds the age of what comes in on it. */
export const doorPingEveryMs = 25
export const doorPingsMax = 4
/** Milliseconds an ingress waits until an owner has heard a frame. */
export const handTimeoutMs = 2_000
/** Milliseconds an ingress waits until a message is stored. */
export const storeTimeoutMs = 5_000
/** Milliseconds between two words of an owner that it still reigns. */
export const announceEveryMs = 500
/** Milliseconds between two words of an owner, when it has senders to throttle. */
export const fullEveryMs = 5

// Questions about the past

/** Milliseconds a command waits for tables that are behind the journals and come nearer; for tables that come no nearer, for nobody may be writing them; and between two looks. */
export const pastCatchUpMsMax = 30_000
export const pastNoNearerMs = 5_000
export const pastLookMs = 100
/** Pages of lines that wait for whoever asked while the next are read. */
export const pastPagesMax = 2
/** Steps of a chain or a history in one answer, at most and where nothing is said; the steps before them are asked for by the place of the first. */
export const pastStepsMax = 1_000
export const pastStepsShown = 20
/** SKUs of one question about availability: each reads a journal where there is no database. */
export const pastSkusMax = 100
/** SKUs of which a backtest tells each for itself, at most and where nothing is said; all are in its sums. */
export const backtestSkusMax = 10_000
export const backtestSkusShown = 10
/** SKUs that a file of policies may name each for itself. */
export const backtestPoliciesMax = 100_000

// Liveness

/** Milliseconds a reader may hear nothing, though it has asked, before the stream's leader is asked whether there is anything for it. */
export const readerSilentMs = 1_000
/** Milliseconds for which what the leader holds may be on its way: after that the reader is deaf, and is moved to another server. */
export const readerDeafConfirmMs = 500
/** Milliseconds for which the server on which a reader was deaf gets no reader of that stream: catching up takes it about that long for a few GiB. */
export const deafServerAvoidedMs = 60_000

/** Milliseconds without any answer after which a connection counts as half-open, and is given up for another. */
export const halfOpenMs = 2_500
/** Milliseconds without a word of JetStream after which another server is tried: the one connected to may let everything wait. */
export const slowServerMs = 3_000
/** Milliseconds between two announcements of a worker, at most: they say how it gets on. */
export const announceMsMax = 1_000
/** Milliseconds without a word of an owner, or of the broker, after which it counts as gone: two announcements may be late. */
export const ownerSilentMs = 2_000
/** Milliseconds an owner may have something to decide and confirm nothing. */
export const ownerStalledMs = 2_000
/**
 * Milliseconds a partition may take on its way from one owner to the next before that is an outage, as others see it: from what its former owner announced last to what the new one
 * announces first.
 */
export const outageGraceMs = 2_500
/** Milliseconds of them that the hand-over itself may take: to give the lease away, to get it, and to claim. */
export const handOverMs = 500
/** Milliseconds from when a process began to watch, within which a partition that it never saw served may be on its way to its first owner: a cluster that has just been started. */
export const firstOwnerMs = 4_500
/** Milliseconds between two looks at whether every partition is served. */
export const outageLookMs = 250
/** Milliseconds after the look before, from which on a look shows that this process stood still: what it then has not heard says nothing of others. */
export const outageLookLateMs = 1_000
/** Milliseconds within which any outage is shown and alarmed by every living worker. */
export const outageToldMsMax = 5_000

// Feed and snapshots

/** Records whose replies may be on their way at once; beyond it nothing more is decided until some are out. */
export const replyRecordsMax = 64
/** Records of a former reign that are read, and said again, in one step: a tenth of a second if each is full. As many as half of {@link replyRecordsMax} are on their way; the rest is for decisions. */
export const republishRecordsMax = 4
/** Share of {@link replyRecordsMax} that decisions don't use while anything has to be said again. */
export const republishShare = 0.25
/** Milliseconds before what could not be read to be said again is asked for once more. */
export const republishAgainMs = 200
/** ATS messages in flight to the feed. Beyond it values are conflated: only the latest of each SKU is sent. */
export const feedInFlightMax = 4_096
/** Groups of ATS messages on their way to the feed at once, each handed over without waiting for the one before. What changes while all are on their way is conflated. */
export const feedGroupsMax = 4
/** Milliseconds within which a broker stores a record, or a group of the feed, as long as it is well. */
export const brokerStoresMs = 50
/**
 * Milliseconds from the answer of a decision until the feed tells of it, or of a later one of its SKU, however hot that is, as long as the broker stores within {@link brokerStoresMs}: a
 * place among the groups gets free, the record in flight is confirmed, the group is stored, and is heard.
 */
export const feedHeardMsMax = 200
/**
 * Milliseconds before the last record of the former owner from which a new one looks at what the feed stored. What was stored earlier, that owner has seen and corrected
 * itself: so this bounds how long its own watch may have lagged, and its corrections may have gone unstored, while it went on journaling.
 */
export const feedLookBackMs = 60_000
/** Milliseconds for which what an owner stored in the feed may be late to come back to it: later an older value in its place is taken for somebody else's, and overwritten. */
export const feedEchoMs = 1_000
/** Milliseconds for which a value of the feed waits for something else to leave on its connection, at most: it rides along with the next record. */
export const ridersWaitMs = 5
/** Bytes of one snapshot chunk: as a record, it is one message. */
export const snapshotChunkBytesMax = 800_000
/** Things (SKUs, reservations, decisions) one slice of a snapshot may walk: bounds the pause far below 5 ms. */
export const snapshotSliceItemsMax = 512
/** Bytes after which one slice takes no more parts (reservations, orders), whatever their count: an order of 1,000 lines is as much work as 500 reservations. */
export const snapshotSliceBytesMax = 256 * 1_024
/**
 * A snapshot is due once so many records, commands (expired holds counted with them) or bytes lie behind the start of the last, whichever comes first, and
 *
 *     (records + commands) * snapshotShare >= things in the last snapshot (SKUs, reservations, decisions)
 *
 * or once `snapshotCommandsMax` commands do. Ten thousand records of one command each take a fifth of a second to replay: the share keeps a state of millions of things, which takes many
 * seconds to write and to load, from being written for them. The last bound holds whatever the state's size: recovery must not grow with the journal.
 */
export const snapshotEveryRecords = 10_000
export const snapshotEveryCommands = 250_000
export const snapshotEveryBytes = 64 * 1_048_576
export const snapshotShare = 4
export const snapshotCommandsMax = 500_000
/** Commands that may be decided while a snapshot is written: the larger the state, the more of it is walked for each of them. Deciding waits for the walk, never for the store. */
export const snapshotWalkCommands = 400_000
/** Things up to which a state is walked by the ticks alone: a slice each, done within seconds. */
export const snapshotTickedThings = 65_536
/** Commands that may lie in the journal behind the start of the newest published snapshot, as long as snapshots can be stored. */
export const commandsBehindSnapshotMax = 1_000_000
/** Milliseconds before another snapshot is begun after one could not be stored. */
export const snapshotRetryMs = 10_000
/** Bytes of records that are applied without a pause in between, or one record if it is longer: some hundred commands, some milliseconds. */
export const replaySliceBytes = 131_072

// The door

/** Milliseconds between two ticks that an ingress is given: as often it opens doors again, tries again and gives up what waits too long. */
export const ingressTickMs = 25
/** Milliseconds of age above which a message is not taken: whoever thaws must not hand over old commands as new. */
export const doorAgeMsMax = 2_000
/** Milliseconds a message may wait in an ingress before its sender is told to come back; it was handed to nobody by then. */
export const ingressWaitMsMax = 2_000
/** Senders an ingress knows at most. */
export const ingressSendersMax = 1_024
/** Messages and bytes that wait in an ingress, of one sender; of many senders each gets an equal share of the whole instead, so that nobody's waiting is at another's cost. */
export const waitingMessagesMax = 4_096
export const waitingBytesMax = 4 * 1_048_576
export const waitingMessagesInAllMax = 262_144
export const waitingBytesInAllMax = 256 * 1_048_576
/** Bytes of what an ingress writes about one message beside its body: sender, class, token of the SKU, reply suffix, time, trace, length. */
export const messageHeadBytesMax = 640
/** Messages, and bytes of their bodies, in one frame handed to an owner. */
export const frameMessagesMax = 1_024
export const frameBytesMax = 262_144
/** Frames, and bytes in them, under way from one ingress to one owner: enough for a round trip at full speed; beyond it messages wait here, where senders take turns. */
export const framesUnderWayMax = 16
export const frameBytesUnderWayMax = 1_048_576
/** Milliseconds before a message whose storing is unknown is handed out again, and before a full stream is tried again. */
export const storeAgainMs = 100
export const storeFullPauseMs = 250
/** Milliseconds of its rate that a sender's bucket holds before its closed door opens again: a subscription is not made and given up for each message. */
export const doorReopenMs = 100
/** Milliseconds an owner may keep a sender's door closed with one word. */
export const senderFullMsMax = 5_000
/** Milliseconds after which a sender that hears `busy` may come back: another owner, a place in a queue, room in the stream, another ingress. */
export const busyOwnerMs = 250
export const busyQueueMs = 250
export const busyFullMs = 1_000
export const busyEndingMs = 50
/** Milliseconds for which a door keeps the best bound of the broker's time at least, and twice that at most; and millionth parts by which its own steady clock may run fast. */
export const doorClockWindowMs = 10_000
export const doorClockFastPpmMax = 500

// Archive

/** Bytes of records, and records, in one segment of an archive: held in memory whole while it is written and read. */
export const archiveSegmentBytesMax = 32 * 1_048_576
export const archiveSegmentRecordsMax = 32_768
/** Records that are sent ahead of their acknowledgements while a journal is written anew; and how often in a row, and after how many milliseconds, that is tried again without one of them being stored. */
export const rebuildAheadMax = 64
export const rebuildAttemptsMax = 30
export const rebuildRetryMs = 1_000
/** Newest records of a journal that are never purged, however old: a witness is compared with as many. */
export const journalRecordsKeptMin = 1_024
/**
 * Milliseconds of journaled time for which a record stays in its journal: longer than any id in it is remembered, one that was issued as far ahead as is taken included, and a
 * floor's step.
 */
export const journalKeptMs = factHorizonMs + issuedAheadMsMax + floorStepMs

// Projection
/** Actors and their parts that the fold of one journal keeps; beyond either, all are read again from the tables as they are needed. */
export const actorsFoldedMax = 100_000
export const partsFoldedMax = 250_000
/** Milliseconds between two looks whether a journal that is projected still reaches as far as the tables, and how many in a row have to find that it doesn't. */
export const projectedEndCheckMs = 5_000
export const projectedShorterMax = 3
/** Lines of the ledger that are written in one transaction, or bytes of the records that they are made of, whichever comes first. */
export const projectedLinesMax = 10_000
export const projectedBytesMax = 4 * 1_048_576
/** Milliseconds for which a connection to the database is waited for, and for which an answer of it is. */
export const databaseConnectMs = 5_000
export const databaseAnswerMs = 60_000
/** Milliseconds between two attempts while the database is away: the first pause, and the longest. */
export const databaseRetryMsMin = 100
export const databaseRetryMsMax = 5_000
/** Milliseconds for which a projector that met another one's rows waits before it looks whether that one still writes. */
export const standByMs = 2_000
/** Records of a journal by which tables that were made anew may be behind the served ones when they take their place, where those don't stand still for long enough. */
export const swapBehindMax = 2_000
/** Months of journaled time for which the ledger is kept, the present one not counted. */
export const ledgerMonthsKept = 13
/** Milliseconds between two looks for months that are too old. */
export const ledgerLooksMs = 3_600_000
/** Milliseconds between two looks of a projector at the oldest hold. */
export const oldestHoldLookMs = 5_000

const longestMessageEntryBytes = 2 * bodyBytesMax + commandsPerMessageMax * entryOverheadBytesMax
/** A line of a stored message's head: sender, class, SKU token, reply suffix, time, trace, size. */
const storedHeadBytesMax = senderCharsMax + 3 * skuBytesMax + replySuffixCharsMax + 256

// What is measured

/**
 * Pairs of a sender and a location of which the way of commands is measured apart: some twenty channels and a dozen warehouses. Locations are words of senders: however many there are, what
 * comes later is measured as `other`.
 */
export const latencyPairsMax = 256
/** Records of a partition whose commands' way is being measured: more than are ever on their way to senders. What is older is not measured. */
export const recordsTimedMax = 1_024
/** Records whose traced messages are being followed to their replies and to the feed. */
export const tracedRecordsMax = 1_024
/** Milliseconds of journaled time after which a projector tells no span of a record: what it catches up with, and tables made anew, are no way of a command. */
export const projectedTraceMsMax = 600_000
/** Characters of what a span says of all commands of its messages: of very many, not all are named. */
export const spanTextCharsMax = 1_024
/** Spans that wait for a collector at most, some 4 MB of a process; beyond it they are dropped. And of them in one request, which is the time that this thread makes JSON at once. */
export const spansWaitingMax = 4_096
export const spansPerRequestMax = 256
/** Milliseconds after which what waits is sent, those that a request to a collector may take, and those at which the pauses of one that can't be reached, which double, stop. */
export const spanExportMs = 1_000
export const spanRequestMsMax = 5_000
export const spanPauseMsMax = 30_000
/** Milliseconds that the end of a process waits for a collector. */
export const spanCloseMs = 1_000
/** Commands of a partition that began and whose answer is waited for by whoever measures it. */
export const answersTimedMax = 65_536

assert(2 * bodyBytesMax + commandsPerMessageMax * storedHeadBytesMax < storedMessageBytesMax, "what an ingress stores fits one message")
assert((questionsPerSecond * questionsClosedMs) / 1_000 >= questionsPerTurn, "a subscription that is opened again has questions to give")
assert(nameCharsMax >= Math.max(skuBytesMax, senderCharsMax), "every name is told as it is")
assert(orderLinesMax * orderLineBodyBytes + 512 <= bodyBytesMax, "an order of as many lines as there may be fits a message")
assert(saleQtyMax < qtyMax, "what a channel tells of its own accord is bounded closer than what is counted")
assert(fullEveryMs < announceEveryMs, "holding a sender off is said sooner than that nothing changed")
assert(orderHoldMsMax + orderPlacingMsMax + orderGraceMs <= holdMsMax, "a SKU can hold a line for longer than its order is held")
assert(
  3 * bodyBytesMax + orderLinesMax * orderLineBytesMax + recordEnvelopeBytesMax < recordBytesMax,
  "an order of as many lines as there may be fits a record with the commands that it carries",
)
assert(orderGraceMs > 4 * orderPlacingMsMax, "an order that is slow to be placed has its grace all the same")
assert(purgeLookMs <= cursorCheckMs, "a look that is too old for a purge has the next behind it")
assert(recordBytesMax < payloadBytesMax, "a full record fits one message with its headers")
assert(republishRecordsMax * 2 <= replyRecordsMax, "what is said again leaves half of all replies to decisions")
assert(republishRecordsMax <= replyRecordsMax * republishShare && republishShare <= 0.5, "something can always be said again")
assert(snapshotChunkBytesMax < payloadBytesMax, "a snapshot chunk fits one message with its headers")
assert(
  snapshotSliceBytesMax + orderLinesMax * orderLineBytesMax + bodyBytesMax < snapshotChunkBytesMax,
  "what a slice holds by then fits a chunk beside one more order of as many lines as there may be",
)
assert(
  snapshotCommandsMax + snapshotWalkCommands + 8 * batchCommandsMax <= commandsBehindSnapshotMax,
  "a snapshot that is begun at the latest is done before too many commands lie behind the one before it",
)
assert(snapshotEveryCommands <= snapshotCommandsMax, "what is due at the latest comes after what is due at the earliest")
assert(
  returnedBytesMax + recordEnvelopeBytesMax < recordBytesMax && returnsBytesMax < returnedBytesMax,
  "a decision that came back, at its worst, fits a record",
)
assert(
  4 * bodyBytesMax + 2 * orderLinesMax * orderLineBytesMax + answeredBytesMax + returnedOutcomeBytesMax < returnedBytesMax,
  "the answer of an order of as many lines as there may be, with what it gives back, fits what came back of its last line",
)
assert(
  owedRepliesMax * (replySuffixCharsMax + 4) + 2 * senderCharsMax + 8 * skuBytesMax < answeredBytesMax,
  "what is said of an owed answer fits its share",
)
assert(longestMessageEntryBytes + recordEnvelopeBytesMax < recordBytesMax, "the largest message, decided at its worst, fits a record")
assert(
  // A fact may find a shortage at each location it takes units off, and at the one it happened at.
  allocationsMax * (idCharsMax + 40) + (allocationsMax + 1) * (idCharsMax + 64) + 512 <= entryOverheadBytesMax,
  "the events of one command fit its share of a record",
)
assert(
  feedLookBackMs >= clockOffMsMax + 8 * appendTimeoutMs,
  "a new owner looks back further than one server's clock may be ahead of another's, and a correction may have been tried again and again",
)
assert(feedHeardMsMax >= 4 * brokerStoresMs, "what one SKU's feed waits for comes one after another within its bound")
assert(feedHeardMsMax < feedEchoMs, "what is heard in time has come back before it is taken for replaced")
assert(straysMax >= channelsPerPolicyMax, "a policy that drops every channel can tell them all")
assert(feedInFlightMax % feedGroupsMax === 0, "groups share what may be on its way")
assert(
  formerLeaderMs >= leaderAloneMsMax + 2 * appendTimeoutMs,
  "a former leader has given up before its end is believed, also where it was slow to notice, and its answer slow to come",
)
assert(brokerClockWindowMs > clockOffMsMax, "one slow renewal in a window is not taken for a wrong clock")
assert(
  // The owner's own look, what it stalls for, its announcement, and our look.
  announceMsMax + Math.max(ownerSilentMs, ownerStalledMs) + announceMsMax + outageLookMs <= outageToldMsMax,
  "INV-12 an owner that is silent or stalls is noticed by the others in time",
)
assert(
  outageLookLateMs >= 2 * outageLookMs && outageLookLateMs + announceMsMax <= ownerSilentMs,
  "a process that stands still for less than a late look takes nobody for silent",
)
assert(ownerSilentMs + outageGraceMs + outageLookMs <= outageToldMsMax, "INV-12 a partition between two owners is told of in time")
assert(2 * announceMsMax + handOverMs <= outageGraceMs, "a hand-over is no outage, however long ago its owners' announcements were due")
assert(
  outageGraceMs <= firstOwnerMs && firstOwnerMs + outageLookMs <= outageToldMsMax,
  "INV-12 a partition that nobody serves when a process begins to watch is told of in time",
)
assert(
  pastStepsShown <= pastStepsMax && backtestSkusShown <= backtestSkusMax,
  "what is told where nothing is said is no more than may be asked for",
)
assert(batchCommandsMax >= commandsPerMessageMax, "every message fits a batch")
assert(handedPerSenderMin >= commandsPerMessageMax, "a sender may always have a whole message waiting")
assert(
  // A stored message may hold as many messages of senders as commands, each an entry of its own.
  2 * bodyBytesMax + commandsPerMessageMax * (entryOverheadBytesMax + 512) + 512 + recordEnvelopeBytesMax < recordBytesMax,
  "the largest stored message, decided at its worst, fits a record",
)
assert(
  operatorCommandsPerMessageMax * (2 * bodyBytesMax + entryOverheadBytesMax + messageHeadBytesMax) + recordEnvelopeBytesMax <
    recordBytesMax,
  "the largest stored message of operators, decided at its worst, fits a record",
)
assert(factHorizonMs >= 72 * 3_600_000, "facts may be reported 72 hours late")
assert(journalKeptMs > Math.max(factHorizonMs, commandHorizonMs), "nothing within a horizon of remembered ids is purged")
assert(archiveSegmentBytesMax > 2 * recordBytesMax, "a segment holds several records of any size")
assert(
  rebuildAheadMax * recordBytesMax < 2 * archiveSegmentBytesMax,
  "what is sent ahead takes no more room than the segments it is read from",
)
assert(rebuildAttemptsMax * rebuildRetryMs > 2 * appendTimeoutMs, "a rebuild outlasts the election of a stream's leader")
assert(issuedAheadMsMax < commandHorizonMs, "a command issued ahead is remembered")
assert(arrivedMessagesMax >= batchMessagesMax, "a full batch can be waiting")
assert(rememberedPerSenderMax < 2 ** 31, "positions of packed decisions are told apart")
assert(batchCommandsMax + commandsPerMessageMax * 2 < 2 ** 16, "a place in a record fits a packed decision")
assert(
  factsUnderWayMax >= waitingMessagesMax + arrivedMessagesMax,
  "what waits in an ingress and in the owner still finds room in quarantine",
)
assert(
  factsKeptPerSenderMax >= quarantinedPerSenderMax + factsUnderWayMax,
  "a sender is held off before what is stored of it finds no room",
)
assert(
  factsKeptMax >= quarantinedMax + 2 * factsUnderWayMax + sendersPerPartitionMax,
  "whoever has facts in quarantine is held off before others' find no room",
)
assert(throttleEveryMs < senderFullMsMax, "who is held off hears so again before its door opens")
assert(floorStepMs <= 1_000, "a floor rises by a second at most, whatever a sender does")
assert(
  commandHorizonMinMs >= 15 * 60_000 && commandHorizonMinMs < commandHorizonMs,
  "a command is remembered for a quarter of an hour at any rate",
)
assert(recentPerSenderMax < rememberedPlenty && rememberedPlenty < rememberedPerSenderMax, "a floor rises before a sender has to wait")
assert(openReservationsPerSkuMax < 2 ** 24, "one map holds the reservations of a SKU")
assert(qtyMax * openReservationsPerSkuMax < Number.MAX_SAFE_INTEGER, "every sum of quantities is an exact integer")
assert(
  messageHeadBytesMax >= senderCharsMax + 8 + 3 * skuBytesMax + replySuffixCharsMax + 16 + 55 + 6 + 24,
  "what is written about one message fits its share",
)
assert(
  bodyBytesMax + (commandsPerMessageMax + 1) * messageHeadBytesMax < payloadBytesMax &&
    frameBytesMax + (frameMessagesMax + 1) * messageHeadBytesMax < payloadBytesMax,
  "a stored message and a frame fit one message of the broker, however many senders' messages are in them",
)
assert(
  longestMessageEntryBytes + commandsPerMessageMax * messageHeadBytesMax + recordEnvelopeBytesMax < recordBytesMax,
  "a stored message of as many senders' messages as commands, decided at its worst, fits a record",
)
assert(frameBytesMax >= bodyBytesMax && frameBytesUnderWayMax >= frameBytesMax, "every message fits a frame, every frame the window")
assert(
  waitingBytesInAllMax / ingressSendersMax >= bodyBytesMax && waitingMessagesInAllMax / ingressSendersMax >= 1,
  "of however many senders each may let its longest message wait",
)
assert(frameMessagesMax <= arrivedMessagesMax && frameBytesMax <= arrivedBytesMax, "an owner can hold a frame")
assert(doorCreditMessages % doorCreditStepMessages === 0, "credit is given in whole steps")
assert(doorSliceBytes >= doorSliceMessageBytesMin, "a slice holds a message")
assert(ingressTickMs * 4 <= doorReopenMs && ingressTickMs * 4 <= storeAgainMs, "a tick comes often enough for what waits for it")
assert(ridersWaitMs * 100 <= feedEchoMs, "a value that waits to leave is not taken for one that the feed lost")
