/**
 * One arm of `npm run bench` in a process of its own: its server or servers are its children, its client and its callers are here. Ends, and ends them, when whoever started it is gone.
 *
 * Above all other imports, Schema's decoders are switched to compiled ones, as in any program that decodes many replies.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { arms } from "./arms.ts"
import { Callers } from "./callers.ts"
import type { FromArm, ToArm } from "./messages.ts"
import { NotHere, type Peer } from "./peer.ts"

interface Running {
  readonly peer: Peer
  readonly callers: Callers
}

let running: Running | undefined

const hear = async (message: ToArm): Promise<FromArm> => {
  if (message._tag === "Setup") {
    const { arm, skus, inFlightMax, partitions, program } = message.setup
    const ground = { skus }
    const start = await arms[arm].load()
    const peer = await start({ ground, inFlightMax, partitions, program })
    running = { peer, callers: new Callers(peer, ground) }
    return { _tag: "Done" }
  }
  if (running === undefined) throw new Error("the arm was not set up")
  const { peer, callers } = running
  if (message._tag === "Measure")
    return { _tag: "Counted", count: await callers.measure(message.workload, message.inFlight, message.warmUpMs, message.forMs) }
  if (message._tag === "Check") return { _tag: "Checked", checked: await callers.check() }
  await peer.stop()
  running = undefined
  return { _tag: "Done" }
}

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const tell = (answer: FromArm): void => void (process.connected && process.send?.(answer))

process.on("message", (message: ToArm) =>
  hear(message).then(tell, (cause: unknown) =>
    tell(cause instanceof NotHere ? { _tag: "NotHere", why: cause.message } : { _tag: "Failed", why: textOf(cause) }),
  ),
)

const endingMs = 20_000
process.on("disconnect", () => {
  // Servers end with this process at the latest: each is watched.
  setTimeout(() => process.exit(1), endingMs).unref()
  const stopped = running === undefined ? Promise.resolve() : running.peer.stop()
  stopped.then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
