/**
 * The tables of the projection, in the field's words. Every row says which record of its partition's journal made it (`seq`), and nothing older ever writes over it: see guard.ts.
 *
 * drizzle-kit makes the migrations from this file (`npm run migrations`). What it can't say stands in the migrations by hand and is asked of the database by a test: the ledger is
 * partitioned by time. Names are without a schema, for the tables are made twice while they are rebuilt: the connection says where.
 */
import { sql } from "drizzle-orm"
import { bigint, boolean, check, index, integer, jsonb, pgTable, primaryKey, smallint, text, timestamp } from "drizzle-orm/pg-core"

/** A journal's sequence, or a count without a bound: as bigint, for a number is rounded beyond 2^53. */
const sequence = (name: string) => bigint(name, { mode: "bigint" })
/** Units. Exact as text and as bigint alike. */
const units = (name: string) => bigint(name, { mode: "bigint" }).notNull()
/** A time as text: a Date knows no microseconds. */
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: "string" })

/** How far each journal is followed, and by what. The rows of a batch and this row are written in one transaction. */
export const cursors = pgTable(
  "cursors",
  {
    kind: text("kind").notNull(),
    partition: integer("partition").notNull(),
    seq: sequence("seq").notNull(),
    /** Of the record's bytes: the next one has to name it. */
    hash: text("hash").notNull(),
    incarnation: text("incarnation").notNull(),
    at: instant("at").notNull(),
    entries: sequence("entries").notNull(),
    writtenAt: instant("written_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.partition] }), check("cursors_seq", sql`${table.seq} >= 1`)],
)

/** Every event, and every decision without one, in the order of the journals. Partitioned by `at`. */
export const ledger = pgTable(
  "ledger",
  {
    kind: text("kind").notNull(),
    partition: integer("partition").notNull(),
    seq: sequence("seq").notNull(),
    place: integer("place").notNull(),
    at: instant("at").notNull(),
    line: integer("line"),
    brokerAt: instant("broker_at"),
    epoch: sequence("epoch").notNull(),
    cause: text("cause").notNull(),
    key: text("key"),
    sku: text("sku"),
    channel: text("channel"),
    reservation: text("reservation"),
    orderId: text("order_id"),
    sender: text("sender"),
    class: text("class"),
    onBehalf: text("on_behalf"),
    isBulk: boolean("is_bulk").notNull(),
    commandId: text("command_id"),
    commandType: text("command_type"),
    command: jsonb("command"),
    decision: text("decision"),
    refusal: jsonb("refusal"),
    eventType: text("event_type"),
    event: jsonb("event"),
    detail: jsonb("detail"),
    correlationId: text("correlation_id").notNull(),
    causationId: text("causation_id").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.partition, table.seq, table.place, table.at] }),
    index("ledger_by_sku").on(table.sku, table.at),
    index("ledger_by_correlation").on(table.correlationId),
    index("ledger_by_command").on(table.commandId),
    check("ledger_says_something", sql`${table.decision} is not null or ${table.event} is not null or ${table.detail} is not null`),
  ],
)

/** What is known of a SKU beside its units by location and its reservations. */
export const skus = pgTable(
  "skus",
  {
    sku: text("sku").primaryKey(),
    partition: integer("partition").notNull(),
    seq: sequence("seq").notNull(),
    at: instant("at").notNull(),
    policyVersion: sequence("policy_version"),
    offered: units("offered"),
    short: units("short"),
    /** What the next event is folded onto. */
    state: jsonb("state").notNull(),
  },
  (table) => [check("skus_units", sql`${table.offered} >= 0 and ${table.short} >= 0`)],
)

/** A SKU's state as it was before the first record of a month that changed it: from there any moment of that month can be folded. */
export const skuMarks = pgTable(
  "sku_marks",
  {
    sku: text("sku").notNull(),
    month: text("month").notNull(),
    seq: sequence("seq").notNull(),
    at: instant("at").notNull(),
    state: jsonb("state").notNull(),
  },
  (table) => [primaryKey({ columns: [table.sku, table.month] })],
)

/** Units of a SKU at a location. */
export const stock = pgTable(
  "stock",
  {
    sku: text("sku").notNull(),
    location: text("location").notNull(),
    seq: sequence("seq").notNull(),
    at: instant("at").notNull(),
    onHand: units("on_hand"),
    damaged: units("damaged"),
    inspection: units("inspection"),
    reserved: units("reserved"),
    exposed: units("exposed"),
    safety: units("safety"),
    short: units("short"),
    available: bigint("available", { mode: "bigint" })
      .notNull()
      .generatedAlwaysAs(sql`on_hand - damaged - inspection - reserved - exposed - safety`),
  },
  (table) => [
    primaryKey({ columns: [table.sku, table.location] }),
    check(
      "stock_units",
      sql`${table.damaged} >= 0 and ${table.inspection} >= 0 and ${table.reserved} >= 0 and ${table.exposed} >= 0 and ${table.safety} >= 0 and ${table.short} >= 0 and ${table.onHand} >= ${table.damaged} + ${table.inspection}`,
    ),
    index("stock_by_location").on(table.location),
  ],
)

/** Every reservation, ended ones too. */
export const reservations = pgTable(
  "reservations",
  {
    sku: text("sku").notNull(),
    channel: text("channel").notNull(),
    reservation: text("reservation").notNull(),
    seq: sequence("seq").notNull(),
    at: instant("at").notNull(),
    beganSeq: sequence("began_seq").notNull(),
    beganAt: instant("began_at").notNull(),
    orderId: text("order_id"),
    status: text("status").notNull(),
    openQty: units("open_qty"),
    shortQty: units("short_qty"),
    fulfilledQty: units("fulfilled_qty"),
    expiresAt: instant("expires_at"),
    /** What the next event is folded onto. */
    state: jsonb("state").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sku, table.channel, table.reservation] }),
    index("reservations_open").on(table.expiresAt).where(sql`status in ('held', 'confirmed')`),
    // The oldest hold is asked for again and again: it is the first of these.
    index("reservations_held").on(table.beganAt).where(sql`status = 'held'`),
    check("reservations_status", sql`${table.status} in ('held', 'confirmed', 'fulfilled', 'released', 'expired')`),
    check("reservations_units", sql`${table.openQty} >= 0 and ${table.shortQty} >= 0 and ${table.fulfilledQty} >= 0`),
    check("reservations_end", sql`(${table.status} in ('held', 'confirmed')) = (${table.openQty} > 0)`),
  ],
)

/** Units available to sell now, for each channel; 0 for one that a policy no longer names. */
export const ats = pgTable(
  "ats",
  {
    sku: text("sku").notNull(),
    channel: text("channel").notNull(),
    seq: sequence("seq").notNull(),
    at: instant("at").notNull(),
    ats: units("ats"),
    /** Whether the policy lets the channel sell it. */
    isSold: boolean("is_sold").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sku, table.channel] }),
    index("ats_by_channel").on(table.channel, table.sku),
    check("ats_units", sql`${table.ats} >= 0 and (${table.isSold} or ${table.ats} = 0)`),
  ],
)

/** Every policy that a SKU has or had. */
export const policies = pgTable(
  "policies",
  {
    sku: text("sku").notNull(),
    version: sequence("version").notNull(),
    seq: sequence("seq").notNull(),
    at: instant("at").notNull(),
    sender: text("sender"),
    policy: jsonb("policy").notNull(),
  },
  (table) => [primaryKey({ columns: [table.sku, table.version] })],
)

/** Commands that nobody could decide, those that have their answer by now too. */
export const quarantine = pgTable(
  "quarantine",
  {
    kind: text("kind").notNull(),
    partition: integer("partition").notNull(),
    quarantined: text("quarantined").notNull(),
    seq: sequence("seq").notNull(),
    at: instant("at").notNull(),
    key: text("key").notNull(),
    sender: text("sender").notNull(),
    class: text("class").notNull(),
    command: jsonb("command").notNull(),
    cause: text("cause").notNull(),
    beganSeq: sequence("began_seq").notNull(),
    beganAt: instant("began_at").notNull(),
    settledSeq: sequence("settled_seq"),
    settledAt: instant("settled_at"),
    settledAs: text("settled_as"),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.partition, table.quarantined] }),
    index("quarantine_waiting").on(table.beganAt).where(sql`settled_seq is null`),
  ],
)

/** Units that a channel sold without asking and that are not there, by reservation; 0: it is over. */
export const shortages = pgTable(
  "shortages",
  {
    sku: text("sku").notNull(),
    channel: text("channel").notNull(),
    reservation: text("reservation").notNull(),
    seq: sequence("seq").notNull(),
    at: instant("at").notNull(),
    qty: units("qty"),
    location: text("location"),
  },
  (table) => [
    primaryKey({ columns: [table.sku, table.channel, table.reservation] }),
    index("shortages_open").on(table.at).where(sql`qty > 0`),
    check("shortages_units", sql`${table.qty} >= 0`),
  ],
)

/** What of facts did not fit what was believed, and where more was owed than is there. */
export const discrepancies = pgTable(
  "discrepancies",
  {
    kind: text("kind").notNull(),
    partition: integer("partition").notNull(),
    seq: sequence("seq").notNull(),
    place: integer("place").notNull(),
    at: instant("at").notNull(),
    sku: text("sku").notNull(),
    what: text("what").notNull(),
    qty: units("qty"),
    location: text("location"),
    sender: text("sender"),
    commandId: text("command_id"),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.partition, table.seq, table.place] }),
    index("discrepancies_by_time").on(table.at),
    index("discrepancies_by_sku").on(table.sku, table.at),
  ],
)

/** What each partition decided of each sender, and knows no longer. */
export const senders = pgTable(
  "senders",
  {
    kind: text("kind").notNull(),
    partition: integer("partition").notNull(),
    sender: text("sender").notNull(),
    seq: sequence("seq").notNull(),
    at: instant("at").notNull(),
    accepted: units("accepted"),
    refused: units("refused"),
    repeated: units("repeated"),
    quarantined: units("quarantined"),
    expired: units("expired"),
    /** By class, in milliseconds since 1970. */
    floors: jsonb("floors").notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.partition, table.sender] })],
)

/** Every order, ended ones too. */
export const orders = pgTable(
  "orders",
  {
    channel: text("channel").notNull(),
    orderId: text("order_id").notNull(),
    partition: integer("partition").notNull(),
    seq: sequence("seq").notNull(),
    at: instant("at").notNull(),
    placedSeq: sequence("placed_seq").notNull(),
    placedAt: instant("placed_at").notNull(),
    phase: text("phase").notNull(),
    ending: text("ending"),
    fill: text("fill").notNull(),
    openQty: units("open_qty"),
    fulfilledQty: units("fulfilled_qty"),
    isForgotten: boolean("is_forgotten").notNull(),
    /** What the next event is folded onto. */
    state: jsonb("state").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.channel, table.orderId] }),
    index("orders_open").on(table.placedAt).where(sql`phase <> 'ended'`),
    check("orders_end", sql`(${table.phase} = 'ended') = (${table.ending} is not null)`),
  ],
)

/** The lines of every order, as the order knows them. */
export const orderLines = pgTable(
  "order_lines",
  {
    channel: text("channel").notNull(),
    orderId: text("order_id").notNull(),
    sku: text("sku").notNull(),
    seq: sequence("seq").notNull(),
    place: smallint("place").notNull(),
    qty: units("qty"),
    minQty: units("min_qty"),
    reserved: units("reserved"),
    released: units("released"),
    fulfilled: units("fulfilled"),
    lost: units("lost"),
    isConfirmed: boolean("is_confirmed").notNull(),
    refusalReason: text("refusal_reason"),
  },
  (table) => [primaryKey({ columns: [table.channel, table.orderId, table.sku] }), index("order_lines_by_sku").on(table.sku)],
)
