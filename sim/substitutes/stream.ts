/**
 * One JetStream stream as the server keeps it: sequences, expected sequences, the window of message ids, limits, purging, a lost tail.
 *
 * A model of what callers can observe, held against real servers by the conformance suite; it knows no network and no time but what it is told.
 * A write is proposed and then committed, because three servers do these at different times and one server at once. Where one and three
 * answer differently (`replicas`), so does this. Proposals are to be committed or dropped in the order in which they were made, as a log is.
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
  /** Milliseconds for which message ids are remembered. */
  readonly duplicateWindowMs: number
  readonly messagesMax?: number
  /** Bytes of all messages as the server's files hold them: subject, headers and body, and a frame around them. */
  readonly bytesMax?: number
  /** Bytes of one message: headers as they are sent, and body. */
  readonly messageBytesMax?: number
  /** Only the newest message of each subject stays: a key-value bucket, or the feed. */
  readonly lastOnly?: boolean
  /** Whether time to live is allowed, and how long the marker stays that the server then leaves. */
  readonly markerMs?: number
  readonly denyDelete?: boolean
  /** Whether a message may take the place of all others of its subject by a header. Where it may, subjects hold only their newest. */
  readonly allowRollup?: boolean
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
  /** Whose newest message `lastSubjectSeq` is: a subject as it is stored, or a filter. The message's own subject unless given. */
  readonly lastSubjectFilter?: string
  /** Counts in whole seconds, rounded down; less than one is refused. */
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
const rollupLine = /^Nats-Rollup: ./m
const noBytes = new Uint8Array()
const ttlMsMin = 1_000
/** What the server's files hold around a message, and around its headers. */
const frameBytes = 30
const headersFrameBytes = 4
/** The sequence of a message id whose message is on its way through three servers. */
const inFlight = 0
/** When a marker is due whose subject has a write on its way: asked again this much later. */
const markerRetryMs = 1
/** Unused places at the beginning that are worth cutting off. */
const slackMax = 4_096

/** A header text as it is sent: a status line, `name: value` lines and an empty one, each with two bytes at its end. */
const sentBytes = (headers: string): number => {
  if (headers === "") return 0
  let lines = 1
  for (let at = headers.indexOf("\n"); at >= 0; at = headers.indexOf("\n", at + 1)) lines++
  return 13 + headers.length + lines
}

const storedBytes = ({ subject, headers, body }: Pick<Proposal, "subject" | "headers" | "body">): number =>
  frameBytes + subject.length + (headers === "" ? 0 : headersFrameBytes + sentBytes(headers)) + body.length

/** Go's way to write whole seconds. */
const goDuration = (ms: number): string => {
  const seconds = Math.floor(ms / 1_000)
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60]
  return h > 0 ? `${h}h${m}m${s}s` : m > 0 ? `${m}m${s}s` : `${s}s`
}

/** Whether a filter takes a subject: `*` stands for one token, `>` for all that follow. */
export const filterTakes = (filter: string, subject: string): boolean => {
  const [wanted, tokens] = [filter.split("."), subject.split(".")]
  for (const [i, token] of wanted.entries()) {
    if (token === ">") return tokens.length > i
    if (i >= tokens.length || (token !== "*" && token !== tokens[i])) return false
  }
  return wanted.length === tokens.length
}

interface KnownId {
  readonly seq: number
  readonly atMs: number
}

export class StreamModel {
  readonly config: StreamConfig
  /** Messages by sequence − `#base`; holes where they were removed. */
  #messages: Array<StoredMessage | undefined> = []
  #base = 1
  /** Nothing is held below. */
  #firstSeq = 1
  #count = 0
  #bytes = 0
  /** Those in flight have the sequence 0. */
  readonly #ids = new Map<string, KnownId>()
  /** Ids as they were stored, the oldest at `#oldestId`: so that they are forgotten in turn. */
  #storedIds: Array<string> = []
  #oldestId = 0
  /** On their way through three servers, in order. */
  readonly #proposals = new Set<Proposal>()
  #proposedBytes = 0
  /** The newest sequence of each subject. In a stream that keeps only these, in the order of sequences. Made when it is first asked for. */
  #lastOf: Map<string, number> | undefined
  /** Sequences of messages with a time to live, in order. */
  readonly #ending = new Set<number>()
  /** Subjects whose marker has to wait for a write that is on its way. */
  readonly #overdue = new Set<string>()
  #nextEndMs = Number.POSITIVE_INFINITY

  constructor(config: StreamConfig) {
    this.config = config
    if (config.lastOnly === true) this.#lastOf = new Map()
  }

  get lastSeq(): number {
    return this.#base + this.#messages.length - 1
  }

  /** The first sequence still held; last + 1 if there is none, 0 if there never was any. */
  get firstSeq(): number {
    if (this.lastSeq === 0) return 0
    while (this.#firstSeq <= this.lastSeq && this.at(this.#firstSeq) === undefined) this.#firstSeq++
    return this.#firstSeq
  }

  get count(): number {
    return this.#count
  }

  /**
   * Everything a leader checks before a message is stored, in its order: one server looks at the expected sequences (the subject's, then the
   * stream's) before the message id, three at the id first, then at the stream's, then at the subject's.
   */
  propose(nowMs: number, subject: string, headers: string, body: Uint8Array, expectation: Expectation = nothing): Proposed {
    const refusal =
      this.#checkSize(headers, body) ??
      (this.config.replicas === 3
        ? (this.#checkTtl(expectation) ??
          this.#checkId(expectation, nowMs) ??
          this.#checkLastSeq(expectation) ??
          this.#checkLastSubjectSeq(subject, expectation) ??
          this.#checkRollup(headers))
        : (this.#checkTtlAllowed(expectation) ??
          this.#checkLastSubjectSeq(subject, expectation) ??
          this.#checkLastSeq(expectation) ??
          this.#checkId(expectation, nowMs) ??
          this.#checkRollup(headers) ??
          this.#checkTtl(expectation))) ??
      this.#checkRoom(subject, headers, body)
    if (refusal !== undefined) return refusal
    const proposal = { seq: this.lastSeq + this.#proposals.size + 1, subject, headers, body, expectation }
    this.#proposals.add(proposal)
    if (this.config.bytesMax !== undefined) this.#proposedBytes += storedBytes(proposal)
    const { messageId = "" } = expectation
    if (messageId !== "") this.#ids.set(messageId, { seq: inFlight, atMs: nowMs })
    return { _tag: "Proposed", proposal }
  }

  /** Stores a proposed message. Returns its sequence. */
  commit(proposal: Proposal, nowMs: number): number {
    this.#settle(proposal)
    const { subject, headers, body, expectation } = proposal
    const { messageId = "", ttlMs } = expectation
    const endsMs = ttlMs === undefined ? Number.POSITIVE_INFINITY : nowMs + Math.floor(ttlMs / 1_000) * 1_000
    const seq = this.#store({ subject, headers, messageId, body, atMs: nowMs, endsMs, isMarker: false })
    if (messageId === "") return seq
    this.#ids.set(messageId, { seq, atMs: nowMs })
    this.#storedIds.push(messageId)
    this.#forgetOld(nowMs)
    return seq
  }

  /** A proposal that came to nothing: its leader lost its office. */
  drop(proposal: Proposal): void {
    this.#settle(proposal)
    const { messageId = "" } = proposal.expectation
    if (this.#ids.get(messageId)?.seq === inFlight) this.#ids.delete(messageId)
  }

  /** Another leader: what is on its way is no longer counted with, whether it is committed later or not. */
  stepDown(): void {
    for (const proposal of this.#proposals) this.drop(proposal)
  }

  /** The server begins anew with what it holds: ids of messages that are no longer there are forgotten. */
  restart(): void {
    this.stepDown()
    for (const [id, { seq }] of this.#ids) if (this.at(seq) === undefined) this.#ids.delete(id)
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
    const seq = this.#index().get(subject)
    return seq === undefined ? undefined : this.at(seq)
  }

  /** All that is held, by sequence. In streams that keep only the newest of every subject, that is these. */
  lasts(): ReadonlyArray<StoredMessage> {
    const held = this.config.lastOnly === true ? Array.from(this.#index().values(), (seq) => this.at(seq)) : this.#messages
    return held.filter((message) => message !== undefined)
  }

  /** Removes messages below `beforeSeq` whose subject begins with `prefix`. Sequences are not used again, ids stay known. */
  purge(prefix: string, beforeSeq: number): void {
    const to = Math.min(beforeSeq, this.lastSeq + 1)
    for (let seq = Math.max(1, this.firstSeq); seq < to; seq++) if (this.at(seq)?.subject.startsWith(prefix) === true) this.#remove(seq)
    this.#cut()
  }

  /** Removes one message. */
  delete(seq: number): ApiError | undefined {
    if (this.config.denyDelete === true) return { code: 500, errCode: 10057, description: "message delete not permitted" }
    if (this.at(seq) === undefined) return { code: 400, errCode: 10043, description: `sequence ${seq} not found` }
    this.#remove(seq)
    return undefined
  }

  /** The unsynced tail is lost: at most `count` messages, and their sequences are used again. Returns how many. */
  loseTail(count: number): number {
    this.stepDown()
    const kept = Math.max(0, this.#messages.length - count)
    const lost = this.#messages.length - kept
    for (let seq = this.#base + kept; seq <= this.lastSeq; seq++) {
      const message = this.at(seq)
      if (message === undefined) continue
      this.#ids.delete(message.messageId)
      this.#remove(seq)
    }
    this.#messages.length = kept
    this.#firstSeq = Math.min(this.#firstSeq, this.lastSeq + 1)
    return lost
  }

  /** The window of message ids is empty, as after a restart that could not rebuild it. */
  forgetIds(): void {
    this.#ids.clear()
    this.#storedIds = []
    this.#oldestId = 0
  }

  /** When the next message's time is up. */
  get nextEndMs(): number {
    return this.#nextEndMs
  }

  /**
   * Removes what has outlived its time, leaving markers. Returns these. On three servers a marker is stored behind the writes that are on their
   * way to its subject, and takes their place: a key renewed in the last moment is acknowledged and then gone.
   */
  expire(nowMs: number): ReadonlyArray<StoredMessage> {
    if (nowMs < this.#nextEndMs) return []
    const markers: Array<StoredMessage> = []
    let nextEndMs = Number.POSITIVE_INFINITY
    for (const subject of this.#overdue) {
      if (this.#isWritten(subject)) continue
      this.#overdue.delete(subject)
      this.#mark(subject, nowMs, markers)
    }
    for (const seq of this.#ending) {
      const message = this.at(seq) as StoredMessage
      if (message.endsMs > nowMs) nextEndMs = Math.min(nextEndMs, message.endsMs)
      else if (this.#isLeftAMarker(message)) {
        if (this.#isWritten(message.subject)) this.#overdue.add(message.subject)
        else this.#mark(message.subject, nowMs, markers)
      } else this.#remove(seq)
    }
    for (const { endsMs } of markers) nextEndMs = Math.min(nextEndMs, endsMs)
    this.#nextEndMs = this.#overdue.size > 0 ? nowMs + markerRetryMs : nextEndMs
    return markers
  }

  #isLeftAMarker({ seq, subject, headers, isMarker }: StoredMessage): boolean {
    if (isMarker || this.config.markerMs === undefined || headers.includes("KV-Operation: PURGE")) return false
    return this.#index().get(subject) === seq
  }

  /** Whether a write to the subject is on its way. */
  #isWritten(subject: string): boolean {
    for (const proposal of this.#proposals) if (proposal.subject === subject) return true
    return false
  }

  /** Puts a marker in the place of all that a subject holds. */
  #mark(subject: string, nowMs: number, markers: Array<StoredMessage>): void {
    const former = this.#index().get(subject)
    if (former !== undefined) this.#remove(former)
    const markerMs = this.config.markerMs ?? 0
    const headers = `Nats-Marker-Reason: MaxAge\nNats-TTL: ${goDuration(markerMs)}\nNats-Rollup: sub`
    const seq = this.#store({ subject, headers, messageId: "", body: noBytes, atMs: nowMs, endsMs: nowMs + markerMs, isMarker: true })
    markers.push(this.at(seq) as StoredMessage)
  }

  #forgetOld(nowMs: number): void {
    while (this.#oldestId < this.#storedIds.length) {
      const id = this.#storedIds[this.#oldestId] as string
      const known = this.#ids.get(id)
      if (known !== undefined && known.seq !== inFlight) {
        if (!this.#isForgotten(known.atMs, nowMs)) break
        this.#ids.delete(id)
      }
      this.#oldestId++
    }
    if (this.#oldestId <= slackMax || this.#oldestId * 2 < this.#storedIds.length) return
    this.#storedIds = this.#storedIds.slice(this.#oldestId)
    this.#oldestId = 0
  }

  #isForgotten(atMs: number, nowMs: number): boolean {
    return nowMs - atMs >= this.config.duplicateWindowMs
  }

  #checkId({ messageId = "" }: Expectation, nowMs: number): Proposed | undefined {
    if (messageId === "") return undefined
    const known = this.#ids.get(messageId)
    if (known === undefined) return undefined
    if (known.seq === inFlight) return refused(409, 10158, "duplicate message id is in process")
    if (!this.#isForgotten(known.atMs, nowMs)) return { _tag: "Duplicate", seq: known.seq }
    this.#ids.delete(messageId)
    return undefined
  }

  #checkLastSeq({ lastSeq }: Expectation): Proposed | undefined {
    const end = this.lastSeq + this.#proposals.size
    return lastSeq === undefined || lastSeq === end ? undefined : refused(400, 10071, `wrong last sequence: ${end}`)
  }

  #checkLastSubjectSeq(subject: string, { lastSubjectSeq, lastSubjectFilter }: Expectation): Proposed | undefined {
    if (lastSubjectSeq === undefined) return undefined
    const guard = lastSubjectFilter ?? subject
    // The server looks for the guard's text among subjects and guards in flight: a filter does not find a subject that it takes.
    for (const { subject: written, expectation } of this.#proposals) {
      const other = expectation.lastSubjectSeq === undefined ? undefined : (expectation.lastSubjectFilter ?? written)
      if (written === guard || other === guard) return refused(400, 10164, "wrong last sequence")
    }
    const last = lastSubjectFilter === undefined ? (this.#index().get(subject) ?? 0) : this.#lastOfFilter(lastSubjectFilter)
    return last === lastSubjectSeq ? undefined : refused(400, 10071, `wrong last sequence: ${last}`)
  }

  #lastOfFilter(filter: string): number {
    let last = 0
    for (const [subject, seq] of this.#index()) if (seq > last && filterTakes(filter, subject)) last = seq
    return last
  }

  #checkTtlAllowed({ ttlMs }: Expectation): Proposed | undefined {
    const isAllowed = this.config.markerMs !== undefined || ttlMs === undefined || ttlMs < ttlMsMin
    return isAllowed ? undefined : refused(400, 10166, "per-message TTL is disabled")
  }

  #checkTtl({ ttlMs }: Expectation): Proposed | undefined {
    if (ttlMs === undefined) return undefined
    if (this.config.replicas === 3 && this.config.markerMs === undefined) return refused(400, 10166, "per-message TTL is disabled")
    return ttlMs < ttlMsMin ? refused(400, 10165, "invalid per-message TTL") : undefined
  }

  #checkRollup(headers: string): Proposed | undefined {
    if (headers === "" || this.config.allowRollup === true || !rollupLine.test(headers)) return undefined
    return refused(500, 10111, "rollup not permitted")
  }

  #checkSize(headers: string, body: Uint8Array): Proposed | undefined {
    const { messageBytesMax } = this.config
    if (messageBytesMax === undefined || sentBytes(headers) + body.length <= messageBytesMax) return undefined
    return refused(400, 10054, "message size exceeds maximum allowed")
  }

  /** Three servers count what is on its way, and do not see that a message takes the place of another. */
  #checkRoom(subject: string, headers: string, body: Uint8Array): Proposed | undefined {
    const { messagesMax, bytesMax, lastOnly, replicas } = this.config
    if (messagesMax === undefined && bytesMax === undefined) return undefined
    const former = lastOnly === true && replicas === 1 ? this.lastOf(subject) : undefined
    if (messagesMax !== undefined && former === undefined && this.#count + this.#proposals.size >= messagesMax)
      return refused(503, 10077, "maximum messages exceeded")
    if (bytesMax === undefined) return undefined
    const bytes = storedBytes({ subject, headers, body })
    if (this.#bytes + this.#proposedBytes + bytes <= bytesMax) return undefined
    return former !== undefined && storedBytes(former) >= bytes ? undefined : refused(503, 10077, "maximum bytes exceeded")
  }

  #settle(proposal: Proposal): void {
    if (this.#proposals.delete(proposal) && this.config.bytesMax !== undefined) this.#proposedBytes -= storedBytes(proposal)
  }

  #store(message: Omit<StoredMessage, "seq">): number {
    const seq = this.lastSeq + 1
    const former = this.config.lastOnly === true ? this.#lastOf?.get(message.subject) : undefined
    if (former !== undefined) this.#remove(former)
    this.#messages.push({ ...message, seq })
    this.#count++
    if (this.config.bytesMax !== undefined) this.#bytes += storedBytes(message)
    this.#lastOf?.set(message.subject, seq)
    if (message.endsMs !== Number.POSITIVE_INFINITY) {
      this.#ending.add(seq)
      this.#nextEndMs = Math.min(this.#nextEndMs, message.endsMs)
    }
    if (former !== undefined) this.#cut()
    return seq
  }

  #remove(seq: number): void {
    const message = this.at(seq)
    if (message === undefined) return
    this.#messages[seq - this.#base] = undefined
    this.#count--
    if (this.config.bytesMax !== undefined) this.#bytes -= storedBytes(message)
    this.#ending.delete(seq)
    if (this.#lastOf?.get(message.subject) !== seq) return
    // Another one of the subject may be older: looked for when it is asked for.
    if (this.config.lastOnly === true) this.#lastOf.delete(message.subject)
    else this.#lastOf = undefined
  }

  #index(): Map<string, number> {
    if (this.#lastOf !== undefined) return this.#lastOf
    const index = new Map<string, number>()
    for (const message of this.#messages) if (message !== undefined) index.set(message.subject, message.seq)
    this.#lastOf = index
    return index
  }

  /** Cuts off unused places at the beginning, once there are many: so rarely that each message pays for little of it. */
  #cut(): void {
    const unused = this.firstSeq - this.#base
    if (unused <= slackMax || unused * 2 < this.#messages.length) return
    this.#messages = this.#messages.slice(unused)
    this.#base += unused
  }
}
