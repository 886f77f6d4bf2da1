/**
 * Several people who look at the page at once, each on a screen of their own: when each sees that something is out, and is over, and what their screen showed.
 */
import { join } from "node:path"
import type { Browser, Page } from "playwright-core"
import { seriousFindings } from "../../tools/chromium.ts"

/** How somebody looks. A phone's is two screens high, scrolled through. */
interface Screen {
  readonly name: string
  readonly colorScheme: "light" | "dark"
  readonly width: number
  readonly height: number
}

const screens: ReadonlyArray<Screen> = [
  { name: "desktop", colorScheme: "light", width: 1_360, height: 1_500 },
  { name: "dark", colorScheme: "dark", width: 1_360, height: 1_500 },
  { name: "phone", colorScheme: "light", width: 390, height: 1_688 },
]

export interface Looker {
  readonly name: string
  readonly page: Page
}

/** Opens the page on each screen, with a SKU. */
export const lookers = (browser: Browser, address: string, sku: string): Promise<ReadonlyArray<Looker>> =>
  Promise.all(
    screens.map(async ({ name, colorScheme, width, height }) => {
      const isPhone = name === "phone"
      const context = await browser.newContext({ colorScheme, viewport: { width, height }, deviceScaleFactor: isPhone ? 2 : 1 })
      const page = await context.newPage()
      await page.goto(`${address}&sku=${encodeURIComponent(sku)}`)
      await page
        .getByText(/^All \d+ partitions are served$/)
        .first()
        .waitFor({ timeout: 60_000 })
      return { name, page }
    }),
  )

/** Milliseconds until the page says that something is not served, from `sinceMs` on. */
export const seesOutage = async ({ page }: Looker, sinceMs: number, forMs: number): Promise<number> => {
  await page
    .getByText(/partitions? (is|are) not served/)
    .first()
    .waitFor({ timeout: forMs })
  return performance.now() - sinceMs
}

/** The same until it says that all is well again. */
export const seesItOver = async ({ page }: Looker, sinceMs: number, forMs: number): Promise<number> => {
  await page.locator("#verdict", { hasText: /^All/ }).waitFor({ timeout: forMs })
  return performance.now() - sinceMs
}

/** Takes what the screen shows. Returns the file. */
export const shoot = async ({ name, page }: Looker, folder: string, moment: string): Promise<string> => {
  const path = join(folder, `page-${name}${moment}.png`)
  await page.screenshot({ path })
  return path
}

/** What axe finds on it that keeps somebody from using it. */
export const found = ({ page }: Looker): Promise<ReadonlyArray<string>> => seriousFindings(page)
