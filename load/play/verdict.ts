/**
 * What a run comes to: each threshold of its profile, kept or not, and whether the generator was the limit, in which case it says nothing about the system. Pure.
 */

import { counted } from "../../src/domain/telling.ts"
import type { ServerSecond } from "./figures.ts"
import type { Profile } from "./profile.ts"
import type { Outcome, Second, Times } from "./recorder.ts"
import { steadiness } from "./steadiness.ts"

export interface Played {
  readonly profile: string
  readonly over: string
  readonly target: string
  readonly startedAt: string
  readonly seconds: ReadonlyArray<Second>
  readonly server: ReadonlyArray<ServerSecond>
  readonly times: Readonly<Record<Outcome, Times>>
  readonly whys: ReadonlyArray<readonly [why: string, count: number]>
  readonly late: Times
  readonly shoppers: number
  readonly planned: number
  readonly repeats: number
  readonly contradicted: ReadonlyArray<string>
  /** Commands that the end of the run cut off: in no share, for they say nothing of the system. */
  readonly cutOff: number
  /** Null: it was not run. */
  readonly audit: { readonly code: number | null; readonly text: string } | null
  /** Ended by a signal before it was done: what is here is not all. */
  readonly isPartial: boolean
}

/** One promise. */
export interface Threshold {
  readonly what: string
  readonly found: string
  readonly asked: string
  readonly isKept: boolean
}

/** Milliseconds by which 99 of 100 commands may leave this process late, before its own figures are doubted. */
const lateP99MsMax = 50

/** Why the figures say more about the generator than about the system; null: they don't. */
export const generatorLimit = ({ late, shoppers, planned, isPartial }: Played): string | null => {
  if (late.p99Ms > lateP99MsMax)
    return `99 of 100 commands left up to ${late.p99Ms.toFixed(0)} ms after they were due (${lateP99MsMax} at most): this process was too slow for that rate; lower --rate, or run it on another machine`
  if (!isPartial && shoppers < planned * 0.99) return `${shoppers} of ${planned} shoppers came: this process was too slow for that rate`
  return null
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)
const percent = (value: number): string => `${(value * 100).toFixed(2)} %`

const audited = ({ audit }: Played): Threshold => {
  const asked = "no guarantee broken"
  if (audit === null) return { what: "audit of the journals", found: "not run", asked, isKept: false }
  const last = audit.text.trim().split("\n").at(-1) ?? ""
  return {
    what: "audit of the journals",
    found: audit.code === 0 ? last : `ended with ${audit.code}: ${last}`,
    asked,
    isKept: audit.code === 0,
  }
}

/** Each threshold of the profile, and what has to hold of every run. */
export const thresholds = (played: Played, profile: Profile): ReadonlyArray<Threshold> => {
  const { thresholds: asked } = profile
  const { times, contradicted, repeats } = played
  const all = Object.values(times).reduce((sum, { count }) => sum + count, 0)
  const p99 = (outcome: "accepted" | "refused", mostMs: number): Threshold => ({
    what: `99 of 100 ${outcome} were answered within`,
    found: `${times[outcome].p99Ms.toFixed(1)} ms, of ${counted(times[outcome].count, "answer")}`,
    asked: `at most ${mostMs} ms`,
    isKept: times[outcome].p99Ms <= mostMs,
  })
  const part = (outcome: "busy" | "error" | "undecided", most: number): Threshold => ({
    what: `share of ${outcome}`,
    found: `${percent(share(times[outcome].count, all))}, ${times[outcome].count} of ${all}`,
    asked: `at most ${percent(most)}`,
    isKept: share(times[outcome].count, all) <= most,
  })
  return [
    p99("accepted", asked.acceptedP99Ms),
    p99("refused", asked.refusedP99Ms),
    part("busy", asked.busyShare),
    part("error", asked.errorShare),
    part("undecided", asked.undecidedShare),
    {
      what: "asked again, another decision",
      found: `${contradicted.length} of ${repeats}`,
      asked: "none",
      isKept: contradicted.length === 0,
    },
    { what: "answered at all", found: `${all} answers`, asked: "some were accepted", isKept: times.accepted.count > 0 },
    ...steadiness(played, profile),
    audited(played),
  ]
}

/** Bytes on the disk for each decision between the first and the last look that workers took at their journals, which is rare; null: there were no two. */
const journalBytesEach = (server: Played["server"]): number | null => {
  const looks = server.filter(({ journalBytes }, place) => place > 0 && journalBytes !== server[place - 1]?.journalBytes)
  const [first, last] = [looks[0], looks.at(-1)]
  if (first === undefined || last === undefined || last.decided <= first.decided) return null
  return (last.journalBytes - first.journalBytes) / (last.decided - first.decided)
}

/** What the servers spent on what they decided, over the whole run; null: they told too little. `journalBytes` is null where that was not measured. */
export const spentOf = ({
  server,
}: Played): { readonly decided: number; readonly cpuMicros: number; readonly journalBytes: number | null } | null => {
  const [first, last] = [server[0], server.at(-1)]
  if (first === undefined || last === undefined || last.decided <= first.decided) return null
  let [cpuMs, fromMs] = [0, first.atMs]
  for (const { atMs, cores } of server) {
    cpuMs += cores * (atMs - fromMs)
    fromMs = atMs
  }
  const decided = last.decided - first.decided
  return { decided, cpuMicros: (cpuMs * 1_000) / decided, journalBytes: journalBytesEach(server) }
}

const spentText = (played: Played): ReadonlyArray<string> => {
  const spent = spentOf(played)
  if (spent === null) return []
  const { decided, cpuMicros, journalBytes } = spent
  const bytes =
    journalBytes === null ? "bytes of journal were not measured in so short a run" : `${journalBytes.toFixed(0)} bytes of journal each`
  return [`the workers decided ${decided}, with ${cpuMicros.toFixed(0)} µs of CPU each; ${bytes}`]
}

/** The result, for people. */
export const playedText = (played: Played, kept: ReadonlyArray<Threshold>): string => {
  const { times, whys, shoppers, planned, late, cutOff, isPartial } = played
  const rows = Object.entries(times).filter(([, { count }]) => count > 0)
  const ms = (value: number) => value.toFixed(1).padStart(9)
  const limit = generatorLimit(played)
  return [
    ...(isPartial ? ["PARTIAL: ended by a signal before it was done."] : []),
    `${shoppers} of ${planned} shoppers came, over ${played.over} to ${played.target}`,
    `${"outcome".padEnd(10)} ${"count".padStart(9)} ${"p50 ms".padStart(9)} ${"p99 ms".padStart(9)} ${"p99.9 ms".padStart(9)} ${"worst ms".padStart(9)}`,
    ...rows.map(
      ([outcome, one]) =>
        `${outcome.padEnd(10)} ${String(one.count).padStart(9)} ${ms(one.p50Ms)} ${ms(one.p99Ms)} ${ms(one.p999Ms)} ${ms(one.maxMs)}`,
    ),
    ...whys.slice(0, 8).map(([why, count]) => `  ${String(count).padStart(8)}  ${why}`),
    ...(cutOff === 0 ? [] : [`${counted(cutOff, "command was", "commands were")} cut off by the end, and in no share`]),
    `commands left this process ${late.p99Ms.toFixed(1)} ms late at most, of 99 in 100`,
    ...spentText(played),
    ...(limit === null ? [] : [`THE GENERATOR WAS THE LIMIT: ${limit}`]),
    ...kept.map(({ what, found, asked, isKept }) => `${isKept ? "kept    " : "NOT KEPT"}  ${what}: ${found} (${asked})`),
  ].join("\n")
}
