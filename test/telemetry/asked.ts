/** Which metrics a rule or a panel asks for, held to the catalogue. */
import { allMetrics } from "../../src/telemetry/catalogue.ts"

const known = new Set(
  allMetrics.flatMap(({ name, type }) => (type === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])),
)

/** Names of metrics in a text that the catalogue doesn't have. Recorded ones are named by the metric that they are made of. */
export const unknownMetrics = (text: string): ReadonlyArray<string> =>
  [...new Set(text.match(/holdfast_[a-z0-9_]+/g) ?? [])].filter((name) => !known.has(name))

const labels = new Set([
  ...allMetrics.flatMap((metric) => Object.keys(metric.labels)),
  "worker",
  "le",
  "alertname",
  "alertstate",
  "instance",
  "job",
])

/** Labels that a query selects or groups by and that no metric has. */
export const unknownLabels = (expr: string): ReadonlyArray<string> => {
  const selected = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = ""]) => [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)])
  const grouped = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, inside = ""]) => [...inside.matchAll(/(\w+)/g)])
  return [...new Set([...selected, ...grouped].map(([, label = ""]) => label))].filter((label) => !labels.has(label))
}
