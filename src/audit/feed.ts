/**
 * Checker `feed` (INV-5): what a receiver accepted leads to the state, and never back.
 *
 * Proves that the versions a receiver accepts of a channel's SKU rise strictly, and that every value equals the ATS that the journal gives at
 * that version, computed by the formula in `availability`. If the caller says that all is quiet, the last value each receiver accepted has to be
 * the last one there is. Values are best told before the records of their SKU are; one told after its SKU changed again is counted as unchecked.
 */
import type { AtsValue } from "../kinds/sku/types.ts"
import { atsQty } from "./availability.ts"
import type { Findings } from "./findings.ts"
import { debtQtyOf, type SkuModel } from "./model.ts"

/** A value as a receiver accepted it. */
export type HeardValue = Pick<AtsValue, "channel" | "sku" | "ats" | "version" | "shortQty">

/** Values heard of one SKU that wait for its journal, by version once sorted. */
interface UnjudgedValues {
  values: Array<HeardValue>
  sorted: boolean
  next: number
}

/** The checker `feed`: it is given the values that receivers accepted, and each change of a SKU before it is made. */
export interface FeedChecker {
  /** The next value that `receiver` accepted. */
  readonly heard: (value: HeardValue, receiver: string) => void
  /** A record at `seq` is about to change the SKU. */
  readonly beforeChange: (model: SkuModel, seq: number) => void
  /** Judges what is left. `quiet`: every receiver has accepted all there was. */
  readonly finish: (models: ReadonlyMap<string, SkuModel>, endSeq: (partition: number) => number, quiet: boolean) => void
  /** Values that were told after their SKU had changed again, so that they can't be compared any more. */
  readonly unchecked: () => number
}

const judge = (findings: Findings, model: SkuModel, { channel, sku, ats, version, shortQty }: HeardValue): void => {
  findings.checked("feed")
  const right = atsQty(model, channel)
  const where = { partition: model.partition, seq: version, sku }
  if (ats !== right) findings.violated("feed", where, `${channel} was told ${ats} units, there were ${right}`)
  const owed = debtQtyOf(model, channel)
  if ((shortQty ?? 0) !== owed)
    findings.violated("feed", where, `${channel} was told that ${shortQty ?? 0} units it sold are not there, it were ${owed}`)
}

/** A checker `feed` that reports to `findings`. */
export const createFeed = (findings: Findings): FeedChecker => {
  const accepted = new Map<string, HeardValue>()
  const waiting = new Map<string, UnjudgedValues>()
  let unchecked = 0

  /** Judges the values up to `uptoSeq`, all of which the model as it stands is the state of, unless it has moved on since. */
  const settle = (model: SkuModel, uptoSeq: number): void => {
    const found = waiting.get(model.sku)
    if (found === undefined) return
    if (!found.sorted) {
      found.values = found.values.slice(found.next).sort((a, b) => a.version - b.version)
      found.next = 0
      found.sorted = true
    }
    for (let value = found.values[found.next]; value !== undefined && value.version <= uptoSeq; value = found.values[found.next]) {
      if (value.version < model.changedSeq) unchecked++
      else judge(findings, model, value)
      found.next++
    }
    if (found.next === found.values.length) waiting.delete(model.sku)
  }

  const rises = (value: HeardValue, receiver: string): void => {
    findings.checked("feed")
    const key = `${receiver}\n${value.channel}\n${value.sku}`
    const before = accepted.get(key)
    accepted.set(key, value)
    if (before === undefined || value.version > before.version) return
    const where = { partition: -1, seq: value.version, sku: value.sku }
    findings.violated("feed", where, `${receiver} accepted version ${value.version} for ${value.channel} after ${before.version}`)
  }

  return {
    heard: (value, receiver) => {
      rises(value, receiver)
      const found = waiting.get(value.sku)
      if (found === undefined) waiting.set(value.sku, { values: [value], sorted: true, next: 0 })
      else {
        found.values.push(value)
        found.sorted = false
      }
    },
    beforeChange: (model, seq) => settle(model, seq - 1),
    finish: (models, endSeq, quiet) => {
      for (const [sku, { values, next }] of waiting) {
        const model = models.get(sku)
        if (model !== undefined) settle(model, endSeq(model.partition))
        const left = waiting.get(sku)
        for (const { channel, version } of left === undefined
          ? []
          : model === undefined
            ? values.slice(next)
            : left.values.slice(left.next)) {
          const where = { partition: model?.partition ?? -1, seq: version, sku }
          findings.violated("feed", where, `${channel} was told of version ${version}, which the journal doesn't have`)
        }
      }
      if (!quiet) return
      for (const value of accepted.values()) {
        const model = models.get(value.sku)
        if (model !== undefined) judge(findings, model, { ...value, version: model.changedSeq })
      }
    },
    unchecked: () => unchecked,
  }
}
