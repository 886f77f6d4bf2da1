/**
 * What the auditor knows of SKUs beside their models: what it needs to judge them as any other kind of actor. Written apart from the kind itself, on purpose.
 */
import type { SkuKind } from "../kinds/sku/types.ts"
import { isFactType } from "./effects.ts"
import type { Judged } from "./judged.ts"
import { meaningOf } from "./outcome.ts"

/** SKUs as any other kind of actor. */
export const skuJudged: Judged<SkuKind> = {
  keyField: "sku",
  keyOf: ({ sku }) => sku,
  placeOf: ({ sku }) => ({ sku }),
  isFact: ({ type }) => isFactType(type),
  settles: (command) => (command.type === "ReplayQuarantined" || command.type === "DropQuarantined" ? command.quarantined : null),
  meaningOf,
  // A shipment that has a reference is remembered beside its command's id. No scope begins with an empty line.
  secondName: (partition, command) =>
    command.type === "Fulfil" && command.shipment !== undefined
      ? {
          name: ["", partition, command.sku, command.channel, command.reservation, command.location, command.shipment].join("\n"),
          qty: command.qty,
        }
      : null,
  saidOf: ({ id, sku, repeated }) => ({ id: id ?? "", about: sku ?? "", repeated: repeated === true }),
  aboutOf: (key) => key,
  answerOf: (outcome) => outcome,
  placeOfSaid: (_sender, { sku }) => (sku === null ? {} : { sku }),
}
