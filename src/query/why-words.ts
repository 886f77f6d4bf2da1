/**
 * Why an ATS is what it is, in sentences: first the number and its sum, then each term with where it comes from.
 */
import { counted, grouped, shownName } from "../domain/telling.ts"
import type { LocationThen } from "./time-travel.ts"
import type { WhyThen } from "./why.ts"
import { isoTime, listed } from "./words.ts"

type Why = Omit<WhyThen, "sentences">

const units = (qty: number): string => counted(qty, "unit")

const sinceWhen = ({ told, keptSinceMs }: Why): string => {
  if (told !== null) return `as the feed told since ${isoTime(told.atMs)}, version ${told.version}`
  return keptSinceMs === null ? "it never could sell any" : `as it could before ${isoTime(keptSinceMs)}, with which what is kept begins`
}

const headline = (why: Why): string => {
  const { sku, channel, ats, atMs, version, partition } = why
  const feed = sinceWhen(why)
  return `${channel} could sell ${units(ats)} of ${shownName(sku)} at ${isoTime(atMs)}: ${feed}. The SKU was last changed by record ${version} of partition ${partition}.`
}

const noLine = ({ channel, policy }: Why): string =>
  policy === null
    ? "It has no policy, and without one nobody sells."
    : `Policy ${policy.version} doesn't name ${channel}, so it sells nothing. Policies name who sells: set one that does.`

/** The sum as the formula has it. */
const sum = ({ terms }: Why): string => {
  if (terms === null) return ""
  const { offered, others, bufferQty, left, floorQty, ats } = terms
  const kept = others.reduce((all, { clippedQty }) => all + clippedQty, 0)
  const head = `${grouped(offered)} offered − ${grouped(kept)} kept for other channels − ${grouped(bufferQty)} buffer = ${grouped(left)}`
  if (ats === left) return `${head}.`
  return left < 0 && floorQty === 0
    ? `${head}, which is less than none: ${ats}.`
    : `${head}, below the floor of ${grouped(floorQty)}: ${ats}.`
}

const comesOff = (at: LocationThen): string => {
  const terms = [
    [at.damaged, "damaged"],
    [at.inspection, "in inspection"],
    [at.reserved, "reserved"],
    [at.exposed, "exposed to channels that sell without asking"],
    [at.safety, "safety stock"],
    [at.short, "sold and not there"],
  ] as const
  const told = terms.filter(([qty]) => qty > 0).map(([qty, what]) => `${grouped(qty)} ${what}`)
  return told.length === 0 ? "" : `, less ${listed(told)}`
}

const location = (at: LocationThen): string => `${at.location} offers ${grouped(at.offered)}: ${grouped(at.onHand)} on hand${comesOff(at)}.`

const anywhere = ({ shortQty, locations }: Why): ReadonlyArray<string> => {
  const elsewhere = shortQty - locations.reduce((all, { short }) => all + short, 0)
  return elsewhere > 0
    ? [
        `${units(elsewhere)} more are sold and not there, at no location yet: goods anywhere are theirs first, so they come off what is offered.`,
      ]
    : []
}

const fences = ({ terms }: Why): ReadonlyArray<string> =>
  (terms?.others ?? []).map(
    ({ channel, fenceQty, usedQty, clippedQty }) =>
      `${channel} has a fence of ${grouped(fenceQty)}, of which it has used ${grouped(usedQty)}: ${grouped(clippedQty)} of the rest ${clippedQty === 1 ? "is" : "are"} there, and kept for it.`,
  )

const buffer = ({ terms, policy }: Why): ReadonlyArray<string> => {
  const line = policy?.line ?? null
  if (terms === null || line === null || terms.bufferQty === 0) return []
  const rule = `the larger of ${grouped(line.bufferQty)} and ${line.bufferPercent} % of what is offered`
  return [`The buffer keeps ${grouped(terms.bufferQty)} back from this channel: ${rule}.`]
}

const policyWords = ({ policy }: Why): ReadonlyArray<string> => {
  if (policy === null || policy.setBy === null) return []
  const { sender, id, seq, atMs } = policy.setBy
  return [
    `Policy ${policy.version} was set by ${sender}${id === null ? "" : `, command ${shownName(id)}`}, in record ${seq} at ${isoTime(atMs)}.`,
  ]
}

const notKept = ({ keptSinceMs }: Why): ReadonlyArray<string> =>
  keptSinceMs === null
    ? []
    : [`Steps before ${isoTime(keptSinceMs)} are no longer kept in the tables; the journals with their archive tell them.`]

/** The whole answer but its steps, in sentences. */
export const whySentences = (why: Why): ReadonlyArray<string> => {
  if (why.terms === null) return [headline(why), noLine(why), ...policyWords(why), ...notKept(why)]
  const terms = [...why.locations.map(location), ...anywhere(why), ...fences(why), ...buffer(why)]
  return [headline(why), sum(why), ...terms, ...policyWords(why), ...notKept(why)]
}
