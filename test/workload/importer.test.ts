import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { orderFileBytesMax } from "../../src/limits.ts"
import { importAsked } from "../../src/workload/import-options.ts"
import { readSource } from "../../src/workload/importer.ts"
import { notGiven } from "./order-source.ts"

const inFolder = (use: (folder: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), "importer-"))
  try {
    use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const why = (path: string): string => {
  const { asked } = importAsked({ ...notGiven, orders: path })
  if (asked === null) throw new Error("a file was named")
  const source = readSource(asked)
  return source._tag === "Refused" ? source.message : "it was read"
}

describe("the importer", () => {
  it("reads regular files up to a bound, and waits for nothing else", () => {
    inFolder((folder) => {
      const [good, large, pipe] = [join(folder, "good.csv"), join(folder, "large.csv"), join(folder, "pipe")]
      writeFileSync(good, "order_id,sku,quantity,order_date\n")
      writeFileSync(large, "")
      truncateSync(large, orderFileBytesMax + 1)
      execFileSync("mkfifo", [pipe])
      expect(why(good)).toBe("it was read")
      expect(why(large)).toMatch(/^--orders: .*large\.csv: it has \d+ bytes, and \d+ are the most that is read: split it$/)
      for (const path of [pipe, folder, "/dev/zero"]) expect(why(path)).toMatch(/can't be read: it is no regular file$/)
      expect(why(join(folder, "none.csv"))).toMatch(/none\.csv can't be read: ENOENT/)
    })
  })

  it("refuses an encoding that there is none of", () => {
    inFolder((folder) => {
      const path = join(folder, "a.csv")
      writeFileSync(path, "order_id\n")
      const { asked } = importAsked({ ...notGiven, orders: path, encoding: "ebcdic-9" })
      expect(asked !== null && readSource(asked)).toMatchObject({
        message: expect.stringMatching(/no encoding "ebcdic-9".*--encoding NAME/),
      })
    })
  })
})
