/**
 * How the tests run. Time limits are generous: they end what hangs, and never decide whether a test passes.
 *
 * Most tests are pure: files of those share a process, so that modules are loaded and warmed up once in each process and not once for each file. What starts servers, or changes something for a whole process, has a process
 * of its own.
 */
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

/** Tests on real parts: they start servers and workers, and wait for them most of the time. A crash of one ends one file only. */
export const onRealParts = [
  "test/chaos/**/*.test.ts",
  "test/deploy/compose-cluster.test.ts",
  "test/http/**/*.test.ts",
  "test/integration/**/*.test.ts",
  "test/load/bench.test.ts",
  "test/load/growth.test.ts",
  "test/load/k6.test.ts",
  "test/nats/**/*.test.ts",
  "test/postgres/**/*.test.ts",
  "test/sim/comparison/row-lock-postgres.test.ts",
  "test/sim/conformance/*-server*.test.ts",
]

/** Pure tests that switch compiled Schemas on, which holds for their process from then on: what others decode would be compiled or not by chance. */
export const compiling = [
  "test/sim/checkers/seen-to-fail.test.ts",
  "test/sim/run.test.ts",
  "test/sim/sometimes.test.ts",
  "test/wire/compiled.test.ts",
]

const apart = [...onRealParts, ...compiling]

export default defineConfig({
  test: {
    globalSetup: ["test/nats/server-first.ts"],
    // What Node has compiled of our modules is kept for the hundreds of processes that follow: each starts in half of the time.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url)) },
    // Processes, not threads: what a test starts ends with it, whatever becomes of the test.
    pool: "forks",
    // More than a small machine has cores: while one waits for its servers, another works.
    maxWorkers: 4,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 120_000, interval: 20 } },
    passWithNoTests: true,
    projects: [
      // They begin in the order of their names: first what waits, then what fills the gaps.
      { extends: true, test: { name: "parts", include: apart } },
      { extends: true, test: { name: "pure", include: ["test/**/*.test.ts"], exclude: apart, isolate: false } },
    ],
  },
})
