/**
 * The temporary folder of a demo: journals, logs, what was heard. Removed when all went well or somebody ended it; kept, and named,
 * when there is something to look at.
 */
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { type TemporaryFolder, temporaryFolder } from "../../temporary-folder.ts"

export interface DemoFolder {
  readonly path: string
  readonly temporary: TemporaryFolder
  /** The server's own. */
  readonly nats: string
  /** What each channel heard. */
  readonly heard: string
}

const make = async (keep: boolean): Promise<DemoFolder> => {
  const temporary = temporaryFolder("holdfast-demo-")
  const { path } = temporary
  const folder = { path, temporary, nats: join(path, "nats"), heard: join(path, "heard") }
  if (keep) temporary.keep()
  await mkdir(folder.heard)
  return folder
}

const isWorthKeeping = (exit: Exit.Exit<unknown, unknown>): boolean => Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)

/** A fresh folder until the scope closes. `keep`: whatever happens. `leave` is called before it is removed, when all went well, and may move what it wants to. */
export const demoFolder = (
  keep: boolean,
  leave: (folder: DemoFolder) => Promise<void> = () => Promise.resolve(),
): Effect.Effect<DemoFolder, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => make(keep)),
    (folder, exit) =>
      Effect.promise(async () => {
        const { path, temporary } = folder
        if (Exit.isSuccess(exit))
          await leave(folder).catch((error: unknown) => {
            process.stderr.write(`holdfast: nothing is left to look at: ${error instanceof Error ? error.message : String(error)}\n`)
          })
        if (!keep && !isWorthKeeping(exit)) return temporary.remove()
        temporary.keep()
        process.stderr.write(`holdfast: journals, logs and what was heard are kept in ${path}\n`)
      }),
  )
