/**
 * Joins log lines for people: what is said of many partitions within a moment, in the same words, is one line that names them all. Sixteen leases taken are two lines, one a kind.
 *
 * Only for lines that people read. A collector is given every line, because alerts count them. A line about no partition, and an error, is never kept back; what came before it is written first.
 */

/** What a log line says. */
export interface LoggedLine {
  readonly time: string
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Milliseconds that a line about a partition waits for others like it. */
export const joinMs = 250

interface Group {
  readonly first: LoggedLine
  readonly partitions: Array<number>
  /** Fields of the first line that a later one has otherwise. */
  readonly differing: Set<string>
}

/** Whether it may be joined: about one partition, and nothing that somebody has to read at once. */
const isJoinable = ({ level, fields }: LoggedLine): boolean =>
  typeof fields.partition === "number" && !("cause" in fields) && level !== "Error" && level !== "Fatal"

/** Alike are lines with the same words; numbers in them may differ, such as a partition's or a record's. */
const likeness = ({ level, message, fields }: LoggedLine): string => {
  const words = Object.entries(fields).flatMap(([name, value]) =>
    typeof value === "number" ? [] : [`${name}=${JSON.stringify(value)?.replaceAll(/\d+/g, "#")}`],
  )
  return [level, message, ...words].join("\n")
}

/** `0-3, 7` of 0, 1, 2, 3 and 7. */
export const rangesText = (numbers: ReadonlyArray<number>): string => {
  const ranges: Array<[from: number, to: number]> = []
  for (const one of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && one === last[1] + 1) last[1] = one
    else ranges.push([one, one])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}${to === from + 1 ? ", " : "-"}${to}`)).join(", ")
}

/** One line for all of a group: the fields that all of them share, and the detail of the first. */
const joinedLine = ({ first, partitions, differing }: Group): LoggedLine => {
  if (partitions.length === 1) return first
  const shared = Object.entries(first.fields).filter(([name]) => name === "detail" || !differing.has(name))
  const fields = shared.map(([name, value]) => (name === "partition" ? ["partitions", rangesText(partitions)] : [name, value]))
  return { ...first, fields: Object.fromEntries(fields) }
}

/** Keeps lines back for {@link joinMs}, until `flush`, or until one comes that is not kept back. `later` calls its argument after so many milliseconds. */
export class LineJoiner {
  readonly #write: (line: LoggedLine) => void
  readonly #later: (flush: () => void, ms: number) => void
  readonly #groups = new Map<string, Group>()

  constructor(write: (line: LoggedLine) => void, later: (flush: () => void, ms: number) => void) {
    this.#write = write
    this.#later = later
  }

  /** Takes a line. */
  take(line: LoggedLine): void {
    if (!isJoinable(line)) {
      this.flush()
      this.#write(line)
      return
    }
    if (this.#groups.size === 0) this.#later(() => this.flush(), joinMs)
    const key = likeness(line)
    const group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, { first: line, partitions: [Number(line.fields.partition)], differing: new Set() })
    else this.#join(group, line)
  }

  /** Writes what was kept back, in the order in which it began. */
  flush(): void {
    const groups = [...this.#groups.values()]
    this.#groups.clear()
    for (const group of groups) this.#write(joinedLine(group))
  }

  #join(group: Group, { fields }: LoggedLine): void {
    group.partitions.push(Number(fields.partition))
    for (const [name, value] of Object.entries(group.first.fields))
      if (name !== "partition" && JSON.stringify(fields[name]) !== JSON.stringify(value)) group.differing.add(name)
  }
}
