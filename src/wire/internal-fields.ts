/**
 * Names that only actors of ours may use towards each other, as Schemas: they are spelled with characters that no name of a sender's holds, so that nobody outside can say one.
 *
 * What a sender writes is read by domain/fields.ts alone. These are read where what actors of ours said to each other is read: in frames between owners, and in journals.
 */
import * as Schema from "effect/Schema"
import { CommandIdField, ReservationField, ReservationNameField, SenderField } from "../domain/fields.ts"
import { type ActorKey, type CommandId, isSku, type ReservationId, type SenderId } from "../domain/names.ts"
import { idCharsMax } from "../limits.ts"

const named = <T extends string>(pattern: RegExp, expected: string) =>
  Schema.String.pipe(
    Schema.refine((text): text is T => pattern.test(text), { expected, toJsonSchema: () => ({ pattern: pattern.source }) }),
  )

/** A kind, by its word: perhaps one that a newer release knows. */
export const KindWordField = named<string>(/^[a-z]{1,32}$/, "the word of a kind")
/** A partition of a kind. */
export const PartitionField = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999_999 }))
/** An owner, as it stands in a subject. */
export const OwnerField = named<string>(new RegExp(`^[^\\s.*>/]{1,${idCharsMax}}$`), "the name of an owner")
/** An actor's key, whatever its kind. */
export const ActorKeyField = Schema.String.pipe(Schema.refine((text): text is ActorKey => isSku(text), { expected: "an actor's key" }))

/** The id of a command that an event carries: the owner and the sequence of the record that the event stands in, and its place among what that record carries. */
export const CarriedIdField = named<CommandId>(
  new RegExp(`^[^\\s/]{1,${idCharsMax}}/(?:0|[1-9][0-9]{0,15})/(?:0|[1-9][0-9]{0,15})$`),
  "an owner, a record's number and a place in it, with / between them",
)
/** The reservation of an order's line. */
const LineReservationField = named<ReservationId>(new RegExp(`^@[A-Za-z0-9_.:-]{1,${idCharsMax}}$`), "@ and an order's id")
/** The partition of a kind, as the sender of what its actors carry. */
const PartitionSenderField = named<SenderId>(/^@[a-z]{1,32}\.(?:0|[1-9][0-9]{0,5})$/, "@, a kind, a dot and a partition")

/** Whose command a journal tells of: a sender's, or a partition's. */
export const AnySenderField = Schema.Union([SenderField, PartitionSenderField])
/** An id that a command may have, whoever sent it. */
export const AnyCommandIdField = Schema.Union([CommandIdField, CarriedIdField])
/** A reservation that a command may begin, and one that it may refer to, whoever sent it. */
export const AnyReservationField = Schema.Union([ReservationField, LineReservationField])
export const AnyReservationNameField = Schema.Union([ReservationNameField, LineReservationField])
