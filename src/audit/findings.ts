/**
 * What an audit found: violations with their place, and how many things each checker looked at, so that an audit which looked at
 * nothing can be told from one that found nothing. Collecting only; judging is the checkers'.
 */

/** The checkers, each in the file of its name; the paragraph there says which guarantee it proves. */
export const CheckerName = [
  "chain",
  "epochs",
  "time",
  "cursor",
  "one-partition",
  "one-effect",
  "reservations",
  "conservation",
  "availability",
  "debts",
  "effects",
  "quarantine",
  "replies",
  "completeness",
  "feed",
  "carried",
  "orders",
  "answers",
  "lines",
] as const
export type CheckerName = (typeof CheckerName)[number]

/** Where something was found: the record, or the record that was spoken of. Partition -1 where only the SKU is known. */
export interface Where {
  /** Absent: a partition of SKUs. */
  readonly kind?: "order"
  readonly partition: number
  readonly seq: number
  readonly sku?: string
  /** Channel and order, as `web/O-1`. */
  readonly order?: string
}

/** One broken promise. */
export interface Violation extends Where {
  readonly checker: CheckerName
  /** For people: what was expected and what was found. */
  readonly detail: string
}

/** Where checkers put what they find. */
export interface Findings {
  /** `things` more were looked at. */
  readonly checked: (checker: CheckerName, things?: number) => void
  readonly violated: (checker: CheckerName, where: Where, detail: string) => void
  /** The first violations, at most as many as asked for. */
  readonly violations: ReadonlyArray<Violation>
  /** All violations, kept in detail or not. */
  readonly violationsBy: Readonly<Record<CheckerName, number>>
  readonly checkedBy: Readonly<Record<CheckerName, number>>
}

const zeroes = (): Record<CheckerName, number> => {
  const counts: Partial<Record<CheckerName, number>> = {}
  for (const name of CheckerName) counts[name] = 0
  return counts as Record<CheckerName, number>
}

/** Findings that keep the first `violationsMax` violations in detail and count the rest. */
export const createFindings = (violationsMax: number): Findings => {
  const violations: Array<Violation> = []
  const violationsBy = zeroes()
  const checkedBy = zeroes()
  return {
    checked: (checker, things = 1) => {
      checkedBy[checker] += things
    },
    violated: (checker, where, detail) => {
      violationsBy[checker] += 1
      if (violations.length >= violationsMax) return
      const { kind, partition, seq, sku, order } = where
      const place = { checker, ...(kind === undefined ? {} : { kind }), partition, seq }
      violations.push({ ...place, ...(sku === undefined ? {} : { sku }), ...(order === undefined ? {} : { order }), detail })
    },
    violations,
    violationsBy,
    checkedBy,
  }
}

/** The same findings, of partitions of orders. */
export const ofOrders = (findings: Findings): Findings => ({
  ...findings,
  violated: (checker, where, detail) => findings.violated(checker, { ...where, kind: "order" }, detail),
})
