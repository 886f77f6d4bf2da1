/**
 * `holdfast demo`: a sale on a real nats-server, played by channels that are processes of their own, with a worker killed in the middle,
 * and a verdict that the auditor draws from the journals and from all that was heard.
 *
 * Puts the parts in `demo/` together, and ends every process and file of theirs, however it ends itself.
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Sku } from "../domain/names.ts"
import { counted } from "../domain/telling.ts"
import { type EmbeddedServer, startEmbedded } from "../nats/embedded.ts"
import { engineLayer, natsLayer } from "../nats/layer.ts"
import { Cluster } from "../ports/broker.ts"
import { saidCodec } from "../wire/said.ts"
import { createOrderTally, type OrderTally } from "../workload/whole-orders.ts"
import { type SenderProcess, startSender } from "./demo/channels.ts"
import { type DemoFolder, demoFolder } from "./demo/folder.ts"
import { type Guardian, startGuardian } from "./demo/guardian.ts"
import { type JudgedOrders, judge } from "./demo/judge.ts"
import { type Look, leaveData, lookAround } from "./demo/look.ts"
import { idlePercentBetween, idlePercentMin, type ProcessorTimes, processorTimes } from "./demo/machine.ts"
import { type DemoFlags, type DemoOptions, demoFlags, demoOptions } from "./demo/options.ts"
import { Player } from "./demo/player.ts"
import { type DemoTables, startTables } from "./demo/projected.ts"
import { countedFlows, type DemoSale, type DemoSender, saleOf } from "./demo/sale.ts"
import { type Screen, screenFor } from "./demo/screen.ts"
import { Stage } from "./demo/stage.ts"
import { type Kill, verdictOf, victimOf } from "./demo/verdict.ts"
import { isServed, lookAtWorkers, type Sight } from "./demo/watch.ts"
import { startWorkerProcess, type WorkerProcess } from "./demo/workers.ts"
import { CommandFailed, describeFailure, exitCode } from "./exit-codes.ts"

/** What the parts of a running demo share. */
interface RunningDemo {
  readonly options: DemoOptions
  readonly sale: DemoSale
  readonly screen: Screen
  readonly folder: DemoFolder
  readonly server: EmbeddedServer
  readonly guardian: Guardian
  readonly player: Player
  readonly tally: OrderTally
  readonly stage: Stage
  readonly workers: Array<WorkerProcess>
  /** Null: there are none. */
  tables: DemoTables | null
  /** What to ask of it when it is over; null: nothing is left of it. */
  look: Look | null
  readonly channels: Map<string, SenderProcess>
  /** What is seen of it just now. */
  readonly now: { title: string; sight: Sight; hotAts: number | null; isKillDue: boolean; kill: Kill | null }
}

const failed = (message: string) => new CommandFailed({ code: exitCode.failed, message })

/** Milliseconds until every partition has to have an owner, at start and after the kill. */
const servedPatienceMs = 60_000
const lookEveryMs = 250
/** While a take-over is waited for: it is measured by these looks. */
const lookEveryMsAfterKill = 50

const startServer = (folder: DemoFolder, actors: ReadonlyArray<DemoSender>): Effect.Effect<EmbeddedServer, CommandFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => startEmbedded({ storeDir: folder.nats, senders: actors }),
      catch: (error) => failed(error instanceof Error ? error.message : String(error)),
    }),
    (server) => Effect.promise(() => server.stop()),
  )

/** Notes when all that the dead worker owned is served by others. */
const noteTakeover = (kill: Kill | null, { owners }: Sight): void => {
  if (kill === null || kill.takeoverMs !== null) return
  const isTaken = (partition: number) => owners[partition] != null && owners[partition] !== kill.worker
  if (kill.partitions.every(isTaken)) kill.takeoverMs = Math.round(performance.now() - kill.atMs)
}

/** Looks at the workers again and again, for whoever wants to know. */
const watchWorkers = Effect.fnUntraced(function* (running: RunningDemo) {
  const { options, stage, now } = running
  const cluster = yield* Cluster
  let addresses: ReadonlyArray<{ readonly name: string; readonly address: string }> = []
  yield* Stream.runForEach(cluster.members, (members) =>
    Effect.sync(() => {
      addresses = members.map(({ worker, address }) => ({ name: worker, address }))
    }),
  ).pipe(Effect.forkScoped)
  const look = Effect.map(
    Effect.suspend(() => lookAtWorkers(addresses, options.partitions)),
    (sight) => {
      now.sight = sight
      killOne(running)
      noteTakeover(now.kill, sight)
      if (sight.halts.length > 0) stage.failed(sight.halts.join("; "), exitCode.halted)
    },
  )
  const pause = Effect.suspend(() => Effect.sleep(now.kill?.takeoverMs === null ? lookEveryMsAfterKill : lookEveryMs))
  yield* look.pipe(Effect.andThen(pause), Effect.forever, Effect.forkScoped)
})

/** Shows how it is going, until the scope closes. */
const showProgress = ({ screen, sale, player, stage, now }: RunningDemo) => {
  let last = { answered: 0, atMs: 0 }
  const show = () => {
    const elapsedMs = stage.elapsedMs
    const { answered } = player.played
    const perSecond = elapsedMs > last.atMs ? Math.round(((answered - last.answered) * 1_000) / (elapsedMs - last.atMs)) : 0
    last = { answered, atMs: elapsedMs }
    const { hotAts, sight } = now
    screen.show({
      elapsedMs,
      flows: player.flows,
      played: player.played,
      perSecond,
      hotSku: sale.hotSku,
      hotAts,
      sight,
      stage: now.title,
    })
  }
  return Effect.sync(show).pipe(Effect.andThen(Effect.sleep(screen.everyMs)), Effect.forever, Effect.forkScoped)
}

const startWorkers = ({ options, folder, server, guardian, workers }: RunningDemo) =>
  Effect.forEach(
    Array.from({ length: options.workers }, (_, place) => `worker-${place + 1}`),
    (name) =>
      startWorkerProcess(name, folder.path, server, options.partitions, guardian).pipe(Effect.map((worker) => workers.push(worker))),
    { discard: true },
  )

const startChannels = ({ sale, folder, server, guardian, stage, channels, now }: RunningDemo) =>
  Effect.forEach(
    sale.actors,
    ({ sender: name, roles }, place) => {
      const login = server.credentials.senders[name]
      if (login === undefined) return Effect.fail(failed(`the server has no credentials for ${name}`))
      const setup = {
        url: server.url,
        sender: name,
        login,
        heardFolder: folder.heard,
        feed: roles.includes("channel"),
        watchSku: place === 0 ? sale.hotSku : null,
      }
      const events = {
        answers: stage.answers.bind(stage),
        ats: (ats: number) => {
          now.hotAts = ats
        },
        failed: (cause: string) => stage.failed(`${name}: ${cause}`),
      }
      return Effect.map(startSender(setup, folder.path, events, guardian), (channel) => {
        channels.set(name, channel)
      })
    },
    { concurrency: "unbounded", discard: true },
  )

/** Why the demo ends where not every partition has an owner in time: a machine that has no time to spare is a reason of its own. */
const unowned = (since: string, before: ProcessorTimes) => {
  const idlePercent = idlePercentBetween(before, processorTimes())
  const slow = idlePercent < idlePercentMin ? ": it is too slow for the demo beside whatever else it does" : ""
  return failed(
    `not every partition had an owner within ${servedPatienceMs / 1_000} s${since}, and the machine had ${idlePercent} % of its processors to spare${slow}; see the workers' logs`,
  )
}

/** Waits until every partition is served, and what else is asked for holds. */
const untilServed = (
  running: RunningDemo,
  isEnough: (sight: Sight) => boolean,
  patienceMs: number,
): Effect.Effect<boolean, CommandFailed> =>
  Effect.gen(function* () {
    const { now } = running
    const isKillOver = () => !now.isKillDue || typeof now.kill?.takeoverMs === "number"
    while (!(isServed(now.sight) && isKillOver() && isEnough(now.sight))) {
      const dead = running.workers.find((worker) => !worker.isRunning() && worker.name !== running.now.kill?.worker)
      if (dead !== undefined) return yield* failed(`${dead.name} ended by itself; see ${dead.name}.log`)
      yield* Effect.sleep(lookEveryMs)
    }
    return true
  }).pipe(Effect.timeoutOrElse({ duration: patienceMs, orElse: () => Effect.succeed(false) }))

/** Kills the worker that decides for the hot SKU, once it is time and one is seen to own something: the death of another would prove nothing. Tried again at every look. */
const killOne = ({ sale, screen, player, workers, now }: RunningDemo): void => {
  if (!now.isKillDue || now.kill !== null) return
  const { owners } = now.sight
  const name = victimOf(sale.hotSku, owners)
  const victim = workers.find((worker) => worker.name === name && worker.isRunning())
  if (victim === undefined) return
  const afterFlows = player.played.flowsEnded
  const partitions = owners.flatMap((owner, partition) => (owner === victim.name ? [partition] : []))
  victim.killNow()
  now.kill = { worker: victim.name, pid: victim.pid, atMs: performance.now(), afterFlows, partitions, takeoverMs: null }
  screen.say(
    `SIGKILL to ${victim.name} (pid ${victim.pid}) after ${countedFlows(afterFlows)}: it owned ${partitions.length === 1 ? "partition" : "partitions"} ${partitions.join(", ")}`,
  )
}

const beginToKill = (running: RunningDemo): void => {
  running.now.isKillDue = true
  killOne(running)
}

/** Starts all processes. */
const begin = Effect.fnUntraced(function* (running: RunningDemo) {
  const { options, screen, server, sale } = running
  const before = processorTimes()
  yield* (yield* Cluster).prepare({ partitions: { sku: options.partitions, order: options.partitions }, replicas: 1 })
  screen.say(
    `nats-server runs at ${server.url}; starting ${counted(options.workers, "worker")} for ${counted(options.partitions, "partition")}`,
  )
  screen.say(`and ${sale.actors.map(({ sender }) => sender).join(", ")}, each a process with credentials of its own`)
  yield* watchWorkers(running)
  if (options.postgres)
    running.tables = yield* startTables(
      { folder: running.folder, server, guardian: running.guardian, partitions: options.partitions },
      screen.say,
    )
  yield* startWorkers(running)
  yield* startChannels(running)
  const served = yield* untilServed(running, () => true, servedPatienceMs)
  if (!served) return yield* unowned("", before)
  const processes = [{ name: "nats-server", pid: server.pid() }, ...running.workers, ...running.channels.values()]
  screen.say(`Process ids: ${processes.map(({ name, pid }) => `${name} ${pid}`).join(", ")}`)
})

/** Milliseconds that expiry may take beyond the holds' own time, until a look at the workers shows it, however busy they are. */
const expiryShownMs = 30_000

/** Waits for what is still to come after the last answer: a take-over, the end of holds that nobody pays. Then everybody leaves. */
const end = Effect.fnUntraced(function* (running: RunningDemo) {
  const { sale, workers, channels, now } = running
  now.title = "settling"
  const before = processorTimes()
  if (!(yield* untilServed(running, () => true, servedPatienceMs))) return yield* unowned(" of the last answer", before)
  if (sale.holdsEndMs !== null) yield* untilServed(running, ({ openHolds }) => openHolds === 0, sale.holdsEndMs + expiryShownMs)
  // What orders that came to nothing were given goes back, whoever waits for it.
  yield* untilServed(running, ({ underWay }) => underWay === 0, servedPatienceMs)
  now.title = "workers leave"
  for (const worker of workers.filter(({ isRunning }) => isRunning())) {
    const code = yield* worker.stop
    if (code !== 0) return yield* failed(`${worker.name} did not end in an orderly way (exit code ${code}); see ${worker.name}.log`)
  }
  now.title = "channels leave"
  yield* Effect.forEach(channels.values(), (channel) => channel.finish, { concurrency: "unbounded", discard: true })
})

/** Asks what is worth asking. Without an answer, or where it can't be left, the demo is as good. */
const look = ({ options, sale, server, player, stage, now, screen }: RunningDemo): Effect.Effect<Look | null> => {
  const [first] = sale.actors
  if (!options.look || first === undefined) return Effect.succeed(null)
  const momentMs = Math.round(performance.timeOrigin + (now.kill?.atMs ?? stage.middleMs))
  const { refusal } = player.played
  const worth = {
    hotSku: sale.hotSku as Sku,
    channel: first.sender,
    momentMs,
    hasKill: now.kill !== null,
    endMs: Date.now(),
    refusal,
    partitions: options.partitions,
  }
  return lookAround(worth, server).pipe(
    Effect.catch((error) =>
      Effect.sync(() => {
        screen.say(`Nothing of this is left to look at: ${describeFailure(error)}`)
        return null
      }),
    ),
  )
}

const perform = Effect.fnUntraced(function* (running: RunningDemo) {
  const { options, sale, screen, folder, player, stage, now } = running
  yield* begin(running)
  now.title = "selling"
  const before = processorTimes()
  let after = before
  yield* Effect.scoped(
    Effect.gen(function* () {
      yield* showProgress(running)
      yield* stage.play
      after = processorTimes()
      yield* end(running)
    }),
  )
  screen.say("Auditing the journals")
  const { engine } = running.server.credentials
  const ofOrders = engineLayer({
    kind: "order",
    servers: [running.server.url],
    monitorUrls: [running.server.monitorUrl],
    engine,
    name: "demo",
  })
  const orders: JudgedOrders = { partitions: options.partitions, read: (reading) => Effect.provide(reading, ofOrders) }
  const judgement = yield* judge(options.partitions, folder.heard, orders)
  const tables = running.tables === null ? null : yield* running.tables.judge
  const { kill } = now
  const idlePercent = idlePercentBetween(before, after)
  const { played } = player
  const outcomes = sale.orders === null ? null : running.tally.finish(sale.orders.cancellations)
  const verdict = verdictOf({
    sale,
    outcomes,
    partitions: options.partitions,
    played,
    playedMs: stage.playedMs,
    idlePercent,
    kill,
    tables,
    judgement,
  })
  running.look = verdict.ok ? yield* look(running) : null
  screen.verdict(verdict, running.look)
  // The verdict's last line has said why.
  if (!verdict.ok) return yield* new CommandFailed({ code: verdict.tooSlow === null ? exitCode.violations : exitCode.failed, message: "" })
})

const run = Effect.fnUntraced(function* (options: DemoOptions, sale: DemoSale) {
  const screen = screenFor(options.json)
  screen.say(sale.title)
  for (const line of sale.reading) screen.say(line)
  const left = async ({ nats }: DemoFolder): Promise<void> => {
    if (running.look !== null) await leaveData(nats, options.keep)
  }
  const folder = yield* demoFolder(options.keep, left)
  const guardian = yield* startGuardian
  const server = yield* startServer(folder, sale.actors)
  const tally = createOrderTally()
  const player = new Player(sale.traffic, { inFlight: options.inFlight, realTime: sale.realTime }, tally)
  const channels = new Map<string, SenderProcess>()
  const stage: Stage = new Stage({
    player,
    send: (actor, orders) => channels.get(actor)?.send(orders),
    cue: options.killAt === null ? null : { afterFlows: Math.floor(options.killAt * player.flows), run: () => beginToKill(running) },
  })
  const nobody = Array.from({ length: options.partitions }, () => null)
  const sight: Sight = { owners: nobody, orderOwners: nobody, underWay: 0, lag: 0, openHolds: 0, halts: [] }
  const now: RunningDemo["now"] = { title: "starting", sight, hotAts: null, isKillDue: false, kill: null }
  const running: RunningDemo = {
    options,
    sale,
    screen,
    folder,
    server,
    guardian,
    player,
    tally,
    stage,
    workers: [],
    tables: null,
    look: null,
    channels,
    now,
  }
  const { engine, door } = server.credentials
  const ports = natsLayer({ kind: "sku", servers: [server.url], monitorUrls: [server.monitorUrl], engine, door, name: "demo" }, saidCodec)
  yield* perform(running).pipe(Effect.provide(ports))
})

/** What of the files is used, guessed, ignored and unusable, and nothing else. */
const sayOnly = (sale: DemoSale, json: boolean): void => {
  const lines = json ? [JSON.stringify(sale.rows, null, 2)] : [sale.title, ...sale.reading, "Nothing was played (--dry-run)."]
  process.stdout.write(lines.map((line) => `${line}\n`).join(""))
}

const demo = Effect.fnUntraced(function* (flags: DemoFlags) {
  const options = demoOptions(flags)
  if ("problems" in options) return yield* new CommandFailed({ code: exitCode.usage, message: options.problems.join("\n") })
  const sale = yield* saleOf(options.source)
  if (options.source._tag === "Orders" && options.source.dryRun) return yield* Effect.sync(() => sayOnly(sale, options.json))
  yield* Effect.scoped(run(options, sale))
})

const description = `A sale on a real nats-server: channels as processes of their own, one worker killed in the middle, and an audit of
all that was decided and said.

Without --orders a flash sale is invented from a seed. It ends with code 0 if nothing was oversold, lost or contradicted, and every
command was answered; with 1 if only answers are missing and the machine was too slow; with 3 otherwise. The temporary folder is kept, and named, when something went wrong.`

export const demoCommand = Command.make("demo", demoFlags, demo).pipe(
  Command.withDescription(description),
  Command.withExamples([
    { command: "holdfast demo --seed 7 --kill-at 0.3", description: "another sale, another moment" },
    { command: "holdfast demo --orders orders.csv --dry-run", description: "what is made of a file, before it is played" },
    { command: "holdfast demo --orders orders.csv --date-format D/M/YYYY --stock-share 0.6", description: "real orders" },
  ]),
)
