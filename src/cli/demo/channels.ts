/**
 * The demo's channels, warehouse and planner as this process sees them: a process each, told over its pipe what to send, and telling
 * what was answered.
 */
import { type ChildProcess, fork } from "node:child_process"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { CommandFailed, exitCode } from "../exit-codes.ts"
import type { Guardian } from "./guardian.ts"
import type { FromSender, HeardAnswer, SenderSetup, SendOrder, ToSender } from "./messages.ts"

/** What a channel process tells, as it comes. */
export interface SenderEvents {
  readonly answers: (answers: ReadonlyArray<HeardAnswer>) => void
  readonly ats: (ats: number) => void
  /** It can't go on, or has ended before it was told to. */
  readonly failed: (cause: string) => void
}

export interface SenderProcess {
  readonly name: string
  readonly pid: number
  readonly send: (orders: ReadonlyArray<SendOrder>) => void
  /** Lets it write down what it heard, and end. */
  readonly finish: Effect.Effect<void, CommandFailed>
}

const entry = fileURLToPath(new URL("./channel-process.ts", import.meta.url))
const finishPatienceMs = 20_000

const tell = (child: ChildProcess, message: ToSender): void => {
  // A process that is gone is noticed by its end.
  if (child.connected) child.send(message, () => undefined)
}

const launch = async (setup: SenderSetup, folder: string): Promise<ChildProcess> => {
  const log = await open(join(folder, `${setup.sender}.log`), "a")
  try {
    return fork(entry, [], { stdio: ["ignore", log.fd, log.fd, "ipc"], detached: true, execArgv: [] })
  } finally {
    await log.close()
  }
}

const failure = (sender: string, cause: string) => new CommandFailed({ code: exitCode.failed, message: `${sender}: ${cause}` })

/** Resolves when the process says it is ready. */
const untilReady = (child: ChildProcess, setup: SenderSetup): Effect.Effect<void, CommandFailed> =>
  Effect.callback<void, CommandFailed>((resume) => {
    const heard = (message: FromSender) => {
      if (message._tag === "Ready") resume(Effect.void)
      if (message._tag === "Failed") resume(Effect.fail(failure(setup.sender, message.cause)))
    }
    const gone = () => resume(Effect.fail(failure(setup.sender, `its process ended at once; see ${setup.sender}.log`)))
    child.on("message", heard)
    child.once("exit", gone)
    tell(child, { _tag: "Setup", ...setup })
    return Effect.sync(() => void child.off("message", heard).off("exit", gone))
  })

const finish = (child: ChildProcess, setup: SenderSetup): Effect.Effect<void, CommandFailed> =>
  Effect.callback<void, CommandFailed>((resume) => {
    const heard = (message: FromSender) => {
      if (message._tag === "Finished") resume(Effect.void)
      if (message._tag === "Failed") resume(Effect.fail(failure(setup.sender, message.cause)))
    }
    child.on("message", heard)
    tell(child, { _tag: "Finish" })
    return Effect.sync(() => void child.off("message", heard))
  }).pipe(
    Effect.timeoutOrElse({
      duration: finishPatienceMs,
      orElse: () => Effect.fail(failure(setup.sender, `did not finish within ${finishPatienceMs} ms`)),
    }),
  )

const listen = (child: ChildProcess, events: SenderEvents, isFinishing: () => boolean): void => {
  child.on("message", (message: FromSender) => {
    if (message._tag === "Answers") events.answers(message.answers)
    if (message._tag === "Ats") events.ats(message.ats)
    if (message._tag === "Failed") events.failed(message.cause)
  })
  child.on("exit", (code, by) => {
    if (!isFinishing()) events.failed(`its process ended (${by ?? `exit code ${code}`})`)
  })
}

/** Starts a channel's process and waits until it is connected. It is ended with the scope. */
export const startSender = (
  setup: SenderSetup,
  folder: string,
  events: SenderEvents,
  guardian: Guardian,
): Effect.Effect<SenderProcess, CommandFailed, Scope.Scope> => {
  let finishing = false
  return Effect.acquireRelease(
    Effect.promise(() => launch(setup, folder)),
    (child) =>
      Effect.sync(() => {
        finishing = true
        child.kill("SIGKILL")
      }),
  ).pipe(
    Effect.tap((child) =>
      Effect.sync(() => {
        child.on("error", () => undefined)
        if (child.pid !== undefined) guardian.adopt(child.pid)
      }),
    ),
    Effect.tap((child) => untilReady(child, setup)),
    Effect.map((child) => {
      listen(child, events, () => finishing)
      return {
        name: setup.sender,
        pid: child.pid ?? 0,
        send: (orders) => tell(child, { _tag: "Send", orders }),
        finish: Effect.suspend(() => {
          finishing = true
          return finish(child, setup)
        }),
      }
    }),
  )
}
