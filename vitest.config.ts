/**
 * How the tests run. Time limits are generous: they end what hangs, and never decide whether a test passes.
 */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/nats/server-first.ts"],
    // Processes, not threads: integration tests start servers, and a crash then ends one file only.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 120_000, interval: 20 } },
    passWithNoTests: true,
  },
})
