/**
 * What commands that ask about the past have in common: where they read it, and how moments are given on a command line.
 */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { forEachKind } from "../domain/kinds.ts"
import { pastStepsMax, pastStepsShown } from "../limits.ts"
import { engineLayer } from "../nats/layer.ts"
import type { Past } from "../ports/past.ts"
import { journalPast } from "../retention/journal-past.ts"
import { engineAccess } from "./access.ts"
import { namedArchive, presentFolder } from "./archive-folder.ts"
import { wholeFlag } from "./arguments.ts"

/** Runs what asks about the past, as journals and archive tell it. */
export const withPast = Effect.fnUntraced(function* <A, E>(archive: string | null, asked: Effect.Effect<A, E, Past>) {
  // A folder that isn't there is said before a cluster is looked for.
  yield* presentFolder(archive, "--archive")
  const { nats, counts } = yield* engineAccess
  const archived = { sku: yield* namedArchive(archive, "sku"), order: yield* namedArchive(archive, "order") }
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const portsOf = forEachKind((kind) => Layer.merge(engineLayer({ ...nats, kind }), archived[kind]))
      const sku = yield* Layer.build(portsOf.sku)
      const order = yield* Layer.build(portsOf.order)
      const past = journalPast(counts, (kind) => (effect) => Effect.provide(effect, kind === "sku" ? sku : order))
      return yield* Effect.provide(asked, past)
    }),
  )
})

/** An hour, a minute, and the zone they are of: without it nobody can be sure which moment was meant. */
const withZone = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/
const day = /^\d{4}-\d{2}-\d{2}$/
const digits = /^\d{1,15}$/

const momentOf = (text: string): Option.Option<number> => {
  if (digits.test(text)) return Option.some(Number(text))
  const ms = withZone.test(text) ? Date.parse(text) : day.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return Number.isNaN(ms) ? Option.none() : Option.some(ms)
}

const whyNoMoment = (text: string): string =>
  /^\d{4}-\d{2}-\d{2}T/.test(text)
    ? "it names no zone, or no time of a day that there is: 2026-11-29T21:30:00Z, or +01:00 in the place of Z"
    : "a moment is 2026-11-29T21:30:00.250Z, 2026-11-29 (its first moment, UTC), or milliseconds since 1970"

/** A moment. */
export const momentFlag = (name: string, description: string): Flag.Flag<number | undefined> =>
  Flag.String(name).pipe(
    Flag.withMetavar("TIME"),
    Flag.withDescription(description),
    Flag.filterMap(momentOf, whyNoMoment),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  )

/** Which steps are told. */
export const stepFlags = {
  limit: wholeFlag("limit", `How many steps are told (${pastStepsShown}): the last ones`, 1, pastStepsMax).pipe(
    Flag.withDefault(pastStepsShown),
  ),
  before: Flag.String("before").pipe(
    Flag.withMetavar("PLACE"),
    Flag.withDescription("The steps before this one: `before` of the answer whose steps follow"),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  ),
}

/** For the help of commands that ask about the past. */
export const pastHelp = `Reads the journals, with what was archived of them (--archive), from the first record on; a large journal takes a while. Needs a worker's access, as for \`serve\`, or the
nats-server of a \`holdfast serve\` in this folder. Reads only. What can't be answered ends with 1 and says what to ask instead.`
