/**
 * `holdfast doctor`: every setting that a promise rests on, as it is found in this environment and at the servers, with what to do where it isn't as it should be.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { counted } from "../domain/telling.ts"
import type { Check } from "./doctor/checks.ts"
import { lookAtAll } from "./doctor/looks.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { jsonFlag, printJson, printLine } from "./print.ts"

const mark: Readonly<Record<Check["state"], string>> = { ok: "ok     ", wrong: "WRONG  ", unknown: "unknown", none: "-      " }

const lines = ({ state, name, found, promise, remedy }: Check): ReadonlyArray<string> => [
  `${mark[state]}  ${name}: ${found}`,
  ...(remedy === null ? [] : [`         promise: ${promise}`, `         remedy:  ${remedy}`]),
]

const summary = (checks: ReadonlyArray<Check>): string => {
  const wrongs = checks.filter(({ state }) => state === "wrong").length
  const unknowns = checks.filter(({ state }) => state === "unknown").length
  const looked = `${counted(checks.length, "setting")} looked at`
  return wrongs + unknowns === 0 ? `${looked}: all as they should be.` : `${looked}: ${wrongs} wrong, ${unknowns} unknown.`
}

/** What was found, for people: what is wrong last, where one looks first. */
export const doctorText = (checks: ReadonlyArray<Check>): string => {
  const order: ReadonlyArray<Check["state"]> = ["none", "ok", "unknown", "wrong"]
  const sorted = order.flatMap((state) => checks.filter((check) => check.state === state))
  return [...sorted.flatMap(lines), "", summary(checks)].join("\n")
}

const description = `Look at every setting that a promise of Holdfast rests on: in the environment, in files, at the servers, in Postgres. Each that is wrong comes with what is promised on it, and what to do.

Run it where a worker or a gateway runs, with the same environment; without HOLDFAST_NATS_URL it looks at the nats-server and the Postgres of a \`holdfast serve\` in this folder, which are for development. It changes nothing.
Ends with 0 if nothing is wrong, with 5 otherwise. What couldn't be looked at is said, and counts as wrong with --strict.`

const strictFlag = Flag.Boolean("strict").pipe(Flag.withDescription("What couldn't be looked at counts as wrong"), Flag.withDefault(false))

/** The command. */
export const doctorCommand = Command.make(
  "doctor",
  { json: jsonFlag, strict: strictFlag },
  Effect.fn(function* ({ json, strict }) {
    const checks = yield* lookAtAll
    yield* json ? printJson({ checks }) : printLine(doctorText(checks))
    const isWrong = ({ state }: Check) => state === "wrong" || (strict && state === "unknown")
    if (checks.some(isWrong)) return yield* new CommandFailed({ code: exitCode.topology, message: "" })
  }),
).pipe(Command.withDescription(helpText(description)))
