/** INV-10: of one attempt at most one thing is said that is no decision, by whichever ingress or owner; and no two say different things of it. */
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
