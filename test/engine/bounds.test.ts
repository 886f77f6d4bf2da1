/** Bounds of a partition: those of limits.ts, unless smaller ones are given; never larger, and none that another bound relies on. */

import { describe, expect, it } from "vitest"
import { boundsWith, engineBounds } from "../../src/engine/bounds.ts"
import { emptyPartition } from "../../src/kinds/sku/partition.ts"

const options = { partition: 0, partitions: 1, snapshotEveryRecords: 100 }

describe("the bounds of a partition", () => {
  it("are those of limits.ts where none are given", () => {
    expect(emptyPartition(options).bounds).toEqual(engineBounds)
  })

  it("are the given ones where these are smaller", () => {
    expect(emptyPartition({ ...options, bounds: { batchCommandsMax: 2 } }).bounds).toEqual({ ...engineBounds, batchCommandsMax: 2 })
  })

  it("are refused where one is larger, nothing, or not what another relies on", () => {
    for (const name of Object.keys(engineBounds) as ReadonlyArray<keyof typeof engineBounds>) {
      expect(() => boundsWith({ [name]: engineBounds[name] + 4 }), name).toThrow()
      expect(() => boundsWith({ [name]: 0 }), name).toThrow()
    }
    expect(() => boundsWith({ snapshotSliceItemsMax: 6 })).toThrow("a slice can be quartered")
    expect(() => boundsWith({ replyRecordsMax: 2 })).toThrow("what is said again")
    expect(() => boundsWith({ handedPerSenderMin: 1 })).toThrow("the largest message may wait")
  })
})
