/**
 * Sells what a file says over the client library, each seller hearing its feed. Buffers are put on every policy, so that there is something to double.
 */
import type { AtsValue, SenderClient } from "../../src/channel.ts"
import type { HandedOrder } from "../../src/cli/demo/player.ts"
import { Player } from "../../src/cli/demo/player.ts"
import type { LocationId, SenderId } from "../../src/domain/names.ts"
import { sendersOf } from "../../src/domain/sender-list.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import type { PlannedSend, Traffic } from "../../src/workload/flows.ts"
import { type ImportGiven, importAsked, importFlags } from "../../src/workload/import-options.ts"
import { planOf, readSource } from "../../src/workload/importer.ts"
import { pause, type Stage, until } from "../stage/stage.ts"

const warehouse = "warehouse" as SenderId
const planner = "planner" as SenderId
const channels = [
  { sender: "web" as SenderId, weight: 60 },
  { sender: "marketplace" as SenderId, weight: 20 },
  { sender: "pos" as SenderId, weight: 12 },
  { sender: "wholesale" as SenderId, weight: 8 },
]

/** What each channel is not told of, so that doubling it changes something. */
const buffers: Readonly<Record<string, { readonly bufferQty: number; readonly bufferPercent: number }>> = {
  web: { bufferQty: 0, bufferPercent: 2 },
  marketplace: { bufferQty: 3, bufferPercent: 10 },
  pos: { bufferQty: 0, bufferPercent: 0 },
  wholesale: { bufferQty: 5, bufferPercent: 5 },
}

const buffered = (send: PlannedSend): PlannedSend => {
  const { command } = send
  if (command.type !== "SetPolicy") return send
  const lines = command.policy.channels.map((line) => ({ ...line, ...buffers[line.channel] }))
  return { ...send, command: { ...command, policy: { ...command.policy, channels: lines } } }
}

const given = (orders: string, dateFormat: string): ImportGiven => {
  const none = Object.fromEntries(Object.entries(importFlags).map(([name, known]) => [name, known.type === "boolean" ? false : null]))
  // Every flag of the importer, as if none but these two had been given.
  return { ...(none as unknown as ImportGiven), orders, "date-format": dateFormat }
}

const fromFile = (path: string, dateFormat: string): Traffic => {
  const { asked, problems } = importAsked(given(path, dateFormat))
  if (asked === null || problems.length > 0) throw new Error(problems.join("; "))
  const source = readSource(asked)
  if (source._tag === "Refused") throw new Error(source.message)
  const plan = planOf(source, { channels, warehouse, planner, location: "main" as LocationId })
  if (plan._tag === "Refused") throw new Error(plan.message)
  return plan
}

/** What is sold, and by whom. */
export const salesOf = {
  senders: sendersOf("web=channel,marketplace=channel,pos=channel,wholesale=channel,warehouse=warehouse,planner=merchandiser"),
  /** The sales of a file; the first `count` of them, 0 for all. */
  file: (path: string, dateFormat: string, count: number): Traffic => {
    const all = fromFile(path, dateFormat)
    return { setup: all.setup.map(buffered), flows: count === 0 ? all.flows : all.flows.slice(0, count) }
  },
}

const open = async (stage: Stage, traffic: Traffic): Promise<Map<string, SenderClient>> => {
  const actors = new Set([...traffic.setup, ...traffic.flows.flatMap(({ sends }) => sends)].map(({ actor }) => actor as string))
  for (const { sender } of channels) actors.add(sender)
  const clients = new Map<string, SenderClient>()
  for (const actor of actors) clients.set(actor, await stage.open(actor))
  return clients
}

/** Sends what the player hands out, and hands it the answers, until all is answered. */
const sendAll = async (player: Player, clients: ReadonlyMap<string, SenderClient>): Promise<void> => {
  const send = ({ actor, order }: HandedOrder): void => {
    const startedMs = performance.now()
    const client = clients.get(actor)
    if (client === undefined) throw new Error(`nobody sends for ${actor}`)
    client.send(order.command as Command).then(
      (answer) => {
        const outcome = answer.outcome === "notStored" || answer.outcome === "busy" ? "unknown" : answer.outcome
        const reason = answer.outcome === "refused" ? { reason: answer.reason } : {}
        const moved = answer.outcome === "accepted" && answer.allocations !== undefined ? { allocations: answer.allocations } : {}
        player.answered({ number: order.number, outcome, ...reason, ...moved, tookMs: performance.now() - startedMs }, Date.now())
      },
      (error: unknown) => player.answered({ number: order.number, outcome: "unknown", reason: String(error), tookMs: 0 }, Date.now()),
    )
  }
  while (!player.done) {
    for (const handed of player.take(Date.now())) send(handed)
    await pause(2)
  }
}

const inFlight = 500

/** Plays it to the end, and waits until nothing more is heard. */
export const playAll = async (
  stage: Stage,
  traffic: Traffic,
): Promise<{ readonly heard: ReadonlyArray<AtsValue>; readonly answers: ReadonlyMap<string, number> }> => {
  const clients = await open(stage, traffic)
  const heard: Array<AtsValue> = []
  let heardAtMs = performance.now()
  for (const { sender } of channels) {
    const watch = clients.get(sender)?.ats.subscribe({
      onValue: (value) => {
        heardAtMs = performance.now()
        heard.push(value)
      },
    })
    await watch?.ready
  }
  const player = new Player(traffic, { inFlight, realTime: false })
  await sendAll(player, clients)
  await until("the feed is silent", () => performance.now() - heardAtMs > 1_000)
  await Promise.all([...clients.values()].map((client) => client.close()))
  return { heard, answers: player.played.answers }
}
