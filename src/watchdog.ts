/**
 * Ends a server that we started when this process ends, however it does: our own exit handlers would not run after SIGKILL. Decides nothing about when a server is stopped while we live.
 */
import { spawn } from "node:child_process"

/**
 * Watches over the process with that id: a shell waits for the end of a pipe that only we hold open, and then sends it `signal`. Throws nothing; where no shell can be started nobody watches. Returns what ends
 * the watch, for whoever stopped the server itself.
 */
export const watchdog = (pid: number, signal: "TERM" | "QUIT"): (() => void) => {
  const shell = spawn("/bin/sh", ["-c", `read -r _ && exit 0; kill -${signal} ${pid} 2>/dev/null`], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  })
  shell.on("error", () => undefined)
  shell.stdin.on("error", () => undefined)
  shell.unref()
  return () => shell.stdin.end("done\n")
}
