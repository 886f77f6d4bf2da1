/**
 * Plays traffic against a simulated cluster: the set-up of a SKU first, then its flows, each step when it is planned and not before the answer to the
 * one before. What is sent carries the time at which its sender made it, so what is told late is told as old.
 */
import { type Command, isFact } from "../../src/domain/sku/commands.ts"
import type { SkuHeardDecision } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { type Flow, issuedAt, type PlannedSend } from "../../src/workload/flows.ts"
import type { Cluster } from "../cluster.ts"
import { type Kept, keyOf } from "../world/chance.ts"
import type { Host } from "../world/heap.ts"
import { EventKind, worldStartMs } from "../world/world.ts"

export interface Stage {
  readonly cluster: Cluster
  /** The plan's time of the world's beginning. */
  readonly planStartMs: number
  /** Which flows are played ("flows"), and which sends of the set-up ("setup"); all of them unless named. */
  readonly kept: Kept
}

export class Player {
  readonly #stage: Stage
  readonly #waiting = new Map<string, Array<() => void>>()
  readonly #unready = new Map<string, number>()
  /** Flows under way, and commands that were sent under an id of their own. */
  openFlows = 0
  commands = 0
  /** Numbers of the flows that were begun, and of the sends of the set-up. */
  readonly played: Array<number> = []
  readonly setUp: Array<number> = []
  readonly #flows: ReadonlySet<number> | null
  readonly #setup: ReadonlySet<number> | null

  constructor(stage: Stage) {
    this.#stage = stage
    this.#flows = stage.kept?.flows === undefined ? null : new Set(stage.kept.flows)
    this.#setup = stage.kept?.setup === undefined ? null : new Set(stage.kept.setup)
  }

  /** Plans everything. */
  start(setup: ReadonlyArray<PlannedSend>, flows: ReadonlyArray<Flow>): void {
    const skus = new Set(flows.flatMap((flow, number) => (this.#isKept(number) ? flow.sends.map(({ command }) => command.sku) : [])))
    for (const [number, send] of setup.entries()) {
      const { sku } = send.command
      if (!skus.has(sku) || this.#setup?.has(number) === false) continue
      this.setUp.push(number)
      this.#unready.set(sku, (this.#unready.get(sku) ?? 0) + 1)
      this.openFlows++
      this.#send(send, 0, true, () => {
        this.openFlows--
        this.#settled(sku)
      })
    }
    for (const [number, flow] of flows.entries()) {
      if (!this.#isKept(number)) continue
      this.played.push(number)
      this.openFlows++
      this.#next(flow, 0)
    }
  }

  #isKept(number: number): boolean {
    return this.#flows === null || this.#flows.has(number)
  }

  #settled(sku: string): void {
    const left = (this.#unready.get(sku) ?? 1) - 1
    this.#unready.set(sku, left)
    if (left > 0) return
    for (const go of this.#waiting.get(sku)?.splice(0) ?? []) go()
  }

  #next(flow: Flow, index: number): void {
    const send = flow.sends[index]
    if (send === undefined) {
      this.openFlows--
      return
    }
    this.#send(send, send.atMs - this.#stage.planStartMs, false, (said) => {
      if (said.outcome === "accepted") this.#next(flow, index + 1)
      else this.openFlows--
    })
  }

  /** One in eight who reserve want to know within seconds: later they have gone elsewhere. */
  #impatient(command: Command): Command {
    if (command.type !== "Reserve") return command
    const habit = keyOf(command.sku, command.id)
    return habit % 8 === 0 ? { ...command, deadlineMs: 1_000 + ((habit >>> 8) % 5) * 1_000 } : command
  }

  /** One fact in sixteen is told by a till or scanner whose clock is minutes or months fast. */
  #aheadMs(command: Command): number {
    const habit = keyOf(command.sku, command.id)
    return isFact(command) && habit % 16 === 0 ? 310_000 + ((habit >>> 8) % 7) * 86_400_000 : 0
  }

  /** Sends once its time has come and its SKU is set up. */
  #send(send: PlannedSend, atMs: number, isSetup: boolean, answered: (said: SkuHeardDecision) => void): void {
    const { world, senders, poison, chance, faults } = this.#stage.cluster
    const sender = senders.get(send.actor)
    if (sender === undefined) return
    const go = () => {
      this.commands++
      const { id, sku } = send.command
      const command: Command = this.#impatient(issuedAt(send.command, world.nowMs + this.#aheadMs(send.command)))
      if (command.type === "Reserve" && chance.family("poison").draw(1, 120, 1, keyOf(sku, id)) > 0) {
        poison.add(engineCodec.commandText(command))
        faults.note("poison", 0, `${command.id} can't be decided`)
      }
      sender.send(send, command, answered)
    }
    const host: Host = sender.host
    world.in(Math.max(0, atMs + worldStartMs - world.nowMs), EventKind.send, host, () => {
      const { sku } = send.command
      if (isSetup || (this.#unready.get(sku) ?? 0) === 0) return go()
      const waiting = this.#waiting.get(sku)
      if (waiting === undefined) this.#waiting.set(sku, [go])
      else waiting.push(go)
    })
  }
}
