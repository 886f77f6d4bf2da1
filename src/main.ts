#!/usr/bin/env node
/**
 * The `holdfast` binary: runs one command, and turns how it ended into words and an exit code.
 *
 * Before anything else is imported, Schema's decoders are switched to compiled ones: every process that decodes commands starts here.
 */
import "effect/schema/SchemaJITCompiler/enable"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { endsBySignal, runCommandLine } from "./cli/commands.ts"
import { describeFailure, exitCode, exitCodeOf } from "./cli/exit-codes.ts"
import { shownLines } from "./domain/telling.ts"
import { loggingLayer } from "./telemetry/logging.ts"

const args = process.argv.slice(2)

const codeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return exitCode.ok
  if (Cause.hasInterruptsOnly(exit.cause)) return endsBySignal(args) ? exitCode.ok : exitCode.interrupted
  return exitCodeOf(Cause.squash(exit.cause))
}

/** A failure in one sentence; a defect with its stack, because whoever reads it has to find it. */
const sayWhy = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.sync(() => {
    if (Cause.hasInterruptsOnly(cause)) return
    const text = Cause.hasDies(cause) ? Cause.pretty(cause) : describeFailure(Cause.squash(cause))
    if (text !== "") process.stderr.write(`holdfast: ${shownLines(text)}\n`)
  })

runCommandLine(args).pipe(
  Effect.tapCause(sayWhy),
  // Logging is for commands that set up none of their own: by itself Effect logs to standard output, which belongs to what a command answers.
  Effect.provide(Layer.merge(loggingLayer({ format: "pretty", level: "Info" }), NodeServices.layer)),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown: (exit, onExit) => onExit(codeOf(exit)) }),
)
