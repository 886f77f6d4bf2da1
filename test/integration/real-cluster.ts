/**
 * A nats-server and workers as processes of their own, in a temporary folder that commands can be run in.
 */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { exitCode } from "../../src/cli/exit-codes.ts"
import { sendersOf } from "../../src/domain/sender-list.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { natsServerBinary } from "../../src/nats/server-binary.ts"
import { bare, textOf } from "../processes.ts"

/** For whoever starts the first server on a machine: it may have to be built. */
export const startTimeoutMs = 300_000

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const endOf = (child: ChildProcessWithoutNullStreams, out: () => string): Promise<Ran> => {
  const err = textOf(child.stderr)
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out: out(), err: err() })))
}

export class RealCluster {
  readonly folder: string
  readonly server: EmbeddedServer
  readonly #workers: Array<ChildProcess> = []
  #started = 0

  private constructor(folder: string, server: EmbeddedServer) {
    this.folder = folder
    this.server = server
  }

  /** Starts the server alone, where commands that are run in `folder` look for the own server of a `serve`. */
  static async start(): Promise<RealCluster> {
    await natsServerBinary()
    const folder = await mkdtemp(join(tmpdir(), "holdfast-cluster-"))
    const senders = sendersOf("web=channel,warehouse=warehouse,planner=merchandiser,operator=operator")
    return new RealCluster(folder, await startEmbedded({ storeDir: join(folder, ".cache", "holdfast"), senders }))
  }

  /**
   * Starts a worker beside those that there are. `preload`: a module that is loaded before its own.
   *
   * They are called w1, w2 and so on: of two that follow each other either owns two of the four partitions of each kind. By names that chance gives, one of two owned all in every eighth cluster.
   */
  startWorker(preload?: URL): void {
    const { url, monitorUrl, credentials, senders } = this.server
    const env = {
      ...bare,
      HOLDFAST_NATS_URL: url,
      HOLDFAST_NATS_MONITOR_URL: monitorUrl,
      HOLDFAST_ENGINE_USER: credentials.engine.user,
      HOLDFAST_ENGINE_PASSWORD: credentials.engine.password,
      HOLDFAST_DOOR_USER: credentials.door.user,
      HOLDFAST_DOOR_PASSWORD: credentials.door.password,
      HOLDFAST_SENDERS: senders,
      HOLDFAST_PARTITIONS: "4",
      HOLDFAST_WORKER: `w${++this.#started}`,
      HOLDFAST_HTTP_PORT: "0",
    }
    const before = preload === undefined ? [] : ["--import", preload.href]
    this.#workers.push(spawn(process.execPath, [...before, main, "serve"], { cwd: this.folder, env, stdio: "ignore" }))
  }

  /** Ends the worker that was started first of those that run. */
  async #endWorker(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const worker = this.#workers.shift()
    if (worker === undefined || worker.exitCode !== null) return
    const ended = new Promise((resolve) => worker.once("exit", resolve))
    worker.kill(signal)
    await ended
  }

  /** Lets the worker that was started first leave. */
  stopWorker(): Promise<void> {
    return this.#endWorker("SIGTERM")
  }

  /** Ends it in the middle of whatever it does, as a machine that dies. */
  killWorker(): Promise<void> {
    return this.#endWorker("SIGKILL")
  }

  /** Runs one command to its end. `input` is its standard input. */
  run(
    args: ReadonlyArray<string>,
    {
      input = "",
      env = {},
      folder = this.folder,
    }: { readonly input?: string; readonly env?: Readonly<Record<string, string>>; readonly folder?: string } = {},
  ): Promise<Ran> {
    const child = spawn(process.execPath, [main, ...args], { cwd: folder, env: { ...bare, ...env }, stdio: "pipe" })
    child.stdin.end(input)
    return endOf(child, textOf(child.stdout))
  }

  /** As `run`, again as long as the server answers too late: for what changes nothing. */
  async ask(args: ReadonlyArray<string>): Promise<Ran> {
    for (;;) {
      const ran = await this.run(args)
      if (ran.code !== exitCode.unreachable) return ran
    }
  }

  /** Runs one command until it has printed `lines` lines, then ends it as Ctrl-C would. */
  async watch(args: ReadonlyArray<string>, lines: number, whileItRuns: () => Promise<unknown>): Promise<Ran> {
    const child = spawn(process.execPath, [main, ...args], { cwd: this.folder, env: bare, stdio: "pipe" })
    let ran = false
    const out = textOf(child.stdout, () => {
      // The first line says that it follows.
      if (!ran) {
        ran = true
        void whileItRuns()
      }
      if (out().split("\n").length > lines) child.kill("SIGINT")
    })
    return endOf(child, out)
  }

  async stop(): Promise<void> {
    while (this.#workers.length > 0) await this.stopWorker()
    await this.server.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}
