/** INV-7, without a retry storm: whatever goes wrong, one record is appended, and one reply is sent, no more than a bounded number of times. */
import type { MakeChecker } from "./checker.ts"

/** Several times what the worst of a hundred seeds has: 4 appends of one record, 44 sayings of one reply (each takeover says again what may be unsaid). */
const attemptsMax = 20
const sayingsMax = 200

export const retryStorm: MakeChecker = ({ found, checked }) => {
  const attempts = new Map<string, number>()
  const sayings = new Map<string, number>()
  const count = (counts: Map<string, number>, key: string, most: number, what: string, partition: number): void => {
    checked()
    const now = (counts.get(key) ?? 0) + 1
    counts.set(key, now)
    if (now === most + 1)
      found({ class: "liveness", signature: `${what} without end`, detail: `${key}: ${what} more than ${most} times`, partition })
  }
  return {
    name: "retry-storm",
    appendAnswered: (slot, { messageId }) => count(attempts, messageId, attemptsMax, "appended", slot.id),
    replySaid: (slot, { suffix }) => count(sayings, suffix, sayingsMax, "replied", slot.id),
  }
}
