/**
 * All servers lose their disks while channels sell, and everything is brought back from the archive: what an operator does, step by step, and what must hold after each of them.
 */
import { watch } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { Kind } from "../../src/domain/kinds.ts"
import { sendersOf } from "../../src/domain/sender-list.ts"
import type { EmbeddedServer } from "../../src/nats/embedded.ts"
import { type EmbeddedPostgres, startPostgres } from "../../src/postgres/embedded.ts"
import { archiveRound, type Ran, runAs } from "../retention/archiver.ts"
import { pause, type Stage, type StageProcess, until, withStage } from "../stage/stage.ts"
import { type ArchiveSeen, readArchive } from "./archived.ts"
import { type Said, Sale, senders } from "./sale.ts"

export interface DrillOptions {
  readonly seed: number
  readonly buyers: number
  readonly skus: number
  readonly partitions: number
  /** Archive rounds before the disks are lost, and milliseconds of selling between them and after the last. */
  readonly rounds: number
  readonly roundEveryMs: number
  /** Whether the disk is lost in the middle of one more round. */
  readonly isCutShort: boolean
  readonly say: (line: string) => void
}

/** What was sent before the loss, by what became of it. */
export interface DrillCounts {
  readonly sent: number
  readonly heard: number
  /** Decided in what the archive holds, and of those that were asked again: those that heard the same. */
  readonly archived: number
  readonly sameAgain: number
  /** Heard, and not in the archive: lost with the disks. Of those, what was promised and can't be kept when it is asked for again. */
  readonly lost: number
  readonly lostPromises: number
  readonly brokenPromises: number
}

export interface DrillReport {
  readonly broken: ReadonlyArray<string>
  readonly counts: DrillCounts
  readonly records: number
  readonly rebuildMs: number
  /** What was lost, for people: the first of it. */
  readonly lostNames: ReadonlyArray<string>
}

/** A drill that is played: what it has found so far. */
interface Drill {
  readonly stage: Stage
  readonly server: EmbeddedServer
  readonly postgres: EmbeddedPostgres
  readonly folder: string
  readonly options: DrillOptions
  readonly broken: Array<string>
  readonly expect: (holds: boolean, what: string) => void
}

const accepted = (decision: string | null): boolean => decision?.includes('"outcome":"accepted"') === true
const nameOf = ({ sender, id }: Said): string => `${sender} ${id}`

/** One more round, during which the disk is lost: as soon as it has archived something. */
const cutRoundShort = async ({ server, folder }: Pick<Drill, "server" | "folder">): Promise<void> => {
  let lost: Promise<void> | null = null
  const watcher = watch(folder, { recursive: true }, (_, name) => {
    if (name?.endsWith("manifest.json") && name.includes("order")) lost ??= server.loseDisk()
  })
  await archiveRound({ connection: server, folder })
  watcher.close()
  await (lost ?? server.loseDisk())
}

/** Sells beside rounds of the archive, until all disks are gone. The last round may be under way then. */
const sellUntilLost = async ({ server, folder, options, expect }: Drill, sale: Sale): Promise<void> => {
  for (let round = 1; round <= options.rounds; round++) {
    await pause(options.roundEveryMs)
    const ran = await archiveRound({ connection: server, folder })
    expect(ran.code === 0, `round ${round} of the archive ended with ${ran.code}: ${ran.err}`)
    options.say(`round ${round} of the archive, ${sale.decided} commands decided`)
  }
  const decided = sale.decided
  await until("something is decided after the last round", () => sale.decided > decided + options.buyers)
  if (options.isCutShort) await cutRoundShort({ server, folder })
  else await server.loseDisk()
  options.say(`the server is killed and its disk is gone, ${sale.decided} commands decided`)
}

/** The operator's first steps: servers that hold nothing, journals anew, and what says that nobody may sell on them yet. */
const rebuild = async (drill: Drill): Promise<Ran> => {
  const { server, folder, stage, expect, options } = drill
  await server.restart()
  const env = { ...process.env, ...engineSettings(server) }
  const ran = await runAs(["archive", "rebuild", "--dir", folder, "--json"], env)
  expect(ran.code === 0, `the rebuild ended with ${ran.code}: ${ran.err}`)
  const again = await stage.holdfast("archive", "rebuild", "--dir", folder)
  expect(again.code === 0 && again.out.includes("halted until you resume it"), `a second rebuild ended with ${again.code}: ${again.out}`)
  for (const line of ran.err.split("\n").filter((text) => text.includes("cut short"))) options.say(line)
  options.say(`rebuilt in ${(ran.ms / 1_000).toFixed(1)} s`)
  return ran
}

const engineSettings = ({ url, monitorUrl, credentials }: EmbeddedServer) => ({
  HOLDFAST_NATS_URL: url,
  HOLDFAST_NATS_MONITOR_URL: monitorUrl,
  HOLDFAST_ENGINE_USER: credentials.engine.user,
  HOLDFAST_ENGINE_PASSWORD: credentials.engine.password,
})

/** Tables that know more than the journals must not be followed on: neither where the journal ends before them, nor where it has gone past them since. */
const expectTablesRefused = async ({ stage, postgres, folder, expect }: Drill, when: string): Promise<void> => {
  const ran = await runAs(["project", "--once", "--archive", folder], {
    ...process.env,
    ...engineSettings(requiredServer(stage)),
    HOLDFAST_POSTGRES_URL: postgres.url,
  })
  expect(
    ran.code !== 0 && ran.err.includes("--rebuild"),
    `${when}, the projector went on with tables of what is lost (code ${ran.code}): ${ran.err}`,
  )
}

const requiredServer = ({ servers: [first] }: Stage): EmbeddedServer => {
  if (first === undefined) throw new Error("there is a server")
  return first
}

/** Operators that resume at once: each is a process that has to start. */
const resumersMax = 4

/** Nobody sells before an operator says so; then everybody does. */
const resumeAll = async ({ stage, options, expect }: Drill, worker: StageProcess): Promise<void> => {
  expect(!(await worker.isReady()), "a worker says that all is well before anybody resumed anything")
  const left = Kind.flatMap((kind) => Array.from({ length: options.partitions }, (_, partition) => ({ kind, partition })))
  const resume = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const { kind, partition } = one
      const ran = await stage.holdfast("resume", String(partition), "--kind", kind, "--reason", "drill: rebuilt from the archive")
      expect(ran.code === 0, `partition ${partition} of kind ${kind} was not resumed (code ${ran.code}): ${ran.out}`)
    }
  }
  await Promise.all(Array.from({ length: resumersMax }, resume))
}

/** What channels hear when they ask again for all that they sent. */
const countAgain = (
  sale: Sale,
  again: ReadonlyArray<string | null>,
  archive: ArchiveSeen,
  drill: Drill,
): Pick<DrillReport, "counts" | "lostNames"> => {
  const { expect } = drill
  const counts = { sent: sale.said.length, heard: 0, archived: 0, sameAgain: 0, lost: 0, lostPromises: 0, brokenPromises: 0 }
  const lostNames: Array<string> = []
  for (const [index, said] of sale.said.entries()) {
    const now = again[index] ?? null
    const isArchived = archive.decided.has(nameOf(said))
    expect(now !== null, `${said.type} ${nameOf(said)} about ${said.about} has no decision though it was asked for again`)
    if (said.heard === null) continue
    counts.heard++
    if (isArchived) {
      counts.archived++
      if (now === said.heard) counts.sameAgain++
      else expect(false, `${said.type} ${nameOf(said)} was decided before the archive's end: it heard ${said.heard}, and now ${now}`)
      continue
    }
    counts.lost++
    lostNames.push(`${said.type} of ${said.sender} about ${said.about} (${said.id})`)
    if (!accepted(said.heard)) continue
    counts.lostPromises++
    if (!accepted(now)) counts.brokenPromises++
  }
  return { counts, lostNames }
}

/** Journals, archive and tables, at rest. */
const judge = async ({ stage, postgres, server, folder, expect, options }: Drill): Promise<number> => {
  const env = { ...process.env, ...engineSettings(server), HOLDFAST_POSTGRES_URL: postgres.url }
  // Both only read journals and archive.
  const [audited, projected] = await Promise.all([
    stage.holdfast("audit", "--json", "--archive", folder),
    runAs(["project", "--rebuild", "--once", "--archive", folder], env),
  ])
  expect(audited.code === 0, `the audit ended with ${audited.code}: ${audited.out.slice(0, 2_000)}`)
  const report =
    audited.code === 0 ? (JSON.parse(audited.out) as { readonly totals: { readonly records: number; readonly oversoldQty: number } }) : null
  expect(report?.totals.oversoldQty === 0, "units were sold twice")
  expect(projected.code === 0, `the tables could not be made anew (code ${projected.code}): ${projected.err}`)
  const compared = await runAs(["audit", "--postgres", "--archive", folder], env)
  expect(compared.code === 0, `the tables differ from the journals (code ${compared.code}): ${compared.out}${compared.err}`)
  const round = await archiveRound({ connection: server, folder })
  expect(round.code === 0, `the archive does not go on behind what was rebuilt: ${round.err}`)
  options.say(`audited: ${report?.totals.records ?? 0} records`)
  return report?.totals.records ?? 0
}

const play = async (drill: Drill, workers: ReadonlyArray<StageProcess>): Promise<DrillReport> => {
  const { stage, options, postgres, folder, broken } = drill
  const settings = { HOLDFAST_POSTGRES_URL: postgres.url, HOLDFAST_ARCHIVE_DIR: folder }
  const [projector, sale] = await Promise.all([stage.start("project", "projector", settings), Sale.begin(stage, options)])
  try {
    await sellUntilLost(drill, sale)
    await sale.end()
    await Promise.all(workers.map((worker) => worker.signal("SIGKILL")))
    const { ms } = await rebuild(drill)
    // Which a rebuild may have cut, where its last round was.
    const archive = await readArchive(folder)
    projector.mayEnd()
    const refused = async (): Promise<void> => {
      await until("the projector that still runs has noticed that its tables are ahead, and ended", () => !projector.isRunning())
      await expectTablesRefused(drill, "before anybody resumed")
    }
    const [worker] = await Promise.all([stage.startHalted("after"), refused()])
    await resumeAll(drill, worker)
    await until("the worker serves everything", () => worker.isReady())
    const found = countAgain(sale, await sale.askAgain(), archive, drill)
    await expectTablesRefused(drill, "when the journals had gone past the tables")
    return { ...found, broken, records: await judge(drill), rebuildMs: ms }
  } finally {
    await sale.close()
  }
}

/** Plays a drill on servers, workers and a database of its own. */
export const playDrill = async (options: DrillOptions): Promise<DrillReport> => {
  const postgres = await startPostgres()
  try {
    const stage = { servers: 1, workers: 2, partitions: options.partitions, senders: sendersOf(senders) } as const
    return await withStage(stage, async (set, workers) => {
      const folder = join(set.folder, "archive")
      await mkdir(folder)
      const broken: Array<string> = []
      const expect = (holds: boolean, what: string): void => {
        if (!holds) broken.push(what)
      }
      return play({ stage: set, server: requiredServer(set), postgres, folder, options, broken, expect }, workers)
    })
  } finally {
    await postgres.stop()
  }
}
