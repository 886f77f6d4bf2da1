/**
 * What holds a decision back, told of one cell: a line for each arm that tells its stages, and under Holdfast's one for how many times its floor's that is. Pure.
 */
import type { ArmName } from "./arms.ts"
import type { Row } from "./compared.ts"
import { heldBackText } from "./held-back.ts"
import type { RowStages } from "./stages.ts"

/** What the tables below a cell say. */
export const stagesLegend = `What holds a decision back stands below the answers of Holdfast and of the floor, by the rule in load/peers/held-back.ts.
    of a core: main threads of client and worker (of the floor: of what echoes), all threads of nats-server; of all cores: whatever had them, and what no process of the arm had
    no core: of the time, how long a main thread had something to do, and no core to do it on
    CPU µs: for each decision, of the same threads, and of all threads of the worker; a record, a reply: decisions that share one
    ms: medians of an append and of a round trip; the rest: means, of a round trip less an append; appending: how much of the time a partition has one under way
    mailbox: of the rest, what the worker times from the door's stamp to the reply; no more exact than door and owner agree on the broker's time, and a dash where that can't be
    lag: how late the worker's event loop comes, 99 of 100 times at most; GC: share of the time for which it stands still to collect garbage`

/** The floor beside which each Holdfast stands. */
const floors: Partial<Record<ArmName, ArmName>> = { holdfast: "floor", "holdfast-fsync": "floor-fsync" }

interface Column {
  readonly title: string
  readonly of: (row: Row, stages: RowStages) => number | null
  readonly digits: number
  /** Whether it is told how many times the floor's it is. */
  readonly isCompared?: boolean
}

const coreColumns: ReadonlyArray<Column> = [
  { title: "of a core: client", digits: 2, of: (_, { cores }) => cores?.client ?? null },
  { title: "worker", digits: 2, of: (_, { cores }) => cores?.worker ?? null },
  { title: "server", digits: 2, of: (_, { cores }) => cores?.server ?? null },
  { title: "of all cores", digits: 2, of: (_, { cores }) => cores?.machine ?? null },
  { title: "others", digits: 2, of: (_, { cores }) => cores?.others ?? null },
  { title: "no core: client", digits: 2, of: (_, { cores }) => cores?.clientWaited ?? null },
  { title: "worker", digits: 2, of: (_, { cores }) => cores?.workerWaited ?? null },
]

const decisionColumns: ReadonlyArray<Column> = [
  { title: "CPU µs: client", digits: 1, isCompared: true, of: (_, { micros }) => micros?.client ?? null },
  { title: "worker", digits: 1, isCompared: true, of: (_, { micros }) => micros?.worker ?? null },
  { title: "(all)", digits: 1, isCompared: true, of: (_, { workerMicros }) => workerMicros },
  { title: "server", digits: 1, isCompared: true, of: (_, { micros }) => micros?.server ?? null },
  { title: "a record", digits: 1, isCompared: true, of: (_, { recordCommands }) => recordCommands },
  { title: "a reply", digits: 1, isCompared: true, of: (_, { replyCommands }) => replyCommands },
  { title: "bytes each", digits: 0, isCompared: true, of: (_, { bytesPerCommand }) => bytesPerCommand },
  { title: "ms: append", digits: 2, isCompared: true, of: (_, stages) => stages.appendMedianMs },
  { title: "round trip", digits: 2, isCompared: true, of: ({ p50Ms }) => p50Ms },
  { title: "the rest", digits: 2, isCompared: true, of: (_, { restMs }) => restMs },
  { title: "appending", digits: 2, of: (_, { appending }) => appending },
  { title: "mailbox ms", digits: 1, of: (_, { mailboxMs }) => mailboxMs },
  { title: "lag ms", digits: 1, of: (_, { loopLagMs }) => loopLagMs },
  { title: "GC", digits: 2, of: (_, { collecting }) => collecting },
]

const figure = (value: number | null, digits: number): string => (value === null || !Number.isFinite(value) ? "-" : value.toFixed(digits))

const isFloor = (arm: ArmName): boolean => Object.values(floors).includes(arm)

const figures = (columns: ReadonlyArray<Column>, row: Row, stages: RowStages): ReadonlyArray<string> =>
  columns.map(({ of, digits }) => figure(of(row, stages), digits))

const titles = (columns: ReadonlyArray<Column>): ReadonlyArray<string> => columns.map(({ title }) => title)

const coreLine = (row: Row, stages: RowStages): ReadonlyArray<string> => [
  `  ${row.arm}`,
  stages.cores === null ? "the system doesn't tell" : heldBackText(stages.cores.heldBackBy, isFloor(row.arm)),
  ...figures(coreColumns, row, stages),
]

const timesOf = (one: number | null, other: number | null): string =>
  one === null || other === null || other === 0 ? "-" : `${(one / other).toFixed(2)}×`

const besideFloor = (row: Row, stages: RowStages, rows: ReadonlyArray<Row>): ReadonlyArray<ReadonlyArray<string>> => {
  const floor = rows.find(({ arm }) => arm === floors[row.arm])
  const under = floor?.stages ?? null
  if (floor === undefined || under === null) return []
  return [
    [
      `    times ${floor.arm}'s`,
      `an append: ${(stages.appendMedianMs / floor.p50Ms).toFixed(2)} of its round trip`,
      ...decisionColumns.map(({ of, isCompared = false }) => (isCompared ? timesOf(of(row, stages), of(floor, under)) : "")),
    ],
  ]
}

const decisionLines = (row: Row, stages: RowStages, rows: ReadonlyArray<Row>): ReadonlyArray<ReadonlyArray<string>> => [
  [`  ${row.arm}`, "", ...figures(decisionColumns, row, stages)],
  ...besideFloor(row, stages, rows),
]

/** Two tables of a cell, whose first two columns are text: who had the cores, and what each decision took. None where no arm tells its stages. */
export const stageTables = (rows: ReadonlyArray<Row>): ReadonlyArray<ReadonlyArray<ReadonlyArray<string>>> => {
  const known = rows.flatMap((row) => (row.stages === null ? [] : [{ row, stages: row.stages }]))
  if (known.length === 0) return []
  return [
    [["", "held back", ...titles(coreColumns)], ...known.map(({ row, stages }) => coreLine(row, stages))],
    [["", "", ...titles(decisionColumns)], ...known.flatMap(({ row, stages }) => decisionLines(row, stages, rows))],
  ]
}
