/**
 * `holdfast why`: why the ATS of a channel is, or was, this number.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SenderId, Sku } from "../domain/names.ts"
import { shownName } from "../domain/telling.ts"
import { type WhyThen, whyAts } from "../query/why.ts"
import { archiveFlag } from "./archive-folder.ts"
import { reservationFlag, senderFlag, skuArgument } from "./arguments.ts"
import { helpText } from "./help-text.ts"
import { knownText, momentFlag, pastHelp, sourceFlag, stepFlags, withPast } from "./past-access.ts"
import { stepsText } from "./past-steps.ts"
import { jsonFlag, printJson, printLine, progress } from "./print.ts"

/** The answer for people. */
export const whyText = (answer: WhyThen, reservation: string | undefined): string => {
  const about =
    reservation === undefined ? `What changed it, and what ${answer.channel} was refused` : `What happened to ${shownName(reservation)}`
  const nothingAbout = answer.known.behind === 0 ? "nothing was asked or told about it" : "nothing about it has been read yet"
  const nothing = reservation === undefined ? "nothing did" : nothingAbout
  return [...answer.sentences, "", `${about}:`, stepsText(answer, nothing), "", knownText([answer.known])].join("\n")
}

const description = `Say why a channel may sell as many units of a SKU as it may, or might at a past moment: each term of the sum (what every location offers, what is kept for other channels, buffer,
floor), the policy it comes from and who set it, and the commands that led to it, record by record: those that changed the number, and those that were refused, with why. The number is what the feed told
under that version.

With --reservation: what happened to that reservation of the channel's, whether it changed the number or not.

${pastHelp}`

/** `holdfast why`. */
export const whyCommand = Command.make(
  "why",
  {
    sku: skuArgument("Which SKU"),
    channel: senderFlag("channel", "Whose ATS"),
    at: momentFlag("at", "At this moment; otherwise now"),
    reservation: reservationFlag("Only the steps of this reservation").pipe(Flag.optional, Flag.map(Option.getOrUndefined)),
    ...stepFlags,
    source: sourceFlag,
    archive: archiveFlag,
    json: jsonFlag,
  },
  Effect.fn(function* ({ sku, channel, at, reservation, limit, before, source, archive, json }) {
    const asked = { sku: sku as Sku, channel: channel as SenderId, atMs: at, reservation, limit, before }
    const answer = yield* withPast({ source, archive }, whyAts(asked))
    yield* progress("")
    yield* json ? printJson(answer) : printLine(whyText(answer, reservation))
  }),
).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([
    { command: "holdfast why TEA-POT --channel web", description: "why web may sell what it may now" },
    { command: "holdfast why TEA-POT --channel web --at 2026-11-29T21:30:00Z", description: "the same of a past moment" },
    {
      command: "holdfast why TEA-POT --channel web --reservation cart-17",
      description: "why this reservation was refused, or how it ended",
    },
  ]),
)
