/** Which metrics a rule or a panel asks for, held to the catalogue. */
import { allMetrics } from "../../src/telemetry/catalogue.ts"

const known = new Set(
  allMetrics.flatMap(({ name, type }) => (type === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])),
)

/** Names of metrics in a text that the catalogue doesn't have. Recorded ones are named by the metric that they are made of. */
export const unknownMetrics = (text: string): ReadonlyArray<string> =>
  [...new Set(text.match(/holdfast_[a-z0-9_]+/g) ?? [])].filter((name) => !known.has(name))
