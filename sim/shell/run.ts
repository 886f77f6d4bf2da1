/**
 * One seed of the shell mode: the shipped runtime itself, several workers of it, over simulated servers, in virtual time, with a schedule of its fibers
 * that the seed decides. Slower than the step mode, and there to shake what that one does not run: fibers, scopes, leases, retries, the ports' users.
 *
 * Synchronous from the first step to the verdict: no promise, no timer, nothing that depends on this machine. The same seed is the same run.
 */
import type { AuditReport } from "../../src/audit/audit.ts"
import type { SenderId } from "../../src/domain/names.ts"
import type { ProtocolRules } from "../../src/engine/protocol.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { emptyPartition, makeStep } from "../../src/kinds/sku/partition.ts"
import { type Engine, served, skuEngine } from "../../src/runtime/engine.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { flashSale } from "../../src/workload/flash-sale.ts"
import type { Failure, SeedResult } from "../result.ts"
import { Chance, type Kept } from "../world/chance.ts"
import { World } from "../world/world.ts"
import { Correspondent, Play } from "./buyers.ts"
import { Connection, weatherOf } from "./connection.ts"
import { type Drawn, drawShell, type FaultFamily, faultFamilies, onOf } from "./drawn.ts"
import { heal, letFaultsHappen, type Stage } from "./faults.ts"
import { auditFailures, auditOf, failure, halts, listenForReplies, undecided, unsaid, unserved } from "./judge.ts"
import { plainTurns } from "./process.ts"
import { Sender } from "./sender.ts"
import { Servers } from "./servers.ts"
import { WorkerNode } from "./worker.ts"

export interface ShellOptions {
  readonly seed: string
  /** Which decisions may stand; all unless given. */
  readonly kept?: Kept
  /** The families that are on, and sizes, instead of those the seed would draw. */
  readonly families?: ReadonlySet<FaultFamily>
  readonly drawn?: Partial<Drawn>
  /** The engine's rules; the shipped ones unless given. */
  readonly rules?: ProtocolRules
  /** The name of what was planted, for the result. */
  readonly mutant?: string
  /** Changes the engine as a whole: for defects of the shell around it. */
  readonly engine?: (shipped: Engine["Service"]) => Engine["Service"]
  /** Milliseconds of this machine, for the ratio; the world itself never looks at it. */
  readonly wallNowMs?: () => number
}

/** Virtual milliseconds that starting may take without faults, and within which a healed world has every partition served by exactly one worker. */
const servedWithinMs = 15_000
/** Virtual milliseconds after that, or after the sale is over if that is later, within which everything is decided and answered. */
const answeredWithinMs = 30_000
/** How often it is asked whether it is. */
const lookEveryMs = 250
/** How long it then has to stay so, for what is said later: the feed, expiries of short holds. */
const quietMs = 6_000

interface Scene extends Stage {
  readonly families: ReadonlyArray<FaultFamily>
  readonly correspondents: ReadonlyMap<SenderId, Correspondent>
  readonly play: Play
  readonly sometimes: Map<string, number>
  readonly errors: Array<string>
}

const engineOf = ({ rules = protocolRules, engine }: ShellOptions, snapshotEveryRecords: number): Engine["Service"] => {
  const shipped = served({
    ...skuEngine,
    empty: (partition, partitions) => emptyPartition({ partition, partitions: partitions.sku, snapshotEveryRecords }),
    step: makeStep({ codec: engineCodec, rules }),
  })
  return engine === undefined ? shipped : engine(shipped)
}

/** Workers and servers, and everybody else's places; nothing has happened yet. */
const setScene = (options: ShellOptions): Scene => {
  const { seed } = options
  const { drawn, families } = drawShell(seed, options)
  const world = new World()
  const chance = new Chance(seed, onOf(families), options.kept ?? null)
  const weather = weatherOf(chance, drawn.lostOneIn)
  const servers = new Servers(world, chance, { partitions: drawn.partitions, replicas: drawn.replicas })
  const sometimes = new Map<string, number>()
  const errors: Array<string> = []
  const sale = flashSale({
    seed,
    skus: drawn.skus,
    orders: drawn.orders,
    windowMs: drawn.windowMs,
    startMs: world.nowMs,
    facts: Math.ceil(drawn.orders / 10),
  })
  const names = new Set([...sale.setup, ...sale.flows.flatMap(({ sends }) => sends)].map(({ actor }) => actor))
  const shared = {
    world,
    senders: [...names].map((sender) => ({ sender, roles: ["channel" as const] })),
    servers,
    chance,
    weather,
    seed,
    leaseTtlMs: drawn.leaseTtlMs,
    crashOneIn: drawn.crashOneIn,
    engine: engineOf(options, drawn.snapshotEveryRecords),
    onEvent: (name: string) => sometimes.set(name, (sometimes.get(name) ?? 0) + 1),
    onError: (text: string) => errors.push(text),
  }
  const workers = Array.from({ length: drawn.workers }, (_, place) => new WorkerNode({ ...shared, name: `w${place + 1}` }))
  const correspondents = new Map(
    [...names].map((name) => {
      const turns = plainTurns(world)
      return [name, new Correspondent(world, turns, new Sender(name, servers, new Connection(world, turns, weather)))] as const
    }),
  )
  const play = new Play(world, sale, correspondents)
  return { world, chance, weather, servers, workers, drawn, families, correspondents, play, sometimes, errors }
}

/** Runs until nothing is left of what `look` finds, or the time is up. Returns what is left. */
const runUntilNone = ({ world }: Scene, withinMs: number, look: () => ReadonlyArray<string>): ReadonlyArray<string> => {
  const endMs = world.sinceStartMs + withinMs
  let left = look()
  while (left.length > 0 && world.sinceStartMs < endMs) {
    world.run(world.sinceStartMs + lookEveryMs, () => false)
    left = look()
  }
  return left
}

/** Runs the healed world to rest. Returns what keeps it from it though its time is up. */
const runToRest = (scene: Scene): ReadonlyArray<string> => {
  const { servers, workers, correspondents, drawn } = scene
  const served = runUntilNone(scene, servedWithinMs, () => unserved(servers, workers))
  if (served.length > 0) return served
  // Served all the while, but perhaps by others: who came last takes over its share only now.
  const left = () => [
    ...(scene.play.isDone ? [] : ["the sale is not over"]),
    ...undecided(servers, correspondents),
    ...unserved(servers, workers),
  ]
  return runUntilNone(scene, drawn.windowMs + answeredWithinMs, left)
}

/** Lets what is said late be said, and has every channel hear its feed as it is at the end. */
const runToQuiet = ({ world, servers, correspondents }: Scene): ReadonlyArray<string> => {
  world.run(world.sinceStartMs + quietMs, () => false)
  for (const correspondent of correspondents.values()) correspondent.waitForCurrent(servers.partitions)
  world.run(world.sinceStartMs + quietMs, () => false)
  return [...correspondents].flatMap(([name, { isCurrent }]) => (isCurrent ? [] : [`${name} is not told its current feed`]))
}

const play = (scene: Scene): ReadonlyArray<Failure> => {
  const { world, workers, drawn } = scene
  for (const worker of workers) worker.start()
  for (const correspondent of scene.correspondents.values()) correspondent.askForEver()
  if (!drawn.faultsFromStart) world.run(servedWithinMs, () => scene.play.isSetUp)
  letFaultsHappen(scene)
  world.run(world.sinceStartMs + drawn.windowMs, () => false)
  const frozenForMs = heal(scene)
  world.run(world.sinceStartMs + frozenForMs, () => false)
  const stuck = runToRest(scene)
  const unheard = stuck.length > 0 ? [] : runToQuiet(scene)
  const atMs = world.sinceStartMs
  const liveness = [...stuck, ...unheard]
  return [
    ...halts(workers).map((halt) => failure("safety", "halt", halt, atMs)),
    ...(liveness.length === 0 ? [] : [failure("liveness", "rest", liveness.slice(0, 8).join("; "), atMs)]),
  ]
}

const caught = (scene: Scene): ReadonlyArray<Failure> => {
  try {
    return play(scene)
  } catch (thrown) {
    const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
    return [failure("crash", "thrown", detail, scene.world.sinceStartMs)]
  }
}

const totalsOf = ({ totals }: AuditReport): SeedResult["totals"] => {
  const { receivedQty, soldQty, oversoldQty, lost, contradicted, accepted, refused, repeated, expired, quarantined } = totals
  return { receivedQty, soldQty, oversoldQty, lost, contradicted, accepted, refused, repeated, expired, quarantined }
}

/** Runs one seed. `wallMs` of the result is 0 without a clock of this machine. */
export const runShellSeed = (options: ShellOptions): SeedResult => {
  const { wallNowMs = () => 0 } = options
  const begunMs = wallNowMs()
  const scene = setScene(options)
  const { world, chance, drawn, families, correspondents, servers } = scene
  const said = listenForReplies(servers)
  const found = caught(scene)
  const report = auditOf(servers, correspondents.values(), found.length === 0)
  const atMs = world.sinceStartMs
  const replies = found.length === 0 ? unsaid(servers, said, atMs) : { checked: 0, failures: [] }
  const decisions = chance.decisions()
  const injected = Object.entries(decisions).filter(([name]) => faultFamilies.some((family) => family === name))
  const told = [...correspondents.values()].map((correspondent) => correspondent.told)
  const sum = (of: (one: (typeof told)[number]) => number): number => told.reduce((total, one) => total + of(one), 0)
  return {
    seed: options.seed,
    profile: "shell",
    mutant: options.mutant ?? null,
    drawn: { ...drawn },
    families,
    traceHash: world.traceHash,
    simulatedMs: atMs,
    wallMs: wallNowMs() - begunMs,
    events: world.events,
    commands: sum(({ commands }) => commands),
    messages: sum(({ messages }) => messages),
    records: report.totals.records,
    decisions: Object.values(decisions).reduce(
      (total, numbers) => total + numbers.length,
      sum(({ messages }) => messages),
    ),
    faults: Object.fromEntries(injected.map(([name, numbers]) => [name, numbers.length])),
    sometimes: Object.fromEntries(scene.sometimes),
    checked: { ...report.checked, "replies-said": replies.checked },
    failures: [
      ...found,
      ...replies.failures,
      ...scene.errors.map((error) => failure("crash", "runtime", error, atMs)),
      ...auditFailures(report, atMs),
    ],
    excused: {},
    totals: totalsOf(report),
    timeline: null,
  }
}
