/**
 * Two million commands dated wrong, from one sender, through the shipped engine: ten minutes ahead, 74 years ahead, in microseconds. None may cost memory or hold anything up, and a right
 * command after them is accepted.
 *
 * Prints the longest step in CPU time of this thread, what the heap grew by, and what became of the right command. Ends with 1 if any of them is not as promised.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { counted } from "../src/domain/telling.ts"
import { serveAlone } from "./stage/lone-engine.ts"
import { scriptOptions } from "./stage/options.ts"

const stepMsMax = 20
const startMs = 1_800_000_000_000
const minute = 60_000
const dates: ReadonlyArray<readonly [string, number]> = [
  ["ten minutes ahead", startMs + 10 * minute],
  ["74 years ahead", startMs + 74 * 365 * 24 * 60 * minute],
  ["in microseconds", startMs * 1_000],
]

const values = scriptOptions("Commands dated wrong, from one sender, through the shipped engine.", {
  commands: { fallback: "2000000", help: "how many", whole: 1 },
})
const commands = Number(values.commands)
const commandsPerMessage = 100

let longestMs = 0

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

const engine = serveAlone(startMs, 1_000_000_000, {
  onStep: (step) => {
    const began = cpuMs()
    const outputs = step()
    longestMs = Math.max(longestMs, cpuMs() - began)
    return outputs
  },
})

const reserve = (id: string, issuedAtMs: number): string =>
  `{"v":1,"type":"Reserve","id":"${id}","sku":"A","issuedAtMs":${issuedAtMs},"reservation":"${id}","qty":1,"holdMs":60000}`

const hand = (...texts: ReadonlyArray<string>): void => {
  engine.nowMs += 4
  const { nowMs } = engine
  engine.hand(texts)
  engine.put({ _tag: "Tick", nowMs, wallMs: nowMs })
  if (engine.busy > 0) throw new Error("told to come back")
}

const flood = (name: string, issuedAtMs: number): void => {
  for (let n = 0; n < commands / dates.length; n += 10 * commandsPerMessage)
    hand(
      ...Array.from({ length: 10 }, (_, m) => {
        const list = Array.from({ length: commandsPerMessage }, (_, i) =>
          reserve(`${name.slice(0, 2)}${n}-${m}-${i}`.replace(" ", "_"), issuedAtMs),
        )
        return `[${list.join(",")}]`
      }),
    )
}

const main = (): void => {
  // The first are for the compilers.
  flood("warm", startMs + 10 * minute)
  longestMs = 0
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  for (const [name, issuedAtMs] of dates) flood(name, issuedAtMs)
  globalThis.gc?.()
  const grownMb = (process.memoryUsage().heapUsed - before) / 1e6
  hand(reserve("right", engine.nowMs))
  const lastSaid = engine.lastSaid.at(-1)
  const isRight = lastSaid?.id === "right" && lastSaid.outcome === "accepted"
  const counts = [...engine.outcomes].map(([what, count]) => `${what} ${count}`).join(", ")
  console.log(`${counted(commands, "command")} dated wrong: ${counts}`)
  console.log(
    `longest step ${longestMs.toFixed(1)} ms of CPU, heap grown by ${grownMb.toFixed(1)} MB, then a right command: ${JSON.stringify(lastSaid)}`,
  )
  if (longestMs > stepMsMax || grownMb > 50 || !isRight) process.exitCode = 1
}

main()
