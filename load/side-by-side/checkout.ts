/**
 * The parts of a checkout that an arm is put together from, loaded by its path: this build's or an earlier one's. What differs between them is told apart here, and nowhere else.
 */
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { join, resolve } from "node:path"
import type { ConnectOptions, SenderClient } from "../../src/channel.ts"
import { freePorts } from "../../src/free-ports.ts"
import type { EmbeddedConnection, EmbeddedOptions, EmbeddedServer } from "../../src/nats/embedded.ts"

/** A sender as every build reads it: earlier ones have a name and a kind. */
export interface AnySender {
  readonly sender: string
  readonly roles: ReadonlyArray<string>
  readonly name: string
  readonly kind: string
}

export interface Checkout {
  readonly main: string
  /** Whether commands are requests, answered on their reply subject; earlier builds stored them, and were told in a header where to answer. */
  readonly commandsAreRequests: boolean
  readonly startServers: (count: 1 | 3, senders: ReadonlyArray<AnySender>, syncAlways: boolean) => Promise<ReadonlyArray<EmbeddedServer>>
  readonly workerEnvironment: (name: string, connection: EmbeddedConnection, partitions: number) => NodeJS.ProcessEnv
  readonly connect: (options: ConnectOptions) => Promise<SenderClient>
  /** Where a channel's selling command about a SKU is published, by the SKU's token; builds from before kinds of actors name none. */
  readonly sellSubject: (channel: string, token: string) => string
}

/** A build's own spelling of a command's subject. */
type CommandSubject = (sender: string, commandClass: string, ...rest: ReadonlyArray<string>) => string
/** Parts of a subject that names the kind, as a build's own function takes them. */
const partsWithKind = 4

type StartEmbedded = (options: EmbeddedOptions) => Promise<EmbeddedServer>

/** A port found free may be taken by another before a server listens on it. */
const startAttempts = 5

const startThree = async (startEmbedded: StartEmbedded, options: EmbeddedOptions, attempt = 1): Promise<ReadonlyArray<EmbeddedServer>> => {
  const ports = await freePorts(3)
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`)
  const started: Array<EmbeddedServer> = []
  try {
    for (const [n, port] of ports.entries()) {
      const [first] = started
      const cluster = { serverName: `server-${n}`, port, routes }
      started.push(await startEmbedded({ ...options, cluster, ...(first === undefined ? {} : { credentials: first.credentials }) }))
    }
    await Promise.all(started.map((server) => server.ready()))
    return started
  } catch (error) {
    await Promise.all(started.map((server) => server.stop()))
    if (attempt === startAttempts) throw error
    return startThree(startEmbedded, options, attempt + 1)
  }
}

export const loadCheckout = (folder: string): Checkout => {
  const root = resolve(folder)
  // Required, not imported: which file it is, only the command line says.
  const load = createRequire(import.meta.url)
  const embedded = load(join(root, "src/nats/embedded.ts")) as { readonly startEmbedded: StartEmbedded }
  const workers = load(join(root, "src/cli/demo/workers.ts")) as Pick<Checkout, "workerEnvironment">
  const channel = load(join(root, "src/channel.ts")) as Pick<Checkout, "connect">
  const { commandSubject } = load(join(root, "src/wire/subjects.ts")) as { readonly commandSubject: CommandSubject }
  const kind = commandSubject.length >= partsWithKind ? ["sku"] : []
  return {
    main: join(root, "src/main.ts"),
    commandsAreRequests: existsSync(join(root, "src/ports/door.ts")),
    startServers: async (count, senders, syncAlways) => {
      // Each build reads those fields of a sender that it knows.
      const options: EmbeddedOptions = { senders: senders as unknown as EmbeddedOptions["senders"], syncAlways }
      return count === 3 ? startThree(embedded.startEmbedded, options) : [await embedded.startEmbedded(options)]
    },
    workerEnvironment: workers.workerEnvironment,
    connect: channel.connect,
    sellSubject: (sender, token) => commandSubject(sender, "sell", ...kind, token),
  }
}
