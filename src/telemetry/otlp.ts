/**
 * Sends spans to a collector: OTLP over HTTP, as JSON. Nothing waits for it: what is told is put into a line of bounded length, and what doesn't fit is dropped and counted.
 *
 * One request is under way at a time. While a collector can't be reached, or takes longer than it may, its spans stay in the line and are sent again after a pause; what it refuses for good is dropped and counted.
 */
import { spanCloseMs, spanExportMs, spanPauseMsMax, spanRequestMsMax, spansPerRequestMax, spansWaitingMax } from "../limits.ts"
import type { SpanKind, SpanPlace, ToldSpan } from "./spans.ts"

/** Why spans were dropped: more waited than may, or the collector did not take them. */
export const SpanDropped = ["full", "refused"] as const
export type SpanDropped = (typeof SpanDropped)[number]

/** Who hears what becomes of spans. Plain calls. */
export interface SpanCounts {
  readonly sent: (count: number) => void
  readonly dropped: (why: SpanDropped, count: number) => void
}

/** What an exporter is made with. */
export interface SpanExporterOptions {
  /** `http://host:4318` of the collector. */
  readonly otlpUrl: string
  /** What tells the process from others. */
  readonly resource: Readonly<Record<string, string>>
  readonly counts: SpanCounts
  /** Told why a collector can't be reached, once, and null when it is again. */
  readonly say: (cause: string | null) => void
  /** Milliseconds after which what waits is sent; as usual if absent. */
  readonly exportMs?: number
}

const kindNumber: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 }
const statusError = 2

/** Whole nanoseconds, as a text of digits: more than a number holds. */
const nanosOf = (ms: number): string => `${BigInt(Math.round(ms * 1_000)) * 1_000n}`

const anyValue = (value: string | number) => {
  if (typeof value === "string") return { stringValue: value }
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

const attributesOf = (attributes: Readonly<Record<string, string | number>>) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))

const linkOf = ({ traceId, spanId }: SpanPlace) => ({ traceId, spanId })

const spanJson = ({ traceId, spanId, parentId, name, kind, fromMs, toMs, attributes, links, isError }: ToldSpan) => ({
  traceId,
  spanId,
  ...(parentId === undefined ? {} : { parentSpanId: parentId }),
  name,
  kind: kindNumber[kind],
  startTimeUnixNano: nanosOf(fromMs),
  endTimeUnixNano: nanosOf(toMs),
  attributes: attributesOf(attributes),
  ...(links.length === 0 ? {} : { links: links.map(linkOf) }),
  status: isError ? { code: statusError } : {},
})

/** What became of a request: how many of its spans were taken, or that it is worth sending them again. */
type Sent = { readonly refused: number } | { readonly again: string }

/** Statuses after which OTLP has a client send the same again. */
const passing = [408, 429, 502, 503, 504]

/** Spans that a collector says it did not take of a request that it took. */
const rejectedIn = (body: string): number => {
  try {
    const told = JSON.parse(body) as { readonly partialSuccess?: { readonly rejectedSpans?: number | string } } | null
    const rejected = Number(told?.partialSuccess?.rejectedSpans ?? 0)
    return Number.isSafeInteger(rejected) ? Math.max(0, rejected) : 0
  } catch {
    return 0
  }
}

const post = async (url: string, body: string, count: number, signal: AbortSignal): Promise<Sent> => {
  try {
    const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body, signal })
    const text = await answer.text()
    if (answer.ok) return { refused: Math.min(count, rejectedIn(text)) }
    return passing.includes(answer.status) ? { again: `it answers ${answer.status}` } : { refused: count }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return { again: cause instanceof Error ? cause.message : String(cause) }
  }
}

/** A line of spans to one collector. */
export class SpanExporter {
  readonly #url: string
  readonly #options: SpanExporterOptions
  readonly #resource: object
  #waiting: Array<ToldSpan> = []
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  readonly #exportMs: number
  #pauseMs: number
  #isAway = false
  #isClosed = false
  readonly #ended = new AbortController()

  constructor(options: SpanExporterOptions) {
    this.#url = `${options.otlpUrl.replace(/\/+$/, "")}/v1/traces`
    this.#options = options
    this.#resource = { attributes: attributesOf(options.resource) }
    this.#exportMs = options.exportMs ?? spanExportMs
    this.#pauseMs = this.#exportMs
  }

  /** Spans that wait, those under way included. */
  get waiting(): number {
    return this.#waiting.length
  }

  readonly tell = (span: ToldSpan): void => {
    if (this.#isClosed || this.#waiting.length >= spansWaitingMax) return this.#options.counts.dropped("full", 1)
    this.#waiting.push(span)
    if (this.#sending !== undefined) return
    // Exactly as many: what is told after it finds the timer set.
    if (this.#waiting.length === spansPerRequestMax && this.#isMany()) this.#sendIn(0)
    else if (this.#timer === undefined) this.#sendIn(this.#pauseMs)
  }

  /** Whether a request is full, and a collector there to take it. */
  #isMany(): boolean {
    return this.#waiting.length >= spansPerRequestMax && !this.#isAway
  }

  #sendIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#begin(), ms)
    // It keeps no process from ending.
    this.#timer.unref()
  }

  #begin(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sending = this.#send().finally(() => {
      this.#sending = undefined
      if (this.#waiting.length > 0 && !this.#isClosed) this.#sendIn(this.#isMany() ? 0 : this.#pauseMs)
    })
  }

  async #send(): Promise<void> {
    const spans = this.#waiting.slice(0, spansPerRequestMax)
    if (spans.length === 0) return
    const body = JSON.stringify({
      resourceSpans: [{ resource: this.#resource, scopeSpans: [{ scope: { name: "holdfast" }, spans: spans.map(spanJson) }] }],
    })
    const sent = await post(this.#url, body, spans.length, AbortSignal.any([AbortSignal.timeout(spanRequestMsMax), this.#ended.signal]))
    if ("again" in sent) return this.#failed(sent.again)
    this.#waiting.splice(0, spans.length)
    this.#pauseMs = this.#exportMs
    if (this.#isAway) this.#options.say(null)
    this.#isAway = false
    const { counts } = this.#options
    if (sent.refused > 0) counts.dropped("refused", sent.refused)
    counts.sent(spans.length - sent.refused)
  }

  #failed(cause: string): void {
    if (!this.#isAway && !this.#isClosed) this.#options.say(cause)
    this.#isAway = true
    this.#pauseMs = Math.min(2 * this.#pauseMs, spanPauseMsMax)
  }

  /** Sends what waits, as far as a moment goes, and takes nothing more. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    const late = setTimeout(() => this.#ended.abort(), spanCloseMs)
    await this.#sending
    while (this.#waiting.length > 0 && !this.#isAway && !this.#ended.signal.aborted) await this.#send()
    clearTimeout(late)
  }
}
