/**
 * What is wrong with the streams and servers while they run, looked at every second: settings that a promise rests on, streams that are gone, room that is none, servers whose
 * JetStream is off, readers that were deaf. Through the streams' leaders, so that a server that knows less can't hide it.
 *
 * Only looks. What it means for a partition is the runtime's to judge (runtime/outage.ts).
 */
import { Effect, Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { BrokerTrouble } from "../ports/broker.ts"
import { BrokerUnavailable } from "../ports/errors.ts"
import { journalPartition, snapshotsStream } from "../wire/subjects.ts"
import type { Link } from "./connection.ts"
import { isStreamMissing } from "./errors.ts"
import { firstDifference, type StreamSizes, type StreamSpec, streamsFor } from "./streams.ts"
import { engineAccount } from "./subjects.ts"

const lookMs = 1_000
/** Streams asked about in one look: with more, each is looked at every few seconds. */
const streamsPerLookMax = 32
const answerTimeoutMs = 900
/** How long what happened at a moment is said to be: longer than whoever listens may be away for. */
const saidMs = 5_000

export interface TroublesOptions {
  /** Whose streams are looked at, beside those of no kind in particular. */
  readonly kind: Kind
  readonly sizes: StreamSizes
  readonly monitorUrls: ReadonlyArray<string>
}

const within = <A>(promise: Promise<A>): Promise<A> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${answerTimeoutMs} ms`)), answerTimeoutMs)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })

/** A lost snapshot costs time, never a promise. */
const isPromised = (kind: Kind, spec: StreamSpec): boolean => spec.config.name !== snapshotsStream(kind)

const settingsTrouble = (kind: Kind, spec: StreamSpec, setting: string, expected: string, found: string): BrokerTrouble => ({
  kind: "SettingsChanged",
  partition: journalPartition(kind, spec.config.name) ?? null,
  isOutage: isPromised(kind, spec),
  detail: `${setting} of stream ${spec.config.name} in account ${engineAccount} is ${found}, not ${expected}: set it back (nats stream edit ${spec.config.name})`,
})

const goneTrouble = (kind: Kind, spec: StreamSpec): BrokerTrouble => ({
  kind: "SettingsChanged",
  partition: journalPartition(kind, spec.config.name) ?? null,
  isOutage: isPromised(kind, spec),
  detail: `stream ${spec.config.name} in account ${engineAccount} is gone: restore it from a copy, or restart a worker, which makes an empty one`,
})

/** Undefined if nobody answered. */
const lookAtStream = async (link: Link, kind: Kind, spec: StreamSpec): Promise<BrokerTrouble | null | undefined> => {
  try {
    const { config } = await within(link.leaders.info(spec.config.name))
    const difference = firstDifference(spec, config)
    return difference === undefined ? null : settingsTrouble(kind, spec, difference.setting, difference.expected, difference.found)
  } catch (error) {
    return isStreamMissing(error) ? goneTrouble(kind, spec) : undefined
  }
}

/** A server whose disk was full has switched its JetStream off for good: it says so here and nowhere else. */
const lookAtServer = async (monitorUrl: string): Promise<BrokerTrouble | null> => {
  const trouble = (what: string): BrokerTrouble => ({
    kind: "ServerUnwell",
    partition: null,
    isOutage: false,
    detail: `the server at ${monitorUrl} ${what}`,
  })
  const remedy = "if its disk was full, make room and restart it: it does not come back by itself"
  try {
    const answer = await fetch(`${monitorUrl}/healthz?js-enabled-only=true`, { signal: AbortSignal.timeout(answerTimeoutMs) })
    await answer.body?.cancel()
    return answer.ok ? null : trouble(`says that its JetStream is not available (${remedy})`)
  } catch {
    return trouble("does not answer its monitoring page")
  }
}

class Watch {
  readonly #link: Link
  readonly #options: TroublesOptions
  readonly #specs: ReadonlyArray<StreamSpec>
  readonly #found = new Map<string, BrokerTrouble>()
  #next = 0
  /** Looks in a row at a server's page that failed. */
  readonly #failed = new Map<string, number>()
  readonly #deaf = new Map<string, { readonly trouble: BrokerTrouble; readonly untilMs: number }>()
  readonly #forget: () => void

  constructor(link: Link, options: TroublesOptions, partitions: number) {
    this.#link = link
    this.#options = options
    this.#specs = streamsFor(options.kind, partitions, options.sizes)
    const deaf = (stream: string, detail: string) => {
      const trouble: BrokerTrouble = {
        kind: "ReaderDeaf",
        partition: journalPartition(options.kind, stream) ?? null,
        isOutage: false,
        detail: `a reader of ${stream} was ${detail}; it was moved to another server`,
      }
      this.#deaf.set(trouble.detail, { trouble, untilMs: performance.now() + saidMs })
    }
    this.#forget = link.leaders.onDeaf(deaf)
  }

  close(): void {
    this.#forget()
  }

  /** Null if nobody answered anything. */
  async look(): Promise<ReadonlyArray<BrokerTrouble> | null> {
    const count = Math.min(streamsPerLookMax, this.#specs.length)
    const specs = Array.from({ length: count }, (_, i) => this.#specs[(this.#next + i) % this.#specs.length]).filter(
      (spec) => spec !== undefined,
    )
    this.#next = (this.#next + count) % this.#specs.length
    const [answers, servers] = await Promise.all([
      Promise.all(specs.map((spec) => this.#lookAt(spec))),
      Promise.all(this.#options.monitorUrls.map((url) => this.#lookAtServer(url))),
    ])
    if (!answers.includes(true)) return null
    const nowMs = performance.now()
    for (const [detail, { untilMs }] of this.#deaf) if (untilMs < nowMs) this.#deaf.delete(detail)
    const full = this.#link.fullSince()
    return [
      ...this.#found.values(),
      ...servers.filter((server) => server !== null),
      ...[...this.#deaf.values()].map(({ trouble }) => trouble),
      ...(full === null ? [] : [fullTrouble(full)]),
    ]
  }

  /** One look that fails may be this process's own stall: two in a row are a server's. */
  async #lookAtServer(monitorUrl: string): Promise<BrokerTrouble | null> {
    const trouble = await lookAtServer(monitorUrl)
    const failed = trouble === null ? 0 : (this.#failed.get(monitorUrl) ?? 0) + 1
    this.#failed.set(monitorUrl, failed)
    return failed < 2 ? null : trouble
  }

  async #lookAt(spec: StreamSpec): Promise<boolean> {
    const found = await lookAtStream(this.#link, this.#options.kind, spec)
    if (found === undefined) return false
    if (found === null) this.#found.delete(spec.config.name)
    else this.#found.set(spec.config.name, found)
    return true
  }
}

const fullTrouble = (cause: string): BrokerTrouble => ({
  kind: "BrokerFull",
  partition: null,
  isOutage: true,
  detail: `the broker has no room to store (${cause}): make room on the servers' disks or raise max_file_store; a server that switched its JetStream off has to be restarted`,
})

/** What is wrong, every second, also when it is nothing. Nothing is said while nobody answers. */
export const watchTroubles = (
  link: Link,
  options: TroublesOptions,
  partitions: number,
): Stream.Stream<ReadonlyArray<BrokerTrouble>, BrokerUnavailable> =>
  Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => new Watch(link, options, partitions)),
        (watch) => Effect.sync(() => watch.close()),
      ),
      (watch) => {
        const pull: Effect.Effect<readonly [ReadonlyArray<BrokerTrouble>], BrokerUnavailable> = Effect.suspend(() =>
          link.nc.isClosed()
            ? Effect.fail(new BrokerUnavailable({ operation: "look at streams and servers", cause: "the connection is closed" }))
            : Effect.flatMap(
                Effect.promise(() => watch.look()),
                (troubles) => (troubles === null ? pull : Effect.succeed([troubles] as const)),
              ).pipe(Effect.delay(lookMs)),
        )
        return Stream.fromPull(Effect.succeed(pull))
      },
    ),
  )
