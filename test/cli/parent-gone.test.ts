import { spawn } from "node:child_process"
import { pathToFileURL } from "node:url"
import { describe, expect, it } from "vitest"

const file = pathToFileURL("src/cli/parent-gone.ts").href

/** Looks for its parent only when that is gone already, as a process does whose parent was killed while it came up. */
const child = `
while (process.connected) await new Promise((done) => setImmediate(done))
const [{ parentGone }, { Effect }] = await Promise.all([import(${JSON.stringify(file)}), import("effect")])
setInterval(() => undefined, 1_000)
await Effect.runPromise(parentGone)
console.log("gone")
process.exit(0)
`
const parent = `
import { spawn } from "node:child_process"
spawn(process.execPath, ["--input-type=module", "-e", process.argv[1]], { stdio: ["ignore", "inherit", "inherit", "ipc"], detached: true })
  .once("spawn", () => process.kill(process.pid, "SIGKILL"))
`

describe("a process whose parent was killed before it looked", () => {
  it("finds it gone, and does not wait for its end for ever", async () => {
    const started = spawn(process.execPath, ["--input-type=module", "-e", parent, child], { stdio: ["ignore", "pipe", "inherit"] })
    let said = ""
    started.stdout.setEncoding("utf8").on("data", (piece: string) => {
      said += piece
    })
    // The child has the pipe too: it closes when that has ended.
    await new Promise((done) => started.stdout.once("close", done))
    expect(said).toBe("gone\n")
  })
})
