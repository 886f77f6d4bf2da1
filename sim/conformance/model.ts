/**
 * Plays a conformance case on the model of a stream and writes down what it answered, line by line, as the real servers are written down.
 *
 * Times are left out: what they decide shows in what is stored and what is refused.
 */
import { unreachable } from "../../src/assert.ts"
import { journalSubject, snapshotSubjects, storedOf } from "../../src/wire/subjects.ts"
import { type ApiError, filterTakes, type Proposal, type StoredMessage, type StreamConfig, StreamModel } from "../substitutes/stream.ts"
import type { Case, CaseStream, Publish, Step, StreamKind } from "./case.ts"
import { answerLine, errorLine, headerLines, infoLine, messageLine, nobodyLine, readLines, silenceLine } from "./transcript.ts"

/** The server's own, where a stream doesn't say: two minutes. */
const defaultWindowMs = 120_000
const hourMs = 3_600_000
/** Any moment will do: none is written down. */
const startMs = 1_000_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Subjects that a stream takes, and its settings, which the tests hold to those a worker creates it with. */
const kinds: Readonly<
  Record<StreamKind, { readonly takes: ReadonlyArray<string>; readonly config: Omit<StreamConfig, "name" | "replicas"> }>
> = {
  commands: { takes: [storedOf("sku", "*")], config: { duplicateWindowMs: 100 } },
  journal: { takes: [journalSubject("sku", 0)], config: { duplicateWindowMs: defaultWindowMs, denyDelete: true } },
  otherJournal: { takes: [journalSubject("sku", 1)], config: { duplicateWindowMs: defaultWindowMs, denyDelete: true } },
  keys: {
    takes: ["$KV.HF_LEASES.>"],
    config: { duplicateWindowMs: defaultWindowMs, lastOnly: true, markerMs: hourMs, denyDelete: true, allowRollup: true },
  },
  snapshots: { takes: snapshotSubjects("sku"), config: { duplicateWindowMs: defaultWindowMs, lastOnly: true } },
}

export type MakeStream = (config: StreamConfig) => StreamModel

/** What happens to the servers, or with time. */
type Happening = Extract<
  Step,
  {
    readonly do:
      | "hold"
      | "release"
      | "pass"
      | "until"
      | "restart"
      | "stepDown"
      | "loseLeader"
      | "freezeLeader"
      | "untilLeader"
      | "thawLeader"
  }
>

interface Waiting {
  readonly line: number
  readonly stream: StreamModel
  readonly proposal: Proposal
}

interface Late {
  readonly line: number
  readonly publish: Publish
}

class Play {
  readonly lines: Array<string> = []
  readonly #replicas: 1 | 3
  readonly #survives: boolean
  readonly #streams: ReadonlyMap<StreamKind, StreamModel>
  #kind: StreamKind
  #nowMs = startMs
  #isHeld = false
  #isLeaderless = false
  #waiting: Array<Waiting> = []
  /** What is published now goes to a leader that stands still. */
  #late: Array<Late> | undefined
  /** What a leader got that stood still. */
  #kept: ReadonlyArray<Late> = []

  constructor({ streams }: Case, replicas: 1 | 3, survives: boolean, make: MakeStream) {
    this.#replicas = replicas
    this.#survives = survives
    const model = ({ kind, ...overrides }: CaseStream) => make({ ...kinds[kind].config, ...overrides, name: kind, replicas })
    this.#streams = new Map(streams.map((stream) => [stream.kind, model(stream)]))
    this.#kind = streams[0].kind
  }

  get #stream(): StreamModel {
    const stream = this.#streams.get(this.#kind)
    if (stream === undefined) throw new Error(`the case has no stream ${this.#kind}`)
    return stream
  }

  step(step: Step): void {
    const stream = this.#stream
    switch (step.do) {
      case "publish":
        return this.#publish(step)
      case "send":
        return step.messages.forEach((message) => {
          this.#publish(message)
        })
      case "at":
        return this.#found(stream.at(step.seq))
      case "last":
        return this.#found(stream.lastOf(step.subject))
      case "next":
        return this.#found(this.#held(step.seq, step.filter)[0])
      case "read":
        return this.#read(step.from, step.filter)
      case "purge":
        stream.purge(step.filter.replace(/[>*]$/, ""), step.before ?? Number.POSITIVE_INFINITY)
        return this.#done(undefined)
      case "delete":
        return this.#done(stream.delete(step.seq))
      case "info":
        return this.#say(infoLine(stream.count, stream.firstSeq, stream.lastSeq))
      case "use":
        this.#kind = step.kind
        return
      default:
        return this.#happen(step)
    }
  }

  #say(line: string): void {
    this.lines.push(line)
  }

  #done(error: ApiError | undefined): void {
    this.#say(error === undefined ? "done" : errorLine(error))
  }

  #found(message: StoredMessage | undefined): void {
    this.#say(message === undefined ? errorLine({ code: 404, errCode: 10037, description: "no message found" }) : this.#message(message))
  }

  #message({ seq, subject, headers, body }: StoredMessage): string {
    return messageLine(seq, subject, headers, decoder.decode(body))
  }

  #held(from: number, filter: string): ReadonlyArray<StoredMessage> {
    return this.#stream.lasts().filter(({ seq, subject }) => seq >= from && filterTakes(filter, subject))
  }

  #read(from: number | "latest", filter: string): void {
    const held = this.#held(from === "latest" ? 1 : from, filter)
    const newest = held.filter(({ subject, seq }) => from !== "latest" || this.#stream.lastOf(subject)?.seq === seq)
    this.lines.push(...readLines(newest.map((message) => this.#message(message))))
  }

  #happen(step: Happening): void {
    switch (step.do) {
      case "hold":
        this.#isHeld = this.#replicas === 3
        return
      case "release":
        this.#isHeld = false
        return this.#arrive()
      case "pass":
        this.#nowMs += step.ms
        for (const stream of this.#streams.values()) stream.expire(this.#nowMs)
        return
      case "until":
        return this.#until(step.lastSeq ?? 0, step.count ?? Number.POSITIVE_INFINITY)
      case "restart":
        for (const stream of this.#streams.values()) stream.restart()
        return
      case "stepDown":
        for (const stream of this.#streams.values()) stream.stepDown()
        return
      case "loseLeader":
        return this.#loseLeader()
      case "freezeLeader":
        this.#late = []
        return
      case "untilLeader":
        this.#isLeaderless = false
        this.#kept = this.#late ?? []
        this.#late = undefined
        return
      case "thawLeader":
        return this.#arriveLate()
      default:
        return unreachable(step)
    }
  }

  #publish(publish: Publish): void {
    if (this.#isLeaderless || !kinds[this.#kind].takes.some((filter) => filterTakes(filter, publish.subject))) return this.#say(nobodyLine)
    if (this.#late !== undefined) {
      this.#say(silenceLine)
      this.#late.push({ line: this.lines.length - 1, publish })
      return
    }
    this.#say(this.#answered(publish))
  }

  /** The answer to what has arrived. */
  #answered(publish: Publish): string {
    const { subject, body = "", id, lastSeq, lastSubjectSeq, lastSubjectFilter, ttlMs } = publish
    const expectation = {
      ...(id === undefined ? {} : { messageId: id }),
      ...(lastSeq === undefined ? {} : { lastSeq }),
      ...(lastSubjectSeq === undefined ? {} : { lastSubjectSeq }),
      ...(lastSubjectFilter === undefined ? {} : { lastSubjectFilter }),
      ...(ttlMs === undefined ? {} : { ttlMs }),
    }
    const stream = this.#stream
    const proposed = stream.propose(this.#nowMs, subject, headerLines(publish), encoder.encode(body), expectation)
    if (proposed._tag === "Refused") return errorLine(proposed.error)
    if (proposed._tag === "Duplicate") return answerLine(proposed.seq, true)
    if (!this.#isHeld) return answerLine(stream.commit(proposed.proposal, this.#nowMs), false)
    this.#waiting.push({ line: this.lines.length, stream, proposal: proposed.proposal })
    // Until its answer comes, if it does.
    return silenceLine
  }

  #arriveLate(): void {
    if (this.#survives) for (const { line, publish } of this.#kept) this.lines[line] = this.#answered(publish)
    this.#kept = []
  }

  #arrive(): void {
    for (const { line, stream, proposal } of this.#waiting) this.lines[line] = answerLine(stream.commit(proposal, this.#nowMs), false)
    this.#waiting = []
  }

  #loseLeader(): void {
    for (const stream of this.#streams.values()) stream.stepDown()
    if (this.#survives) for (const { stream, proposal } of this.#waiting) stream.commit(proposal, this.#nowMs)
    this.#waiting = []
    this.#isHeld = false
    this.#isLeaderless = true
  }

  #until(lastSeq: number, count: number): void {
    const stream = this.#stream
    while (stream.lastSeq < lastSeq || stream.count > count) {
      if (stream.nextEndMs === Number.POSITIVE_INFINITY) throw new Error("waits for what never comes")
      this.#nowMs = Math.max(this.#nowMs, stream.nextEndMs)
      stream.expire(this.#nowMs)
    }
  }
}

const make: MakeStream = (config) => new StreamModel(config)

/** What the model answers to a case's steps, one array of lines for each outcome that is allowed. */
export const playOnModel = (played: Case, replicas: 1 | 3, makeStream: MakeStream = make): ReadonlyArray<ReadonlyArray<string>> =>
  (played.races === undefined ? [true] : [true, false]).map((survives) => {
    const play = new Play(played, replicas, survives, makeStream)
    for (const step of played.steps) play.step(step)
    return play.lines
  })
