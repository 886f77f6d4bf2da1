/**
 * INV-1, INV-2 and INV-7: a message that must be refused is refused for the reason that was known beforehand, and a sale that nobody may believe waits in quarantine. No unsound
 * message has an effect.
 */
import { isForWantOfRoom } from "../nodes/sender.ts"
import type { MakeChecker } from "./checker.ts"

export const expectedRefusals: MakeChecker = ({ cluster, found, checked }) => ({
  name: "expected-refusals",
  replyHeard: (name, suffix, reply) => {
    const expected = cluster.senders.get(name)?.expected.get(suffix)
    if (expected === undefined || cluster.lossy.has(reply.partition)) return
    for (const said of reply.decisions) {
      checked()
      // A command below the floor is refused before anything else of it is looked at, and one that went to another partition isn't looked at.
      if (said.outcome === "refused" && [...expected, "TooOld", "WrongPartition"].includes(said.reason)) continue
      // As many wait as may: nothing is remembered of it.
      if (expected.includes("quarantined") && isForWantOfRoom(said) && cluster.drawn.quarantine === "short") continue
      // Given up by the person who looked at it.
      if (expected.includes("quarantined") && (said.outcome === "quarantined" || said.outcome === "dropped")) continue
      const what = said.outcome === "refused" ? `refused for ${said.reason}` : said.outcome
      const detail = `a message of ${name} that must be ${expected.includes("quarantined") ? "quarantined" : `refused for ${expected.join(" or ")}`} was ${what}`
      found({ class: "safety", signature: `not refused as it must be: ${expected[0]}`, detail, partition: reply.partition, seq: reply.seq })
    }
  },
  doorHeard: (name, suffix, answer) => {
    const expected = cluster.senders.get(name)?.expected.get(suffix)
    if (expected === undefined || answer.answer === "busy") return
    checked()
    const what = answer.answer === "stored" ? "stored" : `notStored ${answer.reason}`
    // A message that the door can't tell from a sound one is stored and refused later. An array that has the wrong partition here may have the right one elsewhere.
    const isRight =
      answer.answer === "stored"
        ? !expected.some((reason) => reason.startsWith("notStored"))
        : [...expected, "notStored age", "notStored partition"].includes(what)
    if (isRight) return
    const detail = `a message of ${name} that must be ${expected.join(" or ")} was answered ${what}`
    found({ class: "safety", signature: `not refused as it must be: ${expected[0]}`, detail })
  },
})
