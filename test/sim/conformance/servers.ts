/** One real server or a cluster of three, a connection to each, and what each itself holds. */
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { startThreeServers } from "../../../load/chaos/three-of-a-cluster.ts"
import { type EmbeddedServer, startEmbedded } from "../../../src/nats/embedded.ts"

/** How long an answer may take before it counts as none. Nothing that is answered takes nearly as long. */
export const answerMsMax = 15_000
const pollMs = 20

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks again until there is something, errors counting as nothing. Rejects in the end with what it waited for. */
export const eventually = async <A>(what: string, ask: () => Promise<A | undefined>): Promise<A> => {
  const deadline = performance.now() + 8 * answerMsMax
  let cause: unknown
  while (performance.now() < deadline) {
    try {
      const found = await ask()
      if (found !== undefined) return found
    } catch (error) {
      cause = error
    }
    await sleep(pollMs)
  }
  throw new Error(`waited in vain for ${what}`, { cause })
}

export interface Held {
  readonly messages: number
  readonly first_seq: number
  readonly last_seq: number
}

interface Monitored {
  readonly account_details?: ReadonlyArray<{ readonly stream_detail?: ReadonlyArray<{ readonly name: string; readonly state: Held }> }>
}

/** What one server itself holds of a stream, as its monitoring page says. */
export const monitoredState = async (monitorUrl: string, stream: string): Promise<Held | undefined> => {
  const page = (await (await fetch(`${monitorUrl}/jsz?accounts=true&streams=true`)).json()) as Monitored
  const streams = page.account_details?.flatMap(({ stream_detail }) => stream_detail ?? []) ?? []
  return streams.find(({ name }) => name === stream)?.state
}

/** One server, or three in a cluster. */
export class Servers {
  readonly servers: ReadonlyArray<EmbeddedServer>
  readonly #connections = new Map<number, NatsConnection>()

  constructor(servers: ReadonlyArray<EmbeddedServer>) {
    this.servers = servers
  }

  get replicas(): 1 | 3 {
    return this.servers.length === 3 ? 3 : 1
  }

  server(index: number): EmbeddedServer {
    const server = this.servers[index]
    if (server === undefined) throw new Error(`there is no server ${index}`)
    return server
  }

  /** Never one to another server: an answer that is lost with its server has to stay lost. */
  async connection(index: number): Promise<NatsConnection> {
    const present = this.#connections.get(index)
    if (present !== undefined && !present.isClosed()) return present
    const { url, credentials } = this.server(index)
    const { user, password } = credentials.admin
    const made = await connect({ servers: url, user, pass: password, reconnect: false })
    this.#connections.set(index, made)
    return made
  }

  async disconnect(index: number): Promise<void> {
    const present = this.#connections.get(index)
    this.#connections.delete(index)
    await present?.close().catch(() => undefined)
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((_, index) => this.disconnect(index)))
    await Promise.all(this.servers.map((server) => server.stop()))
  }
}

export const startOne = async (): Promise<Servers> => new Servers([await startEmbedded({ senders: [] })])

export const startThree = async (): Promise<Servers> => new Servers(await startThreeServers([]))
