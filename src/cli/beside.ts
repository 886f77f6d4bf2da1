/**
 * Processes of this program beside a worker: each does what no decision may wait for. They outlive the draining, and end with the worker in a bounded time, whatever state they are in.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect, Exit, Fiber, Scope } from "effect"
import { besideEndMs } from "../limits.ts"
import { howEnded } from "../restartable.ts"

/** The program itself. */
const mainFile = fileURLToPath(new URL("../main.ts", import.meta.url))

/** What runs beside a worker. */
export interface Beside {
  /** What it is called in the log. */
  readonly name: string
  /** Its command line, without the program. */
  readonly args: ReadonlyArray<string>
  /** What it is told beyond what this process was told. */
  readonly env: NodeJS.ProcessEnv
}

/** Whether a process has ended, or never began. */
export const hasEnded = (child: ChildProcess): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null

/** Waits for a process to end; its exit code, or null where a signal ended it or it never began. */
export const ended = (child: ChildProcess): Effect.Effect<number | null> =>
  Effect.callback<number | null>((resume) => {
    const tell = () => resume(Effect.succeed(child.exitCode))
    if (hasEnded(child)) return tell()
    child.once("exit", tell)
    child.once("error", tell)
    return Effect.sync(() => {
      child.off("exit", tell)
      child.off("error", tell)
    })
  })

const end = (child: ChildProcess, name: string, waitMs: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    child.kill("SIGTERM")
    const done = yield* Effect.timeoutOption(ended(child), waitMs)
    if (done._tag === "Some") return
    yield* Effect.logWarning(`the ${name} was told to end and doesn't: it is killed`, { pid: child.pid, waitedMs: waitMs })
    child.kill("SIGKILL")
    yield* ended(child)
  })

/**
 * Tells a process to end, and kills it where it doesn't in that time: one that stands still hears nothing, and would be waited for for ever. In a fiber of its own, so that it may be what releases something: a fiber that releases
 * was interrupted, and can't wait for a limited time.
 */
export const endWithin = (child: ChildProcess, name: string, waitMs: number): Effect.Effect<void> =>
  Effect.flatMap(Effect.forkDetach(end(child, name, waitMs)), Fiber.join)

/** Runs one to its end, which comes with the scope at the latest, and by itself with this process. Returns how it ended: `with code 1`, `by SIGKILL`. */
export const runBeside = ({ name, args, env }: Beside): Effect.Effect<string> => {
  const start = Effect.sync(() => {
    const child = spawn(process.execPath, [mainFile, ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      // In its own process group: Ctrl-C reaches us, who then end it.
      detached: true,
    })
    // Whoever waits for its end hears of it too; a process that can't be started is no defect of this one.
    child.on("error", () => undefined)
    return child
  })
  return Effect.acquireRelease(start, (child) => endWithin(child, name, besideEndMs)).pipe(
    Effect.tap(({ pid }) => Effect.logInfo(`the ${name} runs, as a process of its own`, { pid })),
    Effect.flatMap((child) => Effect.map(ended(child), () => howEnded(child))),
    Effect.scoped,
  )
}

/** Where what runs beside a worker is forked. Made before it is said how to leave, it is closed after that is done: nothing that stands still here keeps partitions from being drained. All in it end at once. */
export const besideScope: Effect.Effect<Scope.Scope, never, Scope.Scope> = Effect.acquireRelease(Scope.make("parallel"), (scope) =>
  Effect.flatMap(Effect.forkDetach(Scope.close(scope, Exit.void)), Fiber.join),
)
