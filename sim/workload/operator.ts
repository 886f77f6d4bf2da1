/**
 * People: an operator who looks at a halted partition and lets it go on, unless its journal lost records, and who replays what lies in quarantine, or
 * drops it if that doesn't help, or if it tells of sales that never were. Once faults have ended, a channel whose sales wait because a policy leaves it out is
 * named by that policy again: where quarantine is small they would wait for each other for hours.
 */

import type { CommandId, SenderId, Sku } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { channelPolicy, type Policy, plainLine } from "../../src/domain/sku/policy.ts"
import type { HaltReason } from "../../src/engine/protocol.ts"
import { quarantineView } from "../../src/engine/views.ts"
import type { SkuHeardDecision, SkuPartition, SkuQuarantinedCommand } from "../../src/kinds/sku/types.ts"
import { sendOf } from "../../src/workload/flows.ts"
import type { Cluster } from "../cluster.ts"
import { EventKind } from "../world/world.ts"
import { untoldId } from "./mischief.ts"

/** The operator's name among the senders. */
const operator = "ops" as SenderId
/** The planner's, who sets policies when an operator asks for it. */
const planner = "planner" as SenderId
/** Milliseconds a look takes. */
export const lookMs = 1_500
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
  readonly #named = new Set<string>()
  #healed = false

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

  /** Lists quarantine from time to time: a sender that lost the answer would otherwise wait for ever. */
  #lookAtQuarantine(): void {
    const { world, workers, drawn } = this.#cluster
    world.in(Math.max(lookMs, drawn.faultEveryMs), EventKind.operator, null, () => {
      for (const { slots } of workers)
        for (const { partition, isServing } of slots)
          if (isServing && partition !== null) for (const waiting of quarantineView(partition)) this.#lookAt(partition, waiting)
      this.#lookAtQuarantine()
    })
  }

  /** Faults have ended: what keeps quarantine full is put right from now on. */
  heal(): void {
    this.#healed = true
  }

  #lookAt(partition: SkuPartition, { id, command, sender }: SkuQuarantinedCommand): void {
    const policy = partition.actors.get(command.sku)?.state.policy ?? null
    // Elsewhere what lies in quarantine keeps nobody waiting.
    const isFull = this.#healed && this.#cluster.drawn.quarantine === "short"
    if (isFull && command.type === "RecordSale" && policy !== null) this.#name(command.sku, policy, sender)
    this.#look(id, command)
  }

  /** Has a policy that names a channel which it left out, once for each version. */
  #name(sku: Sku, { version, channels, safety, sourcing }: Policy, channel: SenderId): void {
    const key = `${version} ${channel} ${sku}`
    if (channelPolicy({ version, channels, safety, sourcing }, channel) !== undefined || this.#named.has(key)) return
    this.#named.add(key)
    const { world, senders } = this.#cluster
    const id = `name.${channel}.${version}` as CommandId
    const policy = { channels: [...channels, plainLine(channel, 0)], safety, sourcing }
    const set = { type: "SetPolicy", id, sku, issuedAtMs: world.nowMs, policy } as const
    senders.get(planner)?.send(sendOf({ atMs: world.nowMs, order: 0 }, planner, set), set, () => undefined)
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

  #replay(quarantined: string, sku: Sku, times = 1): void {
    const { world, senders } = this.#cluster
    const id = orderId("replay", sku, quarantined, times)
    const replay = { type: "ReplayQuarantined", id, sku, issuedAtMs: world.nowMs, quarantined } as const
    senders.get(operator)?.send(sendOf({ atMs: world.nowMs, order: 0 }, operator, replay), replay, (said) => {
      if (isTooOld(said)) this.#replay(quarantined, sku, times + 1)
      else if (said.outcome === "refused") this.#drop(quarantined, sku, "undecidable")
    })
  }

  #drop(quarantined: string, sku: Sku, reason: string, times = 1): void {
    const { world, senders } = this.#cluster
    const id = orderId("drop", sku, quarantined, times)
    const drop = { type: "DropQuarantined", id, sku, issuedAtMs: world.nowMs, quarantined, reason } as const
    senders.get(operator)?.send(sendOf({ atMs: world.nowMs, order: 0 }, operator, drop), drop, (said) => {
      if (isTooOld(said)) this.#drop(quarantined, sku, reason, times + 1)
    })
  }
}

/** What an operator orders, how often so far: an order that came too late is given again as a new one. */
const orderId = (what: "replay" | "drop", sku: Sku, quarantined: string, times: number): CommandId =>
  `${what}.${sku}.${quarantined}${times === 1 ? "" : `.${times}`}` as CommandId

/** Whether an order was refused because it had been on its way for longer than is remembered: nothing was done, and what lies in quarantine waits on. */
const isTooOld = (said: SkuHeardDecision): boolean => said.outcome === "refused" && said.reason === "TooOld"
