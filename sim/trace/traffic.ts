/**
 * Makes flows of a trace's commands, to be played again in a simulated world: by the same senders, under the same ids, with the same time between them, and
 * under other faults. What is decided is then the world's own.
 *
 * A reservation's commands go on as they did: each after the answer to the one before if that was accepted then, else on its own. What stocked a SKU before its
 * first sale is its set-up. Each command is sent once, and again where it was; what it took to be heard then is not played.
 */
import type { EpochMs, SenderId } from "../../src/domain/names.ts"
import { type Command, type CommandType, classOf, isFact, type SellCommand } from "../../src/domain/sku/commands.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { type Flow, type FlowEnding, type PlannedSend, sendOf } from "../../src/workload/flows.ts"
import type { PlayedTraffic } from "../run.ts"
import { worldStartMs } from "../world/world.ts"
import type { Trace, TraceMessage } from "./commands.ts"
import type { TraceDecision } from "./lines.ts"

export interface RecordedTraffic extends PlayedTraffic {
  /** Milliseconds from its first sale to its last command: the world's faults have to last as long. */
  readonly windowMs: number
  /** Commands that are not played, by why. */
  readonly leftOut: Readonly<Record<LeftOut, number>>
}

export type LeftOut = "undecoded" | "operators" | "misdirected" | "idUsedAgain"

/** Who is in every world, whoever sells there. */
const alwaysThere: ReadonlySet<string> = new Set(["warehouse", "planner", "ops"])
/** A retry storm of long ago is one client's patience, not the traffic's; the world has its own retries. */
const copiesMax = 3
/** Copies stored within so many milliseconds were sent at once. */
const togetherMs = 20

/** A command as it first came. */
interface Recorded {
  readonly command: Command
  readonly text: string
  readonly sender: SenderId
  readonly order: number
  readonly atMs: EpochMs
  readonly wasAccepted: boolean
  copies: number
  isTogether: boolean
}

const isAccepted = (decision: TraceDecision): boolean =>
  decision.outcome === "accepted" || (decision.outcome === "repeated" && decision.first.outcome === "accepted")

const isMisdirected = (decision: TraceDecision): boolean =>
  decision.outcome === "refused" && (decision.reason === "WrongClass" || decision.reason === "WrongPartition")

/** Every command once, in the order of the trace. */
const recordedIn = (trace: Trace): { readonly recorded: ReadonlyArray<Recorded>; readonly leftOut: Record<LeftOut, number> } => {
  const leftOut = { undecoded: 0, operators: 0, misdirected: 0, idUsedAgain: 0 }
  const byId = new Map<string, Recorded>()
  const take = ({ sender, brokerMs, commands }: TraceMessage): void => {
    for (const { command, decision } of commands) {
      if (command === null) leftOut.undecoded++
      else if (classOf[command.type] === "operator") leftOut.operators++
      else if (isMisdirected(decision)) leftOut.misdirected++
      else {
        const text = engineCodec.commandText(command)
        const key = `${sender} ${command.id} ${command.sku}`
        const known = byId.get(key)
        if (known === undefined) {
          const first = { command, text, sender, order: byId.size, atMs: brokerMs, wasAccepted: isAccepted(decision) }
          byId.set(key, { ...first, copies: 1, isTogether: false })
        } else if (known.text !== text) leftOut.idUsedAgain++
        else if (known.copies < copiesMax) {
          known.copies++
          known.isTogether = brokerMs - known.atMs <= togetherMs
        }
      }
    }
  }
  for (const { messages } of trace.records) for (const message of messages) take(message)
  return { recorded: [...byId.values()], leftOut }
}

/** What stocked a SKU and gave it its policy before anybody sold it. */
const setUpOf = (recorded: ReadonlyArray<Recorded>): ReadonlySet<Recorded> => {
  const sold = new Set<string>()
  const setUp = new Set<Recorded>()
  for (const one of recorded) {
    if (classOf[one.command.type] === "sell") sold.add(one.command.sku)
    else if (!sold.has(one.command.sku) && one.command.type !== "Fulfil") setUp.add(one)
  }
  return setUp
}

/** What later commands wait for: the reservation they are about, or nothing but themselves. */
const threadOf = ({ command, sender }: Recorded): string => {
  if (!("reservation" in command) || command.reservation === undefined) return `${sender} ${command.id} ${command.sku}`
  const channel = command.type === "Fulfil" ? command.channel : sender
  return `${channel}/${command.reservation} ${command.sku}`
}

/** How a flow ended, by the type of its last command; of what no channel asks for, that it told a fact. */
const endings: Readonly<Record<SellCommand["type"], FlowEnding> & Partial<Record<CommandType, FlowEnding>>> = {
  Release: "cancelled",
  Confirm: "paid",
  Fulfil: "paid",
  RecordSale: "sold",
  Reserve: "abandoned",
  Extend: "abandoned",
}

const endingOf = (sends: ReadonlyArray<PlannedSend>): FlowEnding => {
  const last: CommandType | undefined = sends.at(-1)?.command.type
  return last === undefined ? "fact" : (endings[last] ?? "fact")
}

/** A flow in the making, and whether what comes next waits for its answer. */
interface Thread {
  readonly name: string
  readonly sends: Array<PlannedSend>
  goesOn: boolean
}

/** The trace's commands as traffic. Times are the world's, from its beginning on. */
export const trafficOf = (trace: Trace): RecordedTraffic => {
  const { recorded, leftOut } = recordedIn(trace)
  const setUp = setUpOf(recorded)
  const later = recorded.filter((one) => !setUp.has(one))
  const firstMs = later.reduce((least, { atMs }) => Math.min(least, atMs), later[0]?.atMs ?? 0)
  const send = ({ command, sender, order, copies, isTogether }: Recorded, atMs: EpochMs): PlannedSend =>
    sendOf({ atMs, order }, sender, command, { copies, together: isTogether })
  const threads = new Map<string, Thread>()
  const flows: Array<Thread> = []
  let windowMs = 1
  for (const one of later) {
    const name = threadOf(one)
    const open = threads.get(name)
    const thread = open?.goesOn === true ? open : { name, sends: [], goesOn: false }
    if (thread !== open) flows.push(thread)
    threads.set(name, thread)
    const atMs = Math.max(worldStartMs + one.atMs - firstMs, thread.sends.at(-1)?.atMs ?? 0)
    windowMs = Math.max(windowMs, atMs - worldStartMs)
    thread.sends.push(send(one, atMs))
    // Facts are told whatever came of the one before.
    thread.goesOn = one.wasAccepted && !isFact(one.command)
  }
  const senders = new Set(recorded.map(({ sender }) => sender))
  return {
    setup: [...setUp].map((one) => send(one, worldStartMs)),
    flows: flows
      .map(({ name, sends }): Flow => ({ name, ending: endingOf(sends), sends }))
      .sort((a, b) => (a.sends[0]?.atMs ?? 0) - (b.sends[0]?.atMs ?? 0)),
    channels: [...senders].filter((sender) => !alwaysThere.has(sender)).map((sender) => ({ sender })),
    windowMs,
    leftOut,
  }
}
