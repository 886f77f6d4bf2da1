/**
 * Decisions for people and for scripts: a line, and an exit code.
 */
import type { Decision } from "../channel.ts"
import type { Command } from "../domain/commands.ts"
import { type ExitCode, exitCode } from "./exit-codes.ts"
import { isoTime } from "./print.ts"

const codes: Readonly<Record<Decision["outcome"], ExitCode>> = {
  accepted: exitCode.ok,
  refused: exitCode.refused,
  expired: exitCode.expired,
  busy: exitCode.busy,
  quarantined: exitCode.quarantined,
  dropped: exitCode.dropped,
}

export const outcomeCode = ({ outcome }: Decision): ExitCode => codes[outcome]

type Accepted = Extract<Decision, { readonly outcome: "accepted" }>

const acceptedDetails = (decision: Accepted): ReadonlyArray<string> => {
  const { qty, allocations, expiresAtMs, reservation, discrepancies, shortageQty } = decision
  const places = allocations?.map((part) => `${part.qty} at ${part.location}`).join(", ") ?? ""
  return [
    qty === undefined ? "" : `${qty} units${places === "" ? "" : ` (${places})`}`,
    expiresAtMs === undefined ? "" : `until ${isoTime(expiresAtMs)}`,
    reservation === undefined ? "" : `under reservation ${reservation}`,
    ...(discrepancies ?? []).map(({ kind, qty: units }) => `DISCREPANCY ${kind}: ${units} units`),
    shortageQty === undefined || shortageQty === 0 ? "" : `SHORTAGE: ${shortageQty} units owed that aren't there`,
  ]
}

const details = (decision: Decision): ReadonlyArray<string> => {
  switch (decision.outcome) {
    case "accepted":
      return acceptedDetails(decision)
    case "refused":
      return [decision.reason, decision.field ?? "", decision.ats === undefined ? "" : `${decision.ats} were to be had`]
    case "quarantined":
      return [`an operator decides (${decision.quarantined})`]
    case "dropped":
      return [decision.reason]
    case "busy":
      return ["not stored; send it again later"]
    case "expired":
      return ["its deadline passed before it was decided"]
  }
}

/** A decision in one line: the outcome first, then what was asked, then the particulars. */
export const decisionLine = (command: Command, decision: Decision): string => {
  const reservation = "reservation" in command && command.reservation !== undefined ? ` ${command.reservation}` : ""
  const repeated = "repeated" in decision && decision.repeated === true ? " (again)" : ""
  const particulars = details(decision).filter((part) => part !== "")
  const tail = particulars.length === 0 ? "" : `: ${particulars.join("; ")}`
  return `${decision.outcome}${repeated}  ${command.type} ${command.sku}${reservation}${tail}  [id ${command.id}]`
}
