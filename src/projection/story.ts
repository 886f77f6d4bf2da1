/**
 * Which lines of the ledger belong to one story, and what made each: the ids that tie an order, its lines at their SKUs and the commands of both together, across journals.
 *
 * Both follow from the record alone, so that a ledger that is written anew says the same.
 */
import type { Kind } from "../domain/kinds.ts"
import type { ReservationId } from "../domain/names.ts"
import { isInternal, type SenderId, skuToken } from "../domain/names.ts"
import { orderOfReservation } from "../domain/order/names.ts"

/** What a line is about, as far as it says so. */
export interface About {
  readonly key: string | null
  readonly sku: string | null
  readonly channel: string | null
  readonly reservation: string | null
  readonly orderId: string | null
}

/** About nothing but the partition. */
export const aboutNothing: About = { key: null, sku: null, channel: null, reservation: null, orderId: null }

/** The order whose line a reservation is, as text; null: a channel made it itself. */
export const orderNamed = (reservation: string): string | null => orderOfReservation(reservation as ReservationId) ?? null

/** The story of what a line is about; undefined: it is about no order and no reservation. */
export const storyOf = ({ sku, channel, reservation, orderId }: About): string | undefined => {
  if (channel === null) return undefined
  if (orderId !== null) return `order/${channel}/${orderId}`
  return reservation === null || sku === null ? undefined : `reservation/${channel}/${skuToken(sku)}/${reservation}`
}

/** What a sender's command is called, across everything: its id is in scope of its sender and its key. */
export const commandName = (sender: SenderId, key: string | null, id: string): string =>
  `command/${sender}/${key === null ? "" : skuToken(key)}/${id}`

/** A record, as a cause. */
export const recordName = (kind: string, partition: number | string, seq: number | string): string => `record/${kind}/${partition}/${seq}`

/** What a command of that sender and id was made by: an actor's, by the record that carries it. */
export const madeBy = (sender: SenderId, key: string | null, id: string): string => {
  if (!isInternal(sender)) return commandName(sender, key, id)
  const [kind = "", partition = ""] = sender.slice(1).split(".")
  const [, seq = ""] = id.split("/")
  return recordName(kind, partition, seq)
}

/** What was set aside by a record is settled because of it. */
export const setAsideBy = (kind: Kind, partition: number, quarantined: string): string =>
  recordName(kind, partition, quarantined.split("-")[0] ?? "")
