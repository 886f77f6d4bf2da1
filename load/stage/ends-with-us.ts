/**
 * Processes of a script end with it, however it ends itself: by a second Ctrl-C, or by SIGKILL.
 */
import type { ChildProcess } from "node:child_process"
import { watchdog } from "../../src/watchdog.ts"

/** The process, which from now on gets `signal` when this one is gone. */
export const endsWithUs = <Child extends ChildProcess>(child: Child, signal: "TERM" | "KILL" = "KILL"): Child => {
  if (child.pid !== undefined) child.once("exit", watchdog(child.pid, signal))
  return child
}
