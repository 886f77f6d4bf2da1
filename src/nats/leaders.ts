/**
 * What the leaders of streams say of their ends, and which servers readers leave alone: so that a reader can tell that it is deaf.
 *
 * A consumer of ours lives on one server. One that catches up after it lost its disk sends heartbeats and delivers nothing, for as long as that takes; to its
 * readers it looks like a quiet stream. Only the stream's leader knows better. Shared by all readers of a connection, so that a thousand quiet ones cost a
 * question a second for each stream.
 */
import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream"
import type { NatsConnection } from "@nats-io/transport-node"
import { deafServerAvoidedMs } from "../limits.ts"

/** From where a reader wants to be delivered to: after a sequence, or from a time on. */
export type Position = { readonly afterSeq: number } | { readonly sinceMs: number }

/** How long an answer is good for: readers that look at about the same time share it. */
const answerGoodMs = 400
const questionTimeoutMs = 2_000

interface LeaderAnswer {
  readonly atMs: number
  readonly info: Promise<StreamInfo>
}

/** A message's place as the interface answers it; nothing of what it holds is looked at. */
const seqIn = (answer: unknown): number | null => {
  const message: unknown = typeof answer === "object" && answer !== null ? Reflect.get(answer, "message") : undefined
  const seq: unknown = typeof message === "object" && message !== null ? Reflect.get(message, "seq") : undefined
  return typeof seq === "number" ? seq : null
}

/** The server's number for: no such message. */
const noMessageFound = 10_037

const errorIn = (answer: unknown): { readonly code: unknown; readonly text: string } | null => {
  const error: unknown = typeof answer === "object" && answer !== null ? Reflect.get(answer, "error") : undefined
  if (typeof error !== "object" || error === null) return null
  return { code: Reflect.get(error, "err_code"), text: String(Reflect.get(error, "description")) }
}

export class Leaders {
  readonly #nc: NatsConnection
  readonly #lookups: JetStreamManager
  readonly #answers = new Map<string, LeaderAnswer>()
  /** Until when a server is left alone, by stream and server. */
  readonly #avoided = new Map<string, number>()
  readonly #listeners = new Set<(stream: string, detail: string) => void>()

  constructor(nc: NatsConnection, lookups: JetStreamManager) {
    this.#nc = nc
    this.#lookups = lookups
  }

  /** The stream as its leader knows it, or while it has none any member, at most `answerGoodMs` ago. */
  info(stream: string): Promise<StreamInfo> {
    const nowMs = performance.now()
    const known = this.#answers.get(stream)
    if (known !== undefined && nowMs - known.atMs < answerGoodMs) return known.info
    const info = this.#lookups.streams.info(stream)
    this.#answers.set(stream, { atMs: nowMs, info })
    // Whoever asked hears of the failure; the next asks anew.
    info.catch(() => this.#answers.delete(stream))
    return info
  }

  /** The first message of the filter that the leader holds at the position, or null if there is none. */
  async next(stream: string, filter: string, position: Position): Promise<number | null> {
    const from =
      "sinceMs" in position ? { start_time: new Date(position.sinceMs).toISOString() } : { seq: Math.max(1, position.afterSeq + 1) }
    const request = JSON.stringify({ ...from, next_by_subj: filter })
    const reply = await this.#nc.request(`$JS.API.STREAM.MSG.GET.${stream}`, request, { timeout: questionTimeoutMs })
    const answer: unknown = reply.json()
    const error = errorIn(answer)
    if (error !== null && error.code !== noMessageFound) throw new Error(error.text)
    return seqIn(answer)
  }

  /** A consumer on this server delivered nothing although the leader holds something for it. */
  foundDeaf(stream: string, server: string, detail: string): void {
    if (server !== "") this.#avoided.set(`${stream} ${server}`, performance.now() + deafServerAvoidedMs)
    for (const listener of this.#listeners) listener(stream, detail)
  }

  isAvoided(stream: string, server: string): boolean {
    const untilMs = this.#avoided.get(`${stream} ${server}`)
    return untilMs !== undefined && performance.now() < untilMs
  }

  /** Calls back whenever a reader was found deaf; returns how to stop that. */
  onDeaf(listener: (stream: string, detail: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
