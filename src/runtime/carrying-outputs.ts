/**
 * Performs what a partition's actors say to those of other partitions: commands that are under way, and what came of those that were asked here. Handed over by a plain call where the other partition's owner is in
 * this process, else said once over the broker.
 *
 * Whatever is lost is no loss: the partition asks again by itself. What is kept here of what it sent only shortens that: another owner of the receiving partition is asked as soon as it is heard of.
 */
import { Effect } from "effect"
import { isKind, type Kind } from "../domain/kinds.ts"
import type { CommandId } from "../domain/names.ts"
import type { Partition } from "../engine/partition.ts"
import type { Output } from "../engine/protocol.ts"
import type { CommandUnderWay } from "../engine/records.ts"
import { carriedAtHandMax } from "../limits.ts"
import { Desk, type OwnerNews } from "../ports/door.ts"
import { Meter } from "../ports/meter.ts"
import { encodeBack, encodeCarry } from "../wire/carry.ts"
import { Engine } from "./engine.ts"
import { Owners } from "./owners.ts"
import { Reigns } from "./reigns.ts"
import type { Shell } from "./shell.ts"

type SendCarried = Extract<Output, { readonly _tag: "SendCarried" }>
type SendReturns = Extract<Output, { readonly _tag: "SendReturns" }>

/** What was sent to one partition, and whom. */
interface Sent {
  readonly kind: Kind
  readonly partition: number
  /** The reign that was asked last; null: none was known. */
  owner: string | null
  settledMs: number
  /** Sent, and not back yet when this was last looked through. */
  readonly commands: Map<CommandId, CommandUnderWay>
}

/** Notes what is sent, as much as may be kept at hand. Returns how many of them were sent before. */
const note = (sent: Sent, { settledMs, commands }: SendCarried, underWay: Partition["underWay"]): number => {
  let again = 0
  sent.settledMs = settledMs
  if (sent.commands.size + commands.length > carriedAtHandMax)
    for (const id of sent.commands.keys()) if (!underWay.has(id)) sent.commands.delete(id)
  for (const carried of commands) {
    if (sent.commands.has(carried.id)) again++
    else if (sent.commands.size < carriedAtHandMax) sent.commands.set(carried.id, carried)
  }
  return again
}

/** Performs the outputs of `shell`'s partition that are about commands between actors. `underWay`: those of the partition, for a look. */
export const makeCarryingOutputs = Effect.fnUntraced(function* (shell: Shell, underWay: Partition["underWay"]) {
  const [desk, owners, reigns, meter] = [yield* Desk, yield* Owners, yield* Reigns, yield* Meter]
  const { kind } = yield* Engine
  const { partition } = shell
  const sentTo = new Map<string, Sent>()
  const sentOf = (to: Kind, number: number): Sent => {
    const place = `${to} ${number}`
    const known = sentTo.get(place)
    if (known !== undefined) return known
    const sent: Sent = { kind: to, partition: number, owner: null, settledMs: 0, commands: new Map() }
    sentTo.set(place, sent)
    return sent
  }

  const ask = (sent: Sent, owner: string, commands: ReadonlyArray<CommandUnderWay>): void => {
    sent.owner = owner
    const from = { kind, partition, owner: shell.owner() }
    const local = reigns.of(sent.kind, sent.partition)
    if (local?.owner === owner) return local.carry(from, sent.settledMs, commands)
    for (const frame of encodeCarry(from, sent.settledMs, commands)) desk.say("carry", sent.kind, sent.partition, owner, frame)
  }

  /** Another reign owns a partition that something is under way to: it knows nothing of what the one before was asked and did not decide. */
  const heard = (news: OwnerNews): void => {
    const sent = sentTo.get(`${news.kind} ${news.partition}`)
    if (sent === undefined || news.owner === null) return
    const owner = owners.of(news.kind, news.partition)
    if (owner === undefined || owner === sent.owner) return
    const commands = [...sent.commands.values()].filter(({ id }) => underWay.has(id))
    if (commands.length > 0) ask(sent, owner, commands)
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => owners.listen(heard)),
    (stop) => Effect.sync(stop),
  )

  return {
    sendCarried: (output: SendCarried): void => {
      // The engine sends to the kinds that its own may send to, and to no others.
      if (!isKind(output.to.kind)) return
      const sent = sentOf(output.to.kind, output.to.partition)
      const again = note(sent, output, underWay)
      meter.carried(partition, output.commands.length - again, again)
      const owner = owners.of(sent.kind, sent.partition)
      if (owner !== undefined) ask(sent, owner, output.commands)
    },
    sendReturns: ({ to, returns }: SendReturns): void => {
      // Asked by a kind of a newer release: whoever asked hears of it from that release's owner.
      if (!isKind(to.kind)) return
      meter.returnsSaid(partition, returns.length)
      const local = reigns.of(to.kind, to.partition)
      if (local?.owner === to.owner) return local.back(returns)
      for (const frame of encodeBack(returns)) desk.say("back", to.kind, to.partition, to.owner, frame)
    },
  }
})
