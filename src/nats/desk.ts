/**
 * The engine's side of an ingress as the port `Desk`: frames handed to reigns by request, what owners say to each other, what is stored, what owners say of themselves, and the broker's clock.
 */
import { type Msg, errors as natsErrors } from "@nats-io/transport-node"
import { Effect, Layer, Schema, type Scope } from "effect"
import { isKind, Kind } from "../domain/kinds.ts"
import { isSender } from "../domain/names.ts"
import { handTimeoutMs, storeTimeoutMs } from "../limits.ts"
import { Desk, type HandedFrame, type OwnerNews, type OwnersWord } from "../ports/door.ts"
import type { BrokerUnavailable, LoginRefused } from "../ports/errors.ts"
import { announcedBy, carriedTo, commandsStream, handedTo, saidBackTo, storedOf } from "../wire/subjects.ts"
import { attempt } from "./attempt.ts"
import { engineInbox, ingressInbox } from "./config.ts"
import { type Link, type Login, openLink, type ServerAddress } from "./connection.ts"
import { describe, isFull } from "./errors.ts"
import { msFromTimestamp } from "./message.ts"
import { isToken } from "./subjects.ts"

const ThrottledSenders = Schema.Array(Schema.Struct({ sender: Schema.String, forMs: Schema.Int }))
const NewsJson = Schema.fromJsonString(
  Schema.Struct({
    v: Schema.Literal(1),
    kind: Schema.String,
    partition: Schema.Int,
    epoch: Schema.Int,
    owner: Schema.NullOr(Schema.String),
    full: ThrottledSenders,
    // Owners of earlier releases hold nobody's facts off, and ingresses of earlier releases pass over who does.
    factsFull: ThrottledSenders.pipe(Schema.withDecodingDefault(Effect.succeed([]))),
  }),
)
const decodeNews = Schema.decodeOption(NewsJson)

/** What an owner said, or undefined if it is nothing this release knows. */
const newsOf = (text: string): OwnerNews | undefined => {
  const decoded = decodeNews(text)
  if (decoded._tag === "None") return undefined
  const { kind, partition, epoch, owner, full, factsFull } = decoded.value
  // Of a kind that this release doesn't know it hands nothing over.
  if (!isKind(kind)) return undefined
  if (owner !== null && !isToken(owner)) return undefined
  const known = (held: typeof full): OwnerNews["full"] => held.flatMap(({ sender, forMs }) => (isSender(sender) ? [{ sender, forMs }] : []))
  return { kind, partition, epoch, owner, full: known(full), factsFull: known(factsFull) }
}

const hand = (
  link: Link,
  kind: Kind,
  partition: number,
  owner: string,
  frame: Uint8Array,
): Effect.Effect<"heard" | "unheard" | "unknown"> =>
  Effect.promise(() =>
    link
      .request(() => link.nc.request(handedTo(kind, partition, owner), frame, { timeout: handTimeoutMs }))
      .then(
        () => "heard" as const,
        (error: unknown) => (error instanceof natsErrors.RequestError && error.isNoResponders() ? "unheard" : "unknown"),
      ),
  )

type Stored = Effect.Success<ReturnType<Desk["Service"]["store"]>>

const store = (link: Link, kind: Kind, partition: number, body: Uint8Array): Effect.Effect<Stored> =>
  Effect.promise(() =>
    link
      // One attempt: the client repeats after a time-out too, and what was stored then is stored twice.
      .request(() => link.js.publish(storedOf(kind, partition), body, { timeout: storeTimeoutMs, retries: 1 }))
      .then(
        ({ seq }): Stored => ({ _tag: "Stored", seq }),
        (error: unknown): Stored => (isFull(error) ? { _tag: "Full" } : { _tag: "Unknown", cause: describe(error) }),
      ),
  )

const owners = (link: Link, tell: (news: OwnerNews) => void): Effect.Effect<void, BrokerUnavailable, Scope.Scope> =>
  listen(link, announcedBy("*", "*"), (message) => {
    const news = newsOf(message.string())
    if (news !== undefined) tell(news)
  })

const isInbox = (subject: string | undefined): boolean =>
  subject !== undefined && (subject.startsWith(`${engineInbox}.`) || subject.startsWith(`${ingressInbox}.`))

const receive = (
  link: Link,
  kind: Kind,
  partition: number,
  owner: string,
  tell: (frame: HandedFrame) => void,
): Effect.Effect<void, BrokerUnavailable, Scope.Scope> =>
  listen(link, handedTo(kind, partition, owner), (message) =>
    tell({
      bytes: message.data,
      heard: () => {
        // The owner's login may publish more than an ingress's: where the answer goes is not for the message to say.
        if (!isInbox(message.reply)) return
        try {
          message.respond()
        } catch {
          // The connection can't take it now: the ingress doesn't hear, and takes its outcome for unknown.
        }
      },
    }),
  )

const spokenOn = { carry: carriedTo, back: saidBackTo } as const

const say = (link: Link, word: OwnersWord, kind: Kind, partition: number, owner: string, frame: Uint8Array): void => {
  // Whom to answer is what another process said: anything but a plain token would be read as protocol.
  if (!isToken(owner)) return
  try {
    link.nc.publish(spokenOn[word](kind, partition, owner), frame)
  } catch {
    // The connection can't take it now: whoever asks asks again.
  }
}

const hear = (link: Link, word: OwnersWord, kind: Kind, partition: number, owner: string, tell: (frame: Uint8Array) => void) =>
  listen(link, spokenOn[word](kind, partition, owner), ({ data }) => tell(data))

/** Hears a subject until the scope closes. Returns once the server knows. */
const listen = (link: Link, subject: string, take: (message: Msg) => void) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      link.nc.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) take(message)
        },
      }),
    ),
    (subscription) => Effect.sync(() => subscription.unsubscribe()),
  ).pipe(Effect.andThen(attempt(link, `listen to ${subject}`, () => link.flush())))

const brokerMs = async (link: Link): Promise<number> => {
  const { ts } = await link.lookups.streams.info(commandsStream(Kind[0]))
  const ms = msFromTimestamp(ts ?? "")
  if (Number.isNaN(ms)) throw new Error(`the server's answer has no time: ${ts}`)
  return ms
}

/** `link` is a connection in the account of the engine. */
const deskOver = (link: Link): Desk["Service"] =>
  Desk.of({
    hand: (kind, partition, owner, frame) => hand(link, kind, partition, owner, frame),
    store: (kind, partition, body) => store(link, kind, partition, body),
    owners: (tell) => owners(link, tell),
    announce: (news) => {
      try {
        link.nc.publish(announcedBy(news.kind, news.partition), JSON.stringify({ v: 1, ...news }))
      } catch {
        // The connection can't take it now: it is said again soon.
      }
    },
    receive: (kind, partition, owner, tell) => receive(link, kind, partition, owner, tell),
    say: (word, kind, partition, owner, frame) => say(link, word, kind, partition, owner, frame),
    hear: (word, kind, partition, owner, tell) => hear(link, word, kind, partition, owner, tell),
    brokerMs: attempt(link, "ask the broker for its time", () => brokerMs(link)),
  })

export interface DeskConfig extends ServerAddress {
  /** Whom it is: a worker, who may do all of it, or an ingress, who neither announces nor receives, and says nothing to owners but what it hands over. */
  readonly login: { readonly engine: Login } | { readonly ingress: Login }
  /** How the connection is called in the server's lists. */
  readonly name: string
}

const openDesk = ({ login, name, ...address }: DeskConfig) =>
  "engine" in login
    ? openLink(address, login.engine, engineInbox, `${name} desk`)
    : openLink(address, login.ingress, ingressInbox, `${name} desk`)

/** Fails if no server answers at start; from then on it reconnects by itself, for ever. */
export const deskLayer = (config: DeskConfig): Layer.Layer<Desk, BrokerUnavailable | LoginRefused> =>
  Layer.effect(Desk, Effect.map(openDesk(config), deskOver))
