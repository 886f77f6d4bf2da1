/**
 * Ends what we started, and removes what we made for a time, when this process ends, however it does: our own exit handlers would not run after SIGKILL. Decides nothing about when that is done while we live.
 */
import { spawn } from "node:child_process"

/** A shell that waits for the end of a pipe that only we hold open, and then does `what`, which finds `args` as $1, $2 and so on. Where no shell can be started nobody watches. Returns what ends the watch. */
const afterUs = (what: string, args: ReadonlyArray<string>): (() => void) => {
  // In its own process group: what ends us from the terminal must not end it.
  const shell = spawn("/bin/sh", ["-c", `read -r _ && exit 0; ${what}`, "sh", ...args], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  })
  shell.on("error", () => undefined)
  shell.stdin.on("error", () => undefined)
  shell.unref()
  return () => shell.stdin.end("done\n")
}

/** Watches over the process with that id, and sends it `signal` when we are gone. Throws nothing. Returns what ends the watch, for whoever stopped the process itself. */
export const watchdog = (pid: number, signal: "TERM" | "QUIT" | "KILL"): (() => void) =>
  afterUs(`kill -${signal} "$1" 2>/dev/null`, [String(pid)])

/** Servers that keep their files there end at about the same time: what they still write is removed too, for half a minute at most, until nothing has come back for a second. */
const removal =
  'n=0; gone=0; while [ $n -lt 300 ] && [ $gone -lt 10 ]; do rm -rf -- "$1"; sleep 0.1; n=$((n+1)); if [ -e "$1" ]; then gone=0; else gone=$((gone+1)); fi; done'

/** Removes a temporary folder when we are gone. Throws nothing. Returns what ends the watch, for whoever removed it, or keeps it. */
export const removedAfterUs = (folder: string): (() => void) => afterUs(removal, [folder])
