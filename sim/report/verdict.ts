/**
 * What a suite came to, in one sentence that a merchandiser understands, and what an honest reader has to be told beside it.
 *
 * Words only. Nothing is called kept that nobody looked at: a suite without seeds, an interrupted one and one whose guarantee against overselling
 * was never checked are incomplete, whatever else is green. Nor is anything called kept while a part beside the seeds found it broken.
 */
import type { Failure, StrategyLine, SuiteReport } from "../result.ts"
import { counted, plural, spelled, upperFirst } from "./numbers.ts"

export interface Verdict {
  /** `kept`: all was judged and nothing broke. `broken`: a promise was. `incomplete`: nothing broke, but that does not say all it should. */
  readonly tone: "kept" | "incomplete" | "broken"
  readonly sentence: string
  readonly notes: ReadonlyArray<string>
}

/** What it means for the people of a shop when a guarantee (by its number in docs/INVARIANTS.md) does not hold. */
const brokenWords: Readonly<Record<number, string>> = {
  1: "units were sold twice",
  2: "a command had more than one effect, or two different answers",
  3: "something was said that the journal does not hold",
  4: "two workers wrote for the same SKU",
  5: "a channel was left with a wrong number",
  6: "a worker's stock was not what its journal says",
  7: "a command was left without its one answer",
  8: "a reservation ended twice, or never",
  10: "a sender was told at the door what was not so",
}

const classWords: Readonly<Record<Failure["class"], string>> = {
  crash: "the program itself broke down",
  nondeterminism: "the same seed came out differently twice",
  liveness: "work did not go on after the faults had ended",
  safety: "a checker found a broken promise",
}

/** What was broken, without numbers and names. */
export const brokenWord = (report: SuiteReport, failure: Failure): string => {
  if (failure.class === "crash" || failure.class === "nondeterminism") return classWords[failure.class]
  const guarantee = report.guarantees.find(({ checkers }) => checkers.includes(failure.checker))
  return guarantee === undefined ? classWords[failure.class] : (brokenWords[guarantee.number] ?? `“${guarantee.title}” did not hold`)
}

/** Units sold twice, if that was judged. `atLeast`: it was not kept for every failing seed, so there may be more. */
export const oversold = (report: SuiteReport): { readonly qty: number; readonly atLeast: boolean } | null => {
  const guarantee = report.guarantees.find(({ number }) => number === 1)
  const shownQty = report.shown.reduce((sum, seed) => sum + seed.totals.oversoldQty, 0)
  if (shownQty > 0) return { qty: shownQty, atLeast: report.failed > report.shown.length }
  if (guarantee === undefined || guarantee.checked === 0 || guarantee.failures > 0) return null
  return { qty: 0, atLeast: false }
}

/** Which of the ways to sell is Holdfast's. */
export const isOurs = (line: StrategyLine): boolean => /holdfast/i.test(`${line.name} ${line.title}`)

/** A title within a sentence: without the letter that numbers it in a list. */
export const inProse = (line: StrategyLine): string => line.title.replace(/^\(\w\)\s*/, "")

/** What each of several ways to sell the same orders sold and took back. */
export const comparedSentence = (lines: ReadonlyArray<StrategyLine>): string => {
  const each = lines.map(
    (line) => `${inProse(line)} sold ${plural(line.soldQty, "unit")} and cancelled ${plural(line.cancelledOrders, "order")}`,
  )
  return `${upperFirst(each.join("; "))}.`
}

/** The same of Holdfast and of whoever cancelled most. */
const comparedHeadline = (lines: ReadonlyArray<StrategyLine>): string => {
  const most = lines.filter((line) => !isOurs(line)).sort((a, b) => b.cancelledOrders - a.cancelledOrders)
  return comparedSentence([...lines.filter(isOurs), ...most.slice(0, 1)])
}

/** Families of faults that were injected at least once. */
const kindsOfTrouble = (report: SuiteReport): number => Object.values(report.faults).filter((count) => count > 0).length

export const faultsInjected = (report: SuiteReport): number => Object.values(report.faults).reduce((sum, count) => sum + count, 0)

const planted = (report: SuiteReport): string | null => report.shown.find(({ mutant }) => mutant !== null)?.mutant ?? null

const notesOf = (report: SuiteReport): ReadonlyArray<string> => {
  const survivors = report.mutants.filter(({ seedsToKill }) => seedsToKill === null).map(({ name }) => name)
  const unreached = report.seeds === 0 ? [] : report.sometimes.filter(({ count }) => count === 0)
  const mutant = planted(report)
  const notes = [
    ...report.parts.filter(({ verdict }) => verdict !== "kept").map(({ part, sentence }) => `${part}: ${sentence}.`),
    mutant !== null && `A defect was planted on purpose in this run (${mutant}): a failure is what it was made to show.`,
    report.interrupted && `The run was interrupted: only the ${plural(report.seeds, "seed")} that had ended are counted.`,
    report.inconclusive > 0 && `${plural(report.inconclusive, "seed")} ended without a verdict. They are not counted as passed.`,
    survivors.length > 0 && `${plural(survivors.length, "planted defect")} went unseen: ${survivors.slice(0, 5).join(", ")}.`,
    unreached.length > 0 &&
      `${plural(unreached.length, "rare state")} that the seeds have to reach ${unreached.length === 1 ? "was" : "were"} not reached.`,
    report.seeds > 0 && oversold(report) === null && report.failed === 0 && "Whether units were sold twice was not judged in this run.",
  ]
  return notes.filter((note) => note !== false)
}

const amountOf = (report: SuiteReport): string => {
  const kinds = kindsOfTrouble(report)
  const trouble = kinds === 0 ? "with no trouble injected" : `with ${plural(kinds, "kind")} of trouble`
  return `${spelled(report.simulatedMs, "simulated")} of ${report.profile.replaceAll("-", " ")} in ${plural(report.seeds, "seed")}, ${trouble}`
}

const brokenSentence = (report: SuiteReport): string => {
  const words = [...new Set(report.failures.map(({ failure }) => brokenWord(report, failure)))]
  const what = words.length === 0 ? ["a promise was broken"] : words.slice(0, 3)
  const more = words.length > what.length ? `; and ${words.length - what.length} more` : ""
  return `${upperFirst(what.join("; "))}${more}: ${counted(report.failed)} of ${plural(report.seeds, "seed")} failed.`
}

/** The verdict of a suite. */
export const verdictOf = (report: SuiteReport): Verdict => {
  const notes = notesOf(report)
  if (report.failed > 0 || report.failures.length > 0) return { tone: "broken", sentence: brokenSentence(report), notes }
  if (report.parts.some(({ verdict }) => verdict === "broken"))
    return { tone: "broken", sentence: "A promise was broken beside the seeds.", notes }
  if (report.seeds === 0 && report.comparison.length > 0)
    return {
      tone: "incomplete",
      sentence: comparedHeadline(report.comparison),
      notes: [...notes, "No seed was run: this compares ways to sell, and proves no promise."],
    }
  if (report.seeds === 0 && report.parts.length > 0)
    return { tone: "incomplete", sentence: "No seed was run to its end: only what stands below was looked at.", notes }
  if (report.seeds === 0) return { tone: "incomplete", sentence: "No seed was run to its end: this report proves nothing.", notes }
  const kept = oversold(report) === null ? "no failure was found" : "0 units sold twice"
  return { tone: notes.length === 0 ? "kept" : "incomplete", sentence: `${amountOf(report)}: ${kept}.`, notes }
}
