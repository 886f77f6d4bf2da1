/**
 * A journal is emptied under a running system, and later another cluster's records are mixed into it. Each time that partition alone must halt, say why
 * wherever an operator looks, and go on when it was resumed.
 */
import type { SenderClient } from "../../src/channel.ts"
import { partitionOf } from "../../src/domain/names.ts"
import { copyOf, intrude, replaceJournal } from "./journal-harm.ts"
import { type Rig, until } from "./rig.ts"
import { putOnSale } from "./traffic.ts"
import { brokenBy, type Say } from "./verdict.ts"

/** One harm done to a journal, and what came of it. */
export interface Harm {
  /** The halt as the workers' pages show it. */
  readonly halt: string
  /** What the metric `holdfast_partition_halted` of all workers adds up to. */
  readonly haltedMetric: number
  /** Commands decided in the other partitions while this one was halted. */
  readonly decidedElsewhere: number
  /** Of a resume before anything was mended; null where nothing has to be. */
  readonly unmendedCode: number | null
  readonly resumeCode: number
  /** How the sale was answered that was sent meanwhile; where it was refused, for what. */
  readonly outcome: string
  readonly reason: string | null
  /** Units that are still offered of the partition's SKU, after exactly one sale since the resume. */
  readonly leftQty: number
}

export interface LostJournalReport {
  /** Under running workers: deleted and made anew; a record of another cluster at its end, mended by restoring a copy. */
  readonly emptied: Harm
  readonly mixed: Harm
  /** While no worker ran: deleted and made anew; another cluster's whole journal in its place. */
  readonly emptiedAtRest: Harm
  readonly replacedAtRest: Harm
  /** What the audit found, the harmed partition left out. */
  readonly broken: ReadonlyArray<string>
}

export const unitsEach = 100
/** The partition whose journal is harmed. */
const harmed = 1
const holdMs = 600_000
const commandsElsewhere = 50
/** Commands, each in a record of its own, that make one journal longer than another. */
const commandsLonger = 10

/** A SKU of each partition. */
const skusOf = (partitions: number): ReadonlyArray<string> => {
  const skus = new Map<number, string>()
  for (let number = 0; skus.size < partitions; number++) skus.set(partitionOf(`SKU-${number}`, partitions), `SKU-${number}`)
  return Array.from({ length: partitions }, (_, partition) => skus.get(partition) ?? "")
}

interface Plan {
  readonly what: string
  readonly harm: () => Promise<void>
  /** What an operator does before he resumes. */
  readonly mend?: () => Promise<void>
}

class Play {
  readonly #rig: Rig
  readonly #say: Say
  readonly #channel: SenderClient
  /** Who may see stock. */
  readonly #dock: SenderClient
  readonly #skus: ReadonlyArray<string>
  readonly #sku: string

  constructor(rig: Rig, say: Say, channel: SenderClient, dock: SenderClient, skus: ReadonlyArray<string>) {
    this.#rig = rig
    this.#say = say
    this.#channel = channel
    this.#dock = dock
    this.#skus = skus
    this.#sku = skus[harmed] ?? ""
  }

  reserve(sku: string) {
    return this.#channel.reserve({ sku, reservation: crypto.randomUUID(), qty: 1, holdMs })
  }

  /** Does the harm, waits until the partition is halted, has the others decide, mends, resumes. */
  async harm({ what, harm, mend }: Plan): Promise<Harm> {
    await harm()
    this.#say(`Partition ${harmed}: ${what}`)
    const asked = this.reserve(this.#sku)
    // Awaited below; if something else fails before, that is what has to be told.
    asked.catch(() => undefined)
    let halt = ""
    await until(`partition ${harmed} is halted`, async () => {
      halt = (await this.#halts())[0] ?? ""
      return halt !== ""
    })
    const decidedElsewhere = await this.#decideElsewhere()
    let haltedMetric = 0
    await until("the metric shows the halt", async () => {
      haltedMetric = await this.#haltedMetric()
      return haltedMetric > 0
    })
    this.#say(`  halted: ${halt}`)
    this.#say(`  ${decidedElsewhere} commands were decided in other partitions meanwhile`)
    const unmendedCode = mend === undefined ? null : await this.#resume(what)
    await mend?.()
    const resumeCode = await this.#resume(what)
    const answer = await asked
    const { outcome } = answer
    const reason = answer.outcome === "refused" ? answer.reason : null
    // Facts that are kept are read once the partition is served: a sale that is handed over sooner is decided on what is known by then.
    if (outcome === "refused") await until("a sale is accepted", async () => (await this.reserve(this.#sku)).outcome === "accepted")
    const leftQty = await this.#leftQty()
    this.#say(`  the sale that waited was ${outcome}${reason === null ? "" : ` (${reason})`}; ${leftQty} units are offered`)
    return { halt, haltedMetric, decidedElsewhere, unmendedCode, resumeCode, outcome, reason, leftQty }
  }

  async #resume(reason: string): Promise<number> {
    const { code, printed } = await this.#rig.holdfast("resume", String(harmed), "--by", "operator-1", "--reason", reason)
    this.#say(`  resume ended with code ${code}: ${printed.split("\n")[1] ?? printed}`)
    return code
  }

  async #halts(): Promise<ReadonlyArray<string>> {
    return (await this.#rig.look()).halts
  }

  async #haltedMetric(): Promise<number> {
    const counts = await Promise.all(this.#rig.workers.map(({ metric }) => metric("holdfast_partition_halted", `partition="${harmed}"`)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async #decideElsewhere(): Promise<number> {
    const others = this.#skus.filter((sku) => sku !== this.#sku)
    const answers = await Promise.all(
      Array.from({ length: commandsElsewhere }, (_, number) => this.reserve(others[number % others.length] ?? "")),
    )
    return answers.filter(({ outcome }) => outcome === "accepted" || outcome === "refused").length
  }

  async #leftQty(): Promise<number> {
    const stock = await this.#dock.stock(this.#sku)
    return stock.answer === "stock" ? stock.offered : 0
  }
}

/** Ends every worker, does something, and starts them again. */
const atRest = async (rig: Rig, act: () => Promise<void>): Promise<void> => {
  const names = rig.workers.map(({ name }) => name)
  for (const worker of [...rig.workers]) await worker.stop()
  await act()
  await Promise.all(names.map((name) => rig.startWorker(name)))
}

/** Plays on `rig`. */
export const playLostJournal = async (rig: Rig, say: Say): Promise<LostJournalReport> => {
  const [planner, dock, channel] = await Promise.all([rig.open("planner"), rig.open("dock"), rig.open("web")])
  const skus = skusOf(rig.options.partitions)
  await putOnSale(planner, dock, skus, unitsEach)
  const play = new Play(rig, say, channel, dock, skus)
  for (const sku of skus) await play.reserve(sku)
  const former = await copyOf(rig, harmed)
  const emptied = await play.harm({ what: "its journal is deleted and made anew", harm: () => replaceJournal(rig, harmed, []) })
  const sound = await copyOf(rig, harmed)
  const mixed = await play.harm({
    what: "a record of another incarnation is written at its end; mended by restoring a copy",
    harm: () => intrude(rig, harmed, former),
    mend: () => replaceJournal(rig, harmed, sound),
  })
  for (let longer = 0; longer < commandsLonger; longer++) await play.reserve(skus[harmed] ?? "")
  const others = await copyOf(rig, harmed)
  const emptiedAtRest = await play.harm({
    what: "its journal is deleted and made anew while no worker runs",
    harm: () => atRest(rig, () => replaceJournal(rig, harmed, [])),
  })
  const replacedAtRest = await play.harm({
    what: "another incarnation's journal stands in its place when workers start",
    harm: () => atRest(rig, () => replaceJournal(rig, harmed, others)),
  })
  await Promise.all([planner, dock, channel].map((one) => one.close()))
  for (const worker of rig.workers) await worker.stop()
  return { emptied, mixed, emptiedAtRest, replacedAtRest, broken: brokenBy(await rig.judge(), harmed) }
}
