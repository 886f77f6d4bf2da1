/**
 * People: an operator who looks at a halted partition and lets it go on, unless its journal lost records, and who replays what lies in quarantine, or
 * drops it if that doesn't help, or if it tells of sales that never were.
 */
import type { Command } from "../../src/domain/commands.ts"
import type { CommandId, SenderId, Sku } from "../../src/domain/names.ts"
import type { HaltReason } from "../../src/engine/protocol.ts"
import { quarantineView } from "../../src/engine/views.ts"
import { sendOf } from "../../src/workload/flows.ts"
import type { Cluster } from "../cluster.ts"
import { EventKind } from "../world/world.ts"
import { untoldId } from "./mischief.ts"

/** The operator's name among the senders. */
const operator = "ops" as SenderId
/** Milliseconds a look takes. */
const lookMs = 1_500
/** Halts that looking settles where no journal lost records: what was damaged was the reading, or a snapshot; or what is lost is known by then, and told again. */
const settledByLooking: ReadonlyArray<HaltReason> = [
  "ChainBroken",
  "ForeignJournal",
  "InvariantBroken",
  "JournalLostTail",
  "CommandsTrimmed",
]

export class Operator {
  readonly #cluster: Cluster
  readonly #seen = new Set<string>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    cluster.server.listeners.push({
      recordStored: () => undefined,
      commandStored: () => undefined,
      feedStored: () => undefined,
      haltChanged: (partition) => this.#resume(partition),
    })
    this.#lookAtQuarantine()
  }

  /** Lists what lies in quarantine every now and then: whose answer was lost would wait for ever. */
  #lookAtQuarantine(): void {
    const { world, workers, drawn } = this.#cluster
    world.in(Math.max(lookMs, drawn.faultEveryMs), EventKind.operator, null, () => {
      for (const { slots } of workers)
        for (const { partition, isServing } of slots)
          if (isServing && partition !== null) for (const { id, command } of quarantineView(partition)) this.#look(id, command)
      this.#lookAtQuarantine()
    })
  }

  #resume(partition: number): void {
    const { world, server, lossy } = this.#cluster
    world.in(lookMs, EventKind.operator, null, () => {
      if (lossy.has(partition)) return
      const { halt } = server.marks(partition)
      if (halt === null) return
      if (halt.resume !== null || !settledByLooking.includes(halt.reason)) return
      server.putHalt(partition, { ...halt, resume: { by: "ops", reason: "the journal was read again" } })
    })
  }

  #look(quarantined: string, { id, sku }: Command): void {
    const key = `${sku} ${quarantined}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#cluster.world.in(lookMs, EventKind.operator, null, () => {
      if (id.startsWith(untoldId)) this.#drop(quarantined, sku, "it never was")
      else this.#replay(quarantined, sku)
    })
  }

  #replay(quarantined: string, sku: Sku): void {
    const { world, senders } = this.#cluster
    const replay = {
      type: "ReplayQuarantined",
      id: `replay.${sku}.${quarantined}` as CommandId,
      sku,
      issuedAtMs: world.nowMs,
      quarantined,
    } as const
    senders.get(operator)?.send(sendOf({ atMs: world.nowMs, order: 0 }, operator, replay), replay, (said) => {
      if (said.outcome === "refused") this.#drop(quarantined, sku, "undecidable")
    })
  }

  #drop(quarantined: string, sku: Sku, reason: string): void {
    const { world, senders } = this.#cluster
    const id = `drop.${sku}.${quarantined}` as CommandId
    const drop = { type: "DropQuarantined", id, sku, issuedAtMs: world.nowMs, quarantined, reason } as const
    senders.get(operator)?.send(sendOf({ atMs: world.nowMs, order: 0 }, operator, drop), drop, () => undefined)
  }
}
