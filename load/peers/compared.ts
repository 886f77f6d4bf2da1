/**
 * What a run comes to: every arm beside Holdfast in each cell, what was asked for of that, and whether any arm oversold. Pure.
 */
import { median, type Spread, spreadOf, spreadText } from "../stage/spread.ts"
import { type ArmName, armInfo, armNames } from "./arms.ts"
import { scarceQty, type Workload } from "./ground.ts"
import type { Checked, Count } from "./messages.ts"
import type { BenchRun, Measured } from "./run.ts"
import { type RowStages, stagesOf } from "./stages.ts"

/** One arm in one cell. */
export interface Row {
  readonly arm: ArmName
  readonly workload: Workload
  readonly inFlight: number
  readonly perSecond: Spread
  /** What Holdfast, promising as much, decides for each that this one does; by rounds. Null: Holdfast wasn't measured there. */
  readonly holdfastTimes: Spread | null
  readonly p50Ms: number
  readonly p99Ms: number
  readonly refused: number
  /** Microseconds of CPU for each answer: of the client, and of all else. */
  readonly clientMicros: number
  readonly serverMicros: number | null
  /** Of Holdfast and the floor. */
  readonly stages: RowStages | null
}

const perSecondOf = ({ decided, elapsedMs }: Count): number => (decided * 1_000) / elapsedMs

interface Cell {
  readonly workload: Workload
  readonly inFlight: number
}

const cellsOf = ({ measured }: BenchRun): ReadonlyArray<Cell> => {
  const found = new Map<string, Cell>()
  for (const { workload, inFlight } of measured) found.set(`${workload} ${inFlight}`, { workload, inFlight })
  return [...found.values()]
}

const inCell = ({ measured }: BenchRun, arm: ArmName, cell: Cell): ReadonlyArray<Measured> =>
  measured.filter((one) => one.arm === arm && one.workload === cell.workload && one.inFlight === cell.inFlight)

/** One arm's figure over another's, in those rounds in which both were measured. */
const ratiosOf = (run: BenchRun, cell: Cell, one: ArmName, other: ArmName, of: (count: Count) => number): ReadonlyArray<number> => {
  const others = new Map(inCell(run, other, cell).map(({ round, count }) => [round, count]))
  return inCell(run, one, cell).flatMap(({ round, count }) => {
    const beside = others.get(round)
    return beside === undefined ? [] : [of(count) / of(beside)]
  })
}

const spreadOrNull = (values: ReadonlyArray<number>): Spread | null => (values.length === 0 ? null : spreadOf(values))

const rowOf = (run: BenchRun, arm: ArmName, cell: Cell, partitions: number): Row | undefined => {
  const counts = inCell(run, arm, cell).map(({ count }) => count)
  if (counts.length === 0) return undefined
  const of = (pick: (count: Count) => number) => median(counts.map(pick))
  const serverMicros = of(({ serverCpuMs, decided }) => ((serverCpuMs ?? Number.NaN) * 1_000) / decided)
  return {
    arm,
    ...cell,
    perSecond: spreadOf(counts.map(perSecondOf)),
    holdfastTimes: spreadOrNull(ratiosOf(run, cell, armInfo(arm).beside, arm, perSecondOf)),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    refused: counts.reduce((sum, { refused }) => sum + refused, 0),
    clientMicros: of(({ clientCpuMs, decided }) => (clientCpuMs * 1_000) / decided),
    serverMicros: Number.isNaN(serverMicros) ? null : serverMicros,
    stages: stagesOf(counts, { inFlight: cell.inFlight, partitions: cell.workload === "hot" ? 1 : partitions }),
  }
}

/** Every arm in every cell, cell by cell. `partitions`: of Holdfast and of the floor. */
export const rowsOf = (run: BenchRun, partitions: number): ReadonlyArray<Row> =>
  cellsOf(run).flatMap((cell) => armNames.flatMap((arm) => rowOf(run, arm, cell, partitions) ?? []))

/** A ratio that was asked for. */
export interface Asked {
  readonly what: string
  readonly found: string
  readonly isKept: boolean
}

interface Target {
  readonly one: ArmName
  readonly other: ArmName
  readonly inFlight: number
  /** Of the answers a second, at least; of the 99th percentile, at most. */
  readonly least?: number
  readonly p99Most?: number
}

const targets: ReadonlyArray<Target> = [
  { one: "holdfast", other: "redis-everysec", inFlight: 1_000, least: 0.95 },
  { one: "holdfast-fsync", other: "redis-always", inFlight: 1_000, least: 1.2 },
  { one: "holdfast-fsync", other: "redis-always", inFlight: 64, least: 1 },
  { one: "holdfast-fsync", other: "tigerbeetle", inFlight: 64, least: 1 },
  ...([64, 1_000] as const).flatMap((inFlight) => [
    { one: "holdfast" as const, other: "floor" as const, inFlight, least: 0.85 },
    { one: "holdfast-fsync" as const, other: "floor-fsync" as const, inFlight, least: 0.85 },
    { one: "holdfast" as const, other: "floor" as const, inFlight, p99Most: 2 },
    { one: "holdfast-fsync" as const, other: "floor-fsync" as const, inFlight, p99Most: 2 },
  ]),
]

const askedOf = (run: BenchRun, cell: Cell, { one, other, least, p99Most }: Target): Asked | undefined => {
  const isRate = least !== undefined
  const found = spreadOrNull(ratiosOf(run, cell, one, other, isRate ? perSecondOf : ({ p99Ms }) => p99Ms))
  if (found === null) return undefined
  const bound = isRate ? `at least ${least}` : `at most ${p99Most}`
  return {
    what: `${cell.workload}, ${cell.inFlight} in flight: ${isRate ? "answers a second" : "99 of 100 answered within"}, of ${one} over ${other}, ${bound}`,
    found: spreadText(found),
    isKept: isRate ? found.median >= least : found.median <= (p99Most ?? 0),
  }
}

/** What was asked for, as far as it was measured. */
export const askedFor = (run: BenchRun): ReadonlyArray<Asked> =>
  cellsOf(run).flatMap((cell) =>
    targets.filter(({ inFlight }) => inFlight === cell.inFlight).flatMap((target) => askedOf(run, cell, target) ?? []),
  )

/** What is wrong with an arm: more was sold than there was, or its store and its callers say different things. Nothing of an arm that has no store. */
export const wrongIn = ({ had, unknown, scarceHad, taken }: Checked): ReadonlyArray<string> => {
  if (taken === null) return []
  const isHeard = (count: number) => count >= had && count <= had + unknown
  const heard = unknown === 0 ? `${had} were heard` : `${had} were heard, and of ${unknown} nothing is known`
  return [
    ...(taken.oversoldSkus > 0 ? [`OVERSOLD: of ${taken.oversoldSkus} SKUs more is taken than there was`] : []),
    ...(taken.scarceQty > scarceQty || scarceHad > scarceQty
      ? [`OVERSOLD: of ${scarceQty} units, ${scarceHad} were heard to be had and ${taken.scarceQty} are taken`]
      : []),
    ...(isHeard(taken.qty) ? [] : [`${taken.qty} units are taken in its store, and ${heard}`]),
    ...(taken.reservations === null || isHeard(taken.reservations) ? [] : [`${taken.reservations} reservations are noted, and ${heard}`]),
  ]
}

/** The check of an arm in one line. */
export const checkedText = (checked: Checked): string => {
  const wrong = wrongIn(checked)
  if (wrong.length > 0) return wrong.join("; ")
  if (checked.taken === null) return "nothing to count: it decides nothing"
  const undersold = checked.scarceHad < scarceQty ? `, so ${scarceQty - checked.scarceHad} were refused though they were there` : ""
  return `${checked.taken.qty} units are taken in its store, as many as were heard; of ${scarceQty} scarce ones ${checked.scarceHad} of ${checked.scarceAsked} asks were had${undersold}`
}
