/**
 * Servers of a process's own are started again when they end by themselves: nobody else would, for they are no services of the machine, and whoever sells would wait for one that nobody starts.
 */
import { Effect, Schedule } from "effect"

/** What is kept running. */
interface OwnServer {
  readonly pid: () => number
  readonly endedByItself: () => Promise<string>
  readonly restart: () => Promise<void>
}

const startAgainMs = 1_000

/** Starts it again over the same data whenever it ends though nobody here told it to, and says so; for as long as the fiber lives. */
export const keepRunning = (name: string, server: OwnServer): Effect.Effect<never> =>
  Effect.promise(() => server.endedByItself()).pipe(
    Effect.flatMap((how) => Effect.logError(`the own ${name} ended ${how}, and is started again`)),
    Effect.andThen(
      Effect.tryPromise(() => server.restart()).pipe(
        Effect.tapError(({ cause }) =>
          Effect.logError(`the own ${name} could not be started again`, { cause: cause instanceof Error ? cause.message : String(cause) }),
        ),
        Effect.retry(Schedule.spaced(startAgainMs)),
        Effect.orDie,
      ),
    ),
    Effect.andThen(Effect.suspend(() => Effect.logWarning(`the own ${name} runs again`, { pid: server.pid() }))),
    Effect.forever,
  )
