import { describe, expect, it } from "vitest"
import { tablesText } from "../../src/cli/audit.ts"
import type { TablesReport } from "../../src/projection/audit.ts"

const report: TablesReport = { ok: true, rows: 55, records: 54, unprojected: [], behind: 0, differenceCount: 0, differences: [] }

describe("what the audit of the tables says", () => {
  it("says that they equal the journals only as far as they are, and how much they lack", () => {
    expect(tablesText(report)).toBe("55 rows of the tables held to 54 records\nThe tables equal the fold of the journals.")
    expect(tablesText({ ...report, behind: 17 })).toBe(
      "55 rows of the tables held to 54 records\n17 records are not in the tables yet, and nothing is said of them: is a projector running?\nThe tables equal the fold of the journals.",
    )
  })
})
