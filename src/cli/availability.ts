/**
 * `holdfast availability`: what each channel could sell of some SKUs, now or at a past moment.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Sku } from "../domain/names.ts"
import { grouped, shownName } from "../domain/telling.ts"
import { pastSkusMax } from "../limits.ts"
import { type AvailabilityThen, availabilityAt } from "../query/time-travel.ts"
import { archiveFlag } from "./archive-folder.ts"
import { senderFlag, skuArgument } from "./arguments.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { knownText, momentFlag, pastHelp, sourceFlag, withPast } from "./past-access.ts"
import { isoTime, jsonFlag, printJson, printLine, table } from "./print.ts"

const locations = ({ locations: all }: AvailabilityThen): string =>
  table(
    ["location", "offered", "available", "on hand", "reserved", "exposed", "damaged", "inspection", "safety"],
    all.map((at) => [at.location, at.offered, at.available, at.onHand, at.reserved, at.exposed, at.damaged, at.inspection, at.safety]),
  )

const oneText = (answer: AvailabilityThen): string => {
  const { sku, atMs, version, changedAtMs, partition, offered, channels, policyVersion } = answer
  const policy = policyVersion === null ? "no policy" : `policy ${policyVersion}`
  return [
    `${shownName(sku)} at ${isoTime(atMs)}: ${grouped(offered)} offered, ${policy} (version ${version} of partition ${partition}, since ${isoTime(changedAtMs)})`,
    "",
    channels.length === 0
      ? "no channel could sell it"
      : table(
          ["channel", "ATS"],
          channels.map(({ channel, ats }) => [channel, ats]),
        ),
    "",
    locations(answer),
  ].join("\n")
}

/** The answers for people. */
export const availabilityText = (answers: ReadonlyArray<AvailabilityThen>): string => answers.map(oneText).join("\n\n")

const description = `Show what each channel could sell of SKUs at a moment, under the policy of that moment, and how their stock lay: folded from what was journaled by the same code that decides, so it is what the
feed told then. Without --at: as far as is known. For what is so just now, \`stock\` and \`ats\` ask the owners and are quicker; for why it is so, see \`why\`.

${pastHelp}`

/** `holdfast availability`. */
export const availabilityCommand = Command.make(
  "availability",
  {
    skus: skuArgument("Which SKUs").pipe(Argument.variadic({ min: 1 })),
    channel: senderFlag("channel", "Only this channel's ATS").pipe(Flag.optional, Flag.map(Option.getOrUndefined)),
    at: momentFlag("at", "At this moment; otherwise now"),
    source: sourceFlag,
    archive: archiveFlag,
    json: jsonFlag,
  },
  Effect.fn(function* ({ skus, channel, at, source, archive, json }) {
    if (skus.length > pastSkusMax) {
      const message = `${skus.length} SKUs are named, and one question takes ${pastSkusMax}: ask several times`
      return yield* new CommandFailed({ code: exitCode.usage, message })
    }
    const all = yield* withPast(
      { source, archive },
      Effect.forEach(skus, (sku) => availabilityAt(sku as Sku, at)),
    )
    const answers = all.map((one) =>
      channel === undefined ? one : { ...one, channels: one.channels.filter((line) => line.channel === channel) },
    )
    yield* json ? printJson(answers) : printLine([availabilityText(answers), knownText(answers.map(({ known }) => known))].join("\n\n"))
  }),
).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([{ command: "holdfast availability TEA-POT --at 2026-11-29T21:30:00Z", description: "what could be sold then" }]),
)
