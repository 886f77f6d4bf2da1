/**
 * What a scenario ends with: everybody leaves in an orderly way, the auditor reads all journals, and what it must not find is put into words.
 */
import type { Judgement } from "../../src/cli/demo/judge.ts"
import type { Rig } from "./rig.ts"
import type { Traffic } from "./traffic.ts"

/** Where a scenario says what is happening. */
export type Say = (line: string) => void

export interface Verdict {
  /** What is not as it must be, in words. */
  readonly broken: ReadonlyArray<string>
  readonly judgement: Judgement
}

/** What an audit must not have found. `except`: a partition whose journal was harmed, so that what was said before is in no journal any more. */
export const brokenBy = ({ report }: Judgement, except?: number): ReadonlyArray<string> => {
  const { totals } = report
  const violations = report.violations.filter(({ partition }) => partition !== except)
  const broken = violations
    .slice(0, 10)
    .map(({ checker, partition, seq, detail }) => `${checker}: partition ${partition}, record ${seq}: ${detail}`)
  const say = (count: number, what: string) => {
    if (count > 0) broken.push(`${count} ${what}`)
  }
  say(totals.oversoldQty, "units oversold")
  say(totals.lost, "commands lost: stored by the broker, never decided")
  say(totals.inQuarantine, "commands in quarantine")
  say(report.unchecked.replies, "answers that could not be checked")
  if (except === undefined) say(totals.contradicted, "answers contradict the journal")
  return broken
}

/** Ends the traffic, then the workers, and audits. */
export const endAndJudge = async (rig: Rig, traffic: Traffic): Promise<Verdict> => {
  await traffic.stop()
  const broken: Array<string> = []
  for (const worker of rig.workers.filter(({ isRunning }) => isRunning())) {
    const code = await worker.stop()
    if (code !== 0) broken.push(`${worker.name} did not end in an orderly way (exit code ${code})`)
  }
  const { answered } = traffic
  for (const one of answered.unanswered.slice(0, 10)) broken.push(`without a decision: ${one}`)
  if (answered.contradictions > 0) broken.push(`${answered.contradictions} repeats heard another decision than the first time`)
  const judgement = await rig.judge()
  // An audit that looked at nothing finds nothing.
  if (judgement.answersHeard < answered.commands - answered.unanswered.length) {
    broken.push(`only ${judgement.answersHeard} of ${answered.commands} answers were written down`)
  }
  return { broken: [...broken, ...brokenBy(judgement)], judgement }
}
