/**
 * The one canonical spelling of each command: its text, and a fast reader of exactly that spelling.
 *
 * Any two spellings of one command have the same canonical text; an id is bound to it, and records embed it verbatim. Key order is the
 * order below, there is no white space, and what says a default is left out. The reader takes the four commands of the hot path; whatever
 * it doesn't take (another order, an escape, a fault) is nobody's fault yet: it goes the long way through JSON.parse and the Schemas.
 */

import type { LocationId, Sku } from "../domain/names.ts"
import type { Command, Reserve } from "../domain/sku/commands.ts"
import type { ChannelPolicy, PolicyGiven, SafetyStock } from "../domain/sku/policy.ts"

/** A JSON string of a SKU: of what must be escaped, a valid SKU can hold only these two. */
export const skuJson = (sku: Sku): string => (sku.includes('"') || sku.includes("\\") ? JSON.stringify(sku) : `"${sku}"`)

export const namesJson = (names: ReadonlyArray<LocationId>): string => (names.length === 0 ? "[]" : `["${names.join('","')}"]`)

const lineJson = (line: ChannelPolicy): string =>
  `{"channel":"${line.channel}","priority":${line.priority},"bufferQty":${line.bufferQty},"bufferPercent":${line.bufferPercent},"floorQty":${line.floorQty},"fenceQty":${line.fenceQty}}`

const safetyJson = (line: SafetyStock): string => `{"location":"${line.location}","qty":${line.qty}}`

/** The canonical JSON of a policy. */
export const policyJson = (policy: PolicyGiven): string =>
  `{${policy.version === undefined ? "" : `"version":${policy.version},`}"channels":[${policy.channels.map(lineJson).join(",")}],"safety":[${policy.safety.map(safetyJson).join(",")}],"sourcing":${namesJson(policy.sourcing)}}`

/** The canonical text of a valid command. */
export const commandText = (command: Command): string => {
  const deadline = command.deadlineMs === undefined ? "" : `,"deadlineMs":${command.deadlineMs}`
  return `{"v":1,"type":"${command.type}","id":"${command.id}","sku":${skuJson(command.sku)},"issuedAtMs":${command.issuedAtMs}${deadline}${ownFields(command)}}`
}

/** The fields after the common ones, each with its comma. */
const ownFields = (command: Command): string => {
  switch (command.type) {
    case "Reserve":
      return reserveFields(command)
    case "Confirm":
      return `,"reservation":"${command.reservation}"`
    case "Release":
      return `,"reservation":"${command.reservation}"${optionalQty(command.qty)},"reason":"${command.reason}"`
    case "Extend":
      return `,"reservation":"${command.reservation}","holdMs":${command.holdMs}`
    case "SetPolicy":
      return `,"policy":${policyJson(command.policy)}`
    case "ReceiveStock":
      return `,"location":"${command.location}","qty":${command.qty}${optionalName("reference", command.reference)}`
    case "AdjustStock":
      return `,"location":"${command.location}","qty":${command.qty},"reason":"${command.reason}"${optionalName("reference", command.reference)}`
    case "MoveStatus":
      return `,"location":"${command.location}","from":"${command.from}","to":"${command.to}","qty":${command.qty}`
    case "Fulfil":
      return `,"channel":"${command.channel}","reservation":"${command.reservation}","location":"${command.location}"${optionalQty(command.qty)}${optionalName("shipment", command.shipment)}`
    case "RecordSale":
      return `,"mode":"${command.mode}","qty":${command.qty}${optionalName("location", command.location)}${optionalName("reservation", command.reservation)}`
    case "ReplayQuarantined":
      return `,"quarantined":"${command.quarantined}"`
    case "DropQuarantined":
      return `,"quarantined":"${command.quarantined}","reason":${JSON.stringify(command.reason)}`
  }
}

const reserveFields = (command: Reserve): string => {
  const locations = command.locations === undefined ? "" : `,"locations":${namesJson(command.locations)}`
  const partial = command.partial === true ? ',"partial":true' : ""
  return `,"reservation":"${command.reservation}","qty":${command.qty},"holdMs":${command.holdMs}${locations}${partial}`
}
const optionalQty = (qty: number | undefined): string => (qty === undefined ? "" : `,"qty":${qty}`)
const optionalName = (field: string, name: string | undefined): string => (name === undefined ? "" : `,"${field}":"${name}"`)
