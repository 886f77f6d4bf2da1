/**
 * What an order of some lines costs a worker, against one reservation: the same callers on the same real server and worker place orders and reserve single units, by turns, each command in a message of its own.
 *
 * Prints the ratio of the worker's CPU time for each, from one run; absolute numbers drift with the machine. What sends and the server share the machine and aren't counted.
 */
import { type Msg, connect as natsConnect } from "@nats-io/transport-node"
import { skuToken } from "../src/domain/names.ts"
import { sendersOf } from "../src/domain/sender-list.ts"
import { senderInbox } from "../src/nats/config.ts"
import { prngFromSeed } from "../src/workload/prng.ts"
import { scriptOptions } from "./stage/options.ts"
import { pause, type Stage, type StageProcess, stockUp, sumOf, withStage } from "./stage/stage.ts"

const options = scriptOptions(
  "What an order of some lines costs a worker's CPU, against one reservation.",
  {
    lines: { fallback: "3", help: "lines of an order", whole: 1 },
    rounds: { fallback: "5", help: "rounds of both by turns", whole: 1 },
    seconds: { fallback: "4", help: "seconds of each in a round", whole: 1 },
    "in-flight": { fallback: "200", help: "commands on their way at once", whole: 1 },
    skus: { fallback: "200", help: "SKUs that are bought", whole: 1 },
  },
  { switches: { json: "print one line of JSON, and no table" } },
)

const sender = "web"
const skus = Array.from({ length: Number(options.skus) }, (_, place) => `SKU-${place}`)
const lines = Number(options.lines)
const holdMs = 60_000
/** Milliseconds before a command that surely nobody took is sent again. */
const againMs = 50
const warmUpMs = 1_000

type Kind = "order" | "sku"

/** What one caller sends, and where. */
interface Sent {
  readonly subject: string
  readonly body: string
}

const chance = prngFromSeed(1)
let serial = 0

const reserve = (): Sent => {
  const sku = skus[chance.below(skus.length)] ?? ""
  const id = `r-${++serial}`
  const command = { v: 1, type: "Reserve", id, sku, issuedAtMs: Date.now(), reservation: id, qty: 1, holdMs }
  return { subject: `hf.cmd.${sender}.sell.sku.${skuToken(sku as never)}`, body: JSON.stringify(command) }
}

const place = (): Sent => {
  const first = chance.below(skus.length)
  const order = `o-${++serial}`
  const wanted = Array.from({ length: lines }, (_, line) => ({ sku: skus[(first + line * 7) % skus.length], qty: 1 }))
  const command = { v: 1, type: "PlaceOrder", id: order, order, issuedAtMs: Date.now(), fill: "whole", holdMs, lines: wanted }
  return { subject: `hf.cmd.${sender}.sell.order.${order}`, body: JSON.stringify(command) }
}

/** Callers that send one command after another, each in a message of its own, and count what was accepted. */
const startCallers = async (stage: Stage) => {
  const { user, password } = stage.loginOf(sender)
  const nc = await natsConnect({ servers: stage.servers.map(({ url }) => url), user, pass: password, inboxPrefix: senderInbox(sender) })
  const prefix = `hf.reply.${sender}.bench.`
  const underWay: Array<Sent> = []
  let next: (() => Sent) | undefined
  let open = 0
  let accepted = 0
  const send = (caller: number): void => {
    const sent = underWay[caller]
    if (sent !== undefined) nc.publish(sent.subject, sent.body, { reply: `${prefix}${caller}` })
  }
  const begin = (caller: number): void => {
    if (next === undefined) return
    open++
    underWay[caller] = next()
    send(caller)
  }
  const hear = (caller: number, message: Msg): void => {
    const text = message.string()
    if (text === "" || text.includes('"answer":"busy"')) {
      setTimeout(() => send(caller), againMs)
      return
    }
    if (!text.includes('"accepted"')) throw new Error(`a command was not accepted: ${text}`)
    open--
    accepted++
    begin(caller)
  }
  nc.subscribe(`${prefix}*`, {
    callback: (error, message) => {
      if (error !== null) throw error
      hear(Number(message.subject.slice(prefix.length)), message)
    },
  })
  return {
    accepted: () => accepted,
    start: (kind: Kind) => {
      next = kind === "sku" ? reserve : place
      for (let caller = 0; caller < Number(options["in-flight"]); caller++) begin(caller)
    },
    stop: async () => {
      next = undefined
      while (open > 0) await pause(10)
    },
    close: () => nc.close(),
  }
}

interface Measured {
  readonly perSecond: number
  /** Microseconds of the worker's CPU for each accepted. */
  readonly micros: number
}

const measure = async (kind: Kind, worker: StageProcess, callers: Awaited<ReturnType<typeof startCallers>>): Promise<Measured> => {
  const cpuOf = async () => sumOf(await worker.page("/metrics"), "process_cpu_seconds_total")
  callers.start(kind)
  await pause(warmUpMs)
  const [cpu, count, startedMs] = [await cpuOf(), callers.accepted(), performance.now()]
  await pause(Number(options.seconds) * 1_000)
  const [cpuAfter, more, seconds] = [await cpuOf(), callers.accepted() - count, (performance.now() - startedMs) / 1_000]
  await callers.stop()
  if (more === 0) throw new Error(`nothing of kind ${kind} was accepted`)
  return { perSecond: more / seconds, micros: ((cpuAfter - cpu) * 1e6) / more }
}

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const play = async (stage: Stage, [worker]: ReadonlyArray<StageProcess>): Promise<void> => {
  if (worker === undefined) throw new Error("there is a worker")
  await stockUp(stage, skus, [sender], { dock: "dock", planner: "planner" })
  const callers = await startCallers(stage)
  const rounds: Array<{ readonly sku: Measured; readonly order: Measured }> = []
  // The first is for the compilers.
  for (let round = -1; round < Number(options.rounds); round++) {
    const one = { sku: await measure("sku", worker, callers), order: await measure("order", worker, callers) }
    if (round >= 0) rounds.push(one)
  }
  await callers.close()
  const ratios = rounds.map(({ sku, order }) => order.micros / sku.micros)
  const of = (kind: Kind) => ({
    perSecond: median(rounds.map((one) => one[kind].perSecond)),
    micros: median(rounds.map((one) => one[kind].micros)),
  })
  const result = {
    lines,
    ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
    sku: of("sku"),
    order: of("order"),
  }
  if (options.json) console.log(JSON.stringify(result))
  else {
    for (const kind of ["sku", "order"] as const)
      console.log(
        `  ${(kind === "sku" ? "one reservation" : `an order of ${lines}`).padEnd(16)} ${result[kind].micros.toFixed(1).padStart(7)} µs of the worker's CPU, ${Math.round(result[kind].perSecond)} a second`,
      )
    console.log(
      `an order of ${lines} lines costs ${result.ratio.median.toFixed(2)} (${result.ratio.min.toFixed(2)} to ${result.ratio.max.toFixed(2)}) × one reservation`,
    )
  }
}

await withStage({ servers: 1, workers: 1, partitions: 4, senders: sendersOf("web=channel,dock=warehouse,planner=merchandiser") }, play)
