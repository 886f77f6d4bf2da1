/**
 * Performs what a reign has to do with ingresses and other owners: it hears what is handed over to it, says that it reigns for as long as it does, and answers whom it has no room for.
 */
import { Effect } from "effect"
import type { SenderId } from "../domain/names.ts"
import type { Output } from "../engine/protocol.ts"
import type { Throttled } from "../engine/words.ts"
import { announceEveryMs, fullEveryMs } from "../limits.ts"
import { Outbound } from "../ports/broker.ts"
import { Desk, type HandedFrame, type OwnerNews, type ThrottledSender } from "../ports/door.ts"
import { Meter } from "../ports/meter.ts"
import { logLine } from "../telemetry/names.ts"
import { encodeDoorAnswer } from "../wire/answers.ts"
import { decodeBack, type NoFrame } from "../wire/carry.ts"
import { Engine, type ServedKind } from "./engine.ts"
import { untilDone } from "./patience.ts"
import { type LocalReign, Reigns } from "./reigns.ts"
import type { Shell } from "./shell.ts"
import { makeSignal } from "./signal.ts"

type SayBusy = Extract<Output, { readonly _tag: "SayBusy" }>

/** Takes a frame in. A frame that can't be read gets no answer: its ingress then treats the outcome as unknown, and the senders retry. */
const makeHear =
  (shell: Shell, { codec: { decodeFrame } }: ServedKind, reign: LocalReign) =>
  ({ bytes, heard }: HandedFrame): void => {
    const decoded = decodeFrame(bytes)
    if (decoded._tag !== "Frame") return sayUnread(shell, logLine.unreadableFrame, decoded)
    reign.hand(decoded.messages)
    heard()
  }

/** Takes in a frame of commands that other actors carry. One that can't be read is no decision: whoever carries them asks again. */
const makeHearCarried =
  (shell: Shell, { codec: { decodeCarry } }: ServedKind, reign: LocalReign) =>
  (bytes: Uint8Array): void => {
    const decoded = decodeCarry(bytes)
    if (decoded._tag !== "Carry") return sayUnread(shell, logLine.unreadableCarried, decoded)
    reign.hand(decoded.messages)
  }

/** Hears what came of commands that were carried from here. What can't be read is asked for again. */
const makeHearBack =
  (shell: Shell, reign: LocalReign) =>
  (bytes: Uint8Array): void => {
    const decoded = decodeBack(bytes)
    if (decoded._tag !== "Back") return sayUnread(shell, logLine.unreadableCarried, decoded)
    reign.back(decoded.returns)
  }

const sayUnread = (shell: Shell, line: string, unread: NoFrame): void => {
  const why = unread._tag === "Newer" ? `its form is version ${unread.version}, of a newer release` : unread.cause
  shell.run(Effect.logError(line, { partition: shell.partition, why }))
}

/** Senders there is no room for, that ingresses have not been told of yet. */
const makeThrottledSenders = () => {
  const held: Readonly<Record<Throttled, Map<SenderId, number>>> = { all: new Map(), facts: new Map() }
  return {
    note: (of: Throttled, sender: SenderId, forMs: number): void => {
      held[of].set(sender, Math.max(held[of].get(sender) ?? 0, forMs))
    },
    any: (): boolean => held.all.size > 0 || held.facts.size > 0,
    take: (of: Throttled): ReadonlyArray<ThrottledSender> => {
      const taken = [...held[of]].map(([sender, forMs]) => ({ sender, forMs }))
      held[of].clear()
      return taken
    },
  }
}

/** Hears all that is said to a reign: what ingresses hand over, what other actors carry, and what came of what was carried from here. Returns once all that stands. */
const hearOthers = (shell: Shell, desk: Desk["Service"], engine: ServedKind, reign: LocalReign) => {
  const { kind, partition, owner } = reign
  return untilDone(
    `hearing what is handed over to partition ${partition}`,
    Effect.all([
      desk.receive(kind, partition, owner, makeHear(shell, engine, reign)),
      desk.hear("carry", kind, partition, owner, makeHearCarried(shell, engine, reign)),
      desk.hear("back", kind, partition, owner, makeHearBack(shell, reign)),
    ]),
  )
}

/** The reign that has begun, as others in this process know it. */
const localReign = (shell: Shell, { kind, codec }: ServedKind, meter: Meter["Service"], epoch: number): LocalReign => {
  const { partition } = shell
  const hand: LocalReign["hand"] = (messages) => shell.tell({ _tag: "CommandsHanded", messages })
  return {
    kind,
    partition,
    epoch,
    owner: shell.owner(),
    hand,
    carry: (from, settledMs, commands) => hand(commands.map((carried) => codec.carriedMessage(from, settledMs, carried))),
    back: (returns) => {
      meter.returnsHeard(partition, returns.length)
      shell.tell({ _tag: "ReturnsHeard", returns })
    },
  }
}

/** Performs the outputs of `shell`'s partition that are about ingresses. */
export const makeReignOutputs = Effect.fnUntraced(function* (shell: Shell) {
  const outbound = yield* Outbound
  const desk = yield* Desk
  const reigns = yield* Reigns
  const { partition } = shell
  const engine = yield* Engine
  const { kind } = engine
  const meter = yield* Meter
  let reign: LocalReign | null = null
  const held = makeThrottledSenders()
  const changed = makeSignal()
  const news = ({ epoch, owner }: LocalReign): OwnerNews => ({
    kind,
    partition,
    epoch,
    owner,
    full: held.take("all"),
    factsFull: held.take("facts"),
  })
  /** Every half a second, and soon when somebody has to throttle; never more often than that is worth. */
  const announce = (mine: LocalReign): Effect.Effect<never> =>
    Effect.suspend(() => {
      if (reign !== mine) return Effect.never
      const said = news(mine)
      if (said.full.length > 0 || said.factsFull.length > 0) reigns.say(said)
      desk.announce(said)
      return Effect.sleep(fullEveryMs)
    }).pipe(Effect.andThen(Effect.timeoutOption(changed.until(held.any), announceEveryMs - fullEveryMs)), Effect.forever)

  const end = (): void => {
    if (reign === null) return
    reigns.end(reign)
    desk.announce({ ...news(reign), owner: null })
    reign = null
  }

  yield* Effect.addFinalizer(() => Effect.sync(end))
  return {
    begin: (epoch: number): void => {
      const begun = localReign(shell, engine, meter, epoch)
      reign = begun
      reigns.begin(begun)
      const hearing = hearOthers(shell, desk, engine, begun)
      // The reign is announced once its subscription stands: a frame that is handed over earlier is refused by the server, because nobody listens.
      shell.run(Effect.scoped(Effect.andThen(hearing, announce(begun))))
    },
    end,
    sayBusy: ({ messages, retryAfterMs, why }: SayBusy): void => {
      const answer = encodeDoorAnswer({ answer: "busy", retryAfterMs, why })
      for (const { sender, reply } of messages) {
        if (reply !== null) outbound.busy(sender, reply, answer)
        if (why === "queue") held.note("all", sender, retryAfterMs)
      }
      changed.notify()
    },
    throttle: ({ of, sender, forMs }: Extract<Output, { readonly _tag: "Throttle" }>): void => {
      held.note(of, sender, forMs)
      changed.notify()
    },
  }
})
