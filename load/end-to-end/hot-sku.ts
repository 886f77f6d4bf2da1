/**
 * The traffic of the end-to-end bench: reserves and confirms of one SKU, every command of a type as long as any other, so that the echo finds
 * where one ends without reading it.
 */
import type { CommandId, ReservationId, Sku } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"

export const hotSku = "HOT-1" as Sku

const holdMs = 600_000
const digits = 8
const numbered = (prefix: string, n: number): string => `${prefix}-${n.toString(36).padStart(digits, "0")}`

const reserve = (n: number, issuedAtMs: number): Command => ({
  type: "Reserve",
  id: numbered("c", n) as CommandId,
  sku: hotSku,
  issuedAtMs,
  reservation: numbered("r", n) as ReservationId,
  qty: 1,
  holdMs,
})

const confirm = (n: number, issuedAtMs: number): Command => ({
  type: "Confirm",
  id: numbered("k", n) as CommandId,
  sku: hotSku,
  issuedAtMs,
  reservation: numbered("r", n) as ReservationId,
})

/** What one caller sends one after another: two reserves, then a confirm of the second. */
export class Caller {
  #turn = 0
  #last = 0
  readonly #next: () => number

  /** `next` gives the number of a reservation, never twice. */
  constructor(next: () => number) {
    this.#next = next
  }

  command(issuedAtMs: number): Command {
    this.#turn = (this.#turn + 1) % 3
    if (this.#turn === 0) return confirm(this.#last, issuedAtMs)
    this.#last = this.#next()
    return reserve(this.#last, issuedAtMs)
  }
}

/** One command of each type, whose place in what is answered shows where the id stands. */
export const samples = (issuedAtMs: number): { readonly reserve: Command; readonly confirm: Command } => ({
  reserve: reserve(0, issuedAtMs),
  confirm: confirm(0, issuedAtMs),
})
