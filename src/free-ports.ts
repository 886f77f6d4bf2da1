/**
 * Ports for servers that have to be told theirs before they start. Whoever can listen at port 0, and say afterwards where, needs none of this.
 *
 * A port that is found free is nobody's until the server listens there. The system gives outgoing connections theirs from a range of its own, thousands a second on a busy machine, and a client that tries for a server
 * which is away may even be connected to itself: so these come from below that range, where only who asks for a port by its number gets it.
 */
import { randomInt } from "node:crypto"
import { readFileSync } from "node:fs"
import { createServer, type Server } from "node:net"

const host = "127.0.0.1"
/** Below it stand what is well known and what a machine's own services ask for. */
const lowest = 15_000
/** Where no range can be read: all others begin theirs here, or above. */
const usualRangeBegin = 32_768
/** Fewer than this would be asked for twice. */
const leastChoice = 2_000
const attempts = 100

/** Where the ports of outgoing connections begin. */
const outgoingFrom = (): number => {
  try {
    return Number.parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10)
  } catch {
    return usualRangeBegin
  }
}

/** Below which port others than those of outgoing connections lie; null: too few of them do. */
export const choiceBelow = (outgoing: number): number | null => {
  const below = Math.min(outgoing, usualRangeBegin)
  return below - lowest < leastChoice ? null : below
}

/** Listens there, if nobody does. */
const listenAt = (port: number): Promise<Server | null> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(null))
    server.listen(port, host, () => resolve(server))
  })

const listenSomewhere = async (): Promise<Server> => {
  const below = choiceBelow(outgoingFrom())
  for (let attempt = 0; below !== null && attempt < attempts; attempt++) {
    const server = await listenAt(randomInt(lowest, below))
    if (server !== null) return server
  }
  const server = await listenAt(0)
  if (server === null) throw new Error(`nothing can listen on ${host}`)
  return server
}

const portOf = (server: Server): number => {
  const address = server.address()
  return address !== null && typeof address === "object" ? address.port : 0
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

/** So many different ports of the loopback interface at which nobody listens now. */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const servers = await Promise.all(Array.from({ length: count }, listenSomewhere))
  const ports = servers.map(portOf)
  await Promise.all(servers.map(closed))
  return ports
}

/** One such port. */
export const freePort = async (): Promise<number> => {
  const [port] = await freePorts(1)
  return port ?? 0
}
