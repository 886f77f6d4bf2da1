/**
 * How a process logs: one JSON object a line for collectors, or one readable line, in which what is said of many partitions at once is one line too (joined-lines.ts). Always to standard error: standard
 * output belongs to what a command answers.
 */
import { Cause, Layer, Logger, type LogLevel, References } from "effect"
import { LineJoiner, type LoggedLine } from "./joined-lines.ts"

/** How and how much is logged. */
export interface LoggingOptions {
  readonly format: "json" | "pretty"
  readonly level: LogLevel.LogLevel
}

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Error)

/** The parts of a message that are objects are its fields; the others are its words. */
const lineOf = (options: Logger.Options<unknown>): LoggedLine => {
  const parts: ReadonlyArray<unknown> = Array.isArray(options.message) ? options.message : [options.message]
  const fields: Record<string, unknown> = { ...options.fiber.getRef(References.CurrentLogAnnotations) }
  const words: Array<string> = []
  for (const part of parts) {
    if (isFields(part)) Object.assign(fields, part)
    else words.push(part instanceof Error ? (part.stack ?? part.message) : String(part))
  }
  if (options.cause.reasons.length > 0) fields.cause = Cause.pretty(options.cause)
  return { time: options.date.toISOString(), level: options.logLevel, message: words.join(" "), fields }
}

// Time, level and message last: a field of such a name must not replace them.
const jsonText = ({ time, level, message, fields }: LoggedLine): string =>
  JSON.stringify({ ...fields, time, level: level.toUpperCase(), message })

const plain = /^[\w./:@+-]+$/
const valueText = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined")
  return plain.test(text) || text.includes("\n") || typeof value !== "string" ? text : JSON.stringify(text)
}

const prettyText = ({ time, level, message, fields }: LoggedLine): string => {
  const said = Object.entries(fields).map(([name, value]) => ` ${name}=${valueText(value)}`)
  return `${time.slice(11, 23)} ${level.toUpperCase().padEnd(5)} ${message}${said.join("")}`
}

type Write = (line: LoggedLine) => void

const writing =
  (textOf: (line: LoggedLine) => string): Write =>
  (line) =>
    void process.stderr.write(`${textOf(line)}\n`)

/** Lines for people. What is kept back when the process ends is written then; only one that is killed takes its last moment's lines with it. */
const joining = (): Write => {
  const joiner = new LineJoiner(writing(prettyText), (flush, ms) => void setTimeout(flush, ms).unref())
  let isWatched = false
  return (line) => {
    if (!isWatched) process.once("exit", () => joiner.flush())
    isWatched = true
    joiner.take(line)
  }
}

/** Replaces the loggers, and the least level that is logged, of whatever it is provided to. */
export const loggingLayer = (options: LoggingOptions): Layer.Layer<never> => {
  const write = options.format === "json" ? writing(jsonText) : joining()
  const toStandardError = Logger.make<unknown, void>((logged) => write(lineOf(logged)))
  return Layer.mergeAll(Logger.layer([toStandardError]), Layer.succeed(References.MinimumLogLevel, options.level))
}
