/**
 * A stand-in for the `k6` program, by name and on purpose: it runs the scripts of load/k6 in Node against a real server, so that a script that doesn't work any more is found here, where there is no k6. It knows the modules,
 * executors and thresholds that those scripts use and no others, and its figures are not k6's.
 *
 * `node load/k6/stand-in/run.ts SCRIPT [-e NAME=VALUE]…`; ends, as k6 does, with 99 if a threshold was not kept and with 108 if the script gave the test up.
 */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { dirname, resolve as resolvePath } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { type MetricState, shared } from "./state.ts"

const exit = { thresholds: 99, aborted: 108 } as const

const { values, positionals } = parseArgs({ options: { env: { type: "string", short: "e", multiple: true } }, allowPositionals: true })
const [script] = positionals
if (script === undefined) {
  console.error("usage: run.ts SCRIPT [-e NAME=VALUE]...")
  process.exit(2)
}
const scriptUrl = pathToFileURL(resolvePath(script))
const folder = dirname(fileURLToPath(scriptUrl))

const env = Object.fromEntries((values.env ?? []).map((one) => one.split(/=(.*)/s, 2)))
Object.assign(globalThis, { __ENV: env, open: (path: string) => readFileSync(resolvePath(folder, path), "utf8") })

// Each virtual user of k6 has modules of its own; here they are told apart by their address.
registerHooks({
  resolve: (specifier, context, next) => {
    const vu = context.parentURL === undefined ? null : new URL(context.parentURL).searchParams.get("vu")
    const name = /^k6\/([a-z]+)$/.exec(specifier)?.[1]
    const found = name === undefined ? next(specifier, context) : { url: new URL(`./${name}.ts`, import.meta.url).href, shortCircuit: true }
    if (vu === null || !found.url.startsWith("file:") || found.url.endsWith("/state.ts")) return found
    const url = new URL(found.url)
    url.searchParams.set("vu", vu)
    return { ...found, url: url.href, shortCircuit: true }
  },
})

interface Scenario {
  readonly executor: string
  readonly vus?: number
  readonly preAllocatedVUs?: number
  readonly maxVUs?: number
  readonly stages?: ReadonlyArray<{ readonly duration: string; readonly target: number }>
}
interface Script {
  readonly default: (data: unknown) => Promise<void>
  readonly setup?: () => Promise<unknown>
  readonly options: {
    readonly scenarios: Readonly<Record<string, Scenario>>
    readonly thresholds?: Readonly<Record<string, ReadonlyArray<string>>>
  }
}

const load = (vu: number): Promise<Script> => import(`${scriptUrl.href}?vu=${vu}`) as Promise<Script>
const msOf = (duration: string): number => Number(/^(\d+)ms$/.exec(duration)?.[1] ?? Number.NaN)
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

let failures = 0
const iterate = async (loaded: Script, data: unknown): Promise<void> => {
  try {
    await loaded.default(data)
  } catch (error) {
    failures++
    console.error(`an iteration failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** So many virtual users, each once. */
const perVu = async ({ vus = 1 }: Scenario, data: unknown): Promise<void> => {
  await Promise.all(Array.from({ length: vus }, async (_, at) => iterate(await load(at + 1), data)))
}

/** Iterations at a rate that rises and falls, each by a virtual user that is free; dropped where none is. */
const arrivals = async ({ stages = [], preAllocatedVUs = 1, maxVUs = preAllocatedVUs }: Scenario, data: unknown): Promise<number> => {
  const free = await Promise.all(Array.from({ length: preAllocatedVUs }, (_, at) => load(at + 1)))
  let [vus, due, dropped] = [preAllocatedVUs, 0, 0]
  const running: Array<Promise<void>> = []
  const begin = async (loaded: Script): Promise<void> => {
    await iterate(loaded, data)
    free.push(loaded)
  }
  const tickMs = 5
  let from = 0
  for (const { duration, target } of stages) {
    const forMs = msOf(duration)
    const startMs = performance.now()
    let lastMs = 0
    while (lastMs < forMs && shared.aborted === null) {
      await pause(tickMs)
      const nowMs = Math.min(forMs, performance.now() - startMs)
      due += ((from + ((target - from) * (lastMs + nowMs)) / 2 / forMs) * (nowMs - lastMs)) / 1_000
      lastMs = nowMs
      for (; due >= 1; due--) {
        const loaded = free.pop() ?? (vus < maxVUs ? await load(++vus) : undefined)
        if (loaded === undefined) dropped++
        else running.push(begin(loaded))
      }
    }
    from = target
  }
  await Promise.all(running)
  return dropped
}

const percentile = (sorted: ReadonlyArray<number>, percent: number): number =>
  sorted.length === 0 ? 0 : (sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0)

const sum = (all: ReadonlyArray<number>): number => all.reduce((total, one) => total + one, 0)

/** The value that a threshold asks for. */
const figureOf = ({ kind, values: told }: MetricState, asked: string): number => {
  const percent = /^p\((\d+(?:\.\d+)?)\)$/.exec(asked)?.[1]
  if (kind === "trend" && percent !== undefined)
    return percentile(
      [...told].sort((a, b) => a - b),
      Number(percent),
    )
  if (kind === "rate" && asked === "rate") return told.length === 0 ? 0 : sum(told) / told.length
  if (kind === "counter" && asked === "count") return sum(told)
  throw new Error(`the stand-in knows no threshold ${asked} of a ${kind}`)
}

const isKept = (metric: MetricState, threshold: string): boolean => {
  const [, asked = "", sign, bound] = /^([^<>=\s]+)\s*(<=|<)\s*([0-9.]+)$/.exec(threshold) ?? []
  const value = figureOf(metric, asked)
  return sign === "<" ? value < Number(bound) : value <= Number(bound)
}

const first = await load(0)
const data = first.setup === undefined ? undefined : await first.setup().catch(() => undefined)
if (shared.aborted !== null) {
  console.error(`given up: ${shared.aborted}`)
  process.exit(exit.aborted)
}
let dropped = 0
for (const scenario of Object.values(first.options.scenarios)) {
  if (scenario.executor === "per-vu-iterations") await perVu(scenario, data)
  else if (scenario.executor === "ramping-arrival-rate") dropped += await arrivals(scenario, data)
  else throw new Error(`the stand-in knows no executor ${scenario.executor}`)
}

let broken = failures
for (const [name, { kind, values: told }] of [...shared.metrics].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const sorted = [...told].sort((a, b) => a - b)
  const said =
    kind === "trend"
      ? `${told.length} values, p50 ${percentile(sorted, 50).toFixed(1)}, p99 ${percentile(sorted, 99).toFixed(1)}`
      : `${sum(told)} of ${told.length}`
  console.log(`${name.padEnd(24)} ${said}`)
}
for (const [name, asked] of Object.entries(first.options.thresholds ?? {})) {
  const metric = shared.metrics.get(name)
  for (const threshold of asked) {
    const kept = metric !== undefined && isKept(metric, threshold)
    if (!kept) broken++
    console.log(`${kept ? "kept    " : "NOT KEPT"}  ${name} ${threshold}`)
  }
}
console.log(`${failures} iterations failed, ${dropped} dropped; by the stand-in for k6, whose figures are not k6's`)
process.exit(broken === 0 ? 0 : exit.thresholds)
