/**
 * Checker `completeness` (INV-7): what the broker acknowledged was decided.
 *
 * Proves, for every command that its sender says was stored, that some record gives it an answer. The caller is the only one who knows what
 * was sent, so without {@link Completeness.acknowledged} this checker looks at nothing.
 */
import type { Findings, Where } from "./findings.ts"
import { scopeOf } from "./seen.ts"

/** A command that the broker acknowledged to its sender. */
export interface Acknowledged {
  readonly sender: string
  readonly sku: string
  readonly id: string
}

interface Completeness {
  readonly acknowledged: (command: Acknowledged) => void
  /** A decision on the id of this scope. */
  readonly decided: (scope: string) => void
  /** Reports what was never decided, and returns how many commands that is. */
  readonly finish: () => number
}

/** `isDecided` says whether an id was decided before its acknowledgement was told here; it knows that as long as the id is remembered. */
export const createCompleteness = (findings: Findings, isDecided: (scope: string) => boolean): Completeness => {
  const waiting = new Map<string, Acknowledged>()
  return {
    acknowledged: (command) => {
      findings.checked("completeness")
      const scope = scopeOf(command.sender, command.sku, command.id)
      if (!isDecided(scope)) waiting.set(scope, command)
    },
    decided: (scope) => {
      waiting.delete(scope)
    },
    finish: () => {
      for (const { sender, sku, id } of waiting.values()) {
        const where: Where = { partition: -1, seq: 0, sku }
        findings.violated("completeness", where, `${id} of ${sender} was acknowledged by the broker and never decided`)
      }
      return waiting.size
    },
  }
}
