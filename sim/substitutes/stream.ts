/**
 * One JetStream stream as the server keeps it: sequences, expected sequences, the window of message ids, limits, purging, a lost tail.
 *
 * A model of what callers can observe, held against real servers by the conformance suite; it knows no network and no time but what it is told.
 * A write is proposed and then committed, because three servers do these at different times and one server at once. Where one and three
 * answer differently (`replicas`), so does this.
 */

/** An error as the server's API names it. */
export interface ApiError {
  readonly code: number
  readonly errCode: number
  readonly description: string
}

export interface StreamConfig {
  readonly name: string
  readonly replicas: 1 | 3
  /** How a subject is stored; as it came unless given. */
  readonly transform?: (subject: string) => string
  /** Milliseconds for which message ids are remembered. */
  readonly duplicateWindowMs: number
  readonly messagesMax?: number
  readonly bytesMax?: number
  readonly messageBytesMax?: number
  /** Only the newest message of each subject stays: a key-value bucket, or the feed. */
  readonly lastOnly?: boolean
  /** Whether time to live is allowed, and how long the marker stays that the server then leaves. */
  readonly markerMs?: number
  readonly denyPurge?: boolean
}

export interface StoredMessage {
  readonly seq: number
  readonly subject: string
  /** `name: value` lines, in the order they came. */
  readonly headers: string
  readonly messageId: string
  readonly body: Uint8Array
  readonly atMs: number
  /** When the server removes it; infinity unless it has a time to live. */
  readonly endsMs: number
  /** Left by the server where a message's time was up. */
  readonly isMarker: boolean
}

/** What a publisher asks of the server beyond storing. */
export interface Expectation {
  readonly messageId?: string
  readonly lastSeq?: number
  readonly lastSubjectSeq?: number
  readonly ttlMs?: number
}

export interface Proposal {
  readonly seq: number
  readonly subject: string
  readonly headers: string
  readonly body: Uint8Array
  readonly expectation: Expectation
}

export type Proposed =
  | { readonly _tag: "Proposed"; readonly proposal: Proposal }
  | { readonly _tag: "Duplicate"; readonly seq: number }
  | { readonly _tag: "Refused"; readonly error: ApiError }

const refused = (code: number, errCode: number, description: string): Proposed => ({
  _tag: "Refused",
  error: { code, errCode, description },
})

const nothing: Expectation = {}

export class StreamModel {
  readonly config: StreamConfig
  /** Messages by sequence − `#base`; holes where they were removed. */
  #messages: Array<StoredMessage | undefined> = []
  #base = 1
  #count = 0
  #bytes = 0
  #proposed = 0
  readonly #ids = new Map<string, { readonly seq: number; readonly atMs: number }>()
  /** Ids on their way through three servers, and subjects with a guarded write on its way. */
  readonly #idsInFlight = new Set<string>()
  readonly #subjectsInFlight = new Set<string>()
  readonly #lastOf = new Map<string, number>()
  #nextEndMs = Number.POSITIVE_INFINITY

  constructor(config: StreamConfig) {
    this.config = config
  }

  get lastSeq(): number {
    return this.#base + this.#messages.length - 1
  }

  /** The first sequence still held; last + 1 if there is none. */
  get firstSeq(): number {
    if (this.#count === 0) return this.lastSeq + 1
    let seq = this.#base
    while (this.#messages[seq - this.#base] === undefined) seq++
    return seq
  }

  get count(): number {
    return this.#count
  }

  /** Everything a leader checks before a message is stored. One server looks at the expected sequence first, three at the message id first. */
  propose(nowMs: number, subject: string, headers: string, body: Uint8Array, expectation: Expectation = nothing): Proposed {
    const stored = this.config.transform?.(subject) ?? subject
    const order = this.config.replicas === 3 ? [this.#checkId, this.#checkExpected] : [this.#checkExpected, this.#checkId]
    const limit = this.#checkLimits(stored, headers, body, nowMs, expectation)
    for (const check of order) {
      const answer = check.call(this, stored, expectation, nowMs)
      if (answer !== undefined) return answer
    }
    if (limit !== undefined) return limit
    this.#proposed++
    const { messageId, lastSubjectSeq } = expectation
    if (this.config.replicas === 3 && messageId !== undefined) this.#idsInFlight.add(messageId)
    if (this.config.replicas === 3 && lastSubjectSeq !== undefined) this.#subjectsInFlight.add(stored)
    return { _tag: "Proposed", proposal: { seq: this.lastSeq + this.#proposed, subject: stored, headers, body, expectation } }
  }

  /** Stores a proposed message. Returns its sequence. */
  commit(proposal: Proposal, nowMs: number): number {
    this.#settle(proposal)
    const { subject, headers, body, expectation } = proposal
    const { messageId = "", ttlMs } = expectation
    const endsMs = ttlMs === undefined ? Number.POSITIVE_INFINITY : nowMs + ttlMs
    const seq = this.#store({ subject, headers, messageId, body, atMs: nowMs, endsMs, isMarker: false })
    if (messageId !== "") this.#ids.set(messageId, { seq, atMs: nowMs })
    return seq
  }

  /** A proposal that came to nothing: its leader lost its office. */
  drop(proposal: Proposal): void {
    this.#settle(proposal)
  }

  /** Proposes and commits in one go, as one server does. */
  publish(nowMs: number, subject: string, headers: string, body: Uint8Array, expectation: Expectation = nothing): Proposed {
    const proposed = this.propose(nowMs, subject, headers, body, expectation)
    if (proposed._tag === "Proposed") this.commit(proposed.proposal, nowMs)
    return proposed
  }

  at(seq: number): StoredMessage | undefined {
    return this.#messages[seq - this.#base]
  }

  lastOf(subject: string): StoredMessage | undefined {
    const seq = this.#lastOf.get(subject)
    return seq === undefined ? undefined : this.at(seq)
  }

  /** The newest message of every subject, by sequence; for streams that keep only those. */
  lasts(): ReadonlyArray<StoredMessage> {
    return this.#messages.filter((message) => message !== undefined)
  }

  /** Removes messages below `beforeSeq` whose subject begins with `prefix`. */
  purge(prefix: string, beforeSeq: number): ApiError | undefined {
    if (this.config.denyPurge === true) return { code: 400, errCode: 10110, description: "stream purge not permitted" }
    const to = Math.min(beforeSeq, this.lastSeq + 1)
    for (let seq = this.#base; seq < to; seq++) if (this.at(seq)?.subject.startsWith(prefix) === true) this.#remove(seq)
    return undefined
  }

  /** The unsynced tail is lost: at most `count` messages, and their sequences are used again. Returns how many. */
  loseTail(count: number): number {
    const kept = Math.max(0, this.#messages.length - count)
    const lost = this.#messages.length - kept
    for (let seq = this.#base + kept; seq <= this.lastSeq; seq++) {
      const message = this.at(seq)
      if (message === undefined) continue
      this.#ids.delete(message.messageId)
      this.#remove(seq)
    }
    this.#messages.length = kept
    this.#proposed = 0
    this.#idsInFlight.clear()
    this.#subjectsInFlight.clear()
    return lost
  }

  /** The window of message ids is empty, as after a restart that could not rebuild it. */
  forgetIds(): void {
    this.#ids.clear()
  }

  /** When the next message's time is up. */
  get nextEndMs(): number {
    return this.#nextEndMs
  }

  /** Removes what has outlived its time, leaving markers. Returns these. */
  expire(nowMs: number): ReadonlyArray<StoredMessage> {
    if (nowMs < this.#nextEndMs) return []
    const ended = this.lasts().filter(({ endsMs }) => endsMs <= nowMs)
    this.#nextEndMs = Number.POSITIVE_INFINITY
    const markers: Array<StoredMessage> = []
    for (const { seq, subject, isMarker } of ended) {
      this.#remove(seq)
      if (isMarker || this.config.markerMs === undefined) continue
      const endsMs = nowMs + this.config.markerMs
      const headers = "Nats-Marker-Reason: MaxAge"
      const marker = this.#store({ subject, headers, messageId: "", body: new Uint8Array(), atMs: nowMs, endsMs, isMarker: true })
      markers.push(this.at(marker) as StoredMessage)
    }
    for (const { endsMs } of this.lasts()) this.#nextEndMs = Math.min(this.#nextEndMs, endsMs)
    return markers
  }

  #checkId(_subject: string, { messageId }: Expectation, nowMs: number): Proposed | undefined {
    if (messageId === undefined || messageId === "") return undefined
    const known = this.#ids.get(messageId)
    if (known !== undefined && nowMs - known.atMs < this.config.duplicateWindowMs) return { _tag: "Duplicate", seq: known.seq }
    if (known !== undefined) this.#ids.delete(messageId)
    if (this.#idsInFlight.has(messageId)) return refused(409, 10158, "duplicate message id is in process")
    return undefined
  }

  #checkExpected(subject: string, { lastSeq, lastSubjectSeq }: Expectation): Proposed | undefined {
    const end = this.lastSeq + this.#proposed
    if (lastSeq !== undefined && lastSeq !== end) return refused(400, 10071, `wrong last sequence: ${end}`)
    if (lastSubjectSeq === undefined) return undefined
    if (this.#subjectsInFlight.has(subject)) return refused(400, 10164, "wrong last sequence")
    const last = this.lastOf(subject)?.seq ?? 0
    return last === lastSubjectSeq ? undefined : refused(400, 10071, `wrong last sequence: ${last}`)
  }

  #checkLimits(subject: string, headers: string, body: Uint8Array, _nowMs: number, _expectation: Expectation): Proposed | undefined {
    const { messageBytesMax, messagesMax, bytesMax, lastOnly } = this.config
    const bytes = headers.length + body.length
    if (messageBytesMax !== undefined && bytes > messageBytesMax) return refused(400, 10054, "message size exceeds maximum allowed")
    const replaces = lastOnly === true && this.#lastOf.has(subject)
    if (messagesMax !== undefined && !replaces && this.#count + this.#proposed >= messagesMax)
      return refused(503, 10077, "maximum messages exceeded")
    if (bytesMax !== undefined && this.#bytes + bytes > bytesMax) return refused(503, 10077, "maximum bytes exceeded")
    return undefined
  }

  #settle({ expectation: { messageId }, subject }: Proposal): void {
    if (this.#proposed > 0) this.#proposed--
    if (messageId !== undefined) this.#idsInFlight.delete(messageId)
    this.#subjectsInFlight.delete(subject)
  }

  #store(message: Omit<StoredMessage, "seq">): number {
    const seq = this.lastSeq + 1
    const former = this.config.lastOnly === true ? this.#lastOf.get(message.subject) : undefined
    if (former !== undefined) this.#remove(former)
    this.#messages.push({ ...message, seq })
    this.#count++
    this.#bytes += message.headers.length + message.body.length
    if (this.config.lastOnly === true) this.#lastOf.set(message.subject, seq)
    this.#nextEndMs = Math.min(this.#nextEndMs, message.endsMs)
    return seq
  }

  #remove(seq: number): void {
    const message = this.at(seq)
    if (message === undefined) return
    this.#messages[seq - this.#base] = undefined
    this.#count--
    this.#bytes -= message.headers.length + message.body.length
    if (this.#lastOf.get(message.subject) === seq) this.#lastOf.delete(message.subject)
  }
}
