/**
 * `npm run front-door`: what a channel can do from its credential. A table of every subject tried, as publish and as reply, and what arrived in the streams; then so many messages of
 * chance, each answered or refused. Ends with code 0 if nothing of a sender's arrived anywhere and nobody was harmed, with 1 otherwise.
 */
import { sendersOf } from "../src/domain/sender-list.ts"
import { counted } from "../src/domain/telling.ts"
import { metricName } from "../src/telemetry/catalogue.ts"
import { type Fuzzed, fuzz, fuzzMark, fuzzSkus } from "./front-door/fuzz.ts"
import { lookAtStreams, streamEnds } from "./front-door/streams.ts"
import { nothing, subjectsTried, type Table, tableMark, tryTable } from "./front-door/table.ts"
import { chosen, conclude, type Promised, say, serversChosen } from "./stage/show.ts"
import { type Stage, type StageProcess, stockUp, sumOf, until, withStage } from "./stage/stage.ts"

const about = `Tries every subject a channel may think of from its credential, as publish and as reply, through both doors, with headers of names of our own; then sends so many messages of chance.
Full size: --servers 1,3 --messages 50000`

const options = chosen(about, {
  servers: { fallback: "1", help: "nats-servers", names: ["1", "3"] },
  messages: { fallback: "5000", help: "messages of chance", whole: 1 },
  seed: { fallback: "1", help: "what they are made from", whole: 0 },
  partitions: { fallback: "4", help: "partitions", whole: 1 },
  table: { fallback: "yes", help: "whether the table is tried: yes or no" },
})

const senders = sendersOf("web=channel,app=channel,dock=warehouse,planner=merchandiser")

interface Epochs {
  readonly pids: string
  readonly epochs: string
}

/** Who runs and reigns: if it is the same before and after, nobody crashed and nothing was taken over. */
const epochsOf = async (workers: ReadonlyArray<StageProcess>): Promise<Epochs> => {
  const epochs: Array<string> = []
  for (const worker of workers) {
    const report = JSON.parse(await worker.page("/ready")) as {
      partitions: ReadonlyArray<{ partition: number; epoch: number; phase: string; role: string }>
    }
    for (const { partition, epoch, phase } of report.partitions)
      if (phase === "serving") epochs.push(`${partition}:${epoch}@${worker.name}`)
  }
  return { pids: workers.map(({ pid, isRunning }) => `${pid}${isRunning() ? "" : " ended"}`).join(" "), epochs: epochs.sort().join(" ") }
}

const metricOf = async (workers: ReadonlyArray<StageProcess>, name: string, label = ""): Promise<number> => {
  let sum = 0
  for (const worker of workers) sum += sumOf(await worker.page("/metrics"), name, label)
  return sum
}

interface Played {
  readonly servers: number
  readonly table: Table | null
  readonly fuzzed: Fuzzed
  readonly messagesInStreams: Readonly<Record<string, number>>
  readonly grown: Readonly<Record<string, number>>
  readonly promises: ReadonlyArray<Promised>
}

const play = (count: 1 | 3) =>
  withStage(
    { servers: count, workers: count === 1 ? 1 : 2, partitions: Number(options.partitions), senders },
    async (stage, workers): Promise<Played> => {
      say(`${count} server(s), ${workers.length} worker(s)`)
      await stockUp(stage, ["A", "B", ...fuzzSkus], ["web", "app"], { dock: "dock", planner: "planner" })
      const engine = await stage.engine()
      const before = { ends: await streamEnds(engine), epochs: await epochsOf(workers) }
      const tableEngine = await stage.engine()
      const table = options.table === "yes" ? await tryTable(stage, tableEngine) : null
      await tableEngine.close()
      say(`${counted(table?.rows.length ?? 0, "message")} of the table tried`)
      const fuzzed = await fuzz(stage, Number(options.messages), options.seed)
      say(`${fuzzed.messages} messages of chance sent`)
      await until("all that is stored is decided", async () => (await metricOf(workers, metricName.lagMessages)) === 0)
      const looked = await lookAtStreams(engine, [tableMark, fuzzMark])
      const ends = await streamEnds(engine)
      const grown = Object.fromEntries(Object.entries(ends).map(([name, end]) => [name, end - (before.ends[name] ?? 0)]))
      await engine.close()
      const promises = await judge(stage, workers, before.epochs, table, fuzzed, looked.foreign)
      return { servers: count, table, fuzzed, messagesInStreams: looked.messages, grown, promises }
    },
  )

const judge = async (
  stage: Stage,
  workers: ReadonlyArray<StageProcess>,
  before: Epochs,
  table: Table | null,
  fuzzed: Fuzzed,
  foreign: ReadonlyArray<{ readonly stream: string; readonly seq: number; readonly subject: string; readonly why: string }>,
): Promise<ReadonlyArray<Promised>> => {
  const after = await epochsOf(workers)
  const lag = await metricOf(workers, metricName.lagMessages)
  const defects = await metricOf(workers, metricName.ingressDefects)
  const { code, out } = await stage.holdfast("audit", "--json")
  const where = `${stage.servers.length} server(s)`
  const silentRows = table?.rows.filter(({ heard }) => heard === nothing || heard === "the server closed the connection") ?? []
  return [
    ...(table === null
      ? []
      : [
          promised(where, "no message with bytes of a sender's was heard elsewhere", table.strayed),
          promised(
            where,
            "every message of the table answered or refused",
            silentRows.map(({ subject, as }) => `${as}: ${subject}`),
          ),
        ]),
    promised(
      where,
      "no message in any stream that isn't of our own making",
      foreign.map(({ stream: name, seq, subject, why }) => `${name} ${seq} ${subject}: ${why}`),
    ),
    promised(where, "every fuzzed message answered or refused", fuzzed.unanswered),
    { what: `${where}: stored and unread`, found: String(lag), kept: lag === 0 },
    {
      what: `${where}: stored and never heard to be decided`,
      found: `${fuzzed.undecided} of ${fuzzed.stored}`,
      kept: fuzzed.undecided === 0,
    },
    {
      what: `${where}: processes and reigns the same as before`,
      found: after.epochs,
      kept: after.pids === before.pids && after.epochs === before.epochs,
    },
    { what: `${where}: messages that made an ingress throw`, found: String(defects), kept: defects === 0 },
    { what: `${where}: audit`, found: code === 0 ? "clean" : out.slice(-2_000), kept: code === 0 },
  ]
}

const promised = (where: string, what: string, against: ReadonlyArray<string>): Promised => ({
  what: `${where}: ${what}`,
  found: against.length === 0 ? "so it is" : `${against.length} against it: ${against.slice(0, 5).join("; ")}`,
  kept: against.length === 0,
})

const tableText = (table: Table): string => {
  const lines = ["| subject | as | heard | stored by an ingress |", "| --- | --- | --- | --: |"]
  for (const { subject, as, heard, stored } of table.rows) lines.push(`| \`${subject}\` | ${as} | ${heard} | ${stored} |`)
  return lines.join("\n")
}

const fuzzedText = ({ outcomes, sentAgain, closedByServer }: Fuzzed): string => {
  const hows = [...new Set(Object.values(outcomes).flatMap((counts) => Object.keys(counts)))].sort()
  const rows = Object.entries(outcomes).map(([kind, counts]) => `| ${kind} | ${hows.map((how) => counts[how] ?? 0).join(" | ")} |`)
  return [
    `| message | ${hows.join(" | ")} |`,
    `| --- |${" --: |".repeat(hows.length)}`,
    ...rows,
    `sent again for silence: ${sentAgain}; connections closed by the server: ${closedByServer}`,
  ].join("\n")
}

const played: Array<Played> = []
for (const count of serversChosen(options.servers)) played.push(await play(count))
const text = played
  .map(({ servers, table, fuzzed, grown }) =>
    [
      `On ${counted(servers, "server")}, ${counted(subjectsTried.length, "subject")} tried`,
      ...(table === null ? [] : [tableText(table)]),
      fuzzedText(fuzzed),
      `messages the streams were given: ${Object.entries(grown)
        .map(([name, count]) => `${name} ${count}`)
        .join(", ")}`,
    ].join("\n"),
  )
  .join("\n\n")
conclude(options.json, { promises: played.flatMap(({ promises }) => promises), ...(options.json ? { played } : {}) }, text)
