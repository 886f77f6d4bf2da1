/**
 * A Chromium to try the page in: the one on the PATH, or Debian's package, installed when a script first needs it. Nothing of Holdfast needs a browser to run.
 */
import { type ExecFileSyncOptions, execFileSync, spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { type Browser, chromium, type Page } from "playwright-core"

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]

/** The Chromium that is there; undefined: none is. */
export const presentChromium = (): string | undefined => {
  const named = process.env.HOLDFAST_CHROMIUM
  if (named !== undefined && named !== "") return named
  const folders = (process.env.PATH ?? "").split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}

const isThere = (program: string): boolean => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0

const howToGet = "install one (Debian: apt-get install chromium), or name one with HOLDFAST_CHROMIUM"

const install = (): void => {
  if (process.getuid?.() !== 0 || !isThere("apt-get")) throw new Error(`there is no Chromium on the PATH: ${howToGet}`)
  console.error("Installing Debian's chromium once ...")
  const quietly: ExecFileSyncOptions = {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  }
  try {
    execFileSync("apt-get", ["update"], quietly)
    execFileSync("apt-get", ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"], quietly)
  } catch (error) {
    throw new Error(`Debian's chromium could not be installed (${error instanceof Error ? error.message : String(error)}): ${howToGet}`)
  }
}

/** Starts a browser without a window; whoever starts it closes it. */
export const startChromium = async (): Promise<Browser> => {
  if (presentChromium() === undefined) install()
  const executablePath = presentChromium()
  if (executablePath === undefined) throw new Error(`there is no Chromium on the PATH: ${howToGet}`)
  // Root has no sandbox to give, and what is opened is our own page.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : []
  return chromium.launch({ executablePath, args })
}

const axeSource = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8")

/** What axe finds on a page that keeps somebody from using it: its rule, and where. */
export const seriousFindings = async (page: Page): Promise<ReadonlyArray<string>> => {
  // By the protocol, as a developer's console would: a page's policy lets nothing in from outside.
  await page.evaluate(axeSource)
  return await page.evaluate(
    "axe.run().then(({ violations }) => violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))",
  )
}
