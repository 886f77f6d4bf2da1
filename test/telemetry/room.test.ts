/** How much room journals take, as a scrape shows it. */
import { Registry } from "prom-client"
import { describe, expect, it } from "vitest"
import { metricName } from "../../src/telemetry/catalogue.ts"
import { makeRoomGauges, type RoomSample } from "../../src/telemetry/room.ts"

const sample: RoomSample = { journal: { firstSeq: 5, lastSeq: 9, bytes: 100, mayPurge: true }, archive: { archivedSeq: 7, bytes: 40 } }

describe("the gauges of journals and archive", () => {
  it("show what was sampled last, and nothing of a partition that another worker serves by now", async () => {
    const registry = new Registry()
    const sampled = makeRoomGauges(registry)
    sampled("sku", 0, sample)
    sampled("sku", 1, { ...sample, archive: null })
    const text = await registry.metrics()
    expect(text).toContain(`${metricName.journalBytes}{kind="sku",partition="0"} 100`)
    expect(text).toContain(`${metricName.journalFirstRecord}{kind="sku",partition="0"} 5`)
    expect(text).toContain(`${metricName.journalLastRecord}{kind="sku",partition="1"} 9`)
    expect(text).toContain(`${metricName.archiveBytes}{kind="sku",partition="0"} 40`)
    expect(text).toContain(`${metricName.archivedRecord}{kind="sku",partition="0"} 7`)
    expect(text).not.toContain(`${metricName.archiveBytes}{kind="sku",partition="1"}`)
    sampled("sku", 0, null)
    expect(await registry.metrics()).not.toContain('partition="0"')
  })
})
