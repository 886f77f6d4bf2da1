#!/usr/bin/env node
/**
 * Explores the small worlds from the command line and prints a line for each. What is explored and what is found is decided elsewhere.
 */
import process from "node:process"
import { exploreSmallWorld, type SmallWorldReport } from "./exploration.ts"
import { loosened } from "./loosened.ts"
import { smallWorlds } from "./worlds.ts"

const usage = `Explores every state of small worlds: two workers, one SKU, a unit or two, and everything that can go wrong within bounds.

node sim/small-world/explore.ts [--world NAME] [--states N] [--loosened] [--json]

  --world NAME  only the worlds whose name contains NAME
  --states N    give up a world after N states, and say so
  --loosened    show instead that loosened rules are found out, each with the shortest way to what it breaks
  --json        one JSON object a line
  --help        this text

Exit codes: 0 all is well, 1 something was violated (or a loosened rule was not found out), 2 the arguments make no sense.`

interface Asked {
  readonly worlds: string
  readonly statesMax: number
  readonly loosened: boolean
  readonly json: boolean
}

const parse = (args: ReadonlyArray<string>): Asked | string => {
  let asked: Asked = { worlds: "", statesMax: Number.POSITIVE_INFINITY, loosened: false, json: false }
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]
    if (arg === "--json") asked = { ...asked, json: true }
    else if (arg === "--loosened") asked = { ...asked, loosened: true }
    else if (arg === "--world") asked = { ...asked, worlds: args[++i] ?? "" }
    else if (arg === "--states") asked = { ...asked, statesMax: Number(args[++i]) }
    else return `unknown argument ${arg}`
  }
  if (!(asked.statesMax >= 1)) return "--states takes a number of at least 1"
  if (!smallWorlds.some(({ name }) => name.includes(asked.worlds))) return `no small world is called ${asked.worlds}`
  return asked
}

/** Milliseconds of this machine: how long an exploration took is told, and decides nothing. */
const wallMs = (): number => Number(process.hrtime.bigint() / 1_000_000n)

const lineOf = (report: SmallWorldReport, tookMs: number): string => {
  const how = report.complete ? "complete" : "NOT complete"
  const rate = Math.round(report.states / Math.max(0.001, tookMs / 1_000))
  const found = report.violations.length === 0 ? "no violation" : `${report.violations.length} VIOLATIONS`
  return `${report.name}: ${report.states} states, ${report.transitions} transitions, depth ${report.depth}, ${how}, ${found}, ${tookMs} ms (${rate} states/s)`
}

const violationLines = ({ violations }: SmallWorldReport): ReadonlyArray<string> =>
  violations.flatMap(({ property, path }) => [`  violated: ${property}`, ...path.map((move, i) => `    ${i + 1}. ${move}`)])

const show = (report: SmallWorldReport, tookMs: number, json: boolean): void => {
  if (json) console.log(JSON.stringify({ ...report, wallMs: tookMs }))
  else for (const line of [lineOf(report, tookMs), ...violationLines(report)]) console.log(line)
}

const exploreAll = (asked: Asked): number => {
  let violated = false
  for (const world of smallWorlds.filter(({ name }) => name.includes(asked.worlds))) {
    const beganMs = wallMs()
    const report = exploreSmallWorld({ world: { ...world, statesMax: Math.min(world.statesMax, asked.statesMax) } })
    show(report, wallMs() - beganMs, asked.json)
    violated ||= report.violations.length > 0
  }
  return violated ? 1 : 0
}

const exploreLoosened = (asked: Asked): number => {
  let missed = false
  for (const { name, rules, world: of } of loosened) {
    const world = smallWorlds.find((known) => known.name === of)
    if (world === undefined || !of.includes(asked.worlds)) continue
    const beganMs = wallMs()
    const report = exploreSmallWorld({ world, rules, untilViolation: true })
    show({ ...report, name: `${name} (${of})` }, wallMs() - beganMs, asked.json)
    missed ||= report.violations.length === 0
  }
  return missed ? 1 : 0
}

/** Explores what the arguments ask for; returns the exit code. */
const main = (args: ReadonlyArray<string>): number => {
  if (args.includes("--help")) {
    console.log(usage)
    return 0
  }
  const asked = parse(args)
  if (typeof asked === "string") {
    console.error(`${asked}\n\n${usage}`)
    return 2
  }
  return asked.loosened ? exploreLoosened(asked) : exploreAll(asked)
}

process.exitCode = main(process.argv.slice(2))
