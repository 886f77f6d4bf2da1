/**
 * The families of faults that a timed run does, and when it does which: drawn from a seed alone, so that the same seed plans the same run. How a fault is done stands in acts.ts.
 */
import { type Prng, prngFromSeed } from "../../../src/workload/prng.ts"

/** Faults of one lane never overlap: who is about to lose one server of three must have the other two. */
export type Lane = "servers" | "processes" | "network" | "tables"

/** What a run has to be given, beside servers, for a family to be done. */
export type Need = "three servers" | "another build" | "Postgres"

export interface FamilyFacts {
  readonly title: string
  readonly lane: Lane
  /** Seconds that a fault lasts. */
  readonly seconds: readonly [least: number, most: number]
  readonly need?: Need
}

export const families = {
  "worker-killed": { title: "a worker is killed, and started again", lane: "processes", seconds: [1, 6] },
  "worker-paused": { title: "a worker stands still (SIGSTOP), and is woken", lane: "processes", seconds: [1, 9] },
  "worker-restarted": { title: "a worker is told to leave, and started again", lane: "processes", seconds: [1, 4] },
  ingress: { title: "the ingress is killed, paused or restarted", lane: "processes", seconds: [1, 6] },
  gateway: { title: "the gateway is killed, paused or restarted", lane: "processes", seconds: [1, 6] },
  clock: { title: "a worker restarted with its clock off, by seconds or an hour, then with it right", lane: "processes", seconds: [3, 8] },
  upgrade: {
    title: "workers replaced one after another by the other build's, and back",
    lane: "processes",
    seconds: [3, 8],
    need: "another build",
  },
  partition: { title: "nothing passes between a process and the servers, either way", lane: "network", seconds: [2, 10] },
  "one-way": { title: "nothing passes from a process to the servers, or from them to it", lane: "network", seconds: [2, 10] },
  latency: { title: "all that passes between a process and the servers is late", lane: "network", seconds: [3, 10] },
  resets: { title: "a process's connections to the servers are reset, again and again", lane: "network", seconds: [1, 4] },
  "slow-close": { title: "a process's connections to the servers close late, and are cut", lane: "network", seconds: [2, 6] },
  "server-killed": { title: "a server is killed, and started again", lane: "servers", seconds: [1, 6] },
  "server-paused": { title: "a server stands still (SIGSTOP), and is woken", lane: "servers", seconds: [1, 8] },
  "server-restarted": { title: "a server is told to end, and started again", lane: "servers", seconds: [0, 1] },
  "disk-full": { title: "a server's room for streams is used up, and given back", lane: "servers", seconds: [2, 6] },
  reload: { title: "all servers reload a changed configuration", lane: "servers", seconds: [2, 4] },
  credential: { title: "a login is revoked at all servers, and given back", lane: "servers", seconds: [2, 6] },
  certificates: { title: "the servers' certificates are exchanged, and all connections made anew", lane: "servers", seconds: [1, 3] },
  "route-partition": {
    title: "nothing passes between a server and the others, either way",
    lane: "servers",
    seconds: [2, 10],
    need: "three servers",
  },
  "route-one-way": { title: "nothing passes from a server to the others", lane: "servers", seconds: [2, 10], need: "three servers" },
  "route-latency": { title: "all that passes between servers is late", lane: "servers", seconds: [3, 10], need: "three servers" },
  "step-down": { title: "leaders of streams are told to step down", lane: "servers", seconds: [1, 3], need: "three servers" },
  "store-wiped": {
    title: "a server loses its store, and starts with an empty one",
    lane: "servers",
    seconds: [0, 2],
    need: "three servers",
  },
  postgres: { title: "Postgres is killed or paused", lane: "tables", seconds: [1, 6], need: "Postgres" },
  projector: { title: "the projector is killed or paused", lane: "tables", seconds: [1, 6], need: "Postgres" },
} as const satisfies Readonly<Record<string, FamilyFacts>>

export type Family = keyof typeof families
export const familyNames = Object.keys(families) as ReadonlyArray<Family>

export const factsOf = (family: Family): FamilyFacts => families[family]

/** Those that a run with `given` does, and the others with what they lack. */
export const familiesFor = (
  given: ReadonlySet<Need>,
): { readonly done: ReadonlyArray<Family>; readonly notTried: ReadonlyArray<{ readonly family: Family; readonly lacks: Need }> } => {
  const done: Array<Family> = []
  const notTried: Array<{ readonly family: Family; readonly lacks: Need }> = []
  for (const family of familyNames) {
    const { need } = factsOf(family)
    if (need === undefined || given.has(need)) done.push(family)
    else notTried.push({ family, lacks: need })
  }
  return { done, notTried }
}

/** A fault as it is planned. It may begin later: when its lane is free, and fewer than {@link atOnceMax} are under way. */
export interface PlannedFault {
  readonly number: number
  readonly family: Family
  readonly atMs: number
  readonly lastsMs: number
}

/** Faults under way at once, at most. */
export const atOnceMax = 2
const quietMs = 4_000
/** Between the beginnings of two, in the middle. Shorter where every family has to have its turn. */
const gapMsUsual = 7_000

const shuffled = <A>(items: ReadonlyArray<A>, chance: Prng): ReadonlyArray<A> => {
  const left = [...items]
  for (let place = left.length - 1; place > 0; place--) {
    const other = chance.below(place + 1)
    const [a, b] = [left[place], left[other]]
    if (a !== undefined && b !== undefined) [left[place], left[other]] = [b, a]
  }
  return left
}

/** Round after round of all families, each in an order of its own, as many as there is time for; the first round is always whole. */
export const scheduleOf = (seed: string, minutes: number, drawn: ReadonlyArray<Family>): ReadonlyArray<PlannedFault> => {
  const endMs = minutes * 60_000 - 2 * quietMs
  const chance = prngFromSeed(seed).stream("faults")
  const gapMs = Math.min(gapMsUsual, (endMs - quietMs) / Math.max(1, drawn.length))
  const planned: Array<PlannedFault> = []
  for (let atMs = quietMs; drawn.length > 0 && (atMs < endMs || planned.length < drawn.length); ) {
    for (const family of shuffled(drawn, chance)) {
      const number = planned.length + 1
      if (atMs >= endMs && number > drawn.length) return planned
      const [least, most] = factsOf(family).seconds
      planned.push({ number, family, atMs: Math.round(atMs), lastsMs: chance.between(least * 1_000, most * 1_000) })
      atMs += gapMs * (0.4 + chance.below(1_200) / 1_000)
    }
  }
  return planned
}
