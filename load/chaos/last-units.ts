/**
 * Many clients ask for the last units of a SKU at the same moment, round after round. In each round exactly as many units may be promised as there
 * are, and each client that gets none must hear a refusal.
 */
import type { Command, CommandAnswer, SenderClient } from "../../src/channel.ts"
import { counted } from "../../src/domain/telling.ts"
import { channelNames, type Rig } from "./rig.ts"
import { putOnSale } from "./traffic.ts"
import { brokenBy, type Say } from "./verdict.ts"

export interface LastUnitsOptions {
  readonly rounds: number
  /** Clients, each with a connection of its own, spread over the channels. */
  readonly clients: number
  /** Units there are in each round. */
  readonly units: number
}

export interface LastUnitsReport {
  readonly broken: ReadonlyArray<string>
  readonly rounds: number
  readonly promisedQty: number
  readonly refused: number
  readonly slowestMs: number
}

interface Round {
  readonly promisedQty: number
  readonly refused: number
  readonly broken: ReadonlyArray<string>
  readonly slowestMs: number
}

/** Clients that are connected at the same time; the server takes many, but not all in one moment. */
const connectingMax = 20
/** Every so manieth client asks again under the same id. */
const askAgainEvery = 5
const holdMs = 600_000

const openClients = async (rig: Rig, count: number): Promise<ReadonlyArray<SenderClient>> => {
  const clients: Array<SenderClient> = []
  while (clients.length < count) {
    const names = Array.from({ length: Math.min(connectingMax, count - clients.length) }, (_, place) => {
      const name = channelNames[(clients.length + place) % channelNames.length]
      if (name === undefined) throw new Error("there are channels")
      return name
    })
    clients.push(...(await Promise.all(names.map((name) => rig.open(name)))))
  }
  return clients
}

const answerText = (decision: CommandAnswer): string => {
  if (decision.outcome === "accepted") return `accepted ${decision.qty}`
  return decision.outcome === "refused" ? `refused ${decision.reason}` : decision.outcome
}

/** Sends all at once. An answer that isn't one is told as text. */
const askAll = (asked: ReadonlyArray<{ readonly client: SenderClient; readonly command: Command }>): Promise<ReadonlyArray<string>> =>
  Promise.all(
    asked.map(({ client, command }) =>
      client.send(command).then(answerText, (error: unknown) => `no answer: ${error instanceof Error ? error.message : String(error)}`),
    ),
  )

const playRound = async (clients: ReadonlyArray<SenderClient>, sku: string, units: number): Promise<Round> => {
  const asked = clients.map((client, place) => ({
    client,
    command: client.command("Reserve", { sku, reservation: `r${place}`, qty: 1, holdMs }),
  }))
  const startedMs = performance.now()
  const answers = await askAll(asked)
  const slowestMs = performance.now() - startedMs
  const promisedQty = answers.filter((answer) => answer === "accepted 1").length
  const refused = answers.filter((answer) => answer === "refused InsufficientStock").length
  const broken: Array<string> = []
  if (promisedQty !== units) broken.push(`${sku}: ${promisedQty} units were promised, there were ${units}`)
  if (promisedQty + refused !== clients.length) {
    const others = answers.filter((answer) => answer !== "accepted 1" && answer !== "refused InsufficientStock")
    broken.push(`${sku}: ${others.length} clients heard something else: ${[...new Set(others)].slice(0, 3).join("; ")}`)
  }
  const again = await askAll(asked.filter((_, place) => place % askAgainEvery === 0))
  const changed = again.filter((answer, index) => answer !== answers[index * askAgainEvery]).length
  if (changed > 0) broken.push(`${sku}: ${changed} clients heard another answer when they asked again`)
  return { promisedQty, refused, broken, slowestMs }
}

/** Plays on `rig`, says a line for every ten rounds, and audits. */
export const playLastUnits = async (rig: Rig, { rounds, clients: count, units }: LastUnitsOptions, say: Say): Promise<LastUnitsReport> => {
  const [planner, dock] = await Promise.all([rig.open("planner"), rig.open("dock")])
  const skus = Array.from({ length: rounds }, (_, round) => `LAST-${round + 1}`)
  await putOnSale(planner, dock, skus, units)
  const clients = await openClients(rig, count)
  say(`${count} clients of ${channelNames.length} channels are connected, each by itself; ${units} units of each SKU are left`)
  const broken: Array<string> = []
  const total = { promisedQty: 0, refused: 0, slowestMs: 0 }
  for (const [index, sku] of skus.entries()) {
    const round = await playRound(clients, sku, units)
    broken.push(...round.broken)
    total.promisedQty += round.promisedQty
    total.refused += round.refused
    total.slowestMs = Math.max(total.slowestMs, round.slowestMs)
    const played = index + 1
    if (played % 10 === 0 || played === rounds) {
      say(
        `round ${String(played).padStart(3)}: ${total.promisedQty} of ${units * played} units promised, ${total.refused} refusals, ` +
          `${broken.length === 0 ? "as it must be" : `${broken.length} WRONG`}; slowest round ${Math.round(total.slowestMs)} ms`,
      )
    }
  }
  await Promise.all([planner, dock, ...clients].map((client) => client.close()))
  for (const worker of rig.workers) await worker.stop()
  const judgement = await rig.judge()
  const { totals } = judgement.report
  say(
    `audit: ${counted(totals.commands, "command")} in ${counted(totals.records, "record")}, ${counted(totals.oversoldQty, "unit")} oversold, ${totals.lost} lost, ${totals.contradicted} contradicted`,
  )
  if (totals.reservedQty !== total.promisedQty)
    broken.push(`the journals reserve ${totals.reservedQty} units, ${total.promisedQty} were heard`)
  return { broken: [...broken, ...brokenBy(judgement)], rounds, ...total }
}
