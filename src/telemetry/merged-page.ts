/**
 * Several pages of metrics as one, for whoever scrapes one address of several processes. Pure: each process has its own `worker` label, so no two series are alike, and nothing is added up.
 */

/** A metric's lines: what it is, and its values from every page. */
interface Family {
  readonly head: ReadonlyArray<string>
  readonly values: Array<string>
}

/** The name in a line `# HELP name …` or `# TYPE name …`. */
const nameIn = (line: string): string => line.split(" ", 3)[2] ?? ""

/** One page of all: each metric once, its help and type as the first page says them, then the values of every page. */
export const mergedPage = (pages: ReadonlyArray<string>): string => {
  const families = new Map<string, Family>()
  for (const page of pages) {
    let head: Array<string> = []
    let family: Family | undefined
    for (const line of page.split("\n")) {
      if (line === "") continue
      if (line.startsWith("# HELP ")) head = [line]
      else if (line.startsWith("# TYPE ")) {
        const name = nameIn(line)
        family = families.get(name) ?? { head: [...head, line], values: [] }
        families.set(name, family)
        head = []
      } else family?.values.push(line)
    }
  }
  return [...families.values()].map(({ head, values }) => `${[...head, ...values].join("\n")}\n`).join("\n")
}
