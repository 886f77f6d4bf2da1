/**
 * Holds the tables to the journals: every row is worked out once more from the first record on, in memory and without the database, and has to be there as it is, once, and nothing beside it. And the states
 * that come out are held to those of the engine's own fold, which shares with a projection only what an event does.
 */
import { assert } from "../assert.ts"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import { tokenHash } from "../domain/names.ts"
import type { Partition } from "../engine/partition.ts"
import type { StoredRecord } from "../engine/records.ts"
import type { ProjectedRows, ReadRow, TableName } from "../ports/projection.ts"
import { noRows } from "../ports/projection.ts"
import { foldedKindOf } from "../retention/kinds.ts"
import { JournalFold } from "./fold.ts"
import { projectedKindOf } from "./registry.ts"
import { orderedJson } from "./text.ts"

/** Something in the tables that isn't what the journals say. */
export interface Difference {
  readonly table: TableName | "cursors"
  /** The row, by what it is found by. */
  readonly row: string
  readonly what: "missing" | "not of the journal" | "other than its journal says" | "at odds with the engine's fold"
  /** The fields that differ, and how, for people. */
  readonly detail: string
}

type AnyRow = Readonly<Record<string, unknown>>
type StateTable = Exclude<TableName, "ledger">

const keys: Readonly<Record<TableName, ReadonlyArray<string>>> = {
  ledger: ["kind", "partition", "seq", "place"],
  skus: ["sku"],
  skuMarks: ["sku", "month"],
  stock: ["sku", "location"],
  reservations: ["sku", "channel", "reservation"],
  ats: ["sku", "channel"],
  policies: ["sku", "version"],
  quarantine: ["kind", "partition", "quarantined"],
  shortages: ["sku", "channel", "reservation"],
  discrepancies: ["kind", "partition", "seq", "place"],
  senders: ["kind", "partition", "sender"],
  orders: ["channel", "orderId"],
  orderLines: ["channel", "orderId", "sku"],
}

/** Tables but the ledger. */
export const stateTables = (Object.keys(keys) as ReadonlyArray<TableName>).filter((name) => name !== "ledger") as ReadonlyArray<StateTable>

const jsonFields = new Set(["command", "refusal", "event", "detail", "state", "policy", "floors"])

const keyOf = (table: TableName, row: AnyRow): string => keys[table].map((field) => String(row[field])).join(" / ")

const valueText = (field: string, value: unknown): string => {
  if (value === null || value === undefined) return "null"
  return jsonFields.has(field) && typeof value === "string" ? orderedJson(JSON.parse(value)) : JSON.stringify(value)
}

const rowText = (row: AnyRow): string =>
  Object.keys(row)
    .sort()
    .map((field) => `${field}=${valueText(field, row[field])}`)
    .join(" ")

/** The fields of two rows that differ. */
const differing = (expected: AnyRow, found: AnyRow): string =>
  [...new Set([...Object.keys(expected), ...Object.keys(found)])]
    .filter((field) => valueText(field, expected[field]) !== valueText(field, found[field]))
    .map((field) => `${field}: ${valueText(field, found[field])}, not ${valueText(field, expected[field])}`)
    .join("; ")

/** What is kept of a row that is to be found later: the row itself while they are few, afterwards what tells it from another. */
type Kept = AnyRow | number
const rowsKeptMax = 200_000

/** What all that was projected has to be held to. Give it every journal, up to where its tables are, then every row of the tables. */
export class TablesAudit {
  readonly #counts: PartitionCounts
  readonly #keptFrom: string
  readonly #differencesMax: number
  readonly #expected = new Map<StateTable, Map<string, Kept>>(stateTables.map((name) => [name, new Map()]))
  #kept = 0
  readonly #lines = new Map<string, number>()
  readonly #differences: Array<Difference> = []
  #differenceCount = 0
  rows = 0

  /** `keptFrom`: the month from which on the ledger is kept. */
  constructor(counts: PartitionCounts, differencesMax: number, keptFrom: string) {
    this.#keptFrom = keptFrom
    this.#counts = counts
    this.#differencesMax = differencesMax
  }

  get differences(): ReadonlyArray<Difference> {
    return this.#differences
  }

  get differenceCount(): number {
    return this.#differenceCount
  }

  found(difference: Difference): void {
    this.#differenceCount++
    if (this.#differences.length < this.#differencesMax) this.#differences.push(difference)
  }

  /** Begins with a journal. Every record goes through `take`, in order; at the end `finish` holds its states to the engine's. */
  journal(kind: Kind, partition: number): JournalAudit {
    return new JournalAudit(this, kind, partition, this.#counts)
  }

  expect(rows: ProjectedRows): void {
    for (const table of stateTables) {
      const expected = this.#expected.get(table)
      assert(expected !== undefined, "every table is expected to hold something")
      for (const row of rows[table] as ReadonlyArray<object>) {
        const one = row as AnyRow
        const key = keyOf(table, one)
        // What is written once stays as it was written first.
        if ((table === "skuMarks" || table === "policies") && expected.has(key)) continue
        this.#kept++
        expected.set(key, this.#kept > rowsKeptMax ? tokenHash(rowText(one)) : one)
      }
    }
  }

  /** Rows of the ledger that a batch has to have, beside those that were found of the same records. */
  lines(kind: Kind, partition: number, all: ProjectedRows["ledger"], found: ReadonlyArray<ReadRow>): void {
    const place = `${kind} ${partition}`
    const rows = all.filter(({ at }) => at >= this.#keptFrom)
    this.#lines.set(place, (this.#lines.get(place) ?? 0) + rows.length)
    const there = new Map(found.filter(({ at }) => String(at) >= this.#keptFrom).map((row) => [keyOf("ledger", row), row]))
    for (const row of rows) {
      const line = row as object as AnyRow
      const key = keyOf("ledger", line)
      this.#compare("ledger", key, line, there.get(key))
      there.delete(key)
    }
    for (const key of there.keys()) this.found({ table: "ledger", row: key, what: "not of the journal", detail: "" })
  }

  /** All rows of a table, some at a time. */
  read(table: StateTable, rows: ReadonlyArray<ReadRow>): void {
    const expected = this.#expected.get(table)
    assert(expected !== undefined, "every table is expected to hold something")
    for (const row of rows) {
      const key = keyOf(table, row)
      const one = expected.get(key)
      expected.delete(key)
      this.rows++
      if (one === undefined) this.found({ table, row: key, what: "not of the journal", detail: "" })
      else if (typeof one !== "number") this.#compare(table, key, one, row)
      else if (tokenHash(rowText(row)) !== one) this.found({ table, row: key, what: "other than its journal says", detail: "" })
    }
  }

  /** What was expected and wasn't read; and lines of the ledger beside those that the journals have. */
  finish(lineCounts: ReadonlyArray<{ readonly kind: Kind; readonly partition: number; readonly lines: number }>): void {
    for (const [table, expected] of this.#expected)
      for (const key of expected.keys()) this.found({ table, row: key, what: "missing", detail: "" })
    for (const { kind, partition, lines } of lineCounts) {
      const due = this.#lines.get(`${kind} ${partition}`) ?? 0
      if (lines !== due)
        this.found({
          table: "ledger",
          row: `${kind} partition ${partition}`,
          what: "not of the journal",
          detail: `${lines} lines, not ${due}`,
        })
    }
  }

  #compare(table: TableName, key: string, expected: AnyRow, found: AnyRow | undefined): void {
    if (table === "ledger") this.rows++
    if (found === undefined) return this.found({ table, row: key, what: "missing", detail: "" })
    if (rowText(expected) !== rowText(found))
      this.found({ table, row: key, what: "other than its journal says", detail: differing(expected, found) })
  }
}

/** The engine would not go on from here. */
class EngineRefused extends Error {
  override readonly name = "EngineRefused"
}

/** One journal, on its way through both folds. */
class JournalAudit {
  readonly #audit: TablesAudit
  readonly #kind: Kind
  readonly #partition: number
  readonly #fold: JournalFold
  readonly #engine: Partition
  readonly #step: ReturnType<typeof foldedKindOf>["step"]

  constructor(audit: TablesAudit, kind: Kind, partition: number, counts: PartitionCounts) {
    this.#audit = audit
    this.#kind = kind
    this.#partition = partition
    this.#fold = new JournalFold(projectedKindOf(kind), partition, null, { senders: [], quarantine: [] }, true)
    const { empty, step } = foldedKindOf(kind)
    this.#engine = empty(partition, counts)
    this.#step = step
    this.#put({ _tag: "SnapshotMissing", nowMs: 0 })
  }

  /** Folds records; the lines of the ledger that they come to, for {@link TablesAudit.lines}. */
  take(records: ReadonlyArray<StoredRecord>): ProjectedRows["ledger"] {
    const read = records.map((record) => this.#fold.read(record))
    const { rows } = this.#fold.take(read)
    this.#audit.expect(rows)
    this.#put({ _tag: "RecordsRead", records, nowMs: 0 })
    return rows.ledger
  }

  /** Holds the states that came out to those of the engine. */
  finish(): void {
    const kind = projectedKindOf(this.#kind)
    for (const actor of this.#engine.actors.values()) {
      const ours = this.#fold.folded(actor.key)
      const name = `${actor.key}`
      const table = this.#kind === "sku" ? "skus" : "orders"
      if (ours === undefined) {
        // An actor that was looked at and never changed.
        if (actor.version > 0) this.#audit.found({ table, row: name, what: "at odds with the engine's fold", detail: "not folded" })
        continue
      }
      const rowsOf = (folded: typeof actor) => {
        const rows = noRows()
        const stamp = { partition: this.#partition, seq: folded.version, atMs: 0, at: "" }
        kind.actorRows({ actor: folded, atMs: 0, dropped: null, shorts: null }, stamp, rows)
        const began = { seq: 0, at: "" }
        const parts = (kind.kind.parts.slotsOf(folded.state) ?? []).filter((part) => part !== undefined)
        for (const part of parts) kind.partRows(folded.key, part, began, { ...stamp, seq: 0 }, rows)
        return [...rows.skus, ...rows.stock, ...rows.ats, ...rows.reservations, ...rows.orders, ...rows.orderLines]
          .map((row) => rowText(row as object as AnyRow))
          .sort()
      }
      const [theirs, mine] = [rowsOf(actor), rowsOf(ours.actor)]
      const at = theirs.findIndex((row, place) => row !== mine[place])
      if (at >= 0 || theirs.length !== mine.length)
        this.#audit.found({
          table,
          row: name,
          what: "at odds with the engine's fold",
          detail: `${mine[at] ?? "nothing"}, not ${theirs[at] ?? "nothing"}`,
        })
    }
  }

  #put(input: Parameters<ReturnType<typeof foldedKindOf>["step"]>[1]): void {
    for (const output of this.#step(this.#engine, input))
      if (output._tag === "Halted") throw new EngineRefused(`${output.halt.reason}: ${output.halt.detail}`)
  }
}
