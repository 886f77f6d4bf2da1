/**
 * INV-10: an ingress takes no message that is older than the door allows or than its own deadline, and passes none on as younger than it is. Its true age is known by the world's
 * own time: when the server took the message and when the ingress read it.
 */
import type { TakenMessage } from "../../src/engine/protocol.ts"
import { doorAgeMsMax, doorClockWindowMs } from "../../src/limits.ts"
import type { Ingress } from "../nodes/ingress.ts"
import { attemptOf, attemptTaken, takenIn } from "./attempts.ts"
import type { MakeChecker } from "./checker.ts"

/** Milliseconds by which a clock of whole ones that runs slow may take an age for less. */
const slackMs = 5

interface Seen {
  readonly atMs: number
  readonly brokerMs: number
  readonly readMs: number
}

export const doorAge: MakeChecker = ({ cluster, found, checked }) => {
  const { world, server } = cluster
  const read = new Map<string, Seen>()
  const judged = new Set<string>()
  /** Whether the broker's clock was set so lately that an ingress may still go by what it showed. */
  const isSettling = () => world.nowMs - (server.clockSets.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) <= 3 * doorClockWindowMs

  const judge = (ingress: Ingress, message: TakenMessage): void => {
    const attempt = attemptTaken(message)
    const seen = attempt === null ? undefined : read.get(attempt)
    if (attempt === null || seen === undefined || judged.has(attempt)) return
    judged.add(attempt)
    checked()
    const ageMs = seen.readMs - seen.atMs
    const report = (signature: string, what: string) =>
      found({ class: "safety", signature, detail: `${attempt} was taken by ${ingress.name} ${ageMs} ms after it was published${what}` })
    if (ageMs > doorAgeMsMax + slackMs) report("too old for the door", "")
    if (!isSettling() && message.publishedMs > seen.brokerMs + slackMs)
      report("taken for younger than it is", `, and goes on as ${message.publishedMs - seen.brokerMs} ms younger`)
    if (message.body._tag === "Undecodable" || message.class !== "sell") return
    for (const decoded of message.body.commands) {
      const deadlineMs = decoded._tag === "Command" ? decoded.command.deadlineMs : undefined
      if (decoded._tag === "Invalid" || deadlineMs === undefined || decoded.command.type === "RecordSale") continue
      if (ageMs > deadlineMs + slackMs) report("taken after its deadline", `, and had ${deadlineMs} ms`)
    }
  }

  return {
    name: "door-age",
    doorRead: (_ingress, message) => {
      const attempt = attemptOf(message)
      if (attempt !== null) read.set(attempt, { atMs: message.atMs, brokerMs: message.brokerMs, readMs: world.nowMs })
    },
    handedOver: (ingress, _partition, messages) => {
      for (const message of messages) judge(ingress, message)
    },
    storing: (ingress, id, bytes) => {
      for (const message of takenIn(cluster, id, bytes)) judge(ingress, message)
    },
  }
}
