/**
 * The configuration of a server that runs, changed as an operator would change it: in its file, and read again by the server. Starts from what the embedded server wrote.
 */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { EmbeddedServer } from "../../../src/nats/embedded.ts"

/** What a run adds to the configuration of each server. */
export interface Additions {
  /** host:port by which this server reaches each of the others. Nobody is told another way: not the servers, not the clients. */
  readonly routes: ReadonlyArray<string>
  readonly certificate: string
  readonly key: string
}

/** Nobody listens there: whoever is told of it by gossip comes by the routes that are configured, or not at all. */
const nowhere = "127.0.0.1:1"

const withRoutes = (text: string, routes: ReadonlyArray<string>): string => {
  if (routes.length === 0) return text
  const list = routes.map((route) => `"nats://${route}"`).join(", ")
  return text.replace(/^ {2}routes: .*$/m, `  routes: [${list}]\n  no_advertise: true\n  advertise: "${nowhere}"`)
}

export class ServerConfig {
  readonly server: EmbeddedServer
  readonly #file: string
  readonly #usual: string

  private constructor(server: EmbeddedServer, file: string, usual: string) {
    this.server = server
    this.#file = file
    this.#usual = usual
  }

  /** Adds to what a server was started with; it holds from its next start on. */
  static async of(server: EmbeddedServer, { routes, certificate, key }: Additions): Promise<ServerConfig> {
    const file = join(server.storeDir, "nats-server.conf")
    const tls = `tls {\n  cert_file: "${certificate}"\n  key_file: "${key}"\n  timeout: 5\n}\n`
    const config = new ServerConfig(server, file, `${withRoutes(await readFile(file, "utf8"), routes)}${tls}`)
    await config.#write(config.#usual)
    return config
  }

  /** Without this user. */
  revoke(user: string): Promise<void> {
    const lines = this.#usual.split("\n")
    const left = lines.filter((line) => !line.includes(`{ user: "${user}",`))
    if (left.length !== lines.length - 1) throw new Error(`the configuration names ${lines.length - left.length} users ${user}`)
    return this.#reload(left.join("\n"))
  }

  /** With other numbers in it. */
  change(): Promise<void> {
    return this.#reload(this.#usual.replace("ping_interval: 2s", "ping_interval: 3s\nmax_control_line: 8KB"))
  }

  usual(): Promise<void> {
    return this.#reload(this.#usual)
  }

  async #reload(text: string): Promise<void> {
    await this.#write(text)
    await this.server.kill("SIGHUP")
  }

  #write(text: string): Promise<void> {
    return writeFile(this.#file, text, { mode: 0o600 })
  }
}
