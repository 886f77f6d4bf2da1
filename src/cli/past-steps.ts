/**
 * The steps of a chain or a history, as people read them.
 */
import { counted } from "../domain/telling.ts"
import type { Step, StepsTold } from "../query/steps.ts"
import { isoTime } from "./print.ts"

const stepLine = ({ atMs, seq, place, id, ats, said }: Step): string => {
  const change = ats === null || ats.before === ats.after ? "" : `  [ATS ${ats.before} → ${ats.after}]`
  return `${isoTime(atMs)}  ${seq}-${place}  ${said}${id === null ? "" : ` (${id})`}${change}`
}

/** One line a step, and how to see those before them. */
export const stepsText = ({ steps, earlier, before }: StepsTold, nothing: string): string => {
  if (steps.length === 0) return nothing
  const more = earlier === 0 ? [] : [`${counted(earlier, "earlier step")}: --before ${before}`]
  return [...more, ...steps.map(stepLine)].join("\n")
}
