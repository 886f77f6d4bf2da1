/**
 * Ends the demo's processes when the demo ends, however it does: a shell waits for the end of a pipe that only we hold open. Our own
 * handlers would not run after SIGKILL, and a worker without its demo would try for ever to reach a server that is gone.
 */
import { spawn } from "node:child_process"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Watches over processes by their ids. */
export interface Guardian {
  /** From now on this process ends with us. */
  readonly adopt: (pid: number) => void
}

/** `done`: all have been ended in an orderly way, and their ids may belong to others by now. */
const script =
  'pids=""; while read -r line; do [ "$line" = done ] && exit 0; pids="$pids $line"; done; [ -z "$pids" ] || kill -KILL $pids 2>/dev/null'

/** A guardian for as long as the scope lives. When it closes in an orderly way, nothing is left to be ended. */
export const startGuardian: Effect.Effect<Guardian, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    // In its own process group: what ends us from the terminal must not end it.
    const shell = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true })
    shell.on("error", () => undefined)
    shell.stdin.on("error", () => undefined)
    shell.unref()
    return { adopt: (pid: number) => void shell.stdin.write(`${pid}\n`), dismiss: () => void shell.stdin.end("done\n") }
  }),
  ({ dismiss }) => Effect.sync(dismiss),
)
