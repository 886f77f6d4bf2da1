/**
 * How the page is tried in a real Chromium: apart from the other tests, for a browser isn't everywhere. `npm run test:page` installs Debian's where it can.
 */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/page/*.browser.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 20_000, interval: 50 } },
  },
})
