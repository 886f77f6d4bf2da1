/**
 * Has a command stored the short way, for suites about what becomes of stored commands: published to a stream that takes what senders say, whose acknowledgement comes to the
 * reply subject of the publish.
 */
import { Effect, Fiber, type Scope, Stream } from "effect"
import type { CommandClass } from "../../src/domain/names.ts"
import { type Heard, SenderLink } from "../../src/ports/channel.ts"
import { BrokerUnavailable, NotPermitted } from "../../src/ports/errors.ts"
import { text } from "./broker-under-test.ts"

/** Milliseconds without an acknowledgement after which it is unknown what became of it. */
const unknownMs = 5_000

interface Acknowledgement {
  readonly seq?: number
  readonly error?: { readonly description: string }
}

const unavailable = (cause: string) => new BrokerUnavailable({ operation: "store a command", cause })

const sequenceOf = (heard: Heard): Effect.Effect<{ readonly seq: number }, NotPermitted | BrokerUnavailable> => {
  if (heard._tag === "NotPermitted") return Effect.fail(new NotPermitted({ operation: `publish ${heard.class}`, cause: heard.cause }))
  if (heard._tag !== "Said") return Effect.fail(unavailable("nobody takes it"))
  const { seq, error } = JSON.parse(text(heard.body)) as Acknowledgement
  if (error !== undefined || seq === undefined) return Effect.fail(unavailable(error?.description ?? "no sequence was told"))
  return Effect.succeed({ seq })
}

let suffixes = 0

/** Fails with BrokerUnavailable where it isn't acknowledged. */
export const storeCommand = (
  commandClass: CommandClass,
  token: string,
  body: Uint8Array,
): Effect.Effect<{ readonly seq: number }, NotPermitted | BrokerUnavailable, SenderLink | Scope.Scope> =>
  SenderLink.use((link) =>
    Effect.gen(function* () {
      const prefix = `store-${++suffixes}`
      const hearing = yield* Effect.forkScoped(Stream.runHead(Stream.flattenIterable(link.replies(prefix))), { startImmediately: true })
      if (!link.publish({ class: commandClass, kind: "sku", token, body, suffix: `${prefix}.1` }))
        return yield* unavailable("there is no connection")
      const heard = yield* Fiber.join(hearing).pipe(
        Effect.timeoutOrElse({ duration: unknownMs, orElse: () => Effect.fail(unavailable("no acknowledgement came")) }),
      )
      return yield* heard._tag === "Some" ? sequenceOf(heard.value) : unavailable("the hearing ended")
    }),
  )
