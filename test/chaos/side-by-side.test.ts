/** What `npm run side-by-side` knows of builds that differ from this one, and that an arm which stands still is an error. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { loadCheckout } from "../../load/side-by-side/checkout.ts"
import { standStill, standsStillMs } from "../../load/side-by-side/standing-still.ts"

/** A checkout of a build whose subjects name no kind, as far as an arm loads one. */
const earlierBuild = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-earlier-"))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const files = {
    "src/nats/embedded.ts": "export const startEmbedded = () => undefined",
    "src/cli/demo/workers.ts": "export const workerEnvironment = () => ({})",
    "src/channel.ts": "export const connect = () => undefined",
    "src/wire/subjects.ts": "export const commandSubject = (sender, one, token) => ['hf.cmd', sender, one, token].join('.')",
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

it("commands go where the build takes them: with the kind in their subject, or without it where it knows none", async () => {
  const here = loadCheckout(fileURLToPath(new URL("../..", import.meta.url)))
  expect(here).toMatchObject({ commandsAreRequests: true })
  expect(here.sellSubject("web", "HOT-1")).toBe("hf.cmd.web.sell.sku.HOT-1")
  const earlier = loadCheckout(await earlierBuild())
  expect(earlier).toMatchObject({ commandsAreRequests: false })
  expect(earlier.sellSubject("web", "HOT-1")).toBe("hf.cmd.web.sell.HOT-1")
})

it("an arm that waits for decisions that don't come says so, with what it heard last and what to look at", () => {
  const standing = { checkout: "../earlier", open: 64, idleMs: standsStillMs, heardLast: null }
  expect(standStill(standing)).toMatch(
    /^the build in \.\.\/earlier stands still: 64 commands wait, .* 30 s\. Nothing else was heard either\. See /,
  )
  expect(standStill({ ...standing, heardLast: '{"v":1,"answer":"notStored"}' })).toContain('heard last: {"v":1,"answer":"notStored"}')
  expect(standStill({ ...standing, open: 0 })).toBeUndefined()
  expect(standStill({ ...standing, idleMs: standsStillMs - 1 })).toBeUndefined()
})
