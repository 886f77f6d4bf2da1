/** A way to a server that can be cut without either end being told, which is what a half-open connection is to both, broken for a while, which both are told, or slow. */
import { createServer, connect as dial, type Server, type Socket } from "node:net"

export interface Way {
  readonly url: string
  /** From now on nothing passes towards the client ("answers") or either way ("both"), on connections that are there. New ones pass. */
  readonly cut: (what: "answers" | "both") => void
  /** Breaks all connections, and every new one for so many milliseconds. */
  readonly breakFor: (ms: number) => void
  /** For so many milliseconds nothing that a client says on a new connection reaches the server; what the server says does, and old connections go on. */
  readonly dumbFor: (ms: number) => void
  readonly close: () => Promise<void>
}

/** A way to the server at `url`. */
export const wayTo = async (url: string): Promise<Way> => {
  const { hostname, port } = new URL(url)
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket }>()
  let isBroken = false
  let dumbUntilMs = 0
  const server: Server = createServer((near) => {
    if (isBroken) {
      near.destroy()
      return
    }
    const far = dial(Number(port), hostname)
    const pair = { near, far }
    pairs.add(pair)
    setTimeout(() => near.pipe(far), Math.max(0, dumbUntilMs - performance.now()))
    far.pipe(near)
    for (const socket of [near, far]) socket.on("error", () => undefined)
    near.on("close", () => {
      pairs.delete(pair)
      far.destroy()
    })
    far.on("close", () => near.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the way has no address")
  return {
    url: `nats://127.0.0.1:${address.port}`,
    cut: (what) => {
      for (const { near, far } of pairs) {
        far.unpipe(near)
        far.pause()
        if (what === "answers") continue
        near.unpipe(far)
        near.pause()
      }
    },
    breakFor: (ms) => {
      isBroken = true
      setTimeout(() => {
        isBroken = false
      }, ms)
      for (const { near, far } of pairs) {
        near.destroy()
        far.destroy()
      }
    },
    dumbFor: (ms) => {
      dumbUntilMs = performance.now() + ms
    },
    close: () =>
      new Promise((resolve) => {
        for (const { near, far } of pairs) {
          near.destroy()
          far.destroy()
        }
        server.close(() => resolve())
      }),
  }
}
