/**
 * Why a file of orders or stock can't be used as a whole. An operating error, for people: what was the matter, and what would help. Which option of a command
 * line that is, is said in import-options.ts.
 */

/** All reasons for which a file can't be used. */
export const FileFaultReason = [
  "Unreadable",
  "TooLarge",
  "NoText",
  "EncodingUnknown",
  "Empty",
  "TooManyRows",
  "MissingColumn",
  "AmbiguousColumn",
  "UnknownDateFormat",
  "DateFormatNeeded",
  "DecimalMarkNeeded",
  "NoUsableRow",
] as const
export type FileFaultReason = (typeof FileFaultReason)[number]

/** Why a file can't be used. */
export interface FileFault {
  readonly _tag: "FileFault"
  readonly reason: FileFaultReason
  /** Of which file, where a plan is made of two. */
  readonly of: "orders" | "stock"
  /** The column it is about, in the importer's words, if it is about one. */
  readonly column: string | null
  /** A sentence for people that names the remedy. */
  readonly detail: string
}

/** A fault, in words for people, and the column that it is about. */
export const fault = (reason: FileFaultReason, detail: string, column: string | null = null): FileFault => ({
  _tag: "FileFault",
  reason,
  of: "orders",
  column,
  detail,
})
