/**
 * What is answered to a question: from the memory of this worker alone, about what it serves, about itself, or about the question.
 *
 * A partition's state contains the record in flight, so an answer read from it may be ahead of the journal: questions.ts sends it only once that record is confirmed.
 */
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import type { SenderId, Sku } from "../domain/names.ts"
import type { OrderId } from "../domain/order/names.ts"
import type { Role } from "../domain/roles.ts"
import { appliedSeq, type Partition, type QuarantinedCommand } from "../engine/partition.ts"
import { holdsKey, quarantinePage } from "../engine/views.ts"
import type { OrderPartition } from "../kinds/order/types.ts"
import { holdsOrder, orderView } from "../kinds/order/views.ts"
import type { SkuPartition } from "../kinds/sku/types.ts"
import { atsView, reservationView, shortQtyIn, stockView } from "../kinds/sku/views.ts"
import { skusWalkedPerQuestion } from "../limits.ts"
import { commandVersion } from "../wire/command-json.ts"
import { commandJsonOf } from "../wire/commands.ts"
import { parseQuestion, type Question, type QuestionAnswer, rolesToAsk } from "../wire/questions.ts"
import type { WorkerReport } from "./report.ts"

/** An answer, and how many questions' worth of work finding it took, beyond one. */
export interface Found {
  readonly answer: QuestionAnswer
  readonly cost: number
}

/** Said at once; or found in every served partition of a kind that `wanted` names, and said once what was read of it is journaled. */
export type Answering =
  | { readonly _tag: "Said"; readonly answer: QuestionAnswer }
  | {
      readonly _tag: "Read"
      readonly kind: Kind
      readonly wanted: (state: Partition) => boolean
      readonly read: (state: Partition) => Found
    }

/** What is read of a partition of orders. */
const ofOrders =
  (read: (state: OrderPartition) => Found) =>
  (state: Partition): Found =>
    // Asked of partitions of that kind alone, as above.
    read(state as unknown as OrderPartition)

/** What is read of a partition of SKUs. */
const ofSkus =
  (read: (state: SkuPartition) => Found) =>
  (state: Partition): Found =>
    // Asked of partitions of that kind alone: a question that is read names its kind.
    read(state as unknown as SkuPartition)

/** What an answer is as of. */
const asOf = (state: Partition) => ({ partition: state.id, seq: appliedSeq(state), epoch: state.epoch })

const found = (answer: QuestionAnswer): Found => ({ answer, cost: 0 })

const stockAnswer = (state: SkuPartition, sku: Sku): QuestionAnswer => {
  const stock = stockView(state, sku)
  if (stock === undefined) return { answer: "unknownSku", sku, ...asOf(state) }
  return { answer: "stock", ...stock, ...asOf(state) }
}

/** One SKU's ATS for the channel that asks; no values if it is unknown, or the channel doesn't sell it. */
const atsAnswer = (state: SkuPartition, channel: SenderId, sku: Sku): QuestionAnswer => {
  const stock = stockView(state, sku)
  const line = stock?.ats.find((one) => one.channel === channel)
  if (stock === undefined || line === undefined) return { answer: "ats", ...asOf(state), values: [], next: null }
  const value = { channel, sku, ats: line.ats, version: stock.seq, delta: 0, cause: "Snapshot", atMs: state.atMs }
  const shortQty = shortQtyIn(state, channel, sku)
  return { answer: "ats", ...asOf(state), values: [shortQty === 0 ? value : { ...value, shortQty }], next: null }
}

const atsPageAnswer = (state: SkuPartition, channel: SenderId, after: number, limit: number): Found => {
  const { values, nextIndex } = atsView(state, channel, after, limit)
  const walked = Math.max(0, (nextIndex ?? state.actorList.length) - after)
  return { answer: { answer: "ats", ...asOf(state), values, next: nextIndex }, cost: Math.floor(walked / skusWalkedPerQuestion) }
}

const reservationAnswer = (
  state: SkuPartition,
  channel: SenderId,
  { sku, reservation }: Extract<Question, { readonly question: "reservation" }>,
): QuestionAnswer => {
  const view = reservationView(state, channel, sku, reservation)
  if (view === undefined) return { answer: "unknownReservation", sku, reservation, ...asOf(state) }
  return { answer: "reservation", sku, reservation, ...view, ...asOf(state) }
}

const orderAnswer = (state: OrderPartition, channel: SenderId, order: OrderId): QuestionAnswer => {
  const view = orderView(state, channel, order)
  if (view === undefined) return { answer: "unknownOrder", channel, order, ...asOf(state) }
  return { answer: "order", channel, order, ...view, ...asOf(state) }
}

/** What is told of a quarantined command beside the command itself. */
const toldOf = ({ id, sender, onBehalf, class: commandClass, cause, atMs }: QuarantinedCommand) => ({
  quarantined: id,
  sender,
  ...(onBehalf === undefined ? {} : { onBehalf }),
  class: commandClass,
  cause,
  atMs,
})

const quarantineAnswer = (state: SkuPartition, after: number, limit: number): QuestionAnswer => {
  const { page, next } = quarantinePage(state, after, limit)
  const quarantined = page.map((one) => ({ ...toldOf(one), command: commandJsonOf(one.command) }))
  return { answer: "quarantine", ...asOf(state), quarantined, next }
}

const orderQuarantineAnswer = (state: OrderPartition, after: number, limit: number): QuestionAnswer => {
  const { page, next } = quarantinePage(state, after, limit)
  const quarantined = page.map((one) => ({ ...toldOf(one), command: { v: commandVersion, ...one.command } as const }))
  return { answer: "orderQuarantine", ...asOf(state), quarantined, next }
}

/** What this worker knows besides its partitions. */
export interface WorkerKnowledge {
  readonly partitions: PartitionCounts
  readonly report: () => WorkerReport
}

const said = (answer: QuestionAnswer): Answering => ({ _tag: "Said", answer })

const isThere = (kind: Kind, partition: number | null, { partitions }: WorkerKnowledge): boolean =>
  partition === null || partition < partitions[kind]

/** What to answer to a sender with these roles. */
export const answerTo = (
  channel: SenderId,
  roles: ReadonlyArray<Role>,
  path: string,
  body: Uint8Array,
  known: WorkerKnowledge,
): Answering => {
  const asked = parseQuestion(path.split("."), body)
  const needed = rolesToAsk(asked, channel)
  if (needed !== null && !roles.some((role) => needed.includes(role)))
    return said({ answer: "notAllowed", question: asked.question, roles: needed })
  switch (asked.question) {
    case "topology":
      return said({ answer: "topology", partitions: known.partitions })
    case "stock":
      return {
        _tag: "Read",
        kind: "sku",
        wanted: (state) => holdsKey(state, asked.sku),
        read: ofSkus((state) => found(stockAnswer(state, asked.sku))),
      }
    case "ats":
      return {
        _tag: "Read",
        kind: "sku",
        wanted: (state) => holdsKey(state, asked.sku),
        read: ofSkus((state) => found(atsAnswer(state, channel, asked.sku))),
      }
    case "reservation":
      return {
        _tag: "Read",
        kind: "sku",
        wanted: (state) => holdsKey(state, asked.sku),
        read: ofSkus((state) => found(reservationAnswer(state, channel, asked))),
      }
    case "order": {
      const whose = asked.channel ?? channel
      return {
        _tag: "Read",
        kind: "order",
        wanted: (state) => holdsOrder(state, whose, asked.order),
        read: ofOrders((state) => found(orderAnswer(state, whose, asked.order))),
      }
    }
    case "atsPage":
      if (!isThere("sku", asked.partition, known)) return said({ answer: "invalid", field: "partition" })
      return {
        _tag: "Read",
        kind: "sku",
        wanted: (state) => asked.partition === null || asked.partition === state.id,
        read: ofSkus((state) => atsPageAnswer(state, channel, asked.after, asked.limit)),
      }
    case "quarantine":
      if (!isThere(asked.kind, asked.partition, known)) return said({ answer: "invalid", field: "partition" })
      return {
        _tag: "Read",
        kind: asked.kind,
        wanted: (state) => asked.partition === state.id,
        read:
          asked.kind === "sku"
            ? ofSkus((state) => found(quarantineAnswer(state, asked.after, asked.limit)))
            : ofOrders((state) => found(orderQuarantineAnswer(state, asked.after, asked.limit))),
      }
    case "workers":
      return said({ answer: "worker", ...known.report() })
    case "invalid":
      return said({ answer: "invalid", field: asked.field })
  }
}
