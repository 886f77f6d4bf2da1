/**
 * Runs before all tests where vitest's `globalSetup` names it: makes sure that there is a nats-server to run, building it if need be, so that no
 * test's time limit pays for it.
 */
import { natsServerBinary } from "../../src/nats/server-binary.ts"

/** Without a server only those tests fail that need one, and each says why. */
export const setup = (): Promise<void> =>
  natsServerBinary().then(
    () => undefined,
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
    },
  )
