/**
 * Checker `epochs` (INV-4): reigns follow one another and never mix.
 *
 * Proves that an epoch begins only with a claim that raises it by exactly one, that every record up to the next claim is its owner's,
 * and that each record was appended under the id its owner, epoch and expected sequence give it. A zombie's record, or two
 * claimants that took themselves for one, shows here.
 */
import type { RecordKind } from "../engine/records.ts"
import type { Findings } from "./findings.ts"
import type { RecordSeen } from "./seen.ts"

interface AuditedReign {
  readonly owner: string
  readonly epoch: number
  readonly kind: RecordKind
}

/** What is wrong with a claim after `before`. Genesis may name the owner whose claim follows it. */
const brokenClaim = (before: AuditedReign, owner: string, epoch: number): string | null => {
  if (epoch !== before.epoch + 1) return `claim of epoch ${epoch} after epoch ${before.epoch}`
  if (owner === before.owner && before.kind !== "genesis") return `claim by ${owner}, the owner of the reign before: owners are made anew`
  return null
}

const brokenReign = (before: AuditedReign, owner: string, epoch: number): string | null => {
  if (epoch < before.epoch) return `epoch falls from ${before.epoch} to ${epoch}`
  if (epoch !== before.epoch) return `epoch rises from ${before.epoch} to ${epoch} without a claim`
  if (owner !== before.owner) return `record of ${owner} in epoch ${epoch}, which ${before.owner} claimed`
  return null
}

/** A checker `epochs` that reports to `findings`. */
export const createEpochs = (findings: Findings) => {
  const reigns = new Map<number, AuditedReign>()
  return {
    record: ({ partition, seq, messageId, record }: RecordSeen): void => {
      const where = { partition, seq }
      const { owner, epoch, kind, prevSeq } = record
      findings.checked("epochs")
      const before = reigns.get(partition)
      if (before === undefined) {
        if (epoch !== 0 && epoch !== 1) findings.violated("epochs", where, `journal begins with epoch ${epoch}`)
      } else {
        const broken = kind === "claim" ? brokenClaim(before, owner, epoch) : brokenReign(before, owner, epoch)
        if (broken !== null) findings.violated("epochs", where, broken)
      }
      const expectedId = `${owner}.${epoch}.${prevSeq}`
      if (messageId !== expectedId) findings.violated("epochs", where, `appended as ${messageId}, not as ${expectedId}`)
      if (before === undefined || kind === "claim" || epoch > before.epoch) reigns.set(partition, { owner, epoch, kind })
    },
  }
}
