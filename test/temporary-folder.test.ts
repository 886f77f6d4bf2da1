import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { temporaryFolder } from "../src/temporary-folder.ts"

const module = fileURLToPath(new URL("../src/temporary-folder.ts", import.meta.url))

/** A process that makes two folders, says where, keeps the first, and stays until it is ended by the signal. */
const leftBy = async (signal: NodeJS.Signals): Promise<{ readonly kept: string; readonly other: string }> => {
  const code = `import { temporaryFolder } from ${JSON.stringify(module)}
    const [kept, other] = [temporaryFolder("holdfast-test-"), temporaryFolder("holdfast-test-")]
    kept.keep()
    process.stdout.write(JSON.stringify({ kept: kept.path, other: other.path }))
    setInterval(() => undefined, 1_000)`
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] })
  const ended = new Promise((done) => child.once("exit", done))
  const said = await new Promise<string>((resolve) => child.stdout.once("data", (piece) => resolve(String(piece))))
  const paths = JSON.parse(said) as { readonly kept: string; readonly other: string }
  await writeFile(join(paths.other, "file"), "something")
  child.kill(signal)
  await ended
  return paths
}

describe("a temporary folder", () => {
  it.each(["SIGKILL", "SIGINT", "SIGTERM"] as const)("is removed when its process is ended by %s, unless it is kept", async (signal) => {
    const { kept, other } = await leftBy(signal)
    await expect.poll(() => existsSync(other)).toBe(false)
    expect(existsSync(kept)).toBe(true)
    await rm(kept, { recursive: true })
  })

  it("is removed by whoever made it", async () => {
    const folder = temporaryFolder("holdfast-test-")
    await writeFile(join(folder.path, "file"), "something")
    await folder.remove()
    expect(existsSync(folder.path)).toBe(false)
  })
})
