import { createServer } from "node:net"
import { expect, it } from "vitest"
import { withClusterRig } from "../../load/chaos/cluster-rig.ts"
import { until } from "../../load/chaos/rig.ts"
import { leaseTtlMs, timeoutMs } from "./small.ts"

const occupied = createServer()

it(
  "is said at once to whoever waits, with the last of the worker's log: its port is taken, so it can't start",
  async () => {
    await new Promise<void>((done) => occupied.listen(0, "127.0.0.1", done))
    const address = occupied.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const waiting = withClusterRig({ servers: 1, partitions: 1, leaseTtlMs }, async (rig) => {
      const worker = await rig.startWorker("worker-1", { HOLDFAST_HTTP_PORT: String(port) })
      // Longer than the test may take: that it ends at all shows that it doesn't wait in vain.
      await until("the worker has started", async () => (await worker.page("/live")) !== null, 2 * timeoutMs)
    })
    await expect(waiting).rejects.toThrow(new RegExp(`worker-1 ended by itself \\(code 1\\):\\n.*:${port} can't be listened on`))
  },
  timeoutMs,
)

it("is no matter where it was told to end, and a wait goes on", async () => {
  await withClusterRig({ servers: 1, partitions: 1, leaseTtlMs }, async (rig) => {
    const [killed, stopped] = [await rig.startWorker("worker-1"), await rig.startWorker("worker-2")]
    await until("both have started", async () => (await killed.page("/live")) !== null && (await stopped.page("/live")) !== null)
    killed.process.killNow()
    await stopped.stop()
    await until("the one has ended too", () => !killed.process.isRunning())
    expect(stopped.process.howEnded()).toBe("code 0")
    expect(killed.process.howEnded()).toBe("SIGKILL")
  })
})
