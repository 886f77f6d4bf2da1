/**
 * INV-10: a sender that is told that nothing was taken can rely on it. An attempt that was answered with `busy` or `notStored`, or of which the server said that nobody listens,
 * is never decided and in no stream. Another attempt with the same bytes may be.
 */
import { attemptName, attemptOf, attemptTaken, decidedAttempts, decidedOrderAttempts, takenIn } from "./attempts.ts"
import type { Checker, MakeChecker } from "./checker.ts"

export const busyIsTrue: MakeChecker = ({ cluster, found, checked }) => {
  const turnedAway = new Map<string, string>()
  const stored = new Map<string, number>()
  const hear: NonNullable<Checker["doorSaid"]> = (by, sender, suffix, answer) => {
    if (answer.answer === "stored") return
    const why = answer.answer === "busy" ? answer.why : answer.reason
    turnedAway.set(attemptName(sender, suffix), `${answer.answer} (${why}) by ${by}`)
  }
  cluster.orderAudience.add({ doorSaid: hear })
  cluster.server.listeners.push({
    recordStored: () => undefined,
    feedStored: () => undefined,
    haltChanged: () => undefined,
    commandStored: (id, { seq, subject, body }) => {
      if (!subject.startsWith("hf.q.")) return
      for (const message of takenIn(cluster, id, body)) stored.set(attemptTaken(message) ?? "", seq)
    },
  })
  return {
    name: "busy-is-true",
    doorSaid: hear,
    entered: (message, entered) => {
      const attempt = attemptOf(message)
      if (entered === undefined && attempt !== null) turnedAway.set(attempt, "that nobody was there")
    },
    finish: ({ lossy }) => {
      checked(turnedAway.size)
      for (const [attempt, what] of turnedAway) {
        const seq = stored.get(attempt)
        if (seq === undefined) continue
        found({
          class: "safety",
          signature: "turned away and stored",
          detail: `${attempt} was told ${what}, and was stored as message ${seq}`,
        })
      }
      const judge = (attempt: string, place: { readonly partition: number; readonly seq: number }) => {
        const what = turnedAway.get(attempt)
        if (what === undefined) return
        const detail = `${attempt} was told ${what}, and was decided in record ${place.seq} of partition ${place.partition}`
        found({ class: "safety", signature: "turned away and decided", detail, ...place })
      }
      decidedAttempts(cluster, lossy, (attempt, _entry, place) => judge(attempt, place))
      decidedOrderAttempts(cluster, lossy, judge)
    },
  }
}
