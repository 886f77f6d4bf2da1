/** INV-10: an attempt gets at most one answer that is no decision, whichever ingress or owner gives it; and no two answers to it differ. */
import { attemptName } from "./attempts.ts"
import type { MakeChecker } from "./checker.ts"

export const answeredOnce: MakeChecker = ({ found, checked }) => {
  const said = new Map<string, string>()
  return {
    name: "answered-once",
    doorSaid: (by, sender, suffix, { answer }) => {
      checked()
      const attempt = attemptName(sender, suffix)
      const before = said.get(attempt)
      const now = `${answer} by ${by}`
      if (before === undefined) said.set(attempt, now)
      else found({ class: "safety", signature: "two answers to one attempt", detail: `${attempt} was told ${before}, then ${now}` })
    },
  }
}
