/**
 * How a command is asked until it is decided, over NATS or HTTP: under the same id, however often its answer is lost. Says what was decided; judges nothing.
 */
import type { SenderClient } from "../../../src/channel.ts"
import type { Heard, Wanted } from "../../play/wanted.ts"
import { pause } from "../../stage/stage.ts"

/** What was decided of a command. */
export interface Decided {
  readonly outcome: "accepted" | "refused"
  readonly reason: string
  readonly ats: number | null
}

/** One way in, for one sender. */
export interface Asker {
  readonly sender: string
  /** Resolves when it is decided, or with null if `isOver` before that. */
  readonly ask: (wanted: Wanted, isOver: () => boolean) => Promise<Decided | null>
  /** Times that an asking ended without a decision, and the command was sent again, by what was heard instead. */
  readonly heardInstead: ReadonlyMap<string, number>
  readonly close: () => Promise<void>
}

/** Milliseconds before a command is asked again of whoever said nothing of use. */
const againMs = 250

/** What it resolves with, or null after so many milliseconds. */
export const within = <A>(promise: Promise<A>, ms: number): Promise<A | null> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((done) => {
    timer = setTimeout(() => done(null), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

class Instead {
  readonly counts = new Map<string, number>()
  note(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }
}

type Once = (wanted: Wanted) => Promise<Decided | string>

const asker = (sender: string, once: Once, close: () => Promise<void>): Asker => {
  const instead = new Instead()
  return {
    sender,
    heardInstead: instead.counts,
    close,
    ask: async (wanted, isOver) => {
      while (!isOver()) {
        const said = await once(wanted)
        if (typeof said !== "string") return said
        instead.note(said)
        await pause(againMs)
      }
      return null
    },
  }
}

interface Said {
  readonly outcome: string
  readonly reason?: unknown
  readonly ats?: unknown
  readonly why?: unknown
}

const decidedOf = ({ outcome, reason, ats, why }: Said): Decided | string => {
  if (outcome === "accepted" || outcome === "refused")
    return { outcome, reason: typeof reason === "string" ? reason : "", ats: typeof ats === "number" ? ats : null }
  const more = reason ?? why
  return typeof more === "string" ? `${outcome}: ${more}` : outcome
}

/** Over NATS. The whole command is made once, so that every sending is the same. */
export const natsAsker = (client: SenderClient): Asker => {
  const made = new WeakMap<Wanted, () => Promise<Said>>()
  const sending = ({ type, ...input }: Wanted): (() => Promise<Said>) => {
    // What a run wants is typed loosely, for NATS and HTTP alike: the client checks it.
    if (type === "PlaceOrder" || type === "ConfirmOrder" || type === "CancelOrder") {
      const order = client.orderCommand(type, input as never)
      return () => client.sendOrder(order)
    }
    const command = client.command(type, input as never)
    return () => client.send(command)
  }
  const once: Once = async (wanted) => {
    try {
      const send = made.get(wanted) ?? sending(wanted)
      made.set(wanted, send)
      return decidedOf(await send())
    } catch (error) {
      return error instanceof Error ? error.name : String(error)
    }
  }
  return asker(client.sender, once, () => client.close())
}

const refusalOf = ({ why, decision }: Heard): Decided => {
  const { ats } = JSON.parse(decision) as { readonly ats?: unknown }
  return { outcome: "refused", reason: why, ats: typeof ats === "number" ? ats : null }
}

/** Over HTTP, by what its answers come to. */
export const httpAsker = (
  sender: string,
  door: { readonly send: (wanted: Wanted) => Promise<Heard>; readonly close: () => Promise<void> },
): Asker =>
  asker(
    sender,
    async (wanted) => {
      const heard = await door.send(wanted)
      if (heard.outcome === "accepted") return { outcome: "accepted", reason: "", ats: null }
      if (heard.outcome === "refused") return refusalOf(heard)
      return `HTTP ${heard.outcome}: ${heard.why}`.slice(0, 80)
    },
    door.close,
  )
