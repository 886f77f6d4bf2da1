#!/usr/bin/env node
/**
 * The simulator's command line. Reads the arguments, listens for signals, and turns whatever comes of it into an exit code.
 */
import "effect/schema/SchemaJITCompiler/enable"
import process from "node:process"
import { readArguments } from "./cli/arguments.ts"
import { exitCode } from "./cli/exit-codes.ts"
import { UsageError } from "./cli/flags.ts"
import { helpText } from "./cli/help.ts"
import type { Interruption } from "./cli/run-suite.ts"
import { Screen } from "./cli/screen.ts"

/** A script that runs this for a terminal may pass on the signal which the terminal gave to both: within so many milliseconds it is the same one. */
const sameSignalMs = 1_000

/** Ends what is under way at the first signal, and everything at the next. */
const listen = (): Interruption => {
  const stops: Array<() => void> = []
  let firstMs: number | null = null
  const heard = () => {
    const nowMs = performance.now()
    if (firstMs !== null && nowMs - firstMs > sameSignalMs) process.exit(exitCode.interrupted)
    firstMs ??= nowMs
    for (const stop of stops.splice(0)) stop()
  }
  process.on("SIGINT", heard).on("SIGTERM", heard)
  return {
    get isInterrupted() {
      return firstMs !== null
    },
    onInterrupt: (stop) => {
      if (firstMs === null) stops.push(stop)
      else stop()
    },
  }
}

/** Whoever read the output may have gone: `npm run sim | head`. What is under way is then of no use to anybody. */
const endWithReader = (): void => {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error
      process.exit(exitCode.interrupted)
    })
}

const main = async (args: ReadonlyArray<string>): Promise<number> => {
  try {
    const asked = readArguments(args)
    if (asked === "help") {
      process.stdout.write(`${helpText()}\n`)
      return exitCode.green
    }
    // Loaded once the arguments are known to make sense: it is all of the simulator and most of the engine.
    const { run } = await import("./cli/run.ts")
    return await run(asked, new Screen(process.stdout, process.stderr, asked.json), listen())
  } catch (error) {
    if (error instanceof UsageError) {
      // It may quote a file that is no text: control characters would go on to rule the terminal.
      process.stderr.write(`sim: ${error.message.replaceAll(/\p{Cc}/gu, "\ufffd")}\nsee npm run sim -- --help\n`)
      return exitCode.usage
    }
    process.stderr.write(`sim: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return exitCode.crash
  }
}

endWithReader()
process.exitCode = await main(process.argv.slice(2))
// What was interrupted may still have threads at work, which nobody waits for any more.
if (process.exitCode === exitCode.interrupted) process.exit()
