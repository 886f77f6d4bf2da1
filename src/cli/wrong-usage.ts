/**
 * What is said of a command line that can't be used: what is wrong, the one line of help about it, and where the rest is. On standard error; the whole help is printed where it is asked
 * for.
 */
import * as CliOutput from "effect/cli/CliOutput"
import type * as HelpDoc from "effect/cli/HelpDoc"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { nearestName, shownLines, shownName } from "../domain/telling.ts"

type Invalid = Extract<CliOutput.Presenter.Event, { readonly _tag: "InvalidInvocation" }>
type Fault = Invalid["errors"][number]

/** Something wrong: in a sentence, and the flag, argument or command that it is about, where there is one. */
interface Complaint {
  readonly sentence: string
  readonly about: string | undefined
}

const withoutDashes = (flag: string): string => flag.replace(/^-+/, "")

const flagsOf = ({ flags, inheritedFlags = [], globalFlags = [] }: HelpDoc.HelpDoc): ReadonlyArray<HelpDoc.FlagDoc> => [
  ...flags,
  ...inheritedFlags,
  ...globalFlags,
]

const namesOf = (doc: HelpDoc.HelpDoc): ReadonlyArray<string> => flagsOf(doc).map(({ name }) => name)

const commandsOf = ({ subcommands = [] }: HelpDoc.HelpDoc): ReadonlyArray<string> =>
  subcommands.flatMap(({ commands }) => commands.map(({ name }) => name))

const meant = (name: string | undefined, spelled: string): string => (name === undefined ? "" : `; did you mean ${spelled}?`)

/** A list of choices, as the library spells it: `"a" | "b"`. */
const choicesOf = (expected: string): ReadonlyArray<string> =>
  expected.startsWith('"') ? expected.split(" | ").map((choice) => choice.replaceAll('"', "")) : []

const invalidText = ({ value, expected }: Extract<Fault, { readonly _tag: "InvalidValue" }>): string => {
  const choices = choicesOf(expected)
  const near = nearestName(value, choices)
  if (near !== undefined) return `${shownName(value)} is none of the words it takes${meant(near, near)}`
  if (choices.length > 0) return `${shownName(value)} is none of the words it takes: ${choices.join(", ")}`
  return value === "" && !expected.startsWith("it ") ? "a value is missing" : `${shownName(value)}: ${expected}`
}

/** What a flag looks like where it is typed. */
const spelledFlag = ({ name, type }: HelpDoc.FlagDoc): string => `--${name}${type === "boolean" ? "" : ` ${type}`}`

/** How often a flag was given that takes fewer values, as the library spells it; undefined: that isn't what is wrong. */
const tooOften = ({ value, expected }: Extract<Fault, { readonly _tag: "InvalidValue" }>): string | undefined => {
  const [, times] = /^(\d+) occurrences$/.exec(value) ?? []
  const [, most] = /^at most (\d+) values?$/.exec(expected) ?? []
  if (times === undefined || most === undefined) return undefined
  const often = times === "2" ? "twice" : `${times} times`
  return `is given ${often}, and may be given ${most === "1" ? "once" : `${most} times`}`
}

/** How a switch was typed, each way once: as `--postgres`, as `--no-postgres`, or both. */
const typedAs = (name: string, args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const ways = args.map((arg) => arg.split("=", 1)[0] ?? "").filter((arg) => arg === `--${name}` || arg === `--no-${name}`)
  return [...new Set(ways)]
}

/** A switch that was given a value behind its `no-`. */
const valueBehindNo = (expected: string): string | undefined => /^omit the value and use (--no-[^ =]+)/.exec(expected)?.[1]

const said = (fault: Fault, { helpDoc: doc, commandPath }: Invalid, args: ReadonlyArray<string>): Complaint => {
  switch (fault._tag) {
    case "UnrecognizedOption": {
      const name = withoutDashes(fault.option)
      const known = flagsOf(doc).find((flag) => flag.name === name)
      // It is refused all the same where it stands before the command that has it.
      if (known !== undefined)
        return { sentence: `--${name} stands behind the command: ${commandPath.join(" ")} ${spelledFlag(known)}`, about: name }
      const near = nearestName(name, namesOf(doc))
      return { sentence: `there is no flag ${shownName(fault.option)}${meant(near, `--${near}`)}`, about: near }
    }
    case "MissingOption":
      return { sentence: `--${fault.option} is missing`, about: fault.option }
    case "MissingArgument":
      return { sentence: `<${fault.argument}> is missing`, about: fault.argument }
    case "UnexpectedArgument":
      return { sentence: `${fault.arguments.map(shownName).join(" ")}: more than there is room for`, about: undefined }
    case "InvalidValue": {
      const where = fault.kind === "argument" ? `<${fault.option}>` : `--${fault.option}`
      const often = tooOften(fault)
      const [typed = where, other] = fault.kind === "argument" ? [] : typedAs(fault.option, args)
      if (often !== undefined && other !== undefined)
        return { sentence: `${typed} and ${other} are one flag, which may be given once`, about: fault.option }
      if (often !== undefined) return { sentence: `${typed} ${often}`, about: fault.option }
      const withValue = valueBehindNo(fault.expected)
      if (withValue !== undefined) return { sentence: `${withValue} takes no value`, about: fault.option }
      return { sentence: `${where}: ${invalidText(fault)}`, about: fault.option }
    }
    case "UnknownSubcommand": {
      const near = nearestName(fault.subcommand, commandsOf(doc))
      const list = near === undefined ? `: there are ${commandsOf(doc).join(", ")}` : ""
      return { sentence: `there is no command ${shownName(fault.subcommand)}${meant(near, near ?? "")}${list}`, about: near }
    }
    case "DuplicateOption":
    case "ValidationError":
    case "UserError":
      return { sentence: fault.message, about: undefined }
  }
}

const described = (spelled: string, description: Option.Option<string>): string => {
  const [first = ""] = Option.getOrElse(description, () => "").split("\n")
  return `  ${spelled}${first === "" ? "" : `    ${first}`}`
}

/** The line of help about a flag, an argument or a command. */
const helpLine = (doc: HelpDoc.HelpDoc, name: string): string | undefined => {
  const flag = flagsOf(doc).find((one) => one.name === name)
  if (flag !== undefined) return described(spelledFlag(flag), flag.description)
  const argument = doc.args?.find((one) => one.name === name)
  if (argument !== undefined) return described(`<${argument.name}>`, argument.description)
  const command = (doc.subcommands ?? []).flatMap(({ commands }) => commands).find((one) => one.name === name)
  return command === undefined
    ? undefined
    : described(
        command.name,
        Option.orElse(Option.fromUndefinedOr(command.shortDescription), () => Option.some(command.description)),
      )
}

/** A flag before the command whose value was taken for the command. What is no flag of the group and no word like a command can be nothing else. */
const flagBeforeCommand = ({ commandPath, errors, helpDoc }: Invalid): Complaint | undefined => {
  const flag = errors.find((fault) => fault._tag === "UnrecognizedOption")?.option
  const taken = errors.find((fault) => fault._tag === "UnknownSubcommand")?.subcommand
  if (flag === undefined || taken === undefined || nearestName(taken, commandsOf(helpDoc)) !== undefined) return undefined
  const line = [...commandPath, "<command>", shownName(flag), shownName(taken)].join(" ")
  return { sentence: `a flag and its value stand behind the command: ${line}`, about: undefined }
}

/** What is said of a command line that can't be used. */
const wrongUsageText = (invalid: Invalid, args: ReadonlyArray<string>): string => {
  const { commandPath, errors, helpDoc } = invalid
  const before = flagBeforeCommand(invalid)
  const all = before === undefined ? errors.map((fault) => said(fault, invalid, args)) : [before]
  const lines = new Set(all.flatMap(({ about }) => (about === undefined ? [] : (helpLine(helpDoc, about) ?? []))))
  return [...new Set(all.map(({ sentence }) => `holdfast: ${sentence}`)), ...lines, `see ${commandPath.join(" ")} --help`].join("\n")
}

/** Presents wrong usage of the command line `args` in this way, and all else as usual. */
export const presenterLayer = (args: ReadonlyArray<string>) =>
  CliOutput.layerPresenter({
    present: (event) =>
      event._tag === "InvalidInvocation"
        ? Effect.sync(() => void process.stderr.write(`${shownLines(wrongUsageText(event, args))}\n`))
        : CliOutput.defaultPresenter.present(event),
  })
