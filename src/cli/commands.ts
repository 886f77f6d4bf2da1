/**
 * The commands of the `holdfast` binary: what each is for, and where it is. Only the one that is run is loaded, so that a small command
 * doesn't pay for importing a large one.
 */

import type { NodeServices } from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { helpText } from "./help-text.ts"
import { presenterLayer } from "./wrong-usage.ts"

/** What runs a command line. */
type Run = (args: ReadonlyArray<string>) => Effect.Effect<void, unknown, NodeServices>

interface CommandEntry {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  readonly load: () => Promise<Run>
  /** Whether a signal is how it is meant to end. */
  readonly endsBySignal?: true
  /** Whether it uses a cluster that is there, and starts nothing of it. */
  readonly usesCluster?: true
}

const version = "0.1.0"

const introduction = `Holdfast owns the answer to one question: may this unit be sold?

Channels send commands over NATS JetStream; the one owner of a SKU decides them one after another, journals each decision, and only then answers.

First steps:
  holdfast demo             a flash sale on a real nats-server, with a worker killed in the middle, and its verdict
  holdfast serve            a worker, with a nats-server of its own unless HOLDFAST_NATS_URL names one
  holdfast serve --help     every setting

Exit codes: 0 done, 1 failed, 2 usage, 3 a guarantee was found broken, 4 broker unreachable, 5 the cluster isn't as it should be,
6 halted, 10 to 16 a command that was not accepted (holdfast send --help says each), 130 interrupted.`

/** The binary with one command that is loaded, between those that are only named. */
const rootWith = <const Name extends string, Input, C, E, R extends NodeServices>(command: Command.Command<Name, Input, C, E, R>): Run => {
  const before = entries
    .slice(
      0,
      entries.findIndex(({ name }) => name === command.name),
    )
    .map(named)
  const after = entries.slice(before.length + 1).map(named)
  const listed = command.pipe(Command.withShortDescription(entries[before.length]?.summary ?? ""))
  const root = Command.make("holdfast").pipe(
    Command.withDescription(helpText(introduction)),
    Command.withSubcommands([...before, listed, ...after]),
  )
  return Command.runWith(root, { version })
}

/** A command as the list of commands shows it. It is never run: whoever names it has it loaded. */
const named = ({ name, summary }: CommandEntry) => Command.make(name).pipe(Command.withDescription(summary))

/** In the order in which --help lists them. */
const entries: ReadonlyArray<CommandEntry> = [
  {
    name: "serve",
    summary: "Run a worker: it shares the partitions with the others, decides, and answers",
    load: async () => rootWith((await import("./serve.ts")).serveCommand),
    endsBySignal: true,
  },
  {
    name: "ingress",
    summary: "Run an ingress alone: it takes what senders send, and stores facts while all workers are away",
    load: async () => rootWith((await import("./ingress.ts")).ingressCommand),
    endsBySignal: true,
  },
  {
    name: "gateway",
    summary: "Run an HTTP gateway alone: commands, questions and the feed over HTTP, with API keys",
    load: async () => rootWith((await import("./gateway.ts")).gatewayCommand),
    endsBySignal: true,
    usesCluster: true,
  },
  {
    name: "key",
    summary: "Make, list and revoke the API keys of HTTP gateways",
    load: async () => rootWith((await import("./key.ts")).keyCommand),
  },
  {
    name: "demo",
    summary: "Play a flash sale, or real orders, on a real nats-server, kill a worker in the middle, and judge what came of it",
    load: async () => rootWith((await import("./demo.ts")).demoCommand),
  },
  {
    name: "project",
    summary: "Keep the tables in Postgres in step with the journals",
    load: async () => rootWith((await import("./project.ts")).projectCommand),
    endsBySignal: true,
  },
  {
    name: "send",
    summary: "Send commands as a sender, and print what was decided",
    load: async () => rootWith((await import("./send.ts")).sendCommand),
    usesCluster: true,
  },
  {
    name: "stock",
    summary: "Show the stock of a SKU",
    load: async () => rootWith((await import("./stock.ts")).stockCommand),
    usesCluster: true,
  },
  {
    name: "ats",
    summary: "Show what a channel may sell now, or follow it",
    load: async () => rootWith((await import("./ats.ts")).atsCommand),
    usesCluster: true,
    endsBySignal: true,
  },
  {
    name: "order",
    summary: "Show what became of an order, line by line",
    load: async () => rootWith((await import("./order.ts")).orderCommand),
    usesCluster: true,
  },
  {
    name: "why",
    summary: "Say why a channel may sell so much, now or at a past moment",
    load: async () => rootWith((await import("./why.ts")).whyCommand),
    usesCluster: true,
  },
  {
    name: "availability",
    summary: "Show what each channel could sell of SKUs at a past moment",
    load: async () => rootWith((await import("./availability.ts")).availabilityCommand),
    usesCluster: true,
  },
  {
    name: "history",
    summary: "Show what became of a reservation or an order, step by step",
    load: async () => rootWith((await import("./history.ts")).historyCommand),
    usesCluster: true,
  },
  {
    name: "backtest",
    summary: "Replay recorded demand under another policy, beside what happened",
    load: async () => rootWith((await import("./backtest.ts")).backtestCommand),
    usesCluster: true,
  },
  {
    name: "audit",
    summary: "Judge all journals: chain, conservation, one effect for each command",
    load: async () => rootWith((await import("./audit.ts")).auditCommand),
    usesCluster: true,
  },
  {
    name: "export",
    summary: "Print the commands of a SKU or a partition, enough to reach the same state elsewhere",
    load: async () => rootWith((await import("./export.ts")).exportCommand),
    usesCluster: true,
  },
  {
    name: "archive",
    summary: "Archive journals and purge what is archived, once or on a schedule",
    load: async () => rootWith((await import("./archive.ts")).archiveCommand),
    usesCluster: true,
  },
  {
    name: "quarantine",
    summary: "List what nobody could decide; replay or drop it",
    load: async () => rootWith((await import("./quarantine.ts")).quarantineCommand),
    usesCluster: true,
  },
  {
    name: "resume",
    summary: "Let a halted partition go on, after a look at it",
    load: async () => rootWith((await import("./resume.ts")).resumeCommand),
    usesCluster: true,
  },
  {
    name: "topology",
    summary: "Show partitions, owners, lags, and what the broker does not guarantee",
    load: async () => rootWith((await import("./topology.ts")).topologyCommand),
    usesCluster: true,
  },
  {
    name: "doctor",
    summary: "Look at every setting that a promise rests on, with what to do where one is wrong",
    load: async () => rootWith((await import("./doctor.ts")).doctorCommand),
  },
]

/** Flags of the binary itself, which may stand before the command, whose value is the next word. */
const takesValue: ReadonlyArray<string> = ["--log-level", "--completions"]

/** The command that `args` name, if any. */
const entryOf = (args: ReadonlyArray<string>): CommandEntry | undefined => {
  const name = args.find((arg, at) => !arg.startsWith("-") && !takesValue.includes(args[at - 1] ?? ""))
  return entries.find((entry) => entry.name === name)
}

export const endsBySignal = (args: ReadonlyArray<string>): boolean => entryOf(args)?.endsBySignal === true

const failedWithRemedy = (error: unknown): Effect.Effect<never, unknown> =>
  Effect.promise(() => import("./access.ts")).pipe(
    Effect.flatMap(({ withOwnRemedy }) => withOwnRemedy(error)),
    Effect.flatMap(Effect.fail),
  )

/** Runs a command line, the binary's name left out. */
export const runCommandLine = (args: ReadonlyArray<string>): Effect.Effect<void, unknown, NodeServices> => {
  const entry = entryOf(args)
  if (entry !== undefined) {
    const ran = Effect.flatMap(Effect.promise(entry.load), (run) => run(args)).pipe(Effect.provide(presenterLayer(args)))
    return entry.usesCluster === true ? Effect.catch(ran, failedWithRemedy) : ran
  }
  const [first, ...rest] = entries.map(named)
  if (first === undefined) return Effect.void
  const root = Command.make("holdfast").pipe(Command.withDescription(helpText(introduction)), Command.withSubcommands([first, ...rest]))
  return Command.runWith(root, { version })(args).pipe(Effect.provide(presenterLayer(args)))
}
