/**
 * Which lines of a SKU are about one reservation: those that name it, refused ones too, and those whose events are its.
 */
import type { SenderId } from "../domain/names.ts"
import type { SkuPastLine } from "../wire/past-lines.ts"
import { eventsOf } from "./fold.ts"

/** Whether a line is about this reservation of the channel's. */
export const isAboutReservation = (line: SkuPastLine, channel: SenderId, reservation: string): boolean => {
  if (line._tag === "Command" && line.command !== null && "reservation" in line.command && line.command.reservation === reservation) {
    const of = line.command.type === "Fulfil" ? line.command.channel : (line.onBehalf ?? line.sender)
    if (of === channel) return true
  }
  return eventsOf(line).some((event) => "reservation" in event && event.reservation === reservation && event.channel === channel)
}
