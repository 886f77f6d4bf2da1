/**
 * How each family of faults is done, and undone. Whom it strikes is drawn from the seed. A fault is done when `act` resolves, and over when what it resolved with does; whether all has recovered is for others to see.
 */

import { join, resolve } from "node:path"
import { jetstream, jetstreamManager } from "@nats-io/jetstream"
import { connect as natsConnect } from "@nats-io/transport-node"
import type { Prng } from "../../../src/workload/prng.ts"
import { pause } from "../../stage/stage.ts"
import type { Family } from "./families.ts"
import { type Actor, clientsName, type Field, routeName, useCertificate } from "./field.ts"
import type { Toxic, Way } from "./proxies.ts"
import type { ServerConfig } from "./server-config.ts"

/** Undoes a fault. */
type Heal = () => Promise<unknown>

/** A fault that is being done: what it struck, in words, and how it ends. */
export interface Struck {
  readonly what: string
  readonly heal: Heal
}

export interface ActOptions {
  /** Folder of another build. */
  readonly before: string | null
}

type Act = (field: Field, chance: Prng, options: ActOptions) => Promise<Struck>

const pick = <A>(items: ReadonlyArray<A>, chance: Prng): A => {
  const one = items[chance.below(items.length)]
  if (one === undefined) throw new Error("there is one to pick")
  return one
}

const actorsOf = (field: Field, command: Actor["command"]): ReadonlyArray<Actor> =>
  field.actors.filter((actor) => actor.command === command)

const killed = async (actor: Actor): Promise<Struck> => {
  await actor.kill()
  return { what: `${actor.name} killed`, heal: () => actor.start() }
}
const paused = async (actor: Actor): Promise<Struck> => {
  await actor.now.signal("SIGSTOP")
  return { what: `${actor.name} paused`, heal: () => actor.wake() }
}
const restarted = async (actor: Actor): Promise<Struck> => {
  const code = await actor.stop()
  return { what: `${actor.name} told to leave (code ${code ?? "none: it had to be killed"})`, heal: () => actor.start() }
}

const anyOf = (command: Actor["command"], ways: ReadonlyArray<(actor: Actor) => Promise<Struck>>): Act => {
  return (field, chance) => pick(ways, chance)(pick(actorsOf(field, command), chance))
}

const clockOffMs = [-3_600_000, -9_000, 9_000, 3_600_000]
const shifted = new URL("./shifted-clock.ts", import.meta.url).href

const clock: Act = async (field, chance) => {
  const actor = pick(actorsOf(field, "serve"), chance)
  const offMs = pick(clockOffMs, chance)
  await actor.stop()
  await actor.start({ settings: { NODE_OPTIONS: `--import=${shifted}`, CHAOS_CLOCK_OFF_MS: String(offMs) } })
  return {
    what: `${actor.name} with its clock off by ${offMs / 1_000} s`,
    heal: async () => {
      await actor.stop()
      await actor.start()
    },
  }
}

const upgrade: Act = async (field, _, { before }) => {
  const main = join(resolve(before ?? ""), "src/main.ts")
  const all = actorsOf(field, "serve")
  const replace = async (options: { readonly main?: string }) => {
    for (const actor of all) {
      await actor.stop()
      await actor.start(options)
    }
  }
  await replace({ main })
  return { what: `${all.length} workers replaced, one after another`, heal: () => replace({}) }
}

/** A process and some of its ways to the servers: all, or that to one. */
const someWays = (field: Field, chance: Prng): { readonly who: string; readonly ways: ReadonlyArray<string> } => {
  const who = pick([...field.actors.map(({ name }) => name), clientsName], chance)
  const all = field.waysOf(who)
  if (all.length === 1 || chance.chance(1, 2)) return { who, ways: all }
  return { who: `${who} and one server`, ways: [pick(all, chance)] }
}

/** Does it to all of these proxies; undone together. */
const spoilAll = async (field: Field, names: ReadonlyArray<string>, ways: ReadonlyArray<Way>, toxic: Toxic): Promise<Heal> => {
  const heals = await Promise.all(names.flatMap((name) => ways.map((way) => field.parts.proxies.spoil(name, way, toxic))))
  return () => Promise.all(heals.map((heal) => heal()))
}

const nothing: Toxic = { type: "timeout", attributes: { timeout: 0 } }
const lateBy = (chance: Prng, most: number): Toxic => ({
  type: "latency",
  attributes: { latency: chance.between(20, most), jitter: chance.between(0, most / 2) },
})
const bothWays: ReadonlyArray<Way> = ["upstream", "downstream"]

const spoiling =
  (title: (chance: Prng) => { readonly what: string; readonly ways: ReadonlyArray<Way>; readonly toxic: Toxic }): Act =>
  async (field, chance) => {
    const { who, ways: names } = someWays(field, chance)
    const { what, ways, toxic } = title(chance)
    return { what: `${who}: ${what}`, heal: await spoilAll(field, names, ways, toxic) }
  }

const slowClose: Act = async (field, chance) => {
  const { who, ways } = someWays(field, chance)
  const delay = chance.between(500, 3_000)
  const undo = await spoilAll(field, ways, ["downstream"], { type: "slow_close", attributes: { delay } })
  // It is the close that is slow: what the servers end is heard late, and what is cut by the proxy comes back.
  await Promise.all(ways.map(field.parts.proxies.cut))
  return { what: `${who}: connections cut, and close ${delay} ms late`, heal: undo }
}

const anyServer = (field: Field, chance: Prng): { readonly place: number; readonly server: ServerConfig } => {
  const place = chance.below(field.servers.length)
  const server = field.servers[place]
  if (server === undefined) throw new Error("there are servers")
  return { place, server }
}

const serverAct =
  (
    what: string,
    does: (server: ServerConfig["server"]) => Promise<unknown>,
    undoes: (server: ServerConfig["server"]) => Promise<unknown>,
  ): Act =>
  async (field, chance) => {
    const { place, server } = anyServer(field, chance)
    await does(server.server)
    return { what: `server ${place} ${what}`, heal: () => undoes(server.server) }
  }

/** A connection that is on no faulty way, and may do all. */
const asAdmin = async <A>(
  field: Field,
  server: ServerConfig["server"],
  does: (parts: Awaited<ReturnType<typeof adminParts>>) => Promise<A>,
): Promise<A> => {
  const parts = await adminParts(field, server)
  try {
    return await does(parts)
  } finally {
    await parts.nc.close()
  }
}
const adminParts = async (field: Field, server: ServerConfig["server"]) => {
  const { user, password } = server.credentials.admin
  const nc = await natsConnect({
    servers: server.url,
    user,
    pass: password,
    inboxPrefix: "_INBOX.admin",
    tls: { caFile: join(field.parts.folder, "ca.pem") },
    maxReconnectAttempts: 20,
  })
  return { nc, jsm: await jetstreamManager(nc, { checkAPI: false, timeout: 10_000 }), js: jetstream(nc) }
}

const fillStream = "CHAOS_FILL"
const fillBytes = 900_000
const fillAtOnce = 8

const diskFull: Act = async (field, chance) => {
  const { place, server } = anyServer(field, chance)
  const filled = await asAdmin(field, server.server, async ({ jsm, js }) => {
    await jsm.streams.add({ name: fillStream, subjects: ["chaos.fill"] })
    const padding = new Uint8Array(fillBytes)
    let stored = 0
    const fill = async (): Promise<void> => {
      for (let fails = 0; fails < 2; ) {
        const isStored = await js.publish("chaos.fill", padding, { timeout: 5_000 }).then(
          () => true,
          () => false,
        )
        if (isStored) stored++
        else fails++
      }
    }
    await Promise.all(Array.from({ length: fillAtOnce }, fill))
    return stored
  })
  const heal = () => asAdmin(field, server.server, ({ jsm }) => jsm.streams.delete(fillStream))
  return { what: `no room where the stream of ${Math.round((filled * fillBytes) / 1_000_000)} MB is kept, asked of server ${place}`, heal }
}

const onAll = (field: Field, does: (server: ServerConfig) => Promise<unknown>): Promise<unknown> => Promise.all(field.servers.map(does))

const reload: Act = async (field) => {
  await onAll(field, (server) => server.change())
  return { what: "pings and lines of control changed", heal: () => onAll(field, (server) => server.usual()) }
}

const credential: Act = async (field, chance) => {
  const user = pick(["web", "app", "till", "dock", "ingress", "engine", "door"], chance)
  await onAll(field, (server) => server.revoke(user))
  return { what: `the login of ${user}`, heal: () => onAll(field, (server) => server.usual()) }
}

const certificates: Act = async (field) => {
  const { folder, proxies } = field.parts
  const exchange = async (which: "one" | "other") => {
    await useCertificate(folder, which)
    await onAll(field, (server) => server.usual())
    // A server reads its certificate at once, and connections that are there know nothing of it.
    await pause(500)
    const ways = [...field.actors.map(({ name }) => name), clientsName].flatMap((name) => field.waysOf(name))
    await Promise.all(ways.map(proxies.cut))
  }
  await exchange("other")
  return { what: "another certificate of the same authority", heal: () => exchange("one") }
}

const routesOf = (field: Field, place: number): { readonly from: ReadonlyArray<string>; readonly to: ReadonlyArray<string> } => {
  const others = field.servers.map((_, other) => other).filter((other) => other !== place)
  return { from: others.map((other) => routeName(place, other)), to: others.map((other) => routeName(other, place)) }
}

const routePartition: Act = async (field, chance) => {
  const { place } = anyServer(field, chance)
  const { from, to } = routesOf(field, place)
  return { what: `server ${place} apart from the others`, heal: await spoilAll(field, [...from, ...to], bothWays, nothing) }
}

const routeOneWay: Act = async (field, chance) => {
  const { place } = anyServer(field, chance)
  const { from, to } = routesOf(field, place)
  // What a server says goes upstream on ways that it dialled, and downstream on those that others did.
  const heals = [await spoilAll(field, from, ["upstream"], nothing), await spoilAll(field, to, ["downstream"], nothing)]
  return { what: `server ${place} is not heard by the others`, heal: () => Promise.all(heals.map((heal) => heal())) }
}

const routeLatency: Act = async (field, chance) => {
  const all = field.servers.flatMap((_, place) => routesOf(field, place).from)
  const toxic = lateBy(chance, 150)
  return { what: `between servers ${JSON.stringify(toxic.attributes)} ms`, heal: await spoilAll(field, all, bothWays, toxic) }
}

const stepDown: Act = async (field, chance) => {
  const { server } = anyServer(field, chance)
  const told = await asAdmin(field, server.server, async ({ nc, jsm }) => {
    const names: Array<string> = []
    for await (const { config } of jsm.streams.list()) names.push(config.name)
    const struck = names.toSorted().filter(() => chance.chance(1, 2))
    for (const name of struck) await nc.request(`$JS.API.STREAM.LEADER.STEPDOWN.${name}`, "", { timeout: 10_000 }).catch(() => undefined)
    return struck.length
  })
  return { what: `${told} leaders`, heal: async () => undefined }
}

const postgresOf = (field: Field) => {
  const { postgres } = field.parts
  if (postgres === null) throw new Error("there is a Postgres")
  return postgres
}

const postgres: Act = async (field, chance) => {
  const one = postgresOf(field)
  if (chance.chance(1, 2)) {
    await one.kill("SIGKILL")
    return { what: "Postgres killed", heal: one.restart }
  }
  await one.kill("SIGSTOP")
  return { what: "Postgres paused", heal: () => one.kill("SIGCONT") }
}

/** All that a run may do. */
export const acts: Readonly<Record<Family, Act>> = {
  "worker-killed": anyOf("serve", [killed]),
  "worker-paused": anyOf("serve", [paused]),
  "worker-restarted": anyOf("serve", [restarted]),
  ingress: anyOf("ingress", [killed, paused, restarted]),
  gateway: anyOf("gateway", [killed, paused, restarted]),
  projector: anyOf("project", [killed, paused]),
  clock,
  upgrade,
  partition: spoiling(() => ({ what: "nothing passes", ways: bothWays, toxic: nothing })),
  "one-way": spoiling((chance) => {
    const way = pick(bothWays, chance)
    return { what: way === "upstream" ? "nothing reaches the servers" : "nothing comes from the servers", ways: [way], toxic: nothing }
  }),
  latency: spoiling((chance) => {
    const toxic = lateBy(chance, 400)
    return { what: `late by ${JSON.stringify(toxic.attributes)} ms`, ways: bothWays, toxic }
  }),
  resets: spoiling((chance) => ({
    what: "connections reset",
    ways: ["upstream"],
    toxic: { type: "reset_peer", attributes: { timeout: chance.between(0, 500) } },
  })),
  "slow-close": slowClose,
  "server-killed": serverAct(
    "killed",
    (server) => server.kill("SIGKILL"),
    (server) => server.restart(),
  ),
  "server-paused": serverAct(
    "paused",
    (server) => server.kill("SIGSTOP"),
    (server) => server.kill("SIGCONT"),
  ),
  "server-restarted": serverAct(
    "told to end",
    (server) => server.kill("SIGTERM"),
    (server) => server.restart(),
  ),
  "store-wiped": serverAct(
    "lost its store",
    (server) => server.loseDisk(),
    (server) => server.restart(),
  ),
  "disk-full": diskFull,
  reload,
  credential,
  certificates,
  "route-partition": routePartition,
  "route-one-way": routeOneWay,
  "route-latency": routeLatency,
  "step-down": stepDown,
  postgres,
}
